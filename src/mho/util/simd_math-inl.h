// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Natural logarithm, exponential, sine and cosine in float32 from add, multiply, fma and integer
// operations only, so that every target and the scalar twin (util/scalar_math.h, the same steps in
// plain C++) give equal bits. Estimates such as reciprocal square roots differ between CPUs and are
// never used. Included once per target; see the Highway manual for this kind of include guard.

#if defined(MHO_UTIL_SIMD_MATH_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef MHO_UTIL_SIMD_MATH_INL_H
#undef MHO_UTIL_SIMD_MATH_INL_H
#else
#define MHO_UTIL_SIMD_MATH_INL_H
#endif

#include <hwy/highway.h>

#include <cstdint>
#include <limits>

#include "mho/util/scalar_math.h"
#include "mho/util/simd.h"

HWY_BEFORE_NAMESPACE();
namespace mho {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// first, first + 1, ... in the lanes. hn::Iota of a number that the compiler does not know is a
/// scalar store for each lane and a load that waits for all of them.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V iota_from(D d, hn::TFromD<D> first) {
    return hn::Add(hn::Iota(d, 0), hn::Set(d, first));
}

/// kFactor ln(x 2^-kHalvings) for positive normal x, on kN registers at once; relative error below
/// 2e-7. Factors 1 and -2: a power of two commutes with every rounding, so the coefficients carry
/// it.
///
/// Each step runs over all registers before the next step begins: the dependent chain is long
/// (about 25 operations of 4 cycles), the scheduler of a CPU holds about 100 operations, and only
/// independent work side by side in program order fills it.
template <int kFactor = 1, int kHalvings = 0, class D, size_t kN, class V = hn::Vec<D>>
HWY_INLINE void simd_log(D d, V (&x)[kN]) {
    using namespace scalar_math;
    const hn::RebindToSigned<D> di;
    constexpr float kTimes = kFactor;
    static_assert(kFactor == 1 || kFactor == -2);
    V exponent[kN], f[kN], f2[kN], p[kN], r[kN];
    for (size_t k = 0; k < kN; k++) {
        // Subtracting the bits of sqrt(1/2) before taking the exponent puts the mantissa in
        // [sqrt(1/2), sqrt(2)), where ln is small and the series short.
        const auto bits =
            hn::Sub(hn::BitCast(di, x[k]), hn::Set(di, kSqrtHalfBits + (kHalvings << 23)));
        exponent[k] = hn::ConvertTo(d, hn::ShiftRight<23>(bits));
        const V m = hn::BitCast(
            d, hn::Add(hn::And(bits, hn::Set(di, 0x007fffff)), hn::Set(di, kSqrtHalfBits)));
        f[k] = hn::Sub(m, hn::Set(d, 1.0f));
        p[k] = hn::Set(d, kTimes * kLog[0]);
    }
    for (size_t i = 1; i < kLog.size(); i++) {
        for (size_t k = 0; k < kN; k++) {
            p[k] = hn::MulAdd(p[k], f[k], hn::Set(d, kTimes * kLog[i]));
        }
    }
    for (size_t k = 0; k < kN; k++) {
        f2[k] = hn::Mul(f[k], f[k]);
        r[k] = hn::Mul(hn::Mul(f2[k], f[k]), p[k]);
    }
    for (size_t k = 0; k < kN; k++) {
        r[k] = hn::MulAdd(exponent[k], hn::Set(d, kTimes * kLn2Low), r[k]);
    }
    for (size_t k = 0; k < kN; k++) {
        if constexpr (kFactor == -2) {
            r[k] = hn::MulAdd(f[k], hn::Set(d, kTimes), hn::Add(f2[k], r[k]));
        } else {
            r[k] = hn::Add(f[k], hn::MulAdd(f2[k], hn::Set(d, -0.5f), r[k]));
        }
    }
    for (size_t k = 0; k < kN; k++) {
        x[k] = hn::MulAdd(exponent[k], hn::Set(d, kTimes * kLn2High), r[k]);
    }
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V simd_log(D d, V x) {
    V one[1] = {x};
    simd_log(d, one);
    return one[0];
}

/// exp(x) for x in [-87, 88], on kN registers at once; relative error below 2e-7.
template <class D, size_t kN, class V = hn::Vec<D>>
HWY_INLINE void simd_exp_inside(D d, V (&x)[kN]) {
    using namespace scalar_math;
    const hn::RebindToSigned<D> di;
    V n[kN], r[kN], p[kN];
    for (size_t k = 0; k < kN; k++) {
        n[k] = hn::Round(hn::Mul(x[k], hn::Set(d, kLog2E)));
        r[k] = hn::NegMulAdd(n[k], hn::Set(d, kLn2High), x[k]);
        p[k] = hn::Set(d, kExp[0]);
    }
    for (size_t k = 0; k < kN; k++) {
        r[k] = hn::NegMulAdd(n[k], hn::Set(d, kLn2Low), r[k]);
    }
    for (size_t i = 1; i < kExp.size(); i++) {
        for (size_t k = 0; k < kN; k++) {
            p[k] = hn::MulAdd(p[k], r[k], hn::Set(d, kExp[i]));
        }
    }
    for (size_t k = 0; k < kN; k++) {
        p[k] = hn::MulAdd(hn::Mul(r[k], r[k]), p[k], hn::Add(r[k], hn::Set(d, 1.0f)));
        const auto scale = hn::ShiftLeft<23>(hn::Add(hn::ConvertTo(di, n[k]), hn::Set(di, 127)));
        x[k] = hn::Mul(p[k], hn::BitCast(d, scale));
    }
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V simd_exp_inside(D d, V x) {
    V one[1] = {x};
    simd_exp_inside(d, one);
    return one[0];
}

/// The same, any argument clamped to that range.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V simd_exp(D d, V x) {
    using namespace scalar_math;
    return simd_exp_inside(d, hn::Min(hn::Max(x, hn::Set(d, kExpMin)), hn::Set(d, kExpMax)));
}

/// scalar_math::exp2 for x within its range.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V simd_exp2_inside(D d, V x) {
    using namespace scalar_math;
    const hn::RebindToSigned<D> di;
    const V n = hn::Round(x);
    const V r = hn::Sub(x, n);
    V p = hn::Set(d, kExp2[0]);
    for (size_t i = 1; i < kExp2.size(); i++) {
        p = hn::MulAdd(p, r, hn::Set(d, kExp2[i]));
    }
    const auto scale = hn::ShiftLeft<23>(hn::ConvertTo(di, n));
    return hn::BitCast(d, hn::Add(hn::BitCast(di, p), scale));
}

/// scalar_math::exp2.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V simd_exp2(D d, V x) {
    using namespace scalar_math;
    return simd_exp2_inside(d, hn::Min(hn::Max(x, hn::Set(d, kExp2Min)), hn::Set(d, kExp2Max)));
}

/// scalar_math::power.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V simd_power(D d, V base, V exponent) {
    using namespace scalar_math;
    const hn::RebindToSigned<D> di;
    const auto bits = hn::Sub(hn::BitCast(di, base), hn::Set(di, kSqrtHalfBits));
    const V m =
        hn::BitCast(d, hn::Add(hn::And(bits, hn::Set(di, 0x007fffff)), hn::Set(di, kSqrtHalfBits)));
    const V f = hn::Sub(m, hn::Set(d, 1.0f));
    V ratio = hn::Set(d, kLog2Ratio[0]);
    for (size_t i = 1; i < kLog2Ratio.size(); i++) {
        ratio = hn::MulAdd(ratio, f, hn::Set(d, kLog2Ratio[i]));
    }
    const V log2 = hn::MulAdd(f, ratio, hn::ConvertTo(d, hn::ShiftRight<23>(bits)));
    return simd_exp2(d, hn::Mul(exponent, log2));
}

/// sin and cos of turn * 2 pi / 2^32 for 32-bit angles, on kN registers at once.
template <class D, size_t kN, class VI = hn::Vec<hn::RebindToSigned<D>>, class V = hn::Vec<D>>
HWY_INLINE void simd_sincos_turn(D d, const VI (&turn)[kN], V (&sine)[kN], V (&cosine)[kN]) {
    using namespace scalar_math;
    const hn::RebindToSigned<D> di;
    V a[kN], a2[kN], s[kN], c[kN];
    for (size_t k = 0; k < kN; k++) {
        // The low 30 bits with their sign: the angle from the nearest quarter turn, in [-1/8, 1/8)
        // turn. They stay in the upper bits, and the factor takes the two places back.
        const VI rest = hn::ShiftLeft<2>(turn[k]);
        a[k] = hn::Mul(hn::ConvertTo(d, rest), hn::Set(d, 0.25f * kTurnToRadian));
        a2[k] = hn::Mul(a[k], a[k]);
        s[k] = hn::Set(d, kSin[0]);
        c[k] = hn::Set(d, kCos[0]);
    }
    for (size_t i = 1; i < kSin.size(); i++) {
        for (size_t k = 0; k < kN; k++) {
            s[k] = hn::MulAdd(s[k], a2[k], hn::Set(d, kSin[i]));
            c[k] = hn::MulAdd(c[k], a2[k], hn::Set(d, kCos[i]));
        }
    }
    for (size_t k = 0; k < kN; k++) {
        s[k] = hn::MulAdd(hn::Mul(s[k], a2[k]), a[k], a[k]);
        c[k] = hn::MulAdd(
            hn::Mul(c[k], a2[k]), a2[k], hn::MulAdd(a2[k], hn::Set(d, -0.5f), hn::Set(d, 1.0f)));
    }
    for (size_t k = 0; k < kN; k++) {
        // The two top bits of turn + 1/8 turn number the nearest quarter. In odd quarters sin and
        // cos change places: their bit goes to the top, the only one that a blend of x86 reads, so
        // that the vector is a mask without a comparison.
        const VI shifted = hn::Add(turn[k], hn::Set(di, 1 << 29));
        const VI odd = hn::ShiftLeft<1>(shifted);
        const auto swap = hn::MaskFromVec(hn::BitCast(d, odd));
        // The sign of sin flips in the third and fourth quarter, that of cos in the second and
        // third, where the two top bits differ.
        const VI sign = hn::Set(di, std::numeric_limits<int32_t>::min());
        const V sign_s = hn::BitCast(d, hn::And(shifted, sign));
        const V sign_c = hn::BitCast(d, hn::And(hn::Xor(shifted, odd), sign));
        sine[k] = hn::Xor(hn::IfThenElse(swap, c[k], s[k]), sign_s);
        cosine[k] = hn::Xor(hn::IfThenElse(swap, s[k], c[k]), sign_c);
    }
}

}  // namespace HWY_NAMESPACE
}  // namespace mho
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/kernels/passes.h"

#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "mho/kernels/passes.cc"
// clang-format off: this order is the law of Highway
#include "mho/util/simd.h"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "mho/kernels/registers-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace mho {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void AddScaledRow(const float* a, const float* b, float factor, size_t n, float* out) {
    over_row(n, [&](auto d, size_t i) HWY_ATTR {
        const auto change = hn::Mul(hn::LoadU(d, b + i), hn::Set(d, factor));
        hn::StoreU(hn::Add(hn::LoadU(d, a + i), change), d, out + i);
    });
}

void MaskedScaleRow(const float* HWY_RESTRICT e,
                    const float* HWY_RESTRICT scale,
                    const uint8_t* HWY_RESTRICT mask,
                    size_t n,
                    float* HWY_RESTRICT out) {
    over_row(n, [&](auto d, size_t i) HWY_ATTR {
        auto v = hn::Mul(hn::LoadU(d, e + i), hn::LoadU(d, scale + i));
        if (mask != nullptr) {
            const hn::Rebind<uint8_t, decltype(d)> d8;
            const hn::RebindToUnsigned<decltype(d)> d32;
            const auto wide = hn::PromoteTo(d32, hn::LoadU(d8, mask + i));
            v = hn::IfThenElseZero(hn::RebindMask(d, hn::Eq(wide, hn::Zero(d32))), v);
        }
        hn::StoreU(v, d, out + i);
    });
}

void AddRow(const float* HWY_RESTRICT x, size_t n, float* HWY_RESTRICT sums) {
    over_row(n, [&](auto d, size_t i) HWY_ATTR {
        hn::StoreU(hn::Add(hn::LoadU(d, sums + i), hn::LoadU(d, x + i)), d, sums + i);
    });
}

void ClampRow(const float* x, float bound, size_t n, float* out) {
    over_row(n, [&](auto d, size_t i) HWY_ATTR {
        // The second operand is the result when one is not a number: it stays one that is not.
        const auto v = hn::Max(hn::Set(d, -bound), hn::LoadU(d, x + i));
        hn::StoreU(hn::Min(hn::Set(d, bound), v), d, out + i);
    });
}

void ClampInPlace(float* x, float bound, size_t n) {
    over_row(n, [&](auto d, size_t i) HWY_ATTR {
        const auto v = hn::LoadU(d, x + i);
        if (!hn::AllFalse(d, hn::Gt(hn::Abs(v), hn::Set(d, bound)))) {
            hn::StoreU(hn::Min(hn::Set(d, bound), hn::Max(hn::Set(d, -bound), v)), d, x + i);
        }
    });
}

void ClearOutsideRow(const float* HWY_RESTRICT x, float range, size_t n, float* HWY_RESTRICT to) {
    over_row(n, [&](auto d, size_t i) HWY_ATTR {
        const auto outside = hn::Gt(hn::Abs(hn::LoadU(d, x + i)), hn::Set(d, range));
        hn::StoreU(hn::IfThenZeroElse(outside, hn::LoadU(d, to + i)), d, to + i);
    });
}

void AddMoments(const float* HWY_RESTRICT x,
                size_t n,
                double* HWY_RESTRICT sums,
                double* HWY_RESTRICT squares) {
    const hn::CappedTag<double, kDoubleLanes> d;
    const hn::Rebind<float, decltype(d)> df;
    constexpr size_t kLanes = hn::MaxLanes(d);
    constexpr size_t kParts = kDoubleLanes / kLanes;
    hn::Vec<decltype(d)> s[kParts], q[kParts];
    for (size_t p = 0; p < kParts; p++) {
        s[p] = hn::LoadU(d, sums + p * kLanes);
        q[p] = hn::LoadU(d, squares + p * kLanes);
    }
    for (size_t i = 0; i < n; i += kDoubleLanes) {
        for (size_t p = 0; p < kParts; p++) {
            const auto v = hn::PromoteTo(d, hn::LoadU(df, x + i + p * kLanes));
            s[p] = hn::Add(s[p], v);
            q[p] = hn::Add(q[p], hn::Mul(v, v));
        }
    }
    for (size_t p = 0; p < kParts; p++) {
        hn::StoreU(s[p], d, sums + p * kLanes);
        hn::StoreU(q[p], d, squares + p * kLanes);
    }
}

// Eight sums in double; AVX2 holds them in two registers.
using DoubleTag = hn::CappedTag<double, kDoubleLanes>;
inline constexpr size_t kParts = kDoubleLanes / hn::MaxLanes(DoubleTag());

// Adds the halves of a register of floats to the sums, the second after the first: 16 lanes of
// AVX-512 and 8 of AVX2 add the same numbers to the same sums in the same order.
template <class D, class V>
HWY_INLINE void add_lanes(D d, V v, hn::Vec<DoubleTag>* sums) {
    const DoubleTag dd;
    const hn::Half<D> half;
    const auto low = hn::PromoteTo(dd, hn::LowerHalf(half, v));
    const auto high = hn::PromoteTo(dd, hn::UpperHalf(half, v));
    if constexpr (hn::MaxLanes(d) == 2 * kDoubleLanes) {
        sums[0] = hn::Add(sums[0], low);
        sums[0] = hn::Add(sums[0], high);
    } else {
        sums[0] = hn::Add(sums[0], low);
        sums[1] = hn::Add(sums[1], high);
    }
}

HWY_INLINE void store_lanes(const hn::Vec<DoubleTag>* sums, double* lanes) {
    for (size_t p = 0; p < kParts; p++) {
        hn::StoreU(sums[p], DoubleTag(), lanes + p * hn::MaxLanes(DoubleTag()));
    }
}

HWY_INLINE double total(const double* lanes) {
    double all = 0;
    for (size_t l = 0; l < kDoubleLanes; l++) {
        all += lanes[l];
    }
    return all;
}

double DotRow(const float* HWY_RESTRICT a, const float* HWY_RESTRICT b, size_t n) {
    const hn::ScalableTag<float> d;
    hn::Vec<DoubleTag> sums[2] = {hn::Zero(DoubleTag()), hn::Zero(DoubleTag())};
    size_t i = 0;
    for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
        add_lanes(d, hn::Mul(hn::LoadU(d, a + i), hn::LoadU(d, b + i)), sums);
    }
    double lanes[kDoubleLanes];
    store_lanes(sums, lanes);
    for (; i < n; i++) {
        lanes[i % kDoubleLanes] += static_cast<double>(a[i] * b[i]);
    }
    return total(lanes);
}

RangeRow RangeRowSums(const float* HWY_RESTRICT x,
                      const float* HWY_RESTRICT gradient,
                      float range,
                      size_t n) {
    // No branches: where many inputs lie outside they would be guessed wrong.
    const hn::ScalableTag<float> d;
    constexpr size_t kLanes = hn::MaxLanes(d);
    constexpr size_t kRegisters = kVirtualLanes / kLanes;
    const auto limit = hn::Set(d, range);
    const auto lower = hn::Set(d, -range);
    const auto zero = hn::Zero(d);
    hn::Vec<decltype(d)> shrink[2] = {zero, zero};
    hn::Vec<decltype(d)> grow[2] = {zero, zero};
    RangeRow all;
    size_t i = 0;
    for (; i + kVirtualLanes <= n; i += kVirtualLanes) {
        for (size_t r = 0; r < kRegisters; r++) {
            const auto v = hn::LoadU(d, x + i + r * kLanes);
            const auto g = hn::LoadU(d, gradient + i + r * kLanes);
            const auto low = hn::IfThenElseZero(hn::Ge(v, limit), hn::Min(g, zero));
            const auto high = hn::IfThenElseZero(hn::Le(v, lower), hn::Max(g, zero));
            shrink[r] = hn::Add(shrink[r], low);
            grow[r] = hn::Add(grow[r], high);
            all.outside += hn::CountTrue(d, hn::Not(hn::Lt(hn::Abs(v), limit)));
        }
    }
    float shrink_lanes[kVirtualLanes];
    float grow_lanes[kVirtualLanes];
    for (size_t r = 0; r < kRegisters; r++) {
        hn::StoreU(shrink[r], d, shrink_lanes + r * kLanes);
        hn::StoreU(grow[r], d, grow_lanes + r * kLanes);
    }
    for (; i < n; i++) {
        all.outside += !(std::fabs(x[i]) < range) ? 1U : 0U;
        if (x[i] >= range && gradient[i] < 0) {
            shrink_lanes[i % kVirtualLanes] += gradient[i];
        }
        if (x[i] <= -range && gradient[i] > 0) {
            grow_lanes[i % kVirtualLanes] += gradient[i];
        }
    }
    for (size_t l = 0; l < kVirtualLanes; l++) {
        all.shrink += static_cast<double>(shrink_lanes[l]);
        all.grow += static_cast<double>(grow_lanes[l]);
    }
    return all;
}

}  // namespace HWY_NAMESPACE
}  // namespace mho
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mho {
HWY_EXPORT(AddScaledRow);
HWY_EXPORT(MaskedScaleRow);
HWY_EXPORT(AddRow);
HWY_EXPORT(ClampRow);
HWY_EXPORT(ClampInPlace);
HWY_EXPORT(ClearOutsideRow);
HWY_EXPORT(AddMoments);
HWY_EXPORT(DotRow);
HWY_EXPORT(RangeRowSums);

void add_scaled_row(const float* a, const float* b, float factor, size_t n, float* out) {
    HWY_DYNAMIC_DISPATCH(AddScaledRow)(a, b, factor, n, out);
}
void masked_scale_row(
    const float* e, const float* scale, const uint8_t* mask, size_t n, float* out) {
    HWY_DYNAMIC_DISPATCH(MaskedScaleRow)(e, scale, mask, n, out);
}
void add_row(const float* x, size_t n, float* sums) {
    HWY_DYNAMIC_DISPATCH(AddRow)(x, n, sums);
}
void clamp_row(const float* x, float bound, size_t n, float* out) {
    HWY_DYNAMIC_DISPATCH(ClampRow)(x, bound, n, out);
}
void clamp_in_place(float* x, float bound, size_t n) {
    HWY_DYNAMIC_DISPATCH(ClampInPlace)(x, bound, n);
}
void clear_outside_row(const float* x, float range, size_t n, float* d) {
    HWY_DYNAMIC_DISPATCH(ClearOutsideRow)(x, range, n, d);
}
void add_moments(const float* x, size_t n, double* sums, double* squares) {
    HWY_DYNAMIC_DISPATCH(AddMoments)(x, n, sums, squares);
}
double dot_row(const float* a, const float* b, size_t n) {
    return HWY_DYNAMIC_DISPATCH(DotRow)(a, b, n);
}
RangeRow range_row_sums(const float* x, const float* d, float range, size_t n) {
    return HWY_DYNAMIC_DISPATCH(RangeRowSums)(x, d, range, n);
}

namespace twin {

void add_scaled_row(const float* a, const float* b, float factor, size_t n, float* out) {
    for (size_t i = 0; i < n; i++) {
        out[i] = a[i] + factor * b[i];
    }
}
void masked_scale_row(
    const float* e, const float* scale, const uint8_t* mask, size_t n, float* out) {
    for (size_t i = 0; i < n; i++) {
        out[i] = mask != nullptr && mask[i] != 0 ? 0.0f : e[i] * scale[i];
    }
}
void add_row(const float* x, size_t n, float* sums) {
    for (size_t i = 0; i < n; i++) {
        sums[i] += x[i];
    }
}
void clamp_row(const float* x, float bound, size_t n, float* out) {
    for (size_t i = 0; i < n; i++) {
        const float v = -bound > x[i] ? -bound : x[i];
        out[i] = bound < v ? bound : v;
    }
}
void clear_outside_row(const float* x, float range, size_t n, float* d) {
    for (size_t i = 0; i < n; i++) {
        d[i] = std::fabs(x[i]) > range ? 0.0f : d[i];
    }
}
void add_moments(const float* x, size_t n, double* sums, double* squares) {
    for (size_t i = 0; i < n; i++) {
        const auto v = static_cast<double>(x[i]);
        sums[i % kDoubleLanes] += v;
        squares[i % kDoubleLanes] += v * v;
    }
}
double total(const double* lanes) {
    double all = 0;
    for (size_t l = 0; l < kDoubleLanes; l++) {
        all += lanes[l];
    }
    return all;
}
double dot_row(const float* a, const float* b, size_t n) {
    double lanes[kDoubleLanes] = {};
    for (size_t i = 0; i < n; i++) {
        lanes[i % kDoubleLanes] += static_cast<double>(a[i] * b[i]);
    }
    return total(lanes);
}
RangeRow range_row_sums(const float* x, const float* d, float range, size_t n) {
    float shrink[kVirtualLanes] = {};
    float grow[kVirtualLanes] = {};
    RangeRow all;
    for (size_t i = 0; i < n; i++) {
        if (x[i] >= range && d[i] < 0) {
            shrink[i % kVirtualLanes] += d[i];
        }
        if (x[i] <= -range && d[i] > 0) {
            grow[i % kVirtualLanes] += d[i];
        }
        all.outside += !(std::fabs(x[i]) < range) ? 1U : 0U;
    }
    for (size_t l = 0; l < kVirtualLanes; l++) {
        all.shrink += static_cast<double>(shrink[l]);
        all.grow += static_cast<double>(grow[l]);
    }
    return all;
}

}  // namespace twin
}  // namespace mho
#endif  // HWY_ONCE

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/kernels/rows.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "mho/kernels/rows.cc"
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

template <class D, class V = hn::Vec<D>>
HWY_INLINE V clamp(D d, V v, float bound) {
    return hn::Min(hn::Max(v, hn::Set(d, -bound)), hn::Set(d, bound));
}

// The lanes of a mask as bits, lane 0 lowest.
template <class D, class M>
HWY_INLINE uint32_t mask_bits(D d, M mask) {
    uint8_t bytes[8] = {};
    hn::StoreMaskBits(d, mask, bytes);
    return bytes[0] | (uint32_t{bytes[1]} << 8);
}

// 1 / step where codes may be found by multiplication (see on_grid), else 0.
float inverse_step(float step, const float* uniforms) {
    return step > 1e-30f && step < 1e30f && uniforms == nullptr ? 1.0f / step : 0.0f;
}

// Round half to even on the grid, with an optional stochastic offset u - 1/2. The law is
// rint(v / step) * step. A division takes several times as long as the rest of a stage; v * inverse
// differs from it by less than |q| 2^-22, so both round to the same code unless they lie so close
// to a tie. (Not a number, infinite: the comparison fails.)
template <class D, class V = hn::Vec<D>>
HWY_INLINE V on_grid(D d, V v, float step, float inverse, const float* uniforms, size_t i) {
    const V s = hn::Set(d, step);
    if (HWY_LIKELY(inverse > 0)) {
        const V q = hn::Mul(v, hn::Set(d, inverse));
        const V r = hn::Round(q);
        const V room = hn::NegMulAdd(hn::Abs(q), hn::Set(d, 0x1p-21f), hn::Set(d, 0.5f));
        if (HWY_LIKELY(hn::AllTrue(d, hn::Lt(hn::Abs(hn::Sub(q, r)), room)))) {
            return hn::Mul(r, s);
        }
    }
    V code = hn::Div(v, s);
    if (uniforms != nullptr) {
        code = hn::Add(code, hn::Sub(hn::LoadU(d, uniforms + i), hn::Set(d, 0.5f)));
    }
    return hn::Mul(hn::Round(code), s);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V scale_negative(D d, V v, float factor) {
    return hn::IfThenElse(hn::Lt(v, hn::Zero(d)), hn::Mul(v, hn::Set(d, factor)), v);
}

void InputRow(const float* x, size_t n, const InputStage& s, float* out) {
    const float inverse = inverse_step(s.step, s.rounding_offset);
    over_row(n, [&](auto d, size_t i) HWY_ATTR {
        auto v = hn::LoadU(d, x + i);
        if (s.range_scale > 0) {
            v = clamp(d, hn::Mul(v, hn::Set(d, s.range_scale)), 1.0f);
        }
        v = hn::Mul(v, hn::Set(d, s.scale));
        if (s.step > 0) {
            v = on_grid(d, v, s.step, inverse, s.rounding_offset, i);
        }
        if (s.bound > 0) {
            v = clamp(d, v, s.bound);
        }
        if (s.noise_std > 0) {
            v = hn::MulAdd(hn::LoadU(d, s.noise + i), hn::Set(d, s.noise_std), v);
        }
        if (s.negative_factor != 1.0f) {
            v = scale_negative(d, v, s.negative_factor);
        }
        hn::StoreU(v, d, out + i);
    });
}

void RangeRow(const float* x, size_t n, float range_scale, float* out) {
    over_row(n, [&](auto d, size_t i) HWY_ATTR {
        const auto v = hn::Mul(hn::LoadU(d, x + i), hn::Set(d, range_scale));
        hn::StoreU(clamp(d, v, 1.0f), d, out + i);
    });
}

float RowAbsMax(const float* x, size_t n) {
    // The bits of |x| order like integers, with infinities and NaN above all numbers; and a maximum
    // is the same in any order.
    const hn::ScalableTag<float> d;
    const hn::RebindToSigned<decltype(d)> di;
    const auto magnitude = hn::Set(di, 0x7fffffff);
    auto all = hn::Zero(di);
    size_t i = 0;
    for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
        all = hn::Max(all, hn::And(hn::BitCast(di, hn::LoadU(d, x + i)), magnitude));
    }
    const hn::CappedTag<float, 1> d1;
    const hn::RebindToSigned<decltype(d1)> di1;
    auto largest = hn::Set(di1, hn::GetLane(hn::MaxOfLanes(di, all)));
    for (; i < n; i++) {
        const auto here = hn::And(hn::BitCast(di1, hn::LoadU(d1, x + i)), hn::Set(di1, 0x7fffffff));
        largest = hn::Max(largest, here);
    }
    return hn::GetLane(hn::BitCast(d1, largest));
}

// IR drop, offsets, weight noise: what happens inside the array.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V array_stages(D d, V y, const OutputStage& s, size_t i) {
    if (s.absolute != nullptr) {
        const V a = hn::Mul(hn::LoadU(d, s.absolute + i), hn::Set(d, s.ir_scale));
        // c = a (a (0.05 a - 0.2) + 0.5), the fit of the voltage profile.
        V c = hn::MulAdd(hn::Set(d, 0.05f), a, hn::Set(d, -0.2f));
        c = hn::MulAdd(c, a, hn::Set(d, 0.5f));
        c = hn::Mul(hn::Mul(c, a), hn::Set(d, s.ir_strength));
        y = hn::NegMulAdd(c, hn::LoadU(d, s.position + i), y);
    }
    if (HWY_UNLIKELY(s.has_offset)) {
        const V one = hn::Set(d, 1.0f);
        const V o = s.line_offset != nullptr ? hn::LoadU(d, s.line_offset + i) : hn::Zero(d);
        // z / (1 + R(z)) with R(z) = min(r |z|, maximum).
        const auto resisted = [&](V z) HWY_ATTR {
            const V drop =
                hn::Min(hn::Mul(hn::Set(d, s.series_factor), hn::Abs(z)), hn::Set(d, s.series_max));
            return hn::Div(z, hn::Add(one, drop));
        };
        if (!s.has_reference) {
            y = hn::Mul(hn::Sub(one, o), resisted(y));
        } else {
            const V reference = hn::Set(d, s.reference);
            if (s.series_factor == 0) {
                y = hn::Sub(hn::Mul(hn::Sub(one, o), y), hn::Mul(hn::Add(o, o), reference));
            } else {
                y = hn::Sub(hn::Mul(hn::Sub(one, o), resisted(hn::Add(y, reference))),
                            hn::Mul(hn::Add(one, o), resisted(reference)));
            }
        }
    }
    if (s.weight_noise != nullptr) {
        const V root = s.squares != nullptr ? hn::Sqrt(hn::LoadU(d, s.squares + i))
                                            : hn::Set(d, s.common_root);
        y = hn::MulAdd(
            hn::Mul(root, hn::Set(d, s.weight_noise_std)), hn::LoadU(d, s.weight_noise + i), y);
    }
    return y;
}

// S-shape, asymmetry and noise: the read-out before the ADC.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V readout_stages(D d, V y, const OutputStage& s, size_t i) {
    if (HWY_UNLIKELY(s.nonlinearity != nullptr)) {
        const V bend = hn::Abs(hn::Mul(hn::LoadU(d, s.nonlinearity + i), y));
        y = hn::Div(hn::Mul(y, hn::Set(d, s.nonlinearity_gain)), hn::Add(hn::Set(d, 1.0f), bend));
    }
    if (s.negative_factor != 1.0f) {
        y = scale_negative(d, y, s.negative_factor);
    }
    if (s.output_noise != nullptr) {
        const V std = s.output_noise_line != nullptr ? hn::LoadU(d, s.output_noise_line + i)
                                                     : hn::Set(d, s.output_noise_std);
        y = hn::MulAdd(std, hn::LoadU(d, s.output_noise + i), y);
    }
    return y;
}

template <bool kArray>
HWY_INLINE OutputFlags
run_output(const float* sums, float* y, size_t n, const OutputStage& s, uint8_t* clipped) {
    OutputFlags flags;
    const float inverse = inverse_step(s.step, s.rounding_offset);
    over_row(n, [&](auto d, size_t i) HWY_ATTR {
        auto v = hn::LoadU(d, sums + i);
        if constexpr (kArray) {
            v = array_stages(d, v, s, i);
        }
        v = readout_stages(d, v, s, i);
        if (s.step > 0) {
            v = on_grid(d, v, s.step, inverse, s.rounding_offset, i);
        }
        if (s.bound > 0) {
            const auto beyond = hn::Gt(hn::Abs(v), hn::Set(d, s.bound));
            if (HWY_UNLIKELY(!hn::AllFalse(d, beyond))) {
                const uint32_t cut = mask_bits(d, beyond);
                const uint32_t below = mask_bits(d, hn::Lt(v, hn::Set(d, -s.bound)));
                flags.above |= cut != below;
                flags.below |= below != 0;
                // The higher number has the higher top bit, that of the last lane.
                flags.last_is_below = below > (cut ^ below);
                if (clipped != nullptr) {
                    for (size_t l = 0; l < hn::Lanes(d); l++) {
                        clipped[i + l] = (cut >> l) & 1;
                    }
                }
            }
            v = clamp(d, v, s.bound);
        }
        hn::StoreU(hn::Mul(v, hn::Set(d, s.rescale)), d, y + i);
    });
    return flags;
}

OutputFlags OutputRow(
    const float* sums, float* y, size_t n, const OutputStage& s, uint8_t* clipped) {
    return run_output<true>(sums, y, n, s, clipped);
}

OutputFlags FinishRow(float* y, size_t n, const OutputStage& s, uint8_t* clipped) {
    return run_output<false>(y, y, n, s, clipped);
}

void ArrayRow(const float* sums, float* y, size_t n, const OutputStage& s) {
    over_row(n, [&](auto d, size_t i) HWY_ATTR {
        hn::StoreU(array_stages(d, hn::LoadU(d, sums + i), s, i), d, y + i);
    });
}

}  // namespace HWY_NAMESPACE
}  // namespace mho
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <cstring>

namespace mho {
HWY_EXPORT(InputRow);
HWY_EXPORT(RangeRow);
HWY_EXPORT(RowAbsMax);
HWY_EXPORT(OutputRow);
HWY_EXPORT(FinishRow);
HWY_EXPORT(ArrayRow);

void input_row(const float* x, size_t n, const InputStage& stage, float* v) {
    HWY_DYNAMIC_DISPATCH(InputRow)(x, n, stage, v);
}

void range_row(const float* x, size_t n, float range_scale, float* v) {
    HWY_DYNAMIC_DISPATCH(RangeRow)(x, n, range_scale, v);
}

float row_abs_max(const float* x, size_t n) {
    return HWY_DYNAMIC_DISPATCH(RowAbsMax)(x, n);
}

void array_row(const float* sums, float* y, size_t n, const OutputStage& stage) {
    HWY_DYNAMIC_DISPATCH(ArrayRow)(sums, y, n, stage);
}

OutputFlags output_row(
    const float* sums, float* y, size_t n, const OutputStage& stage, uint8_t* clipped) {
    if (clipped != nullptr) {
        std::memset(clipped, 0, n);
    }
    return HWY_DYNAMIC_DISPATCH(OutputRow)(sums, y, n, stage, clipped);
}

OutputFlags finish_row(float* y, size_t n, const OutputStage& stage, uint8_t* clipped) {
    if (clipped != nullptr) {
        std::memset(clipped, 0, n);
    }
    return HWY_DYNAMIC_DISPATCH(FinishRow)(y, n, stage, clipped);
}

}  // namespace mho
#endif  // HWY_ONCE

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// One pulse of every step model, and the jump that stands for several (docs/models/pulse-laws.md).
// Included once per target.

#if defined(MHO_DEVICE_PULSE_STEP_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef MHO_DEVICE_PULSE_STEP_INL_H
#undef MHO_DEVICE_PULSE_STEP_INL_H
#else
#define MHO_DEVICE_PULSE_STEP_INL_H
#endif

#include <hwy/highway.h>

#include <bit>
#include <cmath>

#include "mho/device/pulse_normals-inl.h"
#include "mho/device/pulse_row.h"
#include "mho/device/pulse_scratch.h"
#include "mho/util/simd_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mho {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The tables of one register of cells in the direction of its pulses. The step (of linear steps
// also the shape) has the sign of the direction, and so have means, slopes and noise that follow
// from it.
struct Cell {
    VF low, high, step, shape, scale;
    VF sign;  // the sign bit where pulses lead down, else 0
    MF up;
};

// One pulse from a state: mean and spread of the step, and how the mean changes with the state.
struct Pulse {
    VF mean, noise, slope;
    VF bend;  // relative change of the slope per unit of the state; piecewise: largest slope
};

template <StepKind K>
inline constexpr bool kHasShape = K == StepKind::kLinear || K == StepKind::kPower;
template <StepKind K>
inline constexpr bool kHasScale = K != StepKind::kConstant && K != StepKind::kLinear;

// Gives step and shape the sign of the direction.
template <StepKind K>
HWY_INLINE void turn(Cell& cell) {
    cell.step = hn::Xor(cell.step, cell.sign);
    if constexpr (K == StepKind::kLinear) {
        cell.shape = hn::Xor(cell.shape, cell.sign);
    }
}

template <StepKind K>
MHO_PULSE_INLINE Cell load_cell(const CellArrays& c, size_t i, MF up, VF sign) {
    const PulseF d;
    Cell cell;
    cell.up = up;
    cell.sign = sign;
    cell.low = hn::LoadU(d, c.min_bound + i);
    cell.high = hn::LoadU(d, c.max_bound + i);
    cell.step = hn::IfThenElse(up, hn::LoadU(d, c.step_up + i), hn::LoadU(d, c.step_down + i));
    cell.shape = hn::Zero(d);
    cell.scale = hn::Zero(d);
    if constexpr (kHasShape<K>) {
        cell.shape =
            hn::IfThenElse(up, hn::LoadU(d, c.shape_up + i), hn::LoadU(d, c.shape_down + i));
    }
    if constexpr (kHasScale<K>) {
        cell.scale =
            hn::IfThenElse(up, hn::LoadU(d, c.scale_up + i), hn::LoadU(d, c.scale_down + i));
    }
    turn<K>(cell);
    return cell;
}

// Distance to the bound of the direction, in units of the response.
MHO_PULSE_INLINE VF distance_of(const Cell& c, VF u) {
    return hn::Mul(hn::IfThenElse(c.up, hn::Sub(c.high, u), hn::Sub(u, c.low)), c.scale);
}

// Values of a table of nodes: those of pulses up, then, at `StepForm::node_stride`, those of pulses
// down. Two registers hold what nearly all devices have; a gather takes sixteen loads.
HWY_INLINE VF node_at(const std::vector<float>& table, VI index, bool in_registers) {
    const PulseF d;
#if HWY_TARGET <= HWY_AVX3
    if (in_registers) {
        return VF{_mm512_permutex2var_ps(
            _mm512_loadu_ps(table.data()), index.raw, _mm512_loadu_ps(table.data() + 16))};
    }
#else
    (void)in_registers;
#endif
    return hn::GatherIndex(d, table.data(), index);
}

// Tests of parameters as integers: they leave the floating-point ports alone.
HWY_INLINE bool is_zero(float x) {
    return std::bit_cast<uint32_t>(x) << 1 == 0;
}
HWY_INLINE bool is_one(float x) {
    return std::bit_cast<uint32_t>(x) == std::bit_cast<uint32_t>(1.0f);
}

template <StepKind K>
MHO_PULSE_INLINE Pulse one_pulse(const StepForm& f, const Cell& c, VF u) {
    const PulseF d;
    const VF zero = hn::Zero(d);
    Pulse p;
    p.slope = zero;
    p.bend = zero;
    if constexpr (K == StepKind::kConstant) {
        p.mean = c.step;
        p.noise = hn::Mul(hn::Set(d, f.noise_of_mean), p.mean);
        return p;
    }
    if constexpr (K == StepKind::kLinear) {
        p.mean = hn::MulAdd(c.shape, u, c.step);
        p.slope = c.shape;
        p.noise = hn::Mul(hn::Set(d, f.noise_of_mean), p.mean);
        if (!is_zero(f.noise_of_step)) {
            p.noise = hn::MulAdd(hn::Set(d, f.noise_of_step), c.step, p.noise);
        }
        return p;
    }
    if constexpr (K == StepKind::kExponential) {
        // The table holds rate times scale, with its sign, in powers of two.
        const VF start = hn::IfThenElse(c.up, hn::Set(d, f.start_up), hn::Set(d, f.start_down));
        const VF x = hn::MulAdd(u, c.scale, start);
        VF e = f.exponents_inside ? simd_exp2_inside(d, x) : simd_exp2(d, x);
        if (!is_one(f.amplitude_up) || !is_one(f.amplitude_down)) {
            e = hn::Mul(
                hn::IfThenElse(c.up, hn::Set(d, f.amplitude_up), hn::Set(d, f.amplitude_down)), e);
        }
        const VF y = hn::Sub(hn::Set(d, 1.0f), e);
        p.mean = hn::Mul(c.step, hn::Max(y, zero));
        const VF rate = hn::Mul(c.scale, hn::Set(d, kLn2));
        p.bend = hn::Abs(rate);
        p.slope = hn::Mul(hn::Sub(p.mean, c.step), rate);  // -s e; where y = 0, of its end
    } else if constexpr (K == StepKind::kPower) {
        const VF base = hn::Max(distance_of(c, u), hn::Set(d, 1e-30f));
        p.mean = hn::Mul(c.step, simd_power(d, base, c.shape));
        const VF fall = hn::Div(hn::Mul(hn::Mul(p.mean, c.shape), c.scale), base);
        p.slope = hn::IfThenElse(c.up, hn::Neg(fall), fall);
    } else if constexpr (K == StepKind::kExponentialResponse) {
        const VF bend = hn::Mul(hn::Set(d, f.curvature), c.scale);
        const VF e =
            simd_exp(d, hn::Mul(hn::Set(d, f.curvature), hn::Max(distance_of(c, u), zero)));
        const VF unit = hn::Mul(c.step, hn::Set(d, f.inverse_norm));
        p.mean = hn::Mul(unit, hn::Sub(e, hn::Set(d, 1.0f)));
        const VF fall = hn::Mul(hn::Mul(unit, e), bend);
        p.slope = hn::IfThenElse(c.up, hn::Neg(fall), fall);
        p.bend = bend;
    } else {
        const PulseI di;
        const auto nodes = static_cast<int32_t>(f.nodes_up.size());
        const VF q = hn::Min(hn::Max(hn::Mul(hn::Sub(u, c.low), c.scale), zero),
                             hn::Set(d, static_cast<float>(nodes - 1)));
        const VI i = hn::Min(hn::ConvertTo(di, q), hn::Set(di, nodes - 2));  // truncates
        const VF part = hn::Sub(q, hn::ConvertTo(d, i));
        const auto stride = static_cast<int32_t>(f.node_stride);
        const VI at = hn::IfThenElse(hn::RebindMask(di, c.up), i, hn::Add(i, hn::Set(di, stride)));
        const bool few = f.node_stride == 16;
        const VF difference = node_at(f.node_differences, at, few);
        p.mean = hn::Mul(c.step, hn::MulAdd(part, difference, node_at(f.node_values, at, few)));
        p.slope = hn::Mul(hn::Mul(c.step, difference), c.scale);
        p.bend = hn::Abs(hn::Mul(hn::Mul(c.step, c.scale), hn::Set(d, f.largest_difference)));
        if (!f.spread_up.empty()) {
            const VF spread = hn::MulAdd(
                part, node_at(f.spread_differences, at, few), node_at(f.spread_values, at, few));
            p.noise = hn::Mul(c.step, spread);
            return p;
        }
    }
    p.noise = hn::Mul(hn::Set(d, f.noise_of_mean), p.mean);
    if (!is_zero(f.noise_of_step)) {
        p.noise = hn::MulAdd(hn::Set(d, f.noise_of_step), c.step, p.noise);
    }
    if (!is_zero(f.noise_add) || !is_zero(f.noise_slope)) {
        p.noise = hn::Add(p.noise, hn::Xor(hn::Set(d, f.noise_add), c.sign));
        p.noise = hn::MulAdd(hn::Xor(hn::Set(d, f.noise_slope), c.sign), hn::Abs(u), p.noise);
    }
    return p;
}

// What a sum of n pulses needs of n. `root`: times root_factor().
struct CountTerms {
    VF n, half, third, root;
};

template <StepKind K, bool kFrozen>
inline constexpr bool kStraight = K == StepKind::kConstant || kFrozen;

// The terms of counts below kMost: two registers each, which take less time than to compute them.
struct CountTables {
    static constexpr size_t kMost = 32;
    const float* values = nullptr;  // [half, third, root][kMost]

    HWY_INLINE explicit CountTables(const float* v = nullptr) : values(v) {}
    // For one factor until the next.
    HWY_INLINE static void fill(float factor, PulseScratch& scratch) {
        if (scratch.count_factor == factor) {
            return;
        }
        float* to = scratch.count_terms.data();
        static_assert(sizeof(scratch.count_terms) == 3 * kMost * sizeof(float));
        for (size_t i = 0; i < kMost; i++) {
            const auto n = static_cast<float>(i);
            to[i] = 0.5f * n - 0.5f;  // exact
            to[kMost + i] = std::fma(n, 1.0f / 3.0f, -2.0f / 3.0f);
            to[2 * kMost + i] = factor * std::sqrt(n);
        }
        scratch.count_factor = factor;
    }
};

// `factor`: root_factor(), by which `tables`, if any, were filled; then counts are below kMost.
MHO_PULSE_INLINE CountTerms terms_of(VI count, float factor, CountTables tables) {
    const PulseF d;
    CountTerms t;
    t.n = hn::ConvertTo(d, count);
#if HWY_TARGET <= HWY_AVX3
    if (HWY_LIKELY(tables.values != nullptr)) {
        const auto look_up = [&](size_t which) HWY_ATTR {
            const float* from = tables.values + which * CountTables::kMost;
            return VF{
                _mm512_permutex2var_ps(_mm512_load_ps(from), count.raw, _mm512_load_ps(from + 16))};
        };
        t.half = look_up(0);
        t.third = look_up(1);
        t.root = look_up(2);
        return t;
    }
#else
    (void)tables;
#endif
    t.half = hn::MulAdd(t.n, hn::Set(d, 0.5f), hn::Set(d, -0.5f));
    t.third = hn::MulAdd(t.n, hn::Set(d, 1.0f / 3.0f), hn::Set(d, -2.0f / 3.0f));
    t.root = hn::Mul(hn::Set(d, factor), hn::Sqrt(t.n));
    return t;
}

// The factor of CountTerms::root.
template <StepKind K, bool kFrozen>
HWY_INLINE float root_factor(const StepForm& f) {
    return !kStraight<K, kFrozen> && f.relative_noise ? f.noise_of_mean : 1.0f;
}

// Turns one pulse into the sum of `count` pulses; returns the lanes, of those with several pulses,
// for which that law does not hold. `gentle`: the counts certainly keep the conditions on the
// response.
template <StepKind K, bool kFrozen>
MHO_PULSE_INLINE MF jump(const StepForm& f,
                         bool gentle,
                         CountTables tables,
                         const Cell& c,
                         VF u,
                         VI count,
                         MF several,
                         Pulse& p) {
    const PulseF d;
    const CountTerms t = terms_of(count, root_factor<K, kFrozen>(f), tables);
    VF mean = p.mean;
    VF noise = p.noise;
    MF sure = hn::FirstN(d, kPulseLanes);
    if constexpr (!kStraight<K, kFrozen>) {
        // The step follows an affine map: u' = u + (mean + k (u' - u)), so after n pulses the
        // change is mean ((1 + k)^n - 1) / k. As a binomial series, which ends by itself for
        // n <= 3.
        const VF one = hn::Set(d, 1.0f);
        const VF k = p.slope;
        const VF series = hn::MulAdd(hn::Mul(t.half, k), hn::MulAdd(t.third, k, one), one);
        mean = hn::Mul(mean, series);
        // Constant noise: the root of the mean of (1 + k)^(2 i); relative noise: (1 + k)^(n-1).
        // Up to (n k)^2 / 12 these are the series and its square.
        if (f.relative_noise) {
            noise = hn::Mul(mean, series);
        } else {
            noise = hn::Mul(noise, series);
            if (is_zero(f.noise_of_step)) {
                noise = hn::Mul(noise, series);
            }
        }
        if (!gentle) {
            const VF nk = hn::Mul(t.n, k);
            const VF spread =
                hn::Mul(hn::Mul(nk, k), hn::Set(d, f.noise_of_mean * f.noise_of_mean));
            sure = hn::Le(hn::Abs(nk), hn::Set(d, kMostLinearChange));
            if constexpr (K == StepKind::kLinear) {
                sure = hn::Or(sure, hn::Le(t.n, hn::Set(d, 3.0f)));
            } else if constexpr (K == StepKind::kPiecewise) {
                sure =
                    hn::And(sure, hn::Le(hn::Mul(t.n, p.bend), hn::Set(d, kMostPiecewiseChange)));
            } else if constexpr (K != StepKind::kPower) {
                sure = hn::And(sure,
                               hn::Le(hn::Mul(hn::Mul(t.n, hn::Abs(p.mean)), p.bend),
                                      hn::Set(d, kMostLinearChange)));
            }
            sure = hn::And(sure, hn::Le(spread, hn::Set(d, kMostLinearVariance)));
        }
    }
    mean = hn::Mul(t.n, mean);
    noise = hn::Mul(t.root, noise);
    const VF end = hn::Add(u, mean);
    const VF sigmas = hn::Set(d, kJumpSigmas);
    const VF size = hn::Abs(noise);
    const MF inside = hn::And(hn::Le(hn::MulAdd(size, sigmas, hn::Max(u, end)), c.high),
                              hn::Ge(hn::NegMulAdd(size, sigmas, hn::Min(u, end)), c.low));
    const MF refused = hn::AndNot(hn::And(sure, inside), several);
    if (HWY_UNLIKELY(!hn::AllFalse(d, refused))) {
        mean = hn::IfThenElse(refused, p.mean, mean);
        noise = hn::IfThenElse(refused, p.noise, noise);
    }
    p.mean = mean;
    p.noise = noise;
    return refused;
}

MHO_PULSE_INLINE VF moved(const Cell& c, VF u, VF mean, VF noise, VF normal) {
    const VF change = hn::MulAdd(noise, normal, mean);
    const VF to = hn::Add(u, change);
    return hn::Min(hn::Max(to, c.low), c.high);
}

}  // namespace HWY_NAMESPACE
}  // namespace mho
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/pulse_kernel.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <new>

// One more target than elsewhere: its instruction for population counts decides here. Counts are
// integers, so bits stay equal.
#define HWY_DISABLED_TARGETS 0
#define HWY_WANT_AVX3_DL
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "mho/device/pulse_kernel.cc"
// clang-format off: this order is the law of Highway
#include "mho/util/simd.h"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

#include "mho/random/block-inl.h"
#include "mho/util/simd_math-inl.h"

#ifndef MHO_DEVICE_PULSE_KERNEL_ONCE
#define MHO_DEVICE_PULSE_KERNEL_ONCE
namespace mho {

// lane_rank[m][i]: how many of the lanes below i are set in the 8-bit mask m.
inline constexpr std::array<std::array<uint8_t, 8>, 256> kLaneRank = [] {
    std::array<std::array<uint8_t, 8>, 256> table{};
    for (size_t mask = 0; mask < 256; mask++) {
        uint8_t rank = 0;
        for (size_t lane = 0; lane < 8; lane++) {
            table[mask][lane] = rank;
            rank = static_cast<uint8_t>(rank + ((mask >> lane) & 1));
        }
    }
    return table;
}();

alignas(64) inline const std::array<float, 16> kRoots = [] {
    std::array<float, 16> roots{};
    for (size_t n = 0; n < roots.size(); n++) {
        roots[n] = std::sqrt(static_cast<float>(n));
    }
    return roots;
}();

inline constexpr size_t kNoCell = ~size_t{0};  // padding of a list of cells

// The cells of one row and the bits of their columns, for all samples.
struct PulseRow {
    CellArrays cells;                    // of this row
    size_t cell_count = 0;               // a multiple of 16
    const uint32_t* col_bits = nullptr;  // + sample * col_sample_stride + word * col_word_stride
    size_t col_sample_stride = 0;
    size_t col_word_stride = 0;
    const uint32_t* col_negative = nullptr;  // + sample * negative_stride
    size_t negative_stride = 0;
    bool sparse_columns = false;  // honour the column ranges of the trains
    // Instead, cells gathered from several rows: their coincidences and those that rise, slots of
    // all samples end to end, [word][cell_count].
    const uint32_t* coincidences = nullptr;
    const uint32_t* rising = nullptr;
};

}  // namespace mho
#endif

HWY_BEFORE_NAMESPACE();
namespace mho {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using PulseF = hn::CappedTag<float, kVirtualLanes>;
using PulseI = hn::RebindToSigned<PulseF>;
using PulseU = hn::RebindToUnsigned<PulseF>;
using VF = hn::Vec<PulseF>;
using VI = hn::Vec<PulseI>;
using VU = hn::Vec<PulseU>;
using MF = hn::Mask<PulseF>;

constexpr size_t kPulseLanes = hn::MaxLanes(PulseF());

HWY_INLINE uint32_t bits_of(MF mask) {
#if HWY_TARGET <= HWY_AVX3
    return mask.raw;
#else
    return static_cast<uint32_t>(hn::detail::BitsFromMask(mask));
#endif
}

HWY_INLINE MF mask_of(uint32_t bits) {
#if HWY_TARGET <= HWY_AVX3
    return MF{static_cast<__mmask16>(bits)};
#else
    uint8_t bytes[8] = {static_cast<uint8_t>(bits), static_cast<uint8_t>(bits >> 8)};
    return hn::LoadMaskBits(PulseF(), bytes);
#endif
}

// Normal numbers handed out one after the other, made when they are needed.
class NormalSource {
  public:
    HWY_INLINE NormalSource(uint64_t key, Stream stream, uint64_t step, uint32_t first_block)
        : key_(key), step_(step), stream_(static_cast<uint32_t>(stream)), block_(first_block) {}

    // The next numbers, one for each lane of the mask in lane order; other lanes are arbitrary.
    HWY_INLINE VF take(MF mask) {
        const uint32_t bits = bits_of(mask);
        const auto wanted = static_cast<size_t>(std::popcount(bits));
        if (have_ - position_ < kVirtualLanes) {
            refill();
        }
        const VF numbers = expand(mask, bits, buffer_ + position_);
        position_ += wanted;
        taken_ += wanted;
        return numbers;
    }
    HWY_INLINE uint64_t taken() const { return taken_; }

  private:
    static HWY_INLINE VF expand(MF mask, uint32_t bits, const float* from) {
#if HWY_TARGET <= HWY_AVX3
        (void)bits;
        return VF{_mm512_maskz_expandloadu_ps(mask.raw, from)};
#else
        (void)mask;
        const hn::CappedTag<uint8_t, 8> d8;
        const auto index = hn::PromoteTo(PulseI(), hn::Load(d8, kLaneRank[bits].data()));
        return hn::TableLookupLanes(hn::LoadU(PulseF(), from), hn::IndicesFromVec(PulseF(), index));
#endif
    }

    HWY_NOINLINE void refill() {
        std::memmove(buffer_, buffer_ + position_, (have_ - position_) * sizeof(float));
        have_ -= position_;
        position_ = 0;
        if (left_ == 0) {
            new (storage_) LaneGenerator(key_, stream_, step_, block_++);
            left_ = kRandomBlock;
        }
        normal_chunk(*std::launder(reinterpret_cast<LaneGenerator*>(storage_)), buffer_ + have_);
        have_ += kNormalChunk;
        left_ -= kNormalChunk;
    }

    HWY_ALIGN float buffer_[kNormalChunk + 2 * kVirtualLanes];
    alignas(LaneGenerator) unsigned char storage_[sizeof(LaneGenerator)];
    size_t position_ = 0;
    size_t have_ = 0;
    size_t left_ = 0;  // of the block
    uint64_t taken_ = 0;
    uint64_t key_;
    uint64_t step_;
    uint32_t stream_;
    uint32_t block_;
};

// The tables of one register of cells in the direction of its pulses.
struct Cell {
    VF low, high, step, shape, scale;
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

template <StepKind K>
HWY_INLINE Cell load_cell(const CellArrays& c, size_t i, MF up) {
    const PulseF d;
    Cell cell;
    cell.up = up;
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
    return cell;
}

// Distance to the bound of the direction, in units of the response.
HWY_INLINE VF distance_of(const Cell& c, VF u) {
    return hn::Mul(hn::IfThenElse(c.up, hn::Sub(c.high, u), hn::Sub(u, c.low)), c.scale);
}

// Nodes of a piecewise response: value and difference to the next node at position i.
HWY_INLINE VF node_value(const std::vector<float>& up,
                         const std::vector<float>& down,
                         MF goes_up,
                         VI i,
                         VF part,
                         VF& difference) {
    const PulseF d;
    const VF v0 = hn::IfThenElse(
        goes_up, hn::GatherIndex(d, up.data(), i), hn::GatherIndex(d, down.data(), i));
    const VF v1 = hn::IfThenElse(
        goes_up, hn::GatherIndex(d, up.data() + 1, i), hn::GatherIndex(d, down.data() + 1, i));
    difference = hn::Sub(v1, v0);
    return hn::MulAdd(part, difference, v0);
}

template <StepKind K>
HWY_INLINE Pulse one_pulse(const StepForm& f, const Cell& c, VF u) {
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
        p.noise = hn::MulAdd(hn::Set(d, f.noise_of_step), c.step, p.noise);
        return p;
    }
    if constexpr (K == StepKind::kExponential) {
        const VF z = hn::MulAdd(u, c.scale, hn::Set(d, f.offset));
        const VF rate = hn::IfThenElse(c.up, hn::Set(d, f.rate_up), hn::Set(d, f.rate_down));
        const VF amplitude =
            hn::IfThenElse(c.up, hn::Set(d, f.amplitude_up), hn::Set(d, f.amplitude_down));
        const VF e = hn::Mul(amplitude, simd_exp(d, hn::Mul(rate, z)));
        const VF y = hn::Sub(hn::Set(d, 1.0f), e);
        p.mean = hn::Mul(c.step, hn::Max(y, zero));
        p.bend = hn::Abs(hn::Mul(rate, c.scale));
        p.slope = hn::IfThenElseZero(hn::Gt(y, zero),
                                     hn::Neg(hn::Mul(hn::Mul(c.step, e), hn::Mul(rate, c.scale))));
    } else if constexpr (K == StepKind::kPower) {
        const VF base = hn::Max(distance_of(c, u), hn::Set(d, 1e-30f));
        p.mean = hn::Mul(c.step, simd_exp(d, hn::Mul(c.shape, simd_log(d, base))));
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
        VF difference;
        p.mean = hn::Mul(c.step, node_value(f.nodes_up, f.nodes_down, c.up, i, part, difference));
        p.slope = hn::Mul(hn::Mul(c.step, difference), c.scale);
        p.bend = hn::Mul(hn::Mul(c.step, c.scale), hn::Set(d, f.largest_difference));
        if (!f.spread_up.empty()) {
            VF ignored;
            p.noise =
                hn::Mul(c.step, node_value(f.spread_up, f.spread_down, c.up, i, part, ignored));
            return p;
        }
    }
    p.noise = hn::Mul(hn::Set(d, f.noise_of_mean), p.mean);
    p.noise = hn::MulAdd(hn::Set(d, f.noise_of_step), c.step, p.noise);
    p.noise = hn::Add(p.noise, hn::Set(d, f.noise_add));
    p.noise = hn::MulAdd(hn::Set(d, f.noise_slope), hn::Abs(u), p.noise);
    return p;
}

// The square root of a count. Most are small: a table in a register takes less time than the root.
HWY_INLINE VF root_of(VI n, VF as_float) {
#if HWY_TARGET <= HWY_AVX3
    const PulseI di;
    if (HWY_LIKELY(hn::AllTrue(di, hn::Lt(n, hn::Set(di, 16))))) {
        return VF{_mm512_permutexvar_ps(n.raw, _mm512_load_ps(kRoots.data()))};
    }
#else
    (void)n;
#endif
    return hn::Sqrt(as_float);
}

// Turns one pulse into the sum of `count` pulses where that law holds; returns those lanes.
template <StepKind K>
HWY_INLINE MF jump(const StepForm& f, bool frozen, const Cell& c, VF u, VI count, Pulse& p) {
    const PulseF d;
    const VF one = hn::Set(d, 1.0f);
    const VF n = hn::ConvertTo(d, count);
    const VF path = hn::Mul(n, p.mean);
    VF mean = path;
    VF noise = hn::Mul(root_of(count, n), p.noise);
    MF allowed;
    const bool straight = K == StepKind::kConstant || frozen;
    if (!straight) {
        // The step follows an affine map: u' = u + (mean + k (u' - u)), so after n pulses the
        // change is mean ((1 + k)^n - 1) / k. As a binomial series, which ends by itself for
        // n <= 3.
        const VF k = hn::IfThenElse(c.up, p.slope, hn::Neg(p.slope));
        const VF nk = hn::Mul(n, k);
        const VF n1k = hn::Sub(nk, k);
        const VF n2k = hn::Sub(n1k, k);
        VF series = hn::MulAdd(n2k, hn::Set(d, 1.0f / 3.0f), one);
        series = hn::MulAdd(hn::Mul(n1k, hn::Set(d, 0.5f)), series, one);
        mean = hn::Mul(path, series);
        // Constant noise: the root of the mean of (1 + k)^(2 i); relative noise: (1 + k)^(n-1).
        // Up to (n k)^2 / 12 these are the series and its square.
        noise = hn::Mul(noise, series);
        if (f.noise_of_step == 0) {
            noise = hn::Mul(noise, series);
        }
        const VF size = hn::Abs(nk);
        const VF spread = hn::Mul(hn::Mul(nk, k), hn::Set(d, f.noise_of_mean * f.noise_of_mean));
        allowed = hn::Le(size, hn::Set(d, kMostLinearChange));
        if constexpr (K == StepKind::kLinear) {
            allowed = hn::Or(allowed, hn::Le(n, hn::Set(d, 3.0f)));
        } else if constexpr (K == StepKind::kPiecewise) {
            allowed =
                hn::And(allowed, hn::Le(hn::Mul(n, p.bend), hn::Set(d, kMostPiecewiseChange)));
        } else if constexpr (K != StepKind::kPower) {
            allowed =
                hn::And(allowed, hn::Le(hn::Mul(path, p.bend), hn::Set(d, kMostLinearChange)));
        }
        allowed = hn::And(allowed, hn::Le(spread, hn::Set(d, kMostLinearVariance)));
    } else {
        allowed = hn::Ge(n, hn::Zero(d));
    }
    const VF end = hn::IfThenElse(c.up, hn::Add(u, mean), hn::Sub(u, mean));
    const VF reach = hn::Mul(hn::Abs(noise), hn::Set(d, kJumpSigmas));
    const MF inside = hn::And(hn::Le(hn::Add(hn::Max(u, end), reach), c.high),
                              hn::Ge(hn::Sub(hn::Min(u, end), reach), c.low));
    allowed = hn::Or(hn::And(allowed, inside), hn::Le(n, one));
    p.mean = hn::IfThenElse(allowed, mean, p.mean);
    p.noise = hn::IfThenElse(allowed, noise, p.noise);
    return allowed;
}

HWY_INLINE VF moved(const Cell& c, VF u, VF mean, VF noise, VF normal) {
    const VF change = hn::MulAdd(noise, normal, mean);
    const VF to = hn::IfThenElse(c.up, hn::Add(u, change), hn::Sub(u, change));
    return hn::Min(hn::Max(to, c.low), c.high);
}

// The cells of a row that take their pulses one by one, side by side.
struct Queue {
    float* field[8];  // u, low, high, step, shape, scale, mean, noise
    int32_t* left;
    int32_t* up;
    int32_t* index;
    size_t size = 0;

    HWY_INLINE Queue(PulseScratch& scratch, size_t cells) {
        constexpr size_t kFields = 8;
        constexpr size_t kIntegers = 3;
        const size_t width = cells + kVirtualLanes;  // compressed stores write whole registers
        scratch.floats.resize(std::max(scratch.floats.size(), kFields * width));
        scratch.integers.resize(std::max(scratch.integers.size(), kIntegers * width));
        for (size_t i = 0; i < kFields; i++) {
            field[i] = scratch.floats.data() + i * width;
        }
        left = scratch.integers.data();
        up = left + width;
        index = up + width;
    }

    template <StepKind K>
    HWY_INLINE void push(MF who, VI count, const Cell& c, VF u, const Pulse& p, size_t first) {
        const PulseF d;
        const PulseI di;
        const auto put = [&](size_t i, VF v)
                             HWY_ATTR { hn::StoreU(hn::Compress(v, who), d, field[i] + size); };
        const auto put_integer = [&](int32_t* to, VI v) HWY_ATTR {
            hn::StoreU(hn::Compress(v, hn::RebindMask(di, who)), di, to + size);
        };
        put(0, u);
        put(1, c.low);
        put(2, c.high);
        put(3, c.step);
        if constexpr (kHasShape<K>) {
            put(4, c.shape);
        }
        if constexpr (kHasScale<K>) {
            put(5, c.scale);
        }
        put(6, p.mean);
        put(7, p.noise);
        put_integer(left, count);
        put_integer(up, hn::IfThenElseZero(hn::RebindMask(di, c.up), hn::Set(di, 1)));
        put_integer(index, hn::Iota(di, static_cast<int32_t>(first)));
        size += hn::CountTrue(d, who);
    }

    // Pulse after pulse, a round over all cells at a time.
    template <StepKind K>
    HWY_INLINE void run(const StepForm& f, bool frozen, NormalSource& normals) {
        const PulseF d;
        const PulseI di;
        for (size_t i = size; i < size + kPulseLanes; i++) {
            left[i] = 0;  // the rest of the last register
        }
        bool more = size > 0;
        while (more) {
            more = false;
            for (size_t i = 0; i < size; i += kPulseLanes) {
                const VI n = hn::LoadU(di, left + i);
                const auto waits = hn::Gt(n, hn::Zero(di));
                if (hn::AllFalse(di, waits)) {
                    continue;
                }
                more = true;
                const MF who = hn::RebindMask(d, waits);
                Cell c;
                c.up = hn::RebindMask(d, hn::Gt(hn::LoadU(di, up + i), hn::Zero(di)));
                c.low = hn::LoadU(d, field[1] + i);
                c.high = hn::LoadU(d, field[2] + i);
                c.step = hn::LoadU(d, field[3] + i);
                c.shape = kHasShape<K> ? hn::LoadU(d, field[4] + i) : hn::Zero(d);
                c.scale = kHasScale<K> ? hn::LoadU(d, field[5] + i) : hn::Zero(d);
                const VF u = hn::LoadU(d, field[0] + i);
                Pulse p;
                if (frozen || K == StepKind::kConstant) {
                    p.mean = hn::LoadU(d, field[6] + i);
                    p.noise = hn::LoadU(d, field[7] + i);
                } else {
                    p = one_pulse<K>(f, c, u);
                }
                const VF to = moved(c, u, p.mean, p.noise, normals.take(who));
                hn::StoreU(hn::IfThenElse(who, to, u), d, field[0] + i);
                hn::StoreU(hn::Sub(n, hn::IfThenElseZero(waits, hn::Set(di, 1))), di, left + i);
            }
        }
    }
};

// Coincidences of one register of columns with a row in one sample, and their direction.
struct RowBits {
    const uint32_t* bits;
    size_t stride;  // between words
    size_t words;
    uint32_t negative;
};

HWY_INLINE VI count_trains(const RowBits& line,
                           const uint32_t* bits,
                           size_t word_stride,
                           const uint32_t* negative,
                           MF& up) {
    const PulseU du;
    VU n = hn::PopulationCount(hn::And(hn::LoadU(du, bits), hn::Set(du, line.bits[0])));
    for (size_t w = 1; w < line.words; w++) {
        const VU both =
            hn::And(hn::LoadU(du, bits + w * word_stride), hn::Set(du, line.bits[w * line.stride]));
        n = hn::Add(n, hn::PopulationCount(both));
    }
    up = hn::RebindMask(PulseF(), hn::Eq(hn::LoadU(du, negative), hn::Set(du, line.negative)));
    return hn::BitCast(PulseI(), n);
}

// The slots of one sample in planes of a batch: a few neighbouring words.
struct SlotRange {
    size_t first_word = 0;
    size_t words = 0;
    uint32_t first_mask = ~0u;
    uint32_t last_mask = ~0u;

    HWY_INLINE uint32_t mask(size_t w) const {
        return (w == 0 ? first_mask : ~0u) & (w + 1 == words ? last_mask : ~0u);
    }
};

HWY_INLINE SlotRange slot_range(const PulseJob& job, size_t s) {
    SlotRange r;
    const uint64_t begin = job.slot_begin[s];
    const uint64_t end = begin + job.trains->length[s];
    r.first_word = begin / 32;
    r.words = (end + 31) / 32 - r.first_word;
    r.first_mask = ~0u << (begin % 32);
    r.last_mask = end % 32 == 0 ? ~0u : (1u << (end % 32)) - 1;
    return r;
}

HWY_INLINE VI count_slots(const SlotRange& r, const PulseRow& row, size_t i, MF& up) {
    const PulseU du;
    VU n = hn::Zero(du);
    VU rising = hn::Zero(du);
    for (size_t w = 0; w < r.words; w++) {
        const size_t at = (r.first_word + w) * row.cell_count + i;
        const VU mask = hn::Set(du, r.mask(w));
        n = hn::Add(n, hn::PopulationCount(hn::And(hn::LoadU(du, row.coincidences + at), mask)));
        rising = hn::Or(rising, hn::And(hn::LoadU(du, row.rising + at), mask));
    }
    up = hn::RebindMask(PulseF(), hn::Ne(rising, hn::Zero(du)));
    return hn::BitCast(PulseI(), n);
}

HWY_INLINE VI routed(PulseRouting routing, VI count, MF& up) {
    const auto rises = hn::RebindMask(PulseI(), up);
    up = hn::FirstN(PulseF(), kPulseLanes);
    return routing == PulseRouting::kUpOnly ? hn::IfThenElseZero(rises, count)
                                            : hn::IfThenZeroElse(rises, count);
}

HWY_INLINE void count_endurance(const CellArrays& c, size_t at, VI up, VI down) {
    const PulseI di;
    auto* ups = reinterpret_cast<int32_t*>(c.up_pulses + at);
    auto* downs = reinterpret_cast<int32_t*>(c.down_pulses + at);
    hn::StoreU(hn::Add(hn::LoadU(di, ups), up), di, ups);
    hn::StoreU(hn::Add(hn::LoadU(di, downs), down), di, downs);
}

// One row of cells in one sample. kExtras: references, write noise, counters, routing.
template <StepKind K, bool kExtras>
HWY_INLINE void pulse_sample(const PulseJob& job,
                             const PulseRow& row,
                             size_t s,
                             size_t line,
                             NormalSource& normals,
                             PulseScratch& scratch,
                             PulseActivity& activity) {
    const PulseF d;
    const PulseI di;
    const StepForm& f = *job.form;
    const CellArrays& c = row.cells;
    const PulseTrains& trains = *job.trains;
    const LineTrains& lines = trains.row_lines;
    const bool by_bits = trains.counting == PulseCounting::kTrains;
    const bool may_jump = job.options.law != PulseLaw::kPulse;
    const bool frozen = may_jump && job.options.frozen_response && K != StepKind::kLinear;
    RowBits bits{};
    SlotRange slots{};
    if (row.coincidences != nullptr) {
        slots = slot_range(job, s);
    } else if (by_bits) {
        bits = {lines.sample_bits(s) + line,
                lines.stride,
                lines.words_per_sample,
                lines.negative[s * lines.stride + line]};
        uint32_t any = 0;
        for (size_t w = 0; w < bits.words; w++) {
            any |= bits.bits[w * bits.stride];
        }
        if (any == 0) {
            return;
        }
    } else {
        scratch.counts.resize(row.cell_count);
        count_row(trains, s, line, job.sample_keys[s], job.step, scratch.counts);
    }
    const uint32_t* col_bits = row.col_bits + s * row.col_sample_stride;
    const uint32_t* col_negative = row.col_negative + s * row.negative_stride;
    const size_t first = row.sparse_columns ? size_t{16} * trains.first_group[s] : 0;
    const size_t last = row.sparse_columns ? size_t{16} * trains.last_group[s] : row.cell_count;
    Queue queue(scratch, row.cell_count);
    if constexpr (kExtras) {
        scratch.fires.assign(row.cell_count / kPulseLanes, 0);
    }
    VI pulses = hn::Zero(di);
    size_t fired = 0;
    for (size_t i = first; i < last; i += kPulseLanes) {
        MF up;
        VI count;
        if (row.coincidences != nullptr) {
            count = count_slots(slots, row, i, up);
        } else if (by_bits) {
            count = count_trains(bits, col_bits + i, row.col_word_stride, col_negative + i, up);
        } else {
            const VI n = hn::LoadU(di, scratch.counts.data() + i);
            up = hn::RebindMask(d, hn::Gt(n, hn::Zero(di)));
            count = hn::Abs(n);
        }
        if constexpr (kExtras) {
            if (job.options.routing != PulseRouting::kBoth) {
                count = routed(job.options.routing, count, up);
            }
        }
        const MF fires = hn::RebindMask(d, hn::Gt(count, hn::Zero(di)));
        const uint32_t fire_bits = bits_of(fires);
        if (fire_bits == 0) {
            continue;
        }
        fired += static_cast<size_t>(std::popcount(fire_bits));
        pulses = hn::Add(pulses, count);
        const Cell cell = load_cell<K>(c, i, up);
        const VF weight = hn::LoadU(d, c.weight + i);
        VF u = weight;
        VF reference = hn::Zero(d);
        if constexpr (kExtras) {
            if (c.reference != nullptr) {
                reference = hn::LoadU(d, c.reference + i);
                u = hn::Add(u, reference);
            }
        }
        Pulse p = one_pulse<K>(f, cell, u);
        const Pulse single = p;
        MF waits = hn::RebindMask(d, hn::Gt(count, hn::Set(di, 1)));
        if (may_jump) {
            const MF jumps = jump<K>(f, frozen, cell, u, count, p);
            waits = hn::AndNot(jumps, waits);
        }
        u = moved(cell, u, p.mean, p.noise, normals.take(fires));
        if (HWY_UNLIKELY(!hn::AllFalse(d, waits))) {
            queue.template push<K>(waits, hn::Sub(count, hn::Set(di, 1)), cell, u, single, i);
        }
        VF w = u;
        if constexpr (kExtras) {
            w = hn::Sub(w, reference);
            scratch.fires[i / kPulseLanes] = static_cast<uint16_t>(fire_bits);
            if (c.up_pulses != nullptr) {
                const auto rises = hn::RebindMask(di, up);
                count_endurance(
                    c, i, hn::IfThenElseZero(rises, count), hn::IfThenZeroElse(rises, count));
            }
        }
        hn::StoreU(hn::IfThenElse(fires, w, weight), d, c.weight + i);
    }
    if (queue.size > 0) {
        activity.pulse_cells += queue.size;
        queue.template run<K>(f, frozen, normals);
        for (size_t q = 0; q < queue.size; q++) {
            const auto i = static_cast<size_t>(queue.index[q]);
            const float reference = c.reference != nullptr ? c.reference[i] : 0.0f;
            c.weight[i] = queue.field[0][q] - reference;
        }
    }
    if constexpr (kExtras) {
        if (c.visible != nullptr) {
            NormalSource write(job.sample_keys[s],
                               Stream::kWriteNoise,
                               job.step,
                               static_cast<uint32_t>(line) * job.blocks_per_row);
            for (size_t i = first; i < last; i += kPulseLanes) {
                const uint32_t fire_bits = scratch.fires[i / kPulseLanes];
                if (fire_bits != 0) {
                    const MF fires = mask_of(fire_bits);
                    const VF seen = hn::MulAdd(
                        hn::Set(d, f.write_noise), write.take(fires), hn::LoadU(d, c.weight + i));
                    hn::StoreU(
                        hn::IfThenElse(fires, seen, hn::LoadU(d, c.visible + i)), d, c.visible + i);
                }
            }
            activity.normals += write.taken();
        }
    }
    activity.sample_cells += fired - queue.size;
    activity.pulses += static_cast<uint64_t>(hn::GetLane(hn::SumOfLanes(di, pulses)));
}

// What transfers look at between samples.
HWY_INLINE void look(
    const PulseJob& job, const CellArrays& c, size_t line, size_t done, size_t& tap) {
    const std::span<const WeightTap> taps = job.options.taps;
    const float* seen = c.visible != nullptr ? c.visible : c.weight;
    for (; tap < taps.size() && taps[tap].after <= done; tap++) {
        if (job.options.tap_columns) {
            job.options.tapped[tap * job.trains->rows + line] = seen[taps[tap].line];
        } else if (taps[tap].line == line) {
            std::copy_n(seen, job.trains->cols, job.options.tapped + tap * job.trains->cols);
        }
    }
}

// All samples of one row of cells. `joint`: one sequence of numbers for all samples, where the
// caller's law already depends on how samples are cut into batches.
template <StepKind K, bool kExtras>
HWY_INLINE void pulse_samples(const PulseJob& job,
                              const PulseRow& row,
                              size_t line,
                              bool joint,
                              PulseScratch& scratch,
                              PulseActivity& activity) {
    const PulseTrains& trains = *job.trains;
    const auto first_block = static_cast<uint32_t>(line) * job.blocks_per_row;
    NormalSource shared(job.batch_key, Stream::kPulseNoise, job.step, first_block);
    size_t tap = 0;
    for (size_t s = job.first; s < job.last; s++) {
        if (!job.options.taps.empty()) {
            look(job, row.cells, line, s - job.first, tap);
        }
        if (trains.length[s] == 0 || (!job.options.only.empty() && job.options.only[s] == 0)) {
            continue;
        }
        if (joint) {
            pulse_sample<K, kExtras>(job, row, s, line, shared, scratch, activity);
        } else {
            NormalSource own(job.sample_keys[s], Stream::kPulseNoise, job.step, first_block);
            pulse_sample<K, kExtras>(job, row, s, line, own, scratch, activity);
            activity.normals += own.taken();
        }
    }
    activity.normals += shared.taken();
    look(job, row.cells, line, job.last - job.first, tap);
}

template <StepKind K>
void pulse_samples_of(const PulseJob& job,
                      const PulseRow& row,
                      size_t line,
                      PulseScratch& scratch,
                      PulseActivity& activity) {
    const CellArrays& c = row.cells;
    if (c.reference != nullptr || c.visible != nullptr || c.up_pulses != nullptr ||
        job.options.routing != PulseRouting::kBoth) {
        pulse_samples<K, true>(job, row, line, false, scratch, activity);
    } else {
        pulse_samples<K, false>(job, row, line, false, scratch, activity);
    }
}

HWY_INLINE CellArrays row_of(const CellArrays& c, size_t offset) {
    const auto shift = [&](auto* p) { return p != nullptr ? p + offset : nullptr; };
    return {shift(c.weight),
            shift(c.visible),
            shift(c.min_bound),
            shift(c.max_bound),
            shift(c.step_up),
            shift(c.step_down),
            shift(c.shape_up),
            shift(c.shape_down),
            shift(c.scale_up),
            shift(c.scale_down),
            shift(c.reference),
            shift(c.up_pulses),
            shift(c.down_pulses)};
}

// Up counts and counts of the cells [cell, cell + kPulseLanes) of a row over the whole batch.
HWY_INLINE void count_batch(const PulseJob& job, size_t line, size_t cell, VI& up, VI& all) {
    const PulseU du;
    const size_t words = job.plane_words;
    const size_t offset = cell / kVirtualLanes * words * kVirtualLanes + cell % kVirtualLanes;
    const uint32_t* bits = job.col_plane.data() + offset;
    const uint32_t* signs = job.col_sign_plane.data() + offset;
    const uint32_t* row_bits = job.row_plane.data() + line * words;
    const uint32_t* row_signs = job.row_sign_plane.data() + line * words;
    VU u = hn::Zero(du);
    VU a = hn::Zero(du);
    for (size_t w = 0; w < words; w++) {
        const VU both = hn::And(hn::LoadU(du, bits + w * kVirtualLanes), hn::Set(du, row_bits[w]));
        const VU differ =
            hn::Xor(hn::LoadU(du, signs + w * kVirtualLanes), hn::Set(du, row_signs[w]));
        a = hn::Add(a, hn::PopulationCount(both));
        u = hn::Add(u, hn::PopulationCount(hn::AndNot(differ, both)));
    }
    up = hn::BitCast(PulseI(), u);
    all = hn::BitCast(PulseI(), a);
    if (job.options.routing != PulseRouting::kBoth) {
        up = job.options.routing == PulseRouting::kUpOnly ? up : hn::Sub(all, up);
        all = up;
    }
}

// Normal numbers by cell, not by firing cell: sample 0 of the batch names them.
HWY_INLINE void batch_normals(
    const PulseJob& job, Stream stream, size_t line, size_t cell, float* normals) {
    const size_t block =
        line * ((job.stride + kRandomBlock - 1) / kRandomBlock) + cell / kRandomBlock;
    normal_block(job.batch_key,
                 static_cast<uint32_t>(stream),
                 job.step,
                 static_cast<uint32_t>(block),
                 normals);
}

// The cells that may meet a bound, of several rows side by side: enough of them at a time that
// their dependent steps overlap. One sequence of numbers for all samples: the batch level depends
// on how samples are cut into batches anyway.
HWY_INLINE void pulse_rest(const PulseJob& job,
                           size_t first_row,
                           PulseScratch& scratch,
                           PulseActivity& activity) {
    const PulseI di;
    const PulseU du;
    const CellArrays& c = job.cells;
    const std::vector<size_t>& rest = scratch.rest;  // each row padded to a multiple of 16
    const size_t width = rest.size();
    const std::array<const float*, 5> from = {
        c.weight, c.min_bound, c.max_bound, c.step_up, c.step_down};
    scratch.tables.resize(from.size() * width);
    scratch.counters.assign(2 * width, 0);
    for (size_t t = 0; t < from.size(); t++) {
        for (size_t i = 0; i < width; i++) {
            scratch.tables[t * width + i] = rest[i] != kNoCell ? from[t][rest[i]] : 0.0f;
        }
    }
    const size_t words = job.plane_words;
    scratch.bits.resize(std::max(scratch.bits.size(), words * width));
    scratch.negative.resize(std::max(scratch.negative.size(), words * width));
    const auto* bits = reinterpret_cast<const int32_t*>(job.col_plane.data());
    const auto* signs = reinterpret_cast<const int32_t*>(job.col_sign_plane.data());
    for (size_t i = 0; i < width; i += kPulseLanes) {
        HWY_ALIGN int32_t place[kPulseLanes];
        size_t cells = 0;
        for (size_t k = 0; k < kPulseLanes; k++) {
            const size_t cell = rest[i + k] != kNoCell ? rest[i + k] % job.stride : 0;
            cells += rest[i + k] != kNoCell ? 1 : 0;
            place[k] = static_cast<int32_t>(cell / kVirtualLanes * words * kVirtualLanes +
                                            cell % kVirtualLanes);
        }
        const VI index = hn::Load(di, place);
        const auto real = hn::FirstN(di, cells);
        const size_t line = (cells > 0 ? rest[i] : 0) / job.stride;
        const uint32_t* row_bits = job.row_plane.data() + line * words;
        const uint32_t* row_signs = job.row_sign_plane.data() + line * words;
        for (size_t w = 0; w < words; w++) {
            const VI col =
                hn::IfThenElseZero(real, hn::GatherIndex(di, bits + w * kVirtualLanes, index));
            const VI sign = hn::GatherIndex(di, signs + w * kVirtualLanes, index);
            const VU both = hn::And(hn::BitCast(du, col), hn::Set(du, row_bits[w]));
            const VU differ = hn::Xor(hn::BitCast(du, sign), hn::Set(du, row_signs[w]));
            hn::StoreU(both, du, scratch.bits.data() + w * width + i);
            hn::StoreU(hn::AndNot(differ, both), du, scratch.negative.data() + w * width + i);
        }
    }
    PulseRow row;
    row.cells.weight = scratch.tables.data();
    row.cells.min_bound = row.cells.weight + width;
    row.cells.max_bound = row.cells.weight + 2 * width;
    row.cells.step_up = row.cells.weight + 3 * width;
    row.cells.step_down = row.cells.weight + 4 * width;
    row.cells.up_pulses = scratch.counters.data();
    row.cells.down_pulses = scratch.counters.data() + width;
    row.cell_count = width;
    row.coincidences = scratch.bits.data();
    row.rising = scratch.negative.data();
    if (c.up_pulses != nullptr || job.options.routing != PulseRouting::kBoth) {
        pulse_samples<StepKind::kConstant, true>(job, row, first_row, true, scratch, activity);
    } else {
        pulse_samples<StepKind::kConstant, false>(job, row, first_row, true, scratch, activity);
    }
    for (size_t i = 0; i < width; i++) {
        if (rest[i] != kNoCell) {
            c.weight[rest[i]] = scratch.tables[i];
            if (c.up_pulses != nullptr) {
                c.up_pulses[rest[i]] += scratch.counters[i];
                c.down_pulses[rest[i]] += scratch.counters[width + i];
            }
        }
    }
}

// Constant steps: one normal number per cell and batch where no bound can be met; the other cells
// are noted in scratch.rest.
HWY_INLINE void constant_batch_row(const PulseJob& job,
                                   size_t line,
                                   PulseScratch& scratch,
                                   PulseActivity& activity) {
    const PulseF d;
    const PulseI di;
    const StepForm& f = *job.form;
    const CellArrays c = row_of(job.cells, line * job.stride);
    HWY_ALIGN float normals[kRandomBlock];
    VI pulses = hn::Zero(di);
    for (size_t cell = 0; cell < job.stride; cell += kPulseLanes) {
        if (cell % kRandomBlock == 0) {
            batch_normals(job, Stream::kPulseBatch, line, cell, normals);
        }
        VI up, all;
        count_batch(job, line, cell, up, all);
        const VF s_up = hn::LoadU(d, c.step_up + cell);
        const VF s_down = hn::LoadU(d, c.step_down + cell);
        const VF w = hn::LoadU(d, c.weight + cell);
        const VF rise = hn::Mul(hn::ConvertTo(d, up), s_up);
        const VF fall = hn::Mul(hn::ConvertTo(d, hn::Sub(all, up)), s_down);
        const VF square = hn::MulAdd(rise, s_up, hn::Mul(fall, s_down));
        const VF noise = hn::Mul(hn::Set(d, f.noise_of_mean), hn::Sqrt(square));
        const VF reach = hn::Mul(noise, hn::Set(d, kJumpSigmas));
        const MF inside =
            hn::And(hn::Le(hn::Add(hn::Add(w, rise), reach), hn::LoadU(d, c.max_bound + cell)),
                    hn::Ge(hn::Sub(hn::Sub(w, fall), reach), hn::LoadU(d, c.min_bound + cell)));
        const MF fires = hn::RebindMask(d, hn::Gt(all, hn::Zero(di)));
        const MF jumps = hn::And(inside, fires);
        const VF normal = hn::LoadU(d, normals + cell % kRandomBlock);
        const VF to = hn::Add(w, hn::MulAdd(noise, normal, hn::Sub(rise, fall)));
        hn::StoreU(hn::IfThenElse(jumps, to, w), d, c.weight + cell);
        const auto counted = hn::RebindMask(di, jumps);
        const VI all_counted = hn::IfThenElseZero(counted, all);
        pulses = hn::Add(pulses, all_counted);
        if (c.up_pulses != nullptr) {
            const VI up_counted = hn::IfThenElseZero(counted, up);
            count_endurance(c, cell, up_counted, hn::Sub(all_counted, up_counted));
        }
        activity.batch_cells += hn::CountTrue(d, jumps);
        for (uint32_t others = bits_of(hn::AndNot(inside, fires)); others != 0;
             others &= others - 1) {
            scratch.rest.push_back(line * job.stride + cell +
                                   static_cast<size_t>(std::countr_zero(others)));
        }
    }
    activity.normals += job.stride;
    activity.pulses += static_cast<uint64_t>(hn::GetLane(hn::SumOfLanes(di, pulses)));
    while (scratch.rest.size() % kVirtualLanes != 0) {
        scratch.rest.push_back(kNoCell);
    }
}

// (1 + k)^n and 1 + (1 + k) + ... + (1 + k)^(n-1), by doubling.
HWY_INLINE void power_and_sum(VF k, VI n, VF& power, VF& sum) {
    const PulseF d;
    const PulseI di;
    power = hn::Set(d, 1.0f);
    sum = hn::Zero(d);
    VF p = hn::Add(k, hn::Set(d, 1.0f));
    VF g = hn::Set(d, 1.0f);
    while (!hn::AllTrue(di, hn::Eq(n, hn::Zero(di)))) {
        const MF odd = hn::RebindMask(d, hn::TestBit(n, hn::Set(di, 1)));
        sum = hn::IfThenElse(odd, hn::MulAdd(power, g, sum), sum);
        power = hn::IfThenElse(odd, hn::Mul(power, p), power);
        g = hn::MulAdd(g, p, g);
        p = hn::Mul(p, p);
        n = hn::ShiftRight<1>(n);
    }
}

// Law `batch`: all pulses of the batch as if up and down came in their average order.
template <StepKind K>
HWY_INLINE void batch_row(const PulseJob& job, size_t line, PulseActivity& activity) {
    const PulseF d;
    const PulseI di;
    const StepForm& f = *job.form;
    const CellArrays c = row_of(job.cells, line * job.stride);
    const VF of_mean = hn::Set(d, f.noise_of_mean);
    const VF of_step = hn::Set(d, f.noise_of_step);
    HWY_ALIGN float normals[kRandomBlock];
    HWY_ALIGN float write[kRandomBlock];
    VI pulses = hn::Zero(di);
    for (size_t cell = 0; cell < job.stride; cell += kPulseLanes) {
        if (cell % kRandomBlock == 0) {
            batch_normals(job, Stream::kPulseBatch, line, cell, normals);
            if (c.visible != nullptr) {
                batch_normals(job, Stream::kWriteNoise, line, cell, write);
            }
        }
        VI up, all;
        count_batch(job, line, cell, up, all);
        const MF fires = hn::RebindMask(d, hn::Gt(all, hn::Zero(di)));
        activity.batch_cells += hn::CountTrue(d, fires);
        pulses = hn::Add(pulses, all);
        if (c.up_pulses != nullptr) {
            count_endurance(c, cell, up, hn::Sub(all, up));
        }
        const VF n = hn::ConvertTo(d, hn::Max(all, hn::Set(di, 1)));
        const VF share = hn::Div(hn::ConvertTo(d, up), n);
        const VF other = hn::Sub(hn::Set(d, 1.0f), share);
        const VF s_up = hn::LoadU(d, c.step_up + cell);
        const VF s_down = hn::LoadU(d, c.step_down + cell);
        VF k_up = hn::Zero(d);
        VF k_down = hn::Zero(d);
        if constexpr (K == StepKind::kLinear) {
            k_up = hn::LoadU(d, c.shape_up + cell);
            k_down = hn::LoadU(d, c.shape_down + cell);
        }
        const VF old = hn::LoadU(d, c.weight + cell);
        const VF reference =
            c.reference != nullptr ? hn::LoadU(d, c.reference + cell) : hn::Zero(d);
        const VF u = hn::Add(old, reference);
        // Average map of one pulse: u' = u + k u + s.
        const VF k = hn::Sub(hn::Mul(share, k_up), hn::Mul(other, k_down));
        const VF s = hn::Sub(hn::Mul(share, s_up), hn::Mul(other, s_down));
        VF power = hn::Set(d, 1.0f);
        VF sum = hn::ConvertTo(d, all);
        if constexpr (K == StepKind::kLinear) {
            power_and_sum(k, all, power, sum);
        }
        const VF change = hn::Mul(hn::MulAdd(k, u, s), sum);
        // The noise of a pulse, at the middle of the way.
        const VF middle = hn::MulAdd(change, hn::Set(d, 0.5f), u);
        const VF up_mean = hn::MulAdd(k_up, middle, s_up);
        const VF down_mean = hn::MulAdd(k_down, middle, s_down);
        const VF up_noise = hn::MulAdd(of_mean, up_mean, hn::Mul(of_step, s_up));
        const VF down_noise = hn::MulAdd(of_mean, down_mean, hn::Mul(of_step, s_down));
        const VF variance = hn::MulAdd(
            hn::Mul(share, up_noise), up_noise, hn::Mul(hn::Mul(other, down_noise), down_noise));
        // sum of a^(2 i) = sum of a^i (a^n + 1) / (a + 1)
        const VF weight =
            hn::Div(hn::Mul(sum, hn::Add(power, hn::Set(d, 1.0f))), hn::Add(k, hn::Set(d, 2.0f)));
        const VF noise = hn::Sqrt(hn::Max(hn::Mul(variance, weight), hn::Zero(d)));
        const VF normal = hn::LoadU(d, normals + cell % kRandomBlock);
        VF to = hn::Add(u, hn::MulAdd(noise, normal, change));
        to = hn::Min(hn::Max(to, hn::LoadU(d, c.min_bound + cell)),
                     hn::LoadU(d, c.max_bound + cell));
        const VF w = hn::IfThenElse(fires, hn::Sub(to, reference), old);
        hn::StoreU(w, d, c.weight + cell);
        if (c.visible != nullptr) {
            const VF seen =
                hn::MulAdd(hn::Set(d, f.write_noise), hn::LoadU(d, write + cell % kRandomBlock), w);
            hn::StoreU(
                hn::IfThenElse(fires, seen, hn::LoadU(d, c.visible + cell)), d, c.visible + cell);
        }
    }
    activity.normals += job.stride * (c.visible != nullptr ? 2 : 1);
    activity.pulses += static_cast<uint64_t>(hn::GetLane(hn::SumOfLanes(di, pulses)));
}

void PulseRows(const PulseJob& job,
               size_t first_row,
               size_t last_row,
               PulseScratch& scratch,
               PulseActivity& activity) {
    const StepKind kind = job.form->kind;
    if (job.plane_words > 0) {
        scratch.rest.clear();
        for (size_t line = first_row; line < last_row; line++) {
            if (job.options.law == PulseLaw::kBatch && kind == StepKind::kLinear) {
                batch_row<StepKind::kLinear>(job, line, activity);
            } else if (job.options.law == PulseLaw::kBatch) {
                batch_row<StepKind::kConstant>(job, line, activity);
            } else {
                constant_batch_row(job, line, scratch, activity);
            }
        }
        if (!scratch.rest.empty()) {
            pulse_rest(job, first_row, scratch, activity);
        }
        return;
    }
    const LineTrains& cols = job.trains->col_lines;
    PulseRow row;
    row.cell_count = job.stride;
    row.col_bits = cols.bits.data();
    row.col_sample_stride = cols.words_per_sample * cols.stride;
    row.col_word_stride = cols.stride;
    row.col_negative = cols.negative.data();
    row.negative_stride = cols.stride;
    row.sparse_columns = !job.trains->first_group.empty();
    for (size_t line = first_row; line < last_row; line++) {
        row.cells = row_of(job.cells, line * job.stride);
        switch (kind) {
            case StepKind::kConstant:
                pulse_samples_of<StepKind::kConstant>(job, row, line, scratch, activity);
                break;
            case StepKind::kLinear:
                pulse_samples_of<StepKind::kLinear>(job, row, line, scratch, activity);
                break;
            case StepKind::kExponential:
                pulse_samples_of<StepKind::kExponential>(job, row, line, scratch, activity);
                break;
            case StepKind::kPower:
                pulse_samples_of<StepKind::kPower>(job, row, line, scratch, activity);
                break;
            case StepKind::kExponentialResponse:
                pulse_samples_of<StepKind::kExponentialResponse>(job, row, line, scratch, activity);
                break;
            case StepKind::kPiecewise:
                pulse_samples_of<StepKind::kPiecewise>(job, row, line, scratch, activity);
                break;
            case StepKind::kHidden:
            case StepKind::kUser:
                break;  // PulsedArray runs these itself
        }
    }
}

}  // namespace HWY_NAMESPACE
}  // namespace mho
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mho {

HWY_EXPORT(PulseRows);

void pulse_rows(const PulseJob& job,
                size_t first_row,
                size_t last_row,
                PulseScratch& scratch,
                PulseActivity& activity) {
    HWY_DYNAMIC_DISPATCH(PulseRows)(job, first_row, last_row, scratch, activity);
}

}  // namespace mho
#endif

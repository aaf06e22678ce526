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

// The cells of one row and the bits of their columns, for all samples.
struct PulseRow {
    CellArrays cells;  // of this row
    size_t groups = 0;
    const uint32_t* col_bits = nullptr;  // + sample * col_sample_stride + word * col_word_stride
    size_t col_sample_stride = 0;
    size_t col_word_stride = 0;
    const uint32_t* col_negative = nullptr;  // + sample * negative_stride
    size_t negative_stride = 0;
    bool sparse_columns = false;  // honour the column ranges of the trains
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
constexpr size_t kPulseParts = kVirtualLanes / kPulseLanes;

// Groups of 16 cells: one register, or two.
struct Group {
    VI count[kPulseParts];
    MF up[kPulseParts];
};

HWY_INLINE uint32_t bits_of(MF mask) {
    uint8_t bytes[8] = {};
    hn::StoreMaskBits(PulseF(), mask, bytes);
    return bytes[0] | (uint32_t{bytes[1]} << 8);
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
    if constexpr (K == StepKind::kLinear || K == StepKind::kPower) {
        cell.shape =
            hn::IfThenElse(up, hn::LoadU(d, c.shape_up + i), hn::LoadU(d, c.shape_down + i));
    }
    if constexpr (K != StepKind::kConstant && K != StepKind::kLinear) {
        cell.scale =
            hn::IfThenElse(up, hn::LoadU(d, c.scale_up + i), hn::LoadU(d, c.scale_down + i));
    }
    return cell;
}

// Mean and standard deviation of one pulse in its direction, from device value u.
template <StepKind K>
HWY_INLINE void one_pulse(const StepForm& f, const Cell& c, VF u, VF& mean, VF& noise) {
    const PulseF d;
    if constexpr (K == StepKind::kConstant) {
        mean = c.step;
        noise = hn::Mul(hn::Set(d, f.noise_of_mean), mean);
        return;
    }
    if constexpr (K == StepKind::kLinear) {
        mean = hn::MulAdd(c.shape, u, c.step);
        noise = hn::Mul(hn::Set(d, f.noise_of_mean), mean);
        noise = hn::MulAdd(hn::Set(d, f.noise_of_step), c.step, noise);
        return;
    }
    if constexpr (K == StepKind::kExponential) {
        const VF z = hn::MulAdd(u, c.scale, hn::Set(d, f.offset));
        const VF rate = hn::IfThenElse(c.up, hn::Set(d, f.rate_up), hn::Set(d, f.rate_down));
        const VF amplitude =
            hn::IfThenElse(c.up, hn::Set(d, f.amplitude_up), hn::Set(d, f.amplitude_down));
        const VF e = simd_exp(d, hn::Mul(rate, z));
        mean = hn::Mul(c.step, hn::Max(hn::NegMulAdd(amplitude, e, hn::Set(d, 1.0f)), hn::Zero(d)));
    } else if constexpr (K == StepKind::kPower) {
        const VF distance =
            hn::Mul(hn::IfThenElse(c.up, hn::Sub(c.high, u), hn::Sub(u, c.low)), c.scale);
        const VF base = hn::Max(distance, hn::Set(d, 1e-30f));
        mean = hn::Mul(c.step, simd_exp(d, hn::Mul(c.shape, simd_log(d, base))));
    } else if constexpr (K == StepKind::kExponentialResponse) {
        const VF distance =
            hn::Mul(hn::IfThenElse(c.up, hn::Sub(c.high, u), hn::Sub(u, c.low)), c.scale);
        const VF e = simd_exp(d, hn::Mul(hn::Set(d, f.curvature), hn::Max(distance, hn::Zero(d))));
        mean = hn::Mul(c.step, hn::Mul(hn::Sub(e, hn::Set(d, 1.0f)), hn::Set(d, f.inverse_norm)));
    } else {
        const PulseI di;
        const auto nodes = static_cast<int32_t>(f.nodes_up.size());
        const VF q = hn::Min(hn::Max(hn::Mul(hn::Sub(u, c.low), c.scale), hn::Zero(d)),
                             hn::Set(d, static_cast<float>(nodes - 1)));
        const VI i = hn::Min(hn::ConvertTo(di, q), hn::Set(di, nodes - 2));  // truncates
        const VF part = hn::Sub(q, hn::ConvertTo(d, i));
        const auto at = [&](const std::vector<float>& up, const std::vector<float>& down) HWY_ATTR {
            const VF u0 = hn::GatherIndex(d, up.data(), i);
            const VF u1 = hn::GatherIndex(d, up.data() + 1, i);
            const VF d0 = hn::GatherIndex(d, down.data(), i);
            const VF d1 = hn::GatherIndex(d, down.data() + 1, i);
            const VF v0 = hn::IfThenElse(c.up, u0, d0);
            const VF v1 = hn::IfThenElse(c.up, u1, d1);
            return hn::MulAdd(part, hn::Sub(v1, v0), v0);
        };
        mean = hn::Mul(c.step, at(f.nodes_up, f.nodes_down));
        if (!f.spread_up.empty()) {
            noise = hn::Mul(c.step, at(f.spread_up, f.spread_down));
            return;
        }
    }
    noise = hn::Mul(hn::Set(d, f.noise_of_mean), mean);
    noise = hn::MulAdd(hn::Set(d, f.noise_of_step), c.step, noise);
    noise = hn::Add(noise, hn::Set(d, f.noise_add));
    noise = hn::MulAdd(hn::Set(d, f.noise_slope), hn::Abs(u), noise);
}

// Mean and standard deviation of n pulses, and where that law may be used: the cells that cannot
// meet a bound on the way.
template <StepKind K>
HWY_INLINE MF jump(const StepForm& f, const Cell& c, VF u, VF n, VF& mean, VF& noise) {
    const PulseF d;
    const VF one = hn::Set(d, 1.0f);
    const VF root = hn::Sqrt(n);
    MF allowed = hn::Eq(n, n);
    VF jump_mean, jump_noise;
    if constexpr (K == StepKind::kLinear) {
        // u' = a u + s with a = 1 + k: after n pulses the change is (k u + s) (a^n - 1) / k, by
        // the binomial series; it ends by itself for n <= 4.
        const VF k = hn::IfThenElse(c.up, c.shape, hn::Neg(c.shape));
        const VF n1 = hn::Sub(n, one);
        const VF n2 = hn::Sub(n, hn::Set(d, 2.0f));
        const VF n3 = hn::Sub(n, hn::Set(d, 3.0f));
        VF series = hn::MulAdd(hn::Mul(n3, hn::Set(d, 0.25f)), k, one);
        series = hn::MulAdd(hn::Mul(hn::Mul(n2, hn::Set(d, 1.0f / 3.0f)), k), series, one);
        series = hn::MulAdd(hn::Mul(hn::Mul(n1, hn::Set(d, 0.5f)), k), series, one);
        jump_mean = hn::Mul(hn::Mul(n, mean), series);
        // Relative noise: every pulse is worth a^(n-1). Constant noise: pulse i is worth a^i.
        const VF change = hn::Mul(n1, k);
        VF worth;
        if (f.noise_of_step > 0) {
            const VF half = hn::Mul(change, hn::Set(d, 0.5f));
            worth = hn::MulAdd(hn::MulAdd(half, hn::Set(d, 5.0f / 6.0f), one), half, one);
        } else {
            worth = hn::MulAdd(hn::MulAdd(hn::Mul(n2, hn::Set(d, 0.5f)), k, one), change, one);
        }
        jump_noise = hn::Mul(hn::Mul(root, noise), worth);
        const VF nk = hn::Abs(hn::Mul(n, k));
        allowed = hn::Or(hn::Le(n, hn::Set(d, 4.0f)), hn::Le(nk, hn::Set(d, kMostLinearChange)));
        const VF spread =
            hn::Mul(nk, hn::Abs(hn::Mul(k, hn::Set(d, f.noise_of_mean * f.noise_of_mean))));
        allowed = hn::And(allowed, hn::Le(spread, hn::Set(d, kMostLinearVariance)));
    } else {
        jump_mean = hn::Mul(n, mean);
        jump_noise = hn::Mul(root, noise);
    }
    const VF signed_mean = hn::IfThenElse(c.up, jump_mean, hn::Neg(jump_mean));
    const VF end = hn::Add(u, signed_mean);
    const VF reach = hn::Mul(hn::Abs(jump_noise), hn::Set(d, kJumpSigmas));
    const MF inside = hn::And(hn::Le(hn::Add(hn::Max(u, end), reach), c.high),
                              hn::Ge(hn::Sub(hn::Min(u, end), reach), c.low));
    allowed = hn::Or(hn::And(allowed, inside), hn::Le(n, one));
    mean = hn::IfThenElse(allowed, jump_mean, mean);
    noise = hn::IfThenElse(allowed, jump_noise, noise);
    return allowed;
}

HWY_INLINE VF moved(const Cell& c, VF u, VF mean, VF noise, VF normal) {
    const VF change = hn::MulAdd(noise, normal, mean);
    const VF to = hn::IfThenElse(c.up, hn::Add(u, change), hn::Sub(u, change));
    return hn::Min(hn::Max(to, c.low), c.high);
}

// Coincidences of one group of columns with a row in one sample, and their direction.
HWY_INLINE void count_trains(const PulseRow& row,
                             const LineTrains& lines,
                             size_t sample,
                             size_t line,
                             size_t group,
                             Group& g) {
    const PulseU du;
    const uint32_t* bits = row.col_bits + sample * row.col_sample_stride + group * kVirtualLanes;
    const uint32_t* sign = row.col_negative + sample * row.negative_stride + group * kVirtualLanes;
    const uint32_t* row_bits = lines.sample_bits(sample) + line;
    const VU row_sign = hn::Set(du, lines.negative[sample * lines.stride + line]);
    for (size_t p = 0; p < kPulseParts; p++) {
        const size_t at = p * kPulseLanes;
        VU n = hn::PopulationCount(hn::And(hn::LoadU(du, bits + at), hn::Set(du, row_bits[0])));
        for (size_t w = 1; w < lines.words_per_sample; w++) {
            const VU both = hn::And(hn::LoadU(du, bits + w * row.col_word_stride + at),
                                    hn::Set(du, row_bits[w * lines.stride]));
            n = hn::Add(n, hn::PopulationCount(both));
        }
        g.count[p] = hn::BitCast(PulseI(), n);
        g.up[p] = hn::RebindMask(PulseF(), hn::Eq(hn::LoadU(du, sign + at), row_sign));
    }
}

HWY_INLINE void count_buffer(const int32_t* counts, Group& g) {
    const PulseI di;
    for (size_t p = 0; p < kPulseParts; p++) {
        const VI n = hn::LoadU(di, counts + p * kPulseLanes);
        g.up[p] = hn::RebindMask(PulseF(), hn::Gt(n, hn::Zero(di)));
        g.count[p] = hn::Abs(n);
    }
}

HWY_INLINE void route(PulseRouting routing, Group& g) {
    if (routing == PulseRouting::kBoth) {
        return;
    }
    const PulseF d;
    for (size_t p = 0; p < kPulseParts; p++) {
        const auto up = hn::RebindMask(PulseI(), g.up[p]);
        g.count[p] = routing == PulseRouting::kUpOnly ? hn::IfThenElseZero(up, g.count[p])
                                                      : hn::IfThenZeroElse(up, g.count[p]);
        g.up[p] = hn::FirstN(d, kPulseLanes);
    }
}

HWY_INLINE bool empty(const Group& g) {
    VI any = g.count[0];
    for (size_t p = 1; p < kPulseParts; p++) {
        any = hn::Or(any, g.count[p]);
    }
    return hn::AllTrue(PulseI(), hn::Eq(any, hn::Zero(PulseI())));
}

// The law of one group of cells; i = first cell of the group in the row.
template <StepKind K>
HWY_INLINE void pulse_group(const PulseJob& job,
                            const CellArrays& c,
                            size_t i,
                            const Group& g,
                            NormalSource& normals,
                            NormalSource& write,
                            PulseActivity& activity) {
    const PulseF d;
    const PulseI di;
    const StepForm& f = *job.form;
    const bool may_jump =
        job.options.law != PulseLaw::kPulse &&
        (K == StepKind::kConstant || K == StepKind::kLinear || job.options.frozen_response);
    const bool frozen =
        K == StepKind::kConstant || (job.options.frozen_response && K != StepKind::kLinear);
    Cell cell[kPulseParts];
    VF u[kPulseParts], reference[kPulseParts], mean[kPulseParts], noise[kPulseParts];
    VI left[kPulseParts];
    MF fires[kPulseParts];
    VI any_left = hn::Zero(di);
    for (size_t p = 0; p < kPulseParts; p++) {
        const size_t at = i + p * kPulseLanes;
        fires[p] = hn::RebindMask(d, hn::Gt(g.count[p], hn::Zero(di)));
        cell[p] = load_cell<K>(c, at, g.up[p]);
        u[p] = hn::LoadU(d, c.weight + at);
        if (c.reference != nullptr) {
            reference[p] = hn::LoadU(d, c.reference + at);
            u[p] = hn::Add(u[p], reference[p]);
        }
        one_pulse<K>(f, cell[p], u[p], mean[p], noise[p]);
        left[p] = hn::Max(hn::Sub(g.count[p], hn::Set(di, 1)), hn::Zero(di));
        any_left = hn::Or(any_left, left[p]);
    }
    VF pulse_mean[kPulseParts], pulse_noise[kPulseParts];
    const bool several = !hn::AllTrue(di, hn::Eq(any_left, hn::Zero(di)));
    if (several) {
        any_left = hn::Zero(di);
        for (size_t p = 0; p < kPulseParts; p++) {
            pulse_mean[p] = mean[p];
            pulse_noise[p] = noise[p];
            if (may_jump) {
                // A cell without pulses must not see the root of a negative series.
                const VF n = hn::ConvertTo(d, hn::Max(g.count[p], hn::Set(di, 1)));
                const MF jumps = jump<K>(f, cell[p], u[p], n, mean[p], noise[p]);
                left[p] = hn::IfThenZeroElse(hn::RebindMask(di, jumps), left[p]);
            }
            any_left = hn::Or(any_left, left[p]);
        }
    }
    for (size_t p = 0; p < kPulseParts; p++) {
        const VF to = moved(cell[p], u[p], mean[p], noise[p], normals.take(fires[p]));
        u[p] = hn::IfThenElse(fires[p], to, u[p]);
        activity.sample_cells += hn::CountTrue(d, fires[p]);
    }
    if (several && !hn::AllTrue(di, hn::Eq(any_left, hn::Zero(di)))) {
        for (size_t p = 0; p < kPulseParts; p++) {
            const size_t slow = hn::CountTrue(di, hn::Gt(left[p], hn::Zero(di)));
            activity.pulse_cells += slow;
            activity.sample_cells -= slow;
        }
        do {
            any_left = hn::Zero(di);
            for (size_t p = 0; p < kPulseParts; p++) {
                const MF more = hn::RebindMask(d, hn::Gt(left[p], hn::Zero(di)));
                if (!frozen) {
                    one_pulse<K>(f, cell[p], u[p], pulse_mean[p], pulse_noise[p]);
                }
                const VF to =
                    moved(cell[p], u[p], pulse_mean[p], pulse_noise[p], normals.take(more));
                u[p] = hn::IfThenElse(more, to, u[p]);
                left[p] = hn::Max(hn::Sub(left[p], hn::Set(di, 1)), hn::Zero(di));
                any_left = hn::Or(any_left, left[p]);
            }
        } while (!hn::AllTrue(di, hn::Eq(any_left, hn::Zero(di))));
    }
    for (size_t p = 0; p < kPulseParts; p++) {
        const size_t at = i + p * kPulseLanes;
        VF w = u[p];
        if (c.reference != nullptr) {
            // Cells without pulses keep their bits.
            w = hn::IfThenElse(fires[p], hn::Sub(w, reference[p]), hn::LoadU(d, c.weight + at));
        }
        hn::StoreU(w, d, c.weight + at);
        if (c.visible != nullptr) {
            const VF seen = hn::MulAdd(hn::Set(d, f.write_noise), write.take(fires[p]), w);
            hn::StoreU(
                hn::IfThenElse(fires[p], seen, hn::LoadU(d, c.visible + at)), d, c.visible + at);
        }
        if (c.up_pulses != nullptr) {
            const PulseU du;
            const auto up = hn::RebindMask(du, g.up[p]);
            const VU n = hn::BitCast(du, g.count[p]);
            hn::StoreU(hn::Add(hn::LoadU(du, c.up_pulses + at), hn::IfThenElseZero(up, n)),
                       du,
                       c.up_pulses + at);
            hn::StoreU(hn::Add(hn::LoadU(du, c.down_pulses + at), hn::IfThenZeroElse(up, n)),
                       du,
                       c.down_pulses + at);
        }
    }
}

// All samples of one row of cells.
template <StepKind K>
HWY_INLINE void pulse_samples(const PulseJob& job,
                              const PulseRow& row,
                              size_t line,
                              PulseActivity& activity) {
    const PulseTrains& trains = *job.trains;
    const LineTrains& lines = trains.row_lines;
    const bool by_bits = trains.counting == PulseCounting::kTrains;
    const auto first_block = static_cast<uint32_t>(line) * job.blocks_per_row;
    std::vector<int32_t> counts(by_bits ? 0 : row.groups * kVirtualLanes);
    const PulseI di;
    for (size_t s = 0; s < trains.samples; s++) {
        if (trains.length[s] == 0 || (!job.options.only.empty() && job.options.only[s] == 0)) {
            continue;
        }
        if (by_bits) {
            uint32_t any = 0;
            for (size_t w = 0; w < lines.words_per_sample; w++) {
                any |= lines.sample_bits(s)[w * lines.stride + line];
            }
            if (any == 0) {
                continue;
            }
        } else {
            count_row(trains, s, line, job.sample_keys[s], job.step, counts);
        }
        const size_t first = row.sparse_columns ? trains.first_group[s] : 0;
        const size_t last = row.sparse_columns ? trains.last_group[s] : row.groups;
        NormalSource normals(job.sample_keys[s], Stream::kPulseNoise, job.step, first_block);
        NormalSource write(job.sample_keys[s], Stream::kWriteNoise, job.step, first_block);
        VI pulses = hn::Zero(di);
        for (size_t group = first; group < last; group++) {
            Group g;
            if (by_bits) {
                count_trains(row, lines, s, line, group, g);
            } else {
                count_buffer(counts.data() + group * kVirtualLanes, g);
            }
            route(job.options.routing, g);
            if (empty(g)) {
                continue;
            }
            for (size_t p = 0; p < kPulseParts; p++) {
                pulses = hn::Add(pulses, g.count[p]);
            }
            pulse_group<K>(job, row.cells, group * kVirtualLanes, g, normals, write, activity);
        }
        activity.pulses += static_cast<uint64_t>(hn::GetLane(hn::SumOfLanes(di, pulses)));
        activity.normals += normals.taken() + write.taken();
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

// Up and down counts of one group over the whole batch.
HWY_INLINE void count_batch(
    const PulseJob& job, size_t line, size_t group, VI (&up)[kPulseParts], VI (&all)[kPulseParts]) {
    const PulseU du;
    const size_t words = job.plane_words;
    const uint32_t* bits = job.col_plane.data() + group * words * kVirtualLanes;
    const uint32_t* signs = job.col_sign_plane.data() + group * words * kVirtualLanes;
    const uint32_t* row_bits = job.row_plane.data() + line * words;
    const uint32_t* row_signs = job.row_sign_plane.data() + line * words;
    VU u[kPulseParts], a[kPulseParts];
    for (size_t p = 0; p < kPulseParts; p++) {
        u[p] = a[p] = hn::Zero(du);
    }
    for (size_t w = 0; w < words; w++) {
        const VU rb = hn::Set(du, row_bits[w]);
        const VU rs = hn::Set(du, row_signs[w]);
        for (size_t p = 0; p < kPulseParts; p++) {
            const size_t at = w * kVirtualLanes + p * kPulseLanes;
            const VU both = hn::And(hn::LoadU(du, bits + at), rb);
            const VU differ = hn::Xor(hn::LoadU(du, signs + at), rs);
            a[p] = hn::Add(a[p], hn::PopulationCount(both));
            u[p] = hn::Add(u[p], hn::PopulationCount(hn::AndNot(differ, both)));
        }
    }
    for (size_t p = 0; p < kPulseParts; p++) {
        up[p] = hn::BitCast(PulseI(), u[p]);
        all[p] = hn::BitCast(PulseI(), a[p]);
        if (job.options.routing != PulseRouting::kBoth) {
            const VI down = hn::Sub(all[p], up[p]);
            up[p] = job.options.routing == PulseRouting::kUpOnly ? up[p] : down;
            all[p] = up[p];
        }
    }
}

// Normal numbers by cell, not by firing cell: sample 0 of the batch names them.
HWY_INLINE void batch_normals(const PulseJob& job, size_t line, size_t cell, float* normals) {
    const size_t block =
        line * ((job.stride + kRandomBlock - 1) / kRandomBlock) + cell / kRandomBlock;
    normal_block(job.batch_key,
                 static_cast<uint32_t>(Stream::kPulseBatch),
                 job.step,
                 static_cast<uint32_t>(block),
                 normals);
}

HWY_INLINE void count_endurance(const CellArrays& c, size_t at, VI up, VI all) {
    if (c.up_pulses != nullptr) {
        const PulseI di;
        auto* ups = reinterpret_cast<int32_t*>(c.up_pulses + at);
        auto* downs = reinterpret_cast<int32_t*>(c.down_pulses + at);
        hn::StoreU(hn::Add(hn::LoadU(di, ups), up), di, ups);
        hn::StoreU(hn::Add(hn::LoadU(di, downs), hn::Sub(all, up)), di, downs);
    }
}

// Constant steps: one normal number per cell and batch where no bound can be met; the other cells
// are gathered and go through their samples.
HWY_INLINE void constant_batch_row(const PulseJob& job, size_t line, PulseActivity& activity) {
    const PulseF d;
    const PulseI di;
    const StepForm& f = *job.form;
    const CellArrays c = row_of(job.cells, line * job.stride);
    const size_t groups = job.stride / kVirtualLanes;
    HWY_ALIGN float normals[kRandomBlock];
    std::vector<uint32_t> rest;
    VI pulses = hn::Zero(di);
    for (size_t group = 0; group < groups; group++) {
        const size_t cell = group * kVirtualLanes;
        if (cell % kRandomBlock == 0) {
            batch_normals(job, line, cell, normals);
        }
        VI up[kPulseParts], all[kPulseParts];
        count_batch(job, line, group, up, all);
        for (size_t p = 0; p < kPulseParts; p++) {
            const size_t at = cell + p * kPulseLanes;
            const VF n_up = hn::ConvertTo(d, up[p]);
            const VF n_down = hn::ConvertTo(d, hn::Sub(all[p], up[p]));
            const VF s_up = hn::LoadU(d, c.step_up + at);
            const VF s_down = hn::LoadU(d, c.step_down + at);
            const VF w = hn::LoadU(d, c.weight + at);
            const VF rise = hn::Mul(n_up, s_up);
            const VF fall = hn::Mul(n_down, s_down);
            const VF square =
                hn::MulAdd(hn::Mul(rise, s_up), hn::Set(d, 1.0f), hn::Mul(fall, s_down));
            const VF noise = hn::Mul(hn::Set(d, f.noise_of_mean), hn::Sqrt(square));
            const VF reach = hn::Mul(noise, hn::Set(d, kJumpSigmas));
            const MF inside =
                hn::And(hn::Le(hn::Add(hn::Add(w, rise), reach), hn::LoadU(d, c.max_bound + at)),
                        hn::Ge(hn::Sub(hn::Sub(w, fall), reach), hn::LoadU(d, c.min_bound + at)));
            const MF fires = hn::RebindMask(d, hn::Gt(all[p], hn::Zero(di)));
            const MF jumps = hn::And(inside, fires);
            const VF to = hn::Add(
                w,
                hn::MulAdd(noise, hn::LoadU(d, normals + at % kRandomBlock), hn::Sub(rise, fall)));
            hn::StoreU(hn::IfThenElse(jumps, to, w), d, c.weight + at);
            const auto counted = hn::RebindMask(di, jumps);
            const VI all_counted = hn::IfThenElseZero(counted, all[p]);
            pulses = hn::Add(pulses, all_counted);
            count_endurance(c, at, hn::IfThenElseZero(counted, up[p]), all_counted);
            activity.batch_cells += hn::CountTrue(d, jumps);
            uint32_t others = bits_of(hn::AndNot(inside, fires));
            for (; others != 0; others &= others - 1) {
                rest.push_back(static_cast<uint32_t>(at) +
                               static_cast<uint32_t>(std::countr_zero(others)));
            }
        }
    }
    activity.normals += job.stride;
    activity.pulses += static_cast<uint64_t>(hn::GetLane(hn::SumOfLanes(di, pulses)));
    if (rest.empty()) {
        return;
    }
    // The cells near a bound, side by side.
    const PulseTrains& trains = *job.trains;
    const size_t width = (rest.size() + kVirtualLanes - 1) / kVirtualLanes * kVirtualLanes;
    std::vector<float> tables(5 * width, 0.0f);
    std::vector<uint32_t> counters(c.up_pulses != nullptr ? 2 * width : 0, 0);
    const std::array<const float*, 5> from = {
        c.weight, c.min_bound, c.max_bound, c.step_up, c.step_down};
    for (size_t t = 0; t < from.size(); t++) {
        for (size_t i = 0; i < rest.size(); i++) {
            tables[t * width + i] = from[t][rest[i]];
        }
    }
    const LineTrains& cols = trains.col_lines;
    const size_t words = cols.words_per_sample;
    std::vector<uint32_t> bits(trains.samples * words * width, 0);
    std::vector<uint32_t> negative(trains.samples * width, 0);
    for (size_t s = 0; s < trains.samples; s++) {
        if (trains.length[s] == 0) {
            continue;
        }
        for (size_t i = 0; i < rest.size(); i++) {
            for (size_t w = 0; w < words; w++) {
                bits[(s * words + w) * width + i] = cols.sample_bits(s)[w * cols.stride + rest[i]];
            }
            negative[s * width + i] = cols.negative[s * cols.stride + rest[i]];
        }
    }
    PulseRow row;
    row.cells.weight = tables.data();
    row.cells.min_bound = tables.data() + width;
    row.cells.max_bound = tables.data() + 2 * width;
    row.cells.step_up = tables.data() + 3 * width;
    row.cells.step_down = tables.data() + 4 * width;
    if (!counters.empty()) {
        row.cells.up_pulses = counters.data();
        row.cells.down_pulses = counters.data() + width;
    }
    row.groups = width / kVirtualLanes;
    row.col_bits = bits.data();
    row.col_sample_stride = words * width;
    row.col_word_stride = width;
    row.col_negative = negative.data();
    row.negative_stride = width;
    pulse_samples<StepKind::kConstant>(job, row, line, activity);
    for (size_t i = 0; i < rest.size(); i++) {
        c.weight[rest[i]] = tables[i];
        if (!counters.empty()) {
            c.up_pulses[rest[i]] += counters[i];
            c.down_pulses[rest[i]] += counters[width + i];
        }
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
    HWY_ALIGN float normals[kRandomBlock];
    HWY_ALIGN float write[kRandomBlock];
    VI pulses = hn::Zero(di);
    for (size_t cell = 0; cell < job.stride; cell += kVirtualLanes) {
        if (cell % kRandomBlock == 0) {
            batch_normals(job, line, cell, normals);
            if (c.visible != nullptr) {
                const size_t block =
                    line * ((job.stride + kRandomBlock - 1) / kRandomBlock) + cell / kRandomBlock;
                normal_block(job.batch_key,
                             static_cast<uint32_t>(Stream::kWriteNoise),
                             job.step,
                             static_cast<uint32_t>(block),
                             write);
            }
        }
        VI up[kPulseParts], all[kPulseParts];
        count_batch(job, line, cell / kVirtualLanes, up, all);
        for (size_t p = 0; p < kPulseParts; p++) {
            const size_t at = cell + p * kPulseLanes;
            const MF fires = hn::RebindMask(d, hn::Gt(all[p], hn::Zero(di)));
            activity.batch_cells += hn::CountTrue(d, fires);
            pulses = hn::Add(pulses, all[p]);
            count_endurance(c, at, up[p], all[p]);
            const VF n = hn::ConvertTo(d, hn::Max(all[p], hn::Set(di, 1)));
            const VF share = hn::Div(hn::ConvertTo(d, up[p]), n);
            const VF other = hn::Sub(hn::Set(d, 1.0f), share);
            const VF s_up = hn::LoadU(d, c.step_up + at);
            const VF s_down = hn::LoadU(d, c.step_down + at);
            VF k_up = hn::Zero(d);
            VF k_down = hn::Zero(d);
            if constexpr (K == StepKind::kLinear) {
                k_up = hn::LoadU(d, c.shape_up + at);
                k_down = hn::LoadU(d, c.shape_down + at);
            }
            const VF old = hn::LoadU(d, c.weight + at);
            VF u = old;
            VF reference = hn::Zero(d);
            if (c.reference != nullptr) {
                reference = hn::LoadU(d, c.reference + at);
                u = hn::Add(u, reference);
            }
            // Average map of one pulse: u' = u + k u + s.
            const VF k = hn::Sub(hn::Mul(share, k_up), hn::Mul(other, k_down));
            const VF s = hn::Sub(hn::Mul(share, s_up), hn::Mul(other, s_down));
            VF power = hn::Set(d, 1.0f);
            VF sum = hn::ConvertTo(d, all[p]);
            if constexpr (K == StepKind::kLinear) {
                power_and_sum(k, all[p], power, sum);
            }
            const VF change = hn::Mul(hn::MulAdd(k, u, s), sum);
            // The noise of a pulse, at the middle of the way.
            const VF middle = hn::MulAdd(change, hn::Set(d, 0.5f), u);
            const VF up_mean = hn::MulAdd(k_up, middle, s_up);
            const VF down_mean = hn::MulAdd(k_down, middle, s_down);
            const VF up_noise = hn::MulAdd(
                hn::Set(d, f.noise_of_mean), up_mean, hn::Mul(hn::Set(d, f.noise_of_step), s_up));
            const VF down_noise = hn::MulAdd(hn::Set(d, f.noise_of_mean),
                                             down_mean,
                                             hn::Mul(hn::Set(d, f.noise_of_step), s_down));
            const VF variance = hn::MulAdd(hn::Mul(share, up_noise),
                                           up_noise,
                                           hn::Mul(hn::Mul(other, down_noise), down_noise));
            // sum of a^(2 i) = sum of a^i (a^n + 1) / (a + 1)
            const VF weight = hn::Div(hn::Mul(sum, hn::Add(power, hn::Set(d, 1.0f))),
                                      hn::Add(k, hn::Set(d, 2.0f)));
            const VF noise = hn::Sqrt(hn::Max(hn::Mul(variance, weight), hn::Zero(d)));
            VF to =
                hn::Add(u, hn::MulAdd(noise, hn::LoadU(d, normals + at % kRandomBlock), change));
            to = hn::Min(hn::Max(to, hn::LoadU(d, c.min_bound + at)),
                         hn::LoadU(d, c.max_bound + at));
            const VF w = hn::IfThenElse(fires, hn::Sub(to, reference), old);
            hn::StoreU(w, d, c.weight + at);
            if (c.visible != nullptr) {
                const VF seen = hn::MulAdd(
                    hn::Set(d, f.write_noise), hn::LoadU(d, write + at % kRandomBlock), w);
                hn::StoreU(
                    hn::IfThenElse(fires, seen, hn::LoadU(d, c.visible + at)), d, c.visible + at);
            }
        }
    }
    activity.normals += job.stride * (c.visible != nullptr ? 2 : 1);
    activity.pulses += static_cast<uint64_t>(hn::GetLane(hn::SumOfLanes(di, pulses)));
}

void PulseOneRow(const PulseJob& job, size_t line, PulseActivity& activity) {
    const StepKind kind = job.form->kind;
    if (job.plane_words > 0) {
        if (job.options.law == PulseLaw::kBatch && kind == StepKind::kLinear) {
            batch_row<StepKind::kLinear>(job, line, activity);
        } else if (job.options.law == PulseLaw::kBatch) {
            batch_row<StepKind::kConstant>(job, line, activity);
        } else {
            constant_batch_row(job, line, activity);
        }
        return;
    }
    const LineTrains& cols = job.trains->col_lines;
    PulseRow row;
    row.cells = row_of(job.cells, line * job.stride);
    row.groups = job.stride / kVirtualLanes;
    row.col_bits = cols.bits.data();
    row.col_sample_stride = cols.words_per_sample * cols.stride;
    row.col_word_stride = cols.stride;
    row.col_negative = cols.negative.data();
    row.negative_stride = cols.stride;
    row.sparse_columns = !job.trains->first_group.empty();
    switch (kind) {
        case StepKind::kConstant:
            return pulse_samples<StepKind::kConstant>(job, row, line, activity);
        case StepKind::kLinear:
            return pulse_samples<StepKind::kLinear>(job, row, line, activity);
        case StepKind::kExponential:
            return pulse_samples<StepKind::kExponential>(job, row, line, activity);
        case StepKind::kPower:
            return pulse_samples<StepKind::kPower>(job, row, line, activity);
        case StepKind::kExponentialResponse:
            return pulse_samples<StepKind::kExponentialResponse>(job, row, line, activity);
        case StepKind::kPiecewise:
            return pulse_samples<StepKind::kPiecewise>(job, row, line, activity);
        case StepKind::kHidden:
        case StepKind::kUser:
            return;  // PulsedArray runs these itself
    }
}

}  // namespace HWY_NAMESPACE
}  // namespace mho
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mho {

HWY_EXPORT(PulseOneRow);

void pulse_row(const PulseJob& job, size_t row, PulseActivity& activity) {
    HWY_DYNAMIC_DISPATCH(PulseOneRow)(job, row, activity);
}

}  // namespace mho
#endif

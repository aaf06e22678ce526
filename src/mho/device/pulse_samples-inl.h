// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Laws `pulse` and `sample`: all samples of one row of cells, one after the other. Included once
// per target.

#if defined(MHO_DEVICE_PULSE_SAMPLES_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef MHO_DEVICE_PULSE_SAMPLES_INL_H
#undef MHO_DEVICE_PULSE_SAMPLES_INL_H
#else
#define MHO_DEVICE_PULSE_SAMPLES_INL_H
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <bit>

#include "mho/device/pulse_normals-inl.h"
#include "mho/device/pulse_row.h"
#include "mho/device/pulse_step-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mho {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

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

}  // namespace HWY_NAMESPACE
}  // namespace mho
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard

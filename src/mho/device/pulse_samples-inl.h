// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Laws `pulse` and `sample`: all samples of a group of rows, one after the other. Included once
// per target.

#if defined(MHO_DEVICE_PULSE_SAMPLES_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef MHO_DEVICE_PULSE_SAMPLES_INL_H
#undef MHO_DEVICE_PULSE_SAMPLES_INL_H
#else
#define MHO_DEVICE_PULSE_SAMPLES_INL_H
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <bit>
#include <span>
#include <type_traits>

#include "mho/device/pulse_counts-inl.h"
#include "mho/device/pulse_normals-inl.h"
#include "mho/device/pulse_queue-inl.h"
#include "mho/device/pulse_row.h"
#include "mho/device/pulse_slots-inl.h"
#include "mho/device/pulse_step-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mho {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Below so many samples and slots the limits of find_gentle cost more than they save.
constexpr size_t kSamplesForGentle = 4;
constexpr uint32_t kLengthForGentle = 8;

// Samples of one run of short trains: their sequences of numbers stay in the second-level cache.
constexpr size_t kShortRun = 64;

// For every register of cells, how many pulses certainly keep the conditions of a jump on the
// response. Steps that are linear, or exponential with A >= 0: there 0 <= y <= 1, so step and slope
// are at most s and s |gamma t|.
template <StepKind K>
MHO_PULSE_INLINE void find_gentle(const PulseJob& job,
                                  const CellArrays& c,
                                  size_t cells,
                                  uint16_t* most) {
    const PulseF d;
    const float variance = job.form->noise_of_mean * job.form->noise_of_mean;
    for (size_t i = 0; i < cells; i += kPulseLanes) {
        VF up, down;
        if constexpr (K == StepKind::kLinear) {
            up = hn::LoadU(d, c.shape_up + i);
            down = hn::LoadU(d, c.shape_down + i);
        } else {
            up = hn::Mul(hn::LoadU(d, c.step_up + i), hn::LoadU(d, c.scale_up + i));
            down = hn::Mul(hn::LoadU(d, c.step_down + i), hn::LoadU(d, c.scale_down + i));
        }
        const VF largest = hn::MaxOfLanes(d, hn::Max(hn::Abs(up), hn::Abs(down)));
        const float k = hn::GetLane(largest) * (K == StepKind::kLinear ? 1.0f : kLn2) + 1e-20f;
        // One less than the quotient, which may be rounded up.
        const float n =
            std::min(kMostLinearChange / k, kMostLinearVariance / (k * k * variance + 1e-20f));
        most[i / kPulseLanes] = static_cast<uint16_t>(std::clamp(n - 1.0f, 0.0f, 65535.0f));
    }
}

template <StepKind K>
HWY_INLINE bool has_gentle(const StepForm& f) {
    return K == StepKind::kLinear || (K == StepKind::kExponential && f.amplitude_up >= 0 &&
                                      f.amplitude_down >= 0 && f.noise_of_step == 0);
}

// No counters, no routing.
HWY_INLINE bool uncounted_cells(const PulseJob& job, const CellArrays& c) {
    return c.up_pulses == nullptr && job.options.routing == PulseRouting::kBoth;
}

// And no write noise.
HWY_INLINE bool plain_cells(const PulseJob& job, const CellArrays& c) {
    return c.visible == nullptr && uncounted_cells(job, c);
}

HWY_INLINE bool is_gentle(const PulseRow& row, size_t cell, uint32_t most_pulses) {
    return row.gentle != nullptr && most_pulses <= row.gentle[cell / kPulseLanes];
}

// Nothing of a jump is needed where no cell has more than one pulse; that is a matter of chance,
// and where tables make a jump short, a wrong guess of the processor costs more.
constexpr bool kAlwaysJump = HWY_TARGET <= HWY_AVX3;

HWY_INLINE MF several_pulses(VI count, MF fires) {
    const PulseF d;
    const PulseI di;
#if HWY_TARGET <= HWY_AVX3
    (void)fires;
    return hn::RebindMask(d, hn::Gt(count, hn::Set(di, 1)));
#else
    // One less where a cell fires: no constant for AVX2 to make anew.
    const VI less = hn::Add(count, hn::VecFromMask(di, hn::RebindMask(di, fires)));
    return hn::RebindMask(d, hn::Gt(less, hn::Zero(di)));
#endif
}

// One row of cells in one sample. kExtras: references, write noise, counters, routing. kShort: of a
// short train, where most blocks of columns have no pulse. `write_noise`: of visible weights, or
// nullptr.
template <StepKind K, bool kExtras, bool kFrozen, bool kShort>
HWY_INLINE void pulse_sample_body(const PulseJob& job,
                                  const PulseRow& row,
                                  const SampleCounts& sample,
                                  size_t s,
                                  size_t line,
                                  NormalSource& normals,
                                  NormalSource* write_noise,
                                  Queue& queue,
                                  PulseScratch& scratch,
                                  PulseActivity& activity) {
    using Registers = std::conditional_t<kShort, FiringRegisters, AllRegisters>;
    const PulseF d;
    const PulseI di;
    const StepForm& f = *job.form;
    const CellArrays c = row.cells;  // a copy: stores to cells cannot change it
    const bool may_jump = job.options.law != PulseLaw::kPulse;
    CountTables tables(scratch.count_terms.data());
    RowBits bits{};
    uint32_t most_pulses = ~0u;  // of a cell of this row
    if (row.coincidences != nullptr) {
    } else if (sample.lines != nullptr) {
        const LineTrains& lines = *sample.lines;
        bits = {lines.sample_bits(s) + line,
                lines.stride,
                lines.words_per_sample,
                lines.negative[s * lines.stride + line]};
        most_pulses = 0;
        for (size_t w = 0; w < bits.words; w++) {
            most_pulses += static_cast<uint32_t>(std::popcount(bits.bits[w * bits.stride]));
        }
        if (most_pulses == 0) {
            return;
        }
        if (most_pulses == 1 && uncounted_cells(job, c)) {
            single_slot<K, Registers>(
                f, row, sample, bits, normals, write_noise, scratch, activity);
            return;
        }
    } else {
        scratch.counts.resize(row.cell_count);
        count_row(*job.trains, s, line, job.sample_keys[s], job.step, scratch.counts);
    }
    if (most_pulses >= CountTables::kMost) {
        tables = CountTables();
    }
    VI pulses = hn::Zero(di);
    size_t fired = 0;
    Registers registers(sample, bits, row.cell_count, scratch);
    for (size_t i = 0; registers.next(i);) {
        VF sign;
        VI count;
        if (row.coincidences != nullptr) {
            count = count_slots(sample.slots, row, i, sign);
        } else if (sample.lines != nullptr) {
            count = count_trains(
                bits, sample.col_bits + i, row.col_word_stride, sample.col_negative + i, sign);
        } else {
            const VI n = hn::LoadU(di, scratch.counts.data() + i);
            sign = hn::BitCast(d, hn::And(n, hn::BitCast(di, hn::Set(PulseU(), kSignBit))));
            count = hn::Abs(n);
        }
        if constexpr (kExtras) {
            if (job.options.routing != PulseRouting::kBoth) {
                count = routed(job.options.routing, count, sign);
            }
        }
        const MF fires = hn::RebindMask(d, hn::Gt(count, hn::Zero(di)));
        const uint32_t fire_bits = bits_of(fires);
        if (fire_bits == 0) {
            continue;
        }
        fired += static_cast<size_t>(std::popcount(fire_bits));
        pulses = hn::Add(pulses, count);
        const Cell cell = load_cell<K>(c, i, rising_lanes(sign), sign);
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
        MF waits = several_pulses(count, fires);
        const Pulse single = p;
        if (may_jump && (kAlwaysJump || !hn::AllFalse(d, waits))) {
            waits = jump<K, kFrozen>(
                f, is_gentle(row, i, most_pulses), tables, cell, u, count, waits, p);
        }
        u = moved(cell, u, p.mean, p.noise, normals.take(fires));
        VF w = u;
        VF written = hn::Zero(d);
        if constexpr (kExtras) {
            w = hn::Sub(w, reference);
            if (write_noise != nullptr) {
                written = write_visible(c, i, fires, w, f.write_noise, *write_noise);
            }
            if (c.up_pulses != nullptr) {
                const auto rises = hn::RebindMask(di, cell.up);
                count_endurance(
                    c, i, hn::IfThenElseZero(rises, count), hn::IfThenZeroElse(rises, count));
            }
        }
        if (HWY_UNLIKELY(!hn::AllFalse(d, waits))) {
            const VI left = hn::Sub(count, hn::Set(di, 1));
            queue.template push<K>(waits, left, cell, u, single, written, row.offset + i);
        }
        store_where(w, fires, weight, c.weight + i);
    }
    activity.sample_cells += fired;
    activity.pulses += static_cast<uint64_t>(hn::GetLane(hn::SumOfLanes(di, pulses)));
}

template <StepKind K, bool kExtras, bool kFrozen, bool kShort, class... Args>
HWY_NOINLINE void pulse_sample_apart(Args&&... args) {
    pulse_sample_body<K, kExtras, kFrozen, kShort>(args...);
}

#ifdef MHO_SANITIZED
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

// Inlined, a sparse update of plain cells takes 3 to 8 % less; it has two callers and a copy for
// every step, so what is rarer is called, and so is everything where sanitizers make it long to
// compile.
template <StepKind K, bool kExtras, bool kFrozen, bool kShort, class... Args>
HWY_INLINE void pulse_sample(Args&&... args) {
    if constexpr (kExtras || kSanitized) {
        pulse_sample_apart<K, kExtras, kFrozen, kShort>(args...);
    } else {
        pulse_sample_body<K, kExtras, kFrozen, kShort>(args...);
    }
}

// The cells that wait, of rows from `first` on, take the pulses that are left.
template <StepKind K, bool kFrozen>
MHO_PULSE_INLINE void run_waiting(const PulseJob& job,
                                  const PulseRow& first,
                                  NormalSource& normals,
                                  Queue& queue,
                                  PulseActivity& activity) {
    if (HWY_UNLIKELY(queue.size > 0)) {
        queue.template run<K, kFrozen>(*job.form, normals);
        queue.put_back(first.cells, job.form->write_noise, first.offset);
        activity.pulse_cells += queue.size;
        activity.sample_cells -= queue.size;
    }
}

// What transfers look at between samples.
MHO_PULSE_INLINE void look(
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

// Where in the lines of a sample a row finds what it needs.
MHO_PULSE_INLINE void begin_sample(const PulseJob& job,
                                   const PulseRow& any,
                                   size_t s,
                                   SampleCounts& sample) {
    const PulseTrains& trains = *job.trains;
    sample.first = any.sparse_columns ? size_t{16} * trains.first_group[s] : 0;
    sample.last = any.sparse_columns ? size_t{16} * trains.last_group[s] : any.cell_count;
    sample.col_bits = any.col_bits + s * any.col_sample_stride;
    sample.col_negative = any.col_negative + s * any.negative_stride;
}

HWY_INLINE bool takes_part(const PulseJob& job, size_t s) {
    return job.trains->length[s] != 0 && (job.options.only.empty() || job.options.only[s] != 0);
}

// The sequences of numbers of up to kShortRun samples, side by side.
class SourcesOfSamples {
  public:
    // Of short trains: few numbers of a sequence are taken.
    HWY_INLINE SourcesOfSamples(
        const PulseJob& job, Stream stream, uint32_t first_block, size_t begin, size_t end)
        : begin_(begin), count_(end - begin) {
        for (size_t i = 0; i < count_; i++) {
            new (memory_ + i * sizeof(NormalSource))
                NormalSource(job.sample_keys[begin + i], stream, job.step, first_block, true);
        }
    }
    HWY_INLINE NormalSource& of(size_t sample) { return *at(sample - begin_); }
    HWY_INLINE uint64_t taken() {
        uint64_t sum = 0;
        for (size_t i = 0; i < count_; i++) {
            sum += at(i)->taken();
        }
        return sum;
    }

  private:
    HWY_INLINE NormalSource* at(size_t i) {
        return std::launder(reinterpret_cast<NormalSource*>(memory_ + i * sizeof(NormalSource)));
    }

    size_t begin_;
    size_t count_;
    alignas(NormalSource) unsigned char memory_[kShortRun * sizeof(NormalSource)];
};

// Samples [begin, end) with short trains, at most kShortRun: row after row, so that the few cells
// of a row that fire are found in the first-level cache. Every sample keeps its sequences of
// numbers; cells that wait take theirs before the next row.
template <StepKind K, bool kExtras, bool kFrozen>
MHO_PULSE_INLINE void pulse_short_samples(const PulseJob& job,
                                          std::span<const PulseRow> rows,
                                          size_t line,
                                          size_t begin,
                                          size_t end,
                                          std::array<size_t, kShortRowGroup>& tap,
                                          Queue& queue,
                                          PulseScratch& scratch,
                                          PulseActivity& activity) {
    const LineTrains& lines = job.trains->row_lines;
    const PulseRow& any = rows[0];
    const auto first_block = static_cast<uint32_t>(line) * job.blocks_per_row;
    const bool writes = kExtras && any.cells.visible != nullptr;
    SourcesOfSamples pulse_noise(job, Stream::kPulseNoise, first_block, begin, end);
    SourcesOfSamples write_noise(
        job, Stream::kWriteNoise, first_block, begin, writes ? end : begin);
    SampleCounts sample;
    sample.lines = &lines;
    for (size_t r = 0; r < rows.size(); r++) {
        for (size_t s = begin; s < end; s++) {
            if (!job.options.taps.empty()) {
                look(job, rows[r].cells, line + r, s - job.first, tap[r]);
            }
            if (lines.sample_bits(s)[line + r] == 0 || !takes_part(job, s)) {
                continue;
            }
            begin_sample(job, any, s, sample);
            sample.blocks = job.column_blocks->of_sample(s);
            queue.size = 0;
            NormalSource& normals = pulse_noise.of(s);
            NormalSource* write = writes ? &write_noise.of(s) : nullptr;
            pulse_sample<K, kExtras, kFrozen, true>(
                job, rows[r], sample, s, line + r, normals, write, queue, scratch, activity);
            run_waiting<K, kFrozen>(job, any, normals, queue, activity);
        }
    }
    activity.normals += pulse_noise.taken() + write_noise.taken();
}

// One sample of a group of rows, at most kPulseRowGroup: one seed of the generator serves them all.
// `joint`, if any: one sequence of numbers for all samples, where the caller's law already depends
// on how samples are cut into batches.
template <StepKind K, bool kExtras, bool kFrozen>
MHO_PULSE_INLINE void pulse_long_sample(const PulseJob& job,
                                        std::span<const PulseRow> rows,
                                        size_t line,
                                        size_t s,
                                        SampleCounts& sample,
                                        NormalSource* joint,
                                        Queue& queue,
                                        PulseScratch& scratch,
                                        PulseActivity& activity) {
    const PulseRow& any = rows[0];
    // Transfers write one row at a time.
    const PulseTrains& trains = *job.trains;
    if (any.coincidences == nullptr && !trains.first_row.empty() &&
        (trains.last_row[s] <= line || trains.first_row[s] >= line + rows.size())) {
        return;
    }
    const auto first_block = static_cast<uint32_t>(line) * job.blocks_per_row;
    const bool writes = kExtras && any.cells.visible != nullptr;
    NormalSource own(job.sample_keys[s], Stream::kPulseNoise, job.step, first_block);
    NormalSource& normals = joint != nullptr ? *joint : own;
    NormalSource write_noise(job.sample_keys[s], Stream::kWriteNoise, job.step, first_block);
    NormalSource* write = writes ? &write_noise : nullptr;
    queue.size = 0;
    for (size_t r = 0; r < rows.size(); r++) {
        pulse_sample<K, kExtras, kFrozen, false>(
            job, rows[r], sample, s, line + r, normals, write, queue, scratch, activity);
    }
    run_waiting<K, kFrozen>(job, any, normals, queue, activity);
    activity.normals += own.taken() + write_noise.taken();
}

// All samples of a group of rows, one after the other.
template <StepKind K, bool kExtras, bool kFrozen>
HWY_INLINE void pulse_samples(const PulseJob& job,
                              std::span<const PulseRow> rows,
                              size_t line,
                              NormalSource* joint,
                              PulseScratch& scratch,
                              PulseActivity& activity) {
    const PulseTrains& trains = *job.trains;
    const PulseRow& any = rows[0];
    std::array<size_t, kShortRowGroup> tap{};
    Queue queue(scratch, std::min(rows.size(), kPulseRowGroup) * any.cell_count);
    SampleCounts sample;
    if (any.coincidences == nullptr && trains.counting == PulseCounting::kTrains) {
        sample.lines = &trains.row_lines;
    }
    const bool may_be_short = any.coincidences == nullptr;
    for (size_t s = job.first; s < job.last; s++) {
        if (may_be_short && is_short(trains, s)) {
            size_t end = s + 1;
            while (end < job.last && end - s < kShortRun && is_short(trains, end)) {
                end++;
            }
            pulse_short_samples<K, kExtras, kFrozen>(
                job, rows, line, s, end, tap, queue, scratch, activity);
            s = end - 1;
            continue;
        }
        for (size_t r = 0; r < rows.size() && !job.options.taps.empty(); r++) {
            look(job, rows[r].cells, line + r, s - job.first, tap[r]);
        }
        if (!takes_part(job, s)) {
            continue;
        }
        if (any.coincidences != nullptr) {
            sample.last = any.cell_count;
            sample.slots = slot_range(job, s);
        } else {
            begin_sample(job, any, s, sample);
        }
        for (size_t r = 0; r < rows.size(); r += kPulseRowGroup) {
            const auto group = rows.subspan(r, std::min(kPulseRowGroup, rows.size() - r));
            pulse_long_sample<K, kExtras, kFrozen>(
                job, group, line + r, s, sample, joint, queue, scratch, activity);
        }
    }
    for (size_t r = 0; r < rows.size(); r++) {
        look(job, rows[r].cells, line + r, job.last - job.first, tap[r]);
    }
}

template <StepKind K, bool kFrozen>
void pulse_samples_of(const PulseJob& job,
                      std::span<PulseRow> rows,
                      size_t line,
                      PulseScratch& scratch,
                      PulseActivity& activity) {
    const CellArrays& c = rows[0].cells;
    CountTables::fill(root_factor<K, kFrozen>(*job.form), scratch);
    if constexpr (!kFrozen && (K == StepKind::kLinear || K == StepKind::kExponential)) {
        const uint32_t longest =
            *std::max_element(job.trains->length.begin(), job.trains->length.end());
        if (job.last - job.first >= kSamplesForGentle && longest >= kLengthForGentle &&
            has_gentle<K>(*job.form)) {
            const size_t registers = rows[0].cell_count / kPulseLanes;
            scratch.gentle.resize(rows.size() * registers);
            for (size_t r = 0; r < rows.size(); r++) {
                uint16_t* most = scratch.gentle.data() + r * registers;
                find_gentle<K>(job, rows[r].cells, rows[r].cell_count, most);
                rows[r].gentle = most;
            }
        }
    }
    if (c.reference != nullptr || !plain_cells(job, c)) {
        pulse_samples<K, true, kFrozen>(job, rows, line, nullptr, scratch, activity);
    } else {
        pulse_samples<K, false, kFrozen>(job, rows, line, nullptr, scratch, activity);
    }
}

// Only laws with a response that can be frozen are compiled twice.
template <StepKind K>
HWY_INLINE void pulse_samples_of(const PulseJob& job,
                                 std::span<PulseRow> rows,
                                 size_t line,
                                 PulseScratch& scratch,
                                 PulseActivity& activity) {
    if constexpr (K != StepKind::kConstant && K != StepKind::kLinear) {
        if (job.options.frozen_response && job.options.law != PulseLaw::kPulse) {
            pulse_samples_of<K, true>(job, rows, line, scratch, activity);
            return;
        }
    }
    pulse_samples_of<K, false>(job, rows, line, scratch, activity);
}

}  // namespace HWY_NAMESPACE
}  // namespace mho
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard

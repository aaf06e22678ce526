// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// The cells of one line that is written alone.

#include <algorithm>

#include "mho/device/pulse_lines.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "mho/device/pulse_line_kernel.cc"
// clang-format off: this order is the law of Highway
#include "mho/util/simd.h"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

#include "mho/device/pulse_counts-inl.h"
#include "mho/device/pulse_queue-inl.h"
#include "mho/device/pulse_step-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mho {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Most cells that wait need a few numbers.
constexpr size_t kOwnChunk = 2 * kVirtualLanes;

// The first `n` numbers of the sequence of a cell; whole chunks are written.
HWY_INLINE void own_numbers(
    const PulseJob& job, const LineCells& line, size_t cell, size_t n, float* to) {
    const uint64_t key = line.keys[cell * line.key_step];
    const auto block = static_cast<uint32_t>(line.first_block + cell * line.block_step);
    const auto stream = static_cast<uint32_t>(Stream::kPulseNoise);
    for (size_t k = 0; k < n; k += kRandomBlock) {
        LaneGenerator generator(
            key, stream, job.step, block + static_cast<uint32_t>(k / kRandomBlock));
        const size_t end = std::min(n, k + kRandomBlock);
        for (size_t at = k; at < end; at += kOwnChunk) {
            store_normals<kOwnChunk>(generator, to + at);
        }
    }
}

// The cells of the queue, each with its own numbers.
template <StepKind K, bool kFrozen>
void run_alone(const PulseJob& job, const LineCells& line, Queue& queue, PulseScratch& scratch) {
    const PulseF d;
    const PulseI di;
    queue.end();
    for (size_t i = 0; i < queue.size; i += kPulseLanes) {
        const size_t lanes = std::min(kPulseLanes, queue.size - i);
        const auto longest =
            static_cast<size_t>(*std::max_element(queue.left + i, queue.left + i + lanes));
        scratch.near_tables.assign((longest + 1) * kPulseLanes, 0.0f);
        scratch.tables.resize(longest + kOwnChunk);
        float* numbers = scratch.near_tables.data();
        for (size_t lane = 0; lane < lanes; lane++) {
            const auto cell = static_cast<size_t>(queue.index[i + lane]);
            const auto n = static_cast<size_t>(queue.left[i + lane]);
            own_numbers(job, line, cell, n, scratch.tables.data());
            for (size_t k = 0; k < n; k++) {
                numbers[k * kPulseLanes + lane] = scratch.tables[k];
            }
        }
        for (size_t k = 0; k < longest; k++) {
            const VI n = hn::LoadU(di, queue.left + i);
            const MF who = hn::RebindMask(d, hn::Gt(n, hn::Zero(di)));
            const VF normal = hn::LoadU(d, numbers + k * kPulseLanes);
            queue.template advance<K, kFrozen>(*job.form, i, who, n, normal);
        }
    }
    queue.put_back(line.cells, 0.0f, 0);
}

template <StepKind K, bool kFrozen>
void line_cells(const PulseJob& job,
                const LineCells& line,
                PulseScratch& scratch,
                PulseActivity& activity) {
    const PulseF d;
    const PulseI di;
    const StepForm& f = *job.form;
    const CellArrays c = line.cells;  // a copy: stores to cells cannot change it
    const bool may_jump = job.options.law != PulseLaw::kPulse;
    CountTables tables;
    if (line.most < CountTables::kMost) {
        CountTables::fill(root_factor<K, kFrozen>(f), scratch);
        tables = CountTables(scratch.count_terms.data());
    }
    Queue queue(scratch, line.size);
    VI pulses = hn::Zero(di);
    size_t fired = 0;
    for (size_t i = 0; i < line.size; i += kPulseLanes) {
        const VI counts = hn::LoadU(di, line.counts + i);
        const VI count = hn::Abs(counts);
        const MF fires = hn::RebindMask(d, hn::Gt(count, hn::Zero(di)));
        if (hn::AllFalse(d, fires)) {
            continue;
        }
        fired += hn::CountTrue(d, fires);
        pulses = hn::Add(pulses, count);
        const VF sign =
            hn::BitCast(d, hn::And(counts, hn::BitCast(di, hn::Set(PulseU(), kSignBit))));
        const Cell cell = load_cell<K>(c, i, rising_lanes(sign), sign);
        const VF reference = c.reference != nullptr ? hn::LoadU(d, c.reference + i) : hn::Zero(d);
        const VF weight = hn::LoadU(d, c.weight + i);
        VF u = hn::Add(weight, reference);
        Pulse p = one_pulse<K>(f, cell, u);
        MF waits = hn::RebindMask(d, hn::Gt(count, hn::Set(di, 1)));
        const Pulse single = p;
        if (may_jump && !hn::AllFalse(d, waits)) {
            waits = jump<K, kFrozen>(f, false, tables, cell, u, count, waits, p);
        }
        u = moved(cell, u, p.mean, p.noise, hn::LoadU(d, line.normals + i));
        if (HWY_UNLIKELY(!hn::AllFalse(d, waits))) {
            const VI left = hn::Sub(count, hn::Set(di, 1));
            queue.template push<K>(waits, left, cell, u, single, hn::Zero(d), i);
        }
        if (c.up_pulses != nullptr) {
            const auto rises = hn::RebindMask(di, cell.up);
            count_endurance(
                c, i, hn::IfThenElseZero(rises, count), hn::IfThenZeroElse(rises, count));
        }
        store_where(hn::Sub(u, reference), fires, weight, c.weight + i);
    }
    const auto sum = static_cast<uint64_t>(hn::GetLane(hn::SumOfLanes(di, pulses)));
    activity.pulses += sum;
    activity.sample_cells += fired - queue.size;
    activity.pulse_cells += queue.size;
    activity.normals += fired;
    if (queue.size > 0) {
        for (size_t i = 0; i < queue.size; i++) {
            activity.normals += static_cast<uint64_t>(queue.left[i]);
        }
        run_alone<K, kFrozen>(job, line, queue, scratch);
    }
}

template <StepKind K>
void line_cells_of(const PulseJob& job,
                   const LineCells& line,
                   PulseScratch& scratch,
                   PulseActivity& activity) {
    if constexpr (K != StepKind::kConstant && K != StepKind::kLinear) {
        if (job.options.frozen_response && job.options.law != PulseLaw::kPulse) {
            line_cells<K, true>(job, line, scratch, activity);
            return;
        }
    }
    line_cells<K, false>(job, line, scratch, activity);
}

void PulseLineCells(const PulseJob& job,
                    const LineCells& line,
                    PulseScratch& scratch,
                    PulseActivity& activity) {
    switch (job.form->kind) {
        case StepKind::kConstant:
            return line_cells_of<StepKind::kConstant>(job, line, scratch, activity);
        case StepKind::kLinear:
            return line_cells_of<StepKind::kLinear>(job, line, scratch, activity);
        case StepKind::kExponential:
            return line_cells_of<StepKind::kExponential>(job, line, scratch, activity);
        case StepKind::kPower:
            return line_cells_of<StepKind::kPower>(job, line, scratch, activity);
        case StepKind::kExponentialResponse:
            return line_cells_of<StepKind::kExponentialResponse>(job, line, scratch, activity);
        case StepKind::kPiecewise:
            return line_cells_of<StepKind::kPiecewise>(job, line, scratch, activity);
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

HWY_EXPORT(PulseLineCells);

void pulse_line_cells(const PulseJob& job,
                      const LineCells& line,
                      PulseScratch& scratch,
                      PulseActivity& activity) {
    HWY_DYNAMIC_DISPATCH(PulseLineCells)(job, line, scratch, activity);
}

}  // namespace mho
#endif

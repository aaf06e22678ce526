// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/pulse_kernel.h"

#include <algorithm>
#include <array>
#include <span>

// AVX3_DL instead of AVX3: its instruction for population counts decides here. The AVX-512
// processors without it (before 2019) run the form of AVX2, which saves a third of the longest
// compilation of the project. Counts are integers, so bits stay equal.
#define HWY_DISABLED_TARGETS (HWY_AVX3)
#define HWY_WANT_AVX3_DL
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "mho/device/pulse_kernel.cc"
// clang-format off: this order is the law of Highway
#include "mho/util/simd.h"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

#include "mho/device/pulse_batch-inl.h"
#include "mho/device/pulse_samples-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mho {
namespace HWY_NAMESPACE {

// Laws `pulse` and `sample`, a group of rows.
void pulse_group(const PulseJob& job,
                 size_t first,
                 size_t last,
                 PulseScratch& scratch,
                 PulseActivity& activity) {
    const LineTrains& cols = job.trains->col_lines;
    std::array<PulseRow, kShortRowGroup> group;
    const std::span<PulseRow> rows(group.data(), last - first);
    for (size_t r = 0; r < rows.size(); r++) {
        PulseRow& row = rows[r];
        row.cells = job.cells.from((first + r) * job.stride);
        row.cell_count = job.stride;
        row.offset = r * job.stride;
        row.col_bits = cols.bits.data();
        row.col_sample_stride = cols.words_per_sample * cols.stride;
        row.col_word_stride = cols.stride;
        row.col_negative = cols.negative.data();
        row.negative_stride = cols.stride;
        row.sparse_columns = !job.trains->first_group.empty();
    }
    switch (job.form->kind) {
        case StepKind::kConstant:
            pulse_samples_of<StepKind::kConstant>(job, rows, first, scratch, activity);
            break;
        case StepKind::kLinear:
            pulse_samples_of<StepKind::kLinear>(job, rows, first, scratch, activity);
            break;
        case StepKind::kExponential:
            pulse_samples_of<StepKind::kExponential>(job, rows, first, scratch, activity);
            break;
        case StepKind::kPower:
            pulse_samples_of<StepKind::kPower>(job, rows, first, scratch, activity);
            break;
        case StepKind::kExponentialResponse:
            pulse_samples_of<StepKind::kExponentialResponse>(job, rows, first, scratch, activity);
            break;
        case StepKind::kPiecewise:
            pulse_samples_of<StepKind::kPiecewise>(job, rows, first, scratch, activity);
            break;
        case StepKind::kHidden:
        case StepKind::kUser:
            break;  // PulsedArray runs these itself
    }
}

void pulse_rows_of_task(const PulseJob& job,
                        size_t first_row,
                        size_t last_row,
                        PulseScratch& scratch,
                        PulseActivity& activity) {
    const StepKind kind = job.form->kind;
    if (job.plane_words > 0) {
        scratch.rest.clear();
        scratch.up_counts.resize(kCountRows * job.stride);
        scratch.counts.resize(std::max(scratch.counts.size(), kCountRows * job.stride));
        for (size_t first = first_row; first < last_row; first += kCountRows) {
            const size_t rows = std::min(kCountRows, last_row - first);
            count_rows(job, first, rows, scratch.up_counts.data(), scratch.counts.data());
            for (size_t r = 0; r < rows; r++) {
                const int32_t* up = scratch.up_counts.data() + r * job.stride;
                const int32_t* all = scratch.counts.data() + r * job.stride;
                if (job.options.law == PulseLaw::kBatch && kind == StepKind::kLinear) {
                    batch_row<StepKind::kLinear>(job, first + r, up, all, activity);
                } else if (job.options.law == PulseLaw::kBatch) {
                    batch_row<StepKind::kConstant>(job, first + r, up, all, activity);
                } else {
                    constant_batch_row(job, first + r, up, all, scratch, activity);
                }
            }
        }
        if (!scratch.rest.empty()) {
            pulse_rest(job, first_row, scratch, activity);
        }
        return;
    }
    const size_t rows = job.column_blocks != nullptr ? kShortRowGroup : kPulseRowGroup;
    for (size_t first = first_row; first < last_row; first += rows) {
        pulse_group(job, first, std::min(last_row, first + rows), scratch, activity);
    }
}

void PulseRows(const PulseJob& job,
               size_t first_row,
               size_t last_row,
               PulseScratch& scratch,
               PulseActivity& total) {
    // Counters of threads are neighbours in memory: they are touched once.
    PulseActivity activity;
    pulse_rows_of_task(job, first_row, last_row, scratch, activity);
    total.add(activity);
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

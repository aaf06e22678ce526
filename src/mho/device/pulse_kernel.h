// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_PULSE_KERNEL_H
#define MHO_DEVICE_PULSE_KERNEL_H

// The hot loops of in-memory training. Groups of rows are independent: each replays all samples of
// the batch while its cells stay in cache. Internal: PulsedArray is the public door and checks the
// arguments.
//
// The law of one sample and group of kPulseRowGroup rows (of short trains kShortRowGroup), which
// share a sequence of standard normal numbers and use it row by row. n pulses reach a cell, all in
// one direction. Every cell with n > 0 takes a number, in the order of cells:
//
//     n = 1, or a cell for which the law of the sum is known:  one jump of n pulses
//     else:                                                    its first pulse
//
// The cells of the group that have pulses left then take one number a pulse, round by round (in
// short trains those of every row before the next row begins). After every pulse or jump the weight
// is clipped. A jump has the mean and the variance of the sum of its pulses, with the response
// taken as linear over the jump; it is allowed where no bound can be met on the way and the
// response bends little (docs/models/pulse-laws.md).

#include <cstdint>
#include <span>

#include "mho/device/column_blocks.h"
#include "mho/device/pulse_trains.h"
#include "mho/device/pulsed_array.h"
#include "mho/device/step_form.h"

namespace mho {

/// Rows that share a sequence of numbers in a sample: one seed for all. (With 2 rows the tables
/// stay in the first-level cache over the samples; that gains nothing, seeds and queues cost more.)
inline constexpr size_t kPulseRowGroup = 8;
/// Short trains are taken row by row instead of sample by sample, and the cells of a row that wait
/// take their numbers before the next row. Few cells fire: more rows share a sequence.
inline constexpr size_t kShortRowGroup = 32;
inline constexpr uint32_t kMostShortSlots = 8;
inline bool is_short(const PulseTrains& trains, size_t sample) {
    return trains.counting == PulseCounting::kTrains && trains.length[sample] <= kMostShortSlots;
}
/// A cell meets no bound if this many standard deviations of a jump stay inside.
inline constexpr float kJumpSigmas = 7.0f;
/// A jump is computed from the first terms of a binomial series: exact up to three pulses, with a
/// relative error below 5e-5 while n |k| is at most this.
inline constexpr float kMostLinearChange = 0.1f;
/// The same for the change of a piecewise response, relative to its value: nodes may lie on the
/// way.
inline constexpr float kMostPiecewiseChange = 0.02f;
/// Beyond this n k^2 sigma^2 the sum of multiplicative pulses is not Gaussian enough for a jump.
inline constexpr float kMostLinearVariance = 0.01f;

/// Rows of cells, as arrays of one shape [rows][stride].
struct CellArrays {
    float* weight = nullptr;   // on which pulses act
    float* visible = nullptr;  // with write noise, else nullptr
    const float* min_bound = nullptr;
    const float* max_bound = nullptr;
    const float* step_up = nullptr;
    const float* step_down = nullptr;
    const float* shape_up = nullptr;  // slopes or exponents
    const float* shape_down = nullptr;
    const float* scale_up = nullptr;
    const float* scale_down = nullptr;
    const float* reference = nullptr;
    uint32_t* up_pulses = nullptr;  // counters, or nullptr
    uint32_t* down_pulses = nullptr;

    /// The arrays from cell `first` on.
    CellArrays from(size_t first) const {
        const auto shift = [&](auto* p) { return p != nullptr ? p + first : nullptr; };
        return {shift(weight),
                shift(visible),
                shift(min_bound),
                shift(max_bound),
                shift(step_up),
                shift(step_down),
                shift(shape_up),
                shift(shape_down),
                shift(scale_up),
                shift(scale_down),
                shift(reference),
                shift(up_pulses),
                shift(down_pulses)};
    }
};

struct PulseJob {
    const StepForm* form = nullptr;
    CellArrays cells;
    size_t stride = 0;
    const PulseTrains* trains = nullptr;
    std::span<const uint64_t> sample_keys;
    uint64_t step = 0;
    size_t first = 0;  // samples [first, last) of the trains
    size_t last = 0;
    PulseOptions options;
    uint32_t blocks_per_row = 1;  // of 512 numbers
    // Batch level and law `batch`: bits of all samples end to end, [word][col_stride] and
    // [word][row_stride], and the same for signs.
    std::span<const uint32_t> col_plane;
    std::span<const uint32_t> col_sign_plane;
    std::span<const uint32_t> row_plane;
    std::span<const uint32_t> row_sign_plane;
    size_t plane_words = 0;
    std::span<const uint64_t> slot_begin;  // per sample: where its slots begin in the planes
    uint64_t batch_key = 0;
    const ColumnBlocks* column_blocks = nullptr;  // where some samples are short
};

/// Applies the job to rows [first_row, last_row): always the same cut, whatever the threads, as the
/// batch level names numbers by it; first_row is a multiple of kShortRowGroup.
void pulse_rows(const PulseJob& job,
                size_t first_row,
                size_t last_row,
                PulseScratch& scratch,
                PulseActivity& activity);

/// Signed counts of the cells of a row in one sample, up positive; the kernels count bits faster.
/// `counts` may be longer than the row has columns.
void count_row(const PulseTrains& trains,
               size_t sample,
               size_t row,
               uint64_t sample_key,
               uint64_t step,
               std::span<int32_t> counts);

/// The laws `pulse` and `sample` one cell at a time in plain C++; equal bits. (The batch levels are
/// compared in law.)
namespace twin {
void pulse_rows(const PulseJob& job, size_t first_row, size_t last_row);
}

/// The key that names the noise of a sample.
uint64_t pulse_sample_key(TileKey tile, uint64_t sample);

}  // namespace mho

#endif  // MHO_DEVICE_PULSE_KERNEL_H

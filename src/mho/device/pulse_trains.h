// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_PULSE_TRAINS_H
#define MHO_DEVICE_PULSE_TRAINS_H

// The pulses that rows and columns of a crossbar send for a batch of rank-1 updates. A cell counts
// a coincidence in a slot where its row and its column both fire; the product of their signs is its
// direction. Rows and columns share their trains with all cells on them, so the counts of cells are
// correlated: that is kept exactly.
//
// Rows of the array are the outputs (error vector d), columns the inputs (x). Bit k of a line's
// word is slot k of that sample.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mho {

/// Lines of one side of the array for a batch: words[(sample * words_per_sample + word) * stride +
/// line] with 32 slots a word, and one sign bit per line and sample.
struct LineTrains {
    size_t lines = 0;
    size_t stride = 0;  // lines, rounded up to 16
    size_t words_per_sample = 0;
    std::vector<uint32_t> bits;
    std::vector<uint32_t> negative;  // [sample][stride]: all ones where the value is negative

    uint32_t* sample_bits(size_t sample) {
        return bits.data() + sample * words_per_sample * stride;
    }
    const uint32_t* sample_bits(size_t sample) const {
        return bits.data() + sample * words_per_sample * stride;
    }
};

/// How the count of a cell follows from its lines.
enum class PulseCounting {
    kTrains,    // coincidences of the bits
    kProduct,   // rint(row value * column value / divisor), per sample: deterministic trains
    kBinomial,  // a binomial number per cell: the statistics of the trains without their sharing
};

/// The pulses of a batch. Made by make_pulse_trains (train/pulse_rule.h).
struct PulseTrains {
    PulseCounting counting = PulseCounting::kTrains;
    size_t samples = 0;
    size_t rows = 0;
    size_t cols = 0;
    uint64_t first_sample = 0;     // global index of sample 0: names the noise
    std::vector<uint32_t> length;  // slots per sample; 0 = no pulses
    // kTrains: bits and signs; a cell moves up where the signs of its lines are equal.
    LineTrains row_lines;
    LineTrains col_lines;
    // Columns [16 first_group, 16 last_group) of a sample hold all its pulses; empty = all columns.
    std::vector<uint32_t> first_group;
    std::vector<uint32_t> last_group;
    // Rows [first_row, last_row) of a sample, the same for rows.
    std::vector<uint32_t> first_row;
    std::vector<uint32_t> last_row;
    // kProduct: |values| whose product over the divisor is the count; kBinomial: probabilities.
    // A cell moves up where the product of the signs is positive.
    std::vector<float> row_values;  // [sample][rows]
    std::vector<float> col_values;  // [sample][cols]
    std::vector<float> divisor;     // per sample; empty: 1, counts of single lines (pulse_lines.h)

    /// Slots of all samples together: the inner length of the counting product.
    uint64_t total_slots() const;
};

}  // namespace mho

#endif  // MHO_DEVICE_PULSE_TRAINS_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/pulse_trains.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "mho/device/pulse_kernel.h"
#include "mho/random/philox.h"

namespace mho {
namespace {

// Smallest n whose cumulative binomial probability exceeds u. Starts from the mode-free end that
// keeps (1 - p)^length away from underflow.
int32_t binomial_from_uniform(uint32_t length, double p, double u) {
    if (p <= 0) {
        return 0;
    }
    if (p >= 1) {
        return static_cast<int32_t>(length);
    }
    if (p > 0.5) {
        return static_cast<int32_t>(length) - binomial_from_uniform(length, 1 - p, 1 - u);
    }
    const double log_q = std::log1p(-p);
    const double log_odds = std::log(p) - log_q;
    double log_probability = length * log_q;
    double cumulative = std::exp(log_probability);
    uint32_t n = 0;
    while (cumulative <= u && n < length) {
        log_probability += std::log(static_cast<double>(length - n) / (n + 1)) + log_odds;
        cumulative += std::exp(log_probability);
        n++;
    }
    return static_cast<int32_t>(n);
}

}  // namespace

uint64_t PulseTrains::total_slots() const {
    return std::accumulate(length.begin(), length.end(), uint64_t{0});
}

void count_row(const PulseTrains& trains,
               size_t sample,
               size_t row,
               uint64_t sample_key,
               uint64_t step,
               std::span<int32_t> counts) {
    std::fill(counts.begin(), counts.end(), 0);
    if (trains.counting == PulseCounting::kTrains) {
        const LineTrains& rows = trains.row_lines;
        const LineTrains& cols = trains.col_lines;
        const uint32_t negative = rows.negative[sample * rows.stride + row];
        for (size_t c = 0; c < trains.cols; c++) {
            int n = 0;
            for (size_t w = 0; w < rows.words_per_sample; w++) {
                n += std::popcount(rows.sample_bits(sample)[w * rows.stride + row] &
                                   cols.sample_bits(sample)[w * cols.stride + c]);
            }
            counts[c] = cols.negative[sample * cols.stride + c] == negative ? n : -n;
        }
        return;
    }
    const float a = trains.row_values[sample * trains.rows + row];
    if (a == 0) {
        return;
    }
    const float* b = trains.col_values.data() + sample * trains.cols;
    if (trains.counting == PulseCounting::kProduct) {
        const float divisor = trains.divisor.empty() ? 1.0f : trains.divisor[sample];
        for (size_t c = 0; c < trains.cols; c++) {
            counts[c] = static_cast<int32_t>(std::nearbyint(a * b[c] / divisor));
        }
        return;
    }
    std::vector<float> u(trains.cols);
    fill_uniform(TileKey{sample_key}, Stream::kPulseCount, step, row * trains.cols, u);
    for (size_t c = 0; c < trains.cols; c++) {
        const double p = std::min(std::abs(double{a}), 1.0) * std::min(std::abs(double{b[c]}), 1.0);
        const int32_t n = binomial_from_uniform(trains.length[sample], p, double{u[c]});
        counts[c] = a * b[c] < 0 ? -n : n;
    }
}

uint64_t pulse_sample_key(TileKey tile, uint64_t sample) {
    // A constant sets these counters apart from those of other uses of the same key.
    constexpr uint32_t kPurpose = 0x70756c73u;
    const auto words = philox4x32(
        {static_cast<uint32_t>(sample), static_cast<uint32_t>(sample >> 32), kPurpose, kPurpose},
        {static_cast<uint32_t>(tile.value), static_cast<uint32_t>(tile.value >> 32)});
    return words[0] | (uint64_t{words[1]} << 32);
}

}  // namespace mho

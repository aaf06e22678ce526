// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/train/line_pulses.h"

#include <algorithm>
#include <cmath>

#include "mho/device/pulse_kernel.h"
#include "mho/kernels/binomial.h"
#include "mho/kernels/rows.h"

namespace mho {
namespace {

constexpr size_t kGroup = 16;  // of the column ranges of trains

// Draws for one line, in memory that is kept.
struct LineDraw {
    std::vector<float> p;
    std::vector<float> uniforms;

    // Counts of `values` in `length` slots of a line that fires with probability `fires`.
    void counts(std::span<const float> values,
                float scale,
                float fires,
                uint32_t length,
                TileKey key,
                uint64_t step,
                std::span<float> to) {
        const size_t n = values.size();
        p.resize(n);
        uint32_t open = 0;  // not 0: some probability is neither 0 nor 1
        for (size_t i = 0; i < n; i++) {
            const float scaled = std::abs(values[i]) * scale;
            p[i] = scaled < 1.0f ? scaled : 1.0f;
            open |= static_cast<uint32_t>(scaled > 0.0f) & static_cast<uint32_t>(scaled < 1.0f);
        }
        uint32_t slots = length;
        if (fires < 1.0f) {
            float uniform = 0;
            float count = 0;
            fill_uniform(key, Stream::kPulseCount, step, n, std::span<float>(&uniform, 1));
            draw_binomial(length,
                          std::span<const float>(&fires, 1),
                          std::span<const float>(&uniform, 1),
                          std::span<float>(&count, 1));
            slots = static_cast<uint32_t>(count);
        }
        if (open == 0) {
            for (size_t i = 0; i < n; i++) {
                to[i] = p[i] * static_cast<float>(slots);
            }
            return;
        }
        uniforms.resize(n);
        fill_uniform(key, Stream::kPulseCount, step, 0, uniforms);
        draw_binomial(slots, p, uniforms, to);
    }
};

}  // namespace

bool has_line_pulses(const PulseUpdate& u) {
    return (u.type == PulseType::kStochastic || u.type == PulseType::kStochasticCompressed) &&
           !u.statistics_only && u.probability_steps == 0 &&
           (u.fixed_length || u.length_management) &&
           u.desired_length <= static_cast<int>(kMostBinomialTrials);
}

void make_line_pulses(const PulseUpdate& update,
                      bool columns,
                      std::span<const uint32_t> lines,
                      size_t line_count,
                      ConstFloatView values,
                      double rate,
                      double granularity,
                      TileKey tile,
                      ReadKey key,
                      PulseTrains& trains) {
    const size_t samples = lines.size();
    const size_t size = values.cols;
    trains.counting = PulseCounting::kProduct;
    trains.samples = samples;
    trains.rows = columns ? size : line_count;
    trains.cols = columns ? line_count : size;
    trains.first_sample = key.first_sample;
    trains.length.assign(samples, 0);
    trains.first_group.assign(samples, 0);
    trains.last_group.assign(samples, static_cast<uint32_t>((trains.cols + kGroup - 1) / kGroup));
    trains.first_row.assign(samples, 0);
    trains.last_row.assign(samples, static_cast<uint32_t>(trains.rows));
    trains.row_values.assign(samples * trains.rows, 0.0f);
    trains.col_values.assign(samples * trains.cols, 0.0f);
    trains.divisor.clear();
    LineDraw draw;
    for (size_t s = 0; s < samples; s++) {
        const uint32_t line = lines[s];
        if (columns) {
            trains.first_group[s] = static_cast<uint32_t>(line / kGroup);
            trains.last_group[s] = trains.first_group[s] + 1;
        } else {
            trains.first_row[s] = line;
            trains.last_row[s] = line + 1;
        }
        const double largest{row_abs_max(values.row(s), size)};
        const TrainScale scale = columns
                                     ? train_scale(update, std::abs(rate), granularity, 1, largest)
                                     : train_scale(update, std::abs(rate), granularity, largest, 1);
        if (scale.length == 0 || largest == 0) {
            continue;
        }
        trains.length[s] = scale.length;
        float* hot = columns ? trains.col_values.data() + s * trains.cols
                             : trains.row_values.data() + s * trains.rows;
        float* to = columns ? trains.row_values.data() + s * trains.rows
                            : trains.col_values.data() + s * trains.cols;
        // W -= rate values: the sign is turned once here.
        hot[line] = rate > 0 ? -1.0f : 1.0f;
        draw.counts(values.row_span(s),
                    static_cast<float>(columns ? scale.row_scale : scale.col_scale),
                    static_cast<float>(columns ? scale.col_scale : scale.row_scale),
                    scale.length,
                    TileKey{pulse_sample_key(tile, key.first_sample + s)},
                    key.step,
                    {to, size});
        const float* v = values.row(s);
        for (size_t i = 0; i < size; i++) {
            to[i] = v[i] < 0 ? -to[i] : to[i];
        }
    }
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// The fast form of the converters: one row of currents at a time, float32. Loops over columns
// without branches, which the compiler turns into vector code; only converters with errors of
// their own look into a table.

#include <algorithm>
#include <cmath>

#include "mho/convert/adc_bank.h"
#include "mho/util/error.h"

namespace mho {
namespace {

// Adding and taking off 1.5 x 2^23 rounds to the nearest integer, half to even.
constexpr float kRoundingBias = 12582912.0f;

Rounding grid_rounding(const AdcModel& model) {
    if (const auto* a = std::get_if<UniformAdc>(&model)) {
        return a->rounding;
    }
    return std::get<SignMagnitudeAdc>(model).rounding;
}

}  // namespace

void AdcBank::convert_row(std::span<float> row, AdcRange range, const float* uniforms) const {
    if (row.size() != columns_) {
        throw InputError("a row of currents must have one entry per column");
    }
    switch (way_) {
        case Way::kNothing:
            return;
        case Way::kGrid:
            return convert_grid(row, range, uniforms);
        case Way::kMidRise:
            return convert_mid_rise(row, range);
        case Way::kEdges:
            return convert_edges(row, range);
        case Way::kStages:
            return convert_stages(row, range);
    }
}

void AdcBank::convert_grid(std::span<float> row, AdcRange range, const float* uniforms) const {
    const auto steps = static_cast<float>(codes() - 1);
    const auto low = static_cast<float>(range.low);
    const auto step = static_cast<float>((range.high - range.low) / (static_cast<double>(steps)));
    const float inverse = 1.0f / step;
    const Rounding rounding = grid_rounding(model_);
    if (rounding == Rounding::kNearest && steps < 4194304.0f) {
        for (float& x : row) {
            const float t = std::min(std::max((x - low) * inverse, 0.0f), steps);
            x = low + ((t + kRoundingBias) - kRoundingBias) * step;
        }
        return;
    }
    for (size_t c = 0; c < row.size(); c++) {
        const float t = std::min(std::max((row[c] - low) * inverse, 0.0f), steps);
        float k = 0;
        if (rounding == Rounding::kNearest) {
            k = std::nearbyint(t);
        } else {
            k = std::floor(
                t + (rounding == Rounding::kStochastic && uniforms != nullptr ? uniforms[c] : 0));
        }
        row[c] = low + std::min(k, steps) * step;
    }
}

void AdcBank::convert_mid_rise(std::span<float> row, AdcRange range) const {
    const auto count = static_cast<double>(codes());
    const auto top = static_cast<float>(count - 1);
    const auto step = static_cast<float>((range.high - range.low) / count);
    const float inverse = 1.0f / step;
    const auto low = static_cast<float>(range.low);
    const float before = mid_tread_ ? 0.5f : 0.0f;
    const float after = mid_tread_ ? 0.0f : 0.5f;
    for (float& x : row) {
        // Codes are not negative: cutting off the fraction is the floor.
        const float t = std::min(std::max((x - low) * inverse + before, 0.0f), top);
        const auto code = static_cast<float>(static_cast<int32_t>(t));
        x = low + (code + after) * step;
    }
}

void AdcBank::convert_edges(std::span<float> row, AdcRange range) const {
    const auto low = static_cast<float>(range.low);
    const auto inverse = static_cast<float>(1.0 / (range.high - range.low));
    const auto shift = static_cast<float>(circuit_shift());
    const bool is_log = std::holds_alternative<LogarithmicAdc>(model_);
    const bool is_ramp = std::holds_alternative<RampAdc>(model_);
    // Slow oscillators never reach their last codes: inputs end at full scale.
    const bool clips = std::holds_alternative<CcoAdc>(model_);
    for (size_t c = 0; c < row.size(); c++) {
        const size_t converter = converter_of(c);
        const std::vector<float>& edges = edges_[std::min(converter, edges_.size() - 1)];
        float u = (row[c] - low) * inverse + shift;
        if (clips) {
            u = std::min(std::max(u, 0.0f), 1.0f);
        }
        if (!offsets_.empty()) {
            u += static_cast<float>(offsets_[is_ramp ? c : converter]);
        }
        size_t segment = 0;
        if (is_log) {
            segment = static_cast<size_t>(std::upper_bound(edges.begin(), edges.end(), u) -
                                          edges.begin());
        } else {
            // Edges lie near equal distances: from the guess it is a step or none.
            const auto last = static_cast<float>(edges.size());
            segment = static_cast<size_t>(std::min(std::max(u * (last + 1), 0.0f), last));
            while (segment < edges.size() && u >= edges[segment]) {
                segment++;
            }
            while (segment > 0 && u < edges[segment - 1]) {
                segment--;
            }
        }
        const int64_t code =
            segment_codes_.empty() ? static_cast<int64_t>(segment) : segment_codes_[0][segment];
        row[c] = static_cast<float>(value_of_code(code, range));
    }
}

void AdcBank::convert_stages(std::span<float> row, AdcRange range) const {
    const size_t stages = stage_gain_.size() / columns_;
    const auto low = static_cast<float>(range.low);
    const auto inverse = static_cast<float>(2.0 / (range.high - range.low));
    const auto shift = static_cast<float>(2 * circuit_shift()) - 1.0f;
    const auto top = static_cast<float>(codes() - 1);
    const auto step = static_cast<float>((range.high - range.low) / static_cast<double>(codes()));
    const float after = mid_tread_ ? 0.0f : 0.5f;
    const auto half = static_cast<float>(codes() / 2);
    for (size_t c = 0; c < row.size(); c++) {
        float v = (row[c] - low) * inverse + shift;
        float sum = 0;
        for (size_t s = 0; s < stages; s++) {
            const size_t at = s * columns_ + c;
            const float digit = v > stage_high_[at] ? 1.0f : v < stage_low_[at] ? -1.0f : 0.0f;
            v = stage_gain_[at] * v - digit * stage_step_[at];
            sum = 2 * sum + digit;
        }
        const float code = half + sum + (v >= flash_[c] ? 0.0f : -1.0f);
        row[c] = low + (std::min(std::max(code, 0.0f), top) + after) * step;
    }
}

}  // namespace mho

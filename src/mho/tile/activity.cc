// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/tile/activity.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <string>

#include "mho/tile/sliced_tile.h"
#include "mho/util/error.h"

namespace mho {
namespace {

// What the digital side divides one piece of an input vector by (Mvm::noise_management_factor).
float scaling_factor(const NoiseManagement& nm, const float* x, size_t count, float range) {
    const auto threshold = static_cast<float>(nm.threshold);
    const auto capped = [&](float v) { return threshold > 0 ? std::min(v, threshold) : v; };
    float largest = 0.0f;
    float largest_size = 0.0f;
    for (size_t i = 0; i < count; i++) {
        const float v = range > 0 ? std::clamp(x[i] / range, -1.0f, 1.0f) : x[i];
        largest = std::max(largest, v);
        largest_size = std::max(largest_size, std::fabs(v));
    }
    switch (nm.kind) {
        case NoiseManagementKind::kNone:
            return 1.0f;
        case NoiseManagementKind::kConstant:
            return threshold > 0 ? threshold : 1.0f;
        case NoiseManagementKind::kMax:
            return capped(largest);
        case NoiseManagementKind::kAbsMax:
        case NoiseManagementKind::kAverageAbsMax:
        case NoiseManagementKind::kAbsMaxNpSum:
            return capped(largest_size);
    }
    return 1.0f;
}

void count_code(Activity& activity, size_t line, uint64_t code) {
    activity.codes[line] += code;
    activity.squares[line] += code * code;
    activity.bits[line] += static_cast<uint64_t>(std::popcount(code));
    activity.driven[line] += code != 0 ? 1 : 0;
}

// Inputs of a crossbar in [-1, 1]: by the range of the layer, else by the largest of the vector.
float crossbar_input(float x, float range, float largest) {
    return range > 0 ? std::clamp(x / range, -1.0f, 1.0f) : largest > 0 ? x / largest : 0.0f;
}

// Sizes of a line in the passes of a crossbar, in units of the largest digit.
void count_passes(const CrossbarInput& input,
                  const std::vector<InputPass>& passes,
                  float v,
                  size_t line,
                  Activity& activity) {
    const bool has_digits = passes.size() > 1;
    const int32_t code = has_digits ? std::abs(input_code(input, v)) : 0;
    const auto full = static_cast<double>(activity.full_scale);
    for (const InputPass& pass : passes) {
        const double size =
            has_digits ? ((code >> pass.shift) & static_cast<int32_t>(pass.divisor)) / pass.divisor
                       : std::min(std::fabs(static_cast<double>(input_level(input, v))), 1.0);
        count_code(activity, line, static_cast<uint64_t>(std::nearbyint(size * full)));
    }
}

void count_crossbar(const TileGrid& grid, ConstFloatView x, Activity& activity) {
    const CrossbarInput& input = grid.config().crossbar.input;
    const std::vector<InputPass> passes = input_passes(input);
    const std::vector<size_t>& offsets = grid.input_offsets();
    for (size_t r = 0; r < x.rows; r++) {
        for (size_t c = 0; c + 1 < offsets.size(); c++) {
            const float range = grid.input_ranges().empty() ? 0.0f : grid.input_ranges()[c];
            float largest = 0.0f;
            for (size_t i = offsets[c]; i < offsets[c + 1]; i++) {
                largest = std::max(largest, std::fabs(x(r, i)));
            }
            for (size_t i = offsets[c]; i < offsets[c + 1]; i++) {
                const float v = crossbar_input(x(r, i), range, largest);
                count_passes(input, passes, input.is_signed ? v : std::max(v, 0.0f), i, activity);
            }
        }
    }
}

void add_all(std::vector<uint64_t>& to, const std::vector<uint64_t>& from) {
    for (size_t i = 0; i < to.size(); i++) {
        to[i] += from[i];
    }
}

void prepare(Activity& a, size_t lines, uint32_t full_scale) {
    if (a.full_scale == 0 && a.vectors == 0) {
        a.full_scale = full_scale;
        for (auto* counts : {&a.codes, &a.squares, &a.bits, &a.driven}) {
            counts->assign(lines, 0);
        }
    }
    if (a.lines() != lines || a.full_scale != full_scale) {
        throw InputError("activity of " + std::to_string(a.lines()) + " lines with codes up to " +
                         std::to_string(a.full_scale) + " cannot take vectors of " +
                         std::to_string(lines) + " lines with codes up to " +
                         std::to_string(full_scale));
    }
}

}  // namespace

void Activity::add(const Activity& other) {
    if (other.full_scale == 0 && other.vectors == 0) {
        return;
    }
    prepare(*this, other.lines(), other.full_scale);
    vectors += other.vectors;
    add_all(codes, other.codes);
    add_all(squares, other.squares);
    add_all(bits, other.bits);
    add_all(driven, other.driven);
}

uint32_t full_scale_code(double steps) {
    constexpr double kMost = 32767;
    return static_cast<uint32_t>(steps > 0 ? std::clamp(std::floor(steps / 2), 1.0, kMost) : kMost);
}

void count_activity(const TileGrid& grid, ConstFloatView x, Activity& activity) {
    if (x.cols != grid.inputs()) {
        throw InputError("activity of a matrix of " + std::to_string(grid.inputs()) +
                         " inputs, got vectors of " + std::to_string(x.cols));
    }
    require_finite(x, "inputs of an activity");
    const MvmConfig& mvm = grid.config().forward;
    const bool crossbar = grid.config().crossbar.enabled;
    const uint32_t full = full_scale_code(crossbar ? 0.0 : mvm.dac.steps);
    prepare(activity, grid.inputs(), full);
    if (crossbar) {
        count_crossbar(grid, x, activity);
        activity.vectors += x.rows;
        return;
    }
    const double bound = mvm.dac.bound > 0 ? mvm.dac.bound : 1.0;
    const std::vector<size_t>& offsets = grid.input_offsets();
    for (size_t r = 0; r < x.rows; r++) {
        for (size_t c = 0; c + 1 < offsets.size(); c++) {
            const float range = grid.input_ranges().empty() ? 0.0f : grid.input_ranges()[c];
            const size_t count = offsets[c + 1] - offsets[c];
            const float* piece = x.row(r) + offsets[c];
            const float scale = scaling_factor(mvm.noise_management, piece, count, range);
            if (!(scale > 0)) {
                continue;  // a vector without anything to scale by gives zeros
            }
            for (size_t i = 0; i < count; i++) {
                const double v =
                    range > 0 ? std::clamp<double>(piece[i] / range, -1.0, 1.0) : piece[i];
                const double size = std::min(std::fabs(v) / (scale * bound), 1.0);
                count_code(
                    activity, offsets[c] + i, static_cast<uint64_t>(std::nearbyint(size * full)));
            }
        }
    }
    activity.vectors += x.rows;
}

std::vector<double> line_conductances_us(const TileGrid& grid) {
    std::vector<double> sums(grid.inputs(), 0.0);
    for (size_t o = 0; o < grid.output_pieces(); o++) {
        for (size_t c = 0; c < grid.input_pieces(); c++) {
            const size_t first = grid.input_offsets()[c];
            for (const Matrix<float>& slice : grid.tile(o, c).conductances_us()) {
                for (size_t r = 0; r < slice.rows; r++) {
                    for (size_t i = 0; i < slice.cols; i++) {
                        sums[first + i] += std::fabs(slice(r, i));
                    }
                }
            }
        }
    }
    return sums;
}

}  // namespace mho

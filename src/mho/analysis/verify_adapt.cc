// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Categories modifier, clip_remap, input_range and mapping_scales: hardware-aware training.

#include <fmt/format.h>

#include <algorithm>

#include "mho/adapt/clip_remap.h"
#include "mho/adapt/input_range.h"
#include "mho/adapt/modifier.h"
#include "mho/analysis/verify_internal.h"
#include "mho/tile/grid.h"

namespace mho {
namespace {

constexpr double kModifierLimit = 1e-6;
constexpr double kWeightLimit = 2e-6;
constexpr double kRangeLimit = 1e-5;
constexpr size_t kModifierSamples = 40'000;

void compare_matrix(Comparison& c,
                    ConstFloatView own,
                    const JsonNode& recorded,
                    double relative_limit,
                    const std::string& what) {
    recorded.matrix_of(own.rows, own.cols, true);
    const std::vector<double> values = recorded.flat_numbers();
    std::vector<float> flat;
    for (size_t r = 0; r < own.rows; r++) {
        flat.insert(flat.end(), own.row(r), own.row(r) + own.cols);
    }
    c.list(flat, values, relative_limit * largest(values, 1e-30), what);
    c.compared(what);
}

}  // namespace

void verify_modifier(const JsonNode& record, Comparison& c) {
    const WeightModifier modifier = read_modifier(record.at("config").at("modifier"), c.notes);
    const Matrix<float> w = weights_of(record);
    const size_t cells = w.rows * w.cols;
    const TileKey key = verify_key("modifier");
    const auto modified = [&](uint64_t step, FloatView out) {
        modify_weights(modifier, w.view(), out, key, step);
    };
    if (record.has_value("exact")) {
        Matrix<float> out(w.rows, w.cols);
        const JsonNode recorded = record.at("exact").at("weights");  // row-major in one list
        const std::vector<double> values = recorded.flat_numbers();
        // Nothing random: every step must give this.
        for (const uint64_t step : {0, 1}) {
            modified(step, out.view());
            c.list(out.values, values, kModifierLimit * largest(values, 1e-30), "weights");
        }
        c.compared("weights");
        return;
    }
    const JsonNode stats = record.at("stats");
    const size_t n = own_repetitions(repetitions(stats), kModifierSamples, cells);
    Samples own(n, cells);
    for (size_t k = 0; k < n; k++) {
        modified(k, {own.row(k), w.rows, w.cols});
    }
    compare_statistics(c, own, stats, "modified weights");
}

void verify_clip_remap(const JsonNode& record, Comparison& c) {
    const JsonNode config = record.at("config");
    const WeightClip clip = read_clip(config.at("clip"), c.notes);
    const WeightRemap remap = read_remap(config.at("remap"), c.notes);
    Matrix<float> w = weights_of(record);
    std::vector<float> scales(w.rows, 1.0f);
    clip_weights(clip, w.view());
    remap_weights(remap, w.view(), scales);
    const JsonNode exact = record.at("exact");
    compare_matrix(c, w.view(), exact.at("weights"), kWeightLimit, "weights");
    const JsonNode recorded = exact.at("scales");
    if (recorded.is_null()) {
        if (remap.kind != RemapKind::kNone) {
            c.share(kInfinity, "scales: mho has some, recorded none");
        }
        return;
    }
    const std::vector<double> values = recorded.flat_numbers();
    c.list(scales, values, kWeightLimit * largest(values, 1e-30), "scales");
    c.compared("scales");
}

void verify_input_range(const JsonNode& record, Comparison& c) {
    const InputRangeConfig config =
        read_input_range(record.at("config").at("input_range"), c.notes);
    const Matrix<float> w = weights_of(record);
    const JsonNode steps = record.at("exact").at("steps");
    TileConfig hardware;
    hardware.mapping = {0.0, false, 0, 0, LearnedScales::kNone};
    hardware.forward = perfect_mvm();
    TileGrid layer(hardware, w.rows, w.cols, 1, "input range");
    layer.set_weights(w.view());
    float range = static_cast<float>(config.initial);
    uint64_t batches_seen = 0;
    TileGrid::Scratch scratch;
    TileGrid::ForwardRecord forward;
    for (size_t k = 0; k < steps.size(); k++) {
        const JsonNode step = steps.entry(k);
        const JsonNode x_node = step.at("x");
        const Matrix<float> x = x_node.matrix_of(x_node.size(), w.cols);
        const Matrix<float> upstream = step.at("upstream").matrix_of(x.rows, w.rows);
        if (config.enabled) {
            InputMoments moments;
            moments.add(x.view());
            initialize_input_range(config, moments, range, batches_seen);
            layer.set_input_ranges({range});
        }
        Matrix<float> y(x.rows, w.rows);
        Matrix<float> dx(x.rows, w.cols);
        layer.apply(x.view(), y.view(), {k, 0}, scratch, &forward);
        layer.apply_transposed(upstream.view(), dx.view(), {k, 0}, scratch, &forward);
        const std::string where = fmt::format("step {} ", k);
        compare_matrix(c, y.view(), step.at("y"), kRangeLimit, where + "y");
        compare_matrix(c, dx.view(), step.at("dx"), kRangeLimit, where + "dx");
        const auto scalar = [&](const char* name, bool present, double own) {
            const JsonNode recorded = step.at(name);
            if (recorded.is_null() || !present) {
                if (present == recorded.is_null()) {
                    c.share(kInfinity,
                            where + name + (present ? ": recorded none" : ": mho has none"));
                }
                return;
            }
            const std::vector<double> values = recorded.flat_numbers();
            c.list(std::vector<float>{static_cast<float>(own)},
                   values,
                   kRangeLimit * largest(values, 1e-30),
                   where + name);
        };
        scalar("range_after", config.enabled, static_cast<double>(range));
        double gradient = 0;
        // The gradient is handed out even where no optimiser may follow it.
        if (config.enabled) {
            InputRangeSums sums;
            sums.add(x.view(), dx.view(), range);
            const auto clipped = std::count(forward.clipped.begin(), forward.clipped.end(), 1);
            const double share =
                forward.clipped.empty()
                    ? 0.0
                    : static_cast<double>(clipped) / static_cast<double>(forward.clipped.size());
            gradient = input_range_gradient(config, sums, range, share);
        }
        scalar("range_grad", config.enabled, gradient);
    }
    c.compared("ranges and range gradients");
}

void verify_mapping_scales(const JsonNode& record, Comparison& c) {
    const Mapping mapping = read_mapping(record.at("config").at("mapping"), c.notes);
    const Matrix<float> w = weights_of(record);
    const MappedWeights mapped = map_weights(mapping, w.view());
    const JsonNode exact = record.at("exact");
    // A record shows the first tile of a matrix that is cut into several.
    const size_t rows = split_axis(w.rows, mapping.max_outputs)[1];
    const size_t cols = split_axis(w.cols, mapping.max_inputs)[1];
    compare_matrix(c,
                   mapped.weights.view().row_block(0, rows).column_block(0, cols),
                   exact.at("tile_weights"),
                   kWeightLimit,
                   "tile weights");
    const JsonNode scales = exact.at("mapping_scales");
    std::vector<float> own(mapped.scales.row(0), mapped.scales.row(0) + rows);
    if (mapping.omega <= 0) {
        if (!scales.is_null()) {
            const std::vector<double> values = scales.flat_numbers();
            own.resize(std::min(own.size(), values.size()));
            c.list(own, values, kWeightLimit, "mapping_scales");
        }
    } else if (scales.is_null()) {
        c.share(kInfinity, "mapping_scales: recorded none");
    } else {
        const std::vector<double> values = scales.flat_numbers();
        if (!mapping.per_column && values.size() == 1) {
            own.resize(1);
        }
        c.list(own, values, kWeightLimit * largest(values, 1e-30), "mapping_scales");
        c.compared("mapping scales");
    }
    const JsonNode learned = exact.at("learned_scales");
    const size_t wanted = mapping.learn_scales == LearnedScales::kNone        ? 0
                          : mapping.learn_scales == LearnedScales::kPerColumn ? rows
                                                                              : 1;
    const std::vector<double> learned_values =
        learned.is_null() ? std::vector<double>{} : learned.flat_numbers();
    c.list(std::vector<float>(wanted, 1.0f), learned_values, kWeightLimit, "learned_scales");
    c.compared("learned scales");
    compare_matrix(c,
                   logical_weights(mapping, mapped).view(),
                   exact.at("logical_weights"),
                   kWeightLimit,
                   "logical weights");
}

}  // namespace mho

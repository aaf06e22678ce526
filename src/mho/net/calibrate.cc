// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/calibrate.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "mho/net/executor.h"
#include "mho/util/error.h"

namespace mho {
namespace {

// The calibrators of one layer, [groups * pieces], in the order of its input ranges.
struct LayerCalibration {
    std::vector<size_t> cuts;
    std::vector<RangeCalibrator> pieces;
    size_t rows_per_sample = 0;  // of one group

    size_t per_group() const { return cuts.size() - 1; }
};
using Calibrations = std::map<std::string, LayerCalibration>;

Calibrations calibrations_of(const Network& network,
                             const Executor& executor,
                             const CalibrationOptions& options) {
    Calibrations all;
    for (const std::string& layer : executor.analog_layers()) {
        if (!network.analog.at(layer).input_range.enabled) {
            continue;
        }
        const std::vector<TileGrid>& grids = executor.grids(layer);
        LayerCalibration& c = all[layer];
        c.cuts = grids[0].input_offsets();
        for (size_t g = 0; g < grids.size(); g++) {
            for (size_t p = 0; p < c.per_group(); p++) {
                const TileKey key = make_tile_key(options.seed,
                                                  "calibration/" + layer,
                                                  static_cast<uint32_t>(g),
                                                  static_cast<uint32_t>(p));
                c.pieces.emplace_back(options.rule, key);
            }
        }
    }
    return all;
}

void run_batch(Executor& executor,
               ConstFloatView pixels,
               ReadKey key,
               Executor::Observer observer) {
    Matrix<float> outputs(pixels.rows, executor.output_features());
    executor.set_observer(std::move(observer));
    executor.run(pixels, outputs.view(), key, 1);
    executor.set_observer({});
}

void count_rows(Executor& exact, ConstFloatView pixels, Calibrations& all) {
    run_batch(exact,
              pixels.row_block(0, 1),
              {},
              [&](const std::string& layer, size_t group, ConstFloatView x) {
                  const auto found = all.find(layer);
                  if (found != all.end() && group == 0) {
                      found->second.rows_per_sample += x.rows;
                  }
              });
}

void observe_batch(Executor& executor, ConstFloatView pixels, ReadKey key, Calibrations& all) {
    for (auto& [layer, c] : all) {
        for (size_t i = 0; i < c.pieces.size(); i++) {
            const size_t p = i % c.per_group();
            c.pieces[i].begin_batch(c.rows_per_sample * pixels.rows * (c.cuts[p + 1] - c.cuts[p]));
        }
    }
    run_batch(executor, pixels, key, [&](const std::string& layer, size_t group, ConstFloatView x) {
        const auto found = all.find(layer);
        if (found == all.end()) {
            return;
        }
        LayerCalibration& c = found->second;
        for (size_t p = 0; p < c.per_group(); p++) {
            c.pieces[group * c.per_group() + p].add(
                x.column_block(c.cuts[p], c.cuts[p + 1] - c.cuts[p]));
        }
    });
    for (auto& [layer, c] : all) {
        for (RangeCalibrator& piece : c.pieces) {
            piece.end_batch();
        }
    }
}

// Ranges of a layer: those found, else those that were there.
std::vector<float> ranges_of(const LayerCalibration& c, std::vector<float> ranges) {
    for (size_t i = 0; i < ranges.size(); i++) {
        ranges[i] = c.pieces[i].range().value_or(ranges[i]);
    }
    return ranges;
}

}  // namespace

Network exact_analog(const Network& network) {
    Network exact = network;
    for (auto& [layer, hardware] : exact.analog) {
        hardware.forward = perfect_mvm();
        hardware.crossbar.enabled = false;
        hardware.time_ir_drop.enabled = false;
        hardware.periphery = {};
        hardware.programming = {};
        std::vector<float>& ranges = exact.parameters.at(layer + ".input_range").values;
        std::fill(ranges.begin(), ranges.end(), 0.0f);
    }
    return exact;
}

void calibrate_input_ranges(Network& network,
                            ConstFloatView pixels,
                            const CalibrationOptions& options) {
    if (options.batch == 0) {
        throw InputError("the batch size must be at least 1");
    }
    if (pixels.rows == 0) {
        throw InputError("a calibration needs at least one sample");
    }
    validate_network(network);
    Network result = network;
    for (auto& [layer, hardware] : result.analog) {
        if (hardware.input_range.enabled) {
            hardware.forward.noise_management.kind = NoiseManagementKind::kNone;
        }
    }
    Executor exact(exact_analog(result), options.seed);
    Calibrations all = calibrations_of(result, exact, options);
    const auto parameter = [&](const std::string& layer) -> std::vector<float>& {
        return result.parameters.at(layer + ".input_range").values;
    };
    const bool moving = options.rule.kind == CalibrationKind::kMovingStd ||
                        options.rule.kind == CalibrationKind::kMovingQuantile;
    std::optional<Executor> analog;
    if (moving) {
        analog.emplace(result, options.seed);
    }
    if (pixels.rows > 0) {
        count_rows(exact, pixels, all);
    }
    for (size_t first = 0; first < pixels.rows; first += options.batch) {
        const size_t rows = std::min(options.batch, pixels.rows - first);
        Executor& executor = moving && first > 0 ? *analog : exact;
        observe_batch(executor, pixels.row_block(first, rows), {0, first}, all);
        if (!moving) {
            continue;
        }
        for (const auto& [layer, c] : all) {
            const std::vector<float> ranges = ranges_of(c, parameter(layer));
            std::vector<TileGrid>& grids = analog->grids(layer);
            for (size_t g = 0; g < grids.size(); g++) {
                const auto from = ranges.begin() + static_cast<std::ptrdiff_t>(g * c.per_group());
                grids[g].set_input_ranges(
                    {from, from + static_cast<std::ptrdiff_t>(c.per_group())});
            }
        }
    }
    for (const auto& [layer, c] : all) {
        parameter(layer) = ranges_of(c, parameter(layer));
    }
    network = std::move(result);
}

}  // namespace mho

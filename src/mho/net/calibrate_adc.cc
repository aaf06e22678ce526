// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/calibrate_adc.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "mho/adapt/calibration.h"
#include "mho/net/executor.h"

namespace mho {
namespace {

constexpr size_t kBatch = 16;
constexpr int kCachedRows = 2000;  // rows of currents that a quantile is taken from

bool is_waiting(const Hardware& hardware) {
    const Crossbar& c = hardware.crossbar;
    return c.enabled && c.adc_range.rule == AdcRangeRule::kCalibrated && c.adc_range.limits.empty();
}

// Currents of the tiles of a grid for inputs x of the layer.
void watch(const TileGrid& grid,
           ConstFloatView x,
           MvmScratch& scratch,
           std::vector<RangeCalibrator>& slices) {
    for (size_t c = 0; c < grid.input_pieces(); c++) {
        const size_t first = grid.input_offsets()[c];
        const ConstFloatView part = x.column_block(first, grid.input_offsets()[c + 1] - first);
        const float range = grid.input_ranges()[c];
        MvmCall call;
        call.range_scale = range > 0 ? 1.0f / range : 0.0f;
        for (size_t r = 0; r < grid.output_pieces(); r++) {
            grid.tile(r, c).crossbar()->observe_currents(
                part, call, scratch, [&](size_t slice, ConstFloatView currents) {
                    slices[slice].add(currents);
                });
        }
    }
}

}  // namespace

bool needs_adc_ranges(const Network& network) {
    return std::any_of(network.analog.begin(), network.analog.end(), [](const auto& entry) {
        return is_waiting(entry.second);
    });
}

void calibrate_adc_ranges(Network& network, ConstFloatView pixels, uint64_t seed) {
    if (!needs_adc_ranges(network) || pixels.rows == 0) {
        return;
    }
    Network ideal = network;
    for (auto& [layer, hardware] : ideal.analog) {
        hardware.crossbar.adc = IdealAdc{};
    }
    Executor executor(ideal, seed);
    std::map<std::string, std::vector<RangeCalibrator>> all;
    for (const auto& [layer, hardware] : network.analog) {
        if (!is_waiting(hardware)) {
            continue;
        }
        CalibrationConfig rule;
        rule.quantile = hardware.crossbar.adc_range.quantile;
        rule.cache_rows = kCachedRows;
        const size_t slices = executor.grids(layer)[0].tile(0, 0).crossbar()->slices();
        for (size_t s = 0; s < slices; s++) {
            all[layer].emplace_back(
                rule, make_tile_key(seed, "adc calibration/" + layer, static_cast<uint32_t>(s)));
        }
    }
    MvmScratch scratch;
    executor.set_observer([&](const std::string& layer, size_t group, ConstFloatView x) {
        const auto found = all.find(layer);
        if (found != all.end()) {
            watch(executor.grids(layer)[group], x, scratch, found->second);
        }
    });
    Matrix<float> outputs(kBatch, executor.output_features());
    for (size_t first = 0; first < pixels.rows; first += kBatch) {
        const size_t rows = std::min(kBatch, pixels.rows - first);
        executor.run(
            pixels.row_block(first, rows), outputs.view().row_block(0, rows), {0, first}, 1);
    }
    for (auto& [layer, slices] : all) {
        std::vector<double> limits;
        double largest = 0;
        for (const RangeCalibrator& s : slices) {
            limits.push_back(s.range().value_or(0.0f));
            largest = std::max(largest, limits.back());
        }
        if (!(largest > 0)) {
            continue;  // no current at all: the range stays `max`
        }
        for (double& limit : limits) {
            limit = limit > 0 ? limit : largest;
        }
        network.analog.at(layer).crossbar.adc_range.limits = limits;
    }
}

}  // namespace mho

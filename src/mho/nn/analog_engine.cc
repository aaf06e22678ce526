// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/nn/analog_engine.h"

#include <algorithm>

#include "mho/adapt/modified_grid.h"
#include "mho/nn/analog_engine_internal.h"

namespace mho {

AnalogEngine::AnalogEngine(const Hardware& hardware,
                           size_t groups,
                           size_t outputs,
                           size_t inputs,
                           uint64_t seed,
                           const std::string& path)
    : hardware_(hardware) {
    grids_.reserve(groups);
    for (size_t g = 0; g < groups; g++) {
        grids_.emplace_back(
            hardware, outputs, inputs, seed, groups == 1 ? path : path + "/g" + std::to_string(g));
    }
}

AnalogEngine::~AnalogEngine() = default;

void AnalogEngine::load_weights(ConstFloatView weights) {
    modified_ = nullptr;
    for (size_t g = 0; g < grids_.size(); g++) {
        grids_[g].set_weights(weights.row_block(g * grids_[g].outputs(), grids_[g].outputs()));
    }
}

void AnalogEngine::load_modified(ConstFloatView weights, FloatView modified, uint64_t step) {
    modified_ = modified.data;
    for (size_t g = 0; g < grids_.size(); g++) {
        TileGrid& grid = grids_[g];
        set_modified_weights(grid,
                             hardware_.modifier,
                             weights.row_block(g * grid.outputs(), grid.outputs()),
                             modified.row_block(g * grid.outputs(), grid.outputs()),
                             step);
    }
}

void AnalogEngine::load_scales(const LayerScales& scales, const std::vector<float>& bias) {
    for (size_t g = 0; g < grids_.size(); g++) {
        TileGrid& grid = grids_[g];
        Matrix<float> total(grid.input_pieces(), grid.outputs());
        for (size_t c = 0; c < total.rows; c++) {
            for (size_t o = 0; o < total.cols; o++) {
                const size_t at = g * total.cols + o;
                total(c, o) = scales.mapping(c, at) * scales.learned(c, at);
            }
        }
        grid.set_scales(std::move(total));
        const auto piece =
            scales.ranges.begin() + static_cast<std::ptrdiff_t>(g * grid.input_pieces());
        grid.set_input_ranges({piece, piece + static_cast<std::ptrdiff_t>(grid.input_pieces())});
        if (!bias.empty()) {
            const auto first = bias.begin() + static_cast<std::ptrdiff_t>(g * grid.outputs());
            grid.set_bias({first, first + static_cast<std::ptrdiff_t>(grid.outputs())});
        }
    }
}

std::vector<InputMoments> AnalogEngine::input_moments(const LayerGeometry& g,
                                                      const float* x,
                                                      size_t samples) const {
    // Cut alike for any number of threads, and added in order: the sums have the same bits.
    const Chunking cut(g, samples);
    const size_t count = grids_.size() * pieces();
    std::vector<InputMoments> parts(cut.items * count);
    std::vector<ItemRows> rows(layer_threads());
    over_items(cut.items, false, [&](size_t item, size_t worker) {
        const size_t first = item * cut.samples_per_item;
        const size_t here = std::min(cut.samples_per_item, samples - first);
        for (size_t group = 0; group < grids_.size(); group++) {
            const std::vector<size_t>& offsets = grids_[group].input_offsets();
            rows[worker].start(g, x, first, here, group);
            const size_t total = here * g.positions();
            for (size_t row = 0; row < total; row += cut.chunk_rows) {
                const ConstFloatView chunk =
                    rows[worker].rows(row, std::min(cut.chunk_rows, total - row));
                for (size_t c = 0; c < pieces(); c++) {
                    parts[item * count + group * pieces() + c].add(
                        chunk.column_block(offsets[c], offsets[c + 1] - offsets[c]));
                }
            }
        }
    });
    std::vector<InputMoments> all(count);
    for (size_t i = 0; i < parts.size(); i++) {
        all[i % count].add(parts[i]);
    }
    return all;
}

void AnalogEngine::forward(const LayerGeometry& g,
                           const float* x,
                           size_t samples,
                           float* y,
                           ReadKey key,
                           ForwardTrace* trace) {
    const size_t threads = layer_threads();
    const Chunking cut(g, samples);
    const size_t chunks = cut.items * cut.chunks_per_item;
    // A running average over inputs has an order.
    const bool serial =
        hardware_.forward.noise_management.kind == NoiseManagementKind::kAverageAbsMax;
    scratch_.resize(std::max(scratch_.size(), threads * grids_.size()));
    std::vector<ItemRows> rows(threads);
    if (trace != nullptr) {
        trace->geometry = g;
        trace->key = key;
        trace->records.resize(grids_.size() * chunks);
        for (TileGrid::ForwardRecord& record : trace->records) {
            record.keep_sums = hardware_.mapping.learn_scales != LearnedScales::kNone;
            record.keep_clipped =
                hardware_.gradient.mask_outputs || hardware_.input_range.manage_output_clipping;
        }
    }
    over_items(cut.items, serial, [&](size_t item, size_t worker) {
        const size_t first = item * cut.samples_per_item;
        const size_t here = std::min(cut.samples_per_item, samples - first);
        const size_t total = here * g.positions();
        for (size_t group = 0; group < grids_.size(); group++) {
            rows[worker].start(g, x, first, here, group);
            for (size_t row = 0, k = 0; row < total; row += cut.chunk_rows, k++) {
                const size_t count = std::min(cut.chunk_rows, total - row);
                const size_t global = first * g.positions() + row;
                const FloatView out{y + global * g.total_outputs() + group * g.outputs,
                                    count,
                                    g.outputs,
                                    g.total_outputs()};
                grids_[group].apply(
                    rows[worker].rows(row, count),
                    out,
                    {key.step, key.first_sample * g.positions() + global},
                    scratch_[worker * grids_.size() + group],
                    trace != nullptr
                        ? &trace->records[group * chunks + item * cut.chunks_per_item + k]
                        : nullptr);
            }
        }
    });
}

}  // namespace mho

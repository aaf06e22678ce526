// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/nn/layer_learning.h"

#include <algorithm>
#include <cmath>

#include "mho/util/error.h"

namespace mho {

LayerLearning::LayerLearning(const LearnerConfig& config,
                             const AnalogEngine& engine,
                             uint64_t seed,
                             const std::string& path)
    : mapping_(engine.hardware().mapping) {
    for (size_t g = 0; g < engine.groups(); g++) {
        const TileGrid& grid = engine.grid(g);
        const std::string name =
            (engine.groups() == 1 ? path : path + "/g" + std::to_string(g)) + "/learner";
        for (size_t r = 0; r < grid.output_pieces(); r++) {
            for (size_t c = 0; c < grid.input_pieces(); c++) {
                Tile t;
                t.group = g;
                t.row = g * grid.outputs() + grid.output_offsets()[r];
                t.rows = grid.output_offsets()[r + 1] - grid.output_offsets()[r];
                t.col = grid.input_offsets()[c];
                t.cols = grid.input_offsets()[c + 1] - t.col;
                t.piece = c;
                t.output_piece = r;
                tiles_.push_back(t);
                learners_.push_back(make_learner(
                    config,
                    t.rows,
                    t.cols,
                    make_tile_key(seed, name, static_cast<uint32_t>(r), static_cast<uint32_t>(c))));
            }
        }
    }
}

size_t LayerLearning::set_rate_factor(double factor, int tile_row, int tile_column) {
    if (!(factor >= 0) || !std::isfinite(factor)) {
        throw InputError("a factor of the learning rate must be finite and at least 0");
    }
    size_t count = 0;
    for (Tile& t : tiles_) {
        const auto fits = [](int wanted, size_t is) {
            return wanted < 0 || static_cast<size_t>(wanted) == is;
        };
        if (fits(tile_row, t.output_piece) && fits(tile_column, t.piece)) {
            t.rate_factor = factor;
            count++;
        }
    }
    return count;
}

void LayerLearning::count_pulses() {
    for (const std::unique_ptr<Learner>& l : learners_) {
        l->count_pulses(true);
    }
}

void LayerLearning::collect(const LayerGeometry& geometry,
                            const at::Tensor& input,
                            size_t samples,
                            const at::Tensor& errors,
                            const LayerScales& scales,
                            uint64_t order) {
    passes_.push_back({geometry, input, samples, errors, scales, order});
}

void LayerLearning::write(ConstFloatView tile_weights, uint64_t step) {
    for (size_t i = 0; i < tiles_.size(); i++) {
        const Tile& t = tiles_[i];
        learners_[i]->set_weights(tile_weights.row_block(t.row, t.rows).column_block(t.col, t.cols),
                                  step);
    }
}

void LayerLearning::read(FloatView tile_weights) const {
    for (size_t i = 0; i < tiles_.size(); i++) {
        const Tile& t = tiles_[i];
        const ConstFloatView w = learners_[i]->weights();
        for (size_t r = 0; r < t.rows; r++) {
            std::copy_n(w.row(r), t.cols, tile_weights.row(t.row + r) + t.col);
        }
    }
}

void LayerLearning::learn(double rate, uint64_t step, size_t threads) {
    // A backward pass visits the last position first.
    std::stable_sort(passes_.begin(), passes_.end(), [](const Pass& a, const Pass& b) {
        return a.order < b.order;
    });
    size_t total = 0;
    for (const Pass& p : passes_) {
        total += p.samples * p.geometry.positions();
    }
    UpdateCall call;
    call.rate = rate;
    call.key.step = step;
    call.batch_size = total;
    call.threads = threads;
    uint64_t row_number = 0;
    for (const Pass& p : passes_) {
        const LayerGeometry& g = p.geometry;
        const float* x = p.input.data_ptr<float>();
        if (!g.is_convolution) {
            learn_rows(p, 0, {x, p.samples, g.inputs}, 0, row_number, call);
            row_number += p.samples;
            continue;
        }
        const size_t positions = g.positions();
        unrolled_.resize(positions * g.inputs + PatchGeometry::kSlack);
        for (size_t group = 0; group < g.groups; group++) {
            padded_.assign(g.patch.padded_size(), 0.0f);  // the border stays zero
            for (size_t s = 0; s < p.samples; s++) {
                pad_sample(g.patch,
                           {g.channels_last, g.groups * g.patch.channels, group * g.patch.channels},
                           x + s * g.sample_size(),
                           padded_.data());
                gather_patches(g.patch, padded_.data(), 0, positions, unrolled_.data());
                learn_rows(p,
                           group,
                           {unrolled_.data(), positions, g.inputs},
                           s * positions,
                           row_number + s * positions,
                           call);
            }
        }
        row_number += p.samples * positions;
    }
    for (const std::unique_ptr<Learner>& l : learners_) {
        l->end_of_batch(step);
    }
    passes_.clear();
}

void LayerLearning::learn_rows(const Pass& pass,
                               size_t group,
                               ConstFloatView inputs,
                               size_t first_row,
                               uint64_t row_number,
                               const UpdateCall& call) {
    const size_t all_outputs = pass.geometry.total_outputs();
    const size_t pieces = pass.scales.mapping.rows;
    for (size_t i = 0; i < tiles_.size(); i++) {
        const Tile& t = tiles_[i];
        if (t.group != group || t.rate_factor == 0) {
            continue;
        }
        const double factor =
            mapping_rate_factor(mapping_, {pass.scales.mapping.row(t.piece) + t.row, t.rows});
        const auto inverse = static_cast<float>(1.0 / factor);
        errors_.resize(inputs.rows * t.rows);
        for (size_t b = 0; b < inputs.rows; b++) {
            const float* from =
                pass.errors.data_ptr<float>() + (first_row + b) * all_outputs + t.row;
            float* to = errors_.data() + b * t.rows;
            for (size_t o = 0; o < t.rows; o++) {
                to[o] = from[o] * inverse * pass.scales.learned(t.piece, t.row + o) /
                        pass.scales.mapping(t.piece, t.row + o);
            }
        }
        ConstFloatView x = inputs.column_block(t.col, t.cols);
        const float range = pass.scales.ranges[group * pieces + t.piece];
        if (range > 0) {
            inputs_.resize(inputs.rows * t.cols);
            for (size_t b = 0; b < inputs.rows; b++) {
                for (size_t j = 0; j < t.cols; j++) {
                    inputs_[b * t.cols + j] = std::clamp(x(b, j), -range, range);
                }
            }
            x = {inputs_.data(), inputs.rows, t.cols};
        }
        UpdateCall part = call;
        part.key.first_sample = row_number;
        part.rate *= factor * t.rate_factor;
        learners_[i]->update(x, {errors_.data(), inputs.rows, t.rows}, part);
    }
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/matrix_training.h"

#include <algorithm>
#include <cmath>

#include "mho/adapt/modified_grid.h"
#include "mho/util/error.h"
#include "mho/util/threads.h"

namespace mho {

namespace {

constexpr size_t kLeastRows = 64;  // of a block that one thread takes
constexpr size_t kMostRows = 256;

size_t block_rows(size_t rows, size_t threads) {
    return std::clamp<size_t>(
        (rows + threads - 1) / std::max<size_t>(threads, 1), kLeastRows, kMostRows);
}

Matrix<float> copy_of(ConstFloatView view) {
    Matrix<float> m(view.rows, view.cols);
    for (size_t r = 0; r < m.rows; r++) {
        std::copy_n(view.row(r), m.cols, m.row(r));
    }
    return m;
}

}  // namespace

MatrixTraining::MatrixTraining(const Hardware& hardware,
                               size_t groups,
                               size_t outputs,
                               size_t inputs,
                               uint64_t seed,
                               const std::string& path,
                               uint32_t chip)
    : hardware_(hardware) {
    if (groups == 0 || outputs == 0 || inputs == 0) {
        throw InputError("layer " + path + ": groups, outputs and inputs must be at least 1");
    }
    grids_.reserve(groups);
    for (size_t g = 0; g < groups; g++) {
        grids_.emplace_back(hardware,
                            outputs,
                            inputs,
                            seed,
                            groups == 1 ? path : path + "/g" + std::to_string(g),
                            chip);
    }
    scales_.ranges.assign(groups * pieces(), 0.0f);
    scales_.mapping = Matrix<float>(pieces(), groups * outputs, 1.0f);
    scales_.learned = scales_.mapping;
}

bool MatrixTraining::exact_backward() const {
    return hardware_.backward.perfect && hardware_.backward.output_scale == 1.0;
}

bool MatrixTraining::keeps_clipped() const {
    return hardware_.gradient.mask_outputs || hardware_.input_range.manage_output_clipping;
}

bool MatrixTraining::keeps_sums() const {
    return hardware_.mapping.learn_scales != LearnedScales::kNone;
}

void MatrixTraining::load_weights(ConstFloatView weights) {
    if (weights.rows != groups() * outputs()) {
        throw InputError("layer " + grids_[0].layer_path() + ": weights must have " +
                         std::to_string(groups() * outputs()) + " rows, got " +
                         std::to_string(weights.rows));
    }
    modified_ = nullptr;
    for (size_t g = 0; g < groups(); g++) {
        grids_[g].set_weights(weights.row_block(g * outputs(), outputs()));
        if (!hardware_.backward.perfect) {
            grids_[g].prepare_backward();
        }
    }
}

void MatrixTraining::load_modified(ConstFloatView weights, FloatView modified, uint64_t step) {
    modified_ = modified.data;
    for (size_t g = 0; g < groups(); g++) {
        TileGrid& grid = grids_[g];
        set_modified_weights(grid,
                             hardware_.modifier,
                             weights.row_block(g * grid.outputs(), grid.outputs()),
                             modified.row_block(g * grid.outputs(), grid.outputs()),
                             step);
        if (!hardware_.backward.perfect) {
            grid.prepare_backward();
        }
    }
}

void MatrixTraining::program(ConstFloatView weights,
                             uint64_t programming,
                             ConductanceSwitches switches) {
    modified_ = nullptr;
    for (size_t g = 0; g < groups(); g++) {
        grids_[g].program(weights.row_block(g * outputs(), outputs()), programming, switches);
    }
}

void MatrixTraining::advance_to(double t_s, uint64_t read_step) {
    modified_ = nullptr;
    for (TileGrid& grid : grids_) {
        grid.advance_to(t_s, read_step);
    }
}

void MatrixTraining::use_compensation(bool on) {
    for (TileGrid& grid : grids_) {
        grid.use_compensation(on);
    }
}

Matrix<float> MatrixTraining::weights() const {
    Matrix<float> all(groups() * outputs(), inputs());
    for (size_t g = 0; g < groups(); g++) {
        const Matrix<float> w = grids_[g].weights();
        std::copy(w.values.begin(), w.values.end(), all.row(g * outputs()));
    }
    return all;
}

void MatrixTraining::load_scales(ConstFloatView mapping,
                                 ConstFloatView learned,
                                 std::span<const float> ranges,
                                 std::span<const float> bias) {
    const size_t all = groups() * outputs();
    if (mapping.rows != pieces() || mapping.cols != all || learned.rows != pieces() ||
        learned.cols != all || ranges.size() != groups() * pieces() ||
        (!bias.empty() && bias.size() != all)) {
        throw InputError("layer " + grids_[0].layer_path() +
                         ": scales, ranges or bias have wrong sizes");
    }
    scales_.mapping = copy_of(mapping);
    scales_.learned = copy_of(learned);
    scales_.ranges.assign(ranges.begin(), ranges.end());
    for (size_t g = 0; g < groups(); g++) {
        Matrix<float> total(pieces(), outputs());
        for (size_t c = 0; c < total.rows; c++) {
            for (size_t o = 0; o < total.cols; o++) {
                const size_t at = g * total.cols + o;
                total(c, o) = mapping(c, at) * learned(c, at);
            }
        }
        grids_[g].set_scales(std::move(total));
        const auto first = scales_.ranges.begin() + static_cast<std::ptrdiff_t>(g * pieces());
        grids_[g].set_input_ranges({first, first + static_cast<std::ptrdiff_t>(pieces())});
        if (bias.empty()) {
            grids_[g].set_bias({});
        } else {
            const auto part = bias.subspan(g * outputs(), outputs());
            grids_[g].set_bias({part.begin(), part.end()});
        }
    }
}

std::vector<InputMoments> MatrixTraining::input_moments(ConstFloatView x) const {
    std::vector<InputMoments> moments(groups() * pieces());
    for (size_t g = 0; g < groups(); g++) {
        const std::vector<size_t>& offsets = grids_[g].input_offsets();
        for (size_t c = 0; c < pieces(); c++) {
            const ConstFloatView part =
                x.column_block(g * inputs() + offsets[c], offsets[c + 1] - offsets[c]);
            // Blocks as in the LibTorch front: equal sums.
            for (size_t row = 0; row < x.rows; row += kLeastRows) {
                moments[g * pieces() + c].add(
                    part.row_block(row, std::min(kLeastRows, x.rows - row)));
            }
        }
    }
    return moments;
}

void MatrixTraining::forward(
    ConstFloatView x, FloatView y, ReadKey key, size_t threads, uint8_t* clipped, float* sums) {
    if (x.cols != groups() * inputs() || y.cols != groups() * outputs() || y.rows != x.rows) {
        throw InputError("layer " + grids_[0].layer_path() + ": inputs must be [rows, " +
                         std::to_string(groups() * inputs()) + "] and outputs [rows, " +
                         std::to_string(groups() * outputs()) + "]");
    }
    // A running average over inputs has an order.
    if (hardware_.forward.noise_management.kind == NoiseManagementKind::kAverageAbsMax) {
        threads = 1;
    }
    const size_t block = block_rows(x.rows, threads);
    const size_t blocks = (x.rows + block - 1) / block;
    const size_t workers = std::max<size_t>(1, std::min(threads, blocks));
    if (scratch_.size() < workers * groups()) {
        scratch_.resize(workers * groups());
        records_.resize(workers * groups());
    }
    const size_t all = groups() * outputs();
    const auto run = [&](size_t item, size_t worker) {
        const size_t first = item * block;
        const size_t count = std::min(block, x.rows - first);
        for (size_t g = 0; g < groups(); g++) {
            TileGrid::ForwardRecord* record = nullptr;
            if (clipped != nullptr || sums != nullptr) {
                record = &records_[worker * groups() + g];
                record->keep_clipped = clipped != nullptr;
                record->keep_sums = sums != nullptr;
            }
            grids_[g].apply(x.row_block(first, count).column_block(g * inputs(), inputs()),
                            y.row_block(first, count).column_block(g * outputs(), outputs()),
                            {key.step, key.first_sample + first},
                            scratch_[worker * groups() + g],
                            record);
            for (size_t c = 0; record != nullptr && c < pieces(); c++) {
                for (size_t b = 0; b < count; b++) {
                    const size_t from = (c * count + b) * outputs();
                    const size_t to = (c * x.rows + first + b) * all + g * outputs();
                    if (clipped != nullptr) {
                        std::copy_n(record->clipped.data() + from, outputs(), clipped + to);
                    }
                    if (sums != nullptr) {
                        std::copy_n(record->tile_sums.data() + from, outputs(), sums + to);
                    }
                }
            }
        }
    };
    if (workers == 1) {
        for (size_t item = 0; item < blocks; item++) {
            run(item, 0);
        }
    } else {
        parallel_for(workers, blocks, run);
    }
}

void MatrixTraining::post_step(FloatView weights,
                               FloatView mapping,
                               FloatView learned,
                               std::span<float> ranges) const {
    for (size_t g = 0; g < groups(); g++) {
        clip_and_remap(grids_[g],
                       hardware_.clip,
                       hardware_.remap,
                       weights.row_block(g * outputs(), outputs()),
                       mapping.column_block(g * outputs(), outputs()),
                       learned.column_block(g * outputs(), outputs()));
    }
    if (hardware_.input_range.enabled) {
        for (float& range : ranges) {
            // A step of the optimiser may cross zero; a range of 0 would mean "none".
            range = std::max(std::fabs(range), 1e-6f);
        }
    }
}

size_t MatrixTraining::bytes() const {
    size_t sum = 0;
    for (const TileGrid& grid : grids_) {
        sum += grid.bytes();
    }
    return sum;
}

}  // namespace mho

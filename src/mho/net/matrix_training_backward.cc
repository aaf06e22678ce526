// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "mho/adapt/outside_gradients.h"
#include "mho/kernels/passes.h"
#include "mho/net/matrix_training.h"
#include "mho/util/error.h"

namespace mho {

// Let e be an error, s the mapping scale times the learned one: inputs need W^T (s e). Weights get
// dL/dV / s_mapping for the logical weight V = s w, that is x (s e) / s_mapping^2, one factor after
// the other, for the square may underflow.
MatrixSums MatrixTraining::begin_backward(ConstFloatView errors,
                                          ConstFloatView x,
                                          ConstFloatView weights,
                                          const uint8_t* clipped,
                                          const float* tile_sums,
                                          bool wants_inputs,
                                          float* for_weights,
                                          float* for_inputs) const {
    const size_t n = outputs();
    const size_t all = groups() * n;
    const size_t rows = errors.rows;
    const bool learn_range = hardware_.input_range.enabled && hardware_.input_range.learn;
    const bool mask = hardware_.gradient.mask_outputs;
    const bool learn_scales = keeps_sums() && tile_sums != nullptr;
    if ((mask && clipped == nullptr) || for_weights == nullptr) {
        throw InputError("layer " + grids_[0].layer_path() + ": the forward pass kept too little");
    }
    MatrixSums sums;
    sums.ranges.resize(groups() * pieces());
    sums.clipped.assign(groups() * pieces(), 0);
    sums.outside.assign(groups() * pieces(), 0);
    sums.wants_product.assign(groups() * pieces(), wants_inputs ? 1 : 0);
    sums.learned = Matrix<double>(pieces(), all);
    sums.bias.assign(all, 0.0);
    std::vector<float> column(all, 0.0f);
    for (size_t b = 0; b < rows; b++) {
        add_row(errors.row(b), all, column.data());
    }
    std::copy(column.begin(), column.end(), sums.bias.begin());
    std::vector<float> scale(all), weight_scale(all);
    std::vector<uint32_t> outside;
    std::vector<float> own_errors;
    OutsideRoom room;
    for (size_t c = 0; c < pieces(); c++) {
        for (size_t o = 0; o < all; o++) {
            const float range = scales_.ranges[o / n * pieces() + c];
            const float extra =
                hardware_.gradient.divide_by_range && range > 0 ? 1.0f / range : 1.0f;
            const float mapping = scales_.mapping(c, o);
            const float once = mapping != 0 ? 1.0f / mapping : 0.0f;
            scale[o] = mapping * scales_.learned(c, o);
            weight_scale[o] = scale[o] * once * once * extra;
        }
        const uint8_t* cut = clipped == nullptr ? nullptr : clipped + c * rows * all;
        float* to_weights = for_weights + c * rows * all;
        float* to_inputs = for_inputs == nullptr ? nullptr : for_inputs + c * rows * all;
        for (size_t b = 0; b < rows; b++) {
            const float* e = errors.row(b);
            const uint8_t* k = mask ? cut + b * all : nullptr;
            masked_scale_row(e, weight_scale.data(), k, all, to_weights + b * all);
            if (to_inputs != nullptr) {
                masked_scale_row(e, scale.data(), k, all, to_inputs + b * all);
            }
        }
        if (learn_scales) {
            std::fill(column.begin(), column.end(), 0.0f);
            for (size_t b = 0; b < rows; b++) {
                const float* e = errors.row(b);
                const float* sum = tile_sums + (c * rows + b) * all;
                for (size_t o = 0; o < all; o++) {
                    column[o] += e[o] * sum[o];
                }
            }
            for (size_t o = 0; o < all; o++) {
                sums.learned(c, o) =
                    static_cast<double>(column[o]) * static_cast<double>(scales_.mapping(c, o));
            }
        }
        for (size_t g = 0; g < groups(); g++) {
            const size_t at = g * pieces() + c;
            const float range = scales_.ranges[at];
            const std::vector<size_t>& offsets = grids_[g].input_offsets();
            const size_t width = offsets[c + 1] - offsets[c];
            const ConstFloatView part = x.column_block(g * inputs() + offsets[c], width);
            if (hardware_.input_range.manage_output_clipping && cut != nullptr) {
                for (size_t b = 0; b < rows; b++) {
                    for (size_t o = 0; o < n; o++) {
                        sums.clipped[at] += cut[b * all + g * n + o];
                    }
                }
            }
            sums.outside[at] = range > 0 && any_outside(part, range) ? 1 : 0;
            if (!learn_range || !(range > 0)) {
                continue;
            }
            if (sums.outside[at] == 0) {
                sums.ranges[at].add_inside(rows * width);
                continue;
            }
            if (wants_inputs || !exact_backward()) {
                sums.wants_product[at] = 1;
                continue;
            }
            if (!few_outside(part, range, most_outside(rows * width), outside)) {
                sums.wants_product[at] = 1;
                continue;
            }
            own_errors.resize(rows * n);
            for (size_t b = 0; b < rows; b++) {
                masked_scale_row(errors.row(b) + g * n,
                                 scale.data() + g * n,
                                 mask ? cut + b * all + g * n : nullptr,
                                 n,
                                 own_errors.data() + b * n);
            }
            add_outside_gradients(
                outside,
                part,
                {.rows = weights.row_block(g * n, n).column_block(offsets[c], width),
                 .grid = weights.data == modified_ ? &grids_[g] : nullptr,
                 .piece = c},
                {own_errors.data(), rows, n},
                range,
                room,
                sums.ranges[at]);
        }
    }
    return sums;
}

void MatrixTraining::cut_inputs(ConstFloatView x, FloatView to) const {
    for (size_t g = 0; g < groups(); g++) {
        const std::vector<size_t>& offsets = grids_[g].input_offsets();
        for (size_t c = 0; c < pieces(); c++) {
            const float range = scales_.ranges[g * pieces() + c];
            const size_t first = g * inputs() + offsets[c];
            const size_t width = offsets[c + 1] - offsets[c];
            const float limit = range > 0 ? range : INFINITY;
            for (size_t b = 0; b < x.rows; b++) {
                clamp_row(x.row(b) + first, limit, width, to.row(b) + first);
            }
        }
    }
}

void MatrixTraining::transposed(ConstFloatView errors,
                                FloatView gradient,
                                ReadKey key,
                                const uint8_t* clipped) const {
    const size_t n = outputs();
    const size_t all = groups() * n;
    const size_t rows = errors.rows;
    TileGrid::Scratch scratch;
    TileGrid::ForwardRecord record;
    const bool mask = hardware_.gradient.mask_outputs && clipped != nullptr;
    for (size_t g = 0; g < groups(); g++) {
        if (mask) {
            record.clipped.resize(pieces() * rows * n);
            for (size_t i = 0; i < pieces() * rows; i++) {
                std::copy_n(clipped + i * all + g * n, n, record.clipped.data() + i * n);
            }
        }
        grids_[g].apply_transposed(errors.column_block(g * n, n),
                                   gradient.column_block(g * inputs(), inputs()),
                                   key,
                                   scratch,
                                   mask ? &record : nullptr);
    }
}

void MatrixTraining::end_backward(ConstFloatView x, FloatView gradient, MatrixSums& sums) const {
    const bool learn_range = hardware_.input_range.enabled && hardware_.input_range.learn;
    for (size_t g = 0; g < groups(); g++) {
        const std::vector<size_t>& offsets = grids_[g].input_offsets();
        for (size_t c = 0; c < pieces(); c++) {
            const size_t at = g * pieces() + c;
            const float range = scales_.ranges[at];
            if (sums.outside[at] == 0 || sums.wants_product[at] == 0) {
                continue;
            }
            const size_t first = g * inputs() + offsets[c];
            const size_t width = offsets[c + 1] - offsets[c];
            const ConstFloatView part = x.column_block(first, width);
            const FloatView d = gradient.column_block(first, width);
            if (learn_range) {
                sums.ranges[at].add(part, d, range);
            }
            if (!hardware_.gradient.mask_inputs) {
                continue;
            }
            for (size_t b = 0; b < x.rows; b++) {
                clear_outside_row(part.row(b), range, width, d.row(b));
            }
        }
    }
}

std::vector<float> MatrixTraining::range_gradient(const MatrixSums& sums,
                                                  size_t rows,
                                                  double share) const {
    const double numbers = static_cast<double>(rows * outputs());
    std::vector<float> gradient(groups() * pieces(), 0.0f);
    if (!hardware_.input_range.enabled || !hardware_.input_range.learn) {
        return gradient;
    }
    // Sums over inputs add up over the passes of a step; what acts once a step must not.
    InputRangeConfig config = hardware_.input_range;
    config.gradient_scale /= share;
    for (size_t i = 0; i < gradient.size(); i++) {
        if (scales_.ranges[i] > 0) {
            gradient[i] = static_cast<float>(
                share * input_range_gradient(
                            config,
                            sums.ranges[i],
                            scales_.ranges[i],
                            numbers > 0 ? static_cast<double>(sums.clipped[i]) / numbers : 0.0));
        }
    }
    return gradient;
}

Matrix<float> MatrixTraining::learned_gradient(const MatrixSums& sums) const {
    Matrix<float> gradient(pieces(), groups() * outputs());
    for (size_t i = 0; i < gradient.values.size(); i++) {
        gradient.values[i] = static_cast<float>(sums.learned.values[i]);
    }
    if (hardware_.mapping.learn_scales != LearnedScales::kPerTile) {
        return gradient;
    }
    // One number per tile: every entry of the tile gets the gradient of that number, so that equal
    // entries stay equal under any optimiser that works element by element.
    for (size_t g = 0; g < groups(); g++) {
        const std::vector<size_t>& offsets = grids_[g].output_offsets();
        for (size_t c = 0; c < pieces(); c++) {
            float* row = gradient.row(c) + g * outputs();
            for (size_t r = 0; r + 1 < offsets.size(); r++) {
                double sum = 0;
                for (size_t o = offsets[r]; o < offsets[r + 1]; o++) {
                    sum += static_cast<double>(row[o]);
                }
                std::fill(row + offsets[r], row + offsets[r + 1], static_cast<float>(sum));
            }
        }
    }
    return gradient;
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/adapt/outside_gradients.h"

#include <algorithm>

#include "mho/kernels/outside.h"
#include "mho/kernels/passes.h"
#include "mho/util/error.h"

namespace mho {

namespace {
constexpr size_t kLine = 16;  // floats of a cache line

// The columns of `inputs`, each a row of `columns`.
void gather_columns(const PieceWeights& weights,
                    const std::vector<uint32_t>& inputs,
                    float* columns,
                    size_t stride) {
    if (weights.grid != nullptr) {
        for (size_t c = 0; c < inputs.size(); c++) {
            weights.grid->copy_column(weights.piece, inputs[c], columns + c * stride);
        }
        return;
    }
    // Sixteen weights at a time: every line of the weights is read once, and every line of a column
    // is written once.
    const ConstFloatView& w = weights.rows;
    for (size_t o = 0; o < w.rows; o += kLine) {
        const size_t rows = std::min(kLine, w.rows - o);
        for (size_t c = 0; c < inputs.size(); c++) {
            const float* from = w.row(o) + inputs[c];
            float* line = columns + c * stride + o;
            for (size_t r = 0; r < rows; r++) {
                line[r] = from[r * w.stride];
            }
        }
    }
}
}  // namespace

bool few_outside(ConstFloatView x, float range, size_t most, std::vector<uint32_t>& found) {
    found.resize(most + x.cols);
    size_t count = 0;
    for (size_t r = 0; r < x.rows && count <= most; r++) {
        const size_t more = find_outside(x.row(r), x.cols, range, found.data() + count);
        for (size_t i = count; i < count + more; i++) {
            found[i] += static_cast<uint32_t>(r * x.cols);
        }
        count += more;
    }
    found.resize(count);
    return count <= most;
}

void some_input_gradients(const std::vector<uint32_t>& elements,
                          size_t width,
                          const PieceWeights& weights,
                          ConstFloatView errors,
                          AlignedFloats& columns,
                          std::vector<float>& gradients) {
    if (weights.rows.rows != errors.cols || weights.rows.cols != width) {
        throw InputError("gradients of inputs: weights must be [outputs, inputs]");
    }
    // Every input that any row needs, once and in order; then its place among them.
    std::vector<uint32_t> column_of(width, 0);
    for (const uint32_t element : elements) {
        column_of[element % width] = 1;
    }
    std::vector<uint32_t> inputs;
    for (uint32_t j = 0; j < width; j++) {
        if (column_of[j] != 0) {
            column_of[j] = static_cast<uint32_t>(inputs.size());
            inputs.push_back(j);
        }
    }
    // A stride that is no power of two spreads the columns over the sets of the cache.
    const size_t stride = (errors.cols + kLine - 1) / kLine * kLine + kLine;
    columns.resize(inputs.size() * stride);
    gather_columns(weights, inputs, columns.data(), stride);
    gradients.resize(elements.size());
    for (size_t i = 0; i < elements.size(); i++) {
        const float* column = columns.data() + column_of[elements[i] % width] * stride;
        gradients[i] =
            static_cast<float>(dot_row(errors.row(elements[i] / width), column, errors.cols));
    }
}

void add_outside_gradients(const std::vector<uint32_t>& outside,
                           ConstFloatView x,
                           const PieceWeights& weights,
                           ConstFloatView errors,
                           float range,
                           OutsideRoom& room,
                           InputRangeSums& sums) {
    some_input_gradients(outside, x.cols, weights, errors, room.columns, room.gradients);
    for (size_t i = 0; i < outside.size(); i++) {
        sums.add(x(outside[i] / x.cols, outside[i] % x.cols), room.gradients[i], range);
    }
    sums.add_inside(x.rows * x.cols - outside.size());
}

}  // namespace mho

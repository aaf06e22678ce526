// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ADAPT_OUTSIDE_GRADIENTS_H
#define MHO_ADAPT_OUTSIDE_GRADIENTS_H

#include <cstdint>
#include <vector>

#include "mho/adapt/input_range.h"
#include "mho/kernels/product.h"
#include "mho/tile/grid.h"
#include "mho/util/matrix.h"

namespace mho {

// The gradient of an input range needs the gradients of the inputs outside the range. In a first
// layer nobody else needs a gradient of the inputs: a few of them cost less than the whole product.

/// Of how many inputs outside, at most, the gradients cost clearly less than the whole product.
inline size_t most_outside(size_t inputs) {
    return inputs / 32;
}

/// Numbers (row * cols + column) of the elements of x outside the range, !(|x| < range); gives up
/// (false) beyond `most` of them.
bool few_outside(ConstFloatView x, float range, size_t most, std::vector<uint32_t>& found);

/// The weights of a piece of the inputs, [outputs, inputs], and tiles that hold the same numbers:
/// there a column is 16 times fewer cache lines.
struct PieceWeights {
    ConstFloatView rows;
    const TileGrid* grid = nullptr;
    size_t piece = 0;
};

/// Gradients W^T e of the inputs number `elements` of rows of `width` inputs, for these alone:
/// weights [outputs, width], errors [rows, outputs]. `columns` is room that may be kept.
void some_input_gradients(const std::vector<uint32_t>& elements,
                          size_t width,
                          const PieceWeights& weights,
                          ConstFloatView errors,
                          AlignedFloats& columns,
                          std::vector<float>& gradients);

/// Room for add_outside_gradients that may be kept from call to call.
struct OutsideRoom {
    AlignedFloats columns;
    std::vector<float> gradients;
};

/// Adds a block of inputs x [rows, inputs], of which few_outside found `outside`, to the sums of
/// their range.
void add_outside_gradients(const std::vector<uint32_t>& outside,
                           ConstFloatView x,
                           const PieceWeights& weights,
                           ConstFloatView errors,
                           float range,
                           OutsideRoom& room,
                           InputRangeSums& sums);

}  // namespace mho

#endif  // MHO_ADAPT_OUTSIDE_GRADIENTS_H

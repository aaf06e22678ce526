// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/kernels/weight_gradient.h"

#include <algorithm>
#include <cmath>

#include "mho/kernels/transpose.h"
#include "mho/util/error.h"
#include "mho/util/shape_text.h"

namespace mho {

namespace {
constexpr size_t kRegister = 16;  // PackedMatrix::row_stride is a multiple of it
}  // namespace

void weight_gradient(ConstFloatView errors,
                     ConstFloatView inputs,
                     FloatView gradient,
                     WeightGradientRoom& room) {
    const size_t samples = errors.rows;
    if (inputs.rows != samples || gradient.rows != errors.cols || gradient.cols != inputs.cols) {
        throw InputError("weight gradient: errors " + shape_text(samples, errors.cols) +
                         ", inputs " + shape_text(inputs.rows, inputs.cols) + ", gradient " +
                         shape_text(gradient.rows, gradient.cols));
    }
    if (samples == 0) {
        for (size_t o = 0; o < gradient.rows; o++) {
            std::fill_n(gradient.row(o), gradient.cols, 0.0f);
        }
        return;
    }
    room.errors.resize(samples * errors.cols);
    const FloatView turned{room.errors.data(), errors.cols, samples};
    transpose(errors, turned);
    // The product writes whole registers: what sticks out at the right goes past a room of its own.
    const size_t whole = inputs.cols / kRegister * kRegister;
    const size_t rest = inputs.cols - whole;
    ProductSums sums;
    if (whole > 0) {
        sums.plain = gradient.data;
        sums.stride = gradient.stride;
        room.inputs.pack_transposed(inputs.column_block(0, whole));
        multiply(room.inputs, ProductSet::kPlain, turned, nullptr, sums, room.product);
    }
    if (rest > 0) {
        room.rest.resize(errors.cols * kRegister);
        sums.plain = room.rest.data();
        sums.stride = kRegister;
        room.inputs.pack_transposed(inputs.column_block(whole, rest));
        multiply(room.inputs, ProductSet::kPlain, turned, nullptr, sums, room.product);
        for (size_t o = 0; o < errors.cols; o++) {
            std::copy_n(room.rest.data() + o * kRegister, rest, gradient.row(o) + whole);
        }
    }
}

bool prefers_weight_gradient(size_t samples, size_t outputs, size_t inputs) {
    return product_is_wide() && samples >= 32 && outputs >= 32 && inputs >= 32;
}

namespace twin {

void weight_gradient(ConstFloatView errors, ConstFloatView inputs, FloatView gradient) {
    for (size_t o = 0; o < gradient.rows; o++) {
        for (size_t i = 0; i < gradient.cols; i++) {
            float sum = 0;
            for (size_t s = 0; s < errors.rows; s++) {
                sum = std::fma(errors(s, o), inputs(s, i), sum);
            }
            gradient(o, i) = sum;
        }
    }
}

}  // namespace twin
}  // namespace mho

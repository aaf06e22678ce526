// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/kernels/gradient_products.h"

#include <algorithm>
#include <cmath>

#include "mho/kernels/transpose.h"
#include "mho/util/error.h"
#include "mho/util/shape_text.h"

namespace mho {

namespace {
constexpr size_t kRegister = 16;  // PackedMatrix::row_stride is a multiple of it

// to [rows, columns] = left [rows, terms] right [terms, columns].
void multiply_into(ConstFloatView left, ConstFloatView right, FloatView to, GradientRoom& room) {
    if (left.cols == 0) {
        for (size_t r = 0; r < to.rows; r++) {
            std::fill_n(to.row(r), to.cols, 0.0f);
        }
        return;
    }
    // The product writes whole registers: what sticks out at the right goes past a room of its own.
    const size_t whole = right.cols / kRegister * kRegister;
    const size_t rest = right.cols - whole;
    ProductSums sums;
    if (whole > 0) {
        sums.plain = to.data;
        sums.stride = to.stride;
        room.right.pack_transposed(right.column_block(0, whole));
        multiply(room.right, ProductSet::kPlain, left, nullptr, sums, room.product);
    }
    if (rest > 0) {
        room.rest.resize(left.rows * kRegister);
        sums.plain = room.rest.data();
        sums.stride = kRegister;
        room.right.pack_transposed(right.column_block(whole, rest));
        multiply(room.right, ProductSet::kPlain, left, nullptr, sums, room.product);
        for (size_t r = 0; r < left.rows; r++) {
            std::copy_n(room.rest.data() + r * kRegister, rest, to.row(r) + whole);
        }
    }
}
}  // namespace

void weight_gradient(ConstFloatView errors,
                     ConstFloatView inputs,
                     FloatView gradient,
                     GradientRoom& room) {
    const size_t samples = errors.rows;
    if (inputs.rows != samples || gradient.rows != errors.cols || gradient.cols != inputs.cols) {
        throw InputError("weight gradient: errors " + shape_text(samples, errors.cols) +
                         ", inputs " + shape_text(inputs.rows, inputs.cols) + ", gradient " +
                         shape_text(gradient.rows, gradient.cols));
    }
    room.errors.resize(samples * errors.cols);
    const FloatView turned{room.errors.data(), errors.cols, samples};
    transpose(errors, turned);
    multiply_into(turned, inputs, gradient, room);
}

void input_gradient(ConstFloatView errors,
                    ConstFloatView weights,
                    FloatView gradient,
                    GradientRoom& room) {
    if (weights.rows != errors.cols || gradient.rows != errors.rows ||
        gradient.cols != weights.cols) {
        throw InputError("input gradient: errors " + shape_text(errors.rows, errors.cols) +
                         ", weights " + shape_text(weights.rows, weights.cols) + ", gradient " +
                         shape_text(gradient.rows, gradient.cols));
    }
    multiply_into(errors, weights, gradient, room);
}

bool prefers_own_gradients(size_t samples, size_t outputs, size_t inputs) {
    return product_is_wide() && samples >= 32 && outputs >= 8 && inputs >= 32;
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

void input_gradient(ConstFloatView errors, ConstFloatView weights, FloatView gradient) {
    for (size_t s = 0; s < gradient.rows; s++) {
        for (size_t i = 0; i < gradient.cols; i++) {
            float sum = 0;
            for (size_t o = 0; o < errors.cols; o++) {
                sum = std::fma(errors(s, o), weights(o, i), sum);
            }
            gradient(s, i) = sum;
        }
    }
}

}  // namespace twin
}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_KERNELS_WEIGHT_GRADIENT_H
#define MHO_KERNELS_WEIGHT_GRADIENT_H

// The gradient of the weights of a batch, dW = E^T X: the product of product.h with the samples in
// the place of its inputs. Nothing is added to what stood there, so nothing is cleared first.

#include "mho/kernels/product.h"
#include "mho/util/matrix.h"

namespace mho {

/// Kept between calls.
struct WeightGradientRoom {
    AlignedFloats errors, rest;
    PackedMatrix inputs;
    ProductScratch product;
};

/// gradient [outputs, inputs] = sum over samples of errors [samples, outputs] times inputs
/// [samples, inputs]: one fused multiply-add per sample, in order. |error| <= samples * 2^-24 *
/// sum |e x|, to first order. Throws InputError for other shapes.
void weight_gradient(ConstFloatView errors,
                     ConstFloatView inputs,
                     FloatView gradient,
                     WeightGradientRoom& room);

/// Whether it is faster here than a general library: it was 2005 us against 1677 us of MKL with
/// registers of 8 numbers, and takes 0.9 of its time with 16 (784-512-512-10, batch 128).
bool prefers_weight_gradient(size_t samples, size_t outputs, size_t inputs);

namespace twin {
void weight_gradient(ConstFloatView errors, ConstFloatView inputs, FloatView gradient);
}

}  // namespace mho

#endif  // MHO_KERNELS_WEIGHT_GRADIENT_H

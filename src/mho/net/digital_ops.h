// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NET_DIGITAL_OPS_H
#define MHO_NET_DIGITAL_OPS_H

// The digital operations between matrix products, on one sample at a time, float32. Plain loops
// that the compiler vectorises. Where `from` and `to` have the same size they may be the same.

#include <cstddef>
#include <span>
#include <vector>

#include "mho/net/graph.h"

namespace mho {

/// x = (pixel * scale - mean[c]) / std[c], rounded after each operation.
void normalise_pixels(const InputSpec& input, const float* pixels, float* to);

/// gelu is x Phi(x) with erf by formula 7.1.26 of Abramowitz and Stegun (|error| < 1.5e-7).
void activate(Activation kind, const float* from, size_t n, float* to);

/// Batch norm of inference as one factor and one shift per channel.
struct ChannelAffine {
    std::vector<float> factor;
    std::vector<float> shift;
    void apply(const float* from, size_t plane, float* to) const;
};
ChannelAffine batch_norm_affine(std::span<const float> gamma,
                                std::span<const float> beta,
                                std::span<const float> mean,
                                std::span<const float> variance,
                                double epsilon);

void pool(const Pool2dOp& op, const Shape& in, const Shape& out, const float* from, float* to);

/// Means of the planes of an image, summed in double.
void global_average(const Shape& in, const float* from, float* to);

/// to += from.
void accumulate(const float* from, size_t n, float* to);

}  // namespace mho

#endif  // MHO_NET_DIGITAL_OPS_H

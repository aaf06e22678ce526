// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NET_QUANTIZE_H
#define MHO_NET_QUANTIZE_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "mho/adapt/calibration.h"
#include "mho/adapt/quantizer.h"
#include "mho/net/network.h"

namespace mho {

/// A low-precision digital network; the defaults are W4A8: 4-bit weights per output channel, 8-bit
/// activations per layer.
struct NetworkQuantization {
    QuantizerConfig weights = {.bits = 4, .per_channel = true};
    int activation_bits = 8;
    int table_bits = 8;  // embeddings (a grid per row) and factors of layer norms; 0 = as they are
    CalibrationConfig activations = {};     // range of the inputs of each layer
    size_t batch = 100;                     // samples per batch of the moving rules
    uint64_t seed = 1;                      // of the rows that are kept for the ranges
    std::vector<std::string> exclude = {};  // layers (globs) that stay in full precision
};

/// The digital network with quantised weights, and inputs of its linear and convolution layers
/// quantised with ranges from sample inputs `pixels` [samples, features]: symmetric integers
/// -(2^(b-1) - 1) ... 2^(b-1) - 1, or 0 ... 2^b - 1 for layers whose inputs were never negative.
/// Embeddings and the factors of layer norms are quantised too. Batch norms are folded first; sums
/// and biases stay in full precision, as an integer accelerator accumulates exactly. The result is
/// a network of tiles whose only imperfection is the input converter: it is evaluated, saved and
/// compared like any analog one, without programming. Throws InputError when the network already
/// has analog layers or no sample is given, ConfigError for wrong settings.
Network quantize_network(const Network& digital,
                         ConstFloatView pixels,
                         const NetworkQuantization& config = {});

}  // namespace mho

#endif  // MHO_NET_QUANTIZE_H

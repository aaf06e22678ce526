// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NET_WEIGHT_NOISE_H
#define MHO_NET_WEIGHT_NOISE_H

#include <cstdint>

#include "mho/net/network.h"

namespace mho {

/// What the deviation of additive noise on the weights of a layer is a share of.
enum class NoiseReference {
    kLayerStd,    // the standard deviation of its weights (Fagbohungbe and Qian, arXiv 2011.11840)
    kLayerMax,    // their largest magnitude (Joshi et al., arXiv 1906.03138)
    kChannelMax,  // the largest magnitude among those of the same output
};

struct AdditiveNoise {
    double level = 0;  // share of the reference, 0.1 = 10 %
    NoiseReference reference = NoiseReference::kLayerStd;
    bool norms = false;  // on weight and bias of batch norms, too
    // On running mean and variance of batch norms, too: noise on all that a framework lists as
    // weights of a network. A variance that would be negative is zero, or stays.
    bool statistics = false;
    bool negative_variances = false;
};

/// The network with white normal noise on the weights (not the biases) of its digital linear,
/// convolution and recurrent layers. Draw `draw` is the same for every level and reference, and for
/// every network that has a layer of that name and size: differences are those of pairs. Throws
/// InputError for a level that is negative or not finite, ConfigError for an analog network.
Network with_weight_noise(const Network& network,
                          const AdditiveNoise& noise,
                          uint64_t seed,
                          uint64_t draw);

}  // namespace mho

#endif  // MHO_NET_WEIGHT_NOISE_H

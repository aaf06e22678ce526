// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NET_NETWORK_INTERNAL_H
#define MHO_NET_NETWORK_INTERNAL_H

#include <cstddef>
#include <string>
#include <vector>

#include "mho/net/graph_internal.h"
#include "mho/net/network.h"
#include "mho/tile/grid.h"

namespace mho {

struct ParameterShape {
    std::string name;
    std::vector<size_t> shape;
    bool is_non_negative = false;
};

/// What a layer must find among the parameters.
std::vector<ParameterShape> parameter_shapes(const Network& network, const Layer& layer);

/// validate_network with problems reported below `path`.
void validate_network(const Network& network, const std::string& path);

/// Pieces into which the inputs of one group are cut.
/// The matrix of an analog layer: with `mapping.analog_bias` the bias is its last row of inputs.
MatrixLayout analog_layout(const Op& op, const Hardware& hardware);

size_t input_pieces(const MatrixLayout& layout, const Hardware& hardware);

/// Tile weights and scales of one group of an analog layer, out of the stored parameters.
MappedWeights group_weights(const Network& network,
                            const Layer& layer,
                            const Hardware& hardware,
                            size_t group);

}  // namespace mho

#endif  // MHO_NET_NETWORK_INTERNAL_H

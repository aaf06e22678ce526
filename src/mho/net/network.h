// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NET_NETWORK_H
#define MHO_NET_NETWORK_H

#include <map>
#include <string>
#include <vector>

#include "mho/io/tensor.h"
#include "mho/net/graph.h"
#include "mho/net/hardware.h"

namespace mho {

/// A network with its parameters. Parameters of a layer NAME:
///   digital linear, conv:  NAME.weight ([out, in] or [out, in / groups, kh, kw]), NAME.bias [out]
///   recurrent:             as linear, [gates * hidden, hidden] (input projections are linear
///   layers) embeddings:            NAME.weight [vocabulary or positions, features] layer norm:
///   NAME.weight, NAME.bias [features] batch norm:            NAME.weight, NAME.bias,
///   NAME.running_mean, NAME.running_var analog linear, conv:   NAME.tile_weight [out, in * kh * kw
///   / groups] (units of the largest weight, inputs of a
///                          convolution in the order channel, row, column), NAME.scale [pieces,
///                          out], NAME.bias [out], NAME.input_range [groups * pieces] (group by
///                          group; 0 = no range)
/// where pieces counts the pieces of the inputs of one group. With mapping.analog_bias the matrix
/// has one more input, the last, which is always 1; its weights are the bias, and NAME.bias is not
/// there. No other parameters are allowed.
struct Network {
    Graph graph;
    std::map<std::string, Tensor> parameters;
    std::map<std::string, Hardware> analog;  // layer name -> its hardware; the others are digital

    bool is_analog(const std::string& layer) const { return analog.contains(layer); }
};

/// Checks that every parameter is there, has the right shape and is finite. Throws ConfigError.
void validate_network(const Network& network);

/// One self-contained safetensors file: parameters, and graph and hardware as JSON metadata.
Network read_network(const std::string& path);
void write_network(const std::string& path, const Network& network);

/// Batch norms that directly follow a (digital) convolution or linear layer whose output nobody
/// else uses are folded into it: W' = W g, b' = (b - mean) g + beta, g = gamma / sqrt(var + eps).
Network fold_batch_norm(const Network& network);

/// Maps the linear, convolution and recurrent layers of a digital network to tiles (batch norms
/// should be folded before). Input ranges start at `input_range.initial`. Throws ConfigError for a
/// pattern of `hardware.layers` that matches none of them.
Network map_to_hardware(const Network& network, const HardwareSpec& spec);

/// Back to logical weights.
Network to_digital(const Network& network);

struct LayerSummary {
    std::string name;
    std::string kind;  // "conv 3x3", "linear", ...
    Shape output;
    size_t weights = 0;
    size_t multiply_adds = 0;      // per sample
    size_t tiles = 0;              // 0 = digital
    size_t rows = 0, columns = 0;  // of the unrolled matrix of one group
    double utilisation = 0;        // used share of the cells of full-size tiles (1 where unlimited)
};
struct NetworkSummary {
    std::vector<LayerSummary> layers;
    size_t weights = 0;
    size_t multiply_adds = 0;
    size_t tiles = 0;
};
NetworkSummary summarize(const Network& network);

}  // namespace mho

#endif  // MHO_NET_NETWORK_H

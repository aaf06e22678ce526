// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NET_GRAPH_INTERNAL_H
#define MHO_NET_GRAPH_INTERNAL_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mho/net/graph.h"

namespace mho {

/// Limits that keep products of sizes inside 64 bits and a hostile file from asking for memory that
/// no network needs.
inline constexpr int kMaxDimension = 1 << 20;
inline constexpr int64_t kMaxElements = int64_t{1} << 31;

/// The name under which layers refer to the network's input.
inline constexpr std::string_view kNetworkInput = "input";

/// "network.layers[3] (conv2)".
std::string layer_place(const Graph& graph, size_t index, const std::string& path);

/// The public functions with problems reported below `path`.
std::vector<Shape> infer_shapes(const Graph& graph, const std::string& path);
std::vector<std::vector<int>> resolve_inputs(const Graph& graph, const std::string& path);

/// The matrix that a linear, convolution or recurrent layer multiplies with, one per group.
struct MatrixLayout {
    size_t groups = 1;
    size_t rows = 0;     // inputs of one group, unrolled: channel, row, column
    size_t columns = 0;  // outputs of one group
    bool bias = false;
    size_t outputs() const { return groups * columns; }
    size_t weights() const { return groups * columns * rows; }
};

/// The layout of a layer's matrix; groups = 0 for the other kinds of layers.
MatrixLayout matrix_layout(const Op& op);

/// Per layer, the layers that read it, in order, as often as they do; `inputs` are those of
/// resolve_inputs.
std::vector<std::vector<size_t>> readers_of(const std::vector<std::vector<int>>& inputs);

/// Per layer, whether ReLUs and nothing else read its output: then whoever computes the layer may
/// apply the ReLU as well. False for the last layer, which is the network's output.
std::vector<bool> read_by_relus_alone(const Graph& graph);

/// A linear or convolution layer gets a bias.
void set_bias(Op& op);

/// Shape of the weight of a layer with a matrix.
std::vector<size_t> weight_shape(const Op& op);

/// Shape of the table of an embedding; empty for the other kinds of layers.
std::vector<size_t> table_shape(const Op& op);

/// Rows that the matrix of a layer multiplies per sample: positions of a sequence, of a signal, an
/// image or a volume; 1 for features.
size_t positions_of(const Shape& output);

/// "conv 3x3", "linear", "relu", ...
std::string kind_text(const Op& op);

/// Layers refer to their inputs by name only where it is not simply the previous layer.
std::vector<std::string> input_names(const Graph& graph,
                                     size_t index,
                                     const std::vector<int>& inputs);

}  // namespace mho

#endif  // MHO_NET_GRAPH_INTERNAL_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NET_GRAPH_H
#define MHO_NET_GRAPH_H

#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace mho {

// Operations of a network. Shapes are [channels, height, width] or [features] per sample.

struct LinearOp {
    int inputs = 1;
    int outputs = 1;
    bool bias = true;
};

struct Conv2dOp {
    int in_channels = 1;
    int out_channels = 1;
    std::array<int, 2> kernel = {3, 3};  // height, width
    std::array<int, 2> stride = {1, 1};
    std::array<int, 2> padding = {0, 0};  // zeros on each side
    std::array<int, 2> dilation = {1, 1};
    int groups = 1;
    bool bias = true;
};

/// Inference-time batch normalisation of channels (or features); training lives in nn/.
struct BatchNormOp {
    int channels = 1;
    double epsilon = 1e-5;
};

enum class Activation { kRelu, kTanh, kSigmoid, kGelu };
struct ActivationOp {
    Activation kind = Activation::kRelu;
};

struct Pool2dOp {
    bool average = false;  // else maximum
    std::array<int, 2> kernel = {2, 2};
    std::array<int, 2> stride = {2, 2};
    std::array<int, 2> padding = {0, 0};  // padded zeros count in an average, as in PyTorch
};

struct GlobalAveragePoolOp {};  // mean over all positions: [channels]
struct AddOp {};                // sum of its inputs, equal shapes
struct FlattenOp {};

using Op = std::variant<LinearOp,
                        Conv2dOp,
                        BatchNormOp,
                        ActivationOp,
                        Pool2dOp,
                        GlobalAveragePoolOp,
                        AddOp,
                        FlattenOp>;

struct Layer {
    std::string name;  // unique, [A-Za-z0-9_./-]; parameters are called name.weight, name.bias, ...
    Op op;
    std::vector<std::string>
        inputs;  // names of layers; "input" is the network's input; empty = previous
};

/// What the first layer receives: x = (pixel * scale - mean[c]) / std[c].
struct InputSpec {
    std::array<int, 3> shape = {1, 1, 1};  // channels, height, width
    double scale = 1.0 / 255.0;
    std::vector<double> mean;  // per channel, empty = 0
    std::vector<double> std;   // per channel, empty = 1
};

/// A network without weights: a list of layers in topological order; the last one is the output.
struct Graph {
    std::string name;
    InputSpec input;
    std::vector<Layer> layers;
};

using Shape = std::vector<int>;

/// Shape of the output of every layer, per sample. Throws ConfigError naming the layer
/// ("network.layers[3] (conv2): ...") for unknown inputs, repeated names, shapes that do not fit,
/// sizes that are not positive or overflow.
std::vector<Shape> infer_shapes(const Graph& graph);

/// Index of every layer's inputs: -1 = the network's input.
std::vector<std::vector<int>> resolve_inputs(const Graph& graph);

/// JSON text both ways (format: docs/network-format.md):
///   {"name": ..., "input": {"shape": [c, h, w], "scale", "mean": [...], "std": [...]},
///    "layers": [{"name": ..., "op": ..., parameters, "inputs": [names]}]}
/// with op one of linear (in_features, out_features, bias), conv2d (in_channels, out_channels,
/// kernel, stride, padding, dilation, groups, bias), batch_norm (channels, epsilon), relu, tanh,
/// sigmoid, gelu, max_pool2d and avg_pool2d (kernel, stride = kernel, padding),
/// global_average_pool, add, flatten; sizes of windows are a number or [height, width]. Dimensions
/// are at most 2^20, outputs of a layer and weights at most 2^31 numbers.
std::string graph_to_json(const Graph& graph);
Graph graph_from_json(const std::string& text, const std::string& path = "network");

}  // namespace mho

#endif  // MHO_NET_GRAPH_H

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

// Operations of a network. Shapes per sample are [channels, height, width] for images, [channels,
// depth, height, width] for volumes, [positions, features] for sequences, or [features].

/// Of features, or of every position of a sequence: then all positions share the weights.
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

/// Convolution of volumes. A convolution of signals is a Conv2dOp of images [channels, 1, length].
struct Conv3dOp {
    int in_channels = 1;
    int out_channels = 1;
    std::array<int, 3> kernel = {3, 3, 3};  // depth, height, width
    std::array<int, 3> stride = {1, 1, 1};
    std::array<int, 3> padding = {0, 0, 0};
    std::array<int, 3> dilation = {1, 1, 1};
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

struct SequenceOp {};  // [1, positions, features] read as [positions, features]
struct VolumeOp {      // [channels * depth, height, width] read as [channels, depth, height, width]
    int depth = 1;
};
struct LastPositionOp {};  // [positions, features] to the [features] of the last position
struct ReverseOp {};       // [positions, features] from the last position to the first
struct ConcatOp {};        // the features of its inputs behind each other, position by position

/// In training, numbers are zero with this probability and the others grow by 1 / (1 - rate)
/// (Srivastava et al. 2014); in inference nothing happens.
struct DropoutOp {
    double rate = 0.5;
};

/// A row of a table for every symbol: [1, 1, positions] of whole numbers below `vocabulary`, as the
/// input spec leaves them, to [positions, features].
struct EmbeddingOp {
    int vocabulary = 1;
    int features = 1;
};

/// Adds a learned vector to every position; sequences have exactly `positions` of them.
struct PositionalEmbeddingOp {
    int positions = 1;
    int features = 1;
};

/// (x - mean) / sqrt(variance + epsilon) * weight + bias over the features (of every position;
/// Ba et al., arXiv 1607.06450).
struct LayerNormOp {
    int features = 1;
    double epsilon = 1e-5;
};

/// The recurrence of a layer. Its input holds what the gates get from the present symbol,
/// [positions, gates * hidden] (a LinearOp before it, usually called NAME.input); the layer itself,
/// usually called NAME.hidden, owns the matrix from hidden state to gates [gates * hidden, hidden].
/// The state starts at zero in every sequence; the output is the hidden state, [positions, hidden].
/// Gates in PyTorch's order: rnn tanh; lstm input, forget, cell, output; gru reset, update, new
/// with
///   rnn   h = tanh(x + u)                                  (u = product of the old h, x = input)
///   lstm  c = sig(x_f + u_f) c + sig(x_i + u_i) tanh(x_c + u_c), h = sig(x_o + u_o) tanh(c)
///   gru   n = tanh(x_n + sig(x_r + u_r) u_n), z = sig(x_z + u_z), h = (1 - z) n + z h
/// With `inputs` above 0 one matrix [gates * hidden, inputs + hidden] takes both, and its input is
/// the sequence [positions, inputs] itself (rnn and lstm). A layer in both directions is two of
/// them, one between ReverseOps, and a ConcatOp.
/// Noise of position p of sample s: row s of step `step * positions + p`.
enum class RecurrentKind { kRnn, kLstm, kGru };
struct RecurrentOp {
    RecurrentKind kind = RecurrentKind::kLstm;
    int hidden = 1;
    bool bias = true;
    int inputs =
        0;  // features of the sequence; 0 = a layer before it makes the inputs of the gates
    int gates() const {
        return kind == RecurrentKind::kRnn ? 1 : kind == RecurrentKind::kLstm ? 4 : 3;
    }
};

/// softmax(q k^T / sqrt(features / heads)) v per head, on the digital side (Vaswani et al., arXiv
/// 1706.03762). Three inputs [positions, features]: queries, keys, values; their projections and
/// that of the output are LinearOps. Causal: a position sees itself and those before it.
struct SelfAttentionOp {
    int features = 1;
    int heads = 1;
    bool causal = true;
};

using Op = std::variant<LinearOp,
                        Conv2dOp,
                        BatchNormOp,
                        ActivationOp,
                        Pool2dOp,
                        GlobalAveragePoolOp,
                        AddOp,
                        FlattenOp,
                        Conv3dOp,
                        SequenceOp,
                        VolumeOp,
                        LastPositionOp,
                        EmbeddingOp,
                        PositionalEmbeddingOp,
                        LayerNormOp,
                        RecurrentOp,
                        SelfAttentionOp,
                        ReverseOp,
                        ConcatOp,
                        DropoutOp>;

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
/// global_average_pool, add, flatten, conv1d (like conv2d, for images of height 1; sizes are one
/// number), conv3d (sizes are a number or [depth, height, width]), sequence, volume (depth),
/// last_position, embedding (vocabulary, features), positional_embedding (positions, features),
/// layer_norm (features, epsilon), rnn, lstm, gru (hidden, bias, in_features), self_attention
/// (features, heads, causal), reverse, concat, dropout (rate); sizes of windows are a number or
/// [height, width]. Dimensions are at most 2^20, outputs of a layer and weights at most 2^31
/// numbers.
std::string graph_to_json(const Graph& graph);
Graph graph_from_json(const std::string& text, const std::string& path = "network");

}  // namespace mho

#endif  // MHO_NET_GRAPH_H

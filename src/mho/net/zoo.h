// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NET_ZOO_H
#define MHO_NET_ZOO_H

#include <string>
#include <vector>

#include "mho/net/network.h"

namespace mho {

/// Perceptron with ReLU between layers: widths = {784, 256, 128, 10}. Layer names fc1, fc2, ...
Graph mlp(const std::vector<int>& widths, InputSpec input);
/// conv 5x5 -> 8, pool, conv 5x5 -> 16, pool, 256-128-10 (28 x 28 inputs).
Graph lenet5(InputSpec input);
/// Small residual network for 28 x 28 images: the network of the main job.
Graph residual_cnn(int stem, const std::vector<int>& stages, int classes, InputSpec input);
/// CIFAR ResNet of depth 6n + 2 with projection shortcuts; layer names match the trained networks
/// of CrossSim (conv1, bn1, res1.0.conv1, ..., classifier.2).
Graph resnet_cifar(int depth, InputSpec input);

/// VGG of six 3x3 convolutions (32, 32, 64, 64, 128, 128 channels, batch norm) in three stages and
/// two linear layers (Simonyan and Zisserman, arXiv 1409.1556), for images of multiples of 8
/// pixels.
Graph vgg_small(InputSpec input, int classes = 10);

/// Input of `positions` symbols, whole numbers.
InputSpec symbol_input(int positions);

/// Character models: symbols in, one row of logits [vocabulary] for every position out.
struct CharRecurrentSizes {
    int vocabulary = 65;
    int positions = 64;
    int embedding = 32;
    int hidden = 128;
    int layers = 1;
    double dropout = 0;     // between layers, and before the head
    bool combined = false;  // one matrix for input and hidden state (rnn and lstm)
};
/// Layers embedding, KIND1.input, KIND1.hidden, ..., head; with `combined` KIND1, ...
Graph char_recurrent(RecurrentKind kind, const CharRecurrentSizes& sizes);
Graph char_lstm(const CharRecurrentSizes& sizes);

struct SmallGptSizes {
    int vocabulary = 65;
    int positions = 64;
    int width = 64;
    int heads = 4;
    int layers = 2;
};
/// Decoder of pre-norm transformer blocks (Radford et al. 2019). Layers embedding, position,
/// blockN.{norm1, query, key, value, attention, output, add1, norm2, fc1, gelu, fc2, add2}, norm,
/// head.
Graph small_gpt(const SmallGptSizes& sizes);

/// Appends a pre-norm transformer block to a graph: causal self-attention and a perceptron four
/// times as wide, each added to the stream (Radford et al. 2019). Layers PREFIX.{norm1, query, key,
/// value, attention, output, add1, norm2, fc1, gelu, fc2, add2}; all linear ones can be analog.
/// `from` is the layer whose output it takes; returns the name of its last layer. What does
/// not fit together (a width that `heads` does not divide) is reported by infer_shapes.
std::string append_transformer_block(
    Graph& graph, const std::string& prefix, const std::string& from, int width, int heads);

/// Parameters drawn as PyTorch's defaults (uniform +-1/sqrt(fan in) weights and biases; batch norm
/// 1, 0, 0, 1; embeddings standard normal; layer norm 1, 0).
Network initialize(const Graph& graph, uint64_t seed);

std::vector<std::string> zoo_names();

}  // namespace mho

#endif  // MHO_NET_ZOO_H

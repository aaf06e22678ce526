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
Graph residual_cnn(int width, int blocks, int classes, InputSpec input);
/// CIFAR ResNet of depth 6n + 2 with projection shortcuts; layer names match the trained networks of
/// CrossSim (conv1, bn1, res1.0.conv1, ..., classifier.2).
Graph resnet_cifar(int depth, InputSpec input);

/// Parameters drawn as PyTorch's defaults (uniform +-1/sqrt(fan in) weights and biases; batch norm 1, 0, 0, 1).
Network initialize(const Graph& graph, uint64_t seed);

std::vector<std::string> zoo_names();

}  // namespace mho

#endif  // MHO_NET_ZOO_H

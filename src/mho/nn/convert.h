// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NN_CONVERT_H
#define MHO_NN_CONVERT_H

#include <torch/nn/module.h>

#include <string>
#include <vector>

#include "mho/net/hardware.h"
#include "mho/nn/graph_network.h"

namespace mho {

/// What convert() did, by path from the root ("0", "features.3").
struct ConvertReport {
    std::vector<std::string> analog;       // replaced
    std::vector<std::string> digital;      // left, because an override says so
    std::vector<std::string> unreachable;  // layers with weights that stay: see convert()
};

/// Replaces, in place, torch::nn::Linear, Conv1d, Conv2d, Conv3d, RNN, LSTM and GRU inside every
/// torch::nn::Sequential below (or at) `root` by analog layers with the same weights, with the
/// hardware that `spec` gives for their path. Recurrent layers keep the calls and results of
/// torch's (AnalogTorchLSTM, AnalogTorchRecurrent). What has no analog layer is refused with
/// InputError: padding other than zeros in numbers, projections, relu in an rnn.
///
/// A C++ module that holds a layer in a member of its own type (`torch::nn::Linear fc{nullptr}`)
/// cannot be rewritten: the member keeps its type. Such layers are reported as unreachable. Use a
/// Sequential, or declare the member as AnalogLinear. Optimisers made before the conversion hold
/// the old parameters: make them afterwards.
ConvertReport convert(torch::nn::Module& root, const HardwareSpec& spec, uint64_t seed = 0);

/// The same network with its linear and convolution layers on hardware (map_to_hardware).
GraphNetwork convert(const GraphNetwork& network, const HardwareSpec& spec);

}  // namespace mho

#endif  // MHO_NN_CONVERT_H

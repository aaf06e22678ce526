// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NN_GRAPH_NETWORK_H
#define MHO_NN_GRAPH_NETWORK_H

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "mho/net/network.h"
#include "mho/nn/analog_layers.h"

namespace mho {

/// A network that trains: executes a graph with LibTorch, digital layers by torch operations,
/// analog ones by AnalogLinear, AnalogConv2d, AnalogConv3d and AnalogRecurrence. Pixels in, outputs
/// of the last layer (logits) out. Batch norms follow torch's training rules (momentum 0.1) in
/// training mode.
class GraphNetworkImpl : public torch::nn::Module {
  public:
    /// `network` digital, or mapped by map_to_hardware. `seed` keys the noise of the tiles, as in
    /// Executor. Throws ConfigError for an invalid network.
    explicit GraphNetworkImpl(const Network& network, uint64_t seed = 0);

    /// Pixels [samples, channels * height * width] or [samples, channels, height, width], float32
    /// or uint8 -> [samples, features], for sequences position by position. Symbols of a text are
    /// pixels that are whole numbers.
    torch::Tensor forward(const torch::Tensor& pixels);

    /// The network with its present parameters.
    Network export_network() const;

    /// Key of the noise of the next passes (AnalogLayerImpl): of everything, or of the read noise
    /// and of the modified weights.
    void set_step(uint64_t step) {
        set_step(step, step);
        set_dropout_step(step);
    }
    void set_step(uint64_t read_step, uint64_t weight_step);
    /// Key of the dropout masks of the next passes.
    void set_dropout_step(uint64_t step);
    void set_first_sample(uint64_t sample);
    /// After each optimiser step: clipping, remapping, input ranges.
    void post_step();
    /// All analog layers learn in memory (AnalogLayerImpl::learn_in_memory).
    void learn_in_memory(const LearnerConfig& config);
    /// The vector updates of a step on all layers that learn in memory.
    void learn(double rate, uint64_t step);

    const Graph& graph() const { return network_.graph; }
    uint64_t seed() const { return seed_; }
    size_t input_features() const;
    const std::map<std::string, std::shared_ptr<AnalogLayerImpl>>& analog_layers() const {
        return analog_;
    }

  private:
    struct Digital {
        torch::Tensor weight, bias, running_mean, running_var;
    };
    torch::Tensor run_layer(size_t index, const std::vector<torch::Tensor>& in);
    torch::Tensor run_sequence_layer(const Layer& layer, const std::vector<torch::Tensor>& in);

    Network network_;  // graph and hardware; its parameters are those of the start
    uint64_t seed_;
    uint64_t step_ = 0;  // of dropout
    uint64_t first_sample_ = 0;
    std::vector<std::vector<int>> inputs_;
    std::vector<size_t> last_use_;
    std::map<std::string, Digital> digital_;
    std::map<std::string, std::shared_ptr<AnalogLayerImpl>> analog_;
    torch::Tensor mean_, std_;  // of the input, [channels, 1, 1]; undefined where 0 and 1
};
TORCH_MODULE(GraphNetwork);

}  // namespace mho

#endif  // MHO_NN_GRAPH_NETWORK_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/nn/graph_network.h"

#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/conv3d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>

#include <algorithm>

#include "mho/net/graph_internal.h"
#include "mho/nn/analog_convolutions.h"
#include "mho/nn/batch_norm.h"
#include "mho/nn/recurrent_layers.h"
#include "mho/nn/sequence_functions.h"
#include "mho/util/error.h"

namespace mho {

namespace {

torch::Tensor to_torch(const Tensor& t) {
    std::vector<int64_t> shape(t.shape.begin(), t.shape.end());
    torch::Tensor out = at::empty(shape, at::kFloat);
    std::copy(t.values.begin(), t.values.end(), out.data_ptr<float>());
    return out;
}

Tensor from_torch(const torch::Tensor& t) {
    const torch::Tensor c = t.detach().contiguous();
    std::vector<size_t> shape;
    for (int64_t d : c.sizes()) {
        shape.push_back(static_cast<size_t>(d));
    }
    return make_tensor(std::move(shape), {c.data_ptr<float>(), c.data_ptr<float>() + c.numel()});
}

// torch refuses dots in names.
std::string module_name(const std::string& layer) {
    std::string name = layer;
    std::replace(name.begin(), name.end(), '.', ':');
    return name;
}

template <size_t N>
std::vector<int64_t> window_of(const std::array<int, N>& sizes) {
    return {sizes.begin(), sizes.end()};
}

std::shared_ptr<AnalogLayerImpl> analog_module(const Op& op,
                                               const Hardware& hardware,
                                               const std::string& path,
                                               uint64_t seed) {
    if (const auto* linear = std::get_if<LinearOp>(&op)) {
        return std::make_shared<AnalogLinearImpl>(*linear, hardware, path, seed);
    }
    if (const auto* recurrent = std::get_if<RecurrentOp>(&op)) {
        return std::make_shared<AnalogRecurrenceImpl>(*recurrent, hardware, path, seed);
    }
    if (const auto* volume = std::get_if<Conv3dOp>(&op)) {
        return std::make_shared<AnalogConv3dImpl>(*volume, hardware, path, seed);
    }
    return std::make_shared<AnalogConv2dImpl>(std::get<Conv2dOp>(op), hardware, path, seed);
}

torch::Tensor channel_numbers(const std::vector<double>& values) {
    torch::Tensor t = at::empty({static_cast<int64_t>(values.size()), 1, 1});
    std::transform(values.begin(), values.end(), t.data_ptr<float>(), [](double v) {
        return static_cast<float>(v);
    });
    return t;
}

}  // namespace

GraphNetworkImpl::GraphNetworkImpl(const Network& network, uint64_t seed)
    : network_(network), seed_(seed) {
    validate_network(network);
    inputs_ = resolve_inputs(network.graph);
    last_use_.assign(network.graph.layers.size(), 0);
    for (size_t i = 0; i < inputs_.size(); i++) {
        for (int from : inputs_[i]) {
            if (from >= 0) {
                last_use_[static_cast<size_t>(from)] = i;
            }
        }
    }
    const InputSpec& input = network.graph.input;
    if (!input.mean.empty()) {
        mean_ = channel_numbers(input.mean);
    }
    if (!input.std.empty()) {
        std_ = channel_numbers(input.std);
    }
    for (const Layer& layer : network.graph.layers) {
        const auto values = [&](const char* what) -> const Tensor& {
            return network.parameters.at(layer.name + what);
        };
        const bool matrix = matrix_layout(layer.op).groups > 0;
        const std::string name = module_name(layer.name);
        if (matrix && network.is_analog(layer.name)) {
            const std::shared_ptr<AnalogLayerImpl> module =
                analog_module(layer.op, network.analog.at(layer.name), layer.name, seed);
            AnalogLayerImpl::State state{
                values(".tile_weight"), values(".scale"), {}, values(".input_range")};
            if (module->bias.defined()) {
                state.bias = values(".bias");
            }
            module->set_state(state);
            analog_[layer.name] = register_module(name, module);
            continue;
        }
        if (!network.parameters.contains(layer.name + ".weight")) {
            continue;
        }
        Digital& d = digital_[layer.name];
        d.weight = register_parameter(name + "_weight", to_torch(values(".weight")));
        if (network.parameters.contains(layer.name + ".bias")) {
            d.bias = register_parameter(name + "_bias", to_torch(values(".bias")));
        }
        if (std::holds_alternative<BatchNormOp>(layer.op)) {
            d.running_mean =
                register_buffer(name + "_running_mean", to_torch(values(".running_mean")));
            d.running_var =
                register_buffer(name + "_running_var", to_torch(values(".running_var")));
        }
    }
}

size_t GraphNetworkImpl::input_features() const {
    const std::array<int, 3>& shape = network_.graph.input.shape;
    return static_cast<size_t>(shape[0]) * static_cast<size_t>(shape[1]) *
           static_cast<size_t>(shape[2]);
}

torch::Tensor GraphNetworkImpl::forward(const torch::Tensor& pixels) {
    const InputSpec& spec = network_.graph.input;
    if (pixels.dim() < 2 || pixels.size(0) < 1 ||
        pixels.numel() != pixels.size(0) * static_cast<int64_t>(input_features())) {
        throw InputError("network " + network_.graph.name + ": pixels must be [samples >= 1, " +
                         std::to_string(input_features()) + "]");
    }
    torch::Tensor x = pixels.to(at::kFloat)
                          .reshape({pixels.size(0), spec.shape[0], spec.shape[1], spec.shape[2]});
    if (spec.scale != 1.0) {
        x = x * static_cast<float>(spec.scale);
    }
    if (mean_.defined()) {
        x = x - mean_;
    }
    if (std_.defined()) {
        x = x / std_;
    }
    std::vector<torch::Tensor> outputs(network_.graph.layers.size());
    for (size_t i = 0; i < outputs.size(); i++) {
        std::vector<torch::Tensor> in;
        for (int from : inputs_[i]) {
            in.push_back(from < 0 ? x : outputs[static_cast<size_t>(from)]);
        }
        outputs[i] = run_layer(i, in);
        for (int from : inputs_[i]) {
            if (from >= 0 && last_use_[static_cast<size_t>(from)] == i) {
                outputs[static_cast<size_t>(from)] = torch::Tensor();
            }
        }
    }
    return outputs.back().flatten(1);
}

torch::Tensor GraphNetworkImpl::run_layer(size_t index, const std::vector<torch::Tensor>& in) {
    const Layer& layer = network_.graph.layers[index];
    if (const auto found = analog_.find(layer.name); found != analog_.end()) {
        return found->second->forward(in[0]);
    }
    const auto parameters = [&]() -> const Digital& { return digital_.at(layer.name); };
    if (std::holds_alternative<LinearOp>(layer.op)) {
        return at::linear(in[0], parameters().weight, parameters().bias);
    }
    if (const auto* conv = std::get_if<Conv2dOp>(&layer.op)) {
        return at::conv2d(in[0],
                          parameters().weight,
                          parameters().bias,
                          window_of(conv->stride),
                          window_of(conv->padding),
                          window_of(conv->dilation),
                          conv->groups);
    }
    if (const auto* norm = std::get_if<BatchNormOp>(&layer.op)) {
        const Digital& p = parameters();
        return is_training() ? batch_norm_training(*norm,
                                                   NormTrainingGuard::now(),
                                                   in[0],
                                                   p.weight,
                                                   p.bias,
                                                   p.running_mean,
                                                   p.running_var)
                             : at::batch_norm(in[0],
                                              p.weight,
                                              p.bias,
                                              p.running_mean,
                                              p.running_var,
                                              false,
                                              0.1,
                                              norm->epsilon,
                                              false);
    }
    if (const auto* act = std::get_if<ActivationOp>(&layer.op)) {
        // torch keeps the memory order of images here.
        return act->kind == Activation::kRelu ? at::relu(in[0]) : activation(act->kind, in[0]);
    }
    if (const auto* pool = std::get_if<Pool2dOp>(&layer.op)) {
        return pool->average ? at::avg_pool2d(in[0],
                                              window_of(pool->kernel),
                                              window_of(pool->stride),
                                              window_of(pool->padding))
                             : at::max_pool2d(in[0],
                                              window_of(pool->kernel),
                                              window_of(pool->stride),
                                              window_of(pool->padding));
    }
    if (std::holds_alternative<GlobalAveragePoolOp>(layer.op)) {
        return in[0].mean({2, 3});
    }
    if (std::holds_alternative<AddOp>(layer.op)) {
        torch::Tensor sum = in[0];
        for (size_t i = 1; i < in.size(); i++) {
            sum = sum + in[i];
        }
        return sum;
    }
    if (std::holds_alternative<FlattenOp>(layer.op)) {
        return in[0].flatten(1);
    }
    if (const auto* conv = std::get_if<Conv3dOp>(&layer.op)) {
        return at::conv3d(in[0],
                          parameters().weight,
                          parameters().bias,
                          window_of(conv->stride),
                          window_of(conv->padding),
                          window_of(conv->dilation),
                          conv->groups);
    }
    return run_sequence_layer(layer, in);
}

torch::Tensor GraphNetworkImpl::run_sequence_layer(const Layer& layer,
                                                   const std::vector<torch::Tensor>& in) {
    const torch::Tensor& x = in[0];
    const auto parameters = [&]() -> const Digital& { return digital_.at(layer.name); };
    if (std::holds_alternative<SequenceOp>(layer.op)) {
        return x.squeeze(1);
    }
    if (const auto* volume = std::get_if<VolumeOp>(&layer.op)) {
        return x.reshape(
            {x.size(0), x.size(1) / volume->depth, volume->depth, x.size(2), x.size(3)});
    }
    if (std::holds_alternative<LastPositionOp>(layer.op)) {
        return x.select(1, -1);
    }
    if (std::holds_alternative<ReverseOp>(layer.op)) {
        return x.flip({1});
    }
    if (std::holds_alternative<ConcatOp>(layer.op)) {
        return at::cat(in, -1);
    }
    if (const auto* drop = std::get_if<DropoutOp>(&layer.op)) {
        return is_training() ? dropout(drop->rate,
                                       x,
                                       make_tile_key(seed_, "dropout/" + layer.name),
                                       step_,
                                       first_sample_)
                             : x;
    }
    if (const auto* table = std::get_if<EmbeddingOp>(&layer.op)) {
        return embedding_rows(*table, parameters().weight, x.flatten(1));
    }
    if (std::holds_alternative<PositionalEmbeddingOp>(layer.op)) {
        return x + parameters().weight;
    }
    if (const auto* norm = std::get_if<LayerNormOp>(&layer.op)) {
        return layer_norm_rows(*norm, x, parameters().weight, parameters().bias);
    }
    if (const auto* attends = std::get_if<SelfAttentionOp>(&layer.op)) {
        return attention(*attends, in[0], in[1], in[2]);
    }
    const auto& op = std::get<RecurrentOp>(layer.op);
    const Digital& p = parameters();
    RecurrentState state = zero_state(op, x.size(0));
    return recurrence(
        op,
        x,
        [&](const torch::Tensor& h, int64_t) { return at::linear(h, p.weight, p.bias); },
        state);
}

Network GraphNetworkImpl::export_network() const {
    const torch::NoGradGuard no_grad;
    Network network{network_.graph, {}, network_.analog};
    for (const auto& [name, d] : digital_) {
        network.parameters[name + ".weight"] = from_torch(d.weight);
        if (d.bias.defined()) {
            network.parameters[name + ".bias"] = from_torch(d.bias);
        }
        if (d.running_mean.defined()) {
            network.parameters[name + ".running_mean"] = from_torch(d.running_mean);
            network.parameters[name + ".running_var"] = from_torch(d.running_var);
        }
    }
    for (const auto& [name, layer] : analog_) {
        AnalogLayerImpl::State state = layer->state();
        network.parameters[name + ".tile_weight"] = std::move(state.tile_weight);
        network.parameters[name + ".scale"] = std::move(state.scale);
        network.parameters[name + ".input_range"] = std::move(state.input_range);
        if (layer->bias.defined()) {
            network.parameters[name + ".bias"] = std::move(state.bias);
        }
    }
    return network;
}

void GraphNetworkImpl::set_step(uint64_t read_step, uint64_t weight_step) {
    for (auto& [name, layer] : analog_) {
        layer->set_step(read_step, weight_step);
    }
}

void GraphNetworkImpl::set_dropout_step(uint64_t step) {
    step_ = step;
}

void GraphNetworkImpl::set_first_sample(uint64_t sample) {
    first_sample_ = sample;
    for (auto& [name, layer] : analog_) {
        layer->set_first_sample(sample);
    }
}

void GraphNetworkImpl::learn_in_memory(const LearnerConfig& config) {
    for (auto& [name, layer] : analog_) {
        layer->learn_in_memory(config);
    }
}

void GraphNetworkImpl::learn(double rate, uint64_t step) {
    for (auto& [name, layer] : analog_) {
        if (layer->learns_in_memory()) {
            layer->learn(rate, step);
        }
    }
}

void GraphNetworkImpl::post_step() {
    for (auto& [name, layer] : analog_) {
        layer->post_step();
    }
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/nn/recurrent_layers.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>

#include "mho/nn/analog_engine.h"
#include "mho/util/error.h"

namespace mho {

namespace {

size_t positive(int number, const char* what, const std::string& path) {
    if (number < 1) {
        throw InputError("layer " + path + ": " + what + " must be at least 1, got " +
                         std::to_string(number));
    }
    return static_cast<size_t>(number);
}

size_t checked_inputs(const RecurrentOp& op, const std::string& path) {
    if (op.inputs < 0 || (op.inputs > 0 && op.kind == RecurrentKind::kGru)) {
        throw InputError("layer " + path +
                         ": one matrix for input and hidden state needs inputs of at least 1, and "
                         "is not possible for gru");
    }
    return static_cast<size_t>(op.inputs);
}

}  // namespace

AnalogRecurrenceImpl::AnalogRecurrenceImpl(const RecurrentOp& op,
                                           const Hardware& hardware,
                                           std::string path,
                                           uint64_t seed)
    : AnalogLayerImpl(hardware,
                      1,
                      static_cast<size_t>(op.gates()) * positive(op.hidden, "hidden", path),
                      positive(op.hidden, "hidden", path) + checked_inputs(op, path),
                      op.bias,
                      path,
                      seed),
      op_(op) {
    starts_ranges_itself_ = true;
}

LayerGeometry AnalogRecurrenceImpl::geometry() const {
    LayerGeometry g;
    g.inputs = engine_->grid(0).inputs();
    g.outputs = static_cast<size_t>(op_.gates()) * static_cast<size_t>(op_.hidden);
    return g;
}

torch::Tensor AnalogRecurrenceImpl::product(const torch::Tensor& hidden) {
    const int64_t width = int64_t{op_.inputs} + op_.hidden;
    if (hidden.dim() != 2 || hidden.size(1) != width || hidden.scalar_type() != at::kFloat) {
        throw InputError("layer " + path() + ": hidden states must be float32 [samples, " +
                         std::to_string(width) + "]");
    }
    return run(with_constant(hidden).contiguous(), geometry());
}

torch::Tensor AnalogRecurrenceImpl::forward(const torch::Tensor& input) {
    RecurrentState state = zero_state(op_, input.size(0));
    return forward(input, state);
}

torch::Tensor AnalogRecurrenceImpl::forward(const torch::Tensor& input, RecurrentState& state) {
    if (input.dim() != 3 || input.size(1) < 1) {
        throw InputError("layer " + path() +
                         ": inputs must be [samples, positions, gates * hidden]");
    }
    const auto positions = static_cast<uint64_t>(input.size(1));
    const HiddenProduct at_position = [&](const torch::Tensor& h, int64_t position) {
        set_position(static_cast<uint64_t>(position), positions);
        return product(h);
    };
    if (ranges_start() && positions > 1) {
        const torch::NoGradGuard no_grad;
        RecurrentState first = state;
        torch::Tensor fed_back =
            recurrence(op_, input.detach(), at_position, first).narrow(1, 0, input.size(1) - 1);
        if (op_.inputs > 0) {
            fed_back = at::cat({input.detach().narrow(1, 1, input.size(1) - 1), fed_back}, 2);
        }
        fed_back = with_constant(fed_back).contiguous();
        start_ranges(fed_back.view({-1, fed_back.size(2)}), geometry());
    }
    const torch::Tensor output = recurrence(op_, input, at_position, state);
    set_position(0, 1);
    return output;
}

AnalogRecurrentCellImpl::AnalogRecurrentCellImpl(RecurrentKind kind,
                                                 int inputs,
                                                 int hidden_size,
                                                 const Hardware& hardware,
                                                 const std::string& path,
                                                 uint64_t seed) {
    const RecurrentOp op{kind, hidden_size, true};
    hidden = register_module("hidden", AnalogRecurrence(op, hardware, path + ".hidden", seed));
    input = register_module(
        "input",
        AnalogLinear(
            LinearOp{inputs, op.gates() * hidden_size, true}, hardware, path + ".input", seed));
}

RecurrentState AnalogRecurrentCellImpl::zero_state(int64_t samples) const {
    return mho::zero_state(hidden->op(), samples);
}

void AnalogRecurrentCellImpl::set_position(uint64_t position, uint64_t positions) {
    input->set_position(position, positions);
    hidden->set_position(position, positions);
}

RecurrentState AnalogRecurrentCellImpl::forward(const torch::Tensor& x,
                                                const RecurrentState& state) {
    return recurrent_cell(hidden->op(), input->forward(x), hidden->product(state.hidden), state);
}

AnalogRecurrentImpl::AnalogRecurrentImpl(RecurrentKind kind,
                                         int input_size,
                                         int hidden_size,
                                         const AnalogRecurrentOptions& options,
                                         const Hardware& hardware,
                                         const std::string& path,
                                         uint64_t seed)
    : options_(options), path_(path), seed_(seed) {
    positive(options.layers, "layers", path);
    if (!(options.dropout >= 0 && options.dropout < 1)) {
        throw InputError("layer " + path + ": dropout must be at least 0 and below 1, got " +
                         std::to_string(options.dropout));
    }
    int inputs = input_size;
    for (int i = 1; i <= options.layers; i++) {
        for (size_t d = 0; d < directions(); d++) {
            RecurrentOp op{kind, hidden_size, options.bias};
            op.inputs = options.combined ? inputs : 0;
            const std::string name = std::to_string(i) + (d == 0 ? "" : "_reverse");
            const std::string here = path + std::to_string(i) + (d == 0 ? "" : ".reverse");
            hidden_layers.push_back(register_module(
                "hidden" + name,
                AnalogRecurrence(op, hardware, options.combined ? here : here + ".hidden", seed)));
            if (!options.combined) {
                const LinearOp linear{inputs, op.gates() * hidden_size, options.bias};
                input_layers.push_back(register_module(
                    "input" + name, AnalogLinear(linear, hardware, here + ".input", seed)));
            }
        }
        inputs = hidden_size * static_cast<int>(directions());
    }
}

std::vector<RecurrentState> AnalogRecurrentImpl::zero_states(int64_t samples) const {
    std::vector<RecurrentState> states;
    for (const AnalogRecurrence& layer : hidden_layers) {
        states.push_back(zero_state(layer->op(), samples));
    }
    return states;
}

torch::Tensor AnalogRecurrentImpl::forward(const torch::Tensor& x) {
    std::vector<RecurrentState> states = zero_states(x.dim() > 0 ? x.size(0) : 0);
    return forward(x, states);
}

torch::Tensor AnalogRecurrentImpl::forward(const torch::Tensor& x,
                                           std::vector<RecurrentState>& states) {
    if (x.dim() != 3) {
        throw InputError("recurrent layers take sequences [samples, positions, features]");
    }
    if (states.size() != hidden_layers.size()) {
        throw InputError("recurrent layers need one state for each layer and direction (" +
                         std::to_string(hidden_layers.size()) + "), got " +
                         std::to_string(states.size()));
    }
    torch::Tensor h = x;
    const auto layers = static_cast<size_t>(options_.layers);
    for (size_t i = 0; i < layers; i++) {
        if (i > 0 && options_.dropout > 0 && is_training()) {
            h = dropout(options_.dropout,
                        h,
                        make_tile_key(seed_, "dropout/" + path_ + std::to_string(i)),
                        step_,
                        first_sample_);
        }
        std::vector<torch::Tensor> outputs;
        for (size_t d = 0; d < directions(); d++) {
            const size_t at = i * directions() + d;
            torch::Tensor in = d == 0 ? h : h.flip({1});
            if (!options_.combined) {
                in = input_layers[at]->forward(in);
            }
            const torch::Tensor y = hidden_layers[at]->forward(in, states[at]);
            outputs.push_back(d == 0 ? y : y.flip({1}));
        }
        h = outputs.size() == 1 ? outputs[0] : at::cat(outputs, 2);
    }
    return h;
}

void AnalogRecurrentImpl::set_step(uint64_t step) {
    step_ = step;
    for (AnalogLinear& layer : input_layers) {
        layer->set_step(step);
    }
    for (AnalogRecurrence& layer : hidden_layers) {
        layer->set_step(step);
    }
}

void AnalogRecurrentImpl::set_first_sample(uint64_t sample) {
    first_sample_ = sample;
    for (AnalogLinear& layer : input_layers) {
        layer->set_first_sample(sample);
    }
    for (AnalogRecurrence& layer : hidden_layers) {
        layer->set_first_sample(sample);
    }
}

void AnalogRecurrentImpl::post_step() {
    for (AnalogLinear& layer : input_layers) {
        layer->post_step();
    }
    for (AnalogRecurrence& layer : hidden_layers) {
        layer->post_step();
    }
}

namespace {

// States of torch, [layers * directions, samples, hidden], and ours.
void take_states(std::vector<RecurrentState>& states,
                 const torch::Tensor& given,
                 torch::Tensor RecurrentState::* part) {
    if (!given.defined()) {
        return;
    }
    if (given.dim() != 3 || given.size(0) != static_cast<int64_t>(states.size())) {
        throw InputError("the states of a recurrent layer must be [" +
                         std::to_string(states.size()) + ", samples, hidden]");
    }
    for (size_t i = 0; i < states.size(); i++) {
        states[i].*part = given[static_cast<int64_t>(i)];
    }
}

torch::Tensor stacked(const std::vector<RecurrentState>& states,
                      torch::Tensor RecurrentState::* part) {
    std::vector<torch::Tensor> parts;
    for (const RecurrentState& s : states) {
        parts.push_back(s.*part);
    }
    return at::stack(parts, 0);
}

}  // namespace

AnalogTorchLSTMImpl::AnalogTorchLSTMImpl(AnalogRecurrent recurrent, bool batch_first)
    : layers(register_module("layers", std::move(recurrent))), batch_first_(batch_first) {}

std::tuple<torch::Tensor, AnalogTorchLSTMImpl::States> AnalogTorchLSTMImpl::forward(
    const torch::Tensor& x, std::optional<States> given) {
    const torch::Tensor in = batch_first_ ? x : x.transpose(0, 1);
    std::vector<RecurrentState> states = layers->zero_states(in.size(0));
    if (given) {
        take_states(states, std::get<0>(*given), &RecurrentState::hidden);
        take_states(states, std::get<1>(*given), &RecurrentState::cell);
    }
    const torch::Tensor y = layers->forward(in, states);
    return {batch_first_ ? y : y.transpose(0, 1),
            {stacked(states, &RecurrentState::hidden), stacked(states, &RecurrentState::cell)}};
}

AnalogTorchRecurrentImpl::AnalogTorchRecurrentImpl(AnalogRecurrent recurrent, bool batch_first)
    : layers(register_module("layers", std::move(recurrent))), batch_first_(batch_first) {}

std::tuple<torch::Tensor, torch::Tensor> AnalogTorchRecurrentImpl::forward(
    const torch::Tensor& x, const torch::Tensor& given) {
    const torch::Tensor in = batch_first_ ? x : x.transpose(0, 1);
    std::vector<RecurrentState> states = layers->zero_states(in.size(0));
    take_states(states, given, &RecurrentState::hidden);
    const torch::Tensor y = layers->forward(in, states);
    return {batch_first_ ? y : y.transpose(0, 1), stacked(states, &RecurrentState::hidden)};
}

}  // namespace mho

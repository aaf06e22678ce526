// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/nn/recurrent_layers.h"

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

}  // namespace

AnalogRecurrenceImpl::AnalogRecurrenceImpl(const RecurrentOp& op,
                                           const Hardware& hardware,
                                           std::string path,
                                           uint64_t seed)
    : AnalogLayerImpl(hardware,
                      1,
                      static_cast<size_t>(op.gates()) * positive(op.hidden, "hidden", path),
                      positive(op.hidden, "hidden", path),
                      op.bias,
                      path,
                      seed),
      op_(op) {
    starts_ranges_itself_ = true;
}

LayerGeometry AnalogRecurrenceImpl::geometry() const {
    LayerGeometry g;
    g.inputs = static_cast<size_t>(op_.hidden);
    g.outputs = static_cast<size_t>(op_.gates()) * g.inputs;
    return g;
}

torch::Tensor AnalogRecurrenceImpl::product(const torch::Tensor& hidden) {
    if (hidden.dim() != 2 || hidden.size(1) != op_.hidden || hidden.scalar_type() != at::kFloat) {
        throw InputError("layer " + path() + ": hidden states must be float32 [samples, " +
                         std::to_string(op_.hidden) + "]");
    }
    return run(hidden.contiguous(), geometry());
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
        const torch::Tensor fed_back = recurrence(op_, input.detach(), at_position, first)
                                           .narrow(1, 0, input.size(1) - 1)
                                           .contiguous();
        start_ranges(fed_back.view({-1, op_.hidden}), geometry());
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
                                         int layers,
                                         const Hardware& hardware,
                                         const std::string& path,
                                         uint64_t seed) {
    positive(layers, "layers", path);
    for (int i = 1; i <= layers; i++) {
        const RecurrentOp op{kind, hidden_size, true};
        const std::string number = std::to_string(i);
        hidden_layers.push_back(register_module(
            "hidden" + number, AnalogRecurrence(op, hardware, path + number + ".hidden", seed)));
        const LinearOp linear{i == 1 ? input_size : hidden_size, op.gates() * hidden_size, true};
        input_layers.push_back(register_module(
            "input" + number, AnalogLinear(linear, hardware, path + number + ".input", seed)));
    }
}

torch::Tensor AnalogRecurrentImpl::forward(const torch::Tensor& x) {
    if (x.dim() != 3) {
        throw InputError("recurrent layers take sequences [samples, positions, features]");
    }
    torch::Tensor h = x;
    for (size_t i = 0; i < input_layers.size(); i++) {
        h = hidden_layers[i]->forward(input_layers[i]->forward(h));
    }
    return h;
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/nn/convert.h"

#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/rnn.h>

#include "mho/nn/analog_convolutions.h"
#include "mho/nn/recurrent_layers.h"
#include "mho/util/error.h"

namespace mho {

namespace {

Tensor plain(const torch::Tensor& t) {
    if (!t.defined()) {
        return {};
    }
    const torch::Tensor c = t.detach().to(at::kFloat).contiguous();
    std::vector<size_t> shape;
    for (int64_t d : c.sizes()) {
        shape.push_back(static_cast<size_t>(d));
    }
    return make_tensor(std::move(shape), {c.data_ptr<float>(), c.data_ptr<float>() + c.numel()});
}

template <size_t N>
std::array<int, N> numbers(const torch::ExpandingArray<N>& a) {
    std::array<int, N> list{};
    for (size_t i = 0; i < N; i++) {
        list[i] = static_cast<int>((*a)[i]);
    }
    return list;
}

template <class Op, size_t N, class Conv>
Op describe(const Conv& conv, const std::string& path) {
    const auto& o = conv.options;
    const auto* padding = std::get_if<torch::ExpandingArray<N>>(&o.padding());
    if (padding == nullptr || !std::holds_alternative<torch::enumtype::kZeros>(o.padding_mode())) {
        throw InputError("layer " + path +
                         ": analog convolutions pad with zeros, by a number of pixels");
    }
    Op op;
    op.in_channels = static_cast<int>(o.in_channels());
    op.out_channels = static_cast<int>(o.out_channels());
    op.kernel = numbers<N>(o.kernel_size());
    op.stride = numbers<N>(o.stride());
    op.padding = numbers<N>(*padding);
    op.dilation = numbers<N>(o.dilation());
    op.groups = static_cast<int>(o.groups());
    op.bias = conv.bias.defined();
    return op;
}

template <class Module>
AnalogRecurrent recurrent_from(const Module& from,
                               RecurrentKind kind,
                               const Hardware& hardware,
                               const std::string& path,
                               uint64_t seed) {
    const auto& o = from.options;
    AnalogRecurrentOptions options;
    options.layers = static_cast<int>(o.num_layers());
    options.bias = o.bias();
    options.bidirectional = o.bidirectional();
    options.dropout = o.dropout();
    AnalogRecurrent layers(kind,
                           static_cast<int>(o.input_size()),
                           static_cast<int>(o.hidden_size()),
                           options,
                           hardware,
                           path + "/",
                           seed);
    const auto parameters = from.named_parameters();
    const auto tensor = [&](const char* what, const std::string& suffix) {
        const torch::Tensor* found = parameters.find(what + suffix);
        return found == nullptr ? Tensor{} : plain(*found);
    };
    for (size_t i = 0; i < layers->hidden_layers.size(); i++) {
        const std::string suffix = "_l" + std::to_string(i / layers->directions()) +
                                   (i % layers->directions() == 1 ? "_reverse" : "");
        layers->input_layers[i]->set_weights(tensor("weight_ih", suffix),
                                             tensor("bias_ih", suffix));
        layers->hidden_layers[i]->set_weights(tensor("weight_hh", suffix),
                                              tensor("bias_hh", suffix));
    }
    layers->train(from.is_training());
    return layers;
}

Conv1dSizes signal_sizes(const torch::nn::Conv1dImpl& conv, const std::string& path) {
    struct Signal {
        int in_channels = 1, out_channels = 1;
        std::array<int, 1> kernel{}, stride{}, padding{}, dilation{};
        int groups = 1;
        bool bias = true;
    };
    const auto op = describe<Signal, 1>(conv, path);
    return {op.in_channels,
            op.out_channels,
            op.kernel[0],
            op.stride[0],
            op.padding[0],
            op.dilation[0],
            op.groups,
            op.bias};
}

bool is_matrix(const torch::nn::Module& m) {
    return m.as<torch::nn::LinearImpl>() != nullptr || m.as<torch::nn::Conv1dImpl>() != nullptr ||
           m.as<torch::nn::Conv2dImpl>() != nullptr || m.as<torch::nn::Conv3dImpl>() != nullptr ||
           m.as<torch::nn::RNNImpl>() != nullptr || m.as<torch::nn::LSTMImpl>() != nullptr ||
           m.as<torch::nn::GRUImpl>() != nullptr;
}

template <class Analog, class From>
torch::nn::AnyModule with_weights(Analog analog, const From& from) {
    analog->set_weights(plain(from.weight), plain(from.bias));
    analog->train(from.is_training());
    return torch::nn::AnyModule(analog);
}

// The analog module for a child of a Sequential.
torch::nn::AnyModule replacement(const std::shared_ptr<torch::nn::Module>& child,
                                 const Hardware& hardware,
                                 const std::string& path,
                                 uint64_t seed) {
    if (const auto* linear = child->as<torch::nn::LinearImpl>()) {
        const LinearOp op{static_cast<int>(linear->options.in_features()),
                          static_cast<int>(linear->options.out_features()),
                          linear->bias.defined()};
        return with_weights(AnalogLinear(op, hardware, path, seed), *linear);
    }
    if (const auto* conv = child->as<torch::nn::Conv1dImpl>()) {
        return with_weights(AnalogConv1d(signal_sizes(*conv, path), hardware, path, seed), *conv);
    }
    if (const auto* conv = child->as<torch::nn::Conv2dImpl>()) {
        return with_weights(AnalogConv2d(describe<Conv2dOp, 2>(*conv, path), hardware, path, seed),
                            *conv);
    }
    if (const auto* conv = child->as<torch::nn::Conv3dImpl>()) {
        return with_weights(AnalogConv3d(describe<Conv3dOp, 3>(*conv, path), hardware, path, seed),
                            *conv);
    }
    if (const auto* lstm = child->as<torch::nn::LSTMImpl>()) {
        if (lstm->options.proj_size() > 0) {
            throw InputError("layer " + path +
                             ": projections of the hidden state (proj_size) "
                             "have no analog layer; use a linear layer");
        }
        return torch::nn::AnyModule(
            AnalogTorchLSTM(recurrent_from(*lstm, RecurrentKind::kLstm, hardware, path, seed),
                            lstm->options.batch_first()));
    }
    if (const auto* gru = child->as<torch::nn::GRUImpl>()) {
        return torch::nn::AnyModule(
            AnalogTorchRecurrent(recurrent_from(*gru, RecurrentKind::kGru, hardware, path, seed),
                                 gru->options.batch_first()));
    }
    const auto& rnn = *child->as<torch::nn::RNNImpl>();
    if (!std::holds_alternative<torch::enumtype::kTanh>(rnn.options.nonlinearity())) {
        throw InputError("layer " + path + ": analog rnn layers use tanh");
    }
    return torch::nn::AnyModule(AnalogTorchRecurrent(
        recurrent_from(rnn, RecurrentKind::kRnn, hardware, path, seed), rnn.options.batch_first()));
}

void visit(torch::nn::Module& module,
           const std::string& prefix,
           const HardwareSpec& spec,
           uint64_t seed,
           ConvertReport& report) {
    auto* sequential = module.as<torch::nn::SequentialImpl>();
    const auto children = module.named_children();
    size_t index = 0;
    for (const auto& item : children) {
        const std::string path = prefix.empty() ? item.key() : prefix + "." + item.key();
        const size_t here = index++;
        if (!is_matrix(*item.value())) {
            visit(*item.value(), path, spec, seed, report);
            continue;
        }
        const LayerHardware hardware = spec.for_layer(path);
        if (!hardware.has_value()) {
            report.digital.push_back(path);
            continue;
        }
        if (sequential == nullptr) {
            report.unreachable.push_back(path);
            continue;
        }
        torch::nn::AnyModule analog = replacement(item.value(), *hardware, path, seed);
        sequential->replace_module(item.key(), analog.ptr());
        *(sequential->begin() + static_cast<std::ptrdiff_t>(here)) = std::move(analog);
        report.analog.push_back(path);
    }
}

}  // namespace

ConvertReport convert(torch::nn::Module& root, const HardwareSpec& spec, uint64_t seed) {
    ConvertReport report;
    visit(root, "", spec, seed, report);
    return report;
}

GraphNetwork convert(const GraphNetwork& network, const HardwareSpec& spec) {
    GraphNetwork analog(map_to_hardware(network->export_network(), spec), network->seed());
    analog->train(network->is_training());
    return analog;
}

}  // namespace mho

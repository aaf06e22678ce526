// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/nn/convert.h"

#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

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

std::array<int, 2> numbers(const torch::ExpandingArray<2>& a) {
    return {static_cast<int>((*a)[0]), static_cast<int>((*a)[1])};
}

Conv2dOp describe(const torch::nn::Conv2dImpl& conv, const std::string& path) {
    const auto& o = conv.options;
    const auto* padding = std::get_if<torch::ExpandingArray<2>>(&o.padding());
    if (padding == nullptr || !std::holds_alternative<torch::enumtype::kZeros>(o.padding_mode())) {
        throw InputError("layer " + path +
                         ": analog convolutions pad with zeros, by a number of pixels");
    }
    Conv2dOp op;
    op.in_channels = static_cast<int>(o.in_channels());
    op.out_channels = static_cast<int>(o.out_channels());
    op.kernel = numbers(o.kernel_size());
    op.stride = numbers(o.stride());
    op.padding = numbers(*padding);
    op.dilation = numbers(o.dilation());
    op.groups = static_cast<int>(o.groups());
    op.bias = conv.bias.defined();
    return op;
}

bool is_matrix(const torch::nn::Module& m) {
    return m.as<torch::nn::LinearImpl>() != nullptr || m.as<torch::nn::Conv2dImpl>() != nullptr;
}

// The analog module for a child of a Sequential, empty if it stays.
torch::nn::AnyModule replacement(const std::shared_ptr<torch::nn::Module>& child,
                                 const Hardware& hardware,
                                 const std::string& path,
                                 uint64_t seed) {
    if (const auto* linear = child->as<torch::nn::LinearImpl>()) {
        const LinearOp op{static_cast<int>(linear->options.in_features()),
                          static_cast<int>(linear->options.out_features()),
                          linear->bias.defined()};
        AnalogLinear analog(op, hardware, path, seed);
        analog->set_weights(plain(linear->weight), plain(linear->bias));
        analog->train(child->is_training());
        return torch::nn::AnyModule(analog);
    }
    const auto& conv = *child->as<torch::nn::Conv2dImpl>();
    AnalogConv2d analog(describe(conv, path), hardware, path, seed);
    analog->set_weights(plain(conv.weight), plain(conv.bias));
    analog->train(child->is_training());
    return torch::nn::AnyModule(analog);
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

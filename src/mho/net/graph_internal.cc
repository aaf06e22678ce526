// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/graph_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace mho {

void set_bias(Op& op) {
    if (auto* linear = std::get_if<LinearOp>(&op)) {
        linear->bias = true;
    } else if (auto* conv = std::get_if<Conv2dOp>(&op)) {
        conv->bias = true;
    } else if (auto* volume = std::get_if<Conv3dOp>(&op)) {
        volume->bias = true;
    }
}

std::vector<std::vector<size_t>> readers_of(const std::vector<std::vector<int>>& inputs) {
    std::vector<std::vector<size_t>> readers(inputs.size());
    for (size_t i = 0; i < inputs.size(); i++) {
        for (const int source : inputs[i]) {
            if (source >= 0) {
                readers[static_cast<size_t>(source)].push_back(i);
            }
        }
    }
    return readers;
}

std::vector<bool> read_by_relus_alone(const Graph& graph) {
    const auto is_relu = [&](size_t layer) {
        const auto* activation = std::get_if<ActivationOp>(&graph.layers[layer].op);
        return activation != nullptr && activation->kind == Activation::kRelu;
    };
    std::vector<bool> alone;
    for (const std::vector<size_t>& readers : readers_of(resolve_inputs(graph))) {
        alone.push_back(!readers.empty() && std::ranges::all_of(readers, is_relu));
    }
    if (!alone.empty()) {
        alone.back() = false;  // the caller reads it
    }
    return alone;
}

MatrixLayout matrix_layout(const Op& op) {
    const auto size = [](int v) { return static_cast<size_t>(v); };
    if (const auto* linear = std::get_if<LinearOp>(&op)) {
        return {1, size(linear->inputs), size(linear->outputs), linear->bias};
    }
    if (const auto* conv = std::get_if<Conv2dOp>(&op)) {
        const size_t groups = size(conv->groups);
        return {groups,
                size(conv->in_channels) / groups * size(conv->kernel[0]) * size(conv->kernel[1]),
                size(conv->out_channels) / groups,
                conv->bias};
    }
    if (const auto* conv = std::get_if<Conv3dOp>(&op)) {
        const size_t groups = size(conv->groups);
        return {groups,
                size(conv->in_channels) / groups * size(conv->kernel[0]) * size(conv->kernel[1]) *
                    size(conv->kernel[2]),
                size(conv->out_channels) / groups,
                conv->bias};
    }
    if (const auto* recurrent = std::get_if<RecurrentOp>(&op)) {
        return {1,
                size(recurrent->inputs) + size(recurrent->hidden),
                size(recurrent->gates()) * size(recurrent->hidden),
                recurrent->bias};
    }
    return {0, 0, 0, false};
}

std::vector<size_t> weight_shape(const Op& op) {
    const auto size = [](int v) { return static_cast<size_t>(v); };
    if (const auto* linear = std::get_if<LinearOp>(&op)) {
        return {size(linear->outputs), size(linear->inputs)};
    }
    if (const auto* conv = std::get_if<Conv2dOp>(&op)) {
        return {size(conv->out_channels),
                size(conv->in_channels / conv->groups),
                size(conv->kernel[0]),
                size(conv->kernel[1])};
    }
    if (const auto* conv = std::get_if<Conv3dOp>(&op)) {
        return {size(conv->out_channels),
                size(conv->in_channels / conv->groups),
                size(conv->kernel[0]),
                size(conv->kernel[1]),
                size(conv->kernel[2])};
    }
    if (const auto* recurrent = std::get_if<RecurrentOp>(&op)) {
        return {size(recurrent->gates()) * size(recurrent->hidden),
                size(recurrent->inputs) + size(recurrent->hidden)};
    }
    return {};
}

std::vector<size_t> table_shape(const Op& op) {
    const auto size = [](int v) { return static_cast<size_t>(v); };
    if (const auto* embedding = std::get_if<EmbeddingOp>(&op)) {
        return {size(embedding->vocabulary), size(embedding->features)};
    }
    if (const auto* embedding = std::get_if<PositionalEmbeddingOp>(&op)) {
        return {size(embedding->positions), size(embedding->features)};
    }
    return {};
}

size_t positions_of(const Shape& output) {
    if (output.size() == 2) {
        return static_cast<size_t>(output[0]);
    }
    size_t count = 1;
    for (size_t axis = 1; axis < output.size(); axis++) {
        count *= static_cast<size_t>(output[axis]);
    }
    return count;
}

std::string kind_text(const Op& op) {
    if (const auto* conv = std::get_if<Conv2dOp>(&op)) {
        return fmt::format(
            "{}conv {}x{}", conv->groups > 1 ? "grouped " : "", conv->kernel[0], conv->kernel[1]);
    }
    if (const auto* pool = std::get_if<Pool2dOp>(&op)) {
        return fmt::format(
            "{} pool {}x{}", pool->average ? "average" : "max", pool->kernel[0], pool->kernel[1]);
    }
    if (const auto* activation = std::get_if<ActivationOp>(&op)) {
        static const char* const names[] = {"relu", "tanh", "sigmoid", "gelu"};
        return names[static_cast<size_t>(activation->kind)];
    }
    if (const auto* conv = std::get_if<Conv3dOp>(&op)) {
        return fmt::format("{}conv {}x{}x{}",
                           conv->groups > 1 ? "grouped " : "",
                           conv->kernel[0],
                           conv->kernel[1],
                           conv->kernel[2]);
    }
    if (const auto* recurrent = std::get_if<RecurrentOp>(&op)) {
        static const char* const kinds[] = {"rnn", "lstm", "gru"};
        return kinds[static_cast<size_t>(recurrent->kind)];
    }
    static const char* const names[] = {"linear",
                                        "",
                                        "batch norm",
                                        "",
                                        "",
                                        "global average pool",
                                        "add",
                                        "flatten",
                                        "",
                                        "sequence",
                                        "volume",
                                        "last position",
                                        "embedding",
                                        "positional embedding",
                                        "layer norm",
                                        "",
                                        "self-attention",
                                        "reverse",
                                        "concat",
                                        "dropout"};
    static_assert(std::size(names) == std::variant_size_v<Op>);
    return names[op.index()];
}

std::vector<std::string> input_names(const Graph& graph,
                                     size_t index,
                                     const std::vector<int>& inputs) {
    if (inputs.size() == 1 && inputs[0] == static_cast<int>(index) - 1) {
        return {};
    }
    std::vector<std::string> names;
    for (const int source : inputs) {
        names.push_back(source < 0 ? std::string(kNetworkInput)
                                   : graph.layers[static_cast<size_t>(source)].name);
    }
    return names;
}

}  // namespace mho

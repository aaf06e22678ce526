// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/zoo.h"

#include <fmt/format.h>

#include <cmath>
#include <span>

#include "mho/net/graph_internal.h"
#include "mho/net/normalization.h"
#include "mho/random/stream.h"
#include "mho/util/error.h"

namespace mho {
namespace {

// Appends layers; every method returns the name of what it added.
class GraphBuilder {
  public:
    GraphBuilder(std::string name, InputSpec input)
        : graph_{std::move(name), std::move(input), {}} {}

    std::string add(std::string name, Op op, std::vector<std::string> inputs = {}) {
        graph_.layers.push_back({name, std::move(op), std::move(inputs)});
        return name;
    }

    // Convolution without bias and its batch norm, which brings one.
    std::string conv_norm(const std::string& conv,
                          const std::string& norm,
                          int in,
                          int out,
                          int kernel,
                          int stride,
                          std::vector<std::string> inputs = {},
                          double epsilon = 1e-5) {
        Conv2dOp op;
        op.in_channels = in;
        op.out_channels = out;
        op.kernel = {kernel, kernel};
        op.stride = {stride, stride};
        op.padding = {kernel / 2, kernel / 2};
        op.bias = false;
        add(conv, op, std::move(inputs));
        return add(norm, BatchNormOp{out, epsilon});
    }

    // Post-activation residual block of two 3x3 convolutions (He et al., arXiv 1512.03385), with a
    // projection where the shape changes. Returns the name of its last layer.
    std::string residual_block(
        const std::string& prefix, const std::string& from, int in, int out, int stride) {
        conv_norm(prefix + ".conv1", prefix + ".bn1", in, out, 3, stride, {from});
        add(prefix + ".relu1", ActivationOp{Activation::kRelu});
        const std::string main = conv_norm(prefix + ".conv2", prefix + ".bn2", out, out, 3, 1);
        std::string shortcut = from;
        if (in != out || stride != 1) {
            shortcut = conv_norm(
                prefix + ".downsample.0", prefix + ".downsample.1", in, out, 1, stride, {from});
        }
        add(prefix + ".add", AddOp{}, {main, shortcut});
        return add(prefix + ".relu2", ActivationOp{Activation::kRelu});
    }

    std::string transformer_block(const std::string& prefix,
                                  const std::string& from,
                                  int width,
                                  int heads) {
        return append_transformer_block(graph_, prefix, from, width, heads);
    }

    Graph finish() {
        infer_shapes(graph_, graph_.name);
        return std::move(graph_);
    }

  private:
    Graph graph_;
};

void require(bool right, const std::string& message) {
    if (!right) {
        throw InputError(message);
    }
}

int features(const InputSpec& input) {
    const int64_t n = int64_t{input.shape[0]} * input.shape[1] * input.shape[2];
    return n >= 1 && n <= kMaxDimension ? static_cast<int>(n) : 0;
}

}  // namespace

std::string append_transformer_block(
    Graph& graph, const std::string& prefix, const std::string& from, int width, int heads) {
    const auto add = [&](const char* what, Op op, std::vector<std::string> inputs = {}) {
        graph.layers.push_back({prefix + what, std::move(op), std::move(inputs)});
        return prefix + what;
    };
    const std::string norm = add(".norm1", LayerNormOp{width, 1e-5}, {from});
    std::vector<std::string> projected;
    for (const char* what : {".query", ".key", ".value"}) {
        projected.push_back(add(what, LinearOp{width, width, true}, {norm}));
    }
    add(".attention", SelfAttentionOp{width, heads, true}, projected);
    const std::string attended = add(".output", LinearOp{width, width, true});
    const std::string middle = add(".add1", AddOp{}, {from, attended});
    add(".norm2", LayerNormOp{width, 1e-5});
    add(".fc1", LinearOp{width, 4 * width, true});
    add(".gelu", ActivationOp{Activation::kGelu});
    const std::string wide = add(".fc2", LinearOp{4 * width, width, true});
    return add(".add2", AddOp{}, {middle, wide});
}

Graph mlp(const std::vector<int>& widths, InputSpec input) {
    require(widths.size() >= 2, "an mlp needs at least two widths, the first one for its inputs");
    const int inputs = features(input);
    require(
        widths[0] == inputs,
        fmt::format(
            "the first width of the mlp is {}, but its input has {} numbers", widths[0], inputs));
    GraphBuilder b("mlp", std::move(input));
    b.add("flatten", FlattenOp{});
    for (size_t i = 1; i < widths.size(); i++) {
        b.add(fmt::format("fc{}", i), LinearOp{widths[i - 1], widths[i], true});
        if (i + 1 < widths.size()) {
            b.add(fmt::format("relu{}", i), ActivationOp{Activation::kRelu});
        }
    }
    return b.finish();
}

Graph lenet5(InputSpec input) {
    require(
        input.shape[1] == 28 && input.shape[2] == 28,
        fmt::format("lenet5 takes 28 x 28 images, got {} x {}", input.shape[1], input.shape[2]));
    const int channels = input.shape[0];
    GraphBuilder b("lenet5", std::move(input));
    const auto conv = [&](const char* name, int in, int out) {
        Conv2dOp op;
        op.in_channels = in;
        op.out_channels = out;
        op.kernel = {5, 5};
        b.add(name, op);
    };
    conv("conv1", channels, 8);
    b.add("relu1", ActivationOp{Activation::kRelu});
    b.add("pool1", Pool2dOp{});
    conv("conv2", 8, 16);
    b.add("relu2", ActivationOp{Activation::kRelu});
    b.add("pool2", Pool2dOp{});
    b.add("flatten", FlattenOp{});
    b.add("fc1", LinearOp{256, 128, true});
    b.add("relu3", ActivationOp{Activation::kRelu});
    b.add("fc2", LinearOp{128, 10, true});
    return b.finish();
}

Graph residual_cnn(int stem, const std::vector<int>& stages, int classes, InputSpec input) {
    const auto is_width = [](int w) { return w >= 1 && w <= 4096; };
    require(is_width(stem), fmt::format("the stem must have 1 to 4096 channels, got {}", stem));
    require(!stages.empty() && stages.size() <= 16, "a residual cnn has 1 to 16 stages");
    const int channels = input.shape[0];
    GraphBuilder b("residual_cnn", std::move(input));
    // Resolution goes down early: wide layers on few positions stand analog noise better than
    // narrow ones on many, at the same number of multiply-adds.
    b.conv_norm("stem", "stem_bn", channels, stem, 5, 2);
    b.add("stem_relu", ActivationOp{Activation::kRelu});
    std::string last = b.add("stem_pool", Pool2dOp{});
    int width = stem;
    for (size_t i = 0; i < stages.size(); i++) {
        require(is_width(stages[i]),
                fmt::format("a stage must have 1 to 4096 channels, got {}", stages[i]));
        last =
            b.residual_block(fmt::format("res{}", i + 1), last, width, stages[i], i == 0 ? 1 : 2);
        width = stages[i];
    }
    b.add("pool", GlobalAveragePoolOp{});
    b.add("fc", LinearOp{width, classes, true});
    return b.finish();
}

Graph resnet_cifar(int depth, InputSpec input) {
    return resnet_cifar_of_width(depth, std::move(input), 16);
}

Graph resnet_cifar_of_width(int depth, InputSpec input, int width) {
    require(width >= 1 && width <= 4096, fmt::format("width must be 1 to 4096, got {}", width));
    require(
        depth >= 8 && depth <= 1202 && (depth - 2) % 6 == 0,
        fmt::format("a CIFAR ResNet has 6 n + 2 layers (8, 14, 20, 32, 56, ...), got {}", depth));
    const int blocks = (depth - 2) / 6;
    const int channels = input.shape[0];
    GraphBuilder b(fmt::format("resnet{}_cifar", depth), std::move(input));
    b.conv_norm("conv1", "bn1", channels, width, 3, 1, {}, 1e-3);
    std::string last = b.add("relu1", ActivationOp{Activation::kRelu});
    int in = width;
    for (int stage = 1; stage <= 3; stage++) {
        const int out = width << (stage - 1);
        for (int i = 0; i < blocks; i++) {
            last = b.residual_block(
                fmt::format("res{}.{}", stage, i), last, in, out, stage > 1 && i == 0 ? 2 : 1);
            in = out;
        }
    }
    b.add("classifier.0", GlobalAveragePoolOp{});
    b.add("classifier.2", LinearOp{in, 10, true});
    return b.finish();
}

Graph vgg_small(InputSpec input, int classes) {
    return vgg_small_of_width(std::move(input), classes, 32);
}

Graph vgg_small_of_width(InputSpec input, int classes, int width) {
    require(width >= 1 && width <= 4096, fmt::format("width must be 1 to 4096, got {}", width));
    require(input.shape[1] % 8 == 0 && input.shape[2] % 8 == 0,
            fmt::format("vgg_small halves the image three times; {} x {} is no multiple of 8",
                        input.shape[1],
                        input.shape[2]));
    int channels = input.shape[0];
    const int positions = input.shape[1] / 8 * (input.shape[2] / 8);
    GraphBuilder b("vgg_small", std::move(input));
    int number = 0;
    for (const int out : {width, 2 * width, 4 * width}) {
        for (int i = 0; i < 2; i++) {
            number++;
            b.conv_norm(
                fmt::format("conv{}", number), fmt::format("bn{}", number), channels, out, 3, 1);
            b.add(fmt::format("relu{}", number), ActivationOp{Activation::kRelu});
            channels = out;
        }
        b.add(fmt::format("pool{}", number / 2), Pool2dOp{});
    }
    b.add("flatten", FlattenOp{});
    b.add("fc1", LinearOp{channels * positions, 8 * width, true});
    b.add("relu7", ActivationOp{Activation::kRelu});
    b.add("fc2", LinearOp{8 * width, classes, true});
    return b.finish();
}

InputSpec symbol_input(int positions) {
    return {{1, 1, positions}, 1.0, {}, {}};
}

Graph char_recurrent(RecurrentKind kind, const CharRecurrentSizes& s) {
    require(s.layers >= 1 && s.layers <= 1000,
            fmt::format("layers must be 1 to 1000, got {}", s.layers));
    const char* const kinds[] = {"rnn", "lstm", "gru"};
    const char* const name = kinds[static_cast<size_t>(kind)];
    GraphBuilder b(fmt::format("char_{}", name), symbol_input(s.positions));
    b.add("embedding", EmbeddingOp{s.vocabulary, s.embedding});
    int inputs = s.embedding;
    for (int i = 1; i <= s.layers; i++) {
        RecurrentOp op{kind, s.hidden, true};
        const std::string layer = fmt::format("{}{}", name, i);
        if (s.combined) {
            op.inputs = inputs;
            b.add(layer, op);
        } else {
            b.add(layer + ".input", LinearOp{inputs, op.gates() * s.hidden, true});
            b.add(layer + ".hidden", op);
        }
        if (s.dropout > 0) {
            b.add(layer + ".dropout", DropoutOp{s.dropout});
        }
        inputs = s.hidden;
    }
    b.add("head", LinearOp{s.hidden, s.vocabulary, true});
    return b.finish();
}

Graph char_lstm(const CharRecurrentSizes& sizes) {
    return char_recurrent(RecurrentKind::kLstm, sizes);
}

Graph small_gpt(const SmallGptSizes& s) {
    require(s.layers >= 1 && s.layers <= 1000,
            fmt::format("layers must be 1 to 1000, got {}", s.layers));
    require(s.width >= 1 && s.width <= 65536,
            fmt::format("width must be 1 to 65536, got {}", s.width));
    GraphBuilder b("small_gpt", symbol_input(s.positions));
    b.add("embedding", EmbeddingOp{s.vocabulary, s.width});
    std::string stream = b.add("position", PositionalEmbeddingOp{s.positions, s.width});
    for (int i = 1; i <= s.layers; i++) {
        stream = b.transformer_block(fmt::format("block{}", i), stream, s.width, s.heads);
    }
    b.add("norm", LayerNormOp{s.width, 1e-5});
    b.add("head", LinearOp{s.width, s.vocabulary, true});
    return b.finish();
}

Network initialize(const Graph& graph, uint64_t seed) {
    infer_shapes(graph);
    Network network;
    network.graph = graph;
    for (const Layer& layer : graph.layers) {
        const auto constant = [&](const char* what, size_t size, float value) {
            network.parameters[layer.name + what] =
                make_tensor({size}, std::vector<float>(size, value));
        };
        if (const auto* norm = std::get_if<BatchNormOp>(&layer.op)) {
            const auto channels = static_cast<size_t>(norm->channels);
            constant(".weight", channels, 1.0f);
            constant(".bias", channels, 0.0f);
            constant(".running_mean", channels, 0.0f);
            constant(".running_var", channels, 1.0f);
        }
        if (const auto* normed = std::get_if<LayerNormOp>(&layer.op)) {
            constant(".weight", static_cast<size_t>(normed->features), 1.0f);
            constant(".bias", static_cast<size_t>(normed->features), 0.0f);
        }
        if (const std::vector<size_t> table = table_shape(layer.op); !table.empty()) {
            std::vector<float> values(table[0] * table[1]);
            fill_normal(
                make_tile_key(seed, layer.name + ".weight"), Stream::kInitialWeights, 0, 0, values);
            network.parameters[layer.name + ".weight"] = make_tensor(table, std::move(values));
        }
        const MatrixLayout layout = matrix_layout(layer.op);
        if (layout.groups == 0) {
            continue;
        }
        const auto uniform = [&](const char* what, std::vector<size_t> shape, size_t size) {
            std::vector<float> values(size);
            fill_uniform(
                make_tile_key(seed, layer.name + what), Stream::kInitialWeights, 0, 0, values);
            const float bound = 1.0f / std::sqrt(static_cast<float>(layout.rows));
            for (float& v : values) {
                v = (2.0f * v - 1.0f) * bound;
            }
            network.parameters[layer.name + what] =
                make_tensor(std::move(shape), std::move(values));
        };
        uniform(".weight", weight_shape(layer.op), layout.weights());
        if (layout.bias) {
            uniform(".bias", {layout.outputs()}, layout.outputs());
        }
    }
    return network;
}

std::vector<std::string> zoo_names() {
    return {"mlp",
            "lenet5",
            "residual_cnn",
            "resnet_cifar",
            "vgg_small",
            "char_rnn",
            "char_lstm",
            "char_gru",
            "small_gpt"};
}

}  // namespace mho

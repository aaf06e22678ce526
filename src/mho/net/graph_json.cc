// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <iterator>
#include <string_view>

#include "mho/net/graph.h"
#include "mho/net/graph_internal.h"
#include "mho/util/json.h"

namespace mho {
namespace {

constexpr FieldInfo kSize = {.min = 1, .max = kMaxDimension};
constexpr FieldInfo kCount = {.min = 0, .max = kMaxDimension};
constexpr size_t kMaxLayers = 100000;

// Reads the keys of one object; what nobody asked for is unknown.
class ObjectReader {
  public:
    ObjectReader(const Json& object, std::string path, Problems& problems)
        : object_(object), path_(std::move(path)), problems_(problems) {
        if (!object.is_object()) {
            problems_.push_back({path_, "expected an object { ... }, got " + json_kind(object)});
        }
    }

    const Json* find(const std::string& key) {
        known_.push_back(key);
        if (!object_.is_object()) {
            return nullptr;
        }
        const auto it = object_.find(key);
        return it == object_.end() ? nullptr : &*it;
    }

    template <class T>
    void optional(const std::string& key, T& value, const FieldInfo& info = {}) {
        if (const Json* found = find(key)) {
            from_json(*found, value, join_path(path_, key), info, problems_);
        }
    }

    template <class T>
    void required(const std::string& key, T& value, const FieldInfo& info = {}) {
        if (const Json* found = find(key)) {
            from_json(*found, value, join_path(path_, key), info, problems_);
        } else if (object_.is_object()) {
            problems_.push_back({join_path(path_, key), "is missing"});
        }
    }

    // One number for all axes, or one for each.
    template <size_t N>
    void window(const std::string& key, std::array<int, N>& value, const FieldInfo& info) {
        const Json* found = find(key);
        if (!found) {
            return;
        }
        if (found->is_number()) {
            from_json(*found, value[0], join_path(path_, key), info, problems_);
            value.fill(value[0]);
            return;
        }
        fixed(*found,
              key,
              value,
              info,
              N == 2 ? "a number or [height, width]" : "a number or [depth, height, width]");
    }

    template <size_t N>
    void fixed(const Json& list,
               const std::string& key,
               std::array<int, N>& value,
               const FieldInfo& info,
               const char* expected) {
        const std::string path = join_path(path_, key);
        if (!list.is_array() || list.size() != N) {
            const std::string got =
                list.is_array() ? fmt::format("a list of {}", list.size()) : json_kind(list);
            problems_.push_back({path, fmt::format("expected {}, got {}", expected, got)});
            return;
        }
        for (size_t i = 0; i < N; i++) {
            from_json(list[i], value[i], fmt::format("{}[{}]", path, i), info, problems_);
        }
    }

    void finish() {
        if (!object_.is_object()) {
            return;
        }
        for (const auto& [key, value] : object_.items()) {
            if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
                problems_.push_back(
                    {join_path(path_, key), "unknown key" + suggestion(key, known_)});
            }
        }
    }

  private:
    const Json& object_;
    std::string path_;
    Problems& problems_;
    std::vector<std::string> known_;
};

const std::vector<std::pair<std::string, Activation>>& activation_names() {
    static const std::vector<std::pair<std::string, Activation>> names = {
        {"relu", Activation::kRelu},
        {"tanh", Activation::kTanh},
        {"sigmoid", Activation::kSigmoid},
        {"gelu", Activation::kGelu}};
    return names;
}

std::string op_name(const Op& op) {
    if (const auto* a = std::get_if<ActivationOp>(&op)) {
        for (const auto& [name, kind] : activation_names()) {
            if (kind == a->kind) {
                return name;
            }
        }
    }
    if (const auto* p = std::get_if<Pool2dOp>(&op)) {
        return p->average ? "avg_pool2d" : "max_pool2d";
    }
    if (const auto* r = std::get_if<RecurrentOp>(&op)) {
        static const char* const kinds[] = {"rnn", "lstm", "gru"};
        return kinds[static_cast<size_t>(r->kind)];
    }
    static const char* const names[] = {"linear",
                                        "conv2d",
                                        "batch_norm",
                                        "",
                                        "",
                                        "global_average_pool",
                                        "add",
                                        "flatten",
                                        "conv3d",
                                        "sequence",
                                        "volume",
                                        "last_position",
                                        "embedding",
                                        "positional_embedding",
                                        "layer_norm",
                                        "",
                                        "self_attention",
                                        "reverse",
                                        "concat",
                                        "dropout"};
    static_assert(std::size(names) == std::variant_size_v<Op>);
    return names[op.index()];
}

// A convolution of signals is one of images of height 1.
constexpr std::string_view kConv1d = "conv1d";

Conv2dOp signal_conv() {
    Conv2dOp op;
    op.kernel = {1, 3};
    return op;
}

std::vector<Op> all_ops() {
    return {LinearOp{},
            Conv2dOp{},
            BatchNormOp{},
            ActivationOp{Activation::kRelu},
            ActivationOp{Activation::kTanh},
            ActivationOp{Activation::kSigmoid},
            ActivationOp{Activation::kGelu},
            Pool2dOp{.average = false},
            Pool2dOp{.average = true},
            GlobalAveragePoolOp{},
            AddOp{},
            FlattenOp{},
            Conv3dOp{},
            SequenceOp{},
            VolumeOp{},
            LastPositionOp{},
            EmbeddingOp{},
            PositionalEmbeddingOp{},
            LayerNormOp{},
            RecurrentOp{.kind = RecurrentKind::kRnn},
            RecurrentOp{.kind = RecurrentKind::kLstm},
            RecurrentOp{.kind = RecurrentKind::kGru},
            SelfAttentionOp{},
            ReverseOp{},
            ConcatOp{},
            DropoutOp{}};
}

std::optional<Op> op_of_name(const std::string& name) {
    for (const Op& op : all_ops()) {
        if (op_name(op) == name) {
            return op;
        }
    }
    if (name == kConv1d) {
        return signal_conv();
    }
    return std::nullopt;
}

std::vector<std::string> op_names() {
    std::vector<std::string> names = {std::string(kConv1d)};
    for (const Op& op : all_ops()) {
        names.push_back(op_name(op));
    }
    return names;
}

// The sizes along the signal are the second entries; the first are those of a height of 1.
void read_signal_conv(ObjectReader& reader, Conv2dOp& conv) {
    reader.required("in_channels", conv.in_channels, kSize);
    reader.required("out_channels", conv.out_channels, kSize);
    reader.optional("kernel", conv.kernel[1], kSize);
    reader.optional("stride", conv.stride[1], kSize);
    reader.optional("padding", conv.padding[1], kCount);
    reader.optional("dilation", conv.dilation[1], kSize);
    reader.optional("groups", conv.groups, kSize);
    reader.optional("bias", conv.bias);
}

void read_op(ObjectReader& reader, Op& op) {
    if (auto* linear = std::get_if<LinearOp>(&op)) {
        reader.required("in_features", linear->inputs, kSize);
        reader.required("out_features", linear->outputs, kSize);
        reader.optional("bias", linear->bias);
    } else if (auto* conv = std::get_if<Conv2dOp>(&op)) {
        reader.required("in_channels", conv->in_channels, kSize);
        reader.required("out_channels", conv->out_channels, kSize);
        reader.window("kernel", conv->kernel, kSize);
        reader.window("stride", conv->stride, kSize);
        reader.window("padding", conv->padding, kCount);
        reader.window("dilation", conv->dilation, kSize);
        reader.optional("groups", conv->groups, kSize);
        reader.optional("bias", conv->bias);
    } else if (auto* norm = std::get_if<BatchNormOp>(&op)) {
        reader.required("channels", norm->channels, kSize);
        reader.optional("epsilon", norm->epsilon, {.min = 0, .max = 1});
    } else if (auto* pool = std::get_if<Pool2dOp>(&op)) {
        reader.window("kernel", pool->kernel, kSize);
        pool->stride = pool->kernel;
        reader.window("stride", pool->stride, kSize);
        reader.window("padding", pool->padding, kCount);
    } else if (auto* volume_conv = std::get_if<Conv3dOp>(&op)) {
        reader.required("in_channels", volume_conv->in_channels, kSize);
        reader.required("out_channels", volume_conv->out_channels, kSize);
        reader.window("kernel", volume_conv->kernel, kSize);
        reader.window("stride", volume_conv->stride, kSize);
        reader.window("padding", volume_conv->padding, kCount);
        reader.window("dilation", volume_conv->dilation, kSize);
        reader.optional("groups", volume_conv->groups, kSize);
        reader.optional("bias", volume_conv->bias);
    } else if (auto* volume = std::get_if<VolumeOp>(&op)) {
        reader.required("depth", volume->depth, kSize);
    } else if (auto* embedding = std::get_if<EmbeddingOp>(&op)) {
        reader.required("vocabulary", embedding->vocabulary, kSize);
        reader.required("features", embedding->features, kSize);
    } else if (auto* positional = std::get_if<PositionalEmbeddingOp>(&op)) {
        reader.required("positions", positional->positions, kSize);
        reader.required("features", positional->features, kSize);
    } else if (auto* layer_norm = std::get_if<LayerNormOp>(&op)) {
        reader.required("features", layer_norm->features, kSize);
        reader.optional("epsilon", layer_norm->epsilon, {.min = 0, .max = 1});
    } else if (auto* recurrent = std::get_if<RecurrentOp>(&op)) {
        reader.required("hidden", recurrent->hidden, kSize);
        reader.optional("bias", recurrent->bias);
        reader.optional("in_features", recurrent->inputs, kCount);
    } else if (auto* attention = std::get_if<SelfAttentionOp>(&op)) {
        reader.required("features", attention->features, kSize);
        reader.optional("heads", attention->heads, kSize);
        reader.optional("causal", attention->causal);
    } else if (auto* dropout = std::get_if<DropoutOp>(&op)) {
        reader.optional("rate", dropout->rate, {.min = 0, .max = 1});
    }
}

void read_layer(const Json& j, Layer& layer, const std::string& path, Problems& problems) {
    ObjectReader reader(j, path, problems);
    reader.required("name", layer.name);
    std::string name;
    reader.required("op", name);
    reader.optional("inputs", layer.inputs);
    if (name.empty()) {
        return;  // reported already, and the other keys depend on it
    }
    const std::optional<Op> op = op_of_name(name);
    if (!op) {
        problems.push_back({join_path(path, "op"),
                            "unknown operation `" + name + "`" + suggestion(name, op_names())});
        return;
    }
    layer.op = *op;
    if (name == kConv1d) {
        read_signal_conv(reader, std::get<Conv2dOp>(layer.op));
    } else {
        read_op(reader, layer.op);
    }
    reader.finish();
}

void read_input(const Json& j, InputSpec& input, const std::string& path, Problems& problems) {
    ObjectReader reader(j, path, problems);
    if (const Json* shape = reader.find("shape")) {
        reader.fixed(*shape, "shape", input.shape, kSize, "[channels, height, width]");
    } else if (j.is_object()) {
        problems.push_back({join_path(path, "shape"), "is missing"});
    }
    reader.optional("scale", input.scale, {.min = -1e30, .max = 1e30});
    reader.optional("mean", input.mean, {.min = -1e30, .max = 1e30});
    reader.optional("std", input.std, {.min = 1e-30, .max = 1e30});
    reader.finish();
}

template <size_t N>
Json window_json(const std::array<int, N>& sizes) {
    return Json(sizes);
}

template <class Conv>
void conv_json(const Conv& conv, Json& j) {
    j["in_channels"] = conv.in_channels;
    j["out_channels"] = conv.out_channels;
    j["kernel"] = window_json(conv.kernel);
    j["stride"] = window_json(conv.stride);
    j["padding"] = window_json(conv.padding);
    j["dilation"] = window_json(conv.dilation);
    j["groups"] = conv.groups;
    j["bias"] = conv.bias;
}

Json layer_json(const Layer& layer) {
    Json j = {{"name", layer.name}, {"op", op_name(layer.op)}};
    if (const auto* linear = std::get_if<LinearOp>(&layer.op)) {
        j["in_features"] = linear->inputs;
        j["out_features"] = linear->outputs;
        j["bias"] = linear->bias;
    } else if (const auto* conv = std::get_if<Conv2dOp>(&layer.op)) {
        conv_json(*conv, j);
    } else if (const auto* norm = std::get_if<BatchNormOp>(&layer.op)) {
        j["channels"] = norm->channels;
        j["epsilon"] = norm->epsilon;
    } else if (const auto* pool = std::get_if<Pool2dOp>(&layer.op)) {
        j["kernel"] = window_json(pool->kernel);
        j["stride"] = window_json(pool->stride);
        j["padding"] = window_json(pool->padding);
    } else if (const auto* volume_conv = std::get_if<Conv3dOp>(&layer.op)) {
        conv_json(*volume_conv, j);
    } else if (const auto* volume = std::get_if<VolumeOp>(&layer.op)) {
        j["depth"] = volume->depth;
    } else if (const auto* embedding = std::get_if<EmbeddingOp>(&layer.op)) {
        j["vocabulary"] = embedding->vocabulary;
        j["features"] = embedding->features;
    } else if (const auto* positional = std::get_if<PositionalEmbeddingOp>(&layer.op)) {
        j["positions"] = positional->positions;
        j["features"] = positional->features;
    } else if (const auto* layer_norm = std::get_if<LayerNormOp>(&layer.op)) {
        j["features"] = layer_norm->features;
        j["epsilon"] = layer_norm->epsilon;
    } else if (const auto* recurrent = std::get_if<RecurrentOp>(&layer.op)) {
        j["hidden"] = recurrent->hidden;
        j["bias"] = recurrent->bias;
        if (recurrent->inputs > 0) {
            j["in_features"] = recurrent->inputs;
        }
    } else if (const auto* attention = std::get_if<SelfAttentionOp>(&layer.op)) {
        j["features"] = attention->features;
        j["heads"] = attention->heads;
        j["causal"] = attention->causal;
    } else if (const auto* dropout = std::get_if<DropoutOp>(&layer.op)) {
        j["rate"] = dropout->rate;
    }
    if (!layer.inputs.empty()) {
        j["inputs"] = layer.inputs;
    }
    return j;
}

}  // namespace

std::string graph_to_json(const Graph& graph) {
    Json input = {{"shape", graph.input.shape}, {"scale", graph.input.scale}};
    if (!graph.input.mean.empty()) {
        input["mean"] = graph.input.mean;
    }
    if (!graph.input.std.empty()) {
        input["std"] = graph.input.std;
    }
    Json layers = Json::array();
    for (const Layer& layer : graph.layers) {
        layers.push_back(layer_json(layer));
    }
    const Json j = {{"name", graph.name}, {"input", input}, {"layers", layers}};
    return j.dump(2, ' ', false, Json::error_handler_t::replace);
}

Graph graph_from_json(const std::string& text, const std::string& path) {
    const Json j = parse_json(text, path);
    Problems problems;
    Graph graph;
    ObjectReader reader(j, path, problems);
    reader.optional("name", graph.name);
    if (const Json* input = reader.find("input")) {
        read_input(*input, graph.input, join_path(path, "input"), problems);
    } else if (j.is_object()) {
        problems.push_back({join_path(path, "input"), "is missing"});
    }
    const Json* layers = reader.find("layers");
    const std::string layers_path = join_path(path, "layers");
    if (layers && layers->is_array()) {
        if (layers->size() > kMaxLayers) {
            throw ConfigError(layers_path, fmt::format("more than {} layers", kMaxLayers));
        }
        graph.layers.resize(layers->size());
        for (size_t i = 0; i < layers->size(); i++) {
            read_layer(
                (*layers)[i], graph.layers[i], fmt::format("{}[{}]", layers_path, i), problems);
        }
    } else if (j.is_object()) {
        problems.push_back(
            {layers_path,
             layers ? "expected a list [ ... ], got " + json_kind(*layers) : "is missing"});
    }
    reader.finish();
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
    infer_shapes(graph, path);
    return graph;
}

}  // namespace mho

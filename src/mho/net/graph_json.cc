// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

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

    // One number for both axes, or [height, width].
    void pair(const std::string& key, std::array<int, 2>& value, const FieldInfo& info) {
        const Json* found = find(key);
        if (!found) {
            return;
        }
        if (found->is_number()) {
            from_json(*found, value[0], join_path(path_, key), info, problems_);
            value[1] = value[0];
            return;
        }
        fixed(*found, key, value, info, "a number or [height, width]");
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
    static const char* const names[] = {
        "linear", "conv2d", "batch_norm", "", "", "global_average_pool", "add", "flatten"};
    return names[op.index()];
}

std::optional<Op> op_of_name(const std::string& name) {
    for (const auto& [each, kind] : activation_names()) {
        if (each == name) {
            return ActivationOp{kind};
        }
    }
    for (const Op& op : {Op(LinearOp{}),
                         Op(Conv2dOp{}),
                         Op(BatchNormOp{}),
                         Op(Pool2dOp{.average = false}),
                         Op(Pool2dOp{.average = true}),
                         Op(GlobalAveragePoolOp{}),
                         Op(AddOp{}),
                         Op(FlattenOp{})}) {
        if (op_name(op) == name) {
            return op;
        }
    }
    return std::nullopt;
}

std::vector<std::string> op_names() {
    return {"linear",
            "conv2d",
            "batch_norm",
            "relu",
            "tanh",
            "sigmoid",
            "gelu",
            "max_pool2d",
            "avg_pool2d",
            "global_average_pool",
            "add",
            "flatten"};
}

void read_op(ObjectReader& reader, Op& op) {
    if (auto* linear = std::get_if<LinearOp>(&op)) {
        reader.required("in_features", linear->inputs, kSize);
        reader.required("out_features", linear->outputs, kSize);
        reader.optional("bias", linear->bias);
    } else if (auto* conv = std::get_if<Conv2dOp>(&op)) {
        reader.required("in_channels", conv->in_channels, kSize);
        reader.required("out_channels", conv->out_channels, kSize);
        reader.pair("kernel", conv->kernel, kSize);
        reader.pair("stride", conv->stride, kSize);
        reader.pair("padding", conv->padding, kCount);
        reader.pair("dilation", conv->dilation, kSize);
        reader.optional("groups", conv->groups, kSize);
        reader.optional("bias", conv->bias);
    } else if (auto* norm = std::get_if<BatchNormOp>(&op)) {
        reader.required("channels", norm->channels, kSize);
        reader.optional("epsilon", norm->epsilon, {.min = 0, .max = 1});
    } else if (auto* pool = std::get_if<Pool2dOp>(&op)) {
        reader.pair("kernel", pool->kernel, kSize);
        pool->stride = pool->kernel;
        reader.pair("stride", pool->stride, kSize);
        reader.pair("padding", pool->padding, kCount);
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
    read_op(reader, layer.op);
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

Json pair_json(const std::array<int, 2>& pair) {
    return Json::array({pair[0], pair[1]});
}

Json layer_json(const Layer& layer) {
    Json j = {{"name", layer.name}, {"op", op_name(layer.op)}};
    if (const auto* linear = std::get_if<LinearOp>(&layer.op)) {
        j["in_features"] = linear->inputs;
        j["out_features"] = linear->outputs;
        j["bias"] = linear->bias;
    } else if (const auto* conv = std::get_if<Conv2dOp>(&layer.op)) {
        j["in_channels"] = conv->in_channels;
        j["out_channels"] = conv->out_channels;
        j["kernel"] = pair_json(conv->kernel);
        j["stride"] = pair_json(conv->stride);
        j["padding"] = pair_json(conv->padding);
        j["dilation"] = pair_json(conv->dilation);
        j["groups"] = conv->groups;
        j["bias"] = conv->bias;
    } else if (const auto* norm = std::get_if<BatchNormOp>(&layer.op)) {
        j["channels"] = norm->channels;
        j["epsilon"] = norm->epsilon;
    } else if (const auto* pool = std::get_if<Pool2dOp>(&layer.op)) {
        j["kernel"] = pair_json(pool->kernel);
        j["stride"] = pair_json(pool->stride);
        j["padding"] = pair_json(pool->padding);
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

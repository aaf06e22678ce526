// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/graph.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <string_view>

#include "mho/net/graph_internal.h"
#include "mho/util/error.h"

namespace mho {
namespace {

template <class... F>
struct Overloaded : F... {
    using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

std::string text(const Shape& shape) {
    return fmt::format("[{}]", fmt::join(shape, ", "));
}

bool is_valid_name(std::string_view name) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '.' || c == '/' || c == '-';
    };
    return !name.empty() && name.size() <= 200 && std::all_of(name.begin(), name.end(), allowed);
}

// Throws with the place of one layer.
class LayerCheck {
  public:
    explicit LayerCheck(std::string place) : place_(std::move(place)) {}

    [[noreturn]] void fail(const std::string& message) const { throw ConfigError(place_, message); }

    void within(std::string_view what, int value, int low, int high) const {
        if (value < low || value > high) {
            fail(fmt::format("{} must be {} to {}, got {}", what, low, high, value));
        }
    }

    void is_image(const Shape& shape) const {
        if (shape.size() != 3) {
            fail(fmt::format("needs an input [channels, height, width], got {}", text(shape)));
        }
    }

    // The number of elements of a shape whose dimensions are already below kMaxDimension.
    int64_t elements(const Shape& shape) const {
        int64_t count = 1;
        for (const int extent : shape) {
            count *= extent;
            if (count > kMaxElements) {
                fail(fmt::format(
                    "an output of shape {} has more than {} elements", text(shape), kMaxElements));
            }
        }
        return count;
    }

    void weights(std::initializer_list<int> shape) const {
        int64_t count = 1;
        for (const int extent : shape) {
            count *= extent;
            if (count > kMaxElements) {
                fail(fmt::format("a weight of shape [{}] has more than {} elements",
                                 fmt::join(shape, ", "),
                                 kMaxElements));
            }
        }
    }

    // Positions of a window along one axis.
    int positions(
        std::string_view axis, int size, int kernel, int stride, int padding, int dilation) const {
        const int64_t extent = int64_t{dilation} * (kernel - 1) + 1;
        const int64_t padded = int64_t{size} + 2 * int64_t{padding};
        if (padded < extent) {
            fail(fmt::format(
                "the kernel covers {} numbers of the {}, but the padded input has only {}",
                extent,
                axis,
                padded));
        }
        const int64_t count = (padded - extent) / stride + 1;
        if (count > kMaxDimension) {
            fail(fmt::format(
                "the {} of the output would be {}, more than {}", axis, count, kMaxDimension));
        }
        return static_cast<int>(count);
    }

  private:
    std::string place_;
};

Shape linear_shape(const LinearOp& op, const Shape& in, const LayerCheck& check) {
    check.within("in_features", op.inputs, 1, kMaxDimension);
    check.within("out_features", op.outputs, 1, kMaxDimension);
    check.weights({op.outputs, op.inputs});
    if (in.size() > 2) {
        check.fail(fmt::format("needs a vector as input, got {}; put a flatten layer before it",
                               text(in)));
    }
    if (in.back() != op.inputs) {
        check.fail(
            fmt::format("in_features is {}, but its input has {} features", op.inputs, in.back()));
    }
    Shape out = in;
    out.back() = op.outputs;
    return out;
}

Shape conv_shape(const Conv2dOp& op, const Shape& in, const LayerCheck& check) {
    check.within("in_channels", op.in_channels, 1, kMaxDimension);
    check.within("out_channels", op.out_channels, 1, kMaxDimension);
    check.within("groups", op.groups, 1, kMaxDimension);
    for (size_t axis = 0; axis < 2; axis++) {
        check.within("kernel", op.kernel[axis], 1, kMaxDimension);
        check.within("stride", op.stride[axis], 1, kMaxDimension);
        check.within("dilation", op.dilation[axis], 1, kMaxDimension);
        check.within("padding", op.padding[axis], 0, kMaxDimension);
        // More would give outputs that see nothing but zeros, and would let a file of a few bytes
        // ask for any amount of memory.
        const int64_t reach = int64_t{op.dilation[axis]} * (op.kernel[axis] - 1);
        if (op.padding[axis] > reach) {
            check.fail(fmt::format(
                "padding {} is more than dilation * (kernel - 1) = {}", op.padding[axis], reach));
        }
    }
    if (op.in_channels % op.groups != 0 || op.out_channels % op.groups != 0) {
        check.fail(fmt::format("groups = {} must divide in_channels = {} and out_channels = {}",
                               op.groups,
                               op.in_channels,
                               op.out_channels));
    }
    check.weights({op.out_channels, op.in_channels / op.groups, op.kernel[0], op.kernel[1]});
    check.is_image(in);
    if (in[0] != op.in_channels) {
        check.fail(
            fmt::format("in_channels is {}, but its input has {} channels", op.in_channels, in[0]));
    }
    return {
        op.out_channels,
        check.positions("height", in[1], op.kernel[0], op.stride[0], op.padding[0], op.dilation[0]),
        check.positions("width", in[2], op.kernel[1], op.stride[1], op.padding[1], op.dilation[1])};
}

Shape conv3d_shape(const Conv3dOp& op, const Shape& in, const LayerCheck& check) {
    check.within("in_channels", op.in_channels, 1, kMaxDimension);
    check.within("out_channels", op.out_channels, 1, kMaxDimension);
    check.within("groups", op.groups, 1, kMaxDimension);
    for (size_t axis = 0; axis < 3; axis++) {
        check.within("kernel", op.kernel[axis], 1, kMaxDimension);
        check.within("stride", op.stride[axis], 1, kMaxDimension);
        check.within("dilation", op.dilation[axis], 1, kMaxDimension);
        const int64_t reach = int64_t{op.dilation[axis]} * (op.kernel[axis] - 1);
        check.within("padding",
                     op.padding[axis],
                     0,
                     static_cast<int>(std::min<int64_t>(reach, kMaxDimension)));
    }
    if (op.in_channels % op.groups != 0 || op.out_channels % op.groups != 0) {
        check.fail(fmt::format("groups = {} must divide in_channels = {} and out_channels = {}",
                               op.groups,
                               op.in_channels,
                               op.out_channels));
    }
    check.weights(
        {op.out_channels, op.in_channels / op.groups, op.kernel[0], op.kernel[1], op.kernel[2]});
    if (in.size() != 4 || in[0] != op.in_channels) {
        check.fail(fmt::format(
            "needs an input [{}, depth, height, width], got {}; a volume layer makes one",
            op.in_channels,
            text(in)));
    }
    Shape out = {op.out_channels};
    const char* const axes[] = {"depth", "height", "width"};
    for (size_t axis = 0; axis < 3; axis++) {
        out.push_back(check.positions(axes[axis],
                                      in[axis + 1],
                                      op.kernel[axis],
                                      op.stride[axis],
                                      op.padding[axis],
                                      op.dilation[axis]));
    }
    return out;
}

Shape pool_shape(const Pool2dOp& op, const Shape& in, const LayerCheck& check) {
    for (size_t axis = 0; axis < 2; axis++) {
        check.within("kernel", op.kernel[axis], 1, kMaxDimension);
        check.within("stride", op.stride[axis], 1, kMaxDimension);
        // As in PyTorch: every window then holds at least one number of the input.
        check.within("padding", op.padding[axis], 0, op.kernel[axis] / 2);
    }
    check.is_image(in);
    return {in[0],
            check.positions("height", in[1], op.kernel[0], op.stride[0], op.padding[0], 1),
            check.positions("width", in[2], op.kernel[1], op.stride[1], op.padding[1], 1)};
}

// What the layers of sequences have in common.
void is_sequence(const Shape& in, int features, const LayerCheck& check) {
    if (in.size() != 2 || in[1] != features) {
        check.fail(fmt::format("needs an input [positions, {}], got {}", features, text(in)));
    }
}

using Inputs = std::vector<const Shape*>;

Shape sequence_shape(const SequenceOp&, const Inputs& in, const LayerCheck& check) {
    if (in[0]->size() != 3 || (*in[0])[0] != 1) {
        check.fail(fmt::format("needs an input [1, positions, features], got {}", text(*in[0])));
    }
    return {(*in[0])[1], (*in[0])[2]};
}

Shape sequence_shape(const VolumeOp& op, const Inputs& in, const LayerCheck& check) {
    check.is_image(*in[0]);
    check.within("depth", op.depth, 1, (*in[0])[0]);
    if ((*in[0])[0] % op.depth != 0) {
        check.fail(fmt::format("depth = {} must divide the {} channels", op.depth, (*in[0])[0]));
    }
    return {(*in[0])[0] / op.depth, op.depth, (*in[0])[1], (*in[0])[2]};
}

Shape sequence_shape(const LastPositionOp&, const Inputs& in, const LayerCheck& check) {
    if (in[0]->size() != 2) {
        check.fail(fmt::format("needs an input [positions, features], got {}", text(*in[0])));
    }
    return {(*in[0])[1]};
}

Shape sequence_shape(const EmbeddingOp& op, const Inputs& in, const LayerCheck& check) {
    check.within("vocabulary", op.vocabulary, 1, kMaxDimension);
    check.within("features", op.features, 1, kMaxDimension);
    check.weights({op.vocabulary, op.features});
    if (in[0]->size() != 3 || (*in[0])[0] != 1 || (*in[0])[1] != 1) {
        check.fail(fmt::format("needs an input [1, 1, positions], got {}", text(*in[0])));
    }
    return {(*in[0])[2], op.features};
}

Shape sequence_shape(const PositionalEmbeddingOp& op, const Inputs& in, const LayerCheck& check) {
    check.within("positions", op.positions, 1, kMaxDimension);
    check.within("features", op.features, 1, kMaxDimension);
    check.weights({op.positions, op.features});
    is_sequence(*in[0], op.features, check);
    if ((*in[0])[0] != op.positions) {
        check.fail(fmt::format("positions is {}, but its input has {}", op.positions, (*in[0])[0]));
    }
    return *in[0];
}

Shape sequence_shape(const LayerNormOp& op, const Inputs& in, const LayerCheck& check) {
    check.within("features", op.features, 1, kMaxDimension);
    if (!(op.epsilon > 0 && op.epsilon <= 1)) {
        check.fail(fmt::format("epsilon must be above 0 and at most 1, got {}", op.epsilon));
    }
    if (in[0]->size() > 2 || in[0]->back() != op.features) {
        check.fail(fmt::format("features is {}, but its input is {}", op.features, text(*in[0])));
    }
    return *in[0];
}

Shape sequence_shape(const RecurrentOp& op, const Inputs& in, const LayerCheck& check) {
    check.within("hidden", op.hidden, 1, kMaxDimension / 4);
    check.within("in_features", op.inputs, 0, kMaxDimension);
    if (op.inputs > 0 && op.kind == RecurrentKind::kGru) {
        check.fail(
            "in_features must be 0 for gru: its reset gate needs the product of the hidden "
            "state alone");
    }
    check.weights({op.gates(), op.hidden, op.inputs + op.hidden});
    is_sequence(*in[0], op.inputs > 0 ? op.inputs : op.gates() * op.hidden, check);
    return {(*in[0])[0], op.hidden};
}

Shape sequence_shape(const ReverseOp&, const Inputs& in, const LayerCheck& check) {
    if (in[0]->size() != 2) {
        check.fail(fmt::format("needs an input [positions, features], got {}", text(*in[0])));
    }
    return *in[0];
}

Shape sequence_shape(const ConcatOp&, const Inputs& in, const LayerCheck& check) {
    Shape out = *in[0];
    int64_t features = 0;
    for (const Shape* each : in) {
        if (each->size() > 2 || each->size() != out.size() ||
            (out.size() == 2 && (*each)[0] != out[0])) {
            check.fail(fmt::format("inputs of shapes {} and {} cannot be put behind each other",
                                   text(out),
                                   text(*each)));
        }
        features += each->back();
    }
    if (features > kMaxDimension) {
        check.fail(fmt::format("{} features are more than {}", features, kMaxDimension));
    }
    out.back() = static_cast<int>(features);
    return out;
}

Shape sequence_shape(const DropoutOp& op, const Inputs& in, const LayerCheck& check) {
    if (!(op.rate >= 0 && op.rate < 1)) {
        check.fail(fmt::format("rate must be at least 0 and below 1, got {}", op.rate));
    }
    return *in[0];
}

Shape sequence_shape(const SelfAttentionOp& op, const Inputs& in, const LayerCheck& check) {
    check.within("features", op.features, 1, kMaxDimension);
    check.within("heads", op.heads, 1, op.features);
    if (op.features % op.heads != 0) {
        check.fail(fmt::format("heads = {} must divide features = {}", op.heads, op.features));
    }
    for (const Shape* each : in) {
        is_sequence(*each, op.features, check);
        if (*each != *in[0]) {
            check.fail(fmt::format("inputs of shapes {} and {}", text(*in[0]), text(*each)));
        }
    }
    return *in[0];
}

Shape shape_of(const Op& op, const std::vector<const Shape*>& in, const LayerCheck& check) {
    return std::visit(
        Overloaded{[&](const LinearOp& o) { return linear_shape(o, *in[0], check); },
                   [&](const Conv2dOp& o) { return conv_shape(o, *in[0], check); },
                   [&](const BatchNormOp& o) {
                       if (!(o.epsilon > 0 && o.epsilon <= 1)) {
                           check.fail(fmt::format("epsilon must be above 0 and at most 1, got {}",
                                                  o.epsilon));
                       }
                       if (o.channels != (*in[0])[0] || in[0]->size() == 2) {
                           check.fail(fmt::format(
                               "channels is {}, but its input is {}", o.channels, text(*in[0])));
                       }
                       return *in[0];
                   },
                   [&](const ActivationOp&) { return *in[0]; },
                   [&](const Pool2dOp& o) { return pool_shape(o, *in[0], check); },
                   [&](const GlobalAveragePoolOp&) {
                       check.is_image(*in[0]);
                       return Shape{(*in[0])[0]};
                   },
                   [&](const AddOp&) {
                       for (const Shape* other : in) {
                           if (*other != *in[0]) {
                               check.fail(fmt::format("inputs of shapes {} and {} cannot be added",
                                                      text(*in[0]),
                                                      text(*other)));
                           }
                       }
                       return *in[0];
                   },
                   [&](const FlattenOp&) {
                       const int64_t count = check.elements(*in[0]);
                       if (count > kMaxDimension) {
                           check.fail(
                               fmt::format("{} features are more than {}", count, kMaxDimension));
                       }
                       return Shape{static_cast<int>(count)};
                   },
                   [&](const Conv3dOp& o) { return conv3d_shape(o, *in[0], check); },
                   [&](const auto& o) { return sequence_shape(o, in, check); }},
        op);
}

void check_input(const InputSpec& input, const std::string& path) {
    const LayerCheck check(path + ".input");
    const char* const axes[] = {"channels", "height", "width"};
    for (size_t i = 0; i < 3; i++) {
        check.within(axes[i], input.shape[i], 1, kMaxDimension);
    }
    check.elements({input.shape[0], input.shape[1], input.shape[2]});
    if (!(std::abs(input.scale) <= 1e30)) {
        check.fail("scale must be a number between -1e30 and 1e30");
    }
    const auto channels = static_cast<size_t>(input.shape[0]);
    const auto check_list = [&](const char* name, const std::vector<double>& list, double low) {
        if (!list.empty() && list.size() != channels) {
            check.fail(
                fmt::format("{} has {} entries for {} channels", name, list.size(), channels));
        }
        for (const double v : list) {
            if (!(v >= low && v <= 1e30)) {
                check.fail(fmt::format("{} must be {} to 1e30, got {}", name, low, v));
            }
        }
    };
    check_list("mean", input.mean, -1e30);
    check_list("std", input.std, 1e-30);
}

}  // namespace

std::string layer_place(const Graph& graph, size_t index, const std::string& path) {
    return fmt::format("{}.layers[{}] ({})", path, index, graph.layers[index].name);
}

std::vector<std::vector<int>> resolve_inputs(const Graph& graph, const std::string& path) {
    std::map<std::string, int, std::less<>> index_of;
    std::vector<std::vector<int>> result(graph.layers.size());
    for (size_t i = 0; i < graph.layers.size(); i++) {
        const Layer& layer = graph.layers[i];
        if (!is_valid_name(layer.name)) {
            throw ConfigError(fmt::format("{}.layers[{}].name", path, i),
                              "a name has 1 to 200 characters of A-Z a-z 0-9 _ . / -");
        }
        const LayerCheck check(layer_place(graph, i, path));
        if (layer.name == kNetworkInput) {
            check.fail("the name `input` stands for the input of the network");
        }
        if (index_of.contains(layer.name)) {
            check.fail(fmt::format("layers[{}] has the same name", index_of[layer.name]));
        }
        for (const std::string& name : layer.inputs) {
            if (name == kNetworkInput) {
                result[i].push_back(-1);
                continue;
            }
            const auto found = index_of.find(name);
            if (found == index_of.end()) {
                std::vector<std::string> known = {std::string(kNetworkInput)};
                for (const auto& [each, position] : index_of) {
                    known.push_back(each);
                }
                known.resize(std::min<size_t>(known.size(), 20));
                check.fail(fmt::format(
                    "no layer before it is called `{}`{}", name, suggestion(name, known)));
            }
            result[i].push_back(found->second);
        }
        if (layer.inputs.empty()) {
            result[i].push_back(static_cast<int>(i) - 1);
        }
        const bool adds =
            std::holds_alternative<AddOp>(layer.op) || std::holds_alternative<ConcatOp>(layer.op);
        if (adds && result[i].size() < 2) {
            check.fail("add and concat need at least two inputs");
        }
        const bool attends = std::holds_alternative<SelfAttentionOp>(layer.op);
        if (attends && result[i].size() != 3) {
            check.fail(fmt::format("takes three inputs (queries, keys, values), got {}",
                                   result[i].size()));
        }
        if (!adds && !attends && result[i].size() != 1) {
            check.fail(fmt::format("takes one input, got {}", result[i].size()));
        }
        index_of.emplace(layer.name, static_cast<int>(i));
    }
    return result;
}

std::vector<std::vector<int>> resolve_inputs(const Graph& graph) {
    return resolve_inputs(graph, "network");
}

std::vector<Shape> infer_shapes(const Graph& graph, const std::string& path) {
    check_input(graph.input, path);
    if (graph.layers.empty()) {
        throw ConfigError(path + ".layers", "a network needs at least one layer");
    }
    const std::vector<std::vector<int>> inputs = resolve_inputs(graph, path);
    const Shape image(graph.input.shape.begin(), graph.input.shape.end());
    std::vector<Shape> shapes;
    shapes.reserve(graph.layers.size());
    for (size_t i = 0; i < graph.layers.size(); i++) {
        const LayerCheck check(layer_place(graph, i, path));
        std::vector<const Shape*> in;
        for (const int source : inputs[i]) {
            in.push_back(source < 0 ? &image : &shapes[static_cast<size_t>(source)]);
        }
        Shape shape = shape_of(graph.layers[i].op, in, check);
        check.elements(shape);
        shapes.push_back(std::move(shape));
    }
    return shapes;
}

std::vector<Shape> infer_shapes(const Graph& graph) {
    return infer_shapes(graph, "network");
}

}  // namespace mho

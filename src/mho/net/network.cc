// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/network.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "mho/net/graph_internal.h"
#include "mho/net/hardware_json.h"
#include "mho/net/network_internal.h"
#include "mho/util/error.h"
#include "mho/util/glob.h"

namespace mho {
namespace {

void check_parameter(const Network& network,
                     const ParameterShape& wanted,
                     const std::string& path,
                     Problems& problems) {
    const std::string here = path + ".parameters." + wanted.name;
    const auto found = network.parameters.find(wanted.name);
    if (found == network.parameters.end()) {
        problems.push_back({here, "is missing; its shape would be " + shape_text(wanted.shape)});
        return;
    }
    const Tensor& tensor = found->second;
    if (tensor.shape != wanted.shape) {
        problems.push_back({here,
                            fmt::format("has shape {}, but the layer needs {}",
                                        shape_text(tensor.shape),
                                        shape_text(wanted.shape))});
        return;
    }
    if (tensor.values.size() != shape_count(wanted.shape)) {
        problems.push_back({here,
                            fmt::format("holds {} numbers, but its shape is {}",
                                        tensor.values.size(),
                                        shape_text(tensor.shape))});
        return;
    }
    for (size_t i = 0; i < tensor.values.size(); i++) {
        const float v = tensor.values[i];
        if (!std::isfinite(v)) {
            problems.push_back({here, fmt::format("entry {} is not a finite number", i)});
            return;
        }
        if (wanted.is_non_negative && v < 0) {
            problems.push_back({here, fmt::format("entry {} must not be negative, got {}", i, v)});
            return;
        }
    }
}

std::vector<float> bias_of(const Network& network, const std::string& layer, size_t outputs) {
    const auto found = network.parameters.find(layer + ".bias");
    return found == network.parameters.end() ? std::vector<float>(outputs, 0.0f)
                                             : found->second.values;
}

// Multiplies the weight of a digital layer and its bias by what a batch norm does to its outputs.
void fold_into(Network& network,
               const std::string& layer,
               const std::string& norm,
               double epsilon) {
    std::vector<float>& weight = network.parameters.at(layer + ".weight").values;
    const std::vector<float>& gamma = network.parameters.at(norm + ".weight").values;
    const std::vector<float>& beta = network.parameters.at(norm + ".bias").values;
    const std::vector<float>& mean = network.parameters.at(norm + ".running_mean").values;
    const std::vector<float>& variance = network.parameters.at(norm + ".running_var").values;
    const size_t outputs = gamma.size();
    const size_t row = weight.size() / outputs;
    std::vector<float> bias = bias_of(network, layer, outputs);
    for (size_t i = 0; i < outputs; i++) {
        const double g = double{gamma[i]} / std::sqrt(double{variance[i]} + epsilon);
        for (size_t j = 0; j < row; j++) {
            weight[i * row + j] = static_cast<float>(double{weight[i * row + j]} * g);
        }
        bias[i] = static_cast<float>((double{bias[i]} - double{mean[i]}) * g + double{beta[i]});
    }
    network.parameters[layer + ".bias"] = make_tensor({outputs}, std::move(bias));
    for (const char* what : {".weight", ".bias", ".running_mean", ".running_var"}) {
        network.parameters.erase(norm + what);
    }
}

void map_layer(Network& network, const Layer& layer, const Hardware& hardware) {
    const MatrixLayout layout = analog_layout(layer.op, hardware);
    Tensor weight = std::move(network.parameters.at(layer.name + ".weight"));
    network.parameters.erase(layer.name + ".weight");
    if (const size_t plain = matrix_layout(layer.op).rows; plain < layout.rows) {
        const std::vector<float> bias = bias_of(network, layer.name, layout.outputs());
        std::vector<float> wide;
        wide.reserve(layout.weights());
        for (size_t o = 0; o < layout.outputs(); o++) {
            const auto row = weight.values.begin() + static_cast<std::ptrdiff_t>(o * plain);
            wide.insert(wide.end(), row, row + static_cast<std::ptrdiff_t>(plain));
            wide.push_back(bias[o]);
        }
        weight.values = std::move(wide);
        network.parameters.erase(layer.name + ".bias");
    }
    const size_t pieces = input_pieces(layout, hardware);
    Tensor tile_weight{{layout.outputs(), layout.rows}, {}};
    Tensor scale{{pieces, layout.outputs()}, std::vector<float>(pieces * layout.outputs())};
    for (size_t g = 0; g < layout.groups; g++) {
        const ConstFloatView logical{
            weight.values.data() + g * layout.columns * layout.rows, layout.columns, layout.rows};
        const MappedWeights mapped = map_weights(hardware.mapping, logical);
        tile_weight.values.insert(
            tile_weight.values.end(), mapped.weights.values.begin(), mapped.weights.values.end());
        for (size_t c = 0; c < pieces; c++) {
            std::copy_n(mapped.scales.row(c),
                        layout.columns,
                        scale.values.begin() +
                            static_cast<std::ptrdiff_t>(c * layout.outputs() + g * layout.columns));
        }
    }
    const float range =
        hardware.input_range.enabled ? static_cast<float>(hardware.input_range.initial) : 0.0f;
    const size_t ranges = layout.groups * pieces;
    network.parameters[layer.name + ".tile_weight"] = std::move(tile_weight);
    network.parameters[layer.name + ".scale"] = std::move(scale);
    network.parameters[layer.name + ".input_range"] =
        make_tensor({ranges}, std::vector<float>(ranges, range));
    network.analog[layer.name] = hardware;
}

void unmap_layer(Network& network, const Layer& layer, const Hardware& hardware) {
    const MatrixLayout layout = matrix_layout(layer.op);
    Tensor weight{weight_shape(layer.op), {}};
    weight.values.reserve(layout.weights());
    std::vector<float> bias;
    for (size_t g = 0; g < layout.groups; g++) {
        const Matrix<float> logical =
            logical_weights(hardware.mapping, group_weights(network, layer, hardware, g));
        for (size_t o = 0; o < logical.rows; o++) {
            const float* row = logical.row(o);
            weight.values.insert(weight.values.end(), row, row + layout.rows);
            if (logical.cols > layout.rows) {
                bias.push_back(row[layout.rows]);
            }
        }
    }
    if (!bias.empty()) {
        network.parameters[layer.name + ".bias"] = make_tensor({layout.outputs()}, std::move(bias));
    }
    for (const char* what : {".tile_weight", ".scale", ".input_range", ".output_range"}) {
        network.parameters.erase(layer.name + what);
    }
    network.parameters[layer.name + ".weight"] = std::move(weight);
    network.analog.erase(layer.name);
}

}  // namespace

MatrixLayout analog_layout(const Op& op, const Hardware& hardware) {
    MatrixLayout layout = matrix_layout(op);
    if (layout.bias && hardware.mapping.analog_bias) {
        layout.rows++;
        layout.bias = false;
    }
    return layout;
}

size_t input_pieces(const MatrixLayout& layout, const Hardware& hardware) {
    return split_axis(layout.rows, hardware.mapping.max_inputs).size() - 1;
}

MappedWeights group_weights(const Network& network,
                            const Layer& layer,
                            const Hardware& hardware,
                            size_t group) {
    const MatrixLayout layout = analog_layout(layer.op, hardware);
    const size_t pieces = input_pieces(layout, hardware);
    const std::vector<float>& weight = network.parameters.at(layer.name + ".tile_weight").values;
    const std::vector<float>& scale = network.parameters.at(layer.name + ".scale").values;
    MappedWeights mapped{Matrix<float>(layout.columns, layout.rows),
                         Matrix<float>(pieces, layout.columns)};
    std::copy_n(weight.data() + group * layout.columns * layout.rows,
                layout.columns * layout.rows,
                mapped.weights.values.data());
    for (size_t c = 0; c < pieces; c++) {
        std::copy_n(scale.data() + c * layout.outputs() + group * layout.columns,
                    layout.columns,
                    mapped.scales.row(c));
    }
    return mapped;
}

std::vector<ParameterShape> parameter_shapes(const Network& network, const Layer& layer) {
    std::vector<ParameterShape> list;
    if (const auto* norm = std::get_if<BatchNormOp>(&layer.op)) {
        const std::vector<size_t> shape = {static_cast<size_t>(norm->channels)};
        for (const char* what : {".weight", ".bias", ".running_mean"}) {
            list.push_back({layer.name + what, shape, false});
        }
        list.push_back({layer.name + ".running_var", shape, true});
    }
    if (const auto* norm = std::get_if<LayerNormOp>(&layer.op)) {
        const std::vector<size_t> shape = {static_cast<size_t>(norm->features)};
        list.push_back({layer.name + ".weight", shape, false});
        list.push_back({layer.name + ".bias", shape, false});
    }
    if (const std::vector<size_t> table = table_shape(layer.op); !table.empty()) {
        list.push_back({layer.name + ".weight", table, false});
    }
    MatrixLayout layout = matrix_layout(layer.op);
    if (layout.groups == 0) {
        return list;
    }
    const auto hardware = network.analog.find(layer.name);
    if (hardware != network.analog.end()) {
        layout = analog_layout(layer.op, hardware->second);
    }
    if (hardware == network.analog.end()) {
        list.push_back({layer.name + ".weight", weight_shape(layer.op), false});
    } else {
        const size_t pieces = input_pieces(layout, hardware->second);
        list.push_back({layer.name + ".tile_weight", {layout.outputs(), layout.rows}, false});
        list.push_back({layer.name + ".scale", {pieces, layout.outputs()}, false});
        list.push_back({layer.name + ".input_range", {layout.groups * pieces}, true});
        // Set by calibrate_output_ranges alone.
        const std::string output_range = layer.name + ".output_range";
        if (network.parameters.contains(output_range)) {
            const size_t tiles =
                pieces *
                (split_axis(layout.columns, hardware->second.mapping.max_outputs).size() - 1);
            list.push_back({output_range, {layout.groups * tiles}, true});
        }
    }
    if (layout.bias) {
        list.push_back({layer.name + ".bias", {layout.outputs()}, false});
    }
    return list;
}

void validate_network(const Network& network, const std::string& path) {
    infer_shapes(network.graph, path);
    Problems problems;
    std::set<std::string> names;
    std::set<std::string> matrices;
    for (const Layer& layer : network.graph.layers) {
        if (matrix_layout(layer.op).groups > 0) {
            matrices.insert(layer.name);
        }
    }
    for (const auto& [layer, hardware] : network.analog) {
        const std::string here = path + ".analog." + layer;
        if (!matrices.contains(layer)) {
            problems.push_back({here, "no linear, convolution or recurrent layer has this name"});
        }
        const Problems found = validate(hardware, here);
        problems.insert(problems.end(), found.begin(), found.end());
    }
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
    for (const Layer& layer : network.graph.layers) {
        for (const ParameterShape& wanted : parameter_shapes(network, layer)) {
            check_parameter(network, wanted, path, problems);
            names.insert(wanted.name);
        }
    }
    for (const auto& [name, tensor] : network.parameters) {
        if (!names.contains(name)) {
            const std::vector<std::string> known(names.begin(), names.end());
            const std::string near = nearest_name(name, known);
            problems.push_back(
                {path + ".parameters." + name,
                 "belongs to no layer" + (near.empty() ? "" : ", did you mean `" + near + "`?")});
        }
        if (problems.size() > 20) {
            break;
        }
    }
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
}

void validate_network(const Network& network) {
    validate_network(network, "network");
}

Network fold_batch_norm(const Network& network) {
    validate_network(network);
    const Graph& graph = network.graph;
    const std::vector<std::vector<int>> inputs = resolve_inputs(graph);
    const std::vector<Shape> shapes = infer_shapes(graph);
    const std::vector<std::vector<size_t>> readers = readers_of(inputs);
    // A folded layer takes the place of its batch norm: everything that it reads comes before, and
    // everything that reads it comes after, wherever the convolution itself was in the list.
    std::vector<int> folded_into(graph.layers.size(), -1);  // convolution -> its batch norm
    std::vector<int> folded_from(graph.layers.size(), -1);  // batch norm -> its convolution
    Network result = network;
    for (size_t i = 0; i < graph.layers.size(); i++) {
        const auto* norm = std::get_if<BatchNormOp>(&graph.layers[i].op);
        const int source = inputs[i][0];
        if (norm == nullptr || source < 0) {
            continue;
        }
        const auto from = static_cast<size_t>(source);
        const Layer& layer = graph.layers[from];
        // The product of a recurrent layer is not what it puts out.
        if (matrix_layout(layer.op).groups == 0 || std::holds_alternative<RecurrentOp>(layer.op) ||
            shapes[from].size() == 2 || readers[from].size() != 1 ||
            network.is_analog(layer.name)) {
            continue;
        }
        fold_into(result, layer.name, graph.layers[i].name, norm->epsilon);
        folded_into[from] = static_cast<int>(i);
        folded_from[i] = source;
    }
    Graph folded{graph.name, graph.input, {}};
    std::vector<std::vector<int>> new_inputs;
    std::vector<int> new_index(graph.layers.size(), -1);
    for (size_t i = 0; i < graph.layers.size(); i++) {
        if (folded_into[i] >= 0) {
            continue;
        }
        const size_t origin = folded_from[i] >= 0 ? static_cast<size_t>(folded_from[i]) : i;
        Layer layer = graph.layers[origin];
        if (origin != i) {
            set_bias(layer.op);
        }
        std::vector<int> sources;
        for (const int source : inputs[origin]) {
            sources.push_back(source < 0 ? -1 : new_index[static_cast<size_t>(source)]);
        }
        new_index[i] = static_cast<int>(folded.layers.size());
        folded.layers.push_back(std::move(layer));
        new_inputs.push_back(std::move(sources));
    }
    for (size_t i = 0; i < folded.layers.size(); i++) {
        folded.layers[i].inputs = input_names(folded, i, new_inputs[i]);
    }
    result.graph = std::move(folded);
    return result;
}

namespace {

// A pattern that matches nothing is a misspelt name, and the layer would keep other hardware.
void check_patterns(const Graph& graph, const HardwareSpec& spec) {
    std::vector<std::string> names;
    for (const Layer& layer : graph.layers) {
        if (matrix_layout(layer.op).groups > 0) {
            names.push_back(layer.name);
        }
    }
    const std::string listed =
        names.size() <= 8
            ? fmt::format("{}", fmt::join(names, ", "))
            : fmt::format("{}, ...", fmt::join(names.begin(), names.begin() + 8, ", "));
    Problems problems;
    for (size_t i = 0; i < spec.overrides.size(); i++) {
        const std::string& pattern = spec.overrides[i].pattern;
        if (std::none_of(names.begin(), names.end(), [&](const std::string& name) {
                return matches_glob(pattern, name);
            })) {
            problems.push_back(
                {fmt::format("hardware.layers[{}].match", i),
                 fmt::format("`{}` matches no layer with weights{}; they are called {}",
                             pattern,
                             suggestion(pattern, names),
                             listed)});
        }
    }
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
}

}  // namespace

Network map_to_hardware(const Network& network, const HardwareSpec& spec) {
    check_patterns(network.graph, spec);
    Network result = to_digital(network);
    for (const Layer& layer : result.graph.layers) {
        if (matrix_layout(layer.op).groups == 0) {
            continue;
        }
        if (const LayerHardware hardware = spec.for_layer(layer.name)) {
            map_layer(result, layer, *hardware);
        }
    }
    validate_network(result);
    return result;
}

Network to_digital(const Network& network) {
    validate_network(network);
    Network result = network;
    for (const Layer& layer : network.graph.layers) {
        const auto hardware = network.analog.find(layer.name);
        if (hardware != network.analog.end()) {
            unmap_layer(result, layer, hardware->second);
        }
    }
    return result;
}

}  // namespace mho

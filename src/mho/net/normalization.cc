// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/normalization.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

#include "mho/net/graph_internal.h"
#include "mho/net/zoo.h"
#include "mho/random/stream.h"
#include "mho/util/error.h"

namespace mho {
namespace {

// E[min(k, N)] for N binomial(count, p): the sum over j below k of P(N > j).
double expected_minimum(size_t k, size_t count, double p) {
    if (p <= 0) {
        return 0;
    }
    if (p >= 1) {
        return static_cast<double>(std::min(k, count));
    }
    const auto n = static_cast<double>(count);
    const double log_odds = std::log(p) - std::log1p(-p);
    double log_term = n * std::log1p(-p);  // of P(N = 0)
    double below = 0;                      // P(N <= j)
    double sum = 0;
    for (size_t j = 0; j < std::min(k, count); j++) {
        below += std::exp(log_term);
        sum += std::max(0.0, 1 - below);
        const auto at = static_cast<double>(j);
        log_term += std::log((n - at) / (at + 1)) + log_odds;
    }
    return sum;
}

// The layers of the branch that an AddOp's first input ends, from its end to what it shares with
// the shortcut.
std::vector<size_t> branch_matrices(const Graph& graph,
                                    const std::vector<std::vector<int>>& inputs,
                                    const std::vector<int>& joined) {
    std::vector<int> shared = {joined[1]};
    for (int at = joined[1]; at >= 0; at = inputs[static_cast<size_t>(at)][0]) {
        shared.push_back(inputs[static_cast<size_t>(at)][0]);
    }
    std::vector<size_t> found;
    for (int at = joined[0]; at >= 0 && std::find(shared.begin(), shared.end(), at) == shared.end();
         at = inputs[static_cast<size_t>(at)][0]) {
        if (matrix_layout(graph.layers[static_cast<size_t>(at)].op).groups > 0) {
            found.push_back(static_cast<size_t>(at));
        }
    }
    return found;
}

}  // namespace

std::string norm_rule_text(const NormRule& rule) {
    switch (rule.scale) {
        case NormScale::kL2:
            return "L2";
        case NormScale::kL1:
            return "L1";
        case NormScale::kTopK:
            return fmt::format("top {}", rule.top);
        case NormScale::kRange:
            return "range";
    }
    return "?";
}

double batch_scale(const NormRule& rule, std::span<const double> centred) {
    if (centred.empty()) {
        throw InputError("a batch norm needs at least one number per channel");
    }
    if (rule.top < 1) {
        throw InputError(fmt::format("top must be at least 1, got {}", rule.top));
    }
    const auto count = static_cast<double>(centred.size());
    double sum = 0;
    switch (rule.scale) {
        case NormScale::kL2:
            for (const double x : centred) {
                sum += x * x;
            }
            return std::sqrt(sum / count);
        case NormScale::kL1:
            for (const double x : centred) {
                sum += std::fabs(x);
            }
            return std::sqrt(std::numbers::pi / 2) * sum / count;
        case NormScale::kTopK: {
            std::vector<double> magnitudes;
            for (const double x : centred) {
                magnitudes.push_back(std::fabs(x));
            }
            std::sort(magnitudes.rbegin(), magnitudes.rend());
            const size_t k = std::min(static_cast<size_t>(rule.top), magnitudes.size());
            for (size_t i = 0; i < k; i++) {
                sum += magnitudes[i];
            }
            return top_k_factor(k, magnitudes.size()) * sum / static_cast<double>(k);
        }
        case NormScale::kRange: {
            const auto [low, high] = std::minmax_element(centred.begin(), centred.end());
            return (*high - *low) / range_factor(centred.size());
        }
    }
    return 1;
}

double top_k_factor(size_t k, size_t count) {
    if (k == 0 || count == 0) {
        throw InputError("top k batch norm: k and the number of values must be at least 1");
    }
    // Beyond 10 deviations even 2^40 numbers have no magnitude.
    constexpr double kEnd = 10;
    constexpr size_t kIntervals = 4000;
    double sum = 0;
    for (size_t i = 0; i <= kIntervals; i++) {
        const double t = kEnd * static_cast<double>(i) / kIntervals;
        const double weight = i == 0 || i == kIntervals ? 1 : i % 2 == 1 ? 4 : 2;
        sum += weight * expected_minimum(k, count, std::erfc(t / std::numbers::sqrt2));
    }
    const double expected = sum * kEnd / kIntervals / 3;
    return static_cast<double>(std::min(k, count)) / expected;
}

double range_factor(size_t count) {
    return 2 * std::sqrt(2 * std::log(static_cast<double>(std::max<size_t>(count, 2))));
}

namespace {

// The graph without the layers of which `leave` holds: what one puts out is what its first input
// does. `what`: for messages.
Graph without_layers(const Graph& graph,
                     const std::function<bool(size_t)>& leave,
                     const char* what,
                     const std::function<void(Layer&)>& before) {
    infer_shapes(graph);
    const std::vector<std::vector<int>> inputs = resolve_inputs(graph);
    Graph result{graph.name, graph.input, {}};
    std::vector<std::vector<int>> new_inputs;
    std::vector<int> place(graph.layers.size(), -1);  // in the new graph, of what a layer puts out
    for (size_t i = 0; i < graph.layers.size(); i++) {
        std::vector<int> sources;
        for (const int source : inputs[i]) {
            sources.push_back(source < 0 ? -1 : place[static_cast<size_t>(source)]);
        }
        if (leave(i)) {
            if (i + 1 == graph.layers.size()) {
                throw ConfigError(layer_place(graph, i, "network"),
                                  fmt::format("the output of a network must not be a {} to be left "
                                              "out",
                                              what));
            }
            place[i] = sources[0];
            if (sources[0] >= 0) {
                before(result.layers[static_cast<size_t>(sources[0])]);
            }
            continue;
        }
        place[i] = static_cast<int>(result.layers.size());
        result.layers.push_back(graph.layers[i]);
        new_inputs.push_back(std::move(sources));
    }
    for (size_t i = 0; i < result.layers.size(); i++) {
        result.layers[i].inputs = input_names(result, i, new_inputs[i]);
    }
    infer_shapes(result);
    return result;
}

// Without the layers that nothing leads on from to the output.
Graph without_dead_ends(const Graph& graph) {
    const std::vector<std::vector<int>> inputs = resolve_inputs(graph);
    std::vector<bool> needed(graph.layers.size(), false);
    needed.back() = true;
    for (size_t i = graph.layers.size(); i-- > 0;) {
        for (const int source : inputs[i]) {
            if (needed[i] && source >= 0) {
                needed[static_cast<size_t>(source)] = true;
            }
        }
    }
    return without_layers(graph, [&](size_t i) { return !needed[i]; }, "dead end", [](Layer&) {});
}

}  // namespace

Graph without_batch_norm(const Graph& graph) {
    return without_layers(
        graph,
        [&](size_t i) { return std::holds_alternative<BatchNormOp>(graph.layers[i].op); },
        "batch norm",
        [](Layer& layer) { set_bias(layer.op); });
}

namespace {

// g = gamma / sqrt(var + epsilon), per output: scale and bias take it, and the signs of weights.
void fold_norm(Network& network, const std::string& layer, const Layer& norm) {
    const auto of = [&](const char* what) -> const std::vector<float>& {
        return network.parameters.at(norm.name + what).values;
    };
    std::vector<float>& weight = network.parameters.at(layer + ".tile_weight").values;
    std::vector<float>& scale = network.parameters.at(layer + ".scale").values;
    const size_t outputs = of(".weight").size();
    Tensor& bias = network.parameters[layer + ".bias"];
    if (bias.values.empty()) {
        bias = Tensor{{outputs}, std::vector<float>(outputs, 0.0f)};
    }
    const size_t inputs = weight.size() / outputs;
    const double epsilon = std::get<BatchNormOp>(norm.op).epsilon;
    for (size_t o = 0; o < outputs; o++) {
        const double g =
            double{of(".weight")[o]} / std::sqrt(double{of(".running_var")[o]} + epsilon);
        for (size_t i = o; i < scale.size(); i += outputs) {
            scale[i] = static_cast<float>(std::abs(g) * double{scale[i]});
        }
        for (size_t j = 0; g < 0 && j < inputs; j++) {
            weight[o * inputs + j] = -weight[o * inputs + j];
        }
        bias.values[o] = static_cast<float>(
            (double{bias.values[o]} - double{of(".running_mean")[o]}) * g + double{of(".bias")[o]});
    }
    for (const char* what : {".weight", ".bias", ".running_mean", ".running_var"}) {
        network.parameters.erase(norm.name + what);
    }
}

}  // namespace

Network fold_batch_norm_into_scales(const Network& network) {
    validate_network(network);
    const Graph& graph = network.graph;
    const std::vector<std::vector<int>> inputs = resolve_inputs(graph);
    const std::vector<std::vector<size_t>> readers = readers_of(inputs);
    Network result = network;
    std::vector<bool> folded(graph.layers.size(), false);
    for (size_t i = 0; i + 1 < graph.layers.size(); i++) {
        const int source = inputs[i][0];
        if (!std::holds_alternative<BatchNormOp>(graph.layers[i].op) || source < 0) {
            continue;
        }
        const Layer& layer = graph.layers[static_cast<size_t>(source)];
        const bool is_product = std::holds_alternative<LinearOp>(layer.op) ||
                                std::holds_alternative<Conv2dOp>(layer.op);
        if (!is_product || readers[static_cast<size_t>(source)].size() != 1 ||
            !network.is_analog(layer.name) || network.analog.at(layer.name).mapping.analog_bias) {
            continue;
        }
        fold_norm(result, layer.name, graph.layers[i]);
        folded[i] = true;
    }
    result.graph = without_layers(
        graph,
        [&](size_t i) { return folded[i]; },
        "batch norm",
        [](Layer& layer) { set_bias(layer.op); });
    return result;
}

Graph without_shortcuts(const Graph& graph) {
    return without_dead_ends(without_layers(
        graph,
        [&](size_t i) { return std::holds_alternative<AddOp>(graph.layers[i].op); },
        "sum with a shortcut",
        [](Layer&) {}));
}

Network initialize_fixup(const Graph& graph, uint64_t seed) {
    Network network = initialize(graph, seed);
    const std::vector<std::vector<int>> inputs = resolve_inputs(graph);
    std::vector<double> factor(graph.layers.size(), 1.0);
    std::vector<std::vector<size_t>> branches;
    for (size_t i = 0; i < graph.layers.size(); i++) {
        if (std::holds_alternative<AddOp>(graph.layers[i].op) && inputs[i].size() == 2) {
            std::vector<size_t> matrices = branch_matrices(graph, inputs, inputs[i]);
            if (!matrices.empty()) {
                branches.push_back(std::move(matrices));
            }
        }
    }
    for (const std::vector<size_t>& matrices : branches) {
        const auto m = static_cast<double>(matrices.size());
        for (const size_t i : matrices) {
            factor[i] = matrices.size() > 1
                            ? std::pow(static_cast<double>(branches.size()), -1 / (2 * m - 2))
                            : 0.0;
        }
        factor[matrices.front()] = 0;  // the end of the branch
    }
    size_t last = graph.layers.size();
    for (size_t i = 0; i < graph.layers.size(); i++) {
        if (matrix_layout(graph.layers[i].op).groups > 0) {
            last = i;
        }
    }
    if (last < graph.layers.size() && !branches.empty()) {
        factor[last] = 0;
    }
    for (size_t i = 0; i < graph.layers.size(); i++) {
        const Layer& layer = graph.layers[i];
        const MatrixLayout layout = matrix_layout(layer.op);
        if (layout.groups == 0) {
            continue;
        }
        std::vector<float>& weights = network.parameters.at(layer.name + ".weight").values;
        fill_normal(
            make_tile_key(seed, layer.name + ".weight"), Stream::kInitialWeights, 1, 0, weights);
        const double deviation = factor[i] * std::sqrt(2.0 / static_cast<double>(layout.rows));
        for (float& w : weights) {
            w *= static_cast<float>(deviation);
        }
        if (layout.bias) {
            std::vector<float>& bias = network.parameters.at(layer.name + ".bias").values;
            std::fill(bias.begin(), bias.end(), 0.0f);
        }
    }
    return network;
}

}  // namespace mho

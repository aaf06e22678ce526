// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/graph.h"

#include <gtest/gtest.h>

#include <tuple>

#include "mho/io/test_support.h"
#include "mho/net/graph_internal.h"
#include "mho/net/zoo.h"
#include "mho/util/error.h"

namespace mho {
namespace {

Graph image_graph(std::vector<Layer> layers) {
    return {"g", {{3, 8, 8}, 1.0, {}, {}}, std::move(layers)};
}

Conv2dOp conv(int in, int out, int kernel, int padding = 0) {
    Conv2dOp op;
    op.in_channels = in;
    op.out_channels = out;
    op.kernel = {kernel, kernel};
    op.padding = {padding, padding};
    return op;
}

TEST(Graph, LayersThatReluAloneReads) {
    const Op relu = ActivationOp{};
    const Graph graph = image_graph({{"a", conv(3, 3, 1), {}},
                                     {"r1", relu, {}},
                                     {"b", conv(3, 3, 1), {}},
                                     {"r2", relu, {}},
                                     {"r3", relu, {"b"}},
                                     {"c", conv(3, 3, 1), {}},
                                     {"r4", relu, {}},
                                     {"sum", AddOp{}, {"c", "r4"}},
                                     {"g", ActivationOp{Activation::kGelu}, {}},
                                     {"d", conv(3, 3, 1), {}}});
    EXPECT_EQ(
        read_by_relus_alone(graph),
        (std::vector<bool>{true, false, true, false, false, false, false, false, false, false}));
}

TEST(Graph, ShapesOfEveryKindOfLayer) {
    Conv2dOp strided = conv(3, 4, 3, 1);
    strided.stride = {2, 1};
    strided.dilation = {1, 2};
    const Graph graph = image_graph({{"c", strided, {}},
                                     {"bn", BatchNormOp{4, 1e-5}, {}},
                                     {"r", ActivationOp{Activation::kGelu}, {}},
                                     {"a", AddOp{}, {"bn", "r", "c"}},
                                     {"p", Pool2dOp{true, {3, 2}, {1, 2}, {1, 0}}, {}},
                                     {"g", GlobalAveragePoolOp{}, {}},
                                     {"l", LinearOp{4, 6, true}, {}},
                                     {"f", FlattenOp{}, {"p"}}});
    const std::vector<Shape> shapes = infer_shapes(graph);
    // Height (8 + 2 - 3) / 2 + 1 = 4, width (8 + 2 - 5) + 1 = 6.
    EXPECT_EQ(shapes[0], (Shape{4, 4, 6}));
    EXPECT_EQ(shapes[3], (Shape{4, 4, 6}));
    EXPECT_EQ(shapes[4], (Shape{4, 4, 3}));
    EXPECT_EQ(shapes[5], (Shape{4}));
    EXPECT_EQ(shapes[6], (Shape{6}));
    EXPECT_EQ(shapes[7], (Shape{48}));
    EXPECT_EQ(resolve_inputs(graph)[3], (std::vector<int>{1, 2, 0}));
    EXPECT_EQ(resolve_inputs(graph)[0], (std::vector<int>{-1}));
}

TEST(Graph, ErrorsNameTheLayerAndWhatWouldBeRight) {
    const auto padded = [](int kernel, int padding) { return conv(3, 4, kernel, padding); };
    Conv2dOp grouped = conv(3, 4, 3);
    grouped.groups = 2;
    Conv2dOp huge = conv(3, 1 << 20, 64);
    Pool2dOp wide_pool;
    wide_pool.padding = {2, 0};
    const Op relu = ActivationOp{};
    const struct {
        std::vector<Layer> layers;
        const char* place;
        const char* message;
    } cases[] = {
        {{}, "network.layers", "at least one layer"},
        {{{"a b", relu, {}}}, "network.layers[0].name", "1 to 200 characters"},
        {{{"", relu, {}}}, "network.layers[0].name", "1 to 200 characters"},
        {{{"input", relu, {}}}, "network.layers[0] (input)", "stands for the input"},
        {{{"r", relu, {}}, {"r", relu, {}}}, "network.layers[1] (r)", "same name"},
        {{{"r", relu, {"rr"}}}, "network.layers[0] (r)", "no layer before it is called `rr`"},
        {{{"r", relu, {"s"}}, {"s", relu, {}}}, "network.layers[0] (r)", "no layer before it"},
        {{{"r", relu, {"input", "input"}}}, "network.layers[0] (r)", "takes one input, got 2"},
        {{{"a", AddOp{}, {}}}, "network.layers[0] (a)", "at least two inputs"},
        {{{"p", Pool2dOp{}, {}}, {"a", AddOp{}, {"p", "input"}}},
         "network.layers[1] (a)",
         "cannot be added"},
        {{{"l", LinearOp{192, 2, true}, {}}}, "network.layers[0] (l)", "flatten"},
        {{{"f", FlattenOp{}, {}}, {"l", LinearOp{191, 2, true}, {}}},
         "network.layers[1] (l)",
         "192 features"},
        {{{"f", FlattenOp{}, {}}, {"l", LinearOp{192, 0, true}, {}}},
         "network.layers[1] (l)",
         "out_features must be 1"},
        {{{"f", FlattenOp{}, {}}, {"c", conv(3, 4, 3), {}}},
         "network.layers[1] (c)",
         "[channels, height, width]"},
        {{{"c", conv(4, 4, 3), {}}}, "network.layers[0] (c)", "its input has 3 channels"},
        {{{"c", conv(3, 4, 9), {}}}, "network.layers[0] (c)", "the kernel covers 9"},
        {{{"c", padded(3, 3), {}}}, "network.layers[0] (c)", "padding 3 is more than"},
        {{{"c", padded(3, -1), {}}}, "network.layers[0] (c)", "padding must be 0"},
        {{{"c", padded(1 << 30, 0), {}}}, "network.layers[0] (c)", "kernel must be 1"},
        {{{"c", grouped, {}}}, "network.layers[0] (c)", "must divide"},
        {{{"c", huge, {}}}, "network.layers[0] (c)", "more than 2147483648 elements"},
        {{{"p", wide_pool, {}}}, "network.layers[0] (p)", "padding must be 0 to 1"},
        {{{"b", BatchNormOp{4, 1e-5}, {}}}, "network.layers[0] (b)", "channels is 4"},
        {{{"b", BatchNormOp{3, 0}, {}}}, "network.layers[0] (b)", "epsilon"},
        {{{"f", FlattenOp{}, {}}, {"g", GlobalAveragePoolOp{}, {}}},
         "network.layers[1] (g)",
         "needs an input"},
    };
    for (const auto& c : cases) {
        const std::string message =
            message_of<ConfigError>([&] { infer_shapes(image_graph(c.layers)); });
        EXPECT_EQ(message.rfind(c.place, 0), 0u) << message;
        EXPECT_NE(message.find(c.message), std::string::npos)
            << message << "\nwanted: " << c.message;
    }
}

TEST(Graph, InputSpecIsChecked) {
    Graph graph = image_graph({{"r", ActivationOp{}, {}}});
    graph.input.std = {1, 1, 0};
    EXPECT_THROW(infer_shapes(graph), ConfigError);
    graph.input.std = {1, 1};
    EXPECT_THROW(infer_shapes(graph), ConfigError);
    graph.input.std = {};
    graph.input.mean = {0, 0, std::numeric_limits<double>::quiet_NaN()};
    EXPECT_THROW(infer_shapes(graph), ConfigError);
    graph.input.mean = {};
    graph.input.shape = {1 << 20, 1 << 20, 1 << 20};
    EXPECT_THROW(infer_shapes(graph), ConfigError);
    graph.input.shape = {1, 0, 1};
    EXPECT_THROW(infer_shapes(graph), ConfigError);
}

TEST(GraphJson, RoundTripOfEveryZooNetworkAndOfRareParameters) {
    Conv2dOp rare = conv(4, 8, 3, 1);
    rare.groups = 2;
    rare.dilation = {1, 2};
    rare.stride = {2, 1};
    rare.bias = false;
    Graph odd{"odd",
              {{4, 9, 9}, 0.5, {1, 2, 3, 4}, {5, 6, 7, 8.25}},
              {{"a", rare, {}},
               {"b", ActivationOp{Activation::kTanh}, {}},
               {"c", ActivationOp{Activation::kSigmoid}, {"a"}},
               {"d", AddOp{}, {"b", "c"}},
               {"e", Pool2dOp{true, {2, 2}, {1, 1}, {1, 1}}, {}},
               {"f", BatchNormOp{8, 0.001}, {}}}};
    for (const Graph& graph : {odd,
                               mlp({784, 8, 10}, {{1, 28, 28}, 1.0 / 255, {}, {}}),
                               lenet5({{1, 28, 28}, 1.0 / 255, {}, {}}),
                               residual_cnn(16, {16, 32}, 10, {{1, 28, 28}, 1.0 / 255, {}, {}}),
                               resnet_cifar(20, {{3, 32, 32}, 1.0 / 255, {}, {}})}) {
        const std::string text = graph_to_json(graph);
        const Graph back = graph_from_json(text);
        EXPECT_EQ(graph_to_json(back), text);
        EXPECT_EQ(infer_shapes(back), infer_shapes(graph));
        EXPECT_EQ(resolve_inputs(back), resolve_inputs(graph));
    }
    const Graph again = graph_from_json(graph_to_json(odd));
    const auto& op = std::get<Conv2dOp>(again.layers[0].op);
    EXPECT_EQ(op.groups, 2);
    EXPECT_EQ(op.dilation, rare.dilation);
    EXPECT_EQ(op.stride, rare.stride);
    EXPECT_FALSE(op.bias);
}

TEST(GraphJson, ShortFormsAndDefaults) {
    const Graph graph = graph_from_json(R"({"input": {"shape": [2, 6, 6]}, "layers": [
        {"name": "c", "op": "conv2d", "in_channels": 2, "out_channels": 3, "kernel": 3, "padding": [1, 0]},
        {"name": "p", "op": "max_pool2d", "kernel": [3, 2]}]})");
    EXPECT_EQ(infer_shapes(graph)[1], (Shape{3, 2, 2}));
    EXPECT_TRUE(std::get<Conv2dOp>(graph.layers[0].op).bias);
    EXPECT_EQ(graph.input.scale, 1.0 / 255.0);
}

TEST(GraphJson, StrictWithFullPaths) {
    const std::string head = R"({"input": {"shape": [1, 4, 4]}, "layers": [{"name": "x", "op": )";
    const std::pair<std::string, const char*> cases[] = {
        {"[]", "net: expected an object"},
        {"{}", "net.input: is missing"},
        {"{}", "net.layers: is missing"},
        {"{\"layers\": 3, \"input\": {\"shape\": [1,1,1]}}", "net.layers: expected a list"},
        {"nonsense", "net: not valid JSON"},
        {head + R"("relux"}]})",
         "net.layers[0].op: unknown operation `relux`, did you mean `relu`?"},
        {head + R"("relu", "kernel": 3}]})", "net.layers[0].kernel: unknown key"},
        {head + R"("relu", "inputs": "x"}]})", "net.layers[0].inputs: expected a list"},
        {head + R"("conv2d", "in_channels": 1}]})", "net.layers[0].out_channels: is missing"},
        {head + R"("conv2d", "in_channels": 1, "out_channels": 1e9}]})",
         "net.layers[0].out_channels: must be 1"},
        {head + R"("conv2d", "in_channels": 1, "out_channels": 1.5}]})",
         "net.layers[0].out_channels: expected an integer"},
        {head + R"("conv2d", "in_channels": 1, "out_channels": 1, "kernel": [1, 2, 3]}]})",
         "net.layers[0].kernel: expected a number or [height, width]"},
        {head + R"("conv2d", "in_channels": 2, "out_channels": 1}]})",
         "net.layers[0] (x): in_channels is 2"},
        {head + R"("relu"}], "extra": 1})", "net.extra: unknown key"},
        {R"({"input": {"shape": [1, 4]}, "layers": []})",
         "net.input.shape: expected [channels, height, width]"},
        {R"({"input": {"shape": [1, 4, -4]}, "layers": []})", "net.input.shape[2]: must be"},
        {R"({"input": {"shape": [1, 4, 4], "sized": 1}, "layers": []})",
         "net.input.sized: unknown key"},
        {R"({"input": {"shape": [1, 4, 4]}, "layers": [7]})", "net.layers[0]: expected an object"},
    };
    for (const auto& [text, wanted] : cases) {
        const std::string message = message_of<ConfigError>([&] { graph_from_json(text, "net"); });
        EXPECT_NE(message.find(wanted), std::string::npos) << text << "\n"
                                                           << message << "\nwanted: " << wanted;
    }
}

}  // namespace
}  // namespace mho

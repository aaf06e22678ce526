// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/nn/graph_network.h"

#include <gtest/gtest.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/types.h>

#include "mho/net/executor.h"
#include "mho/net/zoo.h"
#include "mho/nn/convert.h"
#include "mho/util/error.h"

namespace mho {
namespace {

InputSpec grey(int size) {
    InputSpec spec;
    spec.shape = {1, size, size};
    spec.mean = {0.3};
    spec.std = {0.4};
    return spec;
}

torch::Tensor pixels(int64_t samples, int64_t features) {
    torch::Tensor t = torch::empty({samples, features});
    fill_uniform(make_tile_key(5, "pixels"),
                 Stream::kTest,
                 0,
                 0,
                 {t.data_ptr<float>(), static_cast<size_t>(t.numel())});
    return (t * 255).round();
}

Matrix<float> by_executor(const Network& network,
                          const torch::Tensor& x,
                          uint64_t seed,
                          ReadKey key) {
    Executor executor(network, seed);
    Matrix<float> y(static_cast<size_t>(x.size(0)), executor.output_features());
    executor.run({x.data_ptr<float>(), y.rows, static_cast<size_t>(x.size(1))}, y.view(), key);
    return y;
}

double largest_difference(const Matrix<float>& a, const torch::Tensor& b) {
    double largest = 0;
    for (size_t i = 0; i < a.values.size(); i++) {
        largest =
            std::max(largest, std::abs(static_cast<double>(a.values[i] - b.data_ptr<float>()[i])));
    }
    return largest;
}

TEST(GraphNetwork, EvaluatesBitForBitLikeTheExecutor) {
    // Only analog layers, ReLU and maximum pooling: torch's digital sums have another order.
    for (const Graph& graph : {mlp({144, 40, 10}, grey(12)), lenet5(grey(28))}) {
        const Network mapped = map_to_hardware(initialize(graph, 3), HardwareSpec{});
        GraphNetwork network(mapped, 11);
        network->eval();
        network->set_step(7);
        network->set_first_sample(100);
        const torch::Tensor x = pixels(5, static_cast<int64_t>(network->input_features()));
        const torch::NoGradGuard no_grad;
        const torch::Tensor y = network->forward(x).contiguous();
        const Matrix<float> want = by_executor(network->export_network(), x, 11, {7, 100});
        ASSERT_EQ(want.values.size(), static_cast<size_t>(y.numel()));
        EXPECT_EQ(largest_difference(want, y), 0.0) << graph.name;
    }
}

TEST(GraphNetwork, DigitalNetworkAgreesWithTheExecutor) {
    const Network plain = initialize(residual_cnn(8, {8, 16}, 10, grey(28)), 3);
    GraphNetwork network(plain, 1);
    const torch::Tensor x = pixels(4, 784);
    {
        // Moves the running statistics away from 0 and 1.
        const torch::NoGradGuard no_grad;
        network->train();
        network->forward(x);
    }
    network->eval();
    const torch::NoGradGuard no_grad;
    const torch::Tensor y = network->forward(x).contiguous();
    EXPECT_LT(largest_difference(by_executor(network->export_network(), x, 1, {}), y),
              2e-4 * (1 + y.abs().max().item<double>()));
}

TEST(GraphNetwork, ExportGivesBackWhatCameIn) {
    const Network mapped = map_to_hardware(initialize(lenet5(grey(28)), 3), HardwareSpec{});
    const Network out = GraphNetwork(mapped, 1)->export_network();
    EXPECT_EQ(out.parameters, mapped.parameters);
    EXPECT_NO_THROW(validate_network(out));
}

TEST(GraphNetwork, RefusesWrongPixels) {
    GraphNetwork network(initialize(mlp({144, 10}, grey(12)), 3), 1);
    EXPECT_THROW(network->forward(torch::zeros({2, 143})), InputError);
    EXPECT_NO_THROW(network->forward(torch::zeros({2, 1, 12, 12}, torch::kUInt8)));
}

TEST(Convert, GraphWithOverrides) {
    GraphNetwork digital(initialize(lenet5(grey(28)), 3), 1);
    HardwareSpec spec;
    spec.base.forward = perfect_mvm();
    spec.overrides.push_back({"fc*", true, ""});
    GraphNetwork analog = convert(digital, spec);
    for (const auto& [name, layer] : analog->analog_layers()) {
        EXPECT_EQ(name.find("fc"), std::string::npos);
    }
    EXPECT_FALSE(analog->analog_layers().empty());
    const torch::Tensor x = pixels(3, 784);
    digital->eval();
    analog->eval();
    const torch::NoGradGuard no_grad;
    EXPECT_LT((digital->forward(x) - analog->forward(x)).abs().max().item<float>(), 1e-3);
}

struct Holder : torch::nn::Module {
    Holder() {
        body = register_module("body",
                               torch::nn::Sequential(torch::nn::Linear(6, 4), torch::nn::ReLU()));
        head = register_module("head", torch::nn::Linear(4, 2));
    }
    torch::Tensor forward(torch::Tensor x) { return head->forward(body->forward(x)); }
    torch::nn::Sequential body{nullptr};
    torch::nn::Linear head{nullptr};
};

TEST(Convert, SequentialInPlace) {
    torch::manual_seed(1);
    HardwareSpec spec;
    spec.base.forward = perfect_mvm();
    spec.base.input_range.initial = 100;
    spec.overrides.push_back({"keep", true, ""});
    torch::nn::Sequential net;
    net->push_back("conv",
                   torch::nn::Conv2d(torch::nn::Conv2dOptions(2, 4, 3).padding(1).groups(2)));
    net->push_back("norm", torch::nn::BatchNorm2d(4));
    net->push_back("flat", torch::nn::Flatten());
    net->push_back("keep", torch::nn::Linear(4 * 25, 6));
    net->push_back("holder", std::make_shared<Holder>());
    net->eval();
    const torch::Tensor x = torch::randn({3, 2, 5, 5});
    const torch::NoGradGuard no_grad;
    const torch::Tensor before = net->forward(x);
    const ConvertReport report = convert(*net, spec, 4);
    EXPECT_EQ(report.analog, (std::vector<std::string>{"conv", "holder.body.0"}));
    EXPECT_EQ(report.digital, (std::vector<std::string>{"keep"}));
    EXPECT_EQ(report.unreachable, (std::vector<std::string>{"holder.head"}));
    EXPECT_LT((net->forward(x) - before).abs().max().item<float>(), 1e-5);
    size_t tiles = 0;
    for (const auto& p : net->named_parameters()) {
        tiles += p.key().ends_with("tile_weight");
    }
    EXPECT_EQ(tiles, 2U);
}

}  // namespace
}  // namespace mho

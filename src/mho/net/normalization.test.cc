// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/normalization.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "mho/net/executor.h"
#include "mho/net/test_support.h"
#include "mho/net/weight_noise.h"
#include "mho/util/error.h"

namespace mho {
namespace {

size_t norms_of(const Graph& graph) {
    return static_cast<size_t>(
        std::count_if(graph.layers.begin(), graph.layers.end(), [](const Layer& l) {
            return std::holds_alternative<BatchNormOp>(l.op);
        }));
}

TEST(Normalization, TopKFactorIsTheExpectationOfOrderStatistics) {
    // E|N| = sqrt(2 / pi); E[max of two |N|] = 2 / sqrt(pi).
    EXPECT_NEAR(top_k_factor(1, 1), std::sqrt(std::acos(-1.0) / 2), 1e-6);
    EXPECT_NEAR(top_k_factor(7, 7), std::sqrt(std::acos(-1.0) / 2), 1e-6);
    EXPECT_NEAR(top_k_factor(1, 2), std::sqrt(std::acos(-1.0)) / 2, 1e-6);
    EXPECT_NEAR(top_k_factor(9, 7), top_k_factor(7, 7), 1e-12);
    EXPECT_THROW(top_k_factor(0, 5), InputError);
    EXPECT_THROW(top_k_factor(5, 0), InputError);
    // Against 4,000 draws; their deviation is below 0.1 of the mean, so five deviations are 0.8 %.
    const std::vector<float> xi = normals(4000 * 100, 5);
    double sum = 0;
    for (size_t i = 0; i < 4000; i++) {
        std::vector<float> magnitudes;
        for (size_t j = 0; j < 100; j++) {
            magnitudes.push_back(std::fabs(xi[i * 100 + j]));
        }
        std::sort(magnitudes.rbegin(), magnitudes.rend());
        for (size_t k = 0; k < 10; k++) {
            sum += magnitudes[k];
        }
    }
    EXPECT_NEAR(top_k_factor(10, 100) * sum / 40000, 1, 0.008);
}

TEST(Normalization, ScalesEstimateTheDeviationOfNormalNumbers) {
    const std::vector<float> xi = normals(20000, 3);
    std::vector<double> x;
    for (const float v : xi) {
        x.push_back(3.0 * v);
    }
    EXPECT_NEAR(batch_scale({NormScale::kL2, 10}, x), 3, 0.1);
    EXPECT_NEAR(batch_scale({NormScale::kL1, 10}, x), 3, 0.1);
    EXPECT_NEAR(batch_scale({NormScale::kTopK, 10}, x), 3, 0.3);
    // The expected range of n normal numbers is below 2 sqrt(2 ln n): 12 % for this n.
    EXPECT_NEAR(batch_scale({NormScale::kRange, 10}, x), 3 * 0.88, 0.4);
    const std::vector<double> four = {-3, 1, 2, 0};
    EXPECT_NEAR(batch_scale({NormScale::kL2, 10}, four), std::sqrt(3.5), 1e-12);
    EXPECT_NEAR(batch_scale({NormScale::kRange, 10}, four), 5 / range_factor(4), 1e-12);
    EXPECT_NEAR(batch_scale({NormScale::kTopK, 2}, four), 2.5 * top_k_factor(2, 4), 1e-12);
    EXPECT_THROW(batch_scale({}, {}), InputError);
    EXPECT_THROW(batch_scale({NormScale::kL1, 0}, four), InputError);
}

TEST(Normalization, GraphsWithoutBatchNorms) {
    const Graph graph = resnet_cifar_of_width(14, raw_input(1, 16, 16), 4);
    EXPECT_EQ(norms_of(graph), 15u);
    const Graph plain = without_batch_norm(graph);
    EXPECT_EQ(norms_of(plain), 0u);
    EXPECT_EQ(plain.layers.size() + 15, graph.layers.size());
    for (const Layer& layer : plain.layers) {
        if (const auto* conv = std::get_if<Conv2dOp>(&layer.op)) {
            EXPECT_TRUE(conv->bias) << layer.name;
        }
    }
    // With norms that do nothing, both compute the same.
    Network normed = initialize(graph, 3);
    Network bare{plain, {}, {}};
    for (const Layer& layer : plain.layers) {
        for (const char* what : {".weight", ".bias"}) {
            if (const auto* conv = std::get_if<Conv2dOp>(&layer.op); conv && what[1] == 'b') {
                bare.parameters[layer.name + what] =
                    make_tensor({static_cast<size_t>(conv->out_channels)},
                                std::vector<float>(static_cast<size_t>(conv->out_channels)));
            } else if (normed.parameters.contains(layer.name + what)) {
                bare.parameters[layer.name + what] = normed.parameters.at(layer.name + what);
            }
        }
    }
    const Matrix<float> x = normal_matrix(2, 256, 9);
    const Matrix<float> a = run_all(Executor(normed, 1), x);
    const Matrix<float> b = run_all(Executor(bare, 1), x);
    for (size_t i = 0; i < a.values.size(); i++) {
        EXPECT_NEAR(a.values[i], b.values[i], 1e-2f * std::fabs(b.values[i]) + 1e-4f);
    }
    Graph ends = graph;
    ends.layers = {{"norm", BatchNormOp{1, 1e-5}, {}}};
    EXPECT_THROW(without_batch_norm(ends), ConfigError);
}

TEST(Fixup, BranchesStartAsNothing) {
    const Graph graph = without_batch_norm(resnet_cifar_of_width(20, raw_input(1, 16, 16), 4));
    const Network network = initialize_fixup(graph, 5);
    const auto deviation = [&](const std::string& layer) {
        double sum = 0;
        const std::vector<float>& w = network.parameters.at(layer + ".weight").values;
        for (const float v : w) {
            sum += double{v} * v;
        }
        return std::sqrt(sum / static_cast<double>(w.size()));
    };
    EXPECT_EQ(deviation("res1.0.conv2"), 0);
    EXPECT_EQ(deviation("res3.2.conv2"), 0);
    EXPECT_EQ(deviation("classifier.2"), 0);
    // 9 branches of two matrices: 9^(-1/2) of He's deviation.
    EXPECT_NEAR(deviation("res2.1.conv1"), std::sqrt(2.0 / 72) / 3, 0.15 * std::sqrt(2.0 / 72) / 3);
    EXPECT_NEAR(deviation("res2.0.downsample.0"), std::sqrt(2.0 / 4), 0.7 * std::sqrt(2.0 / 4));
    EXPECT_NO_THROW(validate_network(network));
    // Without branches every matrix is drawn.
    const Network vgg =
        initialize_fixup(without_batch_norm(vgg_small_of_width(raw_input(1, 16, 16), 10, 4)), 1);
    EXPECT_NE(vgg.parameters.at("fc2.weight").values[3], 0);
}

TEST(FoldIntoScales, LeavesTheExactNetworkAndNoNorm) {
    Network network = initialize(resnet_cifar_of_width(8, raw_input(1, 16, 16), 4), 3);
    for (auto& [name, tensor] : network.parameters) {
        const bool varies =
            name.find("bn") != std::string::npos || name.find("downsample.1") != std::string::npos;
        for (size_t i = 0; varies && i < tensor.values.size(); i++) {
            const float v = 0.3f + 0.1f * static_cast<float>(i % 5);
            // A third of the factors are negative.
            tensor.values[i] = name.ends_with(".weight") && i % 3 == 0 ? -v : v;
        }
    }
    const Network analog = map_to_hardware(network, {});
    const Network folded = fold_batch_norm_into_scales(analog);
    EXPECT_EQ(norms_of(analog.graph), 9u);
    EXPECT_EQ(norms_of(folded.graph), 0u);
    EXPECT_NO_THROW(validate_network(folded));
    for (const auto& [name, tensor] : folded.parameters) {
        for (size_t i = 0; name.ends_with(".scale") && i < tensor.values.size(); i++) {
            EXPECT_GE(tensor.values[i], 0.0f) << name;
        }
    }
    Matrix<float> pixels(3, 256);
    for (size_t i = 0; i < pixels.values.size(); i++) {
        pixels.values[i] = static_cast<float>((7 * i) % 255);
    }
    Matrix<float> before(3, 10);
    Matrix<float> after(3, 10);
    Executor(to_digital(analog), 1).run(pixels.view(), before.view(), {});
    Executor(to_digital(folded), 1).run(pixels.view(), after.view(), {});
    for (size_t i = 0; i < before.values.size(); i++) {
        EXPECT_NEAR(after.values[i], before.values[i], 2e-4f * (1 + std::fabs(before.values[i])));
    }
}

TEST(WithoutShortcuts, LeavesTheBranchesInALine) {
    const Graph graph = resnet_cifar_of_width(14, raw_input(1, 16, 16), 4);
    const Graph line = without_shortcuts(graph);
    // 6 blocks: 6 sums, and 2 shortcuts of a convolution and a batch norm.
    EXPECT_EQ(line.layers.size(), graph.layers.size() - 6 - 4);
    for (size_t i = 0; i < line.layers.size(); i++) {
        EXPECT_FALSE(std::holds_alternative<AddOp>(line.layers[i].op)) << line.layers[i].name;
        EXPECT_TRUE(line.layers[i].inputs.empty()) << line.layers[i].name;
    }
    EXPECT_EQ(infer_shapes(line).back(), infer_shapes(graph).back());
    EXPECT_EQ(norms_of(without_batch_norm(line)), 0u);
}

TEST(WeightNoise, HasTheDeviationOfItsReference) {
    const Network network = initialize(vgg_small_of_width(raw_input(1, 16, 16), 10, 16), 4);
    const std::vector<float>& clean = network.parameters.at("conv6.weight").values;
    double squares = 0;
    float largest = 0;
    for (const float w : clean) {
        squares += double{w} * w;
        largest = std::fmax(largest, std::fabs(w));
    }
    const auto n = static_cast<double>(clean.size());
    const auto spread = [&](const AdditiveNoise& noise) {
        const Network noisy = with_weight_noise(network, noise, 1, 2);
        double sum = 0;
        for (size_t i = 0; i < clean.size(); i++) {
            const double d =
                double{noisy.parameters.at("conv6.weight").values[i]} - double{clean[i]};
            sum += d * d;
        }
        EXPECT_EQ(noisy.parameters.at("fc1.bias"), network.parameters.at("fc1.bias"));
        EXPECT_EQ(noisy.parameters.at("bn1.weight") == network.parameters.at("bn1.weight"),
                  !noise.norms);
        return std::sqrt(sum / n);
    };
    // Six deviations of a deviation from n normal numbers.
    const double bound = 6 / std::sqrt(2 * n);
    EXPECT_NEAR(spread({0.1}) / (0.1 * std::sqrt(squares / n)), 1, bound);
    EXPECT_NEAR(spread({0.1, NoiseReference::kLayerMax}) / (0.1 * largest), 1, bound);
    EXPECT_NEAR(spread({0.2, NoiseReference::kChannelMax, true}) / (0.2 * largest), 1, 0.05);
    EXPECT_EQ(with_weight_noise(network, {0.0}, 1, 2).parameters, network.parameters);
    EXPECT_THROW(with_weight_noise(network, {-1}, 1, 2), InputError);
    EXPECT_THROW(with_weight_noise(map_to_hardware(network, {}), {0.1}, 1, 2), ConfigError);
}

TEST(WeightNoise, OnStatisticsLeavesNoNegativeVariance) {
    Network network = initialize(vgg_small_of_width(raw_input(1, 16, 16), 10, 16), 4);
    std::vector<float>& variances = network.parameters.at("bn6.running_var").values;
    for (size_t i = 0; i < variances.size(); i++) {
        variances[i] = i % 8 == 0 ? 4.0f : 1e-3f;
    }
    const Network spared = with_weight_noise(network, {.level = 0.4, .norms = true}, 1, 2);
    EXPECT_EQ(spared.parameters.at("bn6.running_var"), network.parameters.at("bn6.running_var"));
    const Network noisy = with_weight_noise(network, {.level = 0.4, .statistics = true}, 1, 2);
    EXPECT_EQ(noisy.parameters.at("bn6.weight"), network.parameters.at("bn6.weight"));
    // Deviation 0.5: of the small variances about half fall below zero.
    size_t zeros = 0;
    for (const float v : noisy.parameters.at("bn6.running_var").values) {
        EXPECT_GE(v, 0.0f);
        zeros += v == 0.0f ? 1 : 0;
    }
    EXPECT_GT(zeros, variances.size() / 4);
    EXPECT_LT(zeros, variances.size() * 3 / 4);
    const Network left = with_weight_noise(
        network, {.level = 0.4, .statistics = true, .negative_variances = true}, 1, 2);
    size_t negative = 0;
    for (const float v : left.parameters.at("bn6.running_var").values) {
        negative += v < 0 ? 1 : 0;
    }
    EXPECT_EQ(negative, zeros);
}

TEST(WeightNoise, LevelsShareTheirDraw) {
    const Network network = initialize(mlp({16, 8, 3}, raw_input(1, 4, 4)), 4);
    const std::vector<float> w = network.parameters.at("fc1.weight").values;
    const std::vector<float> one =
        with_weight_noise(network, {0.1}, 1, 2).parameters.at("fc1.weight").values;
    const std::vector<float> two =
        with_weight_noise(network, {0.2}, 1, 2).parameters.at("fc1.weight").values;
    const std::vector<float> other =
        with_weight_noise(network, {0.1}, 1, 3).parameters.at("fc1.weight").values;
    for (size_t i = 0; i < w.size(); i++) {
        EXPECT_NEAR(two[i] - w[i], 2 * (one[i] - w[i]), 1e-6f);
        EXPECT_NE(one[i], other[i]);
    }
}

}  // namespace
}  // namespace mho

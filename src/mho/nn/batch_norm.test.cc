// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/nn/batch_norm.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "mho/net/executor.h"
#include "mho/net/normalization.h"
#include "mho/net/zoo.h"
#include "mho/nn/train_network.h"
#include "mho/random/stream.h"
#include "mho/util/error.h"

namespace mho {
namespace {

constexpr NormScale kScales[] = {
    NormScale::kL2, NormScale::kL1, NormScale::kTopK, NormScale::kRange};

at::Tensor normals(at::IntArrayRef shape, uint64_t step) {
    at::Tensor t = at::empty(shape);
    fill_normal(make_tile_key(3, "batch norm test"),
                Stream::kTest,
                step,
                0,
                {t.data_ptr<float>(), static_cast<size_t>(t.numel())});
    return t;
}

NormRule rule_of(NormScale scale) {
    return {scale, 4};
}
constexpr BatchNormOp kOp{3, 1e-5};

TEST(BatchNorm, EqualsTheReference) {
    const at::Tensor x = normals({5, 3, 2, 4}, 0) * 2 + 0.5;
    const at::Tensor weight = normals({3}, 1), bias = normals({3}, 2);
    for (const NormScale kind : kScales) {
        const NormRule rule = rule_of(kind);
        at::Tensor mean = normals({3}, 3), var = at::ones({3}) * 4;
        const at::Tensor old_mean = mean.clone();
        const at::Tensor y = batch_norm_training(kOp, {rule}, x, weight, bias, mean, var);
        for (int64_t c = 0; c < 3; c++) {
            const at::Tensor channel = x.select(1, c).contiguous();
            std::vector<double> centred(channel.data_ptr<float>(),
                                        channel.data_ptr<float>() + channel.numel());
            double m = 0;
            for (const double v : centred) {
                m += v / static_cast<double>(centred.size());
            }
            for (double& v : centred) {
                v -= m;
            }
            const double scale = batch_scale(rule, centred);
            const auto count = static_cast<double>(centred.size());
            const double running = kind == NormScale::kL2
                                       ? 0.9 * 4 + 0.1 * scale * scale * count / (count - 1)
                                       : std::pow(0.9 * 2 + 0.1 * scale, 2);
            EXPECT_NEAR(mean[c].item<float>(), 0.9 * old_mean[c].item<float>() + 0.1 * m, 1e-5);
            EXPECT_NEAR(var[c].item<float>(), running, 1e-4 * running);
            const at::Tensor out = y.select(1, c).contiguous();
            for (size_t i = 0; i < centred.size(); i++) {
                EXPECT_NEAR(out.data_ptr<float>()[i],
                            weight[c].item<float>() * centred[i] / scale + bias[c].item<float>(),
                            1e-4)
                    << norm_rule_text(rule);
            }
        }
    }
}

// Central differences of a random weighting of the outputs, in double.
TEST(BatchNorm, GradientsAreThoseOfFiniteDifferences) {
    const at::Tensor x0 = normals({4, 3, 3, 2}, 10).to(at::kDouble);
    const at::Tensor pick = normals({4, 3, 3, 2}, 11).to(at::kDouble);
    const at::Tensor weight = normals({3}, 12).to(at::kDouble) + 2;
    const at::Tensor bias = normals({3}, 13).to(at::kDouble);
    for (const NormScale kind : kScales) {
        const auto loss = [&](const at::Tensor& x) {
            at::Tensor mean = at::zeros({3}, at::kDouble), var = at::ones({3}, at::kDouble);
            return (batch_norm_training(kOp, {rule_of(kind)}, x, weight, bias, mean, var) * pick)
                .sum();
        };
        torch::Tensor x = x0.clone().requires_grad_(true);
        loss(x).backward();
        const at::Tensor gradient = x.grad().flatten();
        const at::NoGradGuard no_grad;
        constexpr double h = 1e-6;
        for (int64_t i = 0; i < x0.numel(); i += 5) {
            at::Tensor up = x0.clone(), down = x0.clone();
            up.flatten()[i] += h;
            down.flatten()[i] -= h;
            const double expected = (loss(up).item<double>() - loss(down).item<double>()) / (2 * h);
            EXPECT_NEAR(gradient[i].item<double>(), expected, 1e-6)
                << norm_rule_text(rule_of(kind));
        }
    }
}

LabelledImages pictures(size_t count) {
    LabelledImages data;
    data.count = count;
    data.channels = 1;
    data.height = data.width = 8;
    data.classes = 2;
    data.source = "test";
    std::vector<float> u(count * 64);
    fill_uniform(make_tile_key(1, "pictures"), Stream::kTest, 0, 0, u);
    for (size_t i = 0; i < count; i++) {
        data.labels.push_back(static_cast<uint8_t>(i % 2));
        for (size_t p = 0; p < 64; p++) {
            const bool bright = p / 32 == i % 2;
            data.pixels.push_back(static_cast<uint8_t>(u[i * 64 + p] * 120 + (bright ? 100 : 0)));
        }
    }
    return data;
}

Graph with_norm() {
    Graph graph;
    graph.name = "normed";
    graph.input = {{1, 8, 8}, 1.0 / 255, {}, {}};
    graph.layers = {{"conv", Conv2dOp{1, 4, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 1, false}, {}},
                    {"norm", BatchNormOp{4, 1e-5}, {}},
                    {"relu", ActivationOp{}, {}},
                    {"flat", FlattenOp{}, {}},
                    {"fc", LinearOp{256, 2, true}, {}}};
    return graph;
}

TEST(BatchNorm, EveryScaleTrainsAndRunsInTheExecutor) {
    const LabelledImages data = pictures(64);
    for (const NormScale kind : kScales) {
        TrainConfig config;
        config.epochs = 4;
        config.batch = 8;
        config.learning_rate = 1e-2;
        const Network network =
            train_network(initialize(with_norm(), 2), data, config, 1, nullptr, {kind, 6});
        const Network folded = fold_batch_norm(network);
        Matrix<float> pixels(64, 64), plain(64, 2), merged(64, 2);
        std::copy(data.pixels.begin(), data.pixels.end(), pixels.values.begin());
        Executor(network, 1).run(pixels.view(), plain.view(), {});
        Executor(folded, 1).run(pixels.view(), merged.view(), {});
        EXPECT_GT(accuracy(plain.view(), data.labels), 0.9);
        for (size_t i = 0; i < plain.values.size(); i++) {
            EXPECT_NEAR(plain.values[i], merged.values[i], 1e-3f);
        }
    }
}

TEST(BatchNorm, GuardsNest) {
    EXPECT_EQ(NormTrainingGuard::now().momentum, 0.1);
    {
        const NormTrainingGuard outer({{NormScale::kL1}, 0.5});
        {
            const NormTrainingGuard inner({{NormScale::kRange}, 1.0});
            EXPECT_EQ(NormTrainingGuard::now().rule.scale, NormScale::kRange);
        }
        EXPECT_EQ(NormTrainingGuard::now().rule.scale, NormScale::kL1);
        EXPECT_EQ(NormTrainingGuard::now().momentum, 0.5);
    }
    EXPECT_EQ(NormTrainingGuard::now().rule.scale, NormScale::kL2);
}

TEST(Recalibrate, StatisticsAreThoseOfTheImages) {
    const LabelledImages data = pictures(37);
    Network network = initialize(with_norm(), 2);
    const Network before = network;
    network = with_recalibrated_norms(network, data, 12);
    EXPECT_EQ(network.parameters.at("norm.weight"), before.parameters.at("norm.weight"));
    EXPECT_EQ(network.parameters.at("conv.weight"), before.parameters.at("conv.weight"));
    // Mean of the convolution's outputs over all images, by the executor without the norm.
    Network conv = network;
    conv.graph.layers.resize(1);
    std::erase_if(conv.parameters, [](const auto& p) { return !p.first.starts_with("conv"); });
    Matrix<float> pixels(37, 64), outputs(37, 4 * 64);
    std::copy(data.pixels.begin(), data.pixels.end(), pixels.values.begin());
    Executor(conv, 1).run(pixels.view(), outputs.view(), {});
    for (size_t c = 0; c < 4; c++) {
        double sum = 0, squares = 0;
        for (size_t r = 0; r < 37; r++) {
            for (size_t p = 0; p < 64; p++) {
                const double v = outputs(r, c * 64 + p);
                sum += v;
                squares += v * v;
            }
        }
        const double mean = sum / (37 * 64);
        EXPECT_NEAR(network.parameters.at("norm.running_mean").values[c], mean, 1e-4);
        // The mean of the batches' variances lacks the spread of their means.
        const double variance = squares / (37 * 64) - mean * mean;
        EXPECT_NEAR(network.parameters.at("norm.running_var").values[c], variance, 0.05 * variance);
    }
    EXPECT_THROW(with_recalibrated_norms(network, LabelledImages{}, 8), InputError);
    EXPECT_THROW(with_recalibrated_norms(network, data, 1), InputError);
}

}  // namespace
}  // namespace mho

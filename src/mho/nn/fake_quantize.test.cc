// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/nn/fake_quantize.h"

#include <gtest/gtest.h>
#include <torch/optim/adam.h>
#include <torch/types.h>

#include "mho/random/stream.h"
#include "mho/util/error.h"

namespace mho {
namespace {

torch::Tensor normal(std::vector<int64_t> shape, uint64_t step) {
    torch::Tensor t = torch::empty(shape);
    fill_normal({8}, Stream::kTest, step, 0, {t.data_ptr<float>(), static_cast<size_t>(t.numel())});
    return t;
}

TEST(FakeQuantize, StatesDecideWhenTheGridMoves) {
    FakeQuantize q(QuantizerConfig{.bits = 4});
    EXPECT_THROW(q->set_state(QuantState::kFixed), InputError);
    q->train();
    const torch::Tensor x = normal({30, 8}, 1);
    q->forward(x);
    const float first = q->grids().at(0).step;
    q->forward(x * 2);
    EXPECT_FLOAT_EQ(q->grids()[0].step, 2 * first);
    q->eval();
    q->forward(x);
    EXPECT_FLOAT_EQ(q->grids()[0].step, 2 * first);
    q->set_state(QuantState::kEstimate);
    q->forward(x);
    EXPECT_FLOAT_EQ(q->grids()[0].step, first);
    q->set_state(QuantState::kFixed);
    q->train();
    q->forward(x * 3);
    EXPECT_FLOAT_EQ(q->grids()[0].step, first);
    EXPECT_FALSE(q->log_step.requires_grad());
    EXPECT_THROW(q->forward(torch::zeros({0, 3})), InputError);
    EXPECT_THROW(FakeQuantize(QuantizerConfig{.bits = 40}), ConfigError);
}

TEST(FakeQuantize, GradientIsStraightThroughAndThatOfTheStep) {
    FakeQuantize q(QuantizerConfig{.bits = 3, .per_channel = true});
    torch::Tensor x = normal({3, 50}, 2).requires_grad_();
    q->forward(x);
    q->set_state(QuantState::kLearn);
    {
        // Narrow grids, so that both ends cut.
        const torch::NoGradGuard no_grad;
        q->log_step.sub_(1.0);
    }
    const torch::Tensor g = normal({3, 50}, 3);
    const torch::Tensor y = q->forward(x);
    (y * g).sum().backward();
    const std::vector<QuantGrid> grids = q->grids();
    for (int64_t c = 0; c < 3; c++) {
        const QuantGrid& grid = grids[static_cast<size_t>(c)];
        const auto* row = x.data_ptr<float>() + c * 50;
        const auto* direction = g.data_ptr<float>() + c * 50;
        const GridGradient own = grid_gradient(grid, {row, 50}, {direction, 50});
        EXPECT_NEAR(q->log_step.grad().data_ptr<float>()[c],
                    own.step * double{grid.step} / std::sqrt(50.0 * grid.q_max),
                    1e-5);
        for (int64_t i = 0; i < 50; i++) {
            const bool inside = row[i] >= grid.low() && row[i] <= grid.high();
            EXPECT_EQ(x.grad().data_ptr<float>()[c * 50 + i], inside ? direction[i] : 0.0f);
        }
    }
}

// A learned step finds a smaller error than the full range, for both kinds of grid.
TEST(FakeQuantize, LearningLowersTheError) {
    const torch::Tensor x = normal({64, 16}, 4) + 0.7;
    for (const bool symmetric : {true, false}) {
        FakeQuantize q(QuantizerConfig{.bits = 3, .symmetric = symmetric});
        const double before = (q->forward(x) - x).square().mean().item<double>();
        q->set_state(QuantState::kLearn);
        EXPECT_EQ(q->zero_point.requires_grad(), !symmetric);
        torch::optim::Adam adam(q->parameters(), torch::optim::AdamOptions(0.02));
        for (int step = 0; step < 150; step++) {
            adam.zero_grad();
            (q->forward(x) - x).square().sum().backward();
            adam.step();
        }
        const double after = (q->forward(x) - x).square().mean().item<double>();
        EXPECT_LT(after, 0.8 * before) << symmetric;
        q->set_state(QuantState::kFixed);
        EXPECT_NEAR((q->forward(x) - x).square().mean().item<double>(), after, 1e-6);
    }
}

// Quantisation-aware training: a 2-bit layer that learns its weights and grids fits better than
// rounding the trained one.
TEST(QuantLayers, TrainingBeatsRounding) {
    const torch::Tensor x = normal({128, 12}, 5);
    const torch::Tensor target = torch::matmul(x, normal({12, 6}, 6));
    QuantLinear layer(LinearOp{12, 6, true},
                      QuantizerConfig{.bits = 2, .per_channel = true},
                      QuantizerConfig{.bits = 8, .range = RangeRule::kRunning});
    {
        const torch::NoGradGuard no_grad;
        layer->weight.copy_(normal({12, 6}, 6).t());
    }
    layer->train();
    const double rounded = (layer->forward(x) - target).square().mean().item<double>();
    layer->set_state(QuantState::kLearn);
    torch::optim::Adam adam(layer->parameters(), torch::optim::AdamOptions(0.01));
    for (int step = 0; step < 150; step++) {
        adam.zero_grad();
        (layer->forward(x) - target).square().mean().backward();
        adam.step();
    }
    EXPECT_LT((layer->forward(x) - target).square().mean().item<double>(), 0.7 * rounded);

    Conv2dOp op{2, 3, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 1, false};
    QuantConv2d conv(op, QuantizerConfig{.bits = 8}, QuantizerConfig{.bits = 8});
    {
        const torch::NoGradGuard no_grad;
        conv->weight.copy_(normal({3, 2, 3, 3}, 7));
    }
    const torch::Tensor image = normal({2, 2, 5, 5}, 8);
    const torch::Tensor exact = torch::conv2d(image, conv->weight, {}, 1, 1);
    EXPECT_LT((conv->forward(image) - exact).abs().max().item<double>(),
              0.05 * exact.abs().max().item<double>());
}

}  // namespace
}  // namespace mho

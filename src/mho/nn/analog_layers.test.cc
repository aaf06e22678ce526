// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/nn/analog_layers.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/nn/functional/conv.h>
#include <torch/types.h>

#include <cmath>

#include "mho/random/stream.h"
#include "mho/util/error.h"

namespace mho {
namespace {

torch::Tensor normal(std::vector<int64_t> shape, uint64_t which, float scale = 1.0f) {
    torch::Tensor t = torch::empty(shape);
    fill_normal(make_tile_key(5, "nn test"),
                Stream::kTest,
                which,
                0,
                {t.data_ptr<float>(), static_cast<size_t>(t.numel())});
    return t * scale;
}

Hardware perfect_hardware() {
    Hardware hw;
    hw.forward = perfect_mvm();
    hw.mapping.max_inputs = 5;  // several pieces
    hw.mapping.max_outputs = 3;
    hw.input_range.initial = 1.5;
    hw.input_range.init_batches = 0;
    hw.input_range.decay = 0;
    return hw;
}

Hardware noisy_hardware() {
    Hardware hw;
    hw.mapping.max_inputs = 7;
    hw.modifier.kind = ModifierKind::kAddNormal;
    hw.modifier.std = 0.05;
    hw.input_range.init_batches = 0;
    return hw;
}

// Logical weight and what a plain layer would do with it.
torch::Tensor logical(const AnalogLayerImpl& layer) {
    const Tensor t = layer.logical_weights();
    torch::Tensor w =
        torch::empty({static_cast<int64_t>(t.shape[0]), static_cast<int64_t>(t.shape[1])});
    std::copy(t.values.begin(), t.values.end(), w.data_ptr<float>());
    return w;
}

// One scale per column of w: [out, in], scale of the piece each weight is in.
torch::Tensor scales_of_weights(const AnalogLayerImpl& layer, const std::vector<int64_t>& offsets) {
    torch::Tensor s = torch::empty_like(layer.tile_weight.detach());
    for (size_t c = 0; c + 1 < offsets.size(); c++) {
        s.narrow(1, offsets[c], offsets[c + 1] - offsets[c])
            .copy_(layer.scale[static_cast<int64_t>(c)].unsqueeze(1).expand(
                {-1, offsets[c + 1] - offsets[c]}));
    }
    return s;
}

TEST(AnalogLinear, PerfectLayerIsALinearLayerOfCutInputs) {
    AnalogLinear layer(LinearOp{12, 8, true}, perfect_hardware(), "fc", 3);
    const torch::Tensor x = normal({6, 12}, 1).requires_grad_();
    const torch::Tensor upstream = normal({6, 8}, 2);
    const torch::Tensor y = layer->forward(x);
    (y * upstream).sum().backward();

    const torch::Tensor w = logical(*layer).requires_grad_();
    const torch::Tensor x2 = x.detach().clone().requires_grad_();
    const torch::Tensor b = layer->bias.detach().clone().requires_grad_();
    const torch::Tensor want = torch::linear(x2.clamp(-1.5, 1.5), w, b);
    (want * upstream).sum().backward();
    EXPECT_LT((y - want).abs().max().item<float>(), 1e-5);
    EXPECT_LT((x.grad() - x2.grad()).abs().max().item<float>(), 1e-5);
    EXPECT_LT((layer->bias.grad() - b.grad()).abs().max().item<float>(), 1e-5);
    // 12 inputs in tiles of at most 5: 3 pieces of 4. The logical weight moves as if trained
    // directly.
    const torch::Tensor scale = scales_of_weights(*layer, {0, 4, 8, 12});
    EXPECT_LT((layer->tile_weight.grad() * scale - w.grad()).abs().max().item<float>(), 2e-5);
}

TEST(AnalogLinear, LearnedScaleAgreesWithFiniteDifferences) {
    AnalogLinear layer(LinearOp{12, 8, true}, perfect_hardware(), "fc", 3);
    {
        const torch::NoGradGuard no_grad;
        layer->learned_scale.copy_(1.0 + 0.3 * normal({3, 8}, 9));
    }
    const torch::Tensor x = normal({6, 12}, 1);
    const torch::Tensor upstream = normal({6, 8}, 2);
    const auto loss = [&] { return (layer->forward(x) * upstream).sum(); };
    loss().backward();
    const torch::NoGradGuard no_grad;
    for (int64_t c = 0; c < 3; c++) {
        for (int64_t o = 0; o < 8; o++) {
            float& value = layer->learned_scale.data_ptr<float>()[c * 8 + o];
            const float was = value;
            value = was + 0.125f;
            const double above = loss().item<double>();
            value = was - 0.125f;
            const double below = loss().item<double>();
            value = was;
            // The loss is linear in a scale: a wide difference has no error but rounding.
            EXPECT_NEAR(
                layer->learned_scale.grad()[c][o].item<double>(), (above - below) / 0.25, 1e-3);
        }
    }
}

TEST(AnalogLinear, MasksCanBeSwitchedOff) {
    Hardware hw = perfect_hardware();
    hw.gradient.mask_inputs = false;
    AnalogLinear layer(LinearOp{4, 3, false}, hw, "fc", 3);
    const torch::Tensor x = torch::full({1, 4}, 9.0f).requires_grad_();
    layer->forward(x).sum().backward();
    EXPECT_LT((x.grad()[0] - logical(*layer).sum(0)).abs().max().item<float>(), 1e-6);
    hw.gradient.mask_inputs = true;
    AnalogLinear masked(LinearOp{4, 3, false}, hw, "fc", 3);
    x.mutable_grad() = torch::Tensor();
    masked->forward(x).sum().backward();
    EXPECT_EQ(x.grad().abs().max().item<float>(), 0.0f);
}

TEST(AnalogLinear, OutputsThatTheConverterCutsPassNoGradient) {
    Hardware hw;
    hw.modifier.kind = ModifierKind::kNone;
    hw.forward.adc.bound = 0.01;  // everything is cut
    hw.input_range.init_batches = 0;
    hw.input_range.initial = 1;
    for (const bool mask : {true, false}) {
        hw.gradient.mask_outputs = mask;
        AnalogLinear layer(LinearOp{6, 2, false}, hw, "fc", 3);
        {
            const torch::NoGradGuard no_grad;
            layer->tile_weight.fill_(1.0);
        }
        const torch::Tensor x = torch::full({3, 6}, 0.9f).requires_grad_();
        layer->forward(x).sum().backward();
        EXPECT_EQ(x.grad().abs().max().item<float>() == 0.0f, mask);
        EXPECT_EQ(layer->tile_weight.grad().abs().max().item<float>() == 0.0f, mask);
    }
}

TEST(AnalogLinear, RangeLearnsByItsRule) {
    Hardware hw = perfect_hardware();
    hw.mapping = {};
    hw.input_range.initial = 1.0;
    AnalogLinear layer(LinearOp{4, 3, true}, hw, "fc", 3);
    const torch::Tensor x = normal({5, 4}, 4);
    const torch::Tensor upstream = normal({5, 3}, 5);
    (layer->forward(x) * upstream).sum().backward();
    const torch::Tensor d = torch::mm(upstream, logical(*layer));
    const torch::Tensor high = (d * (x >= 1).to(torch::kFloat)).clamp_max(0).sum();
    const torch::Tensor low = (d * (x <= -1).to(torch::kFloat)).clamp_min(0).sum();
    EXPECT_NEAR(layer->input_range.grad().item<double>(), (high - low).item<double>(), 1e-5);
}

TEST(AnalogLinear, FirstBatchesSetTheRange) {
    Hardware hw = noisy_hardware();
    hw.mapping.max_inputs = 0;
    hw.input_range.init_batches = 2;
    AnalogLinear layer(LinearOp{9, 3, true}, hw, "fc", 3);
    const torch::Tensor x = normal({8, 9}, 4);
    layer->eval();
    layer->forward(x);
    EXPECT_EQ(layer->range_batches()[0], 0U);
    layer->train();
    layer->forward(x);
    EXPECT_NEAR(layer->input_range.item<double>(), 3 * x.std().item<double>(), 1e-5);
    layer->forward(2 * x);
    EXPECT_NEAR(layer->input_range.item<double>(), 4.5 * x.std().item<double>(), 1e-5);
    layer->forward(5 * x);
    EXPECT_NEAR(layer->input_range.item<double>(), 4.5 * x.std().item<double>(), 1e-5);
}

TEST(AnalogLinear, NoiseReplays) {
    AnalogLinear layer(LinearOp{20, 6, true}, noisy_hardware(), "fc", 3);
    const torch::Tensor x = normal({9, 20}, 4);
    layer->set_step(4);
    const torch::Tensor a = layer->forward(x);
    const torch::Tensor other = (layer->set_step(5), layer->forward(x));
    layer->set_step(4);
    EXPECT_TRUE(torch::equal(a, layer->forward(x)));
    EXPECT_FALSE(torch::equal(a, other));
    // A batch in two parts, with the numbers of its samples.
    const torch::Tensor head = layer->forward(x.narrow(0, 0, 4));
    layer->set_first_sample(4);
    const torch::Tensor tail = layer->forward(x.narrow(0, 4, 5));
    EXPECT_TRUE(torch::equal(a, torch::cat({head, tail})));
}

TEST(AnalogLinear, EvaluationHasNoModifier) {
    Hardware hw = perfect_hardware();
    hw.modifier.kind = ModifierKind::kAddNormal;
    hw.modifier.std = 0.3;
    AnalogLinear layer(LinearOp{4, 3, false}, hw, "fc", 3);
    const torch::Tensor x = normal({2, 4}, 4, 0.1f);
    const torch::Tensor plain = torch::mm(x, logical(*layer).t());
    EXPECT_GT((layer->forward(x) - plain).abs().max().item<float>(), 1e-3);
    layer->eval();
    EXPECT_LT((layer->forward(x) - plain).abs().max().item<float>(), 1e-6);
}

TEST(AnalogLinear, BackwardSeesTheModifiedWeights) {
    Hardware hw = perfect_hardware();
    hw.modifier.kind = ModifierKind::kAddNormal;
    hw.modifier.std = 0.3;
    for (const bool exact : {true, false}) {
        if (!exact) {
            hw.backward = MvmConfig();
            hw.backward.output_noise.std = 0;
            hw.backward.weight_noise.std = 0;
            hw.backward.ir_drop.strength = 0;
            hw.backward.adc.steps = 0;
            hw.backward.dac.steps = 0;
            hw.backward.noise_management.kind = NoiseManagementKind::kAbsMax;
        }
        AnalogLinear layer(LinearOp{4, 3, false}, hw, "fc", 3);
        const torch::Tensor x = normal({2, 4}, 4, 0.1f).requires_grad_();
        const torch::Tensor y = layer->forward(x);
        // y = W x: the gradient of y . y / 2 is W^T y.
        const torch::Tensor probe = layer->forward(torch::eye(4) * 0.5).t() * 2;
        y.backward(y.detach());
        EXPECT_LT((x.grad() - torch::mm(y.detach(), probe.detach())).abs().max().item<float>(),
                  1e-5);
    }
}

TEST(AnalogLinear, PostStepClipsRemapsAndKeepsLogicalWeights) {
    Hardware hw = noisy_hardware();
    AnalogLinear layer(LinearOp{20, 6, true}, hw, "fc", 3);
    {
        const torch::NoGradGuard no_grad;
        layer->tile_weight.mul_(0.5);
        layer->learned_scale.fill_(1.25);
        layer->input_range.fill_(-0.5);
    }
    const torch::Tensor before = logical(*layer);
    layer->post_step();
    EXPECT_LT((logical(*layer) - before).abs().max().item<float>(), 1e-6);
    EXPECT_EQ(layer->learned_scale.min().item<float>(), 1.0f);
    EXPECT_EQ(layer->learned_scale.max().item<float>(), 1.0f);
    EXPECT_NEAR(layer->tile_weight.abs().max().item<float>(), 1.0f, 1e-6);
    EXPECT_EQ(layer->input_range.min().item<float>(), 0.5f);
}

TEST(AnalogLinear, RefusesBadInputs) {
    EXPECT_THROW(AnalogLinear(LinearOp{0, 3, true}, Hardware(), "fc", 1), InputError);
    AnalogLinear layer(LinearOp{4, 3, true}, noisy_hardware(), "fc", 1);
    EXPECT_THROW(layer->forward(torch::zeros({2, 5})), InputError);
    EXPECT_THROW(layer->forward(torch::zeros({2, 4}, torch::kDouble)), InputError);
    EXPECT_EQ(layer->forward(torch::zeros({2, 3, 4})).dim(), 3);
    EXPECT_EQ(layer->forward(torch::zeros({0, 4})).size(0), 0);
}

struct ConvCase {
    Conv2dOp op;
    int64_t height, width;
    bool channels_last;
};

TEST(AnalogConv2d, PerfectLayerIsAConvolutionOfCutInputs) {
    std::vector<ConvCase> cases;
    for (const bool last : {false, true}) {
        cases.push_back({{4, 6, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 1, true}, 9, 10, last});
        cases.push_back({{4, 6, {3, 3}, {2, 1}, {0, 2}, {1, 2}, 2, true}, 9, 11, last});
        cases.push_back({{4, 4, {1, 1}, {1, 1}, {0, 0}, {1, 1}, 4, false}, 3, 2, last});
        cases.push_back({{2, 40, {5, 5}, {1, 1}, {2, 2}, {1, 1}, 1, true}, 20, 20, last});
        cases.push_back({{4, 6, {1, 1}, {2, 2}, {0, 0}, {1, 1}, 1, false}, 8, 8, last});
    }
    for (const ConvCase& k : cases) {
        Hardware hw = perfect_hardware();
        hw.mapping.max_outputs = 0;
        hw.mapping.max_inputs = 0;
        AnalogConv2d layer(k.op, hw, "conv", 3);
        const torch::Tensor base = normal({3, k.op.in_channels, k.height, k.width}, 6);
        const auto format =
            k.channels_last ? torch::MemoryFormat::ChannelsLast : torch::MemoryFormat::Contiguous;
        const torch::Tensor x = base.contiguous(format).detach().requires_grad_();
        const torch::Tensor y = layer->forward(x);
        const torch::Tensor upstream = normal(y.sizes().vec(), 7);
        (y * upstream).sum().backward();

        const torch::Tensor w = logical(*layer)
                                    .view({k.op.out_channels,
                                           k.op.in_channels / k.op.groups,
                                           k.op.kernel[0],
                                           k.op.kernel[1]})
                                    .requires_grad_();
        const torch::Tensor x2 = base.clone().requires_grad_();
        const torch::Tensor b = k.op.bias ? layer->bias.detach() : torch::Tensor();
        const std::vector<int64_t> stride = {k.op.stride[0], k.op.stride[1]};
        const std::vector<int64_t> padding = {k.op.padding[0], k.op.padding[1]};
        const std::vector<int64_t> dilation = {k.op.dilation[0], k.op.dilation[1]};
        const torch::Tensor want =
            torch::conv2d(x2.clamp(-1.5, 1.5), w, b, stride, padding, dilation, k.op.groups);
        (want * upstream).sum().backward();
        ASSERT_EQ(y.sizes(), want.sizes());
        EXPECT_LT((y - want).abs().max().item<float>(), 2e-5);
        EXPECT_LT((x.grad() - x2.grad()).abs().max().item<float>(), 2e-5);
        const torch::Tensor moved = layer->tile_weight.grad() * layer->scale[0].unsqueeze(1);
        const double size = w.grad().abs().max().item<double>();
        EXPECT_LT((moved - w.grad().view_as(moved)).abs().max().item<double>(), 1e-5 * size);
    }
}

TEST(AnalogConv2d, ThreadsChangeNothingInTheForwardPass) {
    AnalogConv2d layer(
        Conv2dOp{3, 5, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 1, true}, noisy_hardware(), "conv", 3);
    const torch::Tensor x = normal({5, 3, 12, 12}, 8);
    const int threads = at::get_num_threads();
    at::set_num_threads(1);
    const torch::Tensor one = layer->forward(x);
    at::set_num_threads(2);
    const torch::Tensor two = layer->forward(x);
    at::set_num_threads(threads);
    EXPECT_TRUE(torch::equal(one, two));
}

}  // namespace
}  // namespace mho

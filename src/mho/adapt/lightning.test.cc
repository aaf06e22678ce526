// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
// Equality with aihwkit-lightning itself: analysis/verify.test.cc (records of category
// `lightning`).
#include "mho/adapt/lightning.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "mho/util/error.h"
#include "mho/util/json.h"

namespace mho {
namespace {

Matrix<float> random_matrix(size_t rows, size_t cols, uint64_t step, float scale = 1.0f) {
    Matrix<float> m(rows, cols);
    fill_normal({5}, Stream::kTest, step, 0, m.values);
    for (float& v : m.values) {
        v *= scale;
    }
    return m;
}

Matrix<float> forward(const LightningLayer& layer,
                      const Matrix<float>& w,
                      const Matrix<float>& x,
                      LightningState& state,
                      const LightningCall& call = {},
                      LightningRecord* record = nullptr) {
    Matrix<float> y(x.rows, w.rows);
    lightning_forward(layer, w.view(), {}, x.view(), y.view(), state, call, record);
    return y;
}

double dot(const Matrix<float>& a, const Matrix<float>& b) {
    double sum = 0;
    for (size_t i = 0; i < a.values.size(); i++) {
        sum += static_cast<double>(a.values[i]) * b.values[i];
    }
    return sum;
}

TEST(Lightning, GradientsAreThoseOfTheLoss) {
    LightningLayer layer;
    layer.max_inputs = 4;
    layer.range = LightningRange::kLearned;
    layer.output_bound = 0.8;
    layer.clip = LightningClip::kLearnedPerChannel;
    const Matrix<float> w = random_matrix(5, 9, 1);
    const Matrix<float> x = random_matrix(7, 9, 2);
    const Matrix<float> upstream = random_matrix(7, 5, 3);
    LightningState state = lightning_state(layer, w.view());
    state.ranges.assign(3, 1.25f);
    for (float& c : state.clip.values) {
        c *= 0.7f;  // cuts some weights
    }
    LightningRecord record;
    forward(layer, w, x, state, {}, &record);
    const size_t cut =
        static_cast<size_t>(std::count(record.output_cut.begin(), record.output_cut.end(), 1));
    EXPECT_GT(cut, 3U);
    EXPECT_LT(cut, record.output_cut.size() / 2);
    const LightningGradients g =
        lightning_backward(layer, w.view(), x.view(), upstream.view(), state, record);
    // The bound follows the largest weight, which the straight-through gradient ignores: leave the
    // largest weights of a piece out.
    constexpr float kStep = 1.0f / 512;
    const auto loss = [&](const Matrix<float>& ww, const Matrix<float>& xx) {
        LightningState same = state;
        return dot(forward(layer, ww, xx, same), upstream);
    };
    for (size_t i = 0; i < x.values.size(); i++) {
        if (std::abs(std::abs(x.values[i]) - 1.25f) < 2 * kStep) {
            continue;
        }
        Matrix<float> up = x;
        Matrix<float> down = x;
        up.values[i] += kStep;
        down.values[i] -= kStep;
        EXPECT_NEAR((loss(w, up) - loss(w, down)) / (2 * kStep), g.inputs.values[i], 0.02) << i;
    }
    size_t checked = 0;
    for (size_t i = 0; i < w.values.size(); i++) {
        const size_t row = i / w.cols;
        const size_t piece = i % w.cols / 3;
        const float clip = state.clip(piece, row);
        if (std::abs(std::abs(w.values[i]) - clip) < 2 * kStep || std::abs(w.values[i]) > clip) {
            continue;  // the largest weight of a piece lies above its clip
        }
        Matrix<float> up = w;
        Matrix<float> down = w;
        up.values[i] += kStep;
        down.values[i] -= kStep;
        EXPECT_NEAR((loss(up, x) - loss(down, x)) / (2 * kStep), g.weights.values[i], 0.02) << i;
        checked++;
    }
    EXPECT_GT(checked, 15U);
    ASSERT_EQ(g.ranges.size(), 3U);
    // Learned clips: the derivative over 1 / sqrt(n).
    for (size_t i = 0; i < state.clip.values.size(); i++) {
        LightningState up = state;
        LightningState down = state;
        up.clip.values[i] += kStep;
        down.clip.values[i] -= kStep;
        const double slope =
            (dot(forward(layer, w, x, up), upstream) - dot(forward(layer, w, x, down), upstream)) /
            (2 * kStep);
        EXPECT_NEAR(slope / std::sqrt(5.0 * 3), g.clip.values[i], 0.02) << i;
    }
}

// A fast range is cut by an ordinary clamp, whose derivatives are those of the loss.
TEST(Lightning, FastRangesHaveThePlainGradient) {
    LightningLayer layer;
    layer.max_inputs = 4;
    layer.range = LightningRange::kFast;
    const Matrix<float> w = random_matrix(5, 9, 1);
    const Matrix<float> x = random_matrix(7, 9, 2);
    const Matrix<float> upstream = random_matrix(7, 5, 3);
    LightningState state = lightning_state(layer, w.view());
    state.ranges = {0.5f, 0.8f, 1.1f};
    LightningRecord record;
    forward(layer, w, x, state, {}, &record);
    const LightningGradients g =
        lightning_backward(layer, w.view(), x.view(), upstream.view(), state, record);
    ASSERT_EQ(g.ranges.size(), 3U);
    constexpr float kStep = 1.0f / 4096;
    for (size_t s = 0; s < 3; s++) {
        LightningState up = state;
        LightningState down = state;
        up.ranges[s] += kStep;
        down.ranges[s] -= kStep;
        const double slope =
            (dot(forward(layer, w, x, up), upstream) - dot(forward(layer, w, x, down), upstream)) /
            (2 * kStep);
        EXPECT_NEAR(slope, g.ranges[s], 0.02) << s;
    }
    for (size_t i = 0; i < x.values.size(); i++) {
        const float range = state.ranges[i % 9 / 3];
        EXPECT_EQ(g.inputs.values[i] == 0.0f, std::abs(x.values[i]) > range) << i;
    }
    layer.learn_range = false;
    EXPECT_TRUE(lightning_backward(layer, w.view(), x.view(), upstream.view(), state, record)
                    .ranges.empty());
}

TEST(Lightning, NoiseActsInTrainingOnlyAndCanBeReplayed) {
    LightningLayer layer;
    layer.range = LightningRange::kLearned;
    layer.output_noise = 0.1;
    layer.weight_noise = 0.1;
    layer.weight_noise_scope = LightningScope::kPerChannel;
    const Matrix<float> w = random_matrix(4, 6, 1);
    const Matrix<float> x = random_matrix(8, 6, 2);
    LightningState state = lightning_state(layer, w.view());
    state.batches_seen.assign(1, 1000);
    const Matrix<float> quiet = forward(layer, w, x, state);
    EXPECT_EQ(quiet.values, forward(layer, w, x, state).values);
    LightningCall call{.training = true, .key = {3}, .step = 5, .first_sample = 0};
    const Matrix<float> noisy = forward(layer, w, x, state, call);
    EXPECT_NE(quiet.values, noisy.values);
    EXPECT_EQ(noisy.values, forward(layer, w, x, state, call).values);
    call.step = 6;
    EXPECT_NE(noisy.values, forward(layer, w, x, state, call).values);
    // Rows 3 ... of a batch are the same alone.
    call.step = 5;
    call.first_sample = 3;
    Matrix<float> rest(5, 6);
    std::copy(x.row(3), x.row(3) + rest.values.size(), rest.row(0));
    const Matrix<float> part = forward(layer, w, rest, state, call);
    EXPECT_TRUE(std::equal(part.values.begin(), part.values.end(), noisy.row(3)));
}

TEST(Lightning, RangesStartFromData) {
    LightningLayer layer;
    layer.init_batches = 2;
    const Matrix<float> w = random_matrix(2, 4, 1);
    Matrix<float> x(2, 4);
    x.values = {1, -1, 1, -1, 1, -1, 1, -1};
    const LightningCall training{.training = true, .key = {}, .step = 0, .first_sample = 0};
    layer.range = LightningRange::kLearned;
    LightningState state = lightning_state(layer, w.view());
    EXPECT_EQ(state.ranges, std::vector<float>{3.0f});
    forward(layer, w, x, state);  // evaluation changes nothing
    EXPECT_EQ(state.ranges, std::vector<float>{3.0f});
    forward(layer, w, x, state, training);
    EXPECT_NEAR(state.ranges[0], 3 * std::sqrt(8.0 / 7), 1e-6);
    layer.range = LightningRange::kFast;
    layer.fast_momentum = -1;
    state = lightning_state(layer, w.view());
    x.values[3] = -2.5f;
    for (int i = 0; i < 3; i++) {
        forward(layer, w, x, state, training);
        EXPECT_NEAR(state.ranges[0], 2.5, 2e-5);
        x.values[3] -= i == 1 ? 1.0f : 0.0f;  // the third batch comes after initialisation
    }
    // With momentum the first batch counts in full, later ones by what is left.
    layer.fast_momentum = 0.75;
    state = lightning_state(layer, w.view());
    x.values[3] = -2.0f;
    forward(layer, w, x, state, training);
    EXPECT_NEAR(state.ranges[0], 2.0, 2e-5);
    x.values[3] = -4.0f;
    forward(layer, w, x, state, training);
    EXPECT_NEAR(state.ranges[0], 2.5, 2e-5);
    layer.range = LightningRange::kDynamic;
    layer.input_steps = 2;  // codes -range, 0, range
    const Matrix<float> one(1, 4, 1.0f);
    x.values = {0.4f, -0.9f, 2.0f, -1.2f, 0, 0, 0, 0};
    const Matrix<float> y = forward(layer, one, x, state);
    EXPECT_EQ(y.values,
              (std::vector<float>{0.0f, 0.0f}));  // 0 + 0 + 2 - 2; a zero vector stays zero
}

TEST(Lightning, GaussianClips) {
    LightningLayer layer;
    layer.clip = LightningClip::kLayerGaussianPerChannel;
    layer.clip_sigma = 1.0;
    Matrix<float> w(2, 2);
    w.values = {1, -1, 10, -10};
    lightning_clip_weights(layer, w.view());
    EXPECT_FLOAT_EQ(w(0, 0), 1.0f);  // its standard deviation is sqrt(2)
    layer.clip_sigma = 0.5;
    lightning_clip_weights(layer, w.view());
    EXPECT_FLOAT_EQ(w(0, 0), std::sqrt(0.5f));
    EXPECT_FLOAT_EQ(w(1, 0), 10 * std::sqrt(0.5f));
    layer.clip = LightningClip::kNone;
    const std::vector<float> before = w.values;
    lightning_clip_weights(layer, w.view());
    EXPECT_EQ(w.values, before);
}

TEST(Lightning, BadArguments) {
    LightningLayer layer;
    layer.input_steps = 254;
    layer.output_steps = 254;
    EXPECT_EQ(validate(layer, "layer").size(), 2U);
    layer = {};
    const Matrix<float> w = random_matrix(2, 3, 1);
    Matrix<float> x = random_matrix(4, 3, 2);
    LightningState state = lightning_state(layer, w.view());
    EXPECT_THROW(lightning_state(layer, {}), InputError);
    EXPECT_THROW(forward(layer, random_matrix(2, 4, 1), x, state), InputError);
    LightningState wrong;
    EXPECT_THROW(forward(layer, w, x, wrong), InputError);
    EXPECT_THROW(lightning_backward(layer, w.view(), x.view(), x.view(), state, {}), InputError);
    x.values[1] = NAN;
    EXPECT_THROW(forward(layer, w, x, state), InputError);
    const Matrix<float> none(0, 3);
    LightningRecord record;
    EXPECT_EQ(forward(layer, w, none, state, {}, &record).rows, 0U);
}

}  // namespace
}  // namespace mho

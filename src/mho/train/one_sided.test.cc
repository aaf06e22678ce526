// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "mho/train/learner.h"
#include "mho/train/test_support.h"
#include "mho/util/error.h"

namespace mho {
namespace {

constexpr TileKey kKey{56};

ConstantStep bounded_device() {
    ConstantStep d = test::ideal_device(0.01);
    d.w_max = 1;
    d.w_min = -1;
    return d;
}

OneSided pair_of(const PulsedDevice& device) {
    OneSided c;
    c.device = device;
    c.refresh_read = perfect_mvm();
    return c;
}

// `samples` certain pulses of one direction on column `col` of all rows.
void pulse(Learner& learner, size_t col, bool up, size_t samples, uint64_t step) {
    Matrix<float> x(samples, learner.cols());
    Matrix<float> d(samples, learner.rows(), up ? -1.0f : 1.0f);
    for (size_t s = 0; s < samples; s++) {
        x(s, col) = 1;
    }
    UpdateCall call;
    call.rate = learner.granularity();
    call.key = {step, 0};
    learner.update(x.view(), d.view(), call);
}

TEST(OneSided, OnlyEverPulsesUp) {
    auto learner = make_learner(pair_of(bounded_device()), 2, 2, kKey);
    pulse(*learner, 0, true, 7, 0);
    pulse(*learner, 0, false, 3, 1);
    pulse(*learner, 1, false, 5, 2);
    EXPECT_NEAR(0.07, learner->device(1).weights()(0, 0), 1e-6);
    EXPECT_NEAR(0.03, learner->device(0).weights()(0, 0), 1e-6);
    EXPECT_NEAR(0.04, learner->weights()(0, 0), 1e-6);
    EXPECT_NEAR(-0.05, learner->weights()(1, 1), 1e-6);
}

TEST(OneSided, WritesThePartsOfAWeight) {
    auto learner = make_learner(pair_of(bounded_device()), 1, 2, kKey);
    Matrix<float> w(1, 2);
    w.values = {0.25f, -0.5f};
    learner->set_weights(w.view());
    EXPECT_EQ(0.25f, learner->device(1).weights()(0, 0));
    EXPECT_EQ(0.0f, learner->device(0).weights()(0, 0));
    EXPECT_EQ(0.5f, learner->device(0).weights()(0, 1));
    EXPECT_EQ(-0.5f, learner->weights()(0, 1));
}

// A full pair is reset and gets its difference back; pairs with room are left alone.
TEST(OneSided, RefreshesFullPairs) {
    OneSided c = pair_of(bounded_device());
    common_parameters(c.device).reset_std = 0;
    c.refresh_every = 1;  // a batch
    auto learner = make_learner(c, 2, 3, kKey);
    learner->set_table("hidden_weights_1", Matrix<float>(2, 3, 0.8f).view());
    Matrix<float> minus(2, 3, 0.5f);
    minus(0, 1) = 0.2f;   // below the lower threshold: stays
    minus(1, 2) = 0.95f;  // the negative one wins
    learner->set_table("hidden_weights_0", minus.view());
    pulse(*learner, 0, true, 1, 0);
    EXPECT_NEAR(0.3 + 0.01, learner->weights()(0, 0), 0.0101);
    EXPECT_NEAR(0.0, learner->device(0).weights()(0, 0), 1e-6);
    EXPECT_NEAR(0.31, learner->device(1).weights()(0, 0), 0.0101);
    EXPECT_NEAR(0.8, learner->device(1).weights()(0, 1), 1e-6);
    EXPECT_NEAR(0.2, learner->device(0).weights()(0, 1), 1e-6);
    EXPECT_NEAR(0.0, learner->device(1).weights()(1, 2), 1e-6);
    EXPECT_NEAR(0.15, learner->device(0).weights()(1, 2), 0.0101);
}

TEST(OneSided, MirrorsTheTablesOfItsNegativeDevice) {
    LinearStep device;
    device.gamma_up = 0.3;
    device.gamma_down = 0.2;
    device.up_down = 0.2;
    OneSided c = pair_of(device);
    c.copy_inverted = true;
    auto learner = make_learner(c, 3, 4, kKey);
    EXPECT_EQ(learner->table("dwmin_up_0").values, learner->table("dwmin_down_1").values);
    const Matrix<float> high = learner->table("max_bound_0");
    const Matrix<float> low = learner->table("min_bound_1");
    const Matrix<float> up = learner->table("slope_up_0");
    const Matrix<float> down = learner->table("slope_down_1");
    for (size_t i = 0; i < high.values.size(); i++) {
        EXPECT_EQ(high.values[i], -low.values[i]);
        EXPECT_EQ(up.values[i], -down.values[i]);
    }
}

TEST(OneSided, RefusesRefreshWithWriteNoise) {
    SoftBounds noisy;
    noisy.write_noise_std = 1;
    OneSided c;
    c.device = noisy;
    c.refresh_every = 1;
    EXPECT_THROW(make_learner(c, 2, 2, kKey), ConfigError);
}

}  // namespace
}  // namespace mho

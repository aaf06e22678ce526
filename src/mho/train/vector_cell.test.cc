// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "mho/train/learner.h"
#include "mho/train/test_support.h"

namespace mho {
namespace {

constexpr TileKey kKey{55};

// One certain pulse of dw_min = 0.001 up on the only cell, `samples` times.
void pulse_up(Learner& learner, size_t samples, uint64_t step) {
    Matrix<float> x(samples, 1, 1.0f);
    Matrix<float> d(samples, 1, -1.0f);
    UpdateCall call;
    call.rate = learner.granularity();
    call.key = {step, 0};
    learner.update(x.view(), d.view(), call);
}

float hidden(const Learner& learner, size_t k) {
    return learner.device(k).weights()(0, 0);
}

VectorCell three_devices() {
    VectorCell c;
    c.devices = {test::ideal_device(), test::ideal_device(), test::ideal_device()};
    return c;
}

TEST(VectorCell, PulsesTheDevicesOfItsPolicy) {
    VectorCell c = three_devices();
    auto all = make_learner(c, 1, 1, kKey);
    pulse_up(*all, 6, 0);
    for (size_t k = 0; k < 3; k++) {
        EXPECT_NEAR(0.006, hidden(*all, k), 1e-7);
    }
    EXPECT_NEAR(0.006, all->weights()(0, 0), 1e-7);

    c.policy = VectorPolicy::kSingleFixed;
    c.first_device = 2;
    auto fixed = make_learner(c, 1, 1, kKey);
    pulse_up(*fixed, 6, 0);
    EXPECT_EQ(0.0f, hidden(*fixed, 0));
    EXPECT_NEAR(0.006, hidden(*fixed, 2), 1e-7);
    EXPECT_NEAR(0.002, fixed->weights()(0, 0), 1e-7);

    c.policy = VectorPolicy::kSingleSequential;
    auto sequential = make_learner(c, 1, 1, kKey);
    pulse_up(*sequential, 4, 0);  // devices 0, 1, 2, 0
    EXPECT_NEAR(0.002, hidden(*sequential, 0), 1e-7);
    EXPECT_NEAR(0.001, hidden(*sequential, 1), 1e-7);
    EXPECT_NEAR(0.001, hidden(*sequential, 2), 1e-7);
    pulse_up(*sequential, 1, 1);  // goes on with 1
    EXPECT_NEAR(0.002, hidden(*sequential, 1), 1e-7);

    c.policy = VectorPolicy::kSingleRandom;
    auto random = make_learner(c, 1, 1, kKey);
    constexpr size_t kSamples = 3000;
    pulse_up(*random, kSamples, 0);
    double sum = 0;
    for (size_t k = 0; k < 3; k++) {
        sum += hidden(*random, k);
        // Binomial of 3000 with p = 1/3: 5.5 standard deviations.
        EXPECT_NEAR(1.0, hidden(*random, k), 0.001 * 5.5 * std::sqrt(kSamples * 2.0 / 9));
    }
    EXPECT_NEAR(3.0, sum, 1e-3);
}

TEST(VectorCell, TakesTheMeanGranularity) {
    VectorCell c = three_devices();
    c.devices[1] = test::ideal_device(0.004);
    EXPECT_NEAR(0.002, make_learner(c, 1, 1, kKey)->granularity(), 1e-9);
}

TEST(VectorCell, ShowsTheWeightThatIsWritten) {
    VectorCell c = three_devices();
    c.gammas = {1.0, 0.5, -0.25};
    Matrix<float> w(2, 3);
    for (size_t i = 0; i < w.values.size(); i++) {
        w.values[i] = 0.1f * static_cast<float>(i) - 0.2f;
    }
    for (const VectorPolicy policy : {VectorPolicy::kAll, VectorPolicy::kSingleFixed}) {
        c.policy = policy;
        auto learner = make_learner(c, 2, 3, kKey);
        learner->set_table("hidden_weights_1", Matrix<float>(2, 3, 0.7f).view());
        learner->set_weights(w.view());
        for (size_t i = 0; i < w.values.size(); i++) {
            EXPECT_NEAR(w.values[i], learner->weights()(i / 3, i % 3), 1e-6);
        }
        EXPECT_EQ(policy == VectorPolicy::kSingleFixed ? 0.7f : w.values[0] / 1.25f,
                  learner->device(1).weights()(0, 0));
    }
}

TEST(ReferencePair, LearnsOnItsFirstDevice) {
    ReferencePair c;
    c.devices = {test::ideal_device(), test::ideal_device()};
    auto learner = make_learner(c, 1, 1, kKey);
    learner->set_table("hidden_weights_1", Matrix<float>(1, 1, 0.2f).view());
    EXPECT_NEAR(-0.2, learner->weights()(0, 0), 1e-7);
    learner->set_weights(Matrix<float>(1, 1, 0.1f).view());
    EXPECT_NEAR(0.3, hidden(*learner, 0), 1e-6);
    pulse_up(*learner, 5, 0);
    EXPECT_NEAR(0.105, learner->weights()(0, 0), 1e-6);
    EXPECT_NEAR(0.2, hidden(*learner, 1), 1e-7);
}

}  // namespace
}  // namespace mho

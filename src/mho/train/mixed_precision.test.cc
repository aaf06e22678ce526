// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "mho/train/learner.h"
#include "mho/train/test_support.h"

namespace mho {
namespace {

constexpr TileKey kKey{58};

// Nothing is lost between the digital sum and the devices.
TEST(MixedPrecision, WritesWholeMultiplesAndKeepsTheRest) {
    MixedPrecision c;
    c.device = test::ideal_device();
    constexpr size_t kRows = 5;
    constexpr size_t kCols = 45;  // a whole block of columns and a rest
    auto learner = make_learner(c, kRows, kCols, kKey);
    Matrix<double> wanted(kRows, kCols);
    constexpr size_t kSamples = 8;
    for (uint64_t step = 0; step < 10; step++) {
        const Matrix<float> x = test::normal_matrix(kSamples, kCols, 0.3f, 2 * step);
        const Matrix<float> d = test::normal_matrix(kSamples, kRows, 0.3f, 2 * step + 1);
        for (size_t s = 0; s < kSamples; s++) {
            for (size_t r = 0; r < kRows; r++) {
                for (size_t col = 0; col < kCols; col++) {
                    wanted(r, col) -= 0.02 * double{d(s, r)} * x(s, col);
                }
            }
        }
        UpdateCall call;
        call.rate = 0.02;
        call.key = {step, 0};
        learner->update(x.view(), d.view(), call);
    }
    // Devices that move by counts: what was written plus what is left over. Counts are sent as
    // probabilities of a train, so a row with several counts is exact on average only: the error is
    // that of binomial trains, with at most `most` pulses a write.
    const Matrix<float> chi = learner->table("chi");
    double worst = 0;
    for (size_t r = 0; r < kRows; r++) {
        for (size_t col = 0; col < kCols; col++) {
            EXPECT_LT(std::abs(chi(r, col)), 0.001 + 1e-6);
            worst = std::max(worst,
                             std::abs(wanted(r, col) - (learner->weights()(r, col) - chi(r, col))));
        }
    }
    EXPECT_LT(worst, 0.05);
    EXPECT_EQ(10u, learner->state().numbers.at("transfers"));
}

// With at most one count per write the trains are certain.
TEST(MixedPrecision, IsExactForSingleCounts) {
    MixedPrecision c;
    c.device = test::ideal_device();
    auto learner = make_learner(c, 3, 40, kKey);
    Matrix<double> wanted(3, 40);
    for (uint64_t step = 0; step < 60; step++) {
        const Matrix<float> x = test::normal_matrix(1, 40, 0.1f, 2 * step);
        const Matrix<float> d = test::normal_matrix(1, 3, 0.1f, 2 * step + 1);
        for (size_t r = 0; r < 3; r++) {
            for (size_t col = 0; col < 40; col++) {
                wanted(r, col) -= 0.02 * double{d(0, r)} * x(0, col);
            }
        }
        UpdateCall call;
        call.rate = 0.02;
        call.key = {step, 0};
        learner->update(x.view(), d.view(), call);
    }
    const Matrix<float> chi = learner->table("chi");
    size_t written = 0;
    for (size_t i = 0; i < chi.values.size(); i++) {
        const float w = learner->weights()(i / 40, i % 40);
        written += w != 0 ? 1 : 0;
        EXPECT_NEAR(wanted.values[i], w - chi.values[i], 1e-6);
    }
    EXPECT_GT(written, 10u);
}

// Quantised operands are multiples of max / (bins / 2); rounded stochastically they are right on
// average.
TEST(MixedPrecision, QuantisesItsOperands) {
    MixedPrecision c;
    c.device = test::ideal_device();
    c.transfer_every = 1e6;
    c.x_bins = 5;
    c.stochastic_x = false;
    auto learner = make_learner(c, 1, 3, kKey);
    Matrix<float> x(1, 3);
    x.values = {1.0f, 0.3f, -0.2f};  // levels 0, 0.5, 1: 0.3 -> 0.5, -0.2 -> 0
    Matrix<float> d(1, 1, 0.7f);
    UpdateCall call;
    call.rate = 1;
    learner->update(x.view(), d.view(), call);
    Matrix<float> chi = learner->table("chi");
    EXPECT_NEAR(0.7, chi(0, 0), 1e-6);
    EXPECT_NEAR(0.35, chi(0, 1), 1e-6);
    EXPECT_NEAR(0.0, chi(0, 2), 1e-6);

    c.stochastic_x = true;
    learner = make_learner(c, 1, 3, kKey);
    constexpr size_t kSamples = 4000;
    Matrix<float> many(kSamples, 3);
    for (size_t s = 0; s < kSamples; s++) {
        std::copy_n(x.row(0), 3, many.row(s));
    }
    const Matrix<float> errors(kSamples, 1, 1.0f);
    learner->update(many.view(), errors.view(), call);
    chi = learner->table("chi");
    // Each draw is 0 or 0.5 with standard deviation below 0.25.
    EXPECT_NEAR(0.3, chi(0, 1) / kSamples, 5.5 * 0.25 / std::sqrt(kSamples));
    EXPECT_NEAR(-0.2, chi(0, 2) / kSamples, 5.5 * 0.25 / std::sqrt(kSamples));
}

TEST(MixedPrecision, WritesSomeRowsAtATime) {
    MixedPrecision c;
    c.device = test::ideal_device();
    c.rows_per_transfer = 2;
    auto learner = make_learner(c, 5, 1, kKey);
    const Matrix<float> x(1, 1, 1.0f);
    const Matrix<float> d(1, 5, -1.0f);
    UpdateCall call;
    call.rate = 0.001;
    const auto at = [&](size_t row) { return learner->weights()(row, 0); };
    learner->update(x.view(), d.view(), call);
    EXPECT_NEAR(0.001, at(1), 1e-6);
    EXPECT_EQ(0.0f, at(2));
    learner->update(x.view(), d.view(), call);
    EXPECT_GT(at(2), 0.0f);
    EXPECT_GT(at(3), 0.0f);
    EXPECT_EQ(0.0f, at(4));
    learner->update(x.view(), d.view(), call);  // rows 4 and 0
    EXPECT_GT(at(4), 0.0f);
}

}  // namespace
}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/least_squares.h"

#include <gtest/gtest.h>

#include <cmath>

namespace mho {
namespace {

constexpr TileKey kKey{7};

TEST(LeastSquares, GradientIsTheSlopeOfTheLoss) {
    const LeastSquares problem(12, 5, 0.5, kKey);
    std::vector<double> w = {0.1, -0.2, 0.3, 0.4, -0.5};
    std::vector<double> g(5);
    problem.gradient(w, g);
    for (size_t i = 0; i < 5; i++) {
        constexpr double kStep = 1e-5;
        std::vector<double> up = w;
        std::vector<double> down = w;
        up[i] += kStep;
        down[i] -= kStep;
        // The loss is quadratic: central differences are exact up to rounding.
        EXPECT_NEAR((problem.loss(up) - problem.loss(down)) / (2 * kStep), g[i], 1e-9);
    }
    EXPECT_EQ(0.0, problem.loss(problem.solution()));
}

// Without noise the gradient vanishes at the solution: so does the penalty.
TEST(LeastSquares, PenaltyNeedsNoise) {
    const LeastSquares problem(30, 6, 0.5, kKey);
    const std::vector<double> w = problem.penalised_minimum(3.5, 0.3, 0.0);
    for (size_t i = 0; i < w.size(); i++) {
        EXPECT_NEAR(problem.solution()[i], w[i], 1e-9);
    }
}

TEST(LeastSquares, PenalisedMinimumLiesTowardsTheSymmetricPoint) {
    const LeastSquares problem(200, 6, 0.5, kKey);
    const double point = 0.3 * 3.5;
    for (const double noise : {0.1, 1.0}) {
        const std::vector<double> w = problem.penalised_minimum(3.5, 0.3, noise);
        double before = 0;
        double after = 0;
        for (size_t i = 0; i < w.size(); i++) {
            before += std::abs(problem.solution()[i] - point);
            after += std::abs(w[i] - point);
        }
        EXPECT_LT(after, before);
    }
}

// The device of the problem balances its pulses at c tau.
TEST(LeastSquares, DeviceHasItsSymmetricPointAtCTau) {
    AnalogSgd sgd;
    sgd.device = linear_response_device(3.5, 0.2, 1e-3, 0.3);
    auto learner = make_learner(sgd, 1, 16, kKey);
    const Matrix<float> x(1, 16, 0.02f);
    for (uint64_t step = 0; step < 20000; step++) {
        UpdateCall call;
        call.rate = 1;
        call.key = {step, 0};
        const Matrix<float> d(1, 1, step % 2 == 0 ? 1.0f : -1.0f);
        learner->update(x.view(), d.view(), call);
    }
    // Contraction per pair of steps is 2 x 20 dw_min / tau; what cycle noise leaves is
    // about sigma dw_min sqrt(tau / dw_min) / 2 = 0.009 per cell.
    double mean = 0;
    for (size_t i = 0; i < 16; i++) {
        mean += learner->weights()(0, i) / 16;
    }
    EXPECT_NEAR(0.7, mean, 5 * 0.009 / 4 + 0.02);
}

}  // namespace
}  // namespace mho

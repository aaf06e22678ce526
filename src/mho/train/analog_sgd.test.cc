// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "mho/train/learner.h"
#include "mho/train/programming_cost.h"
#include "mho/train/symmetric_point.h"
#include "mho/train/test_support.h"
#include "mho/util/error.h"

namespace mho {
namespace {

constexpr TileKey kKey{77};

// Wherever no probability saturates the expected change is rate d x.
TEST(AnalogSgd, MovesByRateTimesErrorTimesInputOnAverage) {
    AnalogSgd sgd;
    sgd.device = test::ideal_device();
    constexpr size_t kRows = 4;
    constexpr size_t kCols = 6;
    constexpr size_t kRepeats = 4000;
    const Matrix<float> x1 = test::normal_matrix(1, kCols, 0.3f, 1);
    const Matrix<float> d1 = test::normal_matrix(1, kRows, 0.3f, 2);
    Matrix<float> x(kRepeats, kCols);
    Matrix<float> d(kRepeats, kRows);
    for (size_t s = 0; s < kRepeats; s++) {
        std::copy_n(x1.row(0), kCols, x.row(s));
        std::copy_n(d1.row(0), kRows, d.row(s));
    }
    for (const double rate : {0.05, -0.02}) {
        auto learner = make_learner(sgd, kRows, kCols, kKey);
        UpdateCall call;
        call.rate = rate;
        learner->update(x.view(), d.view(), call);
        for (size_t r = 0; r < kRows; r++) {
            for (size_t c = 0; c < kCols; c++) {
                const double wanted = -rate * d1(0, r) * x1(0, c) * kRepeats;
                // n coincidences vary by at most their mean: std of the sum <= sqrt(|wanted| dw).
                const double bound = 5.5 * std::sqrt(std::abs(wanted) * 0.001) + 1e-4;
                EXPECT_NEAR(wanted, learner->weights()(r, c), bound) << r << ", " << c;
            }
        }
    }
}

// Alternating pulses end where both steps are equal: (s_up - s_down) / (s_up / b_max - s_down /
// b_min) for soft bounds.
TEST(SymmetricPoint, IsFoundByAlternatingPulses) {
    SoftBounds device;
    device.dw_min = 0.01;
    device.dw_min_std = 0.1;
    device.up_down = -0.3;
    device.dw_min_dtod = 0.1;
    PulsedArray array(device, 5, 7, kKey);
    const Matrix<float> found = find_symmetric_points(array, 4000, 0);
    const Matrix<float> up = array.table("dwmin_up");
    const Matrix<float> down = array.table("dwmin_down");
    const Matrix<float> high = array.table("max_bound");
    const Matrix<float> low = array.table("min_bound");
    for (size_t i = 0; i < found.values.size(); i++) {
        const double s_up = up.values[i];
        const double s_down = down.values[i];
        const double wanted = (s_up - s_down) / (s_up / high.values[i] - s_down / low.values[i]);
        // Random walk with restoring force; the mean of 2000 pulses spreads by less than 0.003.
        EXPECT_NEAR(wanted, found.values[i], 0.015) << i;
    }
    EXPECT_THROW(find_symmetric_points(array, 1, 0), InputError);
}

TEST(ProgrammingCost, IsThatOfThePaper) {
    const UpdateTimes times;
    EXPECT_NEAR(165.9, update_time_ns(times), 1e-9);
    EXPECT_NEAR(371.8, residual_update_time_ns(times), 1e-9);
    AnalogSgd sgd;
    sgd.update.desired_length = 32;
    EXPECT_NEAR(165.9, update_time_ns(sgd, 512, 512, 1, times), 1e-9);
    ResidualLearning rl;
    rl.update.desired_length = 32;
    rl.transfer_update.desired_length = 32;
    EXPECT_NEAR(371.8, update_time_ns(rl, 512, 512, 1, times), 1e-9);
    // One transfer in ten vectors.
    EXPECT_NEAR(165.9 + 205.9 / 10, update_time_ns(rl, 512, 512, 10, times), 1e-9);
    MixedPrecision mixed;
    mixed.update.desired_length = 32;
    EXPECT_NEAR(100 * 165.9 / 50, update_time_ns(mixed, 100, 20, 50, times), 1e-9);
}

TEST(ProgrammingCost, CountsPulsesOfEveryCell) {
    AnalogSgd sgd;
    sgd.device = test::ideal_device();
    auto learner = make_learner(sgd, 2, 3, kKey);
    EXPECT_THROW(endurance(learner->device(0)), InputError);
    learner->count_pulses(true);
    Matrix<float> x(10, 3);
    Matrix<float> d(10, 2);
    for (size_t s = 0; s < 10; s++) {
        x(s, 1) = 1;                     // only the middle column fires,
        d(s, 0) = s < 7 ? -1.0f : 1.0f;  // on row 0: 7 times up, 3 times down
    }
    UpdateCall call;
    call.rate = 0.001;  // one pulse a sample with certainty
    learner->update(x.view(), d.view(), call);
    EXPECT_EQ(10u, endurance(learner->device(0)).most);
    EXPECT_NEAR(10.0 / 6, endurance(learner->device(0)).mean, 1e-12);
    EXPECT_NEAR(7 * 2e-12 + 3 * 5e-12,
                programming_energy_j(learner->device(0), {.up_j = 2e-12, .down_j = 5e-12}),
                1e-20);
    EXPECT_NEAR(0.004, learner->weights()(0, 1), 1e-6);
}

}  // namespace
}  // namespace mho

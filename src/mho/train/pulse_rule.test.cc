// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/train/pulse_rule.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "mho/device/pulse_kernel.h"
#include "mho/util/error.h"

namespace mho {
namespace {

const TileKey kKey = make_tile_key(11, "pulse rule");

// Cells without spread, noise or near bounds: their weight counts pulses.
ConstantStep counting_cells(double dw_min = 0.001) {
    ConstantStep d;
    d.dw_min = dw_min;
    d.dw_min_dtod = d.dw_min_std = d.up_down_dtod = d.w_max_dtod = d.w_min_dtod = 0;
    d.w_max = 1000;
    d.w_min = -1000;
    return d;
}

TEST(PulseRule, ScalesFollowTheManagements) {
    PulseUpdate u;
    u.length_management = u.update_management = false;
    TrainScale t = train_scale(u, 0.01, 0.001, 1.0, 1.0);
    EXPECT_EQ(t.length, 31u);
    EXPECT_NEAR(t.row_scale, std::sqrt(0.01 / (0.001 * 31)), 1e-12);
    u.fixed_length = false;
    t = train_scale(u, 1.0, 0.001, 1.0, 1.0);
    EXPECT_EQ(t.length, 1000u);
    EXPECT_EQ(t.col_scale, 1.0);
    // Update management: both largest values get the same probability sqrt(k / BL).
    u = {};
    u.length_management = false;
    t = train_scale(u, 0.01, 0.001, 4.0, 0.1);
    EXPECT_NEAR(t.row_scale * 0.1, t.col_scale * 4.0, 1e-12);
    EXPECT_NEAR(t.row_scale * 0.1, std::sqrt(0.01 * 0.4 / 0.001 / 31), 1e-12);
    // Length management: ceil(k) slots.
    u = {};
    t = train_scale(u, 0.01, 0.001, 4.0, 0.1);
    EXPECT_EQ(t.length, 4u);
    // Too much for the longest train: columns reach exactly 1, rows exceed it.
    t = train_scale(u, 1.0, 0.001, 4.0, 0.1);
    EXPECT_EQ(t.length, 31u);
    EXPECT_NEAR(t.col_scale * 4.0, 1.0, 1e-12);
    EXPECT_NEAR(t.row_scale * 0.1, 400.0 / 31, 1e-9);
    EXPECT_EQ(train_scale(u, 0.0, 0.001, 1.0, 1.0).length, 0u);
    EXPECT_EQ(train_scale(u, 1.0, 0.001, 0.0, 1.0).length, 0u);
}

TEST(PulseRule, TheExpectedUpdateIsTheGradientStep) {
    const std::vector<float> x = {0.5f, -0.2f, 0.01f, 1.0f};
    const std::vector<float> d = {0.3f, -1.0f, 0.004f};
    const double rate = 0.01;
    for (const bool statistics : {false, true}) {
        for (const PulseType type : {PulseType::kStochasticCompressed, PulseType::kStochastic}) {
            PulseUpdate u;
            u.type = type;
            u.statistics_only = statistics;
            PulsedArray a(counting_cells(), 3, 4, kKey);
            const int repeats = 20000;
            std::vector<double> sum(12);
            std::vector<double> square(12);
            double covariance = 0;
            for (int k = 0; k < repeats; k++) {
                a.set_weights(Matrix<float>(3, 4).view(), 0);
                pulsed_update(a,
                              u,
                              ConstFloatView(x.data(), 1, 4),
                              ConstFloatView(d.data(), 1, 3),
                              rate,
                              {static_cast<uint64_t>(k), 5});
                for (size_t i = 0; i < 12; i++) {
                    const double w = a.weights()(i / 4, i % 4);
                    sum[i] += w;
                    square[i] += w * w;
                }
                // Two cells of the strongest row: they share its train.
                covariance += double{a.weights()(1, 0)} * a.weights()(1, 3);
            }
            for (size_t i = 0; i < 12; i++) {
                const double mean = sum[i] / repeats;
                // Cells that fire in every slot have no variance.
                const double variance = std::max(square[i] / repeats - mean * mean, 0.0);
                const double error = std::sqrt(variance / repeats) + 1e-8;
                EXPECT_NEAR(mean, -rate * d[i / 4] * x[i % 4], 5 * error) << i;
            }
            const double shared = covariance / repeats - sum[4] / repeats * (sum[7] / repeats);
            // The strongest row and column fire in every slot, so sharing adds no covariance.
            EXPECT_NEAR(shared, 0.0, 5e-7);
        }
    }
}

TEST(PulseRule, CellsOfALineShareItsTrain) {
    // Row probability 1/2, columns 1: both cells of the row get equal counts.
    const std::vector<float> x = {1.0f, 1.0f};
    const std::vector<float> d = {0.5f, 1.0f};
    PulseUpdate u;
    u.length_management = false;
    u.update_management = false;
    PulsedArray a(counting_cells(), 2, 2, kKey);
    const double rate = 0.001 * 31;  // A = B = 1
    int differ_in_row = 0;
    int differ_in_column = 0;
    for (uint64_t k = 0; k < 200; k++) {
        a.set_weights(Matrix<float>(2, 2).view(), 0);
        pulsed_update(
            a, u, ConstFloatView(x.data(), 1, 2), ConstFloatView(d.data(), 1, 2), rate, {k, 0});
        differ_in_row += a.weights()(0, 0) != a.weights()(0, 1) ? 1 : 0;
        differ_in_column += a.weights()(0, 0) != a.weights()(1, 0) ? 1 : 0;
    }
    EXPECT_EQ(differ_in_row, 0);
    EXPECT_GT(differ_in_column, 150);
    u.statistics_only = true;
    for (uint64_t k = 0; k < 200; k++) {
        a.set_weights(Matrix<float>(2, 2).view(), 0);
        pulsed_update(
            a, u, ConstFloatView(x.data(), 1, 2), ConstFloatView(d.data(), 1, 2), rate, {k, 0});
        differ_in_row += a.weights()(0, 0) != a.weights()(0, 1) ? 1 : 0;
    }
    EXPECT_GT(differ_in_row, 150);
}

TEST(PulseRule, DeterministicCountsAreRoundedProducts) {
    const std::vector<float> x = {0.5f, -0.25f, 1.0f};
    const std::vector<float> d = {1.0f, -0.5f};
    PulseUpdate u;
    u.update_management = u.length_management = false;
    u.desired_length = 10;
    const double rate = 0.001 * 10;  // A = B = 1
    for (const PulseType type : {PulseType::kMeanCount, PulseType::kDeterministicImplicit}) {
        u.type = type;
        PulsedArray a(counting_cells(), 2, 3, kKey);
        pulsed_update(
            a, u, ConstFloatView(x.data(), 1, 3), ConstFloatView(d.data(), 1, 2), rate, {0, 0});
        // Mean count: n_x = 5, 2, 10 and n_d = 10, 5, products over 10; implicit: 10 p_d p_x.
        // Halves are rounded to even in both.
        const std::vector<double> counts = {-5, 2, -10, 2, -1, 5};
        for (size_t i = 0; i < 6; i++) {
            EXPECT_NEAR(a.weights()(i / 3, i % 3), counts[i] * 0.001, 1e-6) << i;
        }
    }
}

TEST(PulseRule, FloatingPointTypesSkipTheDevice) {
    const std::vector<float> x = {1.0f, -2.0f};
    const std::vector<float> d = {0.5f};
    ConstantStep device = counting_cells();
    device.w_max = 0.3;
    device.w_min = -0.3;
    for (const PulseType type : {PulseType::kNone, PulseType::kNoneWithDevice}) {
        PulseUpdate u;
        u.type = type;
        PulsedArray a(device, 1, 2, kKey);
        pulsed_update(
            a, u, ConstFloatView(x.data(), 1, 2), ConstFloatView(d.data(), 1, 1), 0.5, {0, 0});
        EXPECT_NEAR(a.weights()(0, 0), -0.25, 1e-7);
        EXPECT_NEAR(a.weights()(0, 1), type == PulseType::kNone ? 0.5 : 0.3, 1e-7);
    }
}

// Bounds act after every vector: a batch is no sum.
TEST(PulseRule, FloatingPointUpdatesClipVectorByVector) {
    ConstantStep device = counting_cells();
    device.w_max = 0.6;
    device.w_min = -0.6;
    PulseUpdate u;
    u.type = PulseType::kNoneWithDevice;
    PulsedArray a(device, 1, 1, kKey);
    a.set_weights(Matrix<float>(1, 1, 0.5f).view(), 0);
    const std::vector<float> x = {1.0f, 1.0f};
    const std::vector<float> d = {-0.3f, 0.3f};
    pulsed_update(
        a, u, ConstFloatView(x.data(), 2, 1), ConstFloatView(d.data(), 2, 1), 1.0, {0, 0});
    EXPECT_NEAR(a.weights()(0, 0), 0.3, 1e-6);
}

TEST(PulseRule, ResolutionRoundsProbabilities) {
    const std::vector<float> x = {0.06f, 1.0f};
    const std::vector<float> d = {1.0f};
    PulseUpdate u;
    u.update_management = u.length_management = false;
    u.probability_steps = 5;  // 0.06 is rounded to 0
    PulsedArray a(counting_cells(), 1, 2, kKey);
    for (uint64_t k = 0; k < 50; k++) {
        pulsed_update(
            a, u, ConstFloatView(x.data(), 1, 2), ConstFloatView(d.data(), 1, 1), 0.031, {k, 0});
    }
    EXPECT_EQ(a.weights()(0, 0), 0.0f);
    EXPECT_NEAR(a.weights()(0, 1), -50 * 0.031, 1e-4);
    u.stochastic_rounding = true;
    for (uint64_t k = 0; k < 400; k++) {
        pulsed_update(
            a, u, ConstFloatView(x.data(), 1, 2), ConstFloatView(d.data(), 1, 1), 0.031, {k, 0});
    }
    // p = 1/5 with probability 0.3: mean 400 x 31 x 0.06 pulses, each rounding shared by a train.
    const double mean = 400 * 31 * 0.06 * 0.001;
    const double spread = 0.001 * std::sqrt(400 * (31 * 31 * 0.04 * 0.21 + 31 * 0.06));
    EXPECT_NEAR(-a.weights()(0, 0), mean, 5 * spread);
}

TEST(PulseRule, RefusesWhatCannotBeRight) {
    PulsedArray a(counting_cells(), 2, 3, kKey);
    const std::vector<float> x(6, 0.1f);
    const PulseUpdate u;
    const ConstFloatView good_x(x.data(), 1, 3);
    const ConstFloatView good_d(x.data(), 1, 2);
    EXPECT_THROW(pulsed_update(a, u, good_d, good_x, 0.1, {}), InputError);
    EXPECT_THROW(pulsed_update(a, u, good_x, ConstFloatView(x.data(), 2, 2), 0.1, {}), InputError);
    EXPECT_THROW(pulsed_update(a, u, good_x, good_d, NAN, {}), InputError);
    const std::vector<float> bad(6, NAN);
    EXPECT_THROW(pulsed_update(a, u, ConstFloatView(bad.data(), 1, 3), good_d, 0.1, {}),
                 InputError);
    PulseUpdate none;
    none.type = PulseType::kNone;
    EXPECT_THROW(make_pulse_trains(none, good_x, good_d, 0.1, 0.001, kKey, {}), InputError);
    PulseUpdate endless;
    endless.fixed_length = endless.length_management = false;
    EXPECT_THROW(make_pulse_trains(endless, good_x, good_d, 1e9, 1e-6, kKey, {}), InputError);
}

}  // namespace
}  // namespace mho

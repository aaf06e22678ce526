// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/train/line_pulses.h"

#include <gtest/gtest.h>

#include <cmath>

#include "mho/device/pulse_kernel.h"

namespace mho {
namespace {

constexpr TileKey kKey{61};
constexpr size_t kSize = 5;
constexpr size_t kSamples = 40000;
constexpr size_t kLine = 2;
constexpr size_t kLines = 4;

// Means, variances and the covariance of two cells of the line.
struct Moments {
    std::array<double, kSize> mean{};
    std::array<double, kSize> variance{};
    double covariance = 0;
};

Moments moments_of(const PulseTrains& trains, bool columns) {
    Moments m;
    std::vector<int32_t> counts(32);
    double product = 0;
    for (size_t s = 0; s < kSamples; s++) {
        std::array<double, kSize> n{};
        for (size_t i = 0; i < kSize; i++) {
            const size_t row = columns ? i : kLine;
            count_row(trains, s, row, 0, 0, counts);
            n[i] = trains.length[s] > 0 ? counts[columns ? kLine : i] : 0;
        }
        for (size_t i = 0; i < kSize; i++) {
            m.mean[i] += n[i] / kSamples;
            m.variance[i] += n[i] * n[i] / kSamples;
        }
        product += n[0] * n[1] / kSamples;
    }
    for (size_t i = 0; i < kSize; i++) {
        m.variance[i] -= m.mean[i] * m.mean[i];
    }
    m.covariance = product - m.mean[0] * m.mean[1];
    return m;
}

// Counts without trains and counts of trains, against L q p_i, the variance of L trials with chance
// q p_i, and the covariance that the common slots of the line leave: L p_0 p_1 q (1 - q).
void expect_the_law(const PulseUpdate& update, double rate, bool columns) {
    constexpr double kStep = 0.001;
    Matrix<float> values(kSamples, kSize);
    for (size_t s = 0; s < kSamples; s++) {
        const float of_sample[kSize] = {1.5f, -0.8f, 0.3f, 0.0f, -2.0f};
        std::copy_n(of_sample, kSize, values.row(s));
    }
    const TrainScale scale =
        columns ? train_scale(update, rate, kStep, 1, 2) : train_scale(update, rate, kStep, 2, 1);
    const double q = std::min(columns ? scale.col_scale : scale.row_scale, 1.0);
    const std::vector<uint32_t> lines(kSamples, kLine);
    PulseTrains without;
    ASSERT_TRUE(has_line_pulses(update));
    make_line_pulses(
        update, columns, lines, kLines, values.view(), rate, kStep, kKey, {0, 0}, without);
    Matrix<float> hot(kSamples, kLines);
    for (size_t s = 0; s < kSamples; s++) {
        hot(s, kLine) = 1.0f;
    }
    const PulseTrains with =
        columns ? make_pulse_trains(update, hot.view(), values.view(), rate, kStep, kKey, {1, 0})
                : make_pulse_trains(update, values.view(), hot.view(), rate, kStep, kKey, {1, 0});
    for (const PulseTrains* trains : {&std::as_const(without), &with}) {
        const Moments m = moments_of(*trains, columns);
        double p[kSize];
        for (size_t i = 0; i < kSize; i++) {
            const double v = values(0, i);
            p[i] = std::min(std::abs(v) * (columns ? scale.row_scale : scale.col_scale), 1.0);
            const double chance = p[i] * q;
            const double mean = (v > 0 ? -1 : 1) * (scale.length * chance);
            const double variance = scale.length * chance * (1 - chance);
            EXPECT_NEAR(mean, m.mean[i], 5.5 * std::sqrt(variance / kSamples) + 1e-6) << i;
            EXPECT_NEAR(variance, m.variance[i], 5.5 * std::sqrt(2.5 / kSamples) * variance + 1e-6)
                << i;
        }
        const double covariance = -(scale.length * p[0] * p[1] * q * (1 - q));
        EXPECT_NEAR(
            covariance,
            m.covariance,
            5.5 * std::sqrt((m.variance[0] * m.variance[1] + covariance * covariance) / kSamples) +
                1e-6);
    }
}

TEST(LinePulses, HaveTheLawOfTrains) {
    for (const bool columns : {true, false}) {
        SCOPED_TRACE(columns);
        PulseUpdate update;
        expect_the_law(update, 0.006, columns);   // the line fires in every slot
        expect_the_law(update, 0.0004, columns);  // one slot, not always
        expect_the_law(update, 0.1, columns);     // more than the longest train
        update.desired_length = 5;
        update.update_management = update.length_management = false;
        expect_the_law(update, 0.002, columns);  // both sides by chance
    }
}

TEST(LinePulses, AreForShortStochasticTrains) {
    PulseUpdate update;
    EXPECT_TRUE(has_line_pulses(update));
    update.desired_length = 65;
    EXPECT_FALSE(has_line_pulses(update));
    update = {};
    update.probability_steps = 100;
    EXPECT_FALSE(has_line_pulses(update));
    update = {};
    update.type = PulseType::kMeanCount;
    EXPECT_FALSE(has_line_pulses(update));
    update = {};
    update.fixed_length = update.length_management = false;
    EXPECT_FALSE(has_line_pulses(update));
}

// The noise of a sample does not depend on its batch.
TEST(LinePulses, DoNotDependOnTheCut) {
    Matrix<float> values(6, kSize);
    fill_normal(kKey, Stream::kTest, 0, 0, values.values);
    const std::vector<uint32_t> lines = {0, 1, 2, 3, 0, 1};
    const PulseUpdate update;
    PulseTrains whole;
    PulseTrains part;
    make_line_pulses(update, true, lines, kLines, values.view(), 0.02, 0.001, kKey, {4, 10}, whole);
    const ConstFloatView all = values.view();
    make_line_pulses(update,
                     true,
                     std::span(lines).subspan(2),
                     kLines,
                     all.row_block(2, 4),
                     0.02,
                     0.001,
                     kKey,
                     {4, 12},
                     part);
    for (size_t i = 0; i < part.row_values.size(); i++) {
        EXPECT_EQ(whole.row_values[i + 2 * kSize], part.row_values[i]);
    }
}

}  // namespace
}  // namespace mho

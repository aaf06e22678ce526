// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/noise_resistance.h"

#include <gtest/gtest.h>

#include <cmath>

#include "mho/random/stream.h"
#include "mho/util/error.h"

namespace mho {
namespace {

TEST(NoiseResistance, AverageOverLevelsOfTheNormalisedAccuracy) {
    const NoiseSweep sweep{0.8, {0.1, 0.2}, {{0.8, 0.4}, {0.4, 0.2}}};
    const std::vector<double> averages = average_normalised_accuracy(sweep);
    ASSERT_EQ(averages.size(), 2u);
    EXPECT_NEAR(averages[0], 75, 1e-9);
    EXPECT_NEAR(averages[1], 37.5, 1e-9);
    EXPECT_THROW(average_normalised_accuracy({0.8, {}, {}}), InputError);
    EXPECT_THROW(average_normalised_accuracy({0.8, {0.1}, {{}}}), InputError);
    EXPECT_THROW(average_normalised_accuracy({0.0, {0.1}, {{0.1}}}), InputError);
    EXPECT_THROW(average_normalised_accuracy({0.8, {0.1, 0.2}, {{0.1}, {0.1, 0.2}}}), InputError);
}

TEST(NoiseResistance, NormalisedAccuracyIsOneAtFloatAndZeroAtChance) {
    EXPECT_NEAR(normalised_accuracy(10, 10, 90), 100, 1e-12);
    EXPECT_NEAR(normalised_accuracy(90, 10, 90), 0, 1e-12);
    EXPECT_NEAR(normalised_accuracy(10.8, 10, 90), kIsoAccuracy, 1e-9);
    EXPECT_THROW(normalised_accuracy(1, 90, 90), InputError);
}

TEST(NoiseResistance, ToleranceIsWhereTheCurveCrosses) {
    const std::vector<double> x = {1, 2, 4}, y = {100, 99.5, 98.5};
    EXPECT_NEAR(tolerance(x, y, 99), 2 * std::sqrt(2.0), 1e-9);
    EXPECT_EQ(tolerance(x, y, 90), 4);
    EXPECT_EQ(tolerance(x, y, 100.5), 1);
    EXPECT_EQ(tolerance(x, y, 99.5), 2);
    EXPECT_THROW(tolerance(std::vector<double>{2, 1}, std::vector<double>{1, 1}, 0), InputError);
    EXPECT_THROW(tolerance({}, {}, 0), InputError);
}

TEST(NoiseResistance, LevelsAreFoundByBisection) {
    const auto square = [](double v) { return v * v; };
    EXPECT_NEAR(find_level(square, 0.04, 1e-3, 10, 1e-4), 0.2, 2e-5);
    EXPECT_NEAR(find_level(square, 1e9, 1e-3, 10, 1e-4), 10, 1e-3);
    EXPECT_NEAR(find_level(square, 0, 1e-3, 10, 1e-4), 1e-3, 1e-6);
    EXPECT_NEAR(find_level(square, 0.04, 1e-3, 10, 1e-300), 0.2, 1e-9);
    EXPECT_THROW(find_level(square, 1, 0, 10, 1e-4), InputError);
    EXPECT_THROW(find_level(square, 1, 1, 1, 1e-4), InputError);
}

TEST(NoiseResistance, KurtosisOfKnownLaws) {
    std::vector<float> xi(100000);
    fill_normal(make_tile_key(1, "kurtosis"), Stream::kTest, 0, 0, xi);
    // The deviation of the kurtosis of n normal numbers is sqrt(24 / n) = 0.0155.
    EXPECT_NEAR(excess_kurtosis(xi), 0, 0.08);
    fill_uniform(make_tile_key(1, "kurtosis"), Stream::kTest, 1, 0, xi);
    EXPECT_NEAR(excess_kurtosis(xi), -1.2, 0.02);
    const std::vector<float> four = {1, 1, 1, -3};
    EXPECT_NEAR(excess_kurtosis(four), 21.0 / 9 - 3, 1e-12);
    EXPECT_EQ(excess_kurtosis(std::vector<float>(5, 2.0f)), 0);
    EXPECT_THROW(excess_kurtosis(std::vector<float>(1)), InputError);
}

}  // namespace
}  // namespace mho

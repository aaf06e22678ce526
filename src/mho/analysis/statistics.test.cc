// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "mho/random/stream.h"
#include "mho/util/error.h"

namespace mho {
namespace {

TEST(statistics, mean_and_standard_deviation_of_known_numbers) {
    const std::vector<double> v = {2, 4, 4, 4, 5, 5, 7, 9};
    EXPECT_DOUBLE_EQ(mean(v), 5.0);
    EXPECT_NEAR(standard_deviation(v), std::sqrt(32.0 / 7.0), 1e-12);
    EXPECT_TRUE(std::isnan(mean({})));
    EXPECT_EQ(standard_deviation(std::vector<double>{3.0}), 0.0);
}

TEST(statistics, t_quantiles_match_published_tables) {
    EXPECT_NEAR(t_quantile_975(1), 12.706, 1e-3);
    EXPECT_NEAR(t_quantile_975(2), 4.303, 1e-3);
    EXPECT_NEAR(t_quantile_975(3), 3.182, 2e-2);
    EXPECT_NEAR(t_quantile_975(4), 2.776, 4e-3);
    EXPECT_NEAR(t_quantile_975(9), 2.262, 1e-3);
    EXPECT_NEAR(t_quantile_975(24), 2.064, 1e-3);
    EXPECT_NEAR(t_quantile_975(1000), 1.962, 1e-3);
}

// The share of 95 % intervals that hold the true mean, over 2000 samples of ten normals: binomial
// with standard deviation 0.0049, so 0.95 +- 0.025 fails by chance below 1e-6.
TEST(statistics, intervals_cover_the_true_mean) {
    std::vector<float> normals(20000);
    fill_normal(make_tile_key(1, "coverage"), Stream::kTest, 0, 0, normals);
    int covered = 0;
    for (size_t s = 0; s < 2000; s++) {
        std::vector<double> v(normals.begin() + static_cast<long>(10 * s),
                              normals.begin() + static_cast<long>(10 * s + 10));
        const Interval i = t_interval(v);
        covered += i.low <= 0 && 0 <= i.high ? 1 : 0;
    }
    EXPECT_NEAR(covered / 2000.0, 0.95, 0.025);
}

TEST(statistics, bootstrap_agrees_with_theory_for_many_values) {
    std::vector<float> normals(400);
    fill_normal(make_tile_key(2, "bootstrap"), Stream::kTest, 0, 0, normals);
    const std::vector<double> v(normals.begin(), normals.end());
    const Interval b = bootstrap_interval(v, 7);
    const Interval t = t_interval(v);
    EXPECT_NEAR(b.half_width(), t.half_width(), 0.1 * t.half_width());
    const Interval again = bootstrap_interval(v, 7);
    EXPECT_EQ(b.low, again.low);
    EXPECT_EQ(b.high, again.high);
}

TEST(statistics, pairs_cancel_what_they_share) {
    std::vector<double> a, b;
    for (int i = 0; i < 30; i++) {
        const double shared = std::sin(i * 12.9898) * 10;
        a.push_back(shared + 1.0 + 0.01 * std::sin(i * 3.1));
        b.push_back(shared);
    }
    const Interval d = paired_difference(a, b, 1);
    EXPECT_NEAR(d.mean, 1.0, 0.01);
    EXPECT_LT(d.half_width(), 0.005);
    EXPECT_GT(bootstrap_interval(a, 1).half_width(), 1.0);
    EXPECT_LT(d.low, d.mean);
    EXPECT_GT(d.high, d.mean);
    a.pop_back();
    EXPECT_THROW(paired_difference(a, b, 1), InputError);
}

}  // namespace
}  // namespace mho

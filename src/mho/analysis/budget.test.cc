// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/budget.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "mho/analysis/chip_score.h"
#include "mho/analysis/shapley.h"
#include "mho/analysis/test_support.h"

namespace mho {
namespace {

TEST(Shapley, AdditiveGamesAreExact) {
    const double worth[] = {1.0, -2.0, 0.5, 4.0};
    const ShapleyShares s = shapley_shares(4, 3, 2, 1, [&](uint32_t coalition, size_t sample) {
        double sum = static_cast<double>(sample);  // no player's
        for (size_t p = 0; p < 4; p++) {
            sum += (coalition >> p & 1U) != 0 ? worth[p] : 0.0;
        }
        return sum;
    });
    for (size_t p = 0; p < 4; p++) {
        EXPECT_NEAR(s.share[p].mean, worth[p], 1e-12);
        EXPECT_NEAR(s.share[p].half_width(), 0.0, 1e-12);
    }
    EXPECT_LE(s.evaluations, 3U * 8U);
}

// The glove game: players 0 and 1 have a left glove, player 2 a right one; a pair is worth 1.
// Shares 1/6, 1/6, 4/6.
TEST(Shapley, GloveGame) {
    const ShapleyShares s = shapley_shares(3, 1, 4000, 2, [](uint32_t c, size_t) {
        return (c & 4U) != 0 && (c & 3U) != 0 ? 1.0 : 0.0;
    });
    const double want[] = {1.0 / 6, 1.0 / 6, 4.0 / 6};
    double sum = 0.0;
    for (size_t p = 0; p < 3; p++) {
        // Standard deviation of a pair of orders is below 0.5, so 5.5 sigma of 2000 pairs.
        EXPECT_NEAR(s.share[p].mean, want[p], 5.5 * 0.5 / std::sqrt(2000.0));
        EXPECT_GT(s.share[p].half_width(), 0.0);
        EXPECT_LT(s.share[p].half_width(), 0.05);
        sum += s.share[p].mean;
    }
    EXPECT_NEAR(sum, 1.0, 1e-12);
    EXPECT_EQ(s.evaluations, 8U);
}

// Forwards and backwards together are exact for games of pairs: half of a pair's worth to each.
TEST(Shapley, PairwiseGamesAreExact) {
    const ShapleyShares s = shapley_shares(3, 1, 2, 3, [](uint32_t c, size_t) {
        return ((c & 3U) == 3U ? 2.0 : 0.0) + ((c & 6U) == 6U ? 6.0 : 0.0);
    });
    EXPECT_NEAR(s.share[0].mean, 1.0, 1e-12);
    EXPECT_NEAR(s.share[1].mean, 4.0, 1e-12);
    EXPECT_NEAR(s.share[2].mean, 3.0, 1e-12);
}

TEST(Shapley, Errors) {
    const auto none = [](uint32_t, size_t) { return 0.0; };
    EXPECT_THROW(shapley_shares(21, 1, 1, 1, none), InputError);
    EXPECT_THROW(shapley_shares(2, 0, 1, 1, none), InputError);
    EXPECT_THROW(shapley_shares(2, 1, 0, 1, none), InputError);
}

TEST(Budget, SharesSumToTheLossAndMatchTheAblation) {
    const RunFile run = tiny_run({"hardware.forward.output_noise.std=0.3"});
    const RunNetworks networks = matched_networks(run, pattern_images(64, 1));
    const LabelledImages test = pattern_images(40, 2);
    BudgetOptions options;
    options.images = 40;
    options.chips = 3;
    options.orders = 4;
    const Budget b = error_budget(networks.naive, networks.floating_point, test, run.seed, options);
    const std::vector<NonIdeality> sources = budget_sources(networks.naive);
    ASSERT_EQ(b.shares.size(), sources.size());
    EXPECT_LE(sources.size(), kMaxBudgetSources);
    double sum = 0.0;
    for (const BudgetShare& s : b.shares) {
        sum += s.shapley.mean;
    }
    EXPECT_NEAR(sum, b.none.mean - b.all.mean, 1e-12);
    EXPECT_LT(b.all.mean, b.none.mean);
    for (size_t i = 1; i < b.shares.size(); i++) {
        EXPECT_GE(b.shares[i - 1].shapley.mean, b.shares[i].shapley.mean);
    }
    EXPECT_EQ(b.shares[0].source, "output noise");
    // One off, computed the way the evaluation's ablation does.
    const ChipScore score(test, 40, run.seed, 1);
    const NonIdeality* noise = nullptr;
    for (const NonIdeality& s : sources) {
        noise = s.name == "output noise" ? &s : noise;
    }
    ASSERT_NE(noise, nullptr);
    double gained = 0.0;
    for (uint32_t chip = 0; chip < 3; chip++) {
        gained += (score.on_chip(without(networks.naive, *noise), chip, 86400.0, 1) -
                   score.on_chip(networks.naive, chip, 86400.0, 1)) /
                  3;
    }
    EXPECT_NEAR(b.shares[0].off.mean, gained, 1e-12);
    // Threads change nothing.
    options.threads = 3;
    EXPECT_EQ(error_budget(networks.naive, networks.floating_point, test, run.seed, options)
                  .shares[0]
                  .shapley.mean,
              b.shares[0].shapley.mean);
    EXPECT_THROW(error_budget(networks.floating_point, networks.floating_point, test, 1, options),
                 InputError);
}

TEST(Budget, ManySourcesAreJoined) {
    const RunFile run = tiny_run({"hardware.forward.voltage_offset.std=0.1",
                                  "hardware.forward.series_resistance.factor=0.1",
                                  "hardware.forward.output_nonlinearity.strength=0.1",
                                  "hardware.forward.dac.noise_std=0.1"});
    const RunNetworks networks = matched_networks(run, pattern_images(64, 1));
    EXPECT_GT(active_non_idealities(networks.naive).size(), kMaxBudgetSources);
    const std::vector<NonIdeality> sources = budget_sources(networks.naive);
    EXPECT_LE(sources.size(), kMaxBudgetSources);
    // Everything off is everything off: the exact network up to the mapping.
    ConductanceSwitches switches;
    const Network none = with_sources(networks.naive, sources, 0, switches);
    EXPECT_FALSE(switches.programming || switches.drift || switches.read);
    EXPECT_TRUE(active_non_idealities(none).size() == 3) << active_non_idealities(none).size();
}

}  // namespace
}  // namespace mho

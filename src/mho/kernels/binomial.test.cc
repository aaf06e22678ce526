// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/kernels/binomial.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "mho/random/stream.h"
#include "mho/util/simd_test_support.h"

namespace mho {
namespace {

const TileKey kKey = make_tile_key(4, "binomial");

TEST(Binomial, EqualsItsTwinOnEveryTarget) {
    for (const uint32_t trials : {1u, 2u, 5u, 31u, kMostBinomialTrials}) {
        constexpr size_t kSize = 333;
        std::vector<float> p(kSize);
        std::vector<float> u(kSize);
        std::vector<float> expected(kSize);
        std::vector<float> counts(kSize);
        fill_uniform(kKey, Stream::kTest, trials, 0, p);
        fill_uniform(kKey, Stream::kTest, 100 + trials, 0, u);
        p[3] = 0.0f;
        p[4] = 1.0f;
        p[5] = 1.5f;
        p[6] = 0.5f;
        u[7] = 1.0f - 0x1p-24f;  // the largest uniform number
        twin::draw_binomial(trials, p, u, expected);
        EXPECT_EQ(0.0f, expected[3]);
        EXPECT_EQ(static_cast<float>(trials), expected[4]);
        EXPECT_EQ(static_cast<float>(trials), expected[5]);
        for (const float n : expected) {
            EXPECT_TRUE(n >= 0 && n <= static_cast<float>(trials)) << n;
        }
        on_all_targets([&] {
            draw_binomial(trials, p, u, counts);
            EXPECT_EQ(expected, counts) << trials << " trials";
        });
    }
}

// Uniform numbers on a fine grid give the probabilities themselves: a count takes the share of the
// grid that its probability is, to the width of a step and the rounding of the sums.
TEST(Binomial, HasTheLawOfIndependentTrials) {
    constexpr size_t kGrid = 1 << 16;
    std::vector<float> u(kGrid);
    for (size_t i = 0; i < kGrid; i++) {
        u[i] = (static_cast<float>(i) + 0.5f) / kGrid;
    }
    std::vector<float> counts(kGrid);
    for (const uint32_t trials : {1u, 5u, 31u, kMostBinomialTrials}) {
        for (const double chance : {0.01, 0.2, 0.5, 0.55, 0.97}) {
            const std::vector<float> p(kGrid, static_cast<float>(chance));
            draw_binomial(trials, p, u, counts);
            std::vector<double> share(trials + 1);
            for (const float n : counts) {
                share[static_cast<size_t>(n)] += 1.0 / kGrid;
            }
            for (uint32_t n = 0; n <= trials; n++) {
                const double wanted =
                    std::exp(std::lgamma(trials + 1.0) - std::lgamma(n + 1.0) -
                             std::lgamma(trials - n + 1.0) + n * std::log(chance) +
                             (trials - n) * std::log1p(-chance));
                EXPECT_NEAR(wanted, share[n], 1.01 / kGrid + 1e-5)
                    << n << " of " << trials << " at " << chance;
            }
        }
    }
}

}  // namespace
}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/mvm_problem.h"

#include <gtest/gtest.h>

#include "mho/util/error.h"

namespace mho {
namespace {

TEST(MvmProblem, AnExactTileHasNoError) {
    const MvmProblem p = random_mvm_problem(1, "test", 0, 40, 8);
    TileConfig exact;
    exact.forward = perfect_mvm();
    Tile tile(exact, 40, 40, make_tile_key(1, "test"));
    tile.set_weights(p.mapped.weights.view());
    EXPECT_LT(mvm_error(tile, p, 0), 1e-5);
    EXPECT_THROW(random_mvm_problem(1, "test", 0, 0, 8), InputError);
    EXPECT_THROW(random_mvm_problem(1, "test", 0, 8, 0), InputError);
}

TEST(MvmProblem, EveryKnobReachesItsTarget) {
    const MvmProblem p = random_mvm_problem(1, "test", 0, 128, 32);
    const TileKey key = make_tile_key(1, "test tile");
    const TileConfig standard;
    for (const StrengthKnob& knob : strength_knobs()) {
        const double times = matched_strength(knob, standard, p, key, 1.0, 0.25);
        EXPECT_GT(times, 0.9) << knob.name;  // 12 % in the standard model
        TileConfig config;
        knob.set(config, times);
        Tile tile(config, 128, 128, key);
        tile.program(p.mapped.weights.view());
        tile.advance_to(1.0);
        // Knobs that cannot reach the target end at their largest value.
        if (times < 0.95 * knob.largest) {
            EXPECT_NEAR(mvm_error(tile, p, 0), 0.25, 0.02) << knob.name;
        }
    }
}

}  // namespace
}  // namespace mho

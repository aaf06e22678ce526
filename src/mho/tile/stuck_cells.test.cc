// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/tile/stuck_cells.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "mho/tile/tile.h"
#include "mho/util/error.h"

namespace mho {
namespace {

constexpr size_t kOutputs = 60;
constexpr size_t kInputs = 80;
constexpr double kCells = 2.0 * kOutputs * kInputs;

Matrix<float> half_weights() {
    // No target at zero or at the largest conductance, so that stuck cells stand out.
    Matrix<float> w(kOutputs, kInputs);
    fill_uniform({5}, Stream::kTest, 1, 0, w.values);
    for (float& v : w.values) {
        v = v < 0.5f ? -0.2f - 0.5f * v : 0.1f + 0.5f * v;
    }
    w(0, 0) = 1.0f;
    return w;
}

Tile tile_with(StuckCells stuck, uint64_t key = 9) {
    TileConfig c;
    c.stuck_cells = stuck;
    return Tile(c, kOutputs, kInputs, TileKey{key});
}

TEST(StuckCells, RateAndPersistence) {
    constexpr double kShare = 0.05;
    Tile with = tile_with({kShare, StuckAt::kRandom});
    Tile without = tile_with({});
    with.program(half_weights().view());
    without.program(half_weights().view());
    const auto first = with.conductances_us();
    const auto clean = without.conductances_us();
    std::vector<bool> stuck;
    double count = 0;
    double sum = 0;
    for (size_t s = 0; s < 2; s++) {
        for (size_t i = 0; i < clean[s].values.size(); i++) {
            const bool is_stuck = first[s].values[i] != clean[s].values[i];
            stuck.push_back(is_stuck);
            count += is_stuck ? 1 : 0;
            sum += is_stuck ? first[s].values[i] : 0.0f;
        }
    }
    // Five standard deviations: false alarm below 1e-6.
    EXPECT_NEAR(count, kShare * kCells, 5 * std::sqrt(kShare * (1 - kShare) * kCells));
    EXPECT_NEAR(sum / count, 12.5, 5 * 25.0 / std::sqrt(12 * count));
    // Later, and after another programming, the same cells at the same conductance; every other
    // cell is as without defects.
    for (const uint64_t programming : {uint64_t{0}, uint64_t{3}}) {
        with.program(half_weights().view(), programming);
        without.program(half_weights().view(), programming);
        with.advance_to(1e5, 7);
        without.advance_to(1e5, 7);
        const auto later = with.conductances_us();
        const auto clean_later = without.conductances_us();
        for (size_t k = 0; k < stuck.size(); k++) {
            const size_t s = k / (kOutputs * kInputs);
            const size_t i = k % (kOutputs * kInputs);
            ASSERT_EQ(later[s].values[i], stuck[k] ? first[s].values[i] : clean_later[s].values[i]);
        }
    }
    // Another tile has other defects.
    Tile other = tile_with({kShare, StuckAt::kRandom}, 10);
    other.program(half_weights().view());
    size_t shared = 0;
    for (size_t k = 0; k < kOutputs * kInputs; k++) {
        shared += stuck[k] && other.conductances_us()[0].values[k] == first[0].values[k] ? 1 : 0;
    }
    EXPECT_LT(shared, 3u);
}

TEST(StuckCells, ZeroAndLargest) {
    for (const StuckAt at : {StuckAt::kZero, StuckAt::kGMax}) {
        Tile tile = tile_with({1.0, at});
        tile.program(half_weights().view());
        tile.advance_to(100.0);
        for (const Matrix<float>& slice : tile.conductances_us()) {
            for (const float g : slice.values) {
                ASSERT_EQ(g, at == StuckAt::kZero ? 0.0f : 25.0f);
            }
        }
        // Both cells of each pair alike: no weight is left.
        for (const float w : tile.weights().values) {
            ASSERT_EQ(w, 0.0f);
        }
    }
}

TEST(StuckCells, SmallerSharesAreContainedInLargerOnes) {
    std::vector<float> few(20000, -1.0f);
    std::vector<float> many = few;
    apply_stuck_cells({0.01, StuckAt::kZero}, 0, 25, {3}, 100, few);
    apply_stuck_cells({0.10, StuckAt::kZero}, 0, 25, {3}, 100, many);
    for (size_t i = 0; i < few.size(); i++) {
        ASSERT_TRUE(few[i] != 0.0f || many[i] == 0.0f);
    }
    // However the cells are cut.
    std::vector<float> part(many.size() - 777, -1.0f);
    apply_stuck_cells({0.10, StuckAt::kZero}, 0, 25, {3}, 877, part);
    for (size_t i = 0; i < part.size(); i++) {
        ASSERT_EQ(part[i], many[i + 777]);
    }
}

TEST(StuckCells, SignedConductancesTakeBothSigns) {
    std::vector<float> cells(10000, 0.0f);
    apply_stuck_cells({1.0, StuckAt::kGMax}, -180, 180, {3}, 0, cells);
    double sum = 0;
    for (const float g : cells) {
        ASSERT_EQ(std::abs(g), 180.0f);
        sum += g / 180.0;
    }
    EXPECT_LT(std::abs(sum), 5 * 100.0);
    apply_stuck_cells({1.0, StuckAt::kRandom}, -180, 180, {3}, 0, cells);
    sum = 0;
    for (const float g : cells) {
        ASSERT_LE(std::abs(g), 180.0f);
        sum += g / 180.0;
    }
    EXPECT_LT(std::abs(sum), 5 * 100.0 / std::sqrt(3.0));
    EXPECT_THROW(apply_stuck_cells({1.5, StuckAt::kZero}, 0, 1, {3}, 0, cells), ConfigError);
}

TEST(StuckCells, ExactWeightsHaveNone) {
    Tile tile = tile_with({1.0, StuckAt::kZero});
    tile.set_weights(half_weights().view());
    EXPECT_EQ(tile.weights().values, half_weights().values);
}

}  // namespace
}  // namespace mho

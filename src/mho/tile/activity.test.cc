// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/tile/activity.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "mho/util/error.h"

namespace mho {
namespace {

TileGrid make_grid(const TileConfig& config, size_t outputs, size_t inputs, float range) {
    TileGrid grid(config, outputs, inputs, 1, "layer");
    grid.set_input_ranges(std::vector<float>(grid.input_pieces(), range));
    return grid;
}

Matrix<float> waves(size_t rows, size_t cols) {
    Matrix<float> x(rows, cols);
    for (size_t i = 0; i < x.values.size(); i++) {
        x.values[i] = std::sin(0.37f * static_cast<float>(i));
    }
    return x;
}

TEST(Activity, CodesOfAConverterByHand) {
    TileConfig config;
    config.forward.dac.steps = 14;  // codes -7 ... 7
    const TileGrid grid = make_grid(config, 2, 4, 2.0f);
    Matrix<float> x(2, 4);
    // Over the range of 2: 0.5 -> 1.75 -> 2; -1 -> -3.5 -> -4 (half to even); 3 is cut to 7; 0.
    x.values = {0.5f, -1.0f, 3.0f, 0.0f, 0.5f, 0.0f, -3.0f, 0.0f};
    Activity a;
    count_activity(grid, x.view(), a);
    EXPECT_EQ(a.vectors, 2u);
    EXPECT_EQ(a.full_scale, 7u);
    EXPECT_EQ(a.codes, (std::vector<uint64_t>{4, 4, 14, 0}));
    EXPECT_EQ(a.squares, (std::vector<uint64_t>{8, 16, 98, 0}));
    EXPECT_EQ(a.bits, (std::vector<uint64_t>{2, 1, 6, 0}));
    EXPECT_EQ(a.driven, (std::vector<uint64_t>{2, 1, 2, 0}));
}

TEST(Activity, ABatchCountsAsItsParts) {
    TileConfig config;
    config.mapping.max_inputs = 10;
    config.forward.noise_management.kind = NoiseManagementKind::kAbsMax;
    config.forward.noise_management.threshold = 0;
    const TileGrid grid = make_grid(config, 3, 25, 0.0f);
    const Matrix<float> x = waves(40, 25);
    Activity whole;
    count_activity(grid, x.view(), whole);
    for (const size_t cut : {size_t{1}, size_t{7}, size_t{39}}) {
        Activity first;
        Activity second;
        count_activity(grid, x.view().row_block(cut, 40 - cut), second);
        count_activity(grid, x.view().row_block(0, cut), first);
        second.add(first);
        EXPECT_EQ(second.vectors, whole.vectors);
        EXPECT_EQ(second.codes, whole.codes);
        EXPECT_EQ(second.squares, whole.squares);
        EXPECT_EQ(second.bits, whole.bits);
        EXPECT_EQ(second.driven, whole.driven);
    }
}

TEST(Activity, ScalingByTheLargestInputFillsTheConverter) {
    TileConfig config;
    config.forward.noise_management.kind = NoiseManagementKind::kAbsMax;
    config.forward.noise_management.threshold = 0;
    const TileGrid grid = make_grid(config, 1, 2, 0.0f);
    Matrix<float> x(2, 2);
    x.values = {0.001f, -0.0005f, 0.0f, 0.0f};
    Activity a;
    count_activity(grid, x.view(), a);
    EXPECT_EQ(a.codes, (std::vector<uint64_t>{127, 64}));
    EXPECT_EQ(a.driven, (std::vector<uint64_t>{1, 1}));
}

TEST(Activity, PassesOfACrossbar) {
    TileConfig config;
    config.crossbar.enabled = true;
    config.crossbar.input.bits = 4;  // codes -7 ... 7
    config.crossbar.input.slice_bits = 1;
    const TileGrid grid = make_grid(config, 2, 3, 1.0f);
    Matrix<float> x(1, 3);
    x.values = {1.0f, -5.0f / 7, 0.0f};  // 111, 101, 000
    Activity a;
    count_activity(grid, x.view(), a);
    const uint64_t full = a.full_scale;
    EXPECT_EQ(a.vectors, 1u);
    EXPECT_EQ(a.codes, (std::vector<uint64_t>{3 * full, 2 * full, 0}));
    EXPECT_EQ(a.driven, (std::vector<uint64_t>{3, 2, 0}));
    config.crossbar.input.slice_bits = 0;  // at once
    const TileGrid whole = make_grid(config, 2, 3, 1.0f);
    Activity b;
    count_activity(whole, x.view(), b);
    EXPECT_EQ(b.driven, (std::vector<uint64_t>{1, 1, 0}));
    EXPECT_NEAR(static_cast<double>(b.codes[1]), 5.0 / 7 * static_cast<double>(full), 1.0);
}

TEST(Activity, NothingInNothingCounted) {
    const TileGrid grid = make_grid({}, 2, 3, 1.0f);
    const Matrix<float> x(5, 3);
    Activity a;
    count_activity(grid, x.view(), a);
    EXPECT_EQ(a.vectors, 5u);
    for (const auto* counts : {&a.codes, &a.squares, &a.bits, &a.driven}) {
        EXPECT_TRUE(std::all_of(counts->begin(), counts->end(), [](auto n) { return n == 0; }));
    }
}

TEST(Activity, OtherMatricesAreRefused) {
    const TileGrid grid = make_grid({}, 2, 3, 1.0f);
    Activity a;
    count_activity(grid, waves(2, 3).view(), a);
    EXPECT_THROW(count_activity(grid, waves(2, 4).view(), a), InputError);
    Activity b;
    count_activity(make_grid({}, 2, 4, 1.0f), waves(2, 4).view(), b);
    EXPECT_THROW(a.add(b), InputError);
    a.add(Activity{});
    EXPECT_EQ(a.vectors, 2u);
}

TEST(Activity, ConductancesOfALineAreThoseOfItsDevices) {
    TileConfig config;
    config.mapping.max_inputs = 2;
    config.mapping.max_outputs = 1;
    config.converter = SinglePair{.g_max_us = 20, .g_min_us = 1};
    TileGrid grid(config, 2, 3, 1, "layer");
    Matrix<float> w(2, 3);
    w.values = {1.0f, -0.5f, 1.0f, -1.0f, 1.0f, 0.0f};
    grid.set_weights(w.view());
    const std::vector<double> g = line_conductances_us(grid);
    // Tile by tile the largest weight is 20 uS; the other device of every pair is at 1 uS.
    ASSERT_EQ(g.size(), 3u);
    EXPECT_NEAR(g[0], (20 + 1) + (20 + 1), 1e-4);
    EXPECT_NEAR(g[1], (10.5 + 1) + (20 + 1), 1e-4);
    EXPECT_NEAR(g[2], (20 + 1) + (1 + 1), 1e-4);
}

}  // namespace
}  // namespace mho

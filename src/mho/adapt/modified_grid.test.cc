// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/adapt/modified_grid.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "mho/adapt/clip_remap.h"
#include "mho/kernels/rows.h"
#include "mho/random/stream.h"
#include "mho/util/error.h"

namespace mho {
namespace {

// Two pieces of outputs and two of inputs, both uneven.
constexpr size_t kOutputs = 45;
constexpr size_t kInputs = 70;

struct Laws {
    TileConfig tiles;
    WeightModifier modifier;
    WeightClip clip;
    WeightRemap remap;
};

Laws small_tiles() {
    Laws h;
    h.tiles.mapping.max_outputs = 32;
    h.tiles.mapping.max_inputs = 40;
    h.modifier.kind = ModifierKind::kAddNormal;
    h.modifier.std = 0.1;
    h.clip.kind = ClipKind::kLayerGaussian;
    h.clip.sigma = 1.5;
    h.clip.value = 0;
    h.remap.kind = RemapKind::kNone;
    return h;
}

TileGrid grid_of(const Laws& h) {
    return {h.tiles, kOutputs, kInputs, 3, "layer"};
}

Matrix<float> some_weights() {
    Matrix<float> w(kOutputs, kInputs);
    fill_normal(make_tile_key(5, "weights"), Stream::kTest, 0, 0, w.values);
    return w;
}

FloatView tile_of(const TileGrid& grid, Matrix<float>& w, size_t r, size_t c) {
    const auto& rows = grid.output_offsets();
    const auto& cols = grid.input_offsets();
    return w.view()
        .row_block(rows[r], rows[r + 1] - rows[r])
        .column_block(cols[c], cols[c + 1] - cols[c]);
}

struct Clipped {
    Matrix<float> weights = some_weights();
    Matrix<float> mapping{2, kOutputs, 2.0f};
    Matrix<float> learned{2, kOutputs, 3.0f};
    std::vector<float> largest;

    Clipped(const TileGrid& grid, const Laws& h)
        : largest(clip_and_remap(
              grid, h.clip, h.remap, weights.view(), mapping.view(), learned.view())) {}
};

TEST(ModifiedGrid, EveryTileIsClippedAndItsLargestWeightKnown) {
    const Laws h = small_tiles();
    const TileGrid grid = grid_of(h);
    Clipped all(grid, h);
    ASSERT_EQ(grid.output_pieces(), 2U);
    ASSERT_EQ(grid.input_pieces(), 2U);
    ASSERT_EQ(all.largest.size(), 4U);
    Matrix<float> plain = some_weights();
    for (size_t r = 0; r < 2; r++) {
        for (size_t c = 0; c < 2; c++) {
            const FloatView tile = tile_of(grid, plain, r, c);
            clip_weights(h.clip, tile);
            float largest = 0;
            for (size_t i = 0; i < tile.rows; i++) {
                const FloatView got = tile_of(grid, all.weights, r, c);
                EXPECT_TRUE(std::equal(tile.row(i), tile.row(i) + tile.cols, got.row(i)));
                largest = std::max(largest, row_abs_max(tile.row(i), tile.cols));
            }
            EXPECT_EQ(all.largest[2 * r + c], largest);
        }
    }
    EXPECT_EQ(all.mapping(0, 0), 2.0f);
    EXPECT_EQ(all.learned(0, 0), 3.0f);
}

TEST(ModifiedGrid, KnownLargestWeightsChangeNothing) {
    for (const bool keep_last : {false, true}) {
        Laws h = small_tiles();
        h.modifier.keep_last_column = keep_last;
        TileGrid grid = grid_of(h);
        const Clipped all(grid, h);
        Matrix<float> looked_for(kOutputs, kInputs);
        Matrix<float> known(kOutputs, kInputs);
        set_modified_weights(grid, h.modifier, all.weights.view(), looked_for.view(), 9);
        set_modified_weights(grid, h.modifier, all.weights.view(), known.view(), 9, all.largest);
        EXPECT_EQ(looked_for.values, known.values);
        EXPECT_NE(known.values, all.weights.values);
    }
}

TEST(ModifiedGrid, WhereNothingIsKnownWeightsAreLookedThrough) {
    Laws h = small_tiles();
    h.remap.kind = RemapKind::kLayer;
    TileGrid grid = grid_of(h);
    const Clipped remapped(grid, h);
    EXPECT_TRUE(std::isnan(remapped.largest[0]));
    EXPECT_GT(remapped.mapping(0, 0), 7.0f);  // 2 * 3 * the largest weight, which is about 1.5
    EXPECT_EQ(remapped.learned(0, 0), 1.0f);

    h.remap.kind = RemapKind::kNone;
    h.clip.kind = ClipKind::kNone;
    Clipped free(grid, h);
    EXPECT_TRUE(std::isnan(free.largest[3]));
    Matrix<float> modified(kOutputs, kInputs);
    set_modified_weights(grid, h.modifier, free.weights.view(), modified.view(), 9, free.largest);
    free.weights(3, 4) = std::numeric_limits<float>::infinity();
    EXPECT_THROW(set_modified_weights(
                     grid, h.modifier, free.weights.view(), modified.view(), 9, free.largest),
                 InputError);

    // A weight that is not a number stays one, and is refused afterwards.
    Clipped broken(grid, small_tiles());
    broken.weights(3, 4) = std::numeric_limits<float>::quiet_NaN();
    const WeightClip fixed{.kind = ClipKind::kFixed, .value = 0.5};
    const std::vector<float> largest = clip_and_remap(
        grid, fixed, h.remap, broken.weights.view(), broken.mapping.view(), broken.learned.view());
    EXPECT_TRUE(std::isnan(largest[0]));
    EXPECT_THROW(
        set_modified_weights(grid, h.modifier, broken.weights.view(), modified.view(), 9, largest),
        InputError);
}

}  // namespace
}  // namespace mho

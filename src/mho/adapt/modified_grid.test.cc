// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/adapt/modified_grid.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "mho/adapt/clip_remap.h"
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

struct Clipped {
    Matrix<float> weights = some_weights();
    Matrix<float> mapping{2, kOutputs, 2.0f};
    Matrix<float> learned{2, kOutputs, 3.0f};

    Clipped(const TileGrid& grid, const Laws& h) {
        clip_and_remap(grid, h.clip, h.remap, weights.view(), mapping.view(), learned.view());
    }
};

TEST(ModifiedGrid, EveryTileIsClipped) {
    const Laws h = small_tiles();
    const TileGrid grid = grid_of(h);
    Clipped all(grid, h);
    ASSERT_EQ(grid.output_pieces(), 2U);
    ASSERT_EQ(grid.input_pieces(), 2U);
    Matrix<float> plain = some_weights();
    for (size_t r = 0; r < 2; r++) {
        for (size_t c = 0; c < 2; c++) {
            clip_weights(h.clip, grid.part(plain.view(), r, c));
        }
    }
    EXPECT_EQ(all.weights.values, plain.values);
    EXPECT_NE(all.weights.values, some_weights().values);
    EXPECT_EQ(all.mapping(0, 0), 2.0f);
    EXPECT_EQ(all.learned(0, 0), 3.0f);
}

TEST(ModifiedGrid, EveryTileIsRemapped) {
    Laws h = small_tiles();
    h.remap.kind = RemapKind::kLayer;
    const TileGrid grid = grid_of(h);
    const Clipped remapped(grid, h);
    EXPECT_GT(remapped.mapping(0, 0), 7.0f);  // 2 * 3 * the largest weight, which is about 1.5
    EXPECT_EQ(remapped.learned(0, 0), 1.0f);
}

TEST(ModifiedGrid, EveryTileHasTheNoiseOfItsLargestWeight) {
    const Laws h = small_tiles();
    TileGrid grid = grid_of(h);
    Clipped all(grid, h);
    Matrix<float> modified(kOutputs, kInputs);
    set_modified_weights(grid, h.modifier, all.weights.view(), modified.view(), 9);
    EXPECT_NE(modified.values, all.weights.values);
    Matrix<float> one_by_one(kOutputs, kInputs);
    for (size_t r = 0; r < 2; r++) {
        for (size_t c = 0; c < 2; c++) {
            modify_weights(h.modifier,
                           grid.part(all.weights.view(), r, c),
                           grid.part(one_by_one.view(), r, c),
                           grid.tile(r, c).key(),
                           9);
        }
    }
    EXPECT_EQ(modified.values, one_by_one.values);
}

TEST(ModifiedGrid, WeightsMustBeFinite) {
    Laws h = small_tiles();
    h.clip.kind = ClipKind::kNone;
    TileGrid grid = grid_of(h);
    Matrix<float> modified(kOutputs, kInputs);
    Clipped free(grid, h);
    set_modified_weights(grid, h.modifier, free.weights.view(), modified.view(), 9);
    free.weights(3, 4) = std::numeric_limits<float>::infinity();
    EXPECT_THROW(set_modified_weights(grid, h.modifier, free.weights.view(), modified.view(), 9),
                 InputError);

    // A weight that is not a number passes the clip as one, and is refused afterwards.
    Clipped broken(grid, h);
    broken.weights(3, 4) = std::numeric_limits<float>::quiet_NaN();
    h.clip = {.kind = ClipKind::kFixed, .value = 0.5};
    clip_and_remap(
        grid, h.clip, h.remap, broken.weights.view(), broken.mapping.view(), broken.learned.view());
    EXPECT_TRUE(std::isnan(broken.weights(3, 4)));
    EXPECT_THROW(set_modified_weights(grid, h.modifier, broken.weights.view(), modified.view(), 9),
                 InputError);
}

}  // namespace
}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/adapt/outside_gradients.h"

#include <gtest/gtest.h>

#include <cmath>

#include "mho/random/stream.h"
#include "mho/util/error.h"

namespace mho {
namespace {

TEST(OutsideGradients, AreThoseOfTheWholeProduct) {
    Matrix<float> x(5, 37), weights(19, 37), errors(5, 19);
    fill_normal({3}, Stream::kTest, 0, 0, x.values);
    fill_normal({3}, Stream::kTest, 1, 0, weights.values);
    fill_normal({3}, Stream::kTest, 2, 0, errors.values);
    const float range = 1.5f;
    size_t expected = 0;
    for (const float v : x.values) {
        expected += std::fabs(v) >= range ? 1 : 0;
    }
    std::vector<uint32_t> found;
    EXPECT_FALSE(few_outside(x.view(), range, expected - 1, found));
    ASSERT_TRUE(few_outside(x.view(), range, expected, found));
    ASSERT_EQ(found.size(), expected);
    AlignedFloats columns;
    std::vector<float> gradients;
    some_input_gradients(found, 37, {weights.view()}, errors.view(), columns, gradients);
    ASSERT_EQ(gradients.size(), expected);
    for (size_t i = 0; i < found.size(); i++) {
        const size_t b = found[i] / 37;
        const size_t j = found[i] % 37;
        EXPECT_GE(std::fabs(x(b, j)), range);
        double sum = 0;
        double size = 0;
        for (size_t o = 0; o < 19; o++) {
            sum += static_cast<double>(errors(b, o)) * static_cast<double>(weights(o, j));
            size +=
                std::fabs(static_cast<double>(errors(b, o)) * static_cast<double>(weights(o, j)));
        }
        // One rounding per product and one of the result.
        EXPECT_NEAR(gradients[i], sum, (size + std::fabs(sum)) * 0x1p-24);
    }
    EXPECT_THROW(
        some_input_gradients(found, 36, {weights.view()}, errors.view(), columns, gradients),
        InputError);
}

TEST(OutsideGradients, ColumnsOfTilesGiveTheSameBits) {
    TileConfig config;
    config.mapping.max_outputs = 40;  // two tiles, of 39 and 38 outputs
    config.mapping.max_inputs = 29;   // two pieces
    TileGrid grid(config, 77, 57, 1, "layer");
    ASSERT_EQ(grid.output_pieces(), 2u);
    ASSERT_EQ(grid.input_pieces(), 2u);
    Matrix<float> weights(77, 57), errors(6, 77);
    fill_normal({4}, Stream::kTest, 0, 0, weights.values);
    fill_normal({4}, Stream::kTest, 1, 0, errors.values);
    grid.set_weights(weights.view());
    for (size_t c = 0; c < 2; c++) {
        const size_t first = grid.input_offsets()[c];
        const size_t width = grid.input_offsets()[c + 1] - first;
        const PieceWeights rows{weights.view().column_block(first, width)};
        const std::vector<uint32_t> elements{
            0, 5, static_cast<uint32_t>(width + 5), static_cast<uint32_t>(4 * width + width - 1)};
        AlignedFloats columns;
        std::vector<float> from_rows, from_tiles;
        some_input_gradients(elements, width, rows, errors.view(), columns, from_rows);
        some_input_gradients(
            elements, width, {rows.rows, &grid, c}, errors.view(), columns, from_tiles);
        EXPECT_EQ(from_rows, from_tiles);
    }
}

}  // namespace
}  // namespace mho

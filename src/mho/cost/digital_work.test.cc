// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cost/digital_work.h"

#include <gtest/gtest.h>

namespace mho::cost {
namespace {

TEST(DigitalWork, MatricesCountOnlyWhereTheyAreDigital) {
    Conv2dOp conv;
    conv.in_channels = 2;
    conv.out_channels = 4;
    conv.padding = {1, 1};
    DigitalWork w = digital_work(conv, {{2, 5, 5}}, {4, 5, 5}, false);
    EXPECT_EQ(w.products, 25 * 4 * 18);
    EXPECT_EQ(w.sums, 25 * 4 * 18);
    EXPECT_EQ(digital_work(conv, {{2, 5, 5}}, {4, 5, 5}, true).operations(), 0);
}

TEST(DigitalWork, ElementWiseLayers) {
    EXPECT_EQ(digital_work(ActivationOp{}, {{7}}, {7}, false).comparisons, 7);
    EXPECT_EQ(digital_work(ActivationOp{Activation::kTanh}, {{7}}, {7}, false).operations(), 14);
    EXPECT_EQ(digital_work(AddOp{}, {{7}, {7}, {7}}, {7}, false).sums, 14);
    EXPECT_EQ(digital_work(Pool2dOp{}, {{1, 4, 4}}, {1, 2, 2}, false).comparisons, 12);
    EXPECT_EQ(digital_work(Pool2dOp{true}, {{1, 4, 4}}, {1, 2, 2}, false).operations(), 16);
    EXPECT_EQ(digital_work(GlobalAveragePoolOp{}, {{3, 4, 4}}, {3}, false).sums, 45);
    EXPECT_EQ(digital_work(FlattenOp{}, {{3, 4, 4}}, {48}, false).operations(), 0);
}

TEST(DigitalWork, AttentionGrowsWithPairsOfPositions) {
    SelfAttentionOp op;
    op.features = 8;
    op.heads = 2;
    op.causal = false;
    const std::vector<Shape> inputs = {{6, 8}, {6, 8}, {6, 8}};
    // 36 pairs: 2 x 8 products of the matrices, 2 heads x 2 products of the softmax.
    EXPECT_EQ(digital_work(op, inputs, {6, 8}, false).products, 36 * (16 + 4));
    op.causal = true;
    EXPECT_EQ(digital_work(op, inputs, {6, 8}, false).products, 21 * (16 + 4));
}

TEST(DigitalWork, RecurrentLayersKeepTheirGates) {
    RecurrentOp op;
    op.hidden = 10;
    EXPECT_EQ(digital_work(op, {{4, 40}}, {4, 10}, true).products, 40 * 8);
    EXPECT_EQ(digital_work(op, {{4, 40}}, {4, 10}, false).products, 40 * 8 + 4 * 400);
}

}  // namespace
}  // namespace mho::cost

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cost/gates.h"

#include <gtest/gtest.h>

namespace mho::cost {
namespace {

TEST(Gates, NumbersOfZigzagImc) {
    EXPECT_DOUBLE_EQ(nand2().area_um2, 0.614);
    EXPECT_DOUBLE_EQ(nand2().delay_ps, 47.8);
    EXPECT_DOUBLE_EQ(nand2().capacitance_ff, 0.7);
    EXPECT_NEAR(xor2().area_um2, 0.614 * 2.4, 1e-12);
    EXPECT_NEAR(xor2().capacitance_ff, 1.05, 1e-12);
    EXPECT_NEAR(flip_flop().area_um2, 3.684, 1e-12);
    EXPECT_NEAR(flip_flop().capacitance_ff, 2.1, 1e-12);
    EXPECT_NEAR(full_adder().area_um2, 0.614 * (3 + 4.8), 1e-12);
    EXPECT_NEAR(full_adder().capacitance_ff, 0.7 * (3 + 3), 1e-12);
    // 4.2 fF at 0.9 V.
    EXPECT_NEAR(full_adder().energy_pj(0.9), 4.2 * 0.81e-3, 1e-12);
}

TEST(Gates, AdderTrees) {
    // Two words of b bits take an adder of b bits and one more bit of carry.
    EXPECT_DOUBLE_EQ(adder_tree_full_adders(8, 2), 8 + 2 * 0.5);
    EXPECT_DOUBLE_EQ(adder_tree_full_adders(4, 64), 4 * 63 + 64 * 5.5);
    EXPECT_EQ(adder_tree_full_adders(8, 1), 0);
    EXPECT_DOUBLE_EQ(adder(16).area_um2, 16 * full_adder().area_um2);
    EXPECT_DOUBLE_EQ(bit_line_energy_pj(100, 4, 0.9), 100 * 0.81 * 4e-3);
}

}  // namespace
}  // namespace mho::cost

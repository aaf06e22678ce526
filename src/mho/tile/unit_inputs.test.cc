// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/tile/unit_inputs.h"

#include <gtest/gtest.h>

namespace mho {
namespace {

TEST(UnitInputs, ByTheRange) {
    Matrix<float> x(2, 3);
    x.values = {1, -4, 0.5f, 0, 8, -1};
    const UnitInputs u = unit_inputs(x.view(), 0.5f);
    EXPECT_EQ(u.v.values, (std::vector<float>{0.5f, -1, 0.25f, 0, 1, -0.5f}));
    EXPECT_EQ(u.scale, (std::vector<float>{1, 1}));
    EXPECT_EQ(unit_inputs(x.view(), 0.5f, 0.0f).v.values,
              (std::vector<float>{0.5f, 0, 0.25f, 0, 1, 0}));
}

TEST(UnitInputs, ByTheLargestOfEachRow) {
    Matrix<float> x(3, 2);
    x.values = {1, -4, 0, 0, 1e-42f, 0};  // the last is too small to be inverted
    const UnitInputs u = unit_inputs(x.view(), 0.0f);
    EXPECT_EQ(u.v.values, (std::vector<float>{0.25f, -1, 0, 0, 0, 0}));
    EXPECT_EQ(u.scale, (std::vector<float>{4, 0, 0}));
}

}  // namespace
}  // namespace mho

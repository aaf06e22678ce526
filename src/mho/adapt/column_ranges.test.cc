// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/adapt/column_ranges.h"

#include <gtest/gtest.h>

#include <cmath>

#include "mho/random/stream.h"
#include "mho/util/error.h"

namespace mho {
namespace {

TEST(ColumnRanges, ShrinkSaturatingColumnsAndGrowTheOthers) {
    Matrix<float> w(4, 2);
    w.values = {0.5f, -0.25f, 1.0f, 0.5f, 0.0f, 0.0f, 0.1f, 0.05f};
    std::vector<float> scales = {2, 3, 4, 5};
    const std::vector<double> expected = {1, 20, 0, 0.5};
    const std::vector<float> f = rescale_columns(w.view(), scales, expected, 10.0);
    EXPECT_EQ(f, (std::vector<float>{2, 0.5f, 1, 10}));  // device, ADC, nothing, device
    EXPECT_FLOAT_EQ(w(0, 0), 1);
    EXPECT_FLOAT_EQ(w(1, 0), 0.5f);
    EXPECT_FLOAT_EQ(w(3, 1), 0.5f);
    EXPECT_FLOAT_EQ(scales[1], 6);
    const std::vector<double> bad = {1, -1, 0, 0};
    EXPECT_THROW(rescale_columns(w.view(), scales, bad, 10.0), InputError);
    EXPECT_THROW(rescale_columns(w.view(), scales, expected, 0.0), InputError);
}

TEST(ColumnRanges, LeaveTheExactOutputUnchanged) {
    Matrix<float> w(20, 30);
    fill_normal(make_tile_key(1, "t"), Stream::kTest, 0, 0, w.values);
    std::vector<float> scales(20, 0.7f);
    std::vector<double> expected(20);
    for (size_t j = 0; j < 20; j++) {
        expected[j] = 1.0 + static_cast<double>(j);
    }
    const Matrix<float> before = w;
    rescale_columns(w.view(), scales, expected, 5.0);
    for (size_t j = 0; j < 20; j++) {
        for (size_t i = 0; i < 30; i++) {
            const double was = double{before(j, i)} * 0.7;
            EXPECT_NEAR(double{w(j, i)} * scales[j], was, 1e-6 * std::abs(was));
        }
    }
}

}  // namespace
}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/util/matrix.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "mho/util/error.h"

namespace mho {
namespace {

TEST(MatrixView, AddressesRowsAndBlocks) {
    std::vector<float> numbers(20);
    for (size_t i = 0; i < numbers.size(); i++) {
        numbers[i] = static_cast<float>(i);
    }
    const FloatView view(numbers.data(), 4, 3, 5);
    EXPECT_EQ(view(2, 1), 11.0f);
    EXPECT_EQ(view.row(3)[2], 17.0f);
    EXPECT_EQ(view.row_block(1, 2)(1, 0), 10.0f);
    EXPECT_EQ(view.row_block(1, 2).rows, 2u);
    EXPECT_EQ(view.column_block(1, 2)(1, 1), 7.0f);
    EXPECT_EQ(view.column_block(1, 2).cols, 2u);
    EXPECT_EQ(view.row_span(1).size(), 3u);
    const ConstFloatView constant = view;
    EXPECT_EQ(constant(3, 2), 17.0f);
}

TEST(Matrix, OwnsAndFills) {
    Matrix<float> m(2, 3, 1.5f);
    m(1, 2) = 4.0f;
    EXPECT_EQ(m.values, (std::vector<float>{1.5f, 1.5f, 1.5f, 1.5f, 1.5f, 4.0f}));
    EXPECT_EQ(m.view()(1, 2), 4.0f);
    const Matrix<float>& constant = m;
    EXPECT_EQ(constant.view().row(1)[2], 4.0f);
}

TEST(RequireFinite, AcceptsEveryFiniteNumber) {
    Matrix<float> m(1, 4);
    m.values = {
        0.0f, -0.0f, std::numeric_limits<float>::max(), std::numeric_limits<float>::denorm_min()};
    EXPECT_NO_THROW(require_finite(m.view(), "numbers"));
    EXPECT_NO_THROW(require_finite({nullptr, 0, 0}, "nothing"));
}

TEST(RequireFinite, NamesTheFirstBadElement) {
    const float bad[] = {std::numeric_limits<float>::quiet_NaN(),
                         std::numeric_limits<float>::infinity(),
                         -std::numeric_limits<float>::infinity()};
    for (const float value : bad) {
        Matrix<float> m(3, 17);
        m(1, 16) = value;
        m(2, 0) = value;
        try {
            require_finite(m.view(), "inputs");
            FAIL() << "no exception";
        } catch (const InputError& e) {
            EXPECT_NE(std::string(e.what()).find("inputs: element [1][16]"), std::string::npos)
                << e.what();
        }
    }
}

TEST(RequireFinite, IgnoresWhatLiesBetweenRows) {
    std::vector<float> numbers(8, 0.0f);
    numbers[3] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_NO_THROW(require_finite({numbers.data(), 2, 3, 4}, "inputs"));
}

}  // namespace
}  // namespace mho

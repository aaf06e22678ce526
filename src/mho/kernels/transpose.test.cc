// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/kernels/transpose.h"

#include <gtest/gtest.h>

#include <utility>

#include "mho/random/stream.h"
#include "mho/util/error.h"
#include "mho/util/simd_test_support.h"

namespace mho {
namespace {

TEST(Transpose, PutsEveryNumberInItsPlaceAndTouchesNothingElse) {
    on_all_targets([] {
        for (const size_t rows : {size_t{0}, size_t{1}, size_t{16}, size_t{37}}) {
            for (const size_t cols : {size_t{0}, size_t{3}, size_t{4}, size_t{21}}) {
                // Parts of larger matrices.
                Matrix<float> from(rows + 1, cols + 5), to(cols + 1, rows + 3, 99.0f);
                fill_normal({1}, Stream::kTest, 0, 0, from.values);
                const ConstFloatView part =
                    std::as_const(from).view().row_block(0, rows).column_block(2, cols);
                transpose(part, to.view().row_block(0, cols).column_block(1, rows));
                for (size_t c = 0; c < cols; c++) {
                    for (size_t r = 0; r < rows; r++) {
                        EXPECT_EQ(to(c, r + 1), part(r, c)) << rows << " x " << cols;
                    }
                    EXPECT_EQ(to(c, 0), 99.0f);
                    EXPECT_EQ(to(c, rows + 1), 99.0f);
                }
            }
        }
    });
}

TEST(Transpose, RefusesOtherShapes) {
    const Matrix<float> from(3, 4);
    Matrix<float> to(3, 4);
    EXPECT_THROW(transpose(from.view(), to.view()), InputError);
}

}  // namespace
}  // namespace mho

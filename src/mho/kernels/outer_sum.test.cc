// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/kernels/outer_sum.h"

#include <gtest/gtest.h>

#include <cmath>

#include "mho/random/stream.h"
#include "mho/util/simd_test_support.h"

namespace mho {
namespace {

TEST(OuterSum, EqualsItsTwinAndTheReference) {
    const TileKey key = make_tile_key(2, "outer sum");
    for (const auto& [rows, cols, samples] :
         {std::array<size_t, 3>{1, 1, 1}, {5, 33, 3}, {9, 150, 64}, {4, 64, 17}}) {
        Matrix<float> d(rows, samples);
        Matrix<float> x(samples, cols);
        Matrix<float> start(rows, cols);
        fill_normal(key, Stream::kTest, 0, 0, d.values);
        fill_normal(key, Stream::kTest, 1, 0, x.values);
        fill_normal(key, Stream::kTest, 2, 0, start.values);
        Matrix<float> expected = start;
        twin::add_outer_products(d.view(), x.view(), expected.view());
        on_all_targets([&] {
            Matrix<float> sum = start;
            // In two calls: a cut changes nothing.
            const size_t cut = samples / 2;
            Matrix<float> rest(rows, samples - cut);
            for (size_t r = 0; r < rows; r++) {
                std::copy_n(d.row(r) + cut, samples - cut, rest.row(r));
            }
            const ConstFloatView all = x.view();
            add_outer_products(d.view(), all.row_block(0, cut), sum.view());
            add_outer_products(rest.view(), all.row_block(cut, samples - cut), sum.view());
            EXPECT_EQ(sum.values, expected.values) << rows << " x " << cols;
        });
        for (size_t r = 0; r < rows; r++) {
            for (size_t c = 0; c < cols; c++) {
                double exact = start(r, c);
                double size = std::abs(exact);
                for (size_t s = 0; s < samples; s++) {
                    exact += double{d(r, s)} * double{x(s, c)};
                    size += std::abs(double{d(r, s)} * double{x(s, c)});
                }
                // Half an ulp of a partial sum for every addition.
                EXPECT_NEAR(expected(r, c), exact, 6e-8 * static_cast<double>(samples) * size);
            }
        }
    }
}

}  // namespace
}  // namespace mho

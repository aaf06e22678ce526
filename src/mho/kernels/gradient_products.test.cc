// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/kernels/gradient_products.h"

#include <gtest/gtest.h>

#include <cmath>
#include <utility>

#include "mho/random/stream.h"
#include "mho/util/error.h"
#include "mho/util/simd_test_support.h"

namespace mho {
namespace {

TEST(GradientProducts, OfTheWeightsEqualsItsTwinAndTouchesNothingElse) {
    on_all_targets([] {
        GradientRoom room;
        for (const size_t samples : {size_t{0}, size_t{1}, size_t{33}}) {
            for (const size_t outputs : {size_t{1}, size_t{40}}) {
                for (const size_t inputs : {size_t{3}, size_t{32}, size_t{53}}) {
                    // Blocks of larger matrices.
                    Matrix<float> e(samples, outputs), x(samples + 1, inputs + 5);
                    Matrix<float> got(outputs, inputs + 4, 99.0f), expected(got);
                    fill_normal({1}, Stream::kTest, 0, 0, e.values);
                    fill_normal({1}, Stream::kTest, 1, 0, x.values);
                    const ConstFloatView part =
                        std::as_const(x).view().row_block(0, samples).column_block(2, inputs);
                    const ConstFloatView errors = std::as_const(e).view();
                    weight_gradient(errors, part, got.view().column_block(1, inputs), room);
                    twin::weight_gradient(errors, part, expected.view().column_block(1, inputs));
                    EXPECT_EQ(got.values, expected.values)
                        << samples << " " << outputs << " " << inputs;
                }
            }
        }
    });
}

TEST(GradientProducts, OfTheWeightsStaysWithinItsErrorBound) {
    Matrix<float> e(50, 7), x(50, 20), got(7, 20);
    fill_normal({2}, Stream::kTest, 0, 0, e.values);
    fill_normal({2}, Stream::kTest, 1, 0, x.values);
    GradientRoom room;
    weight_gradient(std::as_const(e).view(), std::as_const(x).view(), got.view(), room);
    for (size_t o = 0; o < 7; o++) {
        for (size_t i = 0; i < 20; i++) {
            double sum = 0;
            double size = 0;
            for (size_t s = 0; s < 50; s++) {
                const double term = static_cast<double>(e(s, o)) * static_cast<double>(x(s, i));
                sum += term;
                size += std::fabs(term);
            }
            EXPECT_NEAR(got(o, i), sum, 51 * 0x1p-24 * size);
        }
    }
}

TEST(GradientProducts, OfTheWeightsRefusesOtherShapes) {
    const Matrix<float> e(3, 4), x(3, 5), fewer(2, 5);
    Matrix<float> gradient(4, 5), other(5, 4);
    GradientRoom room;
    EXPECT_THROW(weight_gradient(e.view(), x.view(), other.view(), room), InputError);
    EXPECT_THROW(weight_gradient(e.view(), fewer.view(), gradient.view(), room), InputError);
}

TEST(GradientProducts, OfTheInputsEqualsItsTwinAndTouchesNothingElse) {
    on_all_targets([] {
        GradientRoom room;
        for (const size_t samples : {size_t{0}, size_t{1}, size_t{33}}) {
            for (const size_t outputs : {size_t{0}, size_t{1}, size_t{40}}) {
                for (const size_t inputs : {size_t{3}, size_t{32}, size_t{53}}) {
                    // Blocks of larger matrices, which are never empty.
                    Matrix<float> e(samples + 1, outputs + 3), w(outputs + 1, inputs + 5);
                    Matrix<float> got(samples + 1, inputs + 4, 99.0f), expected(got);
                    fill_normal({1}, Stream::kTest, 0, 0, e.values);
                    fill_normal({1}, Stream::kTest, 1, 0, w.values);
                    const ConstFloatView errors =
                        std::as_const(e).view().row_block(0, samples).column_block(1, outputs);
                    const ConstFloatView part =
                        std::as_const(w).view().row_block(0, outputs).column_block(2, inputs);
                    const auto block = [&](Matrix<float>& m) {
                        return m.view().row_block(0, samples).column_block(1, inputs);
                    };
                    input_gradient(errors, part, block(got), room);
                    twin::input_gradient(errors, part, block(expected));
                    EXPECT_EQ(got.values, expected.values)
                        << samples << " " << outputs << " " << inputs;
                }
            }
        }
    });
}

TEST(GradientProducts, OfTheInputsRefusesOtherShapes) {
    const Matrix<float> e(3, 4), w(4, 5), fewer(3, 5);
    Matrix<float> gradient(3, 5), other(4, 5);
    GradientRoom room;
    EXPECT_THROW(input_gradient(e.view(), w.view(), other.view(), room), InputError);
    EXPECT_THROW(input_gradient(e.view(), fewer.view(), gradient.view(), room), InputError);
}

}  // namespace
}  // namespace mho

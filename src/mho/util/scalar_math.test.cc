// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Accuracy of the shared logarithm, exponential, sine and cosine. The vector code gives the bits of
// the scalar one; random/stream.test.cc compares the two.

#include "mho/util/scalar_math.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

namespace mho {
namespace {

// Errors of rounding in units of 2^-24, relative to the result. The last operations of a routine
// round at most 2.5 times at the size of the result (two sums and the scale), the polynomial adds
// its own error below 1/2: 3.5 units, 2.1e-7.
constexpr double kRelative = 3.5 * 0x1p-24;

TEST(ScalarLog, IsWithinTheBoundOnAllNormalNumbers) {
    double worst = 0;
    for (uint32_t bits = 0x00800000; bits < 0x7f800000; bits += 997) {
        const float x = std::bit_cast<float>(bits);
        const double exact = std::log(static_cast<double>(x));
        const double error = std::abs(static_cast<double>(scalar_math::log(x)) - exact);
        if (exact != 0) {
            worst = std::max(worst, error / std::abs(exact));
        } else {
            EXPECT_EQ(error, 0);
        }
    }
    EXPECT_LT(worst, kRelative);
    EXPECT_EQ(scalar_math::log(1.0f), 0.0f);
}

TEST(ScalarExp, IsWithinTheBoundAndClamps) {
    double worst = 0;
    for (int i = -870000; i <= 880000; i += 7) {
        const float x = static_cast<float>(i) * 1e-4f;
        const double exact = std::exp(static_cast<double>(x));
        worst = std::max(worst, std::abs(static_cast<double>(scalar_math::exp(x)) / exact - 1));
    }
    EXPECT_LT(worst, kRelative);
    EXPECT_EQ(scalar_math::exp(0.0f), 1.0f);
    EXPECT_EQ(scalar_math::exp(-1e30f), scalar_math::exp(-87.0f));
    EXPECT_EQ(scalar_math::exp(1e30f), scalar_math::exp(88.0f));
    EXPECT_TRUE(std::isfinite(scalar_math::exp(1e30f)));
}

TEST(ScalarPower, IsWithinTheBoundAndClamps) {
    double worst = 0;
    for (const float exponent : {0.0f, 0.3f, 1.0f, 1.7f, 4.0f, -1.3f, 20.0f}) {
        for (uint32_t bits = 0x0da24260; bits < 0x40000000; bits += 9973) {  // 1e-30 to 2
            const float base = std::bit_cast<float>(bits);
            const double log2 = exponent * std::log2(double{base});
            if (log2 > -125 && log2 < 127) {
                const double exact = std::exp2(log2);
                const double bound =
                    3e-6 + 2e-6 * std::abs(double{exponent}) + 1e-7 * std::abs(log2);
                const double got{scalar_math::power(base, exponent)};
                worst = std::max(worst, std::abs(got / exact - 1) / bound);
            }
        }
    }
    EXPECT_LT(worst, 1);
    EXPECT_GT(worst, 0.3);  // the bound is not a wide one
    EXPECT_NEAR(scalar_math::power(1e-30f, 20.0f), 0x1p-125f, 0x1p-143f);
    EXPECT_TRUE(std::isfinite(scalar_math::power(3e38f, 20.0f)));
}

TEST(ScalarSincosTurn, IsWithinTheBoundAllAround) {
    // The reduced angle is at most pi/4. Rounding the integer angle and the factor 2 pi / 2^32
    // moves it by 2.5 2^-24 relative, at most 2.0 2^-24 absolute; the final sum adds 1/2, its terms
    // and the polynomial another unit: 3.5 2^-24.
    const double bound = 3.5 * 0x1p-24;
    double worst = 0;
    double worst_norm = 0;
    for (uint64_t t = 0; t < (uint64_t{1} << 32); t += 65521) {
        const auto turn = static_cast<int32_t>(static_cast<uint32_t>(t));
        float s = 0;
        float c = 0;
        scalar_math::sincos_turn(turn, s, c);
        const double angle = static_cast<double>(t) * 0x1p-31 * std::numbers::pi;
        worst = std::max({worst, std::abs(s - std::sin(angle)), std::abs(c - std::cos(angle))});
        worst_norm = std::max(worst_norm, std::abs(double{s} * s + double{c} * c - 1));
    }
    EXPECT_LT(worst, bound);
    EXPECT_LT(worst_norm, 2 * bound);
}

TEST(ScalarSincosTurn, IsExactAtTheQuarters) {
    const int32_t quarters[] = {0, 1 << 30, std::numeric_limits<int32_t>::min(), -(1 << 30)};
    const float sines[] = {0, 1, 0, -1};
    const float cosines[] = {1, 0, -1, 0};
    for (int q = 0; q < 4; q++) {
        float s = 9;
        float c = 9;
        scalar_math::sincos_turn(quarters[q], s, c);
        EXPECT_EQ(s, sines[q]);
        EXPECT_EQ(c, cosines[q]);
    }
}

}  // namespace
}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/convert/uniform.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace mho {
namespace {

TEST(ConverterStep, IsTheFloatInverseTimesTheRange) {
    EXPECT_EQ(converter_step(1, 126), static_cast<float>(1.0 / 126) * 2.0f);
    // A little above 1/63: a halved maximum then stays below the tie at 31.5 (aihwkit's order).
    EXPECT_EQ(std::nearbyint(0.5f / converter_step(1, 126)), 31.0f);
    EXPECT_EQ(converter_step(12, 0), 0.0f);
    EXPECT_EQ(converter_step(0, 126), 0.0f);
}

TEST(ConvertValue, RoundsHalfToEvenThenClips) {
    EXPECT_EQ(convert_value(0.25f, 0.5f, 1.0f), 0.0f);
    EXPECT_EQ(convert_value(0.75f, 0.5f, 1.0f), 1.0f);
    EXPECT_EQ(convert_value(-0.75f, 0.5f, 1.0f), -1.0f);
    EXPECT_EQ(convert_value(7.0f, 0.5f, 1.0f), 1.0f);
    EXPECT_EQ(convert_value(-7.0f, 0.5f, 1.0f), -1.0f);
    EXPECT_EQ(convert_value(7.3f, 0.0f, 0.0f), 7.3f);
    EXPECT_EQ(convert_value(7.3f, 0.0f, 2.0f), 2.0f);
    EXPECT_EQ(convert_value(0.2f, 0.5f, 1.0f, 0.4f), 0.5f);
}

TEST(ConvertValue, HasAsManyLevelsAsItsSteps) {
    const float step = converter_step(1, 6);
    float last = -2;
    int levels = 0;
    for (int i = -3000; i <= 3000; i++) {
        const float v = convert_value(static_cast<float>(i) / 1000, step, 1.0f);
        EXPECT_GE(v, last);
        levels += v != last;
        last = v;
    }
    EXPECT_EQ(levels, 7);
}

TEST(Converters, CheckTheirGrid) {
    std::vector<Problem> problems;
    Dac{}.check("dac", problems);
    Adc{}.check("adc", problems);
    Dac{.bound = 0, .steps = 0}.check("dac", problems);
    EXPECT_TRUE(problems.empty());
    Dac{.bound = 0}.check("dac", problems);
    Adc{.steps = 0.5}.check("adc", problems);
    ASSERT_EQ(problems.size(), 2u);
    EXPECT_EQ(problems[0].path, "dac.steps");
    EXPECT_EQ(problems[1].path, "adc.steps");
}

}  // namespace
}  // namespace mho

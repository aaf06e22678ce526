// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/report/numbers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace mho {
namespace {

TEST(Numbers, Formats) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    EXPECT_EQ(format_mean_std(91.824, 0.051), "91.82 ± 0.05");
    EXPECT_EQ(format_mean_std(91.824, nan), "91.82");
    EXPECT_EQ(format_mean_std(nan, 0.1), kNoValue);
    EXPECT_EQ(format_percent(0.9182), "91.82 %");
    EXPECT_EQ(format_percent(0.5, 0), "50 %");
    EXPECT_EQ(format_percent(-INFINITY), kNoValue);
    EXPECT_EQ(format_percent_mean_std(0.9182, 0.0005), "91.82 ± 0.05 %");
    EXPECT_EQ(format_points(-0.0123), "−1.23");
    EXPECT_EQ(format_points(0.0123), "+1.23");
    EXPECT_EQ(format_points(-0.00001), "0.00");
    EXPECT_EQ(format_count(1234567), "1\u00A0234\u00A0567");
    EXPECT_EQ(format_count(999), "999");
    EXPECT_EQ(format_number(0.1 + 0.2), "0.3");
    EXPECT_EQ(format_number(-0.0), "0");
}

}  // namespace
}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/train/whole_numbers.h"

#include <gtest/gtest.h>

#include <limits>

namespace mho {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(WholeNumbers, AreCutTowardsZeroWithinTheLimit) {
    EXPECT_EQ(whole_within(2.9f, 5), 2.0f);
    EXPECT_EQ(whole_within(-2.9f, 5), -2.0f);
    EXPECT_EQ(whole_within(0.99f, 5), 0.0f);
    EXPECT_EQ(whole_within(7.5f, 5), 5.0f);
    EXPECT_EQ(whole_within(-7.5f, 5), -5.0f);
    EXPECT_EQ(clamped(7.5f, kInfinity), 7.5f);
}

// What a damaged state of a learner may lead to; as an integer it would be undefined.
TEST(WholeNumbers, WhatIsNoNumberBecomesOne) {
    const float none = std::numeric_limits<float>::quiet_NaN();
    EXPECT_EQ(whole_within(none, 1e9f), -1e9f);
    EXPECT_EQ(whole_within(-none, 1e9f), -1e9f);
    EXPECT_EQ(whole_within(kInfinity, 1e9f), 1e9f);
    EXPECT_EQ(whole_within(-kInfinity, 1e9f), -1e9f);
}

}  // namespace
}  // namespace mho

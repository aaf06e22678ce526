// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/report/axis.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace mho {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

std::vector<std::string> labels(const std::vector<AxisTick>& ticks) {
    std::vector<std::string> out;
    for (const auto& tick : ticks) {
        out.push_back(tick.label);
    }
    return out;
}

using Labels = std::vector<std::string>;

TEST(NiceTicks, RoundNumbers) {
    EXPECT_EQ(labels(nice_ticks(0.0, 1.0, 5)), (Labels{"0.0", "0.2", "0.4", "0.6", "0.8", "1.0"}));
    EXPECT_EQ(labels(nice_ticks(-3.0, 3.0, 3)), (Labels{"−2", "0", "2"}));
    EXPECT_EQ(labels(nice_ticks(0.902, 0.918, 4, true)), (Labels{"90.5 %", "91.0 %", "91.5 %"}));
    EXPECT_EQ(labels(nice_ticks(-0.1, 0.1, 2)), (Labels{"−0.1", "0.0", "0.1"}));
}

TEST(NiceTicks, StayInRangeAndFewForAnyInput) {
    for (const double lo : {-1e99, -1.0, 0.0, 1e-90, 1.0, 1e15}) {
        for (const double span : {1e-300, 1e-20, 1e-9, 0.3, 7.0, 1e6, 1e99}) {
            for (const int count : {-5, 0, 1, 5, 1000000}) {
                const auto ticks = nice_ticks(lo, lo + span, count);
                EXPECT_LE(ticks.size(), 201u);
                for (const auto& tick : ticks) {
                    EXPECT_GE(tick.at, lo - 1e-6 * span);
                    EXPECT_LE(tick.at, lo + span + 1e-6 * span);
                }
            }
        }
    }
    EXPECT_TRUE(nice_ticks(kNan, 1.0, 5).empty());
    EXPECT_TRUE(nice_ticks(0.0, kInf, 5).empty());
    EXPECT_TRUE(nice_ticks(1.0, 1.0, 5).empty());
}

TEST(LogTicks, Decades) {
    EXPECT_EQ(labels(log_ticks(0.5, 2e5, 10)), (Labels{"1", "10", "100", "1000", "10000", "10⁵"}));
    EXPECT_EQ(labels(log_ticks(1e-12, 1e-10, 10)), (Labels{"10⁻¹²", "10⁻¹¹", "10⁻¹⁰"}));
    EXPECT_LE(log_ticks(1e-90, 1e90, 5).size(), 6u);
    EXPECT_EQ(labels(log_ticks(0.9, 45, 6)), (Labels{"1", "2", "5", "10", "20"}));
    EXPECT_EQ(labels(log_ticks(0.9, 45, 3)), (Labels{"1", "10"}));  // no room
    EXPECT_EQ(labels(log_ticks(0.03, 0.06, 5, true)), (Labels{"5 %"}));
    EXPECT_TRUE(log_ticks(0.0, 1.0, 5).empty());
}

TEST(TimeTicks, NamedTimesInRange) {
    EXPECT_EQ(labels(time_ticks(20.0, 3.2e8)),
              (Labels{"1 min", "1 h", "1 day", "1 month", "1 year", "10 years"}));
    EXPECT_TRUE(time_ticks(2.0, 3.0).empty());
}

TEST(DataRange, IgnoresWhatCannotBePlotted) {
    DataRange range;
    EXPECT_TRUE(range.empty());
    range.include(kNan);
    range.include(kInf);
    range.include(1e200);
    EXPECT_TRUE(range.empty());
    range.include(std::vector<double>{3.0, kNan, -2.0});
    EXPECT_EQ(range.lo(), -2.0);
    EXPECT_EQ(range.hi(), 3.0);
}

TEST(AxisScale, MapsLinearAndLogarithmic) {
    const AxisScale linear(0.0, 10.0, 100.0, 200.0);
    EXPECT_DOUBLE_EQ(linear.px(2.5), 125.0);
    const AxisScale log(1.0, 1e4, 0.0, 400.0, true);
    EXPECT_NEAR(log.px(100.0), 200.0, 1e-9);
    EXPECT_TRUE(std::isnan(log.px(0.0)));
    EXPECT_TRUE(std::isnan(linear.px(kNan)));
}

TEST(AxisScale, IsUsableForAnyRange) {
    for (const bool log : {false, true}) {
        for (const double lo : {0.0, 5.0, -5.0, 1e-300, 1e99, kNan, kInf}) {
            for (const double hi : {0.0, 5.0, -5.0, 1e-300, kNan, -kInf}) {
                const AxisScale scale(lo, hi, 0.0, 100.0, log);
                EXPECT_LT(scale.lo(), scale.hi()) << lo << " " << hi << " " << log;
                EXPECT_NEAR(scale.px(scale.lo()), 0.0, 1e-6);
                EXPECT_NEAR(scale.px(scale.hi()), 100.0, 1e-6);
            }
        }
    }
}

}  // namespace
}  // namespace mho

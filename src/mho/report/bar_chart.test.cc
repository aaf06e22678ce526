// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/report/bar_chart.h"

#include <gtest/gtest.h>

#include <limits>

#include "mho/report/xml_check.h"

namespace mho {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(BarChart, BarsDivergeFromZeroInProportion) {
    BarChart chart;
    chart.bars = {{"a", 4.0, kNan, ""}, {"b", -2.0, kNan, ""}, {"c", 1.0, kNan, ""}};
    const std::string svg = chart.svg();
    EXPECT_EQ(xml_problem(svg), "");
    const size_t first = svg.find("<rect");
    const auto x = numbers_of(svg.substr(first), "x");
    const auto width = numbers_of(svg.substr(first), "width");
    ASSERT_EQ(width.size(), 3u);
    EXPECT_NEAR(width[1] / width[0], 0.5, 1e-3);
    EXPECT_NEAR(width[2] / width[0], 0.25, 1e-3);
    // The first rect begins at zero, the negative one ends there.
    const double zero = numbers_of(svg.substr(svg.find("<rect")), "x")[0];
    const size_t second = svg.find("<rect", first + 1);
    EXPECT_NEAR(numbers_of(svg.substr(second), "x")[0] + width[1], zero, 0.02);
    EXPECT_EQ(x[0], zero);
}

TEST(BarChart, ValuesWhiskersAndTooltips) {
    BarChart chart;
    chart.scale = 100.0;
    chart.show_sign = true;
    chart.unit = "%";
    chart.bars = {{"read <noise>", 0.0123, 0.0004, ""}, {"x", -0.01, kNan, "own & tip"}};
    for (const int width : {0, 340, 760}) {
        const std::string svg = chart.svg(width);
        EXPECT_EQ(xml_problem(svg), "");
        EXPECT_NE(svg.find(">+1.23 ± 0.04 %</text>"), std::string::npos);
        EXPECT_NE(svg.find(">−1.00 %</text>"), std::string::npos);
        EXPECT_NE(svg.find("<title>read &lt;noise&gt;: +1.23 ± 0.04 %</title>"), std::string::npos);
        EXPECT_NE(svg.find("<title>own &amp; tip</title>"), std::string::npos);
    }
}

TEST(BarChart, LongLabelsAreWrapped) {
    BarChart chart;
    chart.bars = {
        {"a very long name of a non-ideality that surely needs more than one line of the "
         "room that a chart can give to its labels",
         1.0,
         kNan,
         ""}};
    EXPECT_GT(count_of(chart.svg(500), "<text"), 3u);
}

TEST(BarChart, MissingExtremeAndEmpty) {
    BarChart chart;
    EXPECT_NE(chart.svg().find("no data"), std::string::npos);
    chart.bars = {{"nan", kNan, 1.0, ""}};
    EXPECT_NE(chart.svg().find("no data"), std::string::npos);
    chart.bars = {{"nan", kNan, 1.0, ""},
                  {"inf", std::numeric_limits<double>::infinity(), 1.0, ""},
                  {"error", 1.0, std::numeric_limits<double>::infinity(), ""},
                  {"huge", 1e99, 1e99, ""},
                  {"zero", 0.0, 0.0, ""}};
    for (const int width : {240, 760}) {
        EXPECT_EQ(xml_problem(chart.svg(width)), "");
        EXPECT_FALSE(has_bad_coordinate(chart.svg(width)));
    }
    chart.bars = {{"zero", 0.0, kNan, ""}};
    EXPECT_FALSE(has_bad_coordinate(chart.svg()));
}

}  // namespace
}  // namespace mho

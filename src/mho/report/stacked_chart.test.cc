// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/report/stacked_chart.h"

#include <gtest/gtest.h>

#include <limits>

#include "mho/report/xml_check.h"

namespace mho {
namespace {

TEST(StackedChart, PartsStandBehindEachOtherInProportion) {
    StackedChart chart;
    chart.unit = "nJ";
    chart.series = {"cells", "ADCs <8 bit>"};
    chart.bars = {{"conv1", {1.0, 3.0}}, {"fc", {2.0, 0.0}}};
    const std::string svg = chart.svg();
    EXPECT_EQ(xml_problem(svg), "");
    EXPECT_NE(svg.find("conv1, ADCs &lt;8 bit&gt;: 3 nJ"), std::string::npos);
    EXPECT_NE(svg.find(">4 nJ</text>"), std::string::npos);
    // Two parts, one part (the empty one is not drawn) and two boxes of the legend.
    EXPECT_EQ(count_of(svg, "<rect"), 5u);
}

TEST(StackedChart, NumbersThatDoNotExistAreLeftOut) {
    StackedChart chart;
    chart.series = {"a", "b"};
    chart.bars = {{"x", {std::numeric_limits<double>::quiet_NaN(), 2.0}}, {"y", {-1.0}}};
    for (const int width : {0, 340, 5000}) {
        EXPECT_EQ(xml_problem(chart.svg(width)), "");
        EXPECT_EQ(chart.svg(width).find("nan"), std::string::npos);
    }
    EXPECT_EQ(xml_problem(StackedChart{}.svg()), "");
}

TEST(TimelineChart, EverySpanIsABar) {
    TimelineChart chart;
    chart.title = "Schedule";
    chart.rows = {{"conv1", {{0, 10, 0, "sample 1"}, {10, 20, 1, "sample 2"}}},
                  {"a name & more", {{10, 12, 0, ""}}}};
    const std::string svg = chart.svg();
    EXPECT_EQ(xml_problem(svg), "");
    EXPECT_EQ(count_of(svg, "<rect"), 3u);
    EXPECT_NE(svg.find("sample 2"), std::string::npos);
    EXPECT_EQ(xml_problem(TimelineChart{}.svg(300)), "");
}

}  // namespace
}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/report/heatmap.h"

#include <gtest/gtest.h>

#include <limits>

#include "mho/report/xml_check.h"
#include "mho/util/error.h"

namespace mho {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Heatmap sample() {
    Heatmap map;
    map.title = "errors";
    map.rows = 2;
    map.columns = 3;
    map.row_names = {"conv<1>", "linear"};
    map.column_names = {"1 s", "1 day", "10 years"};
    map.values = {0.1, 0.2, 0.3, 0.4, kNan, 0.6};
    map.percent = true;
    map.value_label = "relative error";
    return map;
}

TEST(Heatmap, CellsTooltipsAndLegend) {
    for (const int width : {240, 340, 1000}) {
        const std::string svg = sample().svg(width);
        EXPECT_EQ(xml_problem(svg), "");
        EXPECT_FALSE(has_bad_coordinate(svg));
        EXPECT_NE(svg.find("<title>conv&lt;1&gt;, 1 day: 20.0 %</title>"), std::string::npos);
        EXPECT_NE(svg.find("<title>linear, 1 day: –</title>"), std::string::npos);
        EXPECT_NE(svg.find(">relative error</text>"), std::string::npos);
    }
    EXPECT_NE(sample().svg(1000).find(">30.0 %</text>"), std::string::npos);
}

TEST(Heatmap, ColoursFollowTheValue) {
    // The lowest and highest cell have the end colours of the sequential scale.
    const std::string svg = sample().svg(1000);
    EXPECT_NE(svg.find("fill:#f3f7fc\"><title>conv&lt;1&gt;, 1 s"), std::string::npos);
    EXPECT_NE(svg.find("fill:#093a70\"><title>linear, 10 years"), std::string::npos);
    Heatmap diverging = sample();
    diverging.diverging = true;
    diverging.values = {-1.0, 0.0, 1.0, 0.0, 0.0, 0.0};
    const std::string two = diverging.svg(1000);
    EXPECT_NE(two.find("fill:#f6f6f6\"><title>conv&lt;1&gt;, 1 day"), std::string::npos);
    EXPECT_NE(two.find("fill:#08519c\"><title>conv&lt;1&gt;, 1 s"), std::string::npos);
}

TEST(Heatmap, LargeMatricesAreDrawnAsBlockMeans) {
    Heatmap map;
    map.rows = 1000;
    map.columns = 777;
    map.values.assign(map.rows * map.columns, 2.0);
    map.values[5] = kNan;
    const std::string svg = map.svg();
    EXPECT_EQ(xml_problem(svg), "");
    EXPECT_LE(count_of(svg, "<rect"), 128u * 128u + 50u);
    EXPECT_GT(count_of(svg, "<rect"), 5000u);
}

TEST(Heatmap, EmptyAndMismatched) {
    EXPECT_NE(Heatmap().svg().find("no data"), std::string::npos);
    Heatmap map = sample();
    map.values.assign(6, kNan);
    EXPECT_NE(map.svg().find("no data"), std::string::npos);
    map.values.pop_back();
    EXPECT_THROW(map.svg(), InputError);
    map = sample();
    map.row_names.pop_back();
    EXPECT_THROW(map.svg(), InputError);
    map = Heatmap();
    map.rows = map.columns = size_t{1} << 63;
    EXPECT_THROW(map.svg(), InputError);
    map.rows = size_t{1} << 60;
    map.columns = 0;
    EXPECT_NE(map.svg().find("no data"), std::string::npos);
}

}  // namespace
}  // namespace mho

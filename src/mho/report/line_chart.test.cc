// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/report/line_chart.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

#include "mho/report/text.h"
#include "mho/report/xml_check.h"

namespace mho {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

LineChart sample() {
    LineChart chart;
    chart.title = "Accuracy <over> time";
    chart.log_x = true;
    chart.percent = true;
    chart.x_label = "time";
    chart.x_ticks = time_ticks(1.0, 4e8);
    chart.series = {{"naive & plain",
                     {1.0, 3600.0, 86400.0, 3.15e8},
                     {0.9, 0.8, 0.7, 0.5},
                     {0.89, 0.78, 0.66, 0.4},
                     {0.91, 0.82, 0.74, 0.6}},
                    {"aware", {1.0, 3600.0, 86400.0, 3.15e8}, {0.91, 0.91, 0.9, 0.89}, {}, {}}};
    chart.series[1].dashed = true;
    chart.references = {{0.918, "floating point 91.8 %"}};
    return chart;
}

TEST(LineChart, IsWellFormedAtEveryWidth) {
    for (const int width : {-1, 0, 240, 340, 480, 760, 1000, 1 << 30}) {
        const std::string svg = sample().svg(width);
        EXPECT_EQ(xml_problem(svg), "") << width;
        EXPECT_FALSE(has_bad_coordinate(svg));
    }
}

TEST(LineChart, PlacesPointsOnALogarithmicAxis) {
    LineChart chart;
    chart.log_x = true;
    chart.series = {{"a", {1.0, 10.0, 1000.0}, {0.0, 1.0, 2.0}, {}, {}}};
    const auto cx = numbers_of(chart.svg(), "cx");
    const auto cy = numbers_of(chart.svg(), "cy");
    ASSERT_EQ(cx.size(), 4u);  // the legend has the first
    EXPECT_NEAR((cx[2] - cx[1]) / (cx[3] - cx[1]), 1.0 / 3.0, 1e-3);
    EXPECT_NEAR((cy[2] - cy[1]) / (cy[3] - cy[1]), 0.5, 1e-3);
    EXPECT_LT(cy[3], cy[1]);
}

TEST(LineChart, TooltipsLegendAndReference) {
    const std::string svg = sample().svg();
    EXPECT_NE(svg.find("<title>naive &amp; plain, 1 h: 80.00 % (78.00 % to 82.00 %)</title>"),
              std::string::npos);
    EXPECT_NE(svg.find(">aware</text>"), std::string::npos);
    EXPECT_NE(svg.find(">floating point 91.8 %</text>"), std::string::npos);
    EXPECT_NE(svg.find(">10 years</text>"), std::string::npos);
    EXPECT_NE(svg.find("fill-opacity:.16"), std::string::npos);
}

TEST(LineChart, TickLabelsDoNotOverlapOnAPhone) {
    const std::string svg = sample().svg(340);
    // Middle-anchored labels of the x axis, by line: neighbours must not touch.
    std::vector<std::pair<double, std::pair<double, double>>> spans;
    for (size_t at = 0; (at = svg.find("<text ", at)) != std::string::npos; at++) {
        const size_t open = svg.find('>', at);
        const std::string tag = svg.substr(at, open - at);
        if (tag.find("middle") != std::string::npos) {
            const std::string label = svg.substr(open + 1, svg.find('<', open) - open - 1);
            const double x = numbers_of(tag, "x")[0];
            const double half = text_width_px(label, 12.5) / 2.0;
            spans.push_back({numbers_of(tag, "y")[0], {x - half, x + half}});
        }
    }
    ASSERT_GE(spans.size(), 5u);
    std::sort(spans.begin(), spans.end());
    for (size_t i = 1; i < spans.size(); i++) {
        if (spans[i].first == spans[i - 1].first) {
            EXPECT_GT(spans[i].second.first, spans[i - 1].second.second);
        }
    }
}

TEST(LineChart, MissingAndExtremeNumbers) {
    LineChart chart = sample();
    chart.series[0].y = {kNan, 0.8, kInf, 0.5};
    chart.series[0].lower = {kNan, kNan, 0.1, 0.4};
    chart.series[1].x = {0.0, -1.0, kNan, 100.0};
    chart.references.push_back({kNan, "nothing"});
    std::string svg = chart.svg();
    EXPECT_EQ(xml_problem(svg), "");
    EXPECT_FALSE(has_bad_coordinate(svg));

    LineChart extreme;
    extreme.series = {{"a", {-1e99, 1e99}, {1e99, -1e99}, {}, {}},
                      {"b", {1e300, 0.0}, {0.0, -1e308}, {}, {}},
                      {"short", {1.0, 2.0, 3.0}, {1.0}, {}, {}}};
    svg = extreme.svg();
    EXPECT_EQ(xml_problem(svg), "");
    EXPECT_FALSE(has_bad_coordinate(svg));

    LineChart flat;
    flat.series = {{"one", {5.0}, {0.3}, {}, {}}};
    EXPECT_FALSE(has_bad_coordinate(flat.svg()));
}

TEST(LineChart, NothingToDraw) {
    LineChart chart;
    EXPECT_NE(chart.svg().find("no data"), std::string::npos);
    chart.series = {{"a", {kNan}, {kNan}, {}, {}}};
    EXPECT_NE(chart.svg().find("no data"), std::string::npos);
    EXPECT_EQ(xml_problem(chart.svg()), "");
}

TEST(LineChart, LongSeriesAreThinnedButKeepTheirPeak) {
    LineChart chart;
    chart.series = {{"a", {}, {}, {}, {}}};
    for (int i = 0; i < 300000; i++) {
        chart.series[0].x.push_back(i);
        chart.series[0].y.push_back(i == 123457 ? 5.0 : 0.0);
    }
    const std::string svg = chart.svg();
    EXPECT_LT(svg.size(), 100000u);
    const size_t begin = svg.find("d=\"M") + 4;
    std::istringstream path(svg.substr(begin, svg.find('"', begin) - begin));
    size_t points = 0;
    double highest = 1e9;
    for (double x = 0.0, y = 0.0; path >> x >> y; points++) {
        highest = std::min(highest, y);
    }
    EXPECT_GT(points, 1000u);
    // The grid lines of y = 0, 1, ... 5: the peak reaches the highest one.
    const auto grid = numbers_of(svg, "y1");
    EXPECT_NEAR(highest, *std::min_element(grid.begin() + 1, grid.begin() + 7), 200.0);
    EXPECT_LT(highest, grid[1] - 100.0);
}

}  // namespace
}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/report/svg.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "mho/report/xml_check.h"

namespace mho {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

TEST(SvgCanvas, IsWellFormedAndNamed) {
    SvgCanvas canvas(300.0, "a < b & \"c\"", "desc");
    canvas.line(0, 1, 2, 3, "stroke:red");
    canvas.rect(0, 0, 10, 10, "fill:red", "tip <1>", 2.0);
    for (size_t shape = 0; shape < 5; shape++) {
        canvas.marker(shape, 5, 5, 3, "fill:red", "p & q");
    }
    canvas.text(1, 2, "x < y\n");
    canvas.polygon({{0, 0}, {1, 0}, {1, 1}}, "fill:red");
    const std::string svg = canvas.finish(200.0);
    EXPECT_EQ(xml_problem(svg), "");
    EXPECT_NE(svg.find("viewBox=\"0 0 300 200\""), std::string::npos);
    EXPECT_NE(svg.find("aria-label=\"a &lt; b &amp; &quot;c&quot;\""), std::string::npos);
    EXPECT_NE(svg.find("<title>a &lt; b &amp; &quot;c&quot;</title>"), std::string::npos);
    EXPECT_NE(svg.find("<desc>desc</desc>"), std::string::npos);
    EXPECT_EQ(count_of(svg, "<title>p &amp; q</title>"), 5u);
}

TEST(SvgCanvas, LeavesOutWhatHasNoPlace) {
    SvgCanvas canvas(300.0, "t", "");
    canvas.line(0, kNan, 2, 3, "");
    canvas.rect(0, 0, kInf, 10, "");
    canvas.rect(0, 0, -1, 10, "");
    canvas.marker(0, kNan, 5, 3, "");
    canvas.text(kNan, 2, "x");
    canvas.polygon({{0, 0}, {kNan, 0}, {1, 1}}, "");
    canvas.polyline({{0, 0}, {kNan, 1}, {2, 2}}, "");
    EXPECT_EQ(count_of(canvas.finish(100.0), "<"), 4u);  // svg and title, opened and closed
}

TEST(SvgCanvas, LinesAreInterruptedAtMissingPoints) {
    SvgCanvas canvas(300.0, "t", "");
    canvas.polyline({{0, 0}, {1, 1}, {kNan, 1}, {2, 2}, {3, 3}}, "");
    const std::string svg = canvas.finish(100.0);
    EXPECT_NE(svg.find("d=\"M0 0 1 1\""), std::string::npos);
    EXPECT_NE(svg.find("d=\"M2 2 3 3\""), std::string::npos);
}

TEST(SeriesColor, EightDifferentOnesWithFallback) {
    std::set<std::string> colors;
    for (size_t i = 0; i < 16; i++) {
        colors.insert(series_color(i));
        EXPECT_NE(series_color(i).find(",#"), std::string::npos);
    }
    EXPECT_EQ(colors.size(), 8u);
}

}  // namespace
}  // namespace mho

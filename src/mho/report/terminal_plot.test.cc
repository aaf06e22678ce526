// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/report/terminal_plot.h"

#include <gtest/gtest.h>

#include <limits>

#include "mho/report/text.h"

namespace mho {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (size_t at = 0; at < text.size();) {
        const size_t end = text.find('\n', at);
        lines.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

TEST(TerminalPlot, DrawsADiagonal) {
    TerminalPlot plot;
    plot.columns = 8;
    plot.lines = 4;
    plot.x_label = "x";
    plot.y_label = "height";
    plot.curves = {{"rise", {0, 15}, {0, 15}}};
    // Sixteen dots each way: the diagonal sets the four dots of a rising step in every character
    // on the way.
    const std::vector<std::string> lines = lines_of(plot.text());
    ASSERT_EQ(lines.size(), 7U);
    EXPECT_EQ(lines[0], "height");
    EXPECT_EQ(lines[1], "15 │      ⡠⠊");
    EXPECT_EQ(lines[2], "   │    ⡠⠊");
    EXPECT_EQ(lines[3], "   │  ⡠⠊");
    EXPECT_EQ(lines[4], " 0 │⡠⠊");
    EXPECT_EQ(lines[5], "   └────────");
    EXPECT_EQ(lines[6], "    0  x  15");
}

TEST(TerminalPlot, NamesCurvesAtTheirEnds) {
    TerminalPlot plot;
    plot.curves = {{"up", {0, 1}, {0, 1}}, {"down", {0, 1}, {1, 0}}};
    const std::string text = plot.text();
    EXPECT_NE(text.find("a: up   b: down"), std::string::npos);
    EXPECT_NE(lines_of(text).front().find('a'), std::string::npos);
    EXPECT_EQ(lines_of(text).front().find('b'), std::string::npos);
}

TEST(TerminalPlot, SurvivesAnything) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double inf = std::numeric_limits<double>::infinity();
    TerminalPlot plot;
    EXPECT_EQ(plot.text(), "(no data)\n");
    plot.curves = {{"\x1b[2J", {nan, 1, inf}, {1, nan, 2}}};
    EXPECT_EQ(plot.text(), "(no data)\n");
    plot.curves = {{"\x1b[2J", {1, 1, 1}, {2, nan, 2}}, {"short", {0}, {}}};
    plot.columns = 0;
    plot.lines = 100000;
    const std::string text = plot.text();
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_LE(lines_of(text).size(), 204U);
    for (const std::string& line : lines_of(text)) {
        EXPECT_LE(display_width(line), 40U);
    }
    plot.columns = 1'000'000;
    EXPECT_LE(display_width(lines_of(plot.text())[201]), 420U);
}

}  // namespace
}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
//
// Writers, charts and what is translated from other tools.
#include <cmath>

#include "mho/compat/translate.h"
#include "mho/io/csv.h"
#include "mho/io/safetensors.h"
#include "mho/io/text.h"
#include "mho/report/axis.h"
#include "mho/report/bar_chart.h"
#include "mho/report/heatmap.h"
#include "mho/report/histogram_chart.h"
#include "mho/report/line_chart.h"
#include "mho/report/numbers.h"
#include "mho/report/progress.h"
#include "mho/report/stacked_chart.h"
#include "mho/report/svg.h"
#include "mho/report/table.h"
#include "mho/report/terminal_plot.h"
#include "mho/tile/conductance_csv.h"
#include "refusals.h"

namespace mho::refusals {
namespace {

const std::vector<Case> kNumbers = {
    {"steps_of_resolution", [](const Bad& b) { steps_of_resolution(b.scalar()); }},
    {"histogram (range)",
     [](const Bad& b) { histogram(std::vector<double>{0.1}, 4, 0, b.scalar()); }},
};

TEST(Refusals, OfNumbersInReports) {
    expect_refused_numbers(kNumbers);
}

const std::vector<ShapeCase> kShapes = {
    {"make_tensor", [] { make_tensor({2, 3}, std::vector<float>(5)); }},
    {"make_tensor (overflow)", [] { make_tensor({SIZE_MAX, 2}, {}); }},
    {"format_safetensors",
     [] {
         SafeTensors s;
         s.tensors["a"] = {{2}, {1.0f}};
         format_safetensors(s);
     }},
    {"SafeTensors::at", [] { SafeTensors{}.at("nothing"); }},
    {"format_csv", [] { format_csv({{}, {{1, 2}, {1}}}); }},
    {"format_csv (header)", [] { format_csv({{"a"}, {{1, 2}}}); }},
    {"decode_text", [] { decode_text(std::vector<uint8_t>{3}, "ab"); }},
    {"encode_text", [] { encode_text("xyz", "ab"); }},
    {"Table::row",
     [] {
         Table t;
         t.column("one");
         t.row({"a", "b"});
     }},
    {"histogram (no bins)", [] { histogram(std::vector<double>{0.1}, 0, 0, 1); }},
    {"histogram (range)", [] { histogram(std::vector<float>{0.1f}, 4, 1, 0); }},
    {"Heatmap",
     [] {
         Heatmap h;
         h.rows = 2;
         h.columns = 2;
         h.values = {1};
         h.svg();
     }},
    {"Heatmap (names)",
     [] {
         Heatmap h;
         h.rows = h.columns = 1;
         h.values = {1};
         h.row_names = {"a", "b"};
         h.svg();
     }},
    {"translate_io", [] { translate_io("[]"); }},
    {"translate_learner", [] { translate_learner("{}"); }},
};

TEST(Refusals, OfShapesInReports) {
    expect_refused_shapes(kShapes);
}

// Charts show what was measured: a number that is not finite is left out or marked as missing, it
// neither stops the page nor becomes a coordinate.
TEST(Refusals, ChartsLeaveOutWhatIsNotFinite) {
    const double nan = std::nan(""), inf = INFINITY;
    std::vector<std::string> drawings;
    LineChart line;
    line.series = {{"a", {0, 1, nan, inf, 4}, {1, inf, 2, 3, nan}, {nan}, {inf, 1}}};
    line.references = {{nan, "none"}};
    line.y_min = nan;
    drawings.push_back(line.svg());
    line.log_x = true;
    line.y_max = inf;
    drawings.push_back(line.svg());
    BarChart bars;
    bars.bars = {{"a", nan, inf, ""}, {"b", 1, nan, ""}, {"c", -inf, 1, ""}, {"d", 2, inf, ""}};
    drawings.push_back(bars.svg());
    bars.scale = inf;
    drawings.push_back(bars.svg());
    Heatmap map;
    map.rows = 1;
    map.columns = 3;
    map.values = {nan, 1, -inf};
    drawings.push_back(map.svg());
    Histogram histogram_of;
    histogram_of.series = {{"a", 0, 1, {1, nan, inf}}, {"b", nan, 1, {1}}, {"c", 0, inf, {2}}};
    drawings.push_back(histogram_of.svg());
    histogram_of.log_y = true;
    drawings.push_back(histogram_of.svg());
    StackedChart stacked;
    stacked.series = {"x", "y"};
    stacked.bars = {{"a", {nan, 1}}, {"b", {inf, -1}}, {"c", {1}}};
    drawings.push_back(stacked.svg());
    TimelineChart timeline;
    timeline.rows = {{"a", {{nan, 1, 0, ""}, {0, inf, 0, ""}, {0, 2, 0, ""}}}};
    drawings.push_back(timeline.svg());
    for (size_t i = 0; i < drawings.size(); i++) {
        for (const char* word :
             {"=\"nan", "=\"-nan", "=\"inf", "=\"-inf", " nan", ",nan", ",inf"}) {
            EXPECT_EQ(drawings[i].find(word), std::string::npos) << "drawing " << i << ": " << word;
        }
    }
    TerminalPlot plot;
    plot.curves = {{"a", {0, nan, 2}, {1, 2, inf}}};
    EXPECT_FALSE(plot.text().empty());
    for (const double v : {nan, inf, -inf}) {
        EXPECT_EQ(format_number(v), kNoValue);
        EXPECT_EQ(format_percent(v), kNoValue);
        EXPECT_EQ(format_points(v), kNoValue);
        EXPECT_EQ(format_mean_std(v, 1), kNoValue);
        EXPECT_FALSE(format_duration(v).empty());
        EXPECT_FALSE(plottable(v));
        EXPECT_TRUE(nice_ticks(0, v, 5).empty());
        EXPECT_TRUE(nice_ticks(v, 1, 0).empty());
        EXPECT_TRUE(log_ticks(0.1, v, 5).empty());
        EXPECT_TRUE(std::isfinite(AxisScale(v, 1, 0, 100).px(0.5)));
        EXPECT_TRUE(std::isfinite(AxisScale(0, v, 0, 100, true).px(0.5)));
    }
}

}  // namespace
}  // namespace mho::refusals

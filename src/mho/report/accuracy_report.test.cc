// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/report/accuracy_report.h"

#include <gtest/gtest.h>

#include <limits>
#include <sstream>

#include "mho/report/xml_check.h"

namespace mho {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

AccuracyReport sample() {
    AccuracyReport r;
    r.title = "LeNet on PCM";
    r.date = "2026-01-02";
    r.seed = 7;
    r.images = 10000;
    r.programmings = 3;
    r.version = "9.8.7";
    r.float_accuracy = 0.9182;
    r.times = {{"1 s", 1.0}, {"1 h", 3600.0}, {"1 day", 86400.0}, {"10 years", 3.15e8}};
    r.curves = {{"naive", {0.9, 0.8, 0.6, 0.2}, {0.01, 0.01, 0.02, 0.05}, {}, false},
                {"naive", {0.9, 0.89, 0.87, 0.8}, {0.01, 0.01, 0.01, 0.02}, {}, true},
                {"hwa",
                 {0.9165, 0.9160, 0.9151, 0.9},
                 {0.001, 0.001, 0.002, 0.003},
                 {{0.916, 0.917}, {0.915, 0.917}, {0.913, 0.917}, {0.89, 0.91}},
                 true}};
    r.weight_histograms = {{"target", -1.0, 1.0, {1, 5, 1}}, {"programmed", -1.0, 1.0, {2, 4, 2}}};
    r.conductance_histograms = {{"target", 0.0, 25.0, {9, 2, 1}}};
    r.layer_errors = {{"conv1", {0.05, 0.06, 0.07, 0.1}}, {"fc", {0.02}}};
    r.ablation_baseline = 0.9151;
    r.ablations = {{"IR drop", 0.0002, 0.0003}, {"programming noise", 0.004, 0.0005}};
    r.layers = {{"conv1", "conv2d", "6 x 25", 1, 0.01}, {"fc", "linear", "10 x 84", 2, 0.4}};
    r.configuration = {{"forward.adc.bits", "8", "resolution", "bit", "arXiv:0"}};
    r.configuration_json = "{\"a\": \"<b>\"}";
    return r;
}

TEST(AccuracyReport, PageIsWellFormedAndShowsTheKeyFigures) {
    const std::string html = render(sample());
    EXPECT_EQ(xml_problem(html), "");
    EXPECT_FALSE(has_bad_coordinate(html));
    EXPECT_TRUE(contains(html, "<b>91.82 %</b><span>floating point</span>"));
    EXPECT_TRUE(contains(html, "<b>91.51 %</b><span>hwa, 1 day</span>"));
    EXPECT_TRUE(contains(html, "<b>87.00 %</b><span>naive, 1 day</span>"));
    EXPECT_TRUE(contains(html, "<b>1.65 points</b><span>lost between 1 s and 10 years</span>"));
    EXPECT_TRUE(contains(html, "from the lowest to the highest"));
    EXPECT_TRUE(contains(html, "Close-up"));
    EXPECT_TRUE(contains(html, "+0.40 ± 0.05"));
    EXPECT_TRUE(contains(html, "Together 3 tiles."));
    EXPECT_TRUE(contains(html, "within 0.5 points"));
    EXPECT_TRUE(contains(html, ">1 of 2<"));  // 10 years: one chip within 2 points of 91.82 %
    EXPECT_TRUE(contains(html, "&lt;b&gt;"));
    // Sorted by size, so the largest cost is the first bar.
    EXPECT_LT(html.find(">programming noise</text>"), html.find(">IR drop</text>"));
}

TEST(AccuracyReport, EmptySectionsAreLeftOut) {
    AccuracyReport r = sample();
    const std::string full = render(r);
    const auto lost = [&](const char* part) {
        const std::string html = render(r);
        EXPECT_EQ(xml_problem(html), "");
        return contains(full, part) && !contains(html, part);
    };
    r.ablations.clear();
    EXPECT_TRUE(lost("What costs the accuracy"));
    r.layer_errors = {{"conv1", {kNan}}};
    EXPECT_TRUE(lost("Where the error arises"));
    r.weight_histograms.clear();
    r.conductance_histograms = {{"zero", 0.0, 1.0, {0.0}}};
    EXPECT_TRUE(lost("What programming does"));
    r.layers.clear();
    EXPECT_TRUE(lost("The network on tiles"));
    r.configuration.clear();
    r.configuration_json.clear();
    EXPECT_TRUE(lost("Hardware configuration"));
    r.float_accuracy = kNan;
    EXPECT_TRUE(lost("floating point"));
    r.curves.clear();
    EXPECT_TRUE(lost("<svg"));
}

TEST(AccuracyReport, NothingAtAll) {
    const std::string html = render(AccuracyReport());
    EXPECT_EQ(xml_problem(html), "");
    EXPECT_FALSE(contains(html, "<svg"));
    EXPECT_EQ(terminal_summary(AccuracyReport()), "");
}

TEST(AccuracyReport, MissingAndShortLists) {
    AccuracyReport r = sample();
    r.times[0].seconds = 0.0;
    r.times[3].seconds = kNan;
    r.curves[0].mean = {0.9, kNan};
    r.curves[0].std.clear();
    r.curves[1].mean = std::vector<double>(9, kNan);
    r.curves[2].all.resize(1);
    r.layer_errors[0].relative = {};
    r.ablations[0].difference = kNan;
    r.ablations.push_back({"x", std::numeric_limits<double>::infinity(), kNan});
    const std::string html = render(r);
    EXPECT_EQ(xml_problem(html), "");
    EXPECT_FALSE(has_bad_coordinate(html));
    EXPECT_FALSE(contains(terminal_summary(r), "nan"));
    r.times.clear();
    EXPECT_EQ(xml_problem(render(r)), "");
    EXPECT_EQ(terminal_summary(r), "");
}

TEST(AccuracyReport, TerminalSummaryIsAnAlignedTable) {
    const std::string text = terminal_summary(sample());
    EXPECT_TRUE(contains(text, "time             naive  naive, comp.    hwa, comp.\n")) << text;
    EXPECT_TRUE(contains(text, "1 day     60.00 ± 2.00  87.00 ± 1.00  91.51 ± 0.20\n")) << text;
    EXPECT_TRUE(contains(text, "over 3 programmings. Floating point: 91.82 %.")) << text;
    EXPECT_TRUE(contains(text, "comp.: with drift compensation."));
    AccuracyReport same = sample();
    same.curves.erase(same.curves.begin());
    EXPECT_FALSE(contains(terminal_summary(same), "comp."));
}

TEST(AccuracyReport, LossesAreNumbersAndSmallerIsBetter) {
    AccuracyReport r = sample();
    r.is_loss = true;
    r.float_accuracy = 1.523;
    r.curves = {{"naive", {1.7, 1.8, 1.9, 2.5}, {0.01, 0.01, 0.01, 0.01}, {}, true},
                {"hwa", {1.61, 1.62, 1.63, 1.7}, {0.01, 0.01, 0.01, 0.01}, {}, true}};
    r.digital = {{"W4A8", 1.555}};
    r.trainings = {{"floating point", {0.5, 1.0}, {2.5, 2.0}}, {"hardware-aware", {1.0}, {1.9}}};
    const std::string html = render(r);
    EXPECT_EQ(xml_problem(html), "");
    EXPECT_FALSE(has_bad_coordinate(html));
    EXPECT_TRUE(contains(html, "<b>1.523</b><span>floating point</span>"));
    EXPECT_TRUE(contains(html, "<b>1.630</b><span>hwa, 1 day</span>"));
    EXPECT_TRUE(contains(html, "<b>0.090 nats</b><span>more loss between 1 s and 10 years</span>"));
    EXPECT_TRUE(contains(html, "<b>1.555</b><span>W4A8</span>"));
    EXPECT_TRUE(contains(html, "Loss during training"));
    EXPECT_TRUE(contains(html, "loss [nats per character]"));
    EXPECT_FALSE(contains(html, "152.30"));
    EXPECT_TRUE(contains(terminal_summary(r), "1.6300"));
    EXPECT_TRUE(contains(terminal_summary(r), "W4A8, digital: 1.555."));
}

}  // namespace
}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/report/histogram_chart.h"

#include <gtest/gtest.h>

#include <limits>
#include <numeric>

#include "mho/report/xml_check.h"
#include "mho/util/error.h"

namespace mho {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

TEST(HistogramCounts, BinsAreHalfOpenAndTheLastIsClosed) {
    const std::vector<double> values = {0.0, 0.24, 0.25, 0.5, 0.99, 1.0, -0.1, 1.1, kNan, kInf};
    const HistogramSeries h = histogram(std::span<const double>(values), 4, 0.0, 1.0);
    EXPECT_EQ(h.counts, (std::vector<double>{2.0, 1.0, 1.0, 2.0}));
    EXPECT_EQ(h.lo, 0.0);
    EXPECT_EQ(h.hi, 1.0);
}

TEST(HistogramCounts, Floats) {
    const std::vector<float> values = {-1.0f, 0.0f, 1.0f};
    EXPECT_EQ(histogram(std::span<const float>(values), 2, -1.0, 1.0).counts,
              (std::vector<double>{1.0, 2.0}));
    EXPECT_EQ(histogram(std::span<const float>(), 3, 0.0, 1.0).counts, std::vector<double>(3, 0.0));
}

TEST(HistogramCounts, SmallestInterval) {
    const double hi = std::numeric_limits<double>::denorm_min();
    const std::vector<double> values = {0.0, hi};
    EXPECT_EQ(histogram(std::span<const double>(values), 2, 0.0, hi).counts,
              (std::vector<double>{1.0, 1.0}));
}

TEST(HistogramCounts, RefusesImpossibleBins) {
    const std::vector<double> v = {1.0};
    const std::span<const double> values(v);
    EXPECT_THROW(histogram(values, 0, 0.0, 1.0), InputError);
    EXPECT_THROW(histogram(values, size_t{1} << 60, 0.0, 1.0), InputError);
    EXPECT_THROW(histogram(values, 3, 1.0, 1.0), InputError);
    EXPECT_THROW(histogram(values, 3, kNan, 1.0), InputError);
    EXPECT_THROW(histogram(values, 3, 0.0, kInf), InputError);
    EXPECT_THROW(histogram(values, 3, -1.7e308, 1.7e308), InputError);
}

/// Heights of the steps above the bottom, in pixels, from the filled outline of a series.
std::vector<double> step_heights(const std::string& svg, size_t series) {
    size_t at = 0;
    for (size_t i = 0; i <= series; i++) {
        at = svg.find("fill-opacity:.28", at + 1);
    }
    const size_t begin = svg.rfind("d=\"M", at) + 4;
    std::vector<double> numbers;
    std::string data = svg.substr(begin, svg.find('Z', begin) - begin);
    for (size_t p = 0; p < data.size();) {
        size_t used = 0;
        numbers.push_back(std::stod(data.substr(p), &used));
        p += used;
    }
    std::vector<double> heights;
    for (size_t i = 3; i + 2 < numbers.size(); i += 4) {
        heights.push_back(numbers[1] - numbers[i]);
    }
    return heights;
}

TEST(Histogram, SharesAreComparableAcrossTotalsAndBinWidths) {
    Histogram chart;
    chart.series = {{"a", 0.0, 4.0, {1.0, 3.0, 3.0, 1.0}}, {"b", 0.0, 4.0, {400.0, 400.0}}};
    const std::string svg = chart.svg();
    const auto a = step_heights(svg, 0);
    const auto b = step_heights(svg, 1);
    ASSERT_EQ(a.size(), 4u);
    ASSERT_EQ(b.size(), 2u);
    EXPECT_NEAR(a[1] / a[0], 3.0, 1e-2);
    // Per bin of width 1: a has 1/8 and 3/8, b has 1/4 everywhere.
    EXPECT_NEAR(b[0] / a[0], 2.0, 1e-2);
}

TEST(Histogram, WellFormedForAnyInput) {
    Histogram chart;
    EXPECT_NE(chart.svg().find("no data"), std::string::npos);
    chart.series = {{"empty", 0.0, 1.0, {}},
                    {"zero", 0.0, 1.0, {0.0, 0.0}},
                    {"nan", 0.0, 1.0, {kNan, -1.0}},
                    {"range", 1.0, 0.0, {1.0}},
                    {"range2", kNan, 1.0, {1.0}}};
    EXPECT_NE(chart.svg().find("no data"), std::string::npos);
    chart.series.push_back({"a<b", -1.0, 1.0, {1.0, kNan, 5.0, 0.0, 1e6}});
    chart.series.push_back({"many", -1.0, 1.0, std::vector<double>(100000, 1.0)});
    for (const bool log : {false, true}) {
        chart.log_y = log;
        for (const int width : {240, 480, 1000}) {
            const std::string svg = chart.svg(width);
            EXPECT_EQ(xml_problem(svg), "");
            EXPECT_FALSE(has_bad_coordinate(svg));
            EXPECT_LT(svg.size(), 60000u);
        }
    }
}

}  // namespace
}  // namespace mho

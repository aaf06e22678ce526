// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_REPORT_LINE_CHART_H
#define MHO_REPORT_LINE_CHART_H

#include <limits>
#include <string>
#include <vector>

#include "mho/report/axis.h"

namespace mho {

struct LineSeries {
    std::string name;
    std::vector<double> x;
    std::vector<double> y;      // the shorter of x and y counts; NaN interrupts the line
    std::vector<double> lower;  // optional band, same length as y
    std::vector<double> upper;
    int color = -1;       // index for series_color and the marker shape; -1: position in the chart
    bool dashed = false;  // dashed line, hollow markers
};

struct ReferenceLine {
    double y = 0.0;
    std::string label;  // written above the line at its right end
};

/// Curves over a linear or logarithmic x axis, with optional bands and horizontal reference lines.
struct LineChart {
    std::string title;
    std::string description;  // for screen readers
    std::string x_label;      // with its unit: "time since programming"
    std::string y_label;
    bool log_x = false;             // points with x <= 0 are left out
    std::vector<AxisTick> x_ticks;  // empty: computed
    bool percent = false;           // y values are fractions, shown as percentages
    double y_min = std::numeric_limits<double>::quiet_NaN();  // NaN: from the data
    double y_max = std::numeric_limits<double>::quiet_NaN();
    std::vector<LineSeries> series;
    std::vector<ReferenceLine> references;

    /// An <svg> element laid out for `width` pixels (text sizes are absolute); 240 to 4000.
    std::string svg(int width = 760) const;
};

}  // namespace mho

#endif  // MHO_REPORT_LINE_CHART_H

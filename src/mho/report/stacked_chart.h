// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_REPORT_STACKED_CHART_H
#define MHO_REPORT_STACKED_CHART_H

#include <string>
#include <vector>

namespace mho {

struct StackedBar {
    std::string label;
    std::vector<double> values;  // one for each series, not negative; others count as 0
};

/// Horizontal bars whose parts stand behind each other: what a total is made of.
struct StackedChart {
    std::string title;
    std::string description;
    std::string x_label;
    std::string unit;  // of the numbers behind the bars and in the tooltips
    std::vector<std::string> series;
    std::vector<StackedBar> bars;

    std::string svg(int width = 760) const;
};

struct TimelineSpan {
    double start = 0;
    double end = 0;
    int color = 0;
    std::string tooltip;
};
struct TimelineRow {
    std::string label;
    std::vector<TimelineSpan> spans;
};

/// Who works when: a row for each worker, a bar for each piece of work.
struct TimelineChart {
    std::string title;
    std::string description;
    std::string x_label;
    std::vector<TimelineRow> rows;

    std::string svg(int width = 760) const;
};

}  // namespace mho

#endif  // MHO_REPORT_STACKED_CHART_H

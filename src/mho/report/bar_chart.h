// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_REPORT_BAR_CHART_H
#define MHO_REPORT_BAR_CHART_H

#include <limits>
#include <string>
#include <vector>

namespace mho {

struct Bar {
    std::string label;
    double value = 0.0;
    double error = std::numeric_limits<double>::quiet_NaN();  // half-width of the whisker
    std::string tooltip;                                      // empty: label and value
};

/// Horizontal bars from zero to either side, one below the other, with whiskers and values.
struct BarChart {
    std::string title;
    std::string description;
    std::string x_label;
    std::string unit;    // printed behind the values, for example "%"
    double scale = 1.0;  // values are printed times this: 100 for fractions as percent
    int decimals = 2;
    bool show_sign = false;  // "+" before positive values
    std::vector<Bar> bars;   // a value that is not finite prints as missing

    /// An <svg> element laid out for `width` pixels, 240 to 4000; the height follows the bars.
    std::string svg(int width = 760) const;
};

}  // namespace mho

#endif  // MHO_REPORT_BAR_CHART_H

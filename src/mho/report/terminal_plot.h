// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_REPORT_TERMINAL_PLOT_H
#define MHO_REPORT_TERMINAL_PLOT_H

#include <string>
#include <vector>

namespace mho {

/// Curves for a terminal, drawn with Braille dots: two by four points a character.
struct TerminalPlot {
    struct Curve {
        std::string name;
        std::vector<double> x;
        std::vector<double> y;  // the shorter of x and y counts; what is not finite interrupts
    };
    std::string x_label;
    std::string y_label;
    std::vector<Curve> curves;
    size_t columns = 72;  // of the drawing area, 8 to 400
    size_t lines = 16;    // 2 to 200

    /// Lines of text, each ended by '\n': the drawing with a y axis, the x axis, the names. Where
    /// curves cross, dots add up; curves are told apart by their ends, which carry a letter.
    std::string text() const;
};

}  // namespace mho

#endif  // MHO_REPORT_TERMINAL_PLOT_H

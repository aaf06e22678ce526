// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_REPORT_CHART_FRAME_H
#define MHO_REPORT_CHART_FRAME_H

// What surrounds the data of a chart: title, legend, axes.

#include <string>
#include <string_view>
#include <vector>

#include "mho/report/axis.h"
#include "mho/report/svg.h"

namespace mho {

inline constexpr double kTickPx = 12.5;  // font size of tick labels

/// Widths below this are laid out for a phone.
inline constexpr double kNarrowChart_px = 480.0;

/// The width that a chart is laid out for: 240 to 4000 whatever is asked.
double chart_width(int asked);

struct LegendItem {
    enum class Kind { kLine, kDashedLine, kBox };
    std::string name;
    std::string color;
    Kind kind = Kind::kLine;
    int marker = -1;  // shape of the marker, -1: none
};

/// Writes title and legend at the top; returns the y below them. Wraps both to the canvas.
double draw_header(SvgCanvas& canvas,
                   std::string_view title,
                   const std::vector<LegendItem>& legend);

/// Grid lines from `top` to `bottom` and labels below, without overlaps: labels that collide are
/// first broken at their spaces, then thinned. Returns the y below labels and axis title.
double draw_x_axis(SvgCanvas& canvas,
                   const AxisScale& scale,
                   const std::vector<AxisTick>& ticks,
                   double top,
                   double bottom,
                   double right,
                   std::string_view label);

/// Horizontal grid lines from `left` to `right` with their labels left of them.
void draw_y_axis(SvgCanvas& canvas,
                 const AxisScale& scale,
                 const std::vector<AxisTick>& ticks,
                 double left,
                 double right);

/// Width of the widest label.
double widest_label_px(const std::vector<AxisTick>& ticks);

/// A message in place of the data of an empty chart; returns the height.
double draw_no_data(SvgCanvas& canvas, double top);

}  // namespace mho

#endif  // MHO_REPORT_CHART_FRAME_H

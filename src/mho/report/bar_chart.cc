// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/report/bar_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "mho/report/axis.h"
#include "mho/report/chart_frame.h"
#include "mho/report/numbers.h"
#include "mho/report/svg.h"
#include "mho/report/text.h"

namespace mho {

namespace {

constexpr double kLabelPx = 13.0;
constexpr double kLine = 16.0;   // line height of labels
constexpr double kBar = 18.0;    // thickness of a bar
constexpr double kSpace = 12.0;  // between rows

bool has_error(const Bar& bar) {
    return plottable(bar.error) && bar.error > 0.0;
}

std::string value_text(const BarChart& chart, const Bar& bar) {
    if (!plottable(bar.value)) {
        return std::string(kNoValue);
    }
    const double percent = bar.value * chart.scale / 100.0;
    std::string text = chart.show_sign ? format_points(percent, chart.decimals)
                                       : format_mean_std(100.0 * percent, NAN, chart.decimals);
    if (has_error(bar)) {
        text += " \u00B1 " + format_mean_std(bar.error * chart.scale, NAN, chart.decimals);
    }
    return text + (chart.unit.empty() ? "" : " " + chart.unit);
}

double error_of(const Bar& bar) {
    return has_error(bar) ? bar.error : 0.0;
}

void draw_bar(
    SvgCanvas& canvas, const BarChart& chart, const Bar& bar, const AxisScale& x, double top) {
    const std::string value = value_text(chart, bar);
    const double middle = top + kBar / 2.0;
    const double zero = x.px(0.0);
    if (!plottable(bar.value)) {
        canvas.text(zero + 6.0, middle + 4.5, value, {kTickPx});
        return;
    }
    const double end = x.px(bar.value);
    canvas.rect(std::min(zero, end),
                top,
                std::fabs(end - zero),
                kBar,
                fmt::format("fill:{};fill-opacity:.85", series_color(bar.value < 0.0 ? 1 : 0)),
                bar.tooltip.empty() ? bar.label + ": " + value : bar.tooltip,
                2.0);
    const double low = x.px(bar.value - error_of(bar));
    const double high = x.px(bar.value + error_of(bar));
    if (has_error(bar)) {
        const std::string style = fmt::format("stroke:{};stroke-width:1.5", kInk);
        canvas.line(low, middle, high, middle, style);
        canvas.line(low, middle - 4.0, low, middle + 4.0, style);
        canvas.line(high, middle - 4.0, high, middle + 4.0, style);
    }
    // Values of negative bars stand at the right of zero too: that column is free, and room on the
    // left would squeeze all bars.
    canvas.text(std::max(high, zero) + 8.0,
                middle + 4.5,
                value,
                {kTickPx, Anchor::kStart, false, kInk, true});
}

}  // namespace

std::string BarChart::svg(int asked_width) const {
    const double width = chart_width(asked_width);
    const bool narrow = width < kNarrowChart_px;
    SvgCanvas canvas(width, title, description);
    double y = draw_header(canvas, title, {}) + 4.0;

    DataRange range;
    double label_width = 0.0;
    double room = 8.0;
    for (const Bar& bar : bars) {
        if (plottable(bar.value)) {
            range.include(bar.value - error_of(bar));
            range.include(bar.value + error_of(bar));
        }
        label_width = std::max(label_width, text_width_px(bar.label, kLabelPx));
        room = std::max(room, text_width_px(value_text(*this, bar), kTickPx) + 14.0);
    }
    if (range.empty()) {
        return canvas.finish(draw_no_data(canvas, y));
    }
    range.include(0.0);
    // On a phone the labels stand above their bars, else in a column of their own.
    label_width = narrow ? 0.0 : std::min(label_width + 4.0, 0.36 * width);
    const double label_room = narrow ? width : label_width;
    const double from = label_width + (narrow ? 2.0 : 14.0);
    const AxisScale x(range.lo(), range.hi(), from, std::max(from + 20.0, width - room));
    const std::string zero_style = fmt::format("stroke:{};stroke-width:1.25", kAxis);
    const double zero = x.px(0.0);
    const double first = y;
    for (const Bar& bar : bars) {
        const auto lines = wrap_text(bar.label, kLabelPx, label_room);
        const double text_height = kLine * static_cast<double>(lines.size());
        double line_y = y;
        double bar_y = y;
        double row = 0.0;
        if (narrow) {
            bar_y = y + text_height + 2.0;
            row = text_height + 2.0 + kBar;
        } else {
            row = std::max(text_height, kBar);
            line_y = y + (row - text_height) / 2.0;
            bar_y = y + (row - kBar) / 2.0;
        }
        for (const std::string& line : lines) {
            line_y += kLine;
            canvas.text(narrow ? 0.0 : label_width,
                        line_y - 4.0,
                        line,
                        {kLabelPx, narrow ? Anchor::kStart : Anchor::kEnd, false, kInk});
        }
        draw_bar(canvas, *this, bar, x, bar_y);
        if (narrow) {
            canvas.line(zero, bar_y - 2.0, zero, bar_y + kBar + 2.0, zero_style);
        }
        y += row + kSpace;
    }
    if (!narrow) {
        canvas.line(zero, first - 2.0, zero, y - kSpace + 4.0, zero_style);
    }
    if (!x_label.empty()) {
        for (const std::string& line : wrap_text(x_label, kTickPx, width - (narrow ? 0.0 : from))) {
            y += 15.0;
            canvas.text(narrow ? 0.0 : from, y - 6.0, line, {kTickPx});
        }
    }
    return canvas.finish(y + 2.0);
}

}  // namespace mho

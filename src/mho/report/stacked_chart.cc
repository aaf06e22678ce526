// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/report/stacked_chart.h"

#include <fmt/format.h>

#include <algorithm>

#include "mho/report/axis.h"
#include "mho/report/chart_frame.h"
#include "mho/report/numbers.h"
#include "mho/report/svg.h"
#include "mho/report/text.h"

namespace mho {
namespace {

constexpr double kPartLabelPx = 12.5;
constexpr double kStack = 14.0;
constexpr double kRow = 20.0;
constexpr int kTicks = 6;

double usable(double value) {
    return plottable(value) && value > 0 ? value : 0.0;
}

double total(const StackedBar& bar) {
    double sum = 0;
    for (const double v : bar.values) {
        sum += usable(v);
    }
    return sum;
}

std::string with_unit(double value, const std::string& unit) {
    return format_number(value) + (unit.empty() ? "" : " " + unit);
}

// Labels in a column left of the bars; names that are too long end in an ellipsis.
template <class Row>
double label_column(const std::vector<Row>& rows, double width) {
    double widest = 0;
    for (const Row& row : rows) {
        widest = std::max(widest, text_width_px(row.label, kPartLabelPx));
    }
    return std::min(widest + 4.0, 0.34 * width);
}

void draw_label(SvgCanvas& canvas, const std::string& label, double column, double top) {
    canvas.text(column,
                top + kStack - 2.5,
                fit_text(label, kPartLabelPx, column),
                {kPartLabelPx, Anchor::kEnd, false, kInk});
}

}  // namespace

std::string StackedChart::svg(int asked_width) const {
    const double width = chart_width(asked_width);
    SvgCanvas canvas(width, title, description);
    std::vector<LegendItem> legend;
    for (size_t s = 0; s < series.size(); s++) {
        legend.push_back({series[s], series_color(s), LegendItem::Kind::kBox, -1});
    }
    double y = draw_header(canvas, title, legend) + 6.0;
    double largest = 0;
    double value_room = 0;
    for (const StackedBar& bar : bars) {
        largest = std::max(largest, total(bar));
        value_room = std::max(value_room, text_width_px(with_unit(total(bar), unit), kTickPx));
    }
    if (bars.empty() || largest <= 0) {
        return canvas.finish(draw_no_data(canvas, y));
    }
    const double column = label_column(bars, width);
    const double from = column + 10.0;
    const AxisScale x(0, largest, from, std::max(from + 20.0, width - value_room - 14.0));
    for (const StackedBar& bar : bars) {
        draw_label(canvas, bar.label, column, y);
        double sum = 0;
        for (size_t s = 0; s < std::min(bar.values.size(), series.size()); s++) {
            const double part = usable(bar.values[s]);
            if (part > 0) {
                canvas.rect(x.px(sum),
                            y,
                            x.px(sum + part) - x.px(sum),
                            kStack,
                            fmt::format("fill:{};fill-opacity:.88", series_color(s)),
                            fmt::format("{}, {}: {}", bar.label, series[s], with_unit(part, unit)));
            }
            sum += part;
        }
        canvas.text(x.px(sum) + 6.0,
                    y + kStack - 2.5,
                    with_unit(total(bar), unit),
                    {kTickPx, Anchor::kStart, false, kInk, true});
        y += kRow;
    }
    if (!x_label.empty()) {
        y += 12.0;
        canvas.text(from, y, x_label, {kTickPx});
    }
    return canvas.finish(y + 6.0);
}

std::string TimelineChart::svg(int asked_width) const {
    const double width = chart_width(asked_width);
    SvgCanvas canvas(width, title, description);
    const double top = draw_header(canvas, title, {}) + 6.0;
    double last = 0;
    for (const TimelineRow& row : rows) {
        for (const TimelineSpan& span : row.spans) {
            last = std::max(last, usable(span.end));
        }
    }
    if (rows.empty() || last <= 0) {
        return canvas.finish(draw_no_data(canvas, top));
    }
    const double column = label_column(rows, width);
    const double right = width - 16.0;
    const AxisScale x(0, last, column + 10.0, right);
    const double bottom = top + kRow * static_cast<double>(rows.size());
    const double below =
        draw_x_axis(canvas, x, nice_ticks(0, last, kTicks), top - 4.0, bottom, right, x_label);
    double y = top;
    for (const TimelineRow& row : rows) {
        draw_label(canvas, row.label, column, y);
        for (const TimelineSpan& span : row.spans) {
            if (plottable(span.start) && plottable(span.end) && span.end > span.start) {
                canvas.rect(x.px(span.start),
                            y,
                            std::max(x.px(span.end) - x.px(span.start), 0.5),
                            kStack,
                            fmt::format("fill:{};fill-opacity:.88",
                                        series_color(static_cast<size_t>(span.color))),
                            span.tooltip);
            }
        }
        y += kRow;
    }
    return canvas.finish(below + 4.0);
}

}  // namespace mho

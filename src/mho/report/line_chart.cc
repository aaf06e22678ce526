// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/report/line_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "mho/report/chart_frame.h"
#include "mho/report/numbers.h"
#include "mho/report/svg.h"
#include "mho/report/text.h"

namespace mho {

namespace {

constexpr size_t kMaxMarkers = 64;  // more would hide the line
constexpr size_t kMaxPoints = 4000;

size_t points_of(const LineSeries& s) {
    return std::min(s.x.size(), s.y.size());
}

bool has_band(const LineSeries& s) {
    return s.lower.size() >= points_of(s) && s.upper.size() >= points_of(s) && points_of(s) > 1;
}

size_t color_of(const LineChart& chart, const LineSeries& s) {
    return s.color >= 0 ? static_cast<size_t>(s.color)
                        : static_cast<size_t>(&s - chart.series.data());
}

struct Ranges {
    DataRange x;
    DataRange y;
};

Ranges data_ranges(const LineChart& chart) {
    Ranges r;
    for (const LineSeries& s : chart.series) {
        for (size_t i = 0; i < points_of(s); i++) {
            if (!plottable(s.y[i]) || (chart.log_x && !(s.x[i] > 0.0))) {
                continue;
            }
            r.x.include(s.x[i]);
            r.y.include(s.y[i]);
            if (has_band(s)) {
                r.y.include(s.lower[i]);
                r.y.include(s.upper[i]);
            }
        }
    }
    if (!r.y.empty()) {
        for (const ReferenceLine& line : chart.references) {
            r.y.include(line.y);
        }
    }
    return r;
}

/// Room above and below the data; percentages of non-negative data do not go below zero.
DataRange padded_y(const LineChart& chart, const DataRange& y) {
    const double span = y.hi() - y.lo();
    const double flat = std::max(0.02 * std::fabs(y.hi()), 1e-3);
    const double pad = span > 0.0 ? span : flat;
    DataRange out;
    double lo = y.lo() - 0.07 * pad;
    const double hi = y.hi() + (chart.references.empty() ? 0.07 : 0.12) * pad;
    if (y.lo() >= 0.0) {
        lo = std::max(0.0, lo);
    }
    out.include(plottable(chart.y_min) ? chart.y_min : lo);
    out.include(plottable(chart.y_max) ? chart.y_max : hi);
    return out;
}

std::string value_text(const LineChart& chart, double y) {
    return chart.percent ? format_percent(y) : format_number(y, 5);
}

std::string x_text(const LineChart& chart, double x) {
    for (const AxisTick& tick : chart.x_ticks) {
        if (std::fabs(tick.at - x) <= 1e-6 * std::fabs(x)) {
            return tick.label;
        }
    }
    return format_number(x, 5);
}

void draw_band(SvgCanvas& canvas,
               const LineSeries& s,
               const AxisScale& x,
               const AxisScale& y,
               const std::string& color) {
    std::vector<SvgPoint> lower;
    std::vector<SvgPoint> outline;
    const auto flush = [&] {
        outline.insert(outline.end(), lower.rbegin(), lower.rend());
        canvas.polygon(outline, fmt::format("fill:{};fill-opacity:.16", color));
        outline.clear();
        lower.clear();
    };
    const size_t stride = points_of(s) / kMaxPoints + 1;
    for (size_t i = 0; i < points_of(s); i += stride) {
        const SvgPoint low{x.px(s.x[i]), y.px(s.lower[i])};
        const SvgPoint high{x.px(s.x[i]), y.px(s.upper[i])};
        if (std::isfinite(low.x) && std::isfinite(low.y) && std::isfinite(high.y)) {
            lower.push_back(low);
            outline.push_back(high);
        } else {
            flush();
        }
    }
    flush();
}

/// The points to draw; of very long series the lowest and highest of each run of neighbours.
std::vector<SvgPoint> curve(const LineSeries& s, const AxisScale& x, const AxisScale& y) {
    std::vector<SvgPoint> points;
    const size_t n = points_of(s);
    const size_t run = n <= kMaxPoints ? 1 : 2 * n / kMaxPoints + 1;
    for (size_t i = 0; i < n; i += run) {
        size_t low = i;
        size_t high = i;
        for (size_t j = i; j < std::min(n, i + run); j++) {
            low = s.y[j] < s.y[low] || !plottable(s.y[low]) ? j : low;
            high = s.y[j] > s.y[high] || !plottable(s.y[high]) ? j : high;
        }
        points.push_back({x.px(s.x[std::min(low, high)]), y.px(s.y[std::min(low, high)])});
        if (low != high) {
            points.push_back({x.px(s.x[std::max(low, high)]), y.px(s.y[std::max(low, high)])});
        }
    }
    return points;
}

void draw_series(SvgCanvas& canvas,
                 const LineChart& chart,
                 const LineSeries& s,
                 const AxisScale& x,
                 const AxisScale& y) {
    const std::string color = series_color(color_of(chart, s));
    const std::vector<SvgPoint> points = curve(s, x, y);
    canvas.polyline(
        points,
        fmt::format(
            "stroke:{};stroke-width:2.25{}", color, s.dashed ? ";stroke-dasharray:6 5" : ""));
    const size_t n = points_of(s);
    for (size_t i = 0; i < n && n <= kMaxMarkers; i++) {
        if (!plottable(s.y[i])) {
            continue;
        }
        std::string tip = s.name.empty() ? "" : s.name + ", ";
        tip += x_text(chart, s.x[i]) + ": " + value_text(chart, s.y[i]);
        if (has_band(s) && plottable(s.lower[i]) && plottable(s.upper[i])) {
            tip +=
                " (" + value_text(chart, s.lower[i]) + " to " + value_text(chart, s.upper[i]) + ")";
        }
        canvas.marker(color_of(chart, s),
                      x.px(s.x[i]),
                      y.px(s.y[i]),
                      3.6,
                      fmt::format("fill:{};stroke:{};stroke-width:1.75",
                                  s.dashed ? std::string(kSurface) : color,
                                  color),
                      tip);
    }
}

void draw_reference(
    SvgCanvas& canvas, const ReferenceLine& line, double y, double left, double right) {
    canvas.line(
        left,
        y,
        right,
        y,
        fmt::format("stroke:{};stroke-width:1.5;stroke-dasharray:2 4;stroke-linecap:round", kInk));
    canvas.text(right - 2.0, y - 7.0, line.label, {kTickPx, Anchor::kEnd, true, kInk, true});
}

}  // namespace

std::string LineChart::svg(int asked_width) const {
    const double width = chart_width(asked_width);
    SvgCanvas canvas(width, title, description);
    std::vector<LegendItem> legend;
    for (const LineSeries& s : series) {
        if (!s.name.empty()) {
            const size_t color = color_of(*this, s);
            legend.push_back({s.name,
                              series_color(color),
                              s.dashed ? LegendItem::Kind::kDashedLine : LegendItem::Kind::kLine,
                              points_of(s) <= kMaxMarkers ? static_cast<int>(color % 4) : -1});
        }
    }
    double top = draw_header(canvas, title, legend);
    const Ranges ranges = data_ranges(*this);
    if (ranges.x.empty() || ranges.y.empty()) {
        return canvas.finish(draw_no_data(canvas, top));
    }
    if (!y_label.empty()) {
        for (const std::string& line : wrap_text(y_label, kTickPx, width)) {
            top += 15.0;
            canvas.text(0.0, top - 3.0, line, {kTickPx});
        }
    }
    top += 12.0;
    const bool narrow = width < kNarrowChart_px;
    const double height = narrow ? 0.72 * width : std::clamp(0.42 * width, 220.0, 420.0);
    const double bottom = top + height;

    const DataRange padded = padded_y(*this, ranges.y);
    const AxisScale y(padded.lo(), padded.hi(), bottom, top);
    std::vector<AxisTick> y_ticks =
        nice_ticks(y.lo(), y.hi(), static_cast<int>(height / 52.0), percent);
    if (percent && ranges.y.hi() <= 1.0) {
        std::erase_if(y_ticks, [](const AxisTick& t) { return t.at > 1.0 + 1e-9; });
    }
    const double left = widest_label_px(y_ticks) + 12.0;
    const double right = width - 14.0;
    const AxisScale x(ranges.x.lo(), ranges.x.hi(), left + 10.0, right - 6.0, log_x);
    std::vector<AxisTick> shown = x_ticks;
    std::erase_if(shown, [&](const AxisTick& t) {
        const double at = x.px(t.at);
        return !(at >= left - 1.0 && at <= right + 1.0);
    });
    if (shown.empty()) {
        const int count = static_cast<int>((right - left) / 80.0);
        shown = log_x ? log_ticks(x.lo(), x.hi(), count) : nice_ticks(x.lo(), x.hi(), count);
        if (shown.size() < 2 && log_x) {
            shown = nice_ticks(x.lo(), x.hi(), count);
        }
    }
    draw_y_axis(canvas, y, y_ticks, left, right);
    const double below = draw_x_axis(canvas, x, shown, top, bottom, right, x_label);
    canvas.line(left, bottom, right, bottom, fmt::format("stroke:{};stroke-width:1.25", kAxis));
    for (const LineSeries& s : series) {
        if (has_band(s)) {
            draw_band(canvas, s, x, y, series_color(color_of(*this, s)));
        }
    }
    for (const ReferenceLine& line : references) {
        draw_reference(canvas, line, y.px(line.y), left, right);
    }
    for (const LineSeries& s : series) {
        draw_series(canvas, *this, s, x, y);
    }
    return canvas.finish(below);
}

}  // namespace mho

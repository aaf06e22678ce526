// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/report/histogram_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "mho/report/axis.h"
#include "mho/report/chart_frame.h"
#include "mho/report/numbers.h"
#include "mho/report/svg.h"
#include "mho/util/error.h"

namespace mho {

namespace {

constexpr size_t kMaxBins = 100000;
constexpr size_t kMaxSteps = 512;  // finer steps than pixels show nothing

template <class T>
HistogramSeries count(std::span<const T> values, size_t bins, double lo, double hi) {
    if (!std::isfinite(lo) || !std::isfinite(hi) || !(lo < hi) || !std::isfinite(hi - lo)) {
        throw InputError(fmt::format("histogram: lo must be below hi, got {} and {}", lo, hi));
    }
    if (bins < 1 || bins > kMaxBins) {
        throw InputError(fmt::format("histogram: bins must be 1 to {}, got {}", kMaxBins, bins));
    }
    HistogramSeries out{"", lo, hi, std::vector<double>(bins, 0.0)};
    for (const T raw : values) {
        const auto value = static_cast<double>(raw);
        if (value >= lo && value <= hi) {
            // The ratio first: it lies in [0, 1] even when hi - lo is the smallest double.
            const double place = (value - lo) / (hi - lo) * static_cast<double>(bins);
            const auto bin = static_cast<size_t>(place);
            out.counts[std::min(bin, bins - 1)] += 1.0;
        }
    }
    return out;
}

struct Steps {
    double lo = 0.0;
    double width = 0.0;
    std::vector<double> share;  // per bin of the first series
};

/// Shares of the total; neighbouring bins are merged until at most kMaxSteps are left.
Steps steps_of(const HistogramSeries& s, double reference_width) {
    Steps out;
    double total = 0.0;
    for (const double c : s.counts) {
        total += plottable(c) && c > 0.0 ? c : 0.0;
    }
    if (!(total > 0.0)) {
        return out;
    }
    const size_t merged = (s.counts.size() + kMaxSteps - 1) / kMaxSteps;
    const double bin_width = (s.hi - s.lo) / static_cast<double>(s.counts.size());
    out.lo = s.lo;
    out.width = bin_width * static_cast<double>(merged);
    for (size_t i = 0; i < s.counts.size(); i += merged) {
        double sum = 0.0;
        const size_t end = std::min(i + merged, s.counts.size());
        for (size_t j = i; j < end; j++) {
            sum += plottable(s.counts[j]) && s.counts[j] > 0.0 ? s.counts[j] : 0.0;
        }
        out.share.push_back(sum / total / static_cast<double>(end - i) * reference_width /
                            bin_width);
    }
    return out;
}

bool usable(const HistogramSeries& s) {
    return !s.counts.empty() && plottable(s.lo) && plottable(s.hi) && s.lo < s.hi;
}

void draw_steps(SvgCanvas& canvas,
                const Steps& steps,
                const AxisScale& x,
                const AxisScale& y,
                double bottom,
                const std::string& color) {
    std::vector<SvgPoint> outline{{x.px(steps.lo), bottom}};
    for (size_t i = 0; i < steps.share.size(); i++) {
        const double height = y.px(steps.share[i]);
        const double at = std::isfinite(height) ? std::min(height, bottom) : bottom;
        outline.push_back({x.px(steps.lo + static_cast<double>(i) * steps.width), at});
        outline.push_back({x.px(steps.lo + static_cast<double>(i + 1) * steps.width), at});
    }
    outline.push_back({outline.back().x, bottom});
    canvas.polygon(outline, fmt::format("fill:{};fill-opacity:.28", color));
    canvas.polyline(outline, fmt::format("stroke:{};stroke-width:1.5", color));
}

}  // namespace

HistogramSeries histogram(std::span<const double> values, size_t bins, double lo, double hi) {
    return count(values, bins, lo, hi);
}

HistogramSeries histogram(std::span<const float> values, size_t bins, double lo, double hi) {
    return count(values, bins, lo, hi);
}

std::string Histogram::svg(int asked_width) const {
    const double width = chart_width(asked_width);
    SvgCanvas canvas(width, title, description);
    std::vector<LegendItem> legend;
    std::vector<Steps> steps;
    std::vector<std::string> colors;
    DataRange x_range;
    DataRange y_range;
    double reference_width = 0.0;
    double smallest = 1.0;
    for (size_t i = 0; i < series.size(); i++) {
        const HistogramSeries& s = series[i];
        if (!usable(s)) {
            continue;
        }
        if (reference_width == 0.0) {
            reference_width = (s.hi - s.lo) / static_cast<double>(s.counts.size());
        }
        Steps one = steps_of(s, reference_width);
        if (one.share.empty()) {
            continue;
        }
        x_range.include(s.lo);
        x_range.include(s.hi);
        y_range.include(one.share);
        for (const double share : one.share) {
            smallest = share > 0.0 ? std::min(smallest, share) : smallest;
        }
        steps.push_back(std::move(one));
        colors.push_back(series_color(i));
        if (!s.name.empty()) {
            legend.push_back({s.name, series_color(i), LegendItem::Kind::kBox});
        }
    }
    double top = draw_header(canvas, title, legend);
    if (steps.empty()) {
        return canvas.finish(draw_no_data(canvas, top));
    }
    top += 15.0;
    canvas.text(
        0.0,
        top - 3.0,
        "share per bin of " + format_number(reference_width, 3) + (log_y ? " (logarithmic)" : ""),
        {kTickPx});
    top += 9.0;
    const bool narrow = width < kNarrowChart_px;
    const double height = narrow ? 0.58 * width : std::clamp(0.4 * width, 190.0, 320.0);
    const double bottom = top + height;
    const double low = log_y ? std::max(0.5 * smallest, 1e-7 * y_range.hi()) : 0.0;
    const AxisScale y(low, y_range.hi() * (log_y ? 1.5 : 1.05), bottom, top, log_y);
    const int count = static_cast<int>(height / 45.0);
    const std::vector<AxisTick> y_ticks =
        log_y ? log_ticks(y.lo(), y.hi(), count, true) : nice_ticks(y.lo(), y.hi(), count, true);
    const double left = widest_label_px(y_ticks) + 12.0;
    const double right = width - 14.0;
    const AxisScale x(x_range.lo(), x_range.hi(), left, right);
    draw_y_axis(canvas, y, y_ticks, left, right);
    const double below = draw_x_axis(
        canvas, x, nice_ticks(x.lo(), x.hi(), narrow ? 5 : 8), top, bottom, right, x_label);
    for (size_t i = 0; i < steps.size(); i++) {
        draw_steps(canvas, steps[i], x, y, bottom, colors[i]);
    }
    canvas.line(left, bottom, right, bottom, fmt::format("stroke:{};stroke-width:1.25", kAxis));
    return canvas.finish(below);
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/report/heatmap.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "mho/report/axis.h"
#include "mho/report/chart_frame.h"
#include "mho/report/numbers.h"
#include "mho/report/svg.h"
#include "mho/report/text.h"
#include "mho/util/error.h"

namespace mho {

namespace {

constexpr size_t kMaxMapCells = 128;
constexpr double kCellPx = 12.0;  // font size inside cells

struct Rgb {
    double r, g, b;
};

Rgb mix(std::span<const Rgb> stops, double at) {
    const double place = std::clamp(at, 0.0, 1.0) * static_cast<double>(stops.size() - 1);
    const size_t i = std::min(static_cast<size_t>(place), stops.size() - 2);
    const double t = place - static_cast<double>(i);
    const auto blend = [t](double a, double b) { return a + t * (b - a); };
    return {blend(stops[i].r, stops[i + 1].r),
            blend(stops[i].g, stops[i + 1].g),
            blend(stops[i].b, stops[i + 1].b)};
}

/// Lightness falls (sequential) or falls to both sides (diverging) evenly, so the scales read in
/// grey too; blue against orange is safe for the colour-blind.
Rgb color_at(double share, bool diverging) {
    static constexpr Rgb kSequential[] = {
        {243, 247, 252}, {190, 214, 238}, {112, 169, 217}, {38, 112, 178}, {9, 58, 112}};
    static constexpr Rgb kDiverging[] = {
        {8, 81, 156}, {107, 166, 212}, {246, 246, 246}, {240, 164, 104}, {166, 69, 0}};
    return diverging ? mix(kDiverging, share) : mix(kSequential, share);
}

std::string hex(const Rgb& c) {
    return fmt::format("#{:02x}{:02x}{:02x}",
                       static_cast<int>(std::lround(c.r)),
                       static_cast<int>(std::lround(c.g)),
                       static_cast<int>(std::lround(c.b)));
}

std::string_view ink_on(const Rgb& c) {
    // Relative luminance in the plain gamma-encoded approximation is good enough for two choices.
    return 0.299 * c.r + 0.587 * c.g + 0.114 * c.b > 140.0 ? "#14202b" : "#ffffff";
}

/// Mean of the plottable values of a block; NaN when there is none.
double block_mean(const Heatmap& map, size_t r0, size_t r1, size_t c0, size_t c1) {
    double sum = 0.0;
    size_t n = 0;
    for (size_t r = r0; r < r1; r++) {
        for (size_t c = c0; c < c1; c++) {
            const double v = map.values[r * map.columns + c];
            sum += plottable(v) ? v : 0.0;
            n += plottable(v) ? 1 : 0;
        }
    }
    return n > 0 ? sum / static_cast<double>(n) : std::numeric_limits<double>::quiet_NaN();
}

Heatmap reduced(const Heatmap& map) {
    const size_t by_row = (map.rows + kMaxMapCells - 1) / kMaxMapCells;
    const size_t by_column = (map.columns + kMaxMapCells - 1) / kMaxMapCells;
    Heatmap out = map;
    out.rows = (map.rows + by_row - 1) / by_row;
    out.columns = (map.columns + by_column - 1) / by_column;
    out.values.clear();
    out.row_names.clear();
    out.column_names.clear();
    for (size_t r = 0; r < out.rows; r++) {
        for (size_t c = 0; c < out.columns; c++) {
            out.values.push_back(block_mean(map,
                                            r * by_row,
                                            std::min(map.rows, (r + 1) * by_row),
                                            c * by_column,
                                            std::min(map.columns, (c + 1) * by_column)));
        }
    }
    for (size_t r = 0; r < out.rows && !map.row_names.empty(); r++) {
        out.row_names.push_back(map.row_names[r * by_row]);
    }
    for (size_t c = 0; c < out.columns && !map.column_names.empty(); c++) {
        out.column_names.push_back(map.column_names[c * by_column]);
    }
    return out;
}

void check(const Heatmap& map) {
    const bool fits = map.columns == 0 || map.rows <= map.values.size() / map.columns;
    if (!fits || map.values.size() != map.rows * map.columns) {
        throw InputError(fmt::format("Heatmap: {} values for {} rows x {} columns",
                                     map.values.size(),
                                     map.rows,
                                     map.columns));
    }
    if ((!map.row_names.empty() && map.row_names.size() != map.rows) ||
        (!map.column_names.empty() && map.column_names.size() != map.columns)) {
        throw InputError("Heatmap: needs one name per row and per column, or none");
    }
}

std::string value_text(const Heatmap& map, double v) {
    return map.percent ? format_percent(v, map.decimals) : format_number(v, map.decimals + 2);
}

double draw_legend(
    SvgCanvas& canvas, const Heatmap& map, double lo, double hi, double left, double y) {
    constexpr int kSteps = 40;
    const double length = std::min(220.0, canvas.width() - left - 130.0);
    const std::string low = value_text(map, lo);
    const double from = left + text_width_px(low, kTickPx) + 8.0;
    canvas.text(left, y + 11.0, low, {kTickPx});
    for (int i = 0; i < kSteps; i++) {
        const double step = length / kSteps;
        canvas.rect(from + i * step,
                    y,
                    length - i * step,  // to the end: abutting steps would show seams
                    13.0,
                    "fill:" + hex(color_at((i + 0.5) / kSteps, map.diverging)));
    }
    canvas.text(from + length + 8.0, y + 11.0, value_text(map, hi), {kTickPx});
    if (!map.value_label.empty()) {
        canvas.text(left, y + 31.0, map.value_label, {kTickPx});
        return y + 38.0;
    }
    return y + 20.0;
}

/// Names under the columns: whole when all fit their cell, else every n-th.
double draw_column_names(
    SvgCanvas& canvas, const Heatmap& map, double left, double cell, double y) {
    if (map.column_names.empty()) {
        return y;
    }
    size_t lines_used = 1;
    double widest = 0.0;
    std::vector<std::vector<std::string>> names;
    for (const std::string& name : map.column_names) {
        names.push_back(wrap_text(name, kTickPx, std::max(cell - 4.0, 44.0)));
        lines_used = std::max(lines_used, names.back().size());
        for (const std::string& line : names.back()) {
            widest = std::max(widest, text_width_px(line, kTickPx));
        }
    }
    const auto stride = static_cast<size_t>(std::ceil((widest + 6.0) / std::max(cell, 0.1)));
    for (size_t c = 0; c < names.size(); c += std::max<size_t>(1, stride)) {
        for (size_t i = 0; i < names[c].size(); i++) {
            canvas.text(left + (static_cast<double>(c) + 0.5) * cell,
                        y + 17.0 + 14.0 * static_cast<double>(i),
                        names[c][i],
                        {kTickPx, Anchor::kMiddle});
        }
    }
    return y + 8.0 + 14.0 * static_cast<double>(lines_used);
}

}  // namespace

std::string Heatmap::svg(int asked_width) const {
    check(*this);
    if (!values.empty() && (rows > kMaxMapCells || columns > kMaxMapCells)) {
        return reduced(*this).svg(asked_width);
    }
    const double width = chart_width(asked_width);
    SvgCanvas canvas(width, title, description);
    double y = draw_header(canvas, title, {});
    DataRange range;
    range.include(values);
    if (range.empty()) {
        return canvas.finish(draw_no_data(canvas, y));
    }
    const double bound = std::max(std::fabs(range.lo()), std::fabs(range.hi()));
    const double lo = diverging ? -bound : range.lo();
    const double hi = diverging ? bound : range.hi();

    if (!row_label.empty()) {
        y += 15.0;
        canvas.text(0.0, y - 3.0, row_label, {kTickPx});
        y += 5.0;
    }
    double names_width = 0.0;
    for (const std::string& name : row_names) {
        names_width = std::max(names_width, text_width_px(name, kTickPx));
    }
    names_width = std::min(names_width + 2.0, 0.36 * width);
    const double left = row_names.empty() ? 0.0 : names_width + 10.0;
    const double cell = (width - left - 2.0) / static_cast<double>(columns);
    const bool many = rows > 40;
    const double cell_height = row_names.empty()
                                   ? std::clamp(cell, many ? 6.0 : 22.0, many ? 14.0 : 34.0)
                                   : (many ? 17.0 : 30.0);
    double widest_value = 0.0;
    for (const double v : values) {
        widest_value = std::max(widest_value, text_width_px(value_text(*this, v), kCellPx));
    }
    const bool numbers = widest_value + 6.0 <= cell && cell_height >= 20.0;
    const double gap = cell > 12.0 && cell_height > 12.0 ? 2.0 : 0.0;
    const size_t name_stride =
        cell_height >= 14.0 ? 1 : static_cast<size_t>(16.0 / cell_height) + 1;

    for (size_t r = 0; r < rows; r++) {
        const double top = y + static_cast<double>(r) * cell_height;
        const double baseline = top + cell_height / 2.0 + 4.3;
        if (!row_names.empty() && r % name_stride == 0) {
            const std::string name = fit_text(row_names[r], kTickPx, names_width);
            canvas.text(left - 10.0, baseline, name, {kTickPx, Anchor::kEnd, false, kInk});
        }
        for (size_t c = 0; c < columns; c++) {
            const double v = values[r * columns + c];
            const double x = left + static_cast<double>(c) * cell;
            std::string tip = row_names.empty() ? "" : row_names[r] + ", ";
            tip += (column_names.empty() ? "" : column_names[c] + ": ") + value_text(*this, v);
            const double share = hi > lo ? (v - lo) / (hi - lo) : 0.5;
            const Rgb color = color_at(plottable(v) ? share : 0.0, diverging);
            canvas.rect(x,
                        top,
                        cell - gap + (gap == 0.0 ? 0.3 : 0.0),
                        cell_height - gap + (gap == 0.0 ? 0.3 : 0.0),
                        plottable(v)
                            ? "fill:" + hex(color)
                            : fmt::format("fill:none;stroke:{};stroke-dasharray:3 3", kGrid),
                        tip,
                        gap);
            if (numbers) {
                canvas.text(
                    x + (cell - gap) / 2.0,
                    baseline,
                    value_text(*this, v),
                    {kCellPx, Anchor::kMiddle, false, plottable(v) ? ink_on(color) : kMuted});
            }
        }
    }
    y += static_cast<double>(rows) * cell_height;
    y = draw_column_names(canvas, *this, left, cell, y);
    if (!column_label.empty()) {
        y += 19.0;
        canvas.text(width - 2.0, y - 2.0, column_label, {kTickPx, Anchor::kEnd});
    }
    return canvas.finish(draw_legend(canvas, *this, lo, hi, left, y + 12.0));
}

}  // namespace mho

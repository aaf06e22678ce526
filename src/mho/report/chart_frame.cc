// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/report/chart_frame.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "mho/report/text.h"

namespace mho {

namespace {

constexpr double kTitlePx = 15.0;
constexpr double kLegendPx = 12.5;

struct PlacedLabel {
    double x;
    double width;
    std::vector<std::string> lines;
};

std::vector<std::string> at_spaces(const std::string& label) {
    const size_t space = label.find(' ');
    return space == std::string::npos
               ? std::vector<std::string>{label}
               : std::vector<std::string>{label.substr(0, space), label.substr(space + 1)};
}

std::vector<PlacedLabel> place(const std::vector<AxisTick>& ticks, const AxisScale& scale) {
    std::vector<PlacedLabel> labels;
    for (const AxisTick& tick : ticks) {
        PlacedLabel label{scale.px(tick.at), text_width_px(tick.label, kTickPx), {tick.label}};
        if (std::isfinite(label.x)) {
            labels.push_back(std::move(label));
        }
    }
    std::sort(labels.begin(), labels.end(), [](const auto& a, const auto& b) { return a.x < b.x; });
    return labels;
}

bool collide(const PlacedLabel& a, const PlacedLabel& b) {
    return b.x - a.x < (a.width + b.width) / 2.0 + 7.0;
}

/// Breaks the labels that collide with a neighbour at their first space: "10 years" in two lines.
void break_colliding(std::vector<PlacedLabel>& labels) {
    std::vector<bool> colliding(labels.size(), false);
    for (size_t i = 1; i < labels.size(); i++) {
        if (collide(labels[i - 1], labels[i])) {
            colliding[i - 1] = colliding[i] = true;
        }
    }
    for (size_t i = 0; i < labels.size(); i++) {
        if (!colliding[i]) {
            continue;
        }
        labels[i].lines = at_spaces(labels[i].lines.front());
        labels[i].width = 0.0;
        for (const std::string& line : labels[i].lines) {
            labels[i].width = std::max(labels[i].width, text_width_px(line, kTickPx));
        }
    }
}

}  // namespace

double chart_width(int asked) {
    return static_cast<double>(std::clamp(asked, 240, 4000));
}

double draw_header(SvgCanvas& canvas,
                   std::string_view title,
                   const std::vector<LegendItem>& legend) {
    double y = 4.0;
    if (!title.empty()) {
        for (const std::string& line : wrap_text(title, kTitlePx * 1.1, canvas.width())) {
            y += 1.25 * kTitlePx;
            canvas.text(0.0, y - 4.0, line, {kTitlePx, Anchor::kStart, true, kInk, false});
        }
        y += 6.0;
    }
    if (legend.empty()) {
        return y;
    }
    constexpr double kGap = 18.0;
    constexpr double kRow = 20.0;
    double x = 0.0;
    for (const LegendItem& item : legend) {
        const bool box = item.kind == LegendItem::Kind::kBox;
        const double sample = box ? 14.0 : 26.0;
        const double room = canvas.width() - sample - 8.0;
        const std::string name = fit_text(item.name, kLegendPx, room);
        const double width = sample + 7.0 + text_width_px(name, kLegendPx) + kGap;
        if (x > 0.0 && x + width - kGap > canvas.width()) {
            x = 0.0;
            y += kRow;
        }
        const double middle = y + kRow / 2.0;
        if (box) {
            canvas.rect(
                x,
                middle - 6.0,
                sample,
                12.0,
                fmt::format("fill:{0};fill-opacity:.4;stroke:{0};stroke-width:1.5", item.color),
                "",
                2.0);
        } else {
            const bool dashed = item.kind == LegendItem::Kind::kDashedLine;
            canvas.line(x,
                        middle,
                        x + sample,
                        middle,
                        fmt::format("stroke:{};stroke-width:2.25{}",
                                    item.color,
                                    dashed ? ";stroke-dasharray:6 4" : ""));
            if (item.marker >= 0) {
                canvas.marker(static_cast<size_t>(item.marker),
                              x + sample / 2.0,
                              middle,
                              4.0,
                              fmt::format("fill:{};stroke:{};stroke-width:2",
                                          dashed ? std::string(kSurface) : item.color,
                                          item.color));
            }
        }
        canvas.text(x + sample + 7.0, middle + 4.5, name, {kLegendPx, Anchor::kStart, false, kInk});
        x += width;
    }
    return y + kRow + 6.0;
}

double draw_x_axis(SvgCanvas& canvas,
                   const AxisScale& scale,
                   const std::vector<AxisTick>& ticks,
                   double top,
                   double bottom,
                   double right,
                   std::string_view label) {
    for (const AxisTick& tick : ticks) {
        const double x = scale.px(tick.at);
        canvas.line(x, top, x, bottom, fmt::format("stroke:{};stroke-width:1", kGrid));
    }
    std::vector<PlacedLabel> labels = place(ticks, scale);
    break_colliding(labels);
    // The first and the last label say most, so thinning keeps both.
    std::vector<PlacedLabel> kept;
    for (size_t i = 0; i < labels.size(); i++) {
        const bool last = i + 1 == labels.size();
        while (last && kept.size() > 1 && collide(kept.back(), labels[i])) {
            kept.pop_back();
        }
        if (kept.empty() || !collide(kept.back(), labels[i])) {
            kept.push_back(labels[i]);
        }
    }
    size_t lines = 0;
    for (const PlacedLabel& l : kept) {
        const double x = std::max(l.width / 2.0, std::min(l.x, canvas.width() - l.width / 2.0));
        for (size_t i = 0; i < l.lines.size(); i++) {
            canvas.text(x,
                        bottom + 18.0 + 15.0 * static_cast<double>(i),
                        l.lines[i],
                        {kTickPx, Anchor::kMiddle});
        }
        lines = std::max(lines, l.lines.size());
    }
    double y = bottom + 8.0 + 15.0 * static_cast<double>(lines);
    if (!label.empty()) {
        y += 19.0;
        canvas.text(right, y - 2.0, label, {kTickPx, Anchor::kEnd});
    }
    return y + 5.0;
}

void draw_y_axis(SvgCanvas& canvas,
                 const AxisScale& scale,
                 const std::vector<AxisTick>& ticks,
                 double left,
                 double right) {
    for (const AxisTick& tick : ticks) {
        const double y = scale.px(tick.at);
        canvas.line(left, y, right, y, fmt::format("stroke:{};stroke-width:1", kGrid));
        canvas.text(left - 8.0, y + 4.3, tick.label, {kTickPx, Anchor::kEnd});
    }
}

double widest_label_px(const std::vector<AxisTick>& ticks) {
    double width = 0.0;
    for (const AxisTick& tick : ticks) {
        width = std::max(width, text_width_px(tick.label, kTickPx));
    }
    return width;
}

double draw_no_data(SvgCanvas& canvas, double top) {
    canvas.text(canvas.width() / 2.0, top + 40.0, "no data", {13.0, Anchor::kMiddle});
    return top + 70.0;
}

}  // namespace mho

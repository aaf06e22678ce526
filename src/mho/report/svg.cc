// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/report/svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>

#include "mho/report/text.h"

namespace mho {

namespace {

/// A hundredth of a pixel is finer than any screen shows.
std::string px(double value) {
    std::string text = fmt::format("{:.2f}", value);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') {
        text.pop_back();
    }
    return text == "-0" ? "0" : text;
}

bool drawable(std::initializer_list<double> values) {
    return std::all_of(values.begin(), values.end(), [](double v) {
        return std::isfinite(v) && std::fabs(v) < 1e6;
    });
}

std::string path_data(const std::vector<SvgPoint>& points) {
    std::string data;
    for (const SvgPoint& p : points) {
        data += (data.empty() ? "M" : " ") + px(p.x) + " " + px(p.y);
    }
    return data;
}

}  // namespace

std::string series_color(size_t index) {
    static constexpr const char* kColors[] = {"var(--s1,#0072b2)",
                                              "var(--s2,#d55e00)",
                                              "var(--s3,#009e73)",
                                              "var(--s4,#b5548f)",
                                              "var(--s5,#c98a00)",
                                              "var(--s6,#3a9bd0)",
                                              "var(--s7,#8a8200)",
                                              "var(--s8,#6b7280)"};
    return kColors[index % std::size(kColors)];
}

SvgCanvas::SvgCanvas(double width, std::string_view title, std::string_view description)
    : width_(width), title_(one_line(title)), description_(one_line(description)) {}

void SvgCanvas::add(std::string_view element, std::string_view tooltip) {
    // `element` is "name attributes"; a tooltip is a <title> child.
    if (tooltip.empty()) {
        body_ += fmt::format("<{}/>\n", element);
        return;
    }
    const std::string_view name = element.substr(0, element.find(' '));
    body_ += fmt::format("<{}><title>{}</title></{}>\n", element, escape_xml(tooltip), name);
}

void SvgCanvas::line(double x1, double y1, double x2, double y2, std::string_view style) {
    if (drawable({x1, y1, x2, y2})) {
        add(fmt::format("line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" style=\"{}\"",
                        px(x1),
                        px(y1),
                        px(x2),
                        px(y2),
                        style),
            "");
    }
}

void SvgCanvas::polyline(const std::vector<SvgPoint>& points, std::string_view style) {
    std::vector<SvgPoint> run;
    const auto flush = [&] {
        if (run.size() > 1) {
            add(fmt::format("path d=\"{}\" style=\"fill:none;stroke-linejoin:round;"
                            "stroke-linecap:round;{}\"",
                            path_data(run),
                            style),
                "");
        }
        run.clear();
    };
    for (const SvgPoint& p : points) {
        if (drawable({p.x, p.y})) {
            run.push_back(p);
        } else {
            flush();
        }
    }
    flush();
}

void SvgCanvas::polygon(const std::vector<SvgPoint>& points, std::string_view style) {
    std::vector<SvgPoint> kept;
    std::copy_if(points.begin(), points.end(), std::back_inserter(kept), [](const SvgPoint& p) {
        return drawable({p.x, p.y});
    });
    if (kept.size() > 2) {
        add(fmt::format("path d=\"{}Z\" style=\"stroke:none;{}\"", path_data(kept), style), "");
    }
}

void SvgCanvas::rect(double x,
                     double y,
                     double width,
                     double height,
                     std::string_view style,
                     std::string_view tooltip,
                     double radius) {
    if (drawable({x, y, width, height}) && width >= 0.0 && height >= 0.0) {
        add(fmt::format("rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"{} style=\"{}\"",
                        px(x),
                        px(y),
                        px(width),
                        px(height),
                        radius > 0.0 ? fmt::format(" rx=\"{}\"", px(radius)) : "",
                        style),
            tooltip);
    }
}

void SvgCanvas::marker(size_t shape,
                       double x,
                       double y,
                       double radius,
                       std::string_view style,
                       std::string_view tooltip) {
    if (!drawable({x, y, radius})) {
        return;
    }
    const double r = radius;
    switch (shape % 4) {
        case 0:
            add(fmt::format(
                    "circle cx=\"{}\" cy=\"{}\" r=\"{}\" style=\"{}\"", px(x), px(y), px(r), style),
                tooltip);
            return;
        case 1:
            rect(x - 0.9 * r, y - 0.9 * r, 1.8 * r, 1.8 * r, style, tooltip);
            return;
        case 2:
            add(fmt::format("path d=\"{}Z\" style=\"{}\"",
                            path_data({{x, y - 1.25 * r},
                                       {x + 1.25 * r, y},
                                       {x, y + 1.25 * r},
                                       {x - 1.25 * r, y}}),
                            style),
                tooltip);
            return;
        default:
            add(fmt::format("path d=\"{}Z\" style=\"{}\"",
                            path_data({{x, y - 1.2 * r},
                                       {x + 1.15 * r, y + 0.85 * r},
                                       {x - 1.15 * r, y + 0.85 * r}}),
                            style),
                tooltip);
    }
}

void SvgCanvas::text(double x, double y, std::string_view text, const SvgText& style) {
    if (!drawable({x, y, style.size_px}) || text.empty()) {
        return;
    }
    const char* anchor = style.anchor == Anchor::kStart    ? ""
                         : style.anchor == Anchor::kMiddle ? " text-anchor=\"middle\""
                                                           : " text-anchor=\"end\"";
    const std::string halo = style.halo ? fmt::format(
                                              "paint-order:stroke;stroke:{};stroke-width:4px;"
                                              "stroke-linejoin:round;",
                                              kSurface)
                                        : "";
    body_ +=
        fmt::format("<text x=\"{}\" y=\"{}\" font-size=\"{}\"{}{} style=\"{}fill:{}\">{}</text>\n",
                    px(x),
                    px(y),
                    px(style.size_px),
                    anchor,
                    style.bold ? " font-weight=\"600\"" : "",
                    halo,
                    style.color,
                    escape_xml(one_line(text)));
}

std::string SvgCanvas::finish(double height) const {
    const std::string title = escape_xml(title_.empty() ? "Chart" : title_);
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" width=\"100%\" "
        "overflow=\"visible\" role=\"img\" aria-label=\"{}\" "
        "font-family=\"system-ui,-apple-system,'Segoe UI',Roboto,"
        "'Helvetica Neue',Arial,sans-serif\">\n<title>{}</title>\n{}{}</svg>\n",
        px(width_),
        px(height),
        title,
        title,
        description_.empty() ? "" : "<desc>" + escape_xml(description_) + "</desc>\n",
        body_);
}

}  // namespace mho

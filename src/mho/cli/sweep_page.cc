// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cli/sweep_page.h"

#include <algorithm>
#include <cmath>

#include "mho/analysis/results.h"
#include "mho/report/html.h"
#include "mho/report/line_chart.h"
#include "mho/report/numbers.h"

namespace mho {
namespace {

// What the pictures show when nothing is asked for: an accuracy on chips after about a day, against
// energy where runs have it, else the first parameter that is a number.
std::string default_y(const SweepTable& t) {
    for (const char* name : {"hwa 1 day", "naive 1 day", "float"}) {
        if (std::find(t.metrics.begin(), t.metrics.end(), name) != t.metrics.end()) {
            return name;
        }
    }
    return t.metrics.empty() ? "" : t.metrics[0];
}

std::string default_x(const SweepTable& t) {
    for (const std::string& m : t.metrics) {
        if (m.starts_with("energy")) {
            return m;
        }
    }
    for (const std::string& p : t.parameters) {
        const std::vector<double> v = t.column(p);
        if (std::any_of(v.begin(), v.end(), [](double d) { return std::isfinite(d); })) {
            return p;
        }
    }
    return "";
}

// Points without a line between them.
LineSeries scatter(const std::string& name,
                   const std::vector<double>& x,
                   const std::vector<double>& y) {
    LineSeries s;
    s.name = name;
    for (size_t i = 0; i < x.size(); i++) {
        for (const double gap : {0.0, std::nan("")}) {
            s.x.push_back(x[i]);
            s.y.push_back(y[i] + gap);
        }
    }
    return s;
}

LineChart pareto_chart(const SweepTable& t, const std::string& x_name, const std::string& y_name) {
    const std::vector<double> x = t.column(x_name);
    const std::vector<double> y = t.column(y_name);
    LineChart chart;
    chart.title = y_name + " against " + x_name;
    chart.description = "All points of the sweep, and those that no other beats";
    chart.x_label = x_name;
    chart.y_label = y_name;
    chart.percent = y_name != "loss";
    double low = INFINITY;
    double high = 0.0;
    for (const double v : x) {
        low = std::isfinite(v) ? std::min(low, v) : low;
        high = std::isfinite(v) ? std::max(high, v) : high;
    }
    chart.log_x = low > 0 && high > 20 * low;
    LineSeries front;
    front.name = "Pareto front: more at the least " + x_name;
    for (const size_t i : pareto_front(x, y)) {
        front.x.push_back(x[i]);
        front.y.push_back(y[i]);
    }
    chart.series = {scatter("points", x, y), front};
    return chart;
}

}  // namespace

SweepAxes sweep_axes(const SweepTable& t, SweepAxes a) {
    a.y = a.y.empty() ? default_y(t) : a.y;
    a.x = a.x.empty() ? default_x(t) : a.x;
    for (const std::string& name : {a.x, a.y}) {
        if (!name.empty()) {
            static_cast<void>(t.column(name));
        }
    }
    return a;
}

Table sweep_text(const SweepTable& t, const std::string& y) {
    Table table;
    for (const std::string& p : t.parameters) {
        table.column(p.substr(p.find('.') == std::string::npos ? 0 : p.find('.') + 1),
                     Align::kRight);
    }
    std::vector<size_t> shown;
    for (size_t k = 0; k < t.metrics.size(); k++) {
        if (t.metrics[k] == y || t.metrics[k] == "float" || t.metrics[k] == y + " std" ||
            t.metrics[k].starts_with("energy")) {
            shown.push_back(k);
            table.column(t.metrics[k], Align::kRight);
        }
    }
    table.column("state");
    for (const SweepTable::Row& row : t.rows) {
        std::vector<std::string> cells = row.values;
        for (const size_t k : shown) {
            cells.push_back(std::isfinite(row.metrics[k]) ? format_number(row.metrics[k], 5)
                                                          : std::string(kNoValue));
        }
        cells.push_back(row.state);
        table.row(cells);
    }
    return table;
}

std::string sweep_page(const Sweep& s, const SweepTable& t, const SweepAxes& axes) {
    const auto& [x, y] = axes;
    HtmlPage page(s.name.empty() ? "Sweep of " + s.run : s.name,
                  std::to_string(t.rows.size()) + " points");
    if (!x.empty() && !y.empty()) {
        page.figure(full_figure(pareto_chart(t, x, y)));
        std::vector<Figure> figures;
        for (const std::string& p : t.parameters) {
            if (p != x) {
                figures.push_back(half_figure(pareto_chart(t, p, y)));
            }
        }
        for (size_t i = 0; i < figures.size(); i += 2) {
            page.grid(
                {figures.begin() + static_cast<std::ptrdiff_t>(i),
                 figures.begin() + static_cast<std::ptrdiff_t>(std::min(i + 2, figures.size()))});
        }
    }
    page.table(sweep_text(t, y));
    page.details("Everything as CSV", t.csv());
    page.footer("mho " + version());
    return page.str();
}

}  // namespace mho

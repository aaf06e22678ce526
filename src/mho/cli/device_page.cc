// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cli/device_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "mho/analysis/results.h"
#include "mho/analysis/statistics.h"
#include "mho/net/training_presets.h"
#include "mho/report/histogram_chart.h"
#include "mho/report/html.h"
#include "mho/report/numbers.h"
#include "mho/report/terminal_plot.h"
#include "mho/util/json.h"

namespace mho {
namespace {

constexpr size_t kBins = 40;

LineSeries line(const std::string& name,
                const std::vector<double>& x,
                const std::vector<double>& y,
                int color,
                bool dashed = false) {
    LineSeries s;
    s.name = name;
    s.x = x;
    s.y = y;
    s.color = color;
    s.dashed = dashed;
    return s;
}

LineSeries band(const std::string& name,
                const std::vector<double>& x,
                const ResponseBand& b,
                int color) {
    LineSeries s = line(name, x, b.mean, color);
    s.lower = b.low;
    s.upper = b.high;
    return s;
}

LineChart step_chart(const DeviceResponse& r) {
    LineChart chart;
    chart.title = "Step of one pulse";
    chart.description = "Change of the weight by one pulse over the weight, without noise";
    chart.x_label = "weight";
    chart.y_label = "change by one pulse";
    chart.series = {line("up", r.weight, r.up_step, 0), line("down", r.weight, r.down_step, 1)};
    return chart;
}

LineChart cell_chart(const DeviceResponse& r) {
    LineChart chart;
    chart.title = "Single cells";
    chart.description = "Weights of single cells along the same train";
    chart.x_label = "pulse";
    chart.y_label = "weight";
    for (size_t i = 0; i < r.cells.size(); i++) {
        chart.series.push_back(
            line(fmt::format("cell {}", i + 1), r.pulse, r.cells[i], static_cast<int>(i)));
    }
    return chart;
}

Histogram symmetric_chart(const DeviceResponse& r) {
    Histogram chart;
    chart.title = "Symmetric points";
    chart.description = "Weights at which up and down pulses balance, over cells";
    chart.x_label = "weight";
    const auto [low, high] =
        std::minmax_element(r.symmetric_points.begin(), r.symmetric_points.end());
    const double margin = std::max(1e-6, 0.02 * (*high - *low));
    chart.series = {histogram(r.symmetric_points, kBins, *low - margin, *high + margin)};
    chart.series[0].name = "cells";
    return chart;
}

Table parameter_table(const PulsedDevice& device) {
    Table table;
    table.column("parameter").column("value", Align::kRight);
    const Json j = to_json(device);
    for (const auto& [key, value] : j.items()) {
        if (!value.is_object()) {
            table.row({key, value.is_string() ? value.get<std::string>() : value.dump()});
        }
    }
    return table;
}

std::string point_text(double point) {
    return std::isfinite(point) ? format_number(point, 3) : "none";
}

}  // namespace

std::string states_text(double states) {
    return states < 100 ? format_number(states, 3) : fmt::format("{:.0f}", states);
}

LineChart response_chart(const DeviceSubject& subject, const DeviceResponse& r) {
    LineChart chart;
    chart.title = subject.name + ": weight along a train";
    chart.description = "Weight from 0 along up pulses, then as many down pulses";
    chart.x_label = "pulse";
    chart.y_label = "weight";
    chart.series = {band("all cells (90 %)", r.pulse, r.spread, 0),
                    band("equal cells, cycle noise (90 %)", r.pulse, r.cycle, 1),
                    line("without noise", r.pulse, r.nominal, 2, true)};
    return chart;
}

Table response_figures(const DeviceResponse& r) {
    Table table;
    table.column("figure").column("value", Align::kRight);
    const auto at = [&](const ResponseBand& b, size_t i) {
        return fmt::format("{} ({} to {})",
                           format_number(b.mean[i], 3),
                           format_number(b.low[i], 3),
                           format_number(b.high[i], 3));
    };
    const auto tip = static_cast<size_t>(
        std::find(r.pulse.begin(), r.pulse.end(), r.pulse.back() / 2) - r.pulse.begin());
    table.row({"step at weight 0 (granularity)", format_number(r.granularity, 4)});
    table.row({"states in the range", states_text(r.states)});
    table.row({"symmetric point", point_text(r.symmetric_point)});
    table.row(
        {"symmetric points of cells",
         format_mean_std(mean(r.symmetric_points), standard_deviation(r.symmetric_points), 4)});
    table.row({fmt::format("weight after {} pulses up (90 % of cells)", r.pulse[tip]),
               at(r.spread, tip)});
    table.row({"after as many down", at(r.spread, r.pulse.size() - 1)});
    return table;
}

std::string response_text(const DeviceSubject& subject, const DeviceResponse& r) {
    std::string text = subject.name + " (" + std::string(model_name(subject.device)) + ")\n";
    for (const std::string& more : {subject.about, subject.source}) {
        text += more.empty() ? "" : more + "\n";
    }
    TerminalPlot plot;
    plot.x_label = "pulse";
    plot.y_label = "weight";
    plot.curves = {{"without noise", r.pulse, r.nominal},
                   {"mean of cells", r.pulse, r.spread.mean},
                   {"5 %", r.pulse, r.spread.low},
                   {"95 %", r.pulse, r.spread.high}};
    text += "\n" + plot.text();
    TerminalPlot steps;
    steps.x_label = "weight";
    steps.y_label = "change by one pulse";
    steps.lines = 10;
    steps.curves = {{"up", r.weight, r.up_step}, {"down", r.weight, r.down_step}};
    text += "\n" + steps.text();
    return text + "\n" + response_figures(r).text();
}

std::string response_page(const DeviceSubject& subject, const DeviceResponse& r) {
    HtmlPage page(subject.name, subject.about);
    page.cards(
        {{format_number(r.states, 3), "states", "range over the step at weight 0"},
         {format_number(r.granularity, 3), "step at weight 0", ""},
         {point_text(r.symmetric_point),
          "symmetric point",
          fmt::format("over cells {}",
                      format_mean_std(
                          mean(r.symmetric_points), standard_deviation(r.symmetric_points), 3))}});
    page.figure(full_figure(
        response_chart(subject, r),
        "Mean and the range of 90 % of the cells. Wide band: cells as they are made; narrow band: "
        "equal cells, so only the noise from pulse to pulse and of writing."));
    page.grid({half_figure(step_chart(r)),
               half_figure(symmetric_chart(r),
                           "Found by alternating up and down pulses on every cell.")});
    page.figure(full_figure(cell_chart(r)));
    page.table(response_figures(r));
    page.details("Parameters", parameter_table(subject.device));
    page.details("As JSON", pulsed_device_to_json(subject.device));
    page.footer("mho " + version() + (subject.source.empty() ? "" : ". " + subject.source));
    return page.str();
}

std::string response_json(const DeviceSubject& subject, const DeviceResponse& r) {
    const auto band_json = [](const ResponseBand& b) {
        return Json{{"mean", b.mean}, {"low", b.low}, {"high", b.high}};
    };
    Json j = Json::object();
    j["name"] = subject.name;
    j["device"] = to_json(subject.device);
    j["granularity"] = r.granularity;
    j["states"] = r.states;
    // JSON has no NaN: null where up and down steps are nowhere equal.
    j["symmetric_point"] = std::isfinite(r.symmetric_point) ? Json(r.symmetric_point) : Json();
    j["symmetric_points"] = r.symmetric_points;
    j["pulse"] = r.pulse;
    j["nominal"] = r.nominal;
    j["cycle"] = band_json(r.cycle);
    j["spread"] = band_json(r.spread);
    j["cells"] = r.cells;
    j["weight"] = r.weight;
    j["up_step"] = r.up_step;
    j["down_step"] = r.down_step;
    return j.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace mho

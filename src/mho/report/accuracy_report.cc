// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/report/accuracy_report.h"

#include <algorithm>
#include <cmath>

#include "mho/report/accuracy_curves.h"
#include "mho/report/axis.h"
#include "mho/report/bar_chart.h"
#include "mho/report/heatmap.h"
#include "mho/report/html.h"
#include "mho/report/line_chart.h"
#include "mho/report/numbers.h"
#include "mho/report/table.h"

namespace mho {

namespace {

bool has_counts(const std::vector<HistogramSeries>& list) {
    return std::any_of(list.begin(), list.end(), [](const HistogramSeries& s) {
        return std::any_of(s.counts.begin(), s.counts.end(), [](double c) { return c > 0.0; });
    });
}

/// True when one bin towers so high over the typical one that a linear axis would hide the rest,
/// as the zero conductances of differential pairs do.
bool needs_log(const std::vector<HistogramSeries>& list) {
    for (const HistogramSeries& s : list) {
        std::vector<double> filled;
        std::copy_if(s.counts.begin(), s.counts.end(), std::back_inserter(filled), [](double c) {
            return plottable(c) && c > 0.0;
        });
        if (filled.size() < 8) {
            continue;
        }
        const double highest = *std::max_element(filled.begin(), filled.end());
        const auto middle = filled.begin() + static_cast<std::ptrdiff_t>(filled.size() / 2);
        std::nth_element(filled.begin(), middle, filled.end());
        if (highest > 60.0 * *middle) {
            return true;
        }
    }
    return false;
}

void add_distributions(HtmlPage& page, const AccuracyReport& report) {
    std::vector<Histogram> charts;
    const auto add =
        [&](const std::vector<HistogramSeries>& list, const char* title, const char* x_label) {
            if (has_counts(list)) {
                Histogram chart;
                chart.title = title;
                chart.x_label = x_label;
                chart.series = list;
                chart.log_y = needs_log(list);
                charts.push_back(std::move(chart));
            }
        };
    add(report.weight_histograms, "Weights", "weight");
    add(report.conductance_histograms, "Conductances", "conductance [\u00B5S]");
    if (charts.empty()) {
        return;
    }
    page.heading("What programming does to the weights");
    if (charts.size() > 1) {
        page.grid({half_figure(charts[0]), half_figure(charts[1])});
    } else {
        page.figure(full_figure(charts[0]));
    }
}

void add_layer_errors(HtmlPage& page, const AccuracyReport& report) {
    const auto& times = report.layer_error_times.empty() ? report.times : report.layer_error_times;
    Heatmap map;
    for (const auto& layer : report.layer_errors) {
        map.row_names.push_back(layer.layer);
        for (size_t i = 0; i < times.size(); i++) {
            map.values.push_back(value_at(layer.relative, i));
        }
    }
    if (std::none_of(map.values.begin(), map.values.end(), plottable)) {
        return;
    }
    for (const auto& time : times) {
        map.column_names.push_back(time.label);
    }
    map.rows = report.layer_errors.size();
    map.columns = times.size();
    map.title = "Relative error of each layer's matrix product";
    map.description = "Rows are layers, columns are times; darker is a larger error.";
    map.column_label = "time since programming";
    map.value_label = "relative error";
    map.percent = true;
    page.heading("Where the error arises");
    page.figure(full_figure(map,
                            "Norm of the deviation from the digital result over the norm of the "
                            "digital result."));
}

void add_ablations(HtmlPage& page, const AccuracyReport& report) {
    if (report.ablations.empty()) {
        return;
    }
    std::vector<AccuracyReport::Ablation> sorted = report.ablations;
    for (auto& a : sorted) {
        a.difference *= report.is_loss ? -1.0 : 1.0;
    }
    // Missing values last; NaN would break the order that a sort needs.
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
        const auto key = [](double v) { return plottable(v) ? v : -1e100; };
        return key(a.difference) > key(b.difference);
    });
    BarChart chart;
    chart.title = report.is_loss ? "Loss saved by switching one non-ideality off"
                                 : "Accuracy gained by switching one non-ideality off";
    chart.description = "One bar per non-ideality, sorted; whiskers are 95 % intervals.";
    chart.x_label = std::string("difference to the baseline in ") +
                    (report.is_loss ? "nats per character" : "percentage points") +
                    "; whiskers: 95 % interval";
    chart.scale = report.is_loss ? 1.0 : 100.0;
    chart.show_sign = true;
    for (const auto& a : sorted) {
        chart.bars.push_back({a.name, a.difference, a.half_width, ""});
    }
    std::string caption = "Each run shares every random draw of the baseline that it still needs.";
    if (std::isfinite(report.ablation_baseline)) {
        caption =
            "Baseline with everything on: " + format_score(report, report.ablation_baseline) +
            (report.ablation_condition.empty() ? "" : " (" + report.ablation_condition + ")") +
            ". " + caption;
    }
    page.heading("What costs the accuracy");
    page.figure(full_figure(chart, caption));
}

// The share of chips that lose no more than so much against floating point.
void add_yield(HtmlPage& page, const AccuracyReport& report) {
    if (!std::isfinite(report.float_accuracy)) {
        return;
    }
    const std::vector<double> losses = report.is_loss ? std::vector<double>{0.02, 0.05, 0.1}
                                                      : std::vector<double>{0.005, 0.01, 0.02};
    Table table;
    table.column("network").column("time");
    for (const double loss : losses) {
        table.column(report.is_loss ? "within " + format_number(loss) + " nats"
                                    : "within " + format_number(100 * loss) + " points",
                     Align::kRight);
    }
    for (const auto& curve : report.curves) {
        for (size_t t = 0; t < std::min(curve.all.size(), report.times.size()); t++) {
            const std::vector<double>& chips = curve.all[t];
            // One chip is no share.
            if (chips.size() < 2) {
                continue;
            }
            std::vector<std::string> cells = {
                curve.name + (curve.compensated ? ", compensated" : ""), report.times[t].label};
            for (const double loss : losses) {
                const auto good = std::count_if(chips.begin(), chips.end(), [&](double a) {
                    return report.is_loss ? a <= report.float_accuracy + loss
                                          : a >= report.float_accuracy - loss;
                });
                cells.push_back(std::to_string(good) + " of " + std::to_string(chips.size()));
            }
            table.row(cells);
        }
    }
    if (table.rows() > 0) {
        page.details("Yield: chips within so much of floating point", table);
    }
}

void add_trainings(HtmlPage& page, const AccuracyReport& report) {
    LineChart chart;
    for (const auto& t : report.trainings) {
        if (std::any_of(t.loss.begin(), t.loss.end(), plottable)) {
            LineSeries series;
            series.name = t.name;
            series.x = t.epochs;
            series.y = t.loss;
            chart.series.push_back(std::move(series));
        }
    }
    if (chart.series.empty()) {
        return;
    }
    chart.title = "Loss during training";
    chart.description = "Training loss of each network against the passes over the data.";
    chart.x_label = "epochs";
    chart.y_label = "training loss";
    page.heading("Training");
    page.figure(full_figure(chart,
                            "Mean over about a hundredth of the training each. Noise of the "
                            "simulated hardware is part of the hardware-aware loss. Every network "
                            "starts at 0; those after the first continue from it."));
}

void add_layers(HtmlPage& page, const AccuracyReport& report) {
    if (report.layers.empty()) {
        return;
    }
    Table table;
    table.column("layer").column("kind").column("shape");
    table.column("tiles", Align::kRight).column("utilisation", Align::kRight);
    uint64_t tiles = 0;
    for (const auto& layer : report.layers) {
        tiles += layer.tiles;
        table.row({layer.name,
                   layer.kind,
                   layer.shape,
                   layer.tiles > 0 ? format_count(layer.tiles) : std::string(kNoValue),
                   format_percent(layer.utilisation, 1)});
    }
    if (tiles > 0) {
        table.footnote("Together " + format_count(tiles) + (tiles == 1 ? " tile." : " tiles.") +
                       " Utilisation: share of the cells of these tiles that hold a weight.");
    }
    page.heading("The network on tiles");
    page.table(table);
}

void add_configuration(HtmlPage& page, const AccuracyReport& report) {
    if (report.configuration.empty() && report.configuration_json.empty()) {
        return;
    }
    page.heading("Hardware configuration");
    if (!report.configuration.empty()) {
        Table table;
        table.column("parameter").column("value", Align::kRight).column("unit");
        table.column("meaning").column("source");
        std::string group;
        for (const auto& entry : report.configuration) {
            const std::string section = entry.path.substr(0, entry.path.rfind('.'));
            if (section != group) {
                table.separator();
                group = section;
            }
            table.row({entry.path, entry.value, entry.unit, entry.meaning, entry.source});
        }
        const size_t n = report.configuration.size();
        page.details(std::to_string(n) + (n == 1 ? " parameter" : " parameters") +
                         " with meaning and source",
                     table);
    }
    if (!report.configuration_json.empty()) {
        page.details("Resolved configuration (JSON)", report.configuration_json);
    }
}

void add_run_facts(HtmlPage& page, const AccuracyReport& report) {
    Table table;
    table.column("fact").column("value");
    const auto add = [&](const char* name, const std::string& value) {
        if (!value.empty()) {
            table.row({name, value});
        }
    };
    const auto count = [](uint64_t n) { return n > 0 ? format_count(n) : std::string(); };
    add("Date", report.date);
    add("mho version", report.version);
    add("Processor", report.cpu);
    add("Threads", count(report.threads));
    add(report.is_loss ? "Test sequences" : "Test images", count(report.images));
    add("Programmings", count(report.programmings));
    add("Seed", std::to_string(report.seed));
    page.heading("This run");
    page.paragraph(
        "The same version, seed and configuration give the same numbers, bit for bit, with any "
        "number of threads.");
    page.table(table);
}

}  // namespace

std::string render(const AccuracyReport& report) {
    std::string subtitle = report.subtitle;
    if (!report.date.empty()) {
        subtitle += (subtitle.empty() ? "" : " \u00B7 ") + report.date;
    }
    HtmlPage page(report.title.empty() ? "Accuracy on analog hardware" : report.title, subtitle);
    page.cards(accuracy_key_figures(report));
    for (const Figure& figure : accuracy_figures(report)) {
        page.figure(figure);
    }
    const bool any = std::any_of(report.curves.begin(), report.curves.end(), has_data);
    if (any && !report.times.empty()) {
        page.table(accuracy_table(report, false));
        add_yield(page, report);
    }
    add_trainings(page, report);
    add_ablations(page, report);
    add_layer_errors(page, report);
    add_distributions(page, report);
    add_layers(page, report);
    add_configuration(page, report);
    add_run_facts(page, report);
    page.footer("Made by mho" + (report.version.empty() ? "" : " " + report.version) +
                ", a simulator of analog in-memory computing.");
    return page.str();
}

std::string terminal_summary(const AccuracyReport& report) {
    const bool any = std::any_of(report.curves.begin(), report.curves.end(), has_data);
    return any && !report.times.empty() ? accuracy_table(report, true).text() : "";
}

}  // namespace mho

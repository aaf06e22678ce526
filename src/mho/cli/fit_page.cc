// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cli/fit_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "mho/analysis/device_response.h"
#include "mho/analysis/results.h"
#include "mho/cli/device_page.h"
#include "mho/net/training_presets.h"
#include "mho/report/histogram_chart.h"
#include "mho/report/html.h"
#include "mho/report/line_chart.h"
#include "mho/report/numbers.h"
#include "mho/report/terminal_plot.h"
#include "mho/util/json.h"

namespace mho {
namespace {

constexpr double kResidualRange = 5.0;
constexpr size_t kResidualBins = 50;
constexpr size_t kStepBins = 24;

std::string fit_name(const DeviceFit& fit) {
    const std::string name(model_name(fit.device));
    return name + (name == Schema<LinearStep>::name && !fit.multiplicative_noise
                       ? ", additive noise"
                       : "");
}

// Readings of the first trace over the pulses given so far.
std::vector<double> pulse_axis(const PulseTrace& trace) {
    std::vector<double> x(trace.weight.size(), 0.0);
    for (size_t i = 1; i < x.size(); i++) {
        x[i] = x[i - 1] + std::abs(trace.pulses[i]);
    }
    return x;
}

LineChart trace_chart(const PulseTrace& trace, const DeviceFit& fit) {
    LineChart chart;
    chart.title = "Readings and the fitted device";
    chart.description = "Weight over the pulses of the first trace, measured and simulated";
    chart.x_label = "pulse";
    chart.y_label = "weight";
    LineSeries model;
    model.name = "fitted device (90 % of cells)";
    model.x = pulse_axis(trace);
    model.y = fit.band_mean;
    model.lower = fit.band_low;
    model.upper = fit.band_high;
    LineSeries measured;
    measured.name = "measured";
    measured.x = model.x;
    measured.y = trace.weight;
    chart.series = {model, measured};
    return chart;
}

// Mean change per pulse of readings in bins of the weight, beside the steps of the model.
LineChart step_chart(const std::vector<PulseTrace>& traces, const DeviceFit& fit) {
    LineChart chart;
    chart.title = "Step over the weight";
    chart.description = "Mean change by one pulse over the weight, measured and fitted";
    chart.x_label = "weight";
    chart.y_label = "change by one pulse";
    double low = kInfinity;
    double high = -kInfinity;
    for (const PulseTrace& t : traces) {
        for (const double w : t.weight) {
            low = std::min(low, w);
            high = std::max(high, w);
        }
    }
    DeviceResponseOptions options;
    options.cells = 2;
    options.pulses = 1;
    const DeviceResponse response = measure_response(fit.device, options);
    for (const bool up : {true, false}) {
        std::vector<double> sum(kStepBins, 0.0);
        std::vector<double> at(kStepBins, 0.0);
        std::vector<double> n(kStepBins, 0.0);
        for (const PulseTrace& t : traces) {
            // The reading before the last one says where the cell stands: its error is not in the
            // change, so that bins are not chosen by the noise that they average.
            for (size_t i = 2; i < t.weight.size(); i++) {
                if (t.pulses[i] == 0 || (t.pulses[i] > 0) != up) {
                    continue;
                }
                const double w = t.weight[i - 2];
                const auto bin = std::min(static_cast<size_t>((w - low) / (high - low) * kStepBins),
                                          kStepBins - 1);
                sum[bin] += (t.weight[i] - t.weight[i - 1]) / std::abs(t.pulses[i]);
                at[bin] += w;
                n[bin]++;
            }
        }
        LineSeries measured;
        measured.name = up ? "up, measured" : "down, measured";
        measured.color = up ? 0 : 1;
        measured.dashed = true;
        for (size_t i = 0; i < kStepBins; i++) {
            if (n[i] > 0) {
                measured.x.push_back(at[i] / n[i]);
                measured.y.push_back(sum[i] / n[i]);
            }
        }
        LineSeries model;
        model.name = up ? "up, fitted" : "down, fitted";
        model.color = up ? 0 : 1;
        for (size_t i = 0; i < response.weight.size(); i++) {
            const double w = response.weight[i];
            if (w >= low && w <= high) {
                model.x.push_back(w);
                model.y.push_back(up ? response.up_step[i] : response.down_step[i]);
            }
        }
        chart.series.push_back(model);
        chart.series.push_back(measured);
    }
    return chart;
}

LineChart residual_chart(const DeviceFit& fit) {
    LineChart chart;
    chart.title = "Residuals";
    chart.description = "Standardised residuals over the readings";
    chart.x_label = "reading";
    chart.y_label = "residual";
    LineSeries s;
    s.name = "prediction error over its expected deviation";
    s.y = fit.residuals;
    for (size_t i = 0; i < s.y.size(); i++) {
        s.x.push_back(static_cast<double>(i + 1));
    }
    chart.series = {s};
    chart.references = {{0.0, ""}};
    return chart;
}

Histogram residual_histogram(const DeviceFit& fit) {
    Histogram chart;
    chart.title = "Distribution of the residuals";
    chart.description = "Standardised residuals beside the normal law";
    chart.x_label = "residual";
    HistogramSeries normal;
    normal.name = "normal law";
    normal.lo = -kResidualRange;
    normal.hi = kResidualRange;
    for (size_t i = 0; i < kResidualBins; i++) {
        const double x =
            -kResidualRange + 2 * kResidualRange * (static_cast<double>(i) + 0.5) / kResidualBins;
        normal.counts.push_back(std::exp(-0.5 * x * x));
    }
    HistogramSeries measured =
        histogram(fit.residuals, kResidualBins, -kResidualRange, kResidualRange);
    measured.name = "measured";
    chart.series = {measured, normal};
    return chart;
}

std::string interval_text(const FittedParameter& p) {
    return std::isfinite(p.error)
               ? fmt::format("{} to {}", format_number(p.low, 4), format_number(p.high, 4))
               : "not determined";
}

std::string verdict(const DeviceFit& fit) {
    // Of a correlation and a standard deviation of n numbers, at three standard errors.
    const double limit =
        3 / std::sqrt(static_cast<double>(std::max<size_t>(fit.residuals.size(), 1)));
    std::string text = fmt::format("Residuals: standard deviation {}, correlation of neighbours {}",
                                   format_number(fit.residual_std, 3),
                                   format_number(fit.residual_lag, 2));
    const bool plain = std::abs(fit.residual_lag) < limit && std::abs(fit.residual_std - 1) < limit;
    return text + (plain ? ": the model explains the readings."
                         : ": the readings hold more than this model says.");
}

}  // namespace

Table fit_models_table(const std::vector<DeviceFit>& fits) {
    Table table;
    table.column("model")
        .column("parameters", Align::kRight)
        .column("log likelihood", Align::kRight)
        .column("AIC above the smallest", Align::kRight)
        .column("residual std", Align::kRight)
        .column("lag 1", Align::kRight);
    double smallest = kInfinity;
    for (const DeviceFit& f : fits) {
        smallest = std::min(smallest, f.aic);
    }
    for (const DeviceFit& f : fits) {
        table.row({fit_name(f),
                   std::to_string(f.free_parameters),
                   fmt::format("{:.1f}", f.log_likelihood),
                   fmt::format("{:.1f}", f.aic - smallest),
                   format_number(f.residual_std, 3),
                   format_number(f.residual_lag, 2)});
    }
    return table;
}

Table fit_parameters_table(const DeviceFit& fit) {
    Table table;
    table.column("parameter").column("value", Align::kRight).column("95 % interval");
    for (const FittedParameter& p : fit.parameters) {
        table.row({p.name, format_number(p.value, 5), interval_text(p)});
    }
    return table;
}

std::string fit_text(const std::vector<PulseTrace>& traces, const std::vector<DeviceFit>& fits) {
    const DeviceFit& best = fits.front();
    TerminalPlot plot;
    plot.x_label = "pulse";
    plot.y_label = "weight";
    const std::vector<double> x = pulse_axis(traces.front());
    plot.curves = {{"measured", x, traces.front().weight},
                   {"5 % of fitted cells", x, best.band_low},
                   {"95 %", x, best.band_high}};
    std::string text = plot.text() + "\n" + fit_models_table(fits).text() + "\n" + fit_name(best) +
                       ":\n" + fit_parameters_table(best).text() + verdict(best) + "\n";
    for (const std::string& note : best.notes) {
        text += "note: " + note + "\n";
    }
    return text;
}

std::string fit_page(const std::string& name,
                     const std::vector<PulseTrace>& traces,
                     const std::vector<DeviceFit>& fits) {
    const DeviceFit& best = fits.front();
    HtmlPage page(name,
                  fmt::format("{} fitted to {} reading{} of {} cell{}",
                              fit_name(best),
                              format_count(best.readings),
                              best.readings == 1 ? "" : "s",
                              traces.size(),
                              traces.size() == 1 ? "" : "s"));
    page.cards(
        {{format_number(granularity(best.device), 3), "step at weight 0", ""},
         {states_text(number_of_states(best.device)), "states", ""},
         {format_number(best.residual_std, 3), "residual std", "1 where the model is right"}});
    page.figure(full_figure(trace_chart(traces.front(), best),
                            "The first trace. The band holds 90 % of simulated cells that get the "
                            "same pulses from the same start."));
    page.grid({half_figure(step_chart(traces, best), "Dashed: means of the readings in bins."),
               half_figure(residual_histogram(best))});
    page.figure(full_figure(residual_chart(best)));
    page.heading("Parameters");
    page.table(fit_parameters_table(best));
    page.paragraph(verdict(best));
    for (const std::string& note : best.notes) {
        page.paragraph("Note: " + note + ".");
    }
    if (fits.size() > 1) {
        page.heading("Models");
        page.table(fit_models_table(fits));
    }
    page.details("The device as JSON", pulsed_device_to_json(best.device));
    page.footer("mho " + version() +
                ". Likelihood by an extended Kalman filter; intervals from its curvature, or from "
                "the scatter over cells.");
    return page.str();
}

std::string fit_json(const std::string& name,
                     const std::vector<PulseTrace>& traces,
                     const std::vector<DeviceFit>& fits) {
    const auto finite = [](double v) { return std::isfinite(v) ? Json(v) : Json(nullptr); };
    const DeviceFit& best = fits.front();
    Json j = Json::object();
    j["about"] = fmt::format("{} fitted to {} readings of {} cells in {}",
                             fit_name(best),
                             best.readings,
                             traces.size(),
                             name);
    j["source"] = name + ", fitted with mho " + version();
    j["device"] = to_json(best.device);
    j["fits"] = Json::array();
    for (const DeviceFit& f : fits) {
        Json each = Json::object();
        each["model"] = fit_name(f);
        each["log_likelihood"] = f.log_likelihood;
        each["free_parameters"] = f.free_parameters;
        each["aic"] = f.aic;
        each["residual_std"] = f.residual_std;
        each["residual_lag"] = f.residual_lag;
        each["parameters"] = Json::array();
        for (const FittedParameter& p : f.parameters) {
            each["parameters"].push_back({{"name", p.name},
                                          {"value", finite(p.value)},
                                          {"error", finite(p.error)},
                                          {"low", finite(p.low)},
                                          {"high", finite(p.high)}});
        }
        each["notes"] = f.notes;
        j["fits"].push_back(std::move(each));
    }
    j["residuals"] = best.residuals;
    return j.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace mho

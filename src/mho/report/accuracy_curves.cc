// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/report/accuracy_curves.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "mho/report/axis.h"
#include "mho/report/line_chart.h"
#include "mho/report/numbers.h"

namespace mho {

namespace {

using Curve = AccuracyReport::Curve;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kDay_s = 86400.0;

bool any_compensated(const AccuracyReport& report, bool compensated) {
    return std::any_of(report.curves.begin(), report.curves.end(), [&](const Curve& c) {
        return has_data(c) && c.compensated == compensated;
    });
}

/// The name, with the compensation where curves differ in it.
std::string label_of(const AccuracyReport& report, const Curve& curve, bool brief) {
    if (!any_compensated(report, true) || !any_compensated(report, false)) {
        return curve.name;
    }
    if (brief) {
        return curve.name + (curve.compensated ? ", comp." : "");
    }
    return curve.name + (curve.compensated ? ", drift compensated" : ", not compensated");
}

/// One curve per name, the compensated one where there is one; the best at the last time first.
std::vector<const Curve*> representatives(const AccuracyReport& report) {
    std::vector<const Curve*> chosen;
    for (const Curve& curve : report.curves) {
        if (!has_data(curve)) {
            continue;
        }
        const auto same = std::find_if(
            chosen.begin(), chosen.end(), [&](const Curve* c) { return c->name == curve.name; });
        if (same == chosen.end()) {
            chosen.push_back(&curve);
        } else if (curve.compensated && !(*same)->compensated) {
            *same = &curve;
        }
    }
    const auto last = [&](const Curve* c) {
        const double v = value_at(c->mean, report.times.empty() ? 0 : report.times.size() - 1);
        return std::isfinite(v) ? (report.is_loss ? -v : v) : -1e100;
    };
    const auto best = std::max_element(
        chosen.begin(), chosen.end(), [&](auto* a, auto* b) { return last(a) < last(b); });
    if (best != chosen.end()) {
        std::rotate(chosen.begin(), best, best + 1);
    }
    return chosen;
}

/// Index of the time nearest to a day; logarithmic distance.
size_t day_index(const AccuracyReport& report) {
    size_t best = 0;
    double best_distance = std::numeric_limits<double>::infinity();
    for (size_t i = 0; i < report.times.size(); i++) {
        const double distance =
            std::fabs(std::log(std::max(report.times[i].seconds, 1e-3) / kDay_s));
        if (distance < best_distance) {
            best_distance = distance;
            best = i;
        }
    }
    return best;
}

/// Places on the logarithmic axis: a time of zero stands one decade left of the first later one.
std::vector<double> places(const std::vector<AccuracyReport::Time>& times) {
    double first = std::numeric_limits<double>::infinity();
    for (const auto& time : times) {
        if (plottable(time.seconds) && time.seconds > 0.0) {
            first = std::min(first, time.seconds);
        }
    }
    std::vector<double> out;
    for (const auto& time : times) {
        out.push_back(time.seconds > 0.0     ? time.seconds
                      : std::isfinite(first) ? first / 10.0
                                             : 1.0);
    }
    return out;
}

bool has_all(const Curve& curve) {
    return std::any_of(
        curve.all.begin(), curve.all.end(), [](const auto& v) { return v.size() > 1; });
}

void fill_band(const Curve& curve, size_t times, LineSeries& out) {
    for (size_t i = 0; i < times; i++) {
        DataRange range;
        if (has_all(curve)) {
            range.include(i < curve.all.size() ? curve.all[i] : std::vector<double>{});
        } else {
            const double mean = value_at(curve.mean, i);
            const double std = value_at(curve.std, i);
            range.include(mean - 2.0 * std);
            range.include(mean + 2.0 * std);
        }
        out.lower.push_back(range.empty() ? kNan : range.lo());
        out.upper.push_back(range.empty() ? kNan : range.hi());
    }
}

/// Equal names share a colour.
int color_index(const AccuracyReport& report, const Curve& curve) {
    std::vector<std::string> names;
    for (const Curve& c : report.curves) {
        if (std::find(names.begin(), names.end(), c.name) == names.end()) {
            names.push_back(c.name);
        }
    }
    return static_cast<int>(std::find(names.begin(), names.end(), curve.name) - names.begin());
}

LineChart chart_of(const AccuracyReport& report, bool compensated_only) {
    LineChart chart;
    chart.x_label = "time since programming";
    chart.y_label = report.is_loss ? "loss [nats per character]" : "accuracy";
    chart.percent = !report.is_loss;
    chart.log_x = true;
    const std::vector<double> x = places(report.times);
    for (size_t i = 0; i < x.size(); i++) {
        chart.x_ticks.push_back({x[i], report.times[i].label});
    }
    const bool both = any_compensated(report, true) && any_compensated(report, false);
    for (const Curve& curve : report.curves) {
        if (!has_data(curve) || (compensated_only && !curve.compensated)) {
            continue;
        }
        LineSeries series;
        series.name = label_of(report, curve, false);
        series.x = x;
        series.color = color_index(report, curve);
        series.dashed = both && !curve.compensated;
        for (size_t i = 0; i < x.size(); i++) {
            series.y.push_back(value_at(curve.mean, i));
        }
        fill_band(curve, x.size(), series);
        chart.series.push_back(std::move(series));
    }
    if (std::isfinite(report.float_accuracy)) {
        chart.references.push_back(
            {report.float_accuracy,
             "floating point " + (report.is_loss ? format_score(report, report.float_accuracy)
                                                 : format_percent(report.float_accuracy, 1))});
    }
    return chart;
}

std::string band_caption(const AccuracyReport& report) {
    const bool range = std::any_of(report.curves.begin(), report.curves.end(), has_all);
    const bool std = std::any_of(report.curves.begin(), report.curves.end(), [](const Curve& c) {
        return std::any_of(c.std.begin(), c.std.end(), [](double s) { return s > 0.0; });
    });
    std::string text = "Lines: mean";
    if (report.programmings > 1) {
        text += " over " + format_count(report.programmings) + " independent programmings";
    }
    text += ".";
    if (range) {
        text += " Bands: from the lowest to the highest of them.";
    } else if (std) {
        text += " Bands: mean ± 2 standard deviations (about 95 % of programmed chips).";
    }
    if (report.images > 0) {
        text += " Test set: " + format_count(report.images) +
                (report.is_loss ? " sequences." : " images.");
    }
    return text;
}

DataRange range_of(const LineChart& chart) {
    DataRange range;
    for (const LineSeries& s : chart.series) {
        range.include(s.y);
        range.include(s.lower);
        range.include(s.upper);
    }
    for (const ReferenceLine& line : chart.references) {
        range.include(line.y);
    }
    return range;
}

}  // namespace

double value_at(const std::vector<double>& list, size_t i) {
    return i < list.size() ? list[i] : kNan;
}

std::string format_score(const AccuracyReport& report, double value) {
    return report.is_loss ? format_mean_std(value, kNan, 3) : format_percent(value);
}

bool has_data(const AccuracyReport::Curve& curve) {
    return std::any_of(curve.mean.begin(), curve.mean.end(), [](double v) { return plottable(v); });
}

std::vector<KeyFigure> accuracy_key_figures(const AccuracyReport& report) {
    std::vector<KeyFigure> cards;
    if (std::isfinite(report.float_accuracy)) {
        cards.push_back({format_score(report, report.float_accuracy),
                         "floating point",
                         report.is_loss ? "nats per character, digital" : "the digital network"});
    }
    const std::vector<const Curve*> curves = representatives(report);
    if (curves.empty() || report.times.empty()) {
        return cards;
    }
    const size_t day = day_index(report);
    for (size_t i = 0; i < std::min<size_t>(2, curves.size()); i++) {
        const Curve& curve = *curves[i];
        const double mean = value_at(curve.mean, day);
        if (!std::isfinite(mean)) {
            continue;
        }
        const double std = value_at(curve.std, day);
        std::string detail = std::isfinite(std) ? "± " + format_score(report, std) : "";
        if (curve.compensated) {
            detail += (detail.empty() ? "" : ", ") + std::string("drift compensated");
        }
        cards.push_back(
            {format_score(report, mean), curve.name + ", " + report.times[day].label, detail});
    }
    for (const AccuracyReport::Baseline& b : report.digital) {
        if (std::isfinite(b.accuracy)) {
            cards.push_back(
                {format_score(report, b.accuracy), b.name, "low-precision digital network"});
        }
    }
    const Curve& best = *curves.front();
    const size_t last = report.times.size() - 1;
    const double loss =
        (value_at(best.mean, 0) - value_at(best.mean, last)) * (report.is_loss ? -1.0 : 1.0);
    if (last > 0 && std::isfinite(loss)) {
        cards.push_back({report.is_loss ? format_mean_std(loss, kNan, 3) + " nats"
                                        : format_mean_std(100.0 * loss, kNan) + " points",
                         (report.is_loss ? "more loss between " : "lost between ") +
                             report.times[0].label + " and " + report.times[last].label,
                         best.name + (best.compensated ? ", drift compensated" : "")});
    }
    return cards;
}

std::vector<Figure> accuracy_figures(const AccuracyReport& report) {
    std::vector<Figure> figures;
    LineChart all = chart_of(report, false);
    if (all.series.empty() || report.times.empty()) {
        return figures;
    }
    all.title = report.is_loss ? "Loss over time" : "Accuracy over time";
    all.description = std::string(report.is_loss ? "Loss" : "Accuracy") +
                      " of each network against the time since programming.";
    figures.push_back(full_figure(all, band_caption(report)));

    LineChart close = chart_of(report, true);
    const DataRange wide = range_of(all);
    const DataRange tight = range_of(close);
    if (!close.series.empty() && close.series.size() < all.series.size() && !wide.empty() &&
        !tight.empty() && tight.hi() - tight.lo() < 0.4 * (wide.hi() - wide.lo())) {
        close.title = "Close-up: with drift compensation";
        close.description = "The drift compensated curves of the chart above, enlarged.";
        figures.push_back(full_figure(
            close, "The same data without the uncompensated curves; mind the vertical axis."));
    }
    return figures;
}

Table accuracy_table(const AccuracyReport& report, bool brief) {
    Table table(!brief ? "" : report.is_loss ? "Loss over time" : "Accuracy over time");
    table.column("time");
    bool abbreviated = false;
    std::vector<const Curve*> shown;
    for (const Curve& curve : report.curves) {
        if (has_data(curve)) {
            shown.push_back(&curve);
            const std::string label = label_of(report, curve, brief);
            abbreviated = abbreviated || label != curve.name;
            table.column(label, Align::kRight);
        }
    }
    for (size_t i = 0; i < report.times.size() && !shown.empty(); i++) {
        std::vector<std::string> cells{report.times[i].label};
        for (const Curve* curve : shown) {
            const double scale = report.is_loss ? 1.0 : 100.0;
            cells.push_back(format_mean_std(scale * value_at(curve->mean, i),
                                            scale * value_at(curve->std, i),
                                            report.is_loss ? 4 : 2));
        }
        table.row(std::move(cells));
    }
    std::string note =
        std::string(report.is_loss ? "Mean loss in nats per character" : "Accuracy in percent") +
        ", mean ± standard deviation";
    if (report.programmings > 0) {
        note += " over " + format_count(report.programmings) +
                (report.programmings == 1 ? " programming" : " programmings");
    }
    note += ".";
    if (std::isfinite(report.float_accuracy)) {
        note += " Floating point: " + format_score(report, report.float_accuracy) + ".";
    }
    for (const AccuracyReport::Baseline& b : report.digital) {
        note += " " + b.name + ", digital: " + format_score(report, b.accuracy) + ".";
    }
    table.footnote(note);
    if (brief && abbreviated) {
        table.footnote("comp.: with drift compensation.");
    }
    return table;
}

}  // namespace mho

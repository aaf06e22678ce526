// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cli/adc_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "mho/analysis/results.h"
#include "mho/analysis/statistics.h"
#include "mho/convert/adc_json.h"
#include "mho/report/html.h"
#include "mho/report/numbers.h"
#include "mho/report/table.h"
#include "mho/report/terminal_plot.h"
#include "mho/util/json.h"

namespace mho {
namespace {

struct Band {
    std::vector<double> code, low, mean, high, root_mean_square;
};

Band band(const AdcReport& r, bool integral) {
    const auto curve = [&](size_t c) -> const std::vector<double>& {
        return integral ? r.converters[c].inl : r.converters[c].dnl;
    };
    Band b;
    std::vector<double> values(r.converters.size());
    for (size_t k = 0; k < curve(0).size(); k++) {
        double sum = 0;
        double square = 0;
        for (size_t c = 0; c < values.size(); c++) {
            values[c] = curve(c)[k];
            sum += values[c];
            square += values[c] * values[c];
        }
        std::sort(values.begin(), values.end());
        const auto at = [&](double q) {
            return values[static_cast<size_t>(q * static_cast<double>(values.size() - 1) + 0.5)];
        };
        const auto n = static_cast<double>(values.size());
        b.code.push_back(static_cast<double>(k + 1));
        b.low.push_back(at(0.05));
        b.high.push_back(at(0.95));
        b.mean.push_back(sum / n);
        b.root_mean_square.push_back(std::sqrt(square / n));
    }
    return b;
}

// The model whose mismatch has a textbook law: one binary array from end to end.
const SarAdc* binary_sar(const AdcReport& r) {
    const auto* sar = std::get_if<SarAdc>(&r.model);
    return sar != nullptr && !sar->split && !sar->sign_capacitors ? sar : nullptr;
}

Table figures(const AdcReport& r) {
    Table table;
    table.column("figure").column("value", Align::kRight);
    std::vector<double> dnl, inl, gain;
    double missing = 0;
    for (const Linearity& l : r.converters) {
        dnl.push_back(l.largest_dnl);
        inl.push_back(l.largest_inl);
        gain.push_back(l.gain_error);
        missing += static_cast<double>(l.missing_codes);
    }
    table.row({"converters", std::to_string(r.converters.size())});
    table.row({"largest |DNL| of a converter [LSB]",
               format_mean_std(mean(dnl), standard_deviation(dnl), 3)});
    table.row({"largest |INL| of a converter [LSB]",
               format_mean_std(mean(inl), standard_deviation(inl), 3)});
    table.row({"gain error", format_mean_std(mean(gain), standard_deviation(gain), 5)});
    table.row({"missing codes per converter",
               format_number(missing / static_cast<double>(r.converters.size()), 3)});
    if (const SarAdc* sar = binary_sar(r)) {
        const Band i = band(r, true);
        const Band d = band(r, false);
        const size_t middle = i.code.size() / 2;
        // The code at which the largest capacitor takes over from all others; the curve begins at
        // code 1.
        const size_t middle_dnl = d.code.size() / 2 - 1;
        table.row({"mid-scale INL, standard deviation [LSB]",
                   format_number(i.root_mean_square[middle], 3)});
        table.row({"  theory: sigma sqrt(2^b) / 2",
                   format_number(mid_scale_inl_std(sar->bits, sar->capacitor_sigma), 3)});
        table.row({"mid-scale DNL, standard deviation [LSB]",
                   format_number(d.root_mean_square[middle_dnl], 3)});
        table.row({"  theory: sigma sqrt(2^b - 1)",
                   format_number(mid_scale_dnl_std(sar->bits, sar->capacitor_sigma), 3)});
    }
    return table;
}

std::string title(const AdcReport& r) {
    return fmt::format("{} converter, {} bit", model_name(r.model), bits_of(r.model));
}

}  // namespace

AdcReport measure_adc(const AdcModel& model, size_t converters, bool is_signed, uint64_t seed) {
    // The comparators of a ramp are those of its columns; others are shared by groups.
    const size_t group = group_size_of(model);
    AdcReport report{model, seed, {}};
    const AdcBank bank(model, converters * group, is_signed, make_tile_key(seed, "adc report"));
    for (size_t c = 0; c < converters; c++) {
        report.converters.push_back(measure_linearity(bank, c * group));
    }
    return report;
}

LineChart linearity_chart(const AdcReport& r, bool integral) {
    const Band b = band(r, integral);
    LineChart chart;
    chart.title =
        title(r) + (integral ? ": integral non-linearity" : ": differential non-linearity");
    chart.description = "Non-linearity in steps over the output code";
    chart.x_label = "code";
    chart.y_label = integral ? "INL [LSB]" : "DNL [LSB]";
    LineSeries all;
    all.name = "mean and 90 % of converters";
    all.x = b.code;
    all.y = b.mean;
    all.lower = b.low;
    all.upper = b.high;
    all.color = 0;
    LineSeries one;
    one.name = "converter 1";
    one.x = b.code;
    one.y = integral ? r.converters[0].inl : r.converters[0].dnl;
    one.color = 1;
    chart.series = {all, one};
    return chart;
}

std::string adc_text(const AdcReport& r) {
    std::string text = title(r) + "\n";
    for (const bool integral : {false, true}) {
        const Band b = band(r, integral);
        TerminalPlot plot;
        plot.x_label = "code";
        plot.y_label = integral ? "INL [LSB]" : "DNL [LSB]";
        plot.lines = 10;
        plot.curves = {
            {"converter 1", b.code, integral ? r.converters[0].inl : r.converters[0].dnl},
            {"rms of converters", b.code, b.root_mean_square}};
        text += "\n" + plot.text();
    }
    return text + "\n" + figures(r).text();
}

std::string adc_page(const AdcReport& r) {
    HtmlPage page(title(r), "Linearity by the width of every code (IEEE Std 1241).");
    page.figure(full_figure(linearity_chart(r, false)));
    page.figure(full_figure(linearity_chart(r, true)));
    page.table(figures(r));
    page.details("As JSON", adc_to_json(r.model));
    page.footer("mho " + version() + fmt::format(", seed {}", r.seed));
    return page.str();
}

std::string adc_report_json(const AdcReport& r) {
    Json j = {{"adc", Json::parse(adc_to_json(r.model))}, {"seed", r.seed}};
    Json list = Json::array();
    for (const Linearity& l : r.converters) {
        list.push_back({{"dnl", l.dnl},
                        {"inl", l.inl},
                        {"missing_codes", l.missing_codes},
                        {"gain_error", l.gain_error}});
    }
    j["converters"] = std::move(list);
    return j.dump(1) + "\n";
}

}  // namespace mho

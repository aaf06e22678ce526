// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <memory>
#include <ostream>

#include "mho/analysis/results.h"
#include "mho/analysis/specs.h"
#include "mho/cli/command.h"
#include "mho/cli/console.h"
#include "mho/cli/run_folder.h"
#include "mho/cli/thread_option.h"
#include "mho/io/file.h"
#include "mho/report/html.h"
#include "mho/report/line_chart.h"
#include "mho/report/numbers.h"
#include "mho/util/json.h"
#include "mho/util/threads.h"

namespace mho {
namespace {

struct SpecsArguments {
    std::string run;
    std::string network;
    std::string time;
    std::string loss = "1%";
    std::vector<std::string> pairs;
    SpecOptions options;
    int threads = 0;
    std::string page;
    std::string json;
    bool quiet = false;
};

// "1%", "0.01": a share; texts: nats.
double parse_loss(const std::string& text) {
    size_t used = 0;
    double v = NAN;
    try {
        v = std::stod(text, &used);
    } catch (const std::exception&) {
        used = 0;
    }
    const std::string rest = text.substr(std::min(used, text.size()));
    if (used == 0 || (!rest.empty() && rest != "%") || !(v >= 0) || v > 100) {
        throw UsageError("--loss " + text + ": expected a share such as 1% or 0.01");
    }
    return rest == "%" ? v / 100 : v;
}

std::vector<std::pair<std::string, std::string>> parse_pairs(
    const std::vector<std::string>& texts) {
    std::vector<std::pair<std::string, std::string>> pairs;
    for (const std::string& t : texts) {
        const size_t colon = t.find(':');
        if (colon == std::string::npos) {
            throw UsageError("--pair " + t + ": expected two axes, \"drift:ADC bits\"");
        }
        pairs.emplace_back(t.substr(0, colon), t.substr(colon + 1));
    }
    return pairs;
}

const SpecAxis& axis(const std::vector<SpecAxis>& axes, const std::string& name) {
    return *std::find_if(axes.begin(), axes.end(), [&](const auto& a) { return a.name == name; });
}

std::string score_text(const Specs& s, double v) {
    return s.is_loss ? format_number(-v, 4) + " nats" : format_percent(v);
}

std::string limit_text(const SpecAxis& a, const SpecLimit& l) {
    if (!l.value) {
        return "none suffices";
    }
    if (a.falls) {
        return fmt::format("{:g}{}", *l.value, l.at_end ? " (or fewer)" : "");
    }
    return format_number(*l.value, 3) + (l.at_end ? " (or more)" : "");
}

Table limits_table(const Specs& s) {
    Table table;
    table.column("one imperfection alone").column("may be", Align::kRight).column("unit");
    const std::vector<SpecAxis> axes = spec_axes();
    for (const SpecLimit& l : s.limits) {
        const SpecAxis& a = axis(axes, l.axis);
        table.row({l.axis, (a.falls ? "at least " : "at most ") + limit_text(a, l), a.unit});
    }
    table.footnote(fmt::format("Floating point {}, ideal hardware {}, wanted at least {}.",
                               score_text(s, s.exact),
                               score_text(s, s.ideal),
                               score_text(s, s.target)));
    return table;
}

LineChart border_chart(const SpecPair& p) {
    const std::vector<SpecAxis> axes = spec_axes();
    const SpecAxis& a = axis(axes, p.first);
    const SpecAxis& b = axis(axes, p.second);
    LineChart chart;
    chart.title = p.first + " and " + p.second;
    chart.description = "Border of what suffices; the shaded side does";
    chart.x_label = a.unit == "1" ? a.name : a.name + " [" + a.unit + "]";
    chart.y_label = b.unit == "1" ? b.name : b.name + " [" + b.unit + "]";
    chart.log_x = !a.falls;
    LineSeries s;
    s.name = "suffices";
    for (size_t i = 0; i < p.x.size(); i++) {
        s.x.push_back(p.x[i]);
        s.y.push_back(p.limit[i].value_or(b.falls ? std::nan("") : 0.0));
        s.lower.push_back(b.falls ? s.y.back() : 0.0);
        s.upper.push_back(b.falls ? b.levels.front() : s.y.back());
    }
    chart.y_min = b.falls ? 1.0 : 0.0;
    if (b.falls) {
        chart.y_max = b.levels.front();
    }
    chart.series = {s};
    return chart;
}

std::string page_of(const SpecsArguments& a, const Specs& s) {
    HtmlPage page(
        "What suffices for " + a.run,
        fmt::format("Loss of at most {} {}",
                    s.is_loss ? format_number(a.options.loss, 3) : format_percent(a.options.loss),
                    s.is_loss ? "nats" : "of accuracy"));
    page.cards({{score_text(s, s.exact), "floating point", ""},
                {score_text(s, s.target), "wanted at least", ""},
                {std::to_string(s.evaluations), "simulated chips", ""}});
    page.heading("One imperfection, everything else ideal");
    page.table(limits_table(s));
    page.heading("Two at a time");
    page.paragraph(
        "The shaded region suffices. Values are means over chips with the same random draws; "
        "levels are a factor of 10^(1/12) apart.");
    std::vector<Figure> figures;
    for (const SpecPair& p : s.pairs) {
        if (!p.x.empty()) {
            figures.push_back(half_figure(border_chart(p)));
        }
    }
    for (size_t i = 0; i < figures.size(); i += 2) {
        page.grid({figures.begin() + static_cast<std::ptrdiff_t>(i),
                   figures.begin() + static_cast<std::ptrdiff_t>(std::min(i + 2, figures.size()))});
    }
    page.footer("mho " + version());
    return page.str();
}

std::string json_of(const SpecsArguments& a, const Specs& s) {
    const auto or_null = [](const std::optional<double>& v) { return v ? Json(*v) : Json(); };
    Json j = Json::object();
    j["run"] = a.run;
    j["loss"] = a.options.loss;
    j["time_s"] = a.options.t_s;
    j["float"] = s.exact;
    j["ideal"] = s.ideal;
    j["target"] = s.target;
    j["evaluations"] = s.evaluations;
    for (const SpecLimit& l : s.limits) {
        j["limits"][l.axis] = {{"value", or_null(l.value)}, {"all_levels", l.at_end}};
    }
    j["pairs"] = Json::array();
    for (const SpecPair& p : s.pairs) {
        Json limit = Json::array();
        for (const auto& v : p.limit) {
            limit.push_back(or_null(v));
        }
        j["pairs"].push_back(
            {{"first", p.first}, {"second", p.second}, {"x", p.x}, {"limit", limit}});
    }
    return j.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

int specs(SpecsArguments a, const CommandContext& context) {
    Console console(a.quiet, context.err);
    a.options.loss = parse_loss(a.loss);
    a.options.pairs = parse_pairs(a.pairs);
    const LoadedRun loaded = load_run(a.run, {});
    const Network& network = analog_network(loaded, a.network);
    const LabelledImages test = load_test_images(loaded.run.data);
    check_evaluation(loaded.run, loaded.networks, test);
    a.options.t_s =
        evaluation_time(loaded.run, a.time.empty() ? loaded.run.evaluation.ablation.time : a.time)
            .t_s;
    a.options.threads = a.threads > 0 ? static_cast<size_t>(a.threads) : available_threads();
    a.options.stop = &context.stop;
    a.options.progress = console.hooks();
    const Specs s =
        specify(network, loaded.networks.floating_point, test, loaded.run.seed, a.options);
    print(limits_table(s), context.out);
    for (const SpecPair& p : s.pairs) {
        Table table("\n" + p.first + " and " + p.second);
        table.column(p.first, Align::kRight).column(p.second, Align::kRight);
        for (size_t i = 0; i < p.x.size(); i++) {
            table.row({format_number(p.x[i], 3),
                       p.limit[i] ? format_number(*p.limit[i], 3) : std::string("none")});
        }
        print(table, context.out);
    }
    write_outputs({{a.page, page_of(a, s)}, {a.json, json_of(a, s)}}, context.out);
    return kExitDone;
}

}  // namespace

Command specs_command() {
    return {"specs",
            "which noise, drift and bits suffice",
            [](CLI::App& app, const CommandContext& context) -> std::function<int()> {
                auto a = std::make_shared<SpecsArguments>();
                app.add_option(
                       "run", a->run, "folder of a run, or a run file that names trained weights")
                    ->required();
                app.add_option(
                       "--loss", a->loss, "accuracy that may be lost: 1%, 0.01; texts: nats")
                    ->capture_default_str();
                app.add_option("--network", a->network, "hwa or naive (default: hwa where it is)")
                    ->check(CLI::IsMember({"hwa", "naive"}));
                app.add_option("--time",
                               a->time,
                               "one of the run's evaluation times (default: that of its ablation)");
                app.add_option("--pair", a->pairs, "two axes, \"drift:ADC bits\" (repeatable)")
                    ->expected(1)
                    ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
                app.add_option("--images", a->options.images, "test images")
                    ->check(CLI::Range(1, 1000000000))
                    ->capture_default_str();
                app.add_option("--chips", a->options.chips, "simulated chips a case")
                    ->check(CLI::Range(1, 10000))
                    ->capture_default_str();
                app.add_option("--points", a->options.points, "points of a border")
                    ->check(CLI::Range(2, 1000))
                    ->capture_default_str();
                add_threads(app, a->threads, "threads");
                app.add_option("--out", a->page, "write a page with pictures (HTML)");
                app.add_option("--json", a->json, "write the numbers");
                app.add_flag("--quiet", a->quiet, "no progress");
                return [a, context] { return specs(*a, context); };
            }};
}

}  // namespace mho

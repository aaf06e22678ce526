// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>

#include "mho/analysis/budget.h"
#include "mho/analysis/results.h"
#include "mho/cli/command.h"
#include "mho/cli/console.h"
#include "mho/cli/run_folder.h"
#include "mho/cli/thread_option.h"
#include "mho/io/file.h"
#include "mho/report/bar_chart.h"
#include "mho/report/html.h"
#include "mho/report/numbers.h"
#include "mho/util/json.h"
#include "mho/util/threads.h"

namespace mho {
namespace {

struct BudgetArguments {
    std::string run;
    std::string network;
    std::string time;
    BudgetOptions options;
    int threads = 0;
    std::string page;
    std::string json;
    bool quiet = false;
};

// Accuracies in percentage points, losses as they are.
double shown(const Budget& b, double v) {
    return b.is_loss ? v : 100 * v;
}

std::string points(const Budget& b, const Interval& i) {
    return fmt::format("{:+.2f} ± {:.2f}", shown(b, i.mean), shown(b, i.half_width()));
}

std::string score_text(const Budget& b, double v) {
    return b.is_loss ? format_number(-v, 4) + " nats" : format_percent(v);
}

std::string title(const BudgetArguments& a, const Budget& b) {
    return fmt::format("Error budget of {}, {} after programming", a.run, b.time_name);
}

Table table_of(const Budget& b) {
    Table table;
    const std::string unit = b.is_loss ? "nats" : "points";
    table.column("non-ideality")
        .column("share", Align::kRight, unit)
        .column("of all", Align::kRight, "%")
        .column("gain when off", Align::kRight, unit)
        .column("loss alone", Align::kRight, unit);
    const double whole = b.none.mean - b.all.mean;
    for (const BudgetShare& s : b.shares) {
        table.row({s.source,
                   points(b, s.shapley),
                   whole != 0 ? fmt::format("{:.0f}", 100 * s.shapley.mean / whole)
                              : std::string(kNoValue),
                   points(b, s.off),
                   points(b, s.alone)});
    }
    table.separator();
    table.row({"together", fmt::format("{:+.2f}", shown(b, whole)), "100", "", ""});
    table.footnote(fmt::format(
        "Floating point {}, on the hardware with everything off {}, with everything on {}.",
        score_text(b, b.exact),
        score_text(b, b.none.mean),
        score_text(b, b.all.mean)));
    table.footnote(fmt::format("{} images, {} paired chips, 95 % intervals; {} evaluations.",
                               b.images,
                               b.chips,
                               b.evaluations));
    return table;
}

std::string page_of(const BudgetArguments& a, const Budget& b) {
    HtmlPage page(title(a, b), "What each non-ideality costs");
    page.cards({{score_text(b, b.exact), "floating point", ""},
                {score_text(b, b.all.mean), "on simulated chips", b.time_name},
                {b.shares[0].source, "costs most", points(b, b.shares[0].shapley)}});
    const auto chart = [&](const char* name, const char* about, auto member) {
        BarChart c;
        c.title = name;
        c.description = about;
        c.x_label = b.is_loss ? "nats per character; whiskers: 95 % interval"
                              : "percentage points; whiskers: 95 % interval";
        c.scale = b.is_loss ? 1.0 : 100.0;
        c.show_sign = true;
        for (const BudgetShare& s : b.shares) {
            c.bars.push_back({s.source, (s.*member).mean, (s.*member).half_width(), ""});
        }
        return c;
    };
    page.figure(full_figure(
        chart("Share of the loss", "Shapley share of every source", &BudgetShare::shapley),
        "Shapley shares: the mean loss that a source adds when sources join in random order. They "
        "sum to the whole loss."));
    page.grid(
        {half_figure(chart("Gain when it is off", "All others act", &BudgetShare::off)),
         half_figure(chart("Loss when it acts alone", "No other acts", &BudgetShare::alone))});
    page.table(table_of(b));
    page.footer("mho " + version());
    return page.str();
}

std::string json_of(const BudgetArguments& a, const Budget& b) {
    const auto interval = [](const Interval& i) {
        return Json{{"mean", i.mean}, {"low", i.low}, {"high", i.high}};
    };
    Json j = Json::object();
    j["run"] = a.run;
    j["time"] = b.time_name;
    j["images"] = b.images;
    j["chips"] = b.chips;
    j["is_loss"] = b.is_loss;
    j["float"] = b.exact;
    j["everything_off"] = interval(b.none);
    j["everything_on"] = interval(b.all);
    j["evaluations"] = b.evaluations;
    j["shares"] = Json::array();
    for (const BudgetShare& s : b.shares) {
        j["shares"].push_back({{"source", s.source},
                               {"shapley", interval(s.shapley)},
                               {"off", interval(s.off)},
                               {"alone", interval(s.alone)}});
    }
    return j.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

int budget(BudgetArguments a, const CommandContext& context) {
    Console console(a.quiet, context.err);
    const LoadedRun loaded = load_run(a.run, {});
    const Network& network = analog_network(loaded, a.network);
    const LabelledImages test = load_test_images(loaded.run.data);
    check_evaluation(loaded.run, loaded.networks, test);
    a.options.time_name = a.time.empty() ? loaded.run.evaluation.ablation.time : a.time;
    const EvaluationTime t = evaluation_time(loaded.run, a.options.time_name);
    a.options.t_s = t.t_s;
    a.options.threads = a.threads > 0 ? static_cast<size_t>(a.threads) : available_threads();
    a.options.stop = &context.stop;
    a.options.progress = console.hooks();
    const Budget b =
        error_budget(network, loaded.networks.floating_point, test, loaded.run.seed, a.options);
    context.out << title(a, b) << "\n\n";
    print(table_of(b), context.out);
    write_outputs({{a.page, page_of(a, b)}, {a.json, json_of(a, b)}}, context.out);
    return kExitDone;
}

}  // namespace

Command budget_command() {
    return {"budget",
            "what each non-ideality costs in accuracy",
            [](CLI::App& app, const CommandContext& context) -> std::function<int()> {
                auto a = std::make_shared<BudgetArguments>();
                app.add_option(
                       "run", a->run, "folder of a run, or a run file that names trained weights")
                    ->required();
                app.add_option("--network", a->network, "hwa or naive (default: hwa where it is)")
                    ->check(CLI::IsMember({"hwa", "naive"}));
                app.add_option("--time",
                               a->time,
                               "one of the run's evaluation times (default: that of its ablation)");
                app.add_option("--images", a->options.images, "test images")
                    ->check(CLI::Range(1, 1000000000))
                    ->capture_default_str();
                app.add_option(
                       "--chips", a->options.chips, "simulated chips, the same for every case")
                    ->check(CLI::Range(1, 10000))
                    ->capture_default_str();
                app.add_option(
                       "--orders", a->options.orders, "orders of joining behind the Shapley shares")
                    ->check(CLI::Range(1, 100000))
                    ->capture_default_str();
                add_threads(app, a->threads, "threads");
                app.add_option("--out", a->page, "write a page (HTML)");
                app.add_option("--json", a->json, "write the numbers");
                app.add_flag("--quiet", a->quiet, "no progress");
                return [a, context] { return budget(*a, context); };
            }};
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <ostream>

#include "mho/analysis/compare.h"
#include "mho/analysis/results.h"
#include "mho/cli/command.h"
#include "mho/cli/console.h"
#include "mho/cli/run_folder.h"
#include "mho/io/file.h"
#include "mho/report/bar_chart.h"
#include "mho/report/html.h"
#include "mho/report/numbers.h"
#include "mho/util/json.h"

namespace mho {
namespace {

struct CompareArguments {
    std::string first;
    std::string second;
    std::string page;
    std::string json;
};

std::string results_of(const std::string& what) {
    const std::string path =
        std::filesystem::is_directory(what) ? RunFolder{what}.file("results.json") : what;
    if (!std::filesystem::exists(path)) {
        throw IoError(path + ": not there; `mho evaluate " + what + "` writes it");
    }
    return read_file(path);
}

std::string score(const RunComparison& c, double v) {
    return c.is_loss ? format_number(v, 4) : format_percent(v);
}

Table table_of(const RunComparison& c, const CompareArguments& a) {
    Table table;
    table.column("network").column("time");
    table.column("first", Align::kRight).column("second", Align::kRight);
    table.column(c.is_loss ? "difference [nats]" : "difference [points]", Align::kRight);
    table.column("95 % interval", Align::kRight).column("");
    const double scale = c.is_loss ? 1.0 : 100.0;
    table.row({"floating point",
               "",
               score(c, c.first_exact),
               score(c, c.second_exact),
               fmt::format("{:+.3f}", scale * (c.second_exact - c.first_exact)),
               "",
               ""});
    for (const ComparedAccuracy& r : c.rows) {
        table.row({r.curve,
                   r.time,
                   score(c, r.first),
                   score(c, r.second),
                   fmt::format("{:+.3f}", scale * r.difference.mean),
                   r.has_interval ? fmt::format("{:+.3f} to {:+.3f}",
                                                scale * r.difference.low,
                                                scale * r.difference.high)
                                  : std::string(kNoValue),
                   r.differs ? "differs" : (r.has_interval ? "" : "one chip: no interval")});
    }
    table.footnote("First: " + a.first + ". Second: " + a.second + ".");
    table.footnote(c.paired ? "Chips are compared pair by pair: they share their random draws."
                            : "Not pair by pair (" + c.why_not_paired +
                                  "): Welch's interval of two means.");
    for (const std::string& note : c.notes) {
        table.footnote(note);
    }
    return table;
}

std::string page_of(const RunComparison& c, const CompareArguments& a) {
    HtmlPage page("Comparison", a.second + " minus " + a.first);
    BarChart chart;
    chart.title = "Difference, second minus first";
    chart.description = "One bar for each network and time; whiskers are 95 % intervals";
    chart.x_label = c.is_loss ? "nats; less is better" : "percentage points; more is better";
    chart.scale = c.is_loss ? 1.0 : 100.0;
    chart.show_sign = true;
    for (const ComparedAccuracy& r : c.rows) {
        chart.bars.push_back(
            {r.curve + ", " + r.time, r.difference.mean, r.difference.half_width(), ""});
    }
    page.figure(full_figure(chart));
    page.table(table_of(c, a));
    page.footer("mho " + version());
    return page.str();
}

std::string json_of(const RunComparison& c, const CompareArguments& a) {
    Json j = Json::object();
    j["first"] = a.first;
    j["second"] = a.second;
    j["paired"] = c.paired;
    j["rows"] = Json::array();
    for (const ComparedAccuracy& r : c.rows) {
        j["rows"].push_back({{"curve", r.curve},
                             {"time", r.time},
                             {"first", r.first},
                             {"second", r.second},
                             {"difference", r.difference.mean},
                             {"low", r.has_interval ? Json(r.difference.low) : Json()},
                             {"high", r.has_interval ? Json(r.difference.high) : Json()},
                             {"differs", r.differs}});
    }
    j["notes"] = c.notes;
    return j.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

int compare(const CompareArguments& a, const CommandContext& context) {
    const RunComparison c =
        compare_results(results_of(a.first), a.first, results_of(a.second), a.second);
    print(table_of(c, a), context.out);
    write_outputs({{a.page, page_of(c, a)}, {a.json, json_of(c, a)}}, context.out);
    return kExitDone;
}

}  // namespace

Command compare_command() {
    return {"compare",
            "difference of two evaluated runs, with intervals",
            [](CLI::App& app, const CommandContext& context) -> std::function<int()> {
                auto a = std::make_shared<CompareArguments>();
                app.add_option("first", a->first, "folder of an evaluated run, or its results.json")
                    ->required();
                app.add_option("second", a->second, "another")->required();
                app.add_option("--out", a->page, "write a page (HTML)");
                app.add_option("--json", a->json, "write the numbers");
                return [a, context] { return compare(*a, context); };
            }};
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <memory>
#include <ostream>

#include "mho/analysis/yield.h"
#include "mho/cli/command.h"
#include "mho/cli/run_folder.h"
#include "mho/io/file.h"
#include "mho/report/numbers.h"
#include "mho/report/table.h"

namespace mho {
namespace {

std::string yield_text(const std::string& folder, double threshold) {
    const std::string path = RunFolder{folder}.file("results.json");
    Table table;
    table.column("network").column("time").column("chips", Align::kRight);
    table.column("yield", Align::kRight).column("95 % interval", Align::kRight);
    for (const CurveYield& y : yields_of(read_file(path), path, threshold)) {
        table.row({y.curve,
                   y.time,
                   std::to_string(y.chips),
                   format_percent(y.share.mean),
                   format_percent(y.share.low) + " to " + format_percent(y.share.high)});
    }
    table.footnote(fmt::format(
        "Share of the chips at least as accurate as {:g} (loss: at most that); Wilson's interval.",
        threshold));
    return table.text();
}

}  // namespace

Command report_command() {
    return {"report",
            "table and report.html of an evaluated run",
            [](CLI::App& app, const CommandContext& context) -> std::function<int()> {
                auto folder = std::make_shared<std::string>();
                app.add_option("run", *folder, "folder of a run")->required();
                auto threshold = std::make_shared<double>(NAN);
                app.add_option(
                    "--yield",
                    *threshold,
                    "also the share of chips with at least this accuracy, 0 to 1 (texts: at "
                    "most this loss)");
                return [folder, threshold, context] {
                    context.out << write_report(*folder);
                    if (!std::isnan(*threshold)) {
                        context.out << yield_text(*folder, *threshold);
                    }
                    context.out << "report: " << *folder << "/report.html\n";
                    return kExitDone;
                };
            }};
}

}  // namespace mho

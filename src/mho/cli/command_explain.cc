// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>

#include "mho/analysis/run_file.h"
#include "mho/cli/command.h"
#include "mho/report/table.h"
#include "mho/util/error.h"

namespace mho {
namespace {

void print_one(const Parameter& p, std::ostream& out) {
    out << p.path << "\n  " << p.meaning << "\n";
    const auto line = [&](const char* label, const std::string& value) {
        if (!value.empty()) {
            out << fmt::format("  {:<8} {}\n", label, value);
        }
    };
    line("type", p.type);
    line("unit", p.unit == "1" ? "1 (a ratio)" : p.unit);
    line("range", p.range);
    line("default", p.default_value);
    line("source", p.source);
}

bool is_below(const std::string& path, const std::string& parent) {
    return path.size() > parent.size() && path.starts_with(parent) &&
           (path[parent.size()] == '.' || path[parent.size()] == '<' || path[parent.size()] == '[');
}

int explain(const std::string& wanted, bool markdown, std::ostream& out) {
    const std::vector<Parameter> all = run_parameters();
    Table table;
    table.column("parameter").column("default").column("unit").column("meaning");
    if (markdown) {
        table.column("range").column("source");
    }
    std::vector<std::string> names;
    // "forward.adc.steps" is enough: most questions are about the hardware.
    for (const std::string& path : {wanted, "hardware." + wanted}) {
        for (const Parameter& p : all) {
            names.push_back(p.path);
            if (p.path == path) {
                print_one(p, out);
                if (p.type != "object" && p.type != "model" && !p.type.starts_with("list of object")) {
                    return kExitDone;
                }
            }
        }
        for (const Parameter& p : all) {
            if (wanted.empty() || is_below(p.path, path)) {
                std::vector<std::string> cells = {p.path, p.default_value, p.unit, p.meaning};
                if (markdown) {
                    cells.push_back(p.range);
                    cells.push_back(p.source);
                }
                table.row(cells);
            }
        }
        if (table.rows() > 0) {
            out << (wanted.empty() ? "" : "\n") << (markdown ? table.markdown() : table.text());
            return kExitDone;
        }
    }
    throw ConfigError("", "no parameter is called `" + wanted + "`" +
                              (nearest_name(wanted, names).empty() &&
                                       nearest_name("hardware." + wanted, names).empty()
                                   ? std::string("; `mho explain` lists all of them")
                                   : ", did you mean `" +
                                         (nearest_name("hardware." + wanted, names).empty()
                                              ? nearest_name(wanted, names)
                                              : nearest_name("hardware." + wanted, names)) +
                                         "`?"));
}

}  // namespace

Command explain_command() {
    return {"explain",
            "meaning, unit, range, default and source of a parameter",
            [](CLI::App& app, const CommandContext& context) -> std::function<int()> {
                auto path = std::make_shared<std::string>();
                auto markdown = std::make_shared<bool>(false);
                app.add_option("path", *path, "parameter, for example forward.adc.steps (default: list all)");
                app.add_flag("--markdown", *markdown, "the reference page docs/parameters.md");
                return [path, markdown, context] { return explain(*path, *markdown, context.out); };
            }};
}

}  // namespace mho

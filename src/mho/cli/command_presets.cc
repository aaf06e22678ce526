// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>

#include "mho/analysis/run_file.h"
#include "mho/cli/command.h"
#include "mho/cli/console.h"
#include "mho/net/presets.h"
#include "mho/report/table.h"
#include "mho/util/error.h"

namespace mho {
namespace {

bool is_listed(PresetKind kind, const std::string& wanted) {
    return wanted.empty() || wanted == preset_kind_name(kind);
}

void list(const std::string& kind, std::ostream& out) {
    bool first = true;
    for (const PresetKind each : kPresetKinds) {
        if (!is_listed(each, kind)) {
            continue;
        }
        Table table(std::string(preset_kind_name(each)));
        table.column("preset").column("about").column("source");
        for (const PresetInfo& p : list_presets(each)) {
            table.row({p.name, p.about, p.source});
        }
        out << (first ? "" : "\n");
        print(table, out);
        first = false;
    }
}

// A name of several kinds ("pcm") is that of the first.
void print_preset(const std::string& name, const std::string& kind, std::ostream& out) {
    std::vector<std::string> known;
    for (const PresetKind each : kPresetKinds) {
        if (!is_listed(each, kind)) {
            continue;
        }
        try {
            out << preset_content(each, name, "presets") << "\n";
            return;
        } catch (const ConfigError&) {
            for (const PresetInfo& p : list_presets(each)) {
                known.push_back(p.name);
            }
        }
    }
    throw UsageError("presets: unknown preset `" + name + "`" + suggestion(name, known));
}

}  // namespace

Command presets_command() {
    return {"presets",
            "named hardware, devices, training rules and costs, and where their numbers come from",
            [](CLI::App& app, const CommandContext& context) -> std::function<int()> {
                auto name = std::make_shared<std::string>();
                auto kind = std::make_shared<std::string>();
                app.add_option("name", *name, "print this preset as JSON");
                app.add_option("--kind", *kind, "only these: hardware, device, training, cost")
                    ->check(CLI::IsMember({"hardware", "device", "training", "cost"}));
                return [name, kind, context] {
                    if (name->empty()) {
                        list(*kind, context.out);
                    } else {
                        print_preset(*name, *kind, context.out);
                    }
                    return kExitDone;
                };
            }};
}

}  // namespace mho

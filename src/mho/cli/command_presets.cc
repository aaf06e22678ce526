// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>

#include "mho/analysis/run_file.h"
#include "mho/cli/command.h"
#include "mho/net/presets.h"
#include "mho/report/table.h"
#include "mho/util/error.h"

namespace mho {

Command presets_command() {
    return {"presets",
            "named hardware configurations, and where their numbers come from",
            [](CLI::App& app, const CommandContext& context) -> std::function<int()> {
                auto name = std::make_shared<std::string>();
                app.add_option("name", *name, "print this preset as JSON");
                return [name, context] {
                    if (!name->empty()) {
                        try {
                            context.out << preset_hardware(*name, "presets") << "\n";
                        } catch (const ConfigError& e) {
                            throw UsageError(e.what());
                        }
                        return kExitDone;
                    }
                    Table table;
                    table.column("preset").column("about").column("source");
                    for (const PresetInfo& p : list_presets()) {
                        table.row({p.name, p.about, p.source});
                    }
                    context.out << table.text();
                    return kExitDone;
                };
            }};
}

}  // namespace mho

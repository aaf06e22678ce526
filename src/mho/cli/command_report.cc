// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>

#include "mho/cli/command.h"
#include "mho/cli/run_folder.h"

namespace mho {

Command report_command() {
    return {"report",
            "table and report.html of an evaluated run",
            [](CLI::App& app, const CommandContext& context) -> std::function<int()> {
                auto folder = std::make_shared<std::string>();
                app.add_option("run", *folder, "folder of a run")->required();
                return [folder, context] {
                    context.out << write_report(*folder) << "report: " << *folder
                                << "/report.html\n";
                    return kExitDone;
                };
            }};
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>

#include "mho/analysis/verify.h"
#include "mho/cli/command.h"
#include "mho/cli/thread_option.h"

namespace mho {

Command verify_command() {
    return {"verify",
            "compare with golden records of other simulators",
            [](CLI::App& app, const CommandContext& context) -> std::function<int()> {
                auto options = std::make_shared<VerifyOptions>();
                app.add_option(
                       "folder", options->folder, "folder with files of golden records (*.json)")
                    ->required();
                app.add_option("--json", options->json_file, "also write the results to this file");
                add_threads(app, options->threads, kAnyThreads);
                return [options, context] { return run_verify(*options, context.out); };
            }};
}

}  // namespace mho

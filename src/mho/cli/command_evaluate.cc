// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <ostream>

#include "mho/cli/command.h"
#include "mho/cli/console.h"
#include "mho/cli/run_folder.h"
#include "mho/cli/thread_option.h"
#include "mho/io/file.h"
#include "mho/io/folder_lock.h"
#include "mho/util/threads.h"

namespace mho {
namespace {

struct EvaluateArguments {
    std::string what;
    std::string out;
    std::vector<std::string> overrides;
    int threads = 0;
    bool resume = false;
    bool overwrite = false;
    bool full = false;
    bool quiet = false;
};

bool same_folder(const std::string& a, const std::string& b) {
    std::error_code missing;
    return std::filesystem::equivalent(a, b, missing);
}

int evaluate_run(const EvaluateArguments& o, const CommandContext& context) {
    Console console(o.quiet, context.err);
    const ProgressHooks hooks = console.hooks();
    std::vector<std::string> overrides = o.overrides;
    if (o.full) {
        overrides.push_back("evaluation.images=0");
    }
    if (std::filesystem::is_directory(o.what)) {
        check_not_in_use(o.what);  // a training may be about to replace the networks
    }
    const LoadedRun loaded = load_run(o.what, overrides);
    const std::string folder = o.out.empty() ? loaded.folder : o.out;
    const bool in_place = same_folder(folder, o.what);
    if (in_place && loaded.changed) {
        throw UsageError("--set and --full make another evaluation than that of " + o.what +
                         "; name a folder for its results with --out");
    }
    const LabelledImages test = load_test_images(loaded.run.data);
    check_evaluation(loaded.run, loaded.networks, test);
    const size_t threads = o.threads > 0 ? static_cast<size_t>(o.threads) : available_threads();
    check_memory(evaluation_bytes(loaded.networks, test.count, threads), hooks);
    // Nothing is created before all that is given has been found good.
    ensure_folder(folder);
    const FolderLock lock(folder);
    remove_temporaries(folder);
    if (!in_place) {
        fill_result_folder(folder, loaded, o.overwrite);
    }
    EvaluateOptions options;
    options.threads = threads;
    options.folder = folder;
    options.resume = o.resume;
    options.stop = &context.stop;
    options.progress = hooks;
    evaluate_into(loaded.run, loaded.networks, test, options, context.out);
    return kExitDone;
}

}  // namespace

Command evaluate_command() {
    return {
        "evaluate",
        "accuracy over time of a trained network on simulated chips",
        [](CLI::App& app, const CommandContext& context) -> std::function<int()> {
            auto o = std::make_shared<EvaluateArguments>();
            app.add_option(
                   "run", o->what, "folder of a run, or a run file that names trained weights")
                ->required();
            app.add_option(
                "--out", o->out, "folder for results.json and report.html (default: the run's)");
            app.add_option("--set", o->overrides, "override a parameter: path=value (repeatable)")
                ->type_name("PATH=VALUE")
                ->expected(1)
                ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
            add_threads(app, o->threads, kAnyThreads);
            app.add_flag("--resume", o->resume, "keep what an interrupted evaluation has finished");
            app.add_flag("--overwrite",
                         o->overwrite,
                         "replace results of another configuration in the folder");
            app.add_flag("--full", o->full, "all test images");
            app.add_flag("--quiet", o->quiet, "no progress");
            return [o, context] { return evaluate_run(*o, context); };
        }};
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>

#include "mho/cli/command.h"
#include "mho/cli/console.h"
#include "mho/cli/run_folder.h"
#include "mho/io/file.h"
#include "mho/io/folder_lock.h"
#include "mho/util/threads.h"

namespace mho {
namespace {

struct Options {
    std::string what;
    std::string out;
    std::vector<std::string> overrides;
    int threads = 0;
    bool resume = false;
    bool full = false;
    bool quiet = false;
};

int evaluate_run(const Options& o, const CommandContext& context) {
    Console console(o.quiet);
    const ProgressHooks hooks = console.hooks();
    std::vector<std::string> overrides = o.overrides;
    if (o.full) {
        overrides.push_back("evaluation.images=0");
    }
    LoadedRun loaded = load_run(o.what, overrides);
    const std::string folder = o.out.empty() ? loaded.folder : o.out;
    ensure_folder(folder);
    const FolderLock lock(folder);
    const LabelledImages test = load_test_images(loaded.run.data);
    const auto threads =
        o.threads > 0 ? static_cast<size_t>(o.threads) : available_threads();
    const Network& largest = loaded.networks.has_hardware_aware ? loaded.networks.hardware_aware
                             : loaded.networks.has_naive        ? loaded.networks.naive
                                                                : loaded.networks.floating_point;
    check_memory(evaluation_bytes(largest, test.count, threads), hooks);
    // A folder of its own must be complete: `mho report` and later evaluations start from it.
    if (folder != o.what) {
        const RunFolder to{folder};
        write_file_atomically(to.file("run.json"), run_file_to_json(loaded.run));
        write_network(to.file("float.safetensors"), loaded.networks.floating_point);
        if (loaded.networks.has_naive) {
            write_network(to.file("naive.safetensors"), loaded.networks.naive);
        }
        if (loaded.networks.has_hardware_aware) {
            write_network(to.file("hwa.safetensors"), loaded.networks.hardware_aware);
        }
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
    return {"evaluate",
            "accuracy over time of a trained network on simulated chips",
            [](CLI::App& app, const CommandContext& context) -> std::function<int()> {
                auto o = std::make_shared<Options>();
                app.add_option("run", o->what, "folder of a run, or a run file that names trained weights")
                    ->required();
                app.add_option("--out", o->out, "folder for results.json and report.html (default: the run's)");
                app.add_option("--set", o->overrides, "override a parameter: path=value (repeatable)")
                    ->type_name("PATH=VALUE")
                    ->expected(1)
                    ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
                app.add_option("--threads", o->threads, "threads; results do not depend on them (default: all)")
                    ->check(CLI::Range(1, 1024));
                app.add_flag("--resume", o->resume, "keep what an interrupted evaluation has finished");
                app.add_flag("--full", o->full, "all test images");
                app.add_flag("--quiet", o->quiet, "no progress");
                return [o, context] { return evaluate_run(*o, context); };
            }};
}

}  // namespace mho

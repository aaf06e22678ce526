// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cli/command_study.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <ostream>

#include "mho/analysis/evaluate.h"
#include "mho/analysis/study.h"
#include "mho/analysis/study_units.h"
#include "mho/cli/console.h"
#include "mho/cli/study_page.h"
#include "mho/cli/thread_option.h"
#include "mho/report/table.h"
#include "mho/util/error.h"
#include "mho/util/threads.h"

namespace mho {
namespace {

struct StudyArguments {
    std::string folder = "studies";
    std::string name;
    bool small = false;
    bool quiet = false;
    bool resume = false;
    uint64_t seed = 1;
    size_t threads = available_threads();
};

const Study* in_list(const std::vector<Study>& training, const std::string& name) {
    const auto found = std::find_if(
        training.begin(), training.end(), [&](const Study& s) { return s.name == name; });
    return found == training.end() ? nullptr : &*found;
}

constexpr const char* kNeedsTorch = "this mho was built without LibTorch (-DMHO_WITH_TORCH=OFF)";

// The study with its code, wherever that is.
Study runnable(const std::vector<Study>& training, const std::string& name) {
    Study study = find_study(name);
    if (!study.run) {
        const Study* found = in_list(training, name);
        if (found == nullptr) {
            throw ConfigError("",
                              fmt::format("study `{}` trains networks, but {}", name, kNeedsTorch));
        }
        study.run = found->run;
    }
    return study;
}

int list(const StudyArguments& arguments, const std::vector<Study>& training, std::ostream& out) {
    Table table;
    bool missing = false;
    table.column("study").column("claim").column("paper").column("last run");
    for (const Study& study : studies()) {
        const bool here = study.run || in_list(training, study.name) != nullptr;
        missing = missing || !here;
        const auto record = newest_study_record(arguments.folder, study.name);
        table.row({here ? study.name : study.name + " *",
                   study.claim,
                   study.paper,
                   record ? record->date.substr(0, 10) + (record->small ? ", small" : "") : "-"});
    }
    print(table, out);
    if (missing) {
        out << fmt::format("* trains networks, but {}\n", kNeedsTorch);
    }
    return kExitDone;
}

int run(const StudyArguments& arguments,
        const std::vector<Study>& training,
        const CommandContext& context) {
    const Study study = runnable(training, arguments.name);
    StudyOptions options;
    options.small = arguments.small;
    options.seed = arguments.seed;
    options.threads = arguments.threads;
    options.stop = &context.stop;
    options.folder = arguments.folder;
    options.resume = arguments.resume;
    Console console(arguments.quiet, context.err);
    const ProgressHooks hooks = console.hooks();
    std::mutex one;  // progress comes from any thread
    size_t shown = 0;
    bool begun = false;
    options.progress = [&](size_t done, size_t all) {
        const std::lock_guard<std::mutex> guard(one);
        if (!begun && hooks.begin) {
            hooks.begin(arguments.name, all, "runs");
        }
        begun = true;
        if (hooks.advance && done > shown) {
            hooks.advance(done - shown);
            shown = done;
        }
    };
    const auto start = std::chrono::steady_clock::now();
    const double start_cpu_s = process_cpu_s();
    StudyResult result = study.run(options);
    const double earlier_s = result.earlier_s;
    if (begun && hooks.end) {
        hooks.end();
    }
    RunFacts facts = run_facts(arguments.threads);
    facts.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    StudyRecord record = study_record(study, options, std::move(result), facts);
    record.cpu_s = earlier_s + process_cpu_s() - start_cpu_s;
    print(study_rows_table(record), context.out);
    for (const Table& table : study_extra_tables(record)) {
        context.out << "\n";
        print(table, context.out);
    }
    const std::string path = write_study_record(arguments.folder, record);
    forget_units(options, study.name);
    context.out << fmt::format(
        "\n{:.1f} s, {:.1f} s of CPU time with earlier runs; results: {}; `mho study report` "
        "brings "
        "them into README and page\n",
        facts.wall_s,
        record.cpu_s,
        path);
    return kExitDone;
}

int report(const StudyArguments& arguments, std::ostream& out) {
    const std::vector<StudyRecord> records = write_study_reports(arguments.folder);
    if (records.empty()) {
        throw IoError(fmt::format(
            "no study below `{}` has results; `mho study run NAME` makes some", arguments.folder));
    }
    Table table;
    table.column("study").column("claim").column("measured (95 %)").column("verdict");
    for (const StudyRecord& r : records) {
        for (const StudyRow& row : r.result.rows) {
            table.row({r.study, row.claim, row.measured, verdict_text(row.verdict)});
        }
    }
    print(table, out);
    out << "report: " << arguments.folder << "/report.html\n";
    return kExitDone;
}

}  // namespace

Command study_command() {
    return study_command_with({});
}

Command study_command_with(std::vector<Study> training) {
    return {
        "study",
        "published claims, measured: list, run, report",
        [training = std::move(training)](CLI::App& app,
                                         const CommandContext& context) -> std::function<int()> {
            auto arguments = std::make_shared<StudyArguments>();
            const auto folder = [&](CLI::App* sub) {
                sub->add_option("--folder", arguments->folder, "folder of the studies")
                    ->capture_default_str();
            };
            CLI::App* list_app = app.add_subcommand("list", "names, claims and last runs");
            folder(list_app);
            CLI::App* run_app = app.add_subcommand("run", "measure, and write results/DATE.json");
            run_app->add_option("name", arguments->name, "study (see `mho study list`)")
                ->required();
            run_app->add_flag("--small", arguments->small, "the short form, for a first look");
            run_app->add_flag(
                "--resume", arguments->resume, "go on with what an interrupted run has finished");
            run_app->add_flag("--quiet", arguments->quiet, "no progress");
            run_app->add_option("--seed", arguments->seed, "seed of every random number")
                ->capture_default_str();
            add_threads(*run_app, arguments->threads, kAnyThreads, 256);
            folder(run_app);
            CLI::App* report_app = app.add_subcommand(
                "report", "write the tables of every README and the page over all studies");
            folder(report_app);
            app.require_subcommand(1);
            return [=] {
                if (list_app->parsed()) {
                    return list(*arguments, training, context.out);
                }
                return run_app->parsed() ? run(*arguments, training, context)
                                         : report(*arguments, context.out);
            };
        }};
}

}  // namespace mho

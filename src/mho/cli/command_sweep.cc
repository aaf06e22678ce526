// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>

#include "mho/cli/command.h"
#include "mho/cli/console.h"
#include "mho/cli/run_folder.h"
#include "mho/cli/sweep_folder.h"
#include "mho/cli/worker_pool.h"
#include "mho/util/threads.h"

namespace mho {
namespace {

struct SweepArguments {
    std::string file;
    std::string out;
    int processes = 0;
    SweepAxes axes;
    bool list = false;
    bool quiet = false;
};

int sweep(const SweepArguments& a, const CommandContext& context) {
    SweepFolder folder(a.file);
    const std::vector<SweepPoint>& points = folder.points();
    if (a.list) {
        for (const SweepPoint& p : points) {
            context.out << p.name;
            for (const std::string& o : p.overrides) {
                context.out << " --set '" << o << "'";
            }
            context.out << "\n";
        }
        return kExitDone;
    }
    folder.open(a.out);
    const size_t processes =
        a.processes > 0 ? static_cast<size_t>(a.processes) : available_threads();
    const size_t threads = std::max<size_t>(1, available_threads() / processes);
    std::vector<WorkerTask> tasks;
    for (const SweepPoint& p : folder.without_results()) {
        const std::string into = folder.point_folder(p);
        tasks.push_back({folder.evaluation(p, into, threads), into + ".log"});
    }
    Console console(a.quiet, context.err);
    const ProgressHooks hooks = console.hooks();
    if (points.size() > tasks.size() && hooks.note) {
        hooks.note(fmt::format(
            "{} of {} points are done already", points.size() - tasks.size(), points.size()));
    }
    const auto work = [&](const char* what, const std::vector<WorkerTask>& todo) {
        if (hooks.begin) {
            hooks.begin(what, todo.size(), "points");
        }
        const size_t failed = run_workers(context.program, todo, processes, context.stop, [&] {
            if (hooks.advance) {
                hooks.advance(1);
            }
        });
        if (hooks.end) {
            hooks.end();
        }
        return failed;
    };
    size_t failed = work("sweep", tasks);
    if (folder.sweep().cost && !context.stop.load()) {
        std::vector<WorkerTask> costs;
        for (const SweepPoint& p : folder.without_costs()) {
            const std::string into = folder.point_folder(p);
            costs.push_back({SweepFolder::costing(into), into + ".cost.log"});
        }
        failed += work("cost", costs);
    }
    const SweepTable table = folder.table();
    const SweepAxes axes = sweep_axes(table, a.axes);
    print(sweep_text(table, axes.y), context.out);
    write_outputs(folder.outputs(table, axes), context.out);
    if (context.stop.load()) {
        throw Interrupted("stopped; the same command goes on with the points that are missing");
    }
    if (failed > 0) {
        context.err << "mho: " << failed << " points failed; their output is in " << folder.folder()
                    << "/points\n";
        return kExitFailed;
    }
    return kExitDone;
}

}  // namespace

Command sweep_command() {
    return {
        "sweep",
        "one run with many values of some parameters; parallel, resumable",
        [](CLI::App& app, const CommandContext& context) -> std::function<int()> {
            auto a = std::make_shared<SweepArguments>();
            app.add_option("file", a->file, "sweep file (JSON, docs/experiments.md)")->required();
            app.add_option("--out", a->out, "folder (default: runs/NAME)");
            app.add_option("--processes", a->processes, "points at once (default: threads)")
                ->check(CLI::Range(1, 1024));
            app.add_option("--x", a->axes.x, "column on the x axis: a parameter, energy_j, ...");
            app.add_option("--y", a->axes.y, "column on the y axis, for example \"naive 1 day\"");
            app.add_flag("--list", a->list, "print the points as options of `mho evaluate`");
            app.add_flag("--quiet", a->quiet, "no progress");
            return [a, context] { return sweep(*a, context); };
        }};
}

}  // namespace mho

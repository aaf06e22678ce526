// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <ostream>
#include <set>

#include "mho/analysis/results.h"
#include "mho/analysis/run_file.h"
#include "mho/analysis/sweep.h"
#include "mho/cli/command.h"
#include "mho/cli/console.h"
#include "mho/cli/run_folder.h"
#include "mho/cli/worker_pool.h"
#include "mho/io/file.h"
#include "mho/io/folder_lock.h"
#include "mho/report/html.h"
#include "mho/report/line_chart.h"
#include "mho/report/numbers.h"
#include "mho/report/table.h"
#include "mho/util/json.h"
#include "mho/util/threads.h"

namespace mho {
namespace {

struct Arguments {
    std::string file;
    std::string out;
    int processes = 0;
    std::string x;
    std::string y;
    bool list = false;
    bool quiet = false;
};

std::string point_folder(const std::string& folder, const SweepPoint& p) {
    return folder + "/points/" + p.name;
}

std::string text_of(const std::string& path) {
    return std::filesystem::exists(path) ? read_file(path) : std::string();
}

std::string results_of(const std::string& folder, const SweepPoint& p) {
    return text_of(point_folder(folder, p) + "/results.json");
}

std::string cost_file(const std::string& folder, const SweepPoint& p) {
    return point_folder(folder, p) + "/cost.json";
}

// The last line that a point's process said.
std::string last_words(const std::string& folder, const SweepPoint& p) {
    std::string text = text_of(point_folder(folder, p) + ".log");
    while (!text.empty() && text.back() == '\n') {
        text.pop_back();
    }
    const size_t line = text.rfind('\n');
    return line == std::string::npos ? text : text.substr(line + 1);
}

SweepTable table_of(const Sweep& s,
                    const std::vector<SweepPoint>& points,
                    const std::string& folder) {
    SweepTable table;
    for (const SweepParameter& p : s.parameters) {
        table.parameters.push_back(p.path);
    }
    std::vector<std::map<std::string, double>> found;
    std::set<std::string> names;
    for (const SweepPoint& p : points) {
        found.push_back(
            sweep_metrics(results_of(folder, p), s.cost ? text_of(cost_file(folder, p)) : ""));
        for (const auto& [name, value] : found.back()) {
            names.insert(name);
        }
    }
    table.metrics.assign(names.begin(), names.end());
    for (size_t i = 0; i < points.size(); i++) {
        SweepTable::Row row;
        row.values = points[i].values;
        for (const std::string& name : table.metrics) {
            const auto at = found[i].find(name);
            row.metrics.push_back(at == found[i].end() ? NAN : at->second);
        }
        row.state = results_of(folder, points[i]).empty()
                        ? "not done: " + last_words(folder, points[i])
                        : "done";
        table.rows.push_back(std::move(row));
    }
    return table;
}

// What the pictures show when nothing is asked for: an accuracy on chips after about a day, against
// energy where runs have it, else the first parameter that is a number.
std::string default_y(const SweepTable& t) {
    for (const char* name : {"hwa 1 day", "naive 1 day", "float"}) {
        if (std::find(t.metrics.begin(), t.metrics.end(), name) != t.metrics.end()) {
            return name;
        }
    }
    return t.metrics.empty() ? "" : t.metrics[0];
}

std::string default_x(const SweepTable& t) {
    for (const std::string& m : t.metrics) {
        if (m.starts_with("energy")) {
            return m;
        }
    }
    for (const std::string& p : t.parameters) {
        const std::vector<double> v = t.column(p);
        if (std::any_of(v.begin(), v.end(), [](double d) { return std::isfinite(d); })) {
            return p;
        }
    }
    return "";
}

// Points without a line between them.
LineSeries scatter(const std::string& name,
                   const std::vector<double>& x,
                   const std::vector<double>& y) {
    LineSeries s;
    s.name = name;
    for (size_t i = 0; i < x.size(); i++) {
        for (const double gap : {0.0, std::nan("")}) {
            s.x.push_back(x[i]);
            s.y.push_back(y[i] + gap);
        }
    }
    return s;
}

LineChart pareto_chart(const SweepTable& t, const std::string& x_name, const std::string& y_name) {
    const std::vector<double> x = t.column(x_name);
    const std::vector<double> y = t.column(y_name);
    LineChart chart;
    chart.title = y_name + " against " + x_name;
    chart.description = "All points of the sweep, and those that no other beats";
    chart.x_label = x_name;
    chart.y_label = y_name;
    chart.percent = y_name != "loss";
    double low = INFINITY;
    double high = 0.0;
    for (const double v : x) {
        low = std::isfinite(v) ? std::min(low, v) : low;
        high = std::isfinite(v) ? std::max(high, v) : high;
    }
    chart.log_x = low > 0 && high > 20 * low;
    LineSeries front;
    front.name = "Pareto front: more at the least " + x_name;
    for (const size_t i : pareto_front(x, y)) {
        front.x.push_back(x[i]);
        front.y.push_back(y[i]);
    }
    chart.series = {scatter("points", x, y), front};
    return chart;
}

Table text_table(const SweepTable& t, const std::string& y) {
    Table table;
    for (const std::string& p : t.parameters) {
        table.column(p.substr(p.find('.') == std::string::npos ? 0 : p.find('.') + 1),
                     Align::kRight);
    }
    std::vector<size_t> shown;
    for (size_t k = 0; k < t.metrics.size(); k++) {
        if (t.metrics[k] == y || t.metrics[k] == "float" || t.metrics[k] == y + " std" ||
            t.metrics[k].starts_with("energy")) {
            shown.push_back(k);
            table.column(t.metrics[k], Align::kRight);
        }
    }
    table.column("state");
    for (const SweepTable::Row& row : t.rows) {
        std::vector<std::string> cells = row.values;
        for (const size_t k : shown) {
            cells.push_back(std::isfinite(row.metrics[k]) ? format_number(row.metrics[k], 5)
                                                          : std::string(kNoValue));
        }
        cells.push_back(row.state);
        table.row(cells);
    }
    return table;
}

std::string page_of(const Sweep& s,
                    const SweepTable& t,
                    const std::string& x,
                    const std::string& y) {
    HtmlPage page(s.name.empty() ? "Sweep of " + s.run : s.name,
                  std::to_string(t.rows.size()) + " points");
    if (!x.empty() && !y.empty()) {
        page.figure(full_figure(pareto_chart(t, x, y)));
        std::vector<Figure> figures;
        for (const std::string& p : t.parameters) {
            if (p != x) {
                figures.push_back(half_figure(pareto_chart(t, p, y)));
            }
        }
        for (size_t i = 0; i < figures.size(); i += 2) {
            page.grid(
                {figures.begin() + static_cast<std::ptrdiff_t>(i),
                 figures.begin() + static_cast<std::ptrdiff_t>(std::min(i + 2, figures.size()))});
        }
    }
    page.table(text_table(t, y));
    page.details("Everything as CSV", t.csv());
    page.footer("mho " + version());
    return page.str();
}

WorkerTask point_task(const Sweep& s,
                      const std::string& run,
                      const std::string& folder,
                      const SweepPoint& p,
                      size_t processes) {
    WorkerTask task;
    task.arguments = {s.command, run, "--out", point_folder(folder, p), "--resume", "--quiet"};
    if (s.command == "evaluate") {
        task.arguments.insert(
            task.arguments.end(),
            {"--threads", std::to_string(std::max<size_t>(1, available_threads() / processes))});
    }
    for (const std::string& o : p.overrides) {
        task.arguments.insert(task.arguments.end(), {"--set", o});
    }
    task.log = point_folder(folder, p) + ".log";
    return task;
}

// The folder of a point holds its run, overrides included.
WorkerTask cost_task(const std::string& folder, const SweepPoint& p) {
    return {{"cost", point_folder(folder, p), "--json", cost_file(folder, p), "--quiet"},
            point_folder(folder, p) + ".cost.log"};
}

int sweep(const Arguments& a, const CommandContext& context) {
    Sweep s = parse_sweep(read_file(a.file), a.file);
    const std::filesystem::path beside = std::filesystem::path(a.file).parent_path() / s.run;
    const std::string run = std::filesystem::exists(beside) ? beside.string() : s.run;
    const std::vector<SweepPoint> points = sweep_points(s);
    // A wrong path or value fails before hours of work do.
    const RunFile first = read_run_file(run, points[0].overrides);
    if (s.command.empty()) {
        s.command = first.network.weights.empty() ? "train" : "evaluate";
    }
    for (const SweepPoint& p : points) {
        if (points.size() <= 1000) {
            read_run_file(run, p.overrides);
        }
        if (a.list) {
            context.out << p.name;
            for (const std::string& o : p.overrides) {
                context.out << " --set '" << o << "'";
            }
            context.out << "\n";
        }
    }
    if (a.list) {
        return kExitDone;
    }
    const std::string stem = std::filesystem::path(a.file).stem().string();
    const std::string folder = a.out.empty() ? "runs/" + (s.name.empty() ? stem : s.name) : a.out;
    ensure_folder(folder);
    const FolderLock lock(folder);
    ensure_folder(folder + "/points");
    const size_t processes =
        a.processes > 0 ? static_cast<size_t>(a.processes) : available_threads();
    const auto undone = [&](const auto& is_done) {
        std::vector<SweepPoint> rest;
        std::copy_if(points.begin(), points.end(), std::back_inserter(rest), [&](const auto& p) {
            return !is_done(p);
        });
        return rest;
    };
    std::vector<WorkerTask> tasks;
    for (const SweepPoint& p :
         undone([&](const auto& q) { return !results_of(folder, q).empty(); })) {
        tasks.push_back(point_task(s, run, folder, p, processes));
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
        const size_t failed = run_workers(todo, processes, context.stop, [&] {
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
    if (s.cost && !context.stop.load()) {
        std::vector<WorkerTask> costs;
        for (const SweepPoint& p :
             undone([&](const auto& q) { return !text_of(cost_file(folder, q)).empty(); })) {
            if (!results_of(folder, p).empty()) {
                costs.push_back(cost_task(folder, p));
            }
        }
        failed += work("cost", costs);
    }
    const SweepTable table = table_of(s, points, folder);
    const std::string y = a.y.empty() ? default_y(table) : a.y;
    const std::string x = a.x.empty() ? default_x(table) : a.x;
    context.out << text_table(table, y).text();
    write_outputs(
        {{folder + "/sweep.csv", table.csv()}, {folder + "/sweep.html", page_of(s, table, x, y)}},
        context.out);
    if (context.stop.load()) {
        throw Interrupted("stopped; the same command goes on with the points that are missing");
    }
    if (failed > 0) {
        context.err << "mho: " << failed << " points failed; their output is in " << folder
                    << "/points\n";
        return kExitFailed;
    }
    return kExitDone;
}

}  // namespace

Command sweep_command() {
    return {"sweep",
            "one run with many values of some parameters; parallel, resumable",
            [](CLI::App& app, const CommandContext& context) -> std::function<int()> {
                auto a = std::make_shared<Arguments>();
                app.add_option("file", a->file, "sweep file (JSON, docs/run-file.md)")->required();
                app.add_option("--out", a->out, "folder (default: runs/NAME)");
                app.add_option("--processes", a->processes, "points at once (default: threads)")
                    ->check(CLI::Range(1, 1024));
                app.add_option("--x", a->x, "column on the x axis: a parameter, energy, ...");
                app.add_option("--y", a->y, "column on the y axis, for example \"naive 1 day\"");
                app.add_flag("--list", a->list, "print the points as options of `mho evaluate`");
                app.add_flag("--quiet", a->quiet, "no progress");
                return [a, context] { return sweep(*a, context); };
            }};
}

}  // namespace mho

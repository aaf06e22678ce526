// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <memory>
#include <ostream>

#include "mho/array/wires_fast.h"
#include "mho/cli/command.h"
#include "mho/cli/solve_file.h"
#include "mho/cli/thread_option.h"
#include "mho/io/file.h"
#include "mho/report/heatmap.h"
#include "mho/util/json.h"
#include "mho/util/threads.h"

namespace mho {
namespace {

struct SolveArguments {
    std::string file;
    std::string mode = "exact";
    std::string svg;
    std::string json;
    std::string effective;
    int threads = 0;
};

struct Answer {
    WireSolution solution;
    std::vector<double> ideal;  // without wires
    bool is_fast = false;
    FastModeError error;  // of a fast mode
};

std::vector<double> ideal_currents(const SolveProblem& p) {
    WireConfig none;
    none.topology = p.wires.topology;
    WireOptions options;
    options.law = p.cell_law();
    return Wires(none, p.conductance.view(), p.negative_view()).solve(p.voltage, options).currents;
}

Answer answer(const SolveProblem& p, const std::string& mode) {
    Answer a;
    a.ideal = ideal_currents(p);
    if (mode == "exact") {
        WireOptions options;
        options.tolerance = p.tolerance;
        options.voltages = true;
        if (!p.is_ohmic()) {
            options.law = p.cell_law();
            options.tolerance = std::max(p.tolerance, 1e-13);
        }
        a.solution =
            Wires(p.wires, p.conductance.view(), p.negative_view()).solve(p.voltage, options);
        return a;
    }
    if (!p.is_ohmic()) {
        throw ConfigError("curvature", "the fast modes are for ohmic cells");
    }
    a.is_fast = true;
    if (mode == "dmr") {
        const Matrix<double> e = dmr_conductances(p.wires, p.conductance.view());
        a.solution.currents.assign(e.cols, 0.0);
        for (size_t i = 0; i < e.rows; i++) {
            for (size_t j = 0; j < e.cols; j++) {
                a.solution.currents[j] += p.voltage[i] * e(i, j);
            }
        }
        a.error = dmr_error(p.wires, p.conductance.view());
    } else {
        a.solution.currents = column_recursion(p.wires, p.conductance.view(), p.voltage);
        a.error = column_recursion_error(p.wires, p.conductance.view());
    }
    return a;
}

std::string text_of(const SolveProblem& p, const Answer& a) {
    const WireConfig& w = p.wires;
    std::string text = fmt::format("{}: {} x {}, {}, wires {:g} (row) and {:g} (column) / g_max",
                                   p.title,
                                   p.conductance.rows,
                                   p.conductance.cols,
                                   enum_name(w.topology),
                                   w.row_resistance,
                                   w.column_resistance);
    if (w.driver_resistance > 0 || w.sense_resistance > 0) {
        text += fmt::format(", driver {:g}, sense {:g}", w.driver_resistance, w.sense_resistance);
    }
    text += "\n";
    for (const std::string& note : p.notes) {
        text += note + "\n";
    }
    text += "column  current [g_max V]\n";
    double lost = 0.0;
    double all = 0.0;
    for (size_t j = 0; j < a.solution.currents.size(); j++) {
        text += fmt::format("{:>6}  {:.12g}\n", j, a.solution.currents[j]);
        lost += std::abs(a.ideal[j] - a.solution.currents[j]);
        all += std::abs(a.ideal[j]);
    }
    text += fmt::format("loss by wires   {:.4g} %\n", all > 0 ? 100 * lost / all : 0.0);
    if (a.is_fast) {
        text += fmt::format("error estimate  {:.2g} % mean, {:.2g} % worst column\n",
                            100 * a.error.mean,
                            100 * a.error.worst);
        for (const std::string& warning : a.error.warnings) {
            text += "warning: " + warning + "\n";
        }
        return text;
    }
    text += fmt::format("residual        {:.2e}\n", a.solution.residual);
    text += fmt::format("iterations      {}\n", a.solution.iterations);
    if (!p.is_ohmic()) {
        text += fmt::format("newton steps    {}\n", a.solution.newton_steps);
    }
    return text + fmt::format("balance         {:.2e}   (Kirchhoff's law at the outputs)\n",
                              a.solution.balance);
}

std::string json_of(const SolveProblem& p, const Answer& a) {
    Json j = Json::object();
    j["title"] = p.title;
    j["wires"] = to_json(p.wires);
    j["currents"] = a.solution.currents;
    j["currents_without_wires"] = a.ideal;
    if (a.is_fast) {
        j["error_mean"] = a.error.mean;
        j["error_worst"] = a.error.worst;
        j["warnings"] = a.error.warnings;
    } else {
        j["residual"] = a.solution.residual;
        j["iterations"] = a.solution.iterations;
        j["newton_steps"] = a.solution.newton_steps;
        j["balance"] = a.solution.balance;
    }
    return j.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

// What the wires take of the voltage of every cell.
std::string heat_map(const SolveProblem& p, const WireSolution& s) {
    Heatmap map;
    map.title = "IR drop: " + p.title;
    map.description = "Share of the full voltage that the wires take from every cell";
    map.row_label = "word line (input)";
    map.column_label = "bit line (output); the driver is at the left, the read-out below";
    map.value_label = "voltage lost";
    map.rows = p.conductance.rows;
    map.columns = p.conductance.cols;
    map.percent = true;
    double full = has_supply_lines(p.wires.topology) ? 1.0 : 0.0;
    for (size_t i = 0; !has_supply_lines(p.wires.topology) && i < map.rows; i++) {
        full = std::max(full, std::abs(p.voltage[i]));
    }
    for (size_t i = 0; i < map.rows; i++) {
        for (size_t j = 0; j < map.columns; j++) {
            const double applied = has_supply_lines(p.wires.topology) ? 1.0 : p.voltage[i];
            const double drop = std::abs(applied) - std::abs(s.cell_voltages[0](i, j));
            map.values.push_back(full > 0 ? drop / full : 0.0);
        }
    }
    return map.svg();
}

int solve(const SolveArguments& a, const CommandContext& context) {
    const SolveProblem p = read_solve_file(a.file);
    if (a.mode != "exact" && !a.svg.empty()) {
        throw InputError("--svg: the fast modes find no voltages; use --mode exact");
    }
    const Answer found = answer(p, a.mode);
    context.out << text_of(p, found);
    if (!a.svg.empty()) {
        write_file_atomically(a.svg, heat_map(p, found.solution));
        context.out << "written: " << a.svg << "\n";
    }
    if (!a.json.empty()) {
        write_file_atomically(a.json, json_of(p, found));
        context.out << "written: " << a.json << "\n";
    }
    if (!a.effective.empty()) {
        const EffectiveConductances e =
            Wires(p.wires, p.conductance.view(), p.negative_view())
                .effective(a.threads > 0 ? static_cast<size_t>(a.threads) : available_threads());
        std::string csv;
        for (size_t i = 0; i < e.conductance.rows; i++) {
            for (size_t j = 0; j < e.conductance.cols; j++) {
                csv += fmt::format("{}{:.17g}", j > 0 ? "," : "", e.conductance(i, j));
            }
            csv += "\n";
        }
        write_file_atomically(a.effective, csv);
        context.out << fmt::format(
            "effective matrix: {} solves, {} iterations, residual {:.1e}; "
            "written: {}\n",
            e.solves,
            e.iterations,
            e.residual,
            a.effective);
    }
    return kExitDone;
}

}  // namespace

Command solve_command() {
    return {"solve",
            "currents of a crossbar with wire resistance, exactly",
            [](CLI::App& app, const CommandContext& context) -> std::function<int()> {
                auto a = std::make_shared<SolveArguments>();
                app.add_option("file",
                               a->file,
                               "JSON: conductance, voltage, wire_resistance; or run and layer "
                               "(docs/models/wires.md)")
                    ->required();
                app.add_option("--mode", a->mode, "exact, or a fast mode with an error estimate")
                    ->check(CLI::IsMember({"exact", "dmr", "column recursion"}))
                    ->capture_default_str();
                app.add_option("--svg", a->svg, "write a heat map of the IR drop (SVG)");
                app.add_option("--json", a->json, "write the numbers");
                app.add_option(
                    "--effective",
                    a->effective,
                    "write the effective conductances (CSV): as many solves as the array "
                    "has rows or columns, whichever is less");
                add_threads(app, a->threads, "threads for --effective");
                return [a, context] { return solve(*a, context); };
            }};
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <ostream>

#include "mho/cli/command.h"
#include "mho/cli/console.h"
#include "mho/cli/cost_page.h"
#include "mho/cli/run_folder.h"
#include "mho/cost/cost.h"
#include "mho/io/file.h"
#include "mho/report/numbers.h"
#include "mho/util/json.h"

namespace mho {
namespace {

struct CostArguments {
    std::string what;
    std::string preset;
    std::string network;
    std::string page;
    std::string json;
    std::string layer;
    std::vector<std::string> overrides;
    bool explain = false;
    bool tools = false;
    bool quiet = false;
    int bits = 8;
    double node_nm = 28;
};

// A network on hardware, and what to say about it.
struct Subject {
    RunFile run;
    Network network;
    std::string about;
};

// A run file without trained weights: its network as it is drawn.
Subject untrained(const CostArguments& o, RunFile run) {
    Subject s;
    s.about = "weights drawn at random: conductances and inputs are those of an untrained network";
    const Network network = fold_batch_norm(build_network(run));
    const bool measures = run.cost.config.activity.source == cost::ActivitySource::kMeasured;
    s.network = measures ? make_naive(run, network, load_train_images(run.data))
                         : map_to_hardware(network, run.hardware);
    if (!o.network.empty() && o.network != "naive") {
        throw UsageError("--network " + o.network + ": the run is not trained, it has only naive");
    }
    s.run = std::move(run);
    return s;
}

Subject find_subject(const CostArguments& o, const std::vector<std::string>& overrides) {
    if (!std::filesystem::is_directory(o.what)) {
        RunFile run = read_run_file(o.what, overrides);
        if (run.network.weights.empty()) {
            return untrained(o, std::move(run));
        }
    }
    LoadedRun loaded = load_run(o.what, overrides);
    Subject s;
    s.run = std::move(loaded.run);
    const bool aware = o.network.empty() ? loaded.networks.has_hardware_aware : o.network == "hwa";
    if (aware && !loaded.networks.has_hardware_aware) {
        throw UsageError("--network hwa: " + o.what + " has no network retrained for the hardware");
    }
    if (!aware && !loaded.networks.has_naive) {
        throw UsageError(o.what + " has no network on hardware; finish it with `mho train`");
    }
    s.network = std::move(aware ? loaded.networks.hardware_aware : loaded.networks.naive);
    s.about = aware ? "network retrained for the hardware" : "trained network, mapped as it is";
    return s;
}

// --preset changes the section `cost` as a line in the run file would.
std::vector<std::string> with_preset(const CostArguments& o) {
    std::vector<std::string> overrides = o.overrides;
    if (!o.preset.empty()) {
        overrides.insert(overrides.begin(), "cost.preset=" + Json(o.preset).dump());
    }
    return overrides;
}

std::string largest_layer(const cost::Report& report) {
    const auto largest = std::max_element(
        report.layers.begin(), report.layers.end(), [](const auto& a, const auto& b) {
            return a.multiply_adds < b.multiply_adds;
        });
    return largest == report.layers.end() ? "" : largest->name;
}

std::string circuit_tables(int bits, double node_nm) {
    constexpr double kRows = 256;
    constexpr int kAdderBits = 16;
    return adc_table(cost::compare_adcs(bits, node_nm, kRows), bits, node_nm).text() + "\n" +
           adder_table(cost::compare_adders(kAdderBits, node_nm), kAdderBits, node_nm).text();
}

int cost_of_run(const CostArguments& o, const CommandContext& context) {
    Console console(o.quiet, context.err);
    Subject subject = find_subject(o, with_preset(o));
    const cost::CostSpec& spec = subject.run.cost;
    const cost::ActivityConfig& a = spec.config.activity;
    if (subject.network.analog.empty()) {
        console.hooks().note("no layer of the network is on tiles: all of it is digital");
    }
    CostSubject s;
    s.title = subject.run.name.empty() ? o.what : subject.run.name;
    s.about = subject.network.graph.name + ", " + subject.about;
    Matrix<float> pixels;
    if (a.source == cost::ActivitySource::kMeasured) {
        const LabelledImages test = load_test_images(subject.run.data);
        const size_t count = std::min<size_t>(static_cast<size_t>(a.samples), test.count);
        pixels = pixels_of(test, 0, count);
        s.condition = fmt::format(
            "activity of {} test samples, conductances {} s after programming; costs: {}",
            count,
            format_number(a.time_s),
            spec.preset.empty() ? "defaults" : "preset " + spec.preset);
    } else {
        s.condition = fmt::format("all inputs {}, all conductances {} of the largest; costs: {}",
                                  format_number(a.mean_input),
                                  format_number(a.mean_conductance),
                                  spec.preset.empty() ? "defaults" : "preset " + spec.preset);
    }
    const cost::NetworkActivity activity =
        cost::activity_of(subject.network, pixels.view(), a, subject.run.seed);
    s.report = cost::of(subject.network, activity, spec);
    if (o.tools) {
        s.tools_layer = o.layer.empty() ? largest_layer(s.report) : o.layer;
        s.tools = cost::compare_presets(subject.network, activity, spec, s.tools_layer);
    }
    for (const LearningRule& rule : subject.run.learning.rules) {
        s.updates.push_back(update_table(
            rule.label(),
            cost::update_costs(subject.network.graph,
                               subject.run.hardware.base.mapping,
                               rule.learner,
                               static_cast<size_t>(subject.run.learning.training.batch),
                               spec.config.update)));
    }
    context.out << cost_text(s);
    if (o.tools) {
        const double node = spec.config.technology.node_nm;
        context.out << "\n" << circuit_tables(o.bits, node);
    }
    if (o.explain) {
        context.out << "\n" << cost_explanation(s.report);
    }
    const auto write = [&](const std::string& path, const std::string& text) {
        write_file_atomically(path, text);
        context.out << "written: " << path << "\n";
    };
    if (!o.json.empty()) {
        write(o.json, cost_json(s));
    }
    if (!o.page.empty()) {
        write(o.page, cost_html(s));
    }
    return kExitDone;
}

}  // namespace

Command cost_command() {
    return {
        "cost",
        "energy, latency and area of a network, every number with its source",
        [](CLI::App& app, const CommandContext& context) -> std::function<int()> {
            auto o = std::make_shared<CostArguments>();
            app.add_option("run", o->what, "folder of a run, or a run file");
            app.add_option("--preset", o->preset, "component values (see `mho presets`)");
            app.add_option("--set", o->overrides, "override a parameter: path=value (repeatable)")
                ->type_name("PATH=VALUE")
                ->expected(1)
                ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
            app.add_option("--network", o->network, "which one of the run: naive or hwa")
                ->check(CLI::IsMember({"naive", "hwa"}));
            app.add_flag("--explain", o->explain, "print the trees: every number's formula");
            app.add_flag("--tools",
                         o->tools,
                         "one layer by every preset, one ADC by every tool (the latter without RUN "
                         "too)");
            app.add_option("--layer", o->layer, "layer of --tools (default: the largest)");
            app.add_option("--bits", o->bits, "ADC of --tools")
                ->check(CLI::Range(1, 16))
                ->capture_default_str();
            app.add_option("--node", o->node_nm, "process of --tools without RUN, nm")
                ->check(CLI::Range(1.0, 130.0))
                ->capture_default_str();
            app.add_option("--json", o->json, "write everything as JSON");
            app.add_option("--out", o->page, "write a page with pictures (HTML)");
            app.add_flag("--quiet", o->quiet, "no notes");
            return [o, context] {
                if (!o->what.empty()) {
                    return cost_of_run(*o, context);
                }
                if (!o->tools) {
                    throw UsageError("cost: name a run file or the folder of a run (or --tools)");
                }
                context.out << circuit_tables(o->bits, o->node_nm);
                return kExitDone;
            };
        }};
}

}  // namespace mho

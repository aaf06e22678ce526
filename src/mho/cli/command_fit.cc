// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <ostream>

#include "mho/cli/command.h"
#include "mho/cli/fit_page.h"
#include "mho/cli/thread_option.h"
#include "mho/io/file.h"
#include "mho/util/threads.h"

namespace mho {
namespace {

struct FitArguments {
    std::string data;
    PulseTraceOptions trace;
    DeviceFitOptions fit;
    std::string page;
    std::string json;
};

int fit(const FitArguments& a, const CommandContext& context) {
    const std::vector<PulseTrace> traces = read_pulse_traces(a.data, a.trace);
    const std::vector<DeviceFit> fits = fit_devices(traces, a.fit);
    context.out << fit_text(traces, fits);
    const std::string name = std::filesystem::path(a.data).filename().string();
    if (!a.page.empty()) {
        write_file_atomically(a.page, fit_page(name, traces, fits));
        context.out << "written: " << a.page << "\n";
    }
    if (!a.json.empty()) {
        write_file_atomically(a.json, fit_json(name, traces, fits));
        context.out << "written: " << a.json << "\n";
    }
    return kExitDone;
}

}  // namespace

Command fit_command() {
    return {
        "fit",
        "fit a device model to measured pulse traces",
        [](CLI::App& app, const CommandContext& context) -> std::function<int()> {
            auto a = std::make_shared<FitArguments>();
            a->fit.threads = available_threads();
            app.add_option("data",
                           a->data,
                           "CSV with the columns [cell,] pulses, weight: readings, each after "
                           "so many pulses (negative: down)")
                ->required();
            app.add_option("--model",
                           a->fit.model,
                           "step model, for example \"soft bounds\" (default: the best of all)");
            app.add_option("--zero", a->trace.zero, "reading that is weight 0")
                ->capture_default_str();
            app.add_option("--scale", a->trace.scale, "weight per unit of reading")
                ->capture_default_str();
            add_threads(app, a->fit.threads, kAnyThreads, 256);
            app.add_option("--out", a->page, "write a page with all charts (HTML)");
            app.add_option(
                "--json", a->json, "write the results; `mho devices` takes this file as a device");
            return [a, context] { return fit(*a, context); };
        }};
}

}  // namespace mho

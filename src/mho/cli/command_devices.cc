// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>

#include "mho/cli/command.h"
#include "mho/cli/console.h"
#include "mho/cli/device_source.h"
#include "mho/io/file.h"
#include "mho/net/presets.h"
#include "mho/net/training_presets.h"
#include "mho/util/error.h"

namespace mho {
namespace {

struct DevicesArguments {
    std::string device;
    DeviceResponseOptions options;
    std::string page;
    std::string svg;
    std::string json;
    double w_min = 0.0;
    double w_max = 0.0;
};

int list_devices(std::ostream& out) {
    Table table;
    table.column("device").column("model").column("states", Align::kRight).column("about");
    for (const PresetInfo& p : list_presets(PresetKind::kDevice)) {
        const PulsedDevice device = pulsed_device_preset(p.name);
        table.row({p.name,
                   std::string(model_name(device)),
                   states_text(number_of_states(device)),
                   p.about});
    }
    print(table, out);
    return kExitDone;
}

int draw(const DevicesArguments& a, bool has_range, const CommandContext& context) {
    const DeviceSubject subject =
        has_range ? find_device(a.device, a.w_min, a.w_max) : find_device(a.device);
    const DeviceResponse response = measure_response(subject.device, a.options);
    context.out << response_text(subject, response);
    const auto write = [&](const std::string& path, const std::string& text) {
        if (!path.empty()) {
            write_file_atomically(path, text);
            context.out << "written: " << path << "\n";
        }
    };
    write(a.page, a.page.empty() ? "" : response_page(subject, response));
    write(a.svg, a.svg.empty() ? "" : response_chart(subject, response).svg());
    write(a.json, a.json.empty() ? "" : response_json(subject, response));
    return kExitDone;
}

}  // namespace

Command devices_command() {
    return {"devices",
            "response curves of a device that is trained by pulses",
            [](CLI::App& app, const CommandContext& context) -> std::function<int()> {
                auto a = std::make_shared<DevicesArguments>();
                app.add_option("device",
                               a->device,
                               "preset, JSON file, or CSV table of steps (default: list presets)");
                app.add_option("--pulses", a->options.pulses, "up pulses, then as many down")
                    ->check(CLI::Range(1, 1000000));
                app.add_option("--cells", a->options.cells, "cells for the spreads")
                    ->check(CLI::Range(2, 100000))
                    ->capture_default_str();
                app.add_option("--seed", a->options.seed, "seed of every random number")
                    ->capture_default_str();
                CLI::Option* low = app.add_option(
                    "--w-min", a->w_min, "weight of the lowest state of a CSV table");
                CLI::Option* high = app.add_option(
                    "--w-max", a->w_max, "weight of the highest state of a CSV table");
                low->needs(high);
                high->needs(low);
                app.add_option("--out", a->page, "write a page with all charts (HTML)");
                app.add_option("--svg", a->svg, "write the response curve (SVG)");
                app.add_option("--json", a->json, "write the numbers of all curves");
                return [a, low, context] {
                    return a->device.empty() ? list_devices(context.out)
                                             : draw(*a, low->count() > 0, context);
                };
            }};
}

}  // namespace mho

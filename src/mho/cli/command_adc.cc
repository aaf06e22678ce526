// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <ostream>

#include "mho/analysis/run_file.h"
#include "mho/cli/adc_page.h"
#include "mho/cli/command.h"
#include "mho/cli/console.h"
#include "mho/convert/adc_json.h"
#include "mho/io/file.h"
#include "mho/net/presets.h"
#include "mho/report/table.h"
#include "mho/util/error.h"
#include "mho/util/json.h"

namespace mho {
namespace {

struct AdcArguments {
    std::string source;
    std::vector<std::string> overrides;
    size_t converters = 20;
    bool is_unsigned = false;
    uint64_t seed = 1;
    std::string page, svg, json;
};

// The converter of a file: alone, or of the crossbar of a hardware file or of a run (with its
// presets).
Json adc_of_file(const std::string& path) {
    const Json j = parse_json(read_file(path, uint64_t{16} << 20), path);
    if (!j.is_object() || j.contains("model")) {
        return j;
    }
    const bool is_run = j.contains("hardware");
    const HardwareSpec spec =
        is_run ? read_run_file(path, {}).hardware : hardware_from_json(j.dump(), path);
    const Crossbar& crossbar = spec.base.crossbar;
    if (!crossbar.enabled) {
        throw ConfigError(is_run ? "hardware.crossbar.enabled" : "crossbar.enabled",
                          path + " has no crossbar with converters of its own; must be true");
    }
    return Json::parse(adc_to_json(crossbar.adc));
}

// A converter model, or a preset of hardware whose crossbar has one.
Json adc_of_name(const std::string& given) {
    std::string name = given;
    std::replace(name.begin(), name.end(), '_', ' ');
    std::vector<std::string> known = adc_model_names();
    if (std::find(known.begin(), known.end(), name) != known.end()) {
        return {{"model", name}};
    }
    for (const PresetInfo& preset : list_presets()) {
        const Crossbar crossbar =
            hardware_from_json(Json{{"preset", preset.name}}.dump()).base.crossbar;
        if (!crossbar.enabled) {
            continue;
        }
        if (preset.name == given || preset.name == name) {
            return Json::parse(adc_to_json(crossbar.adc));
        }
        known.push_back(preset.name);
    }
    throw UsageError("`" + given + "` is neither a file nor a converter nor hardware with one" +
                     suggestion(name, known));
}

AdcModel find_adc(const AdcArguments& a) {
    Json j;
    std::error_code ignored;
    if (std::filesystem::is_regular_file(a.source, ignored)) {
        j = adc_of_file(a.source);
    } else {
        j = adc_of_name(a.source);
    }
    for (const std::string& o : a.overrides) {
        const size_t equals = o.find('=');
        if (equals == std::string::npos || equals == 0 || !j.is_object()) {
            throw UsageError("--set " + o + ": expected name=value");
        }
        const std::string value = o.substr(equals + 1);
        const Json parsed = Json::parse(value, nullptr, false);
        j[o.substr(0, equals)] = parsed.is_discarded() ? Json(value) : parsed;
    }
    return adc_from_json(j.dump(), "adc");
}

int list_adcs(std::ostream& out) {
    Table table;
    table.column("converter").column("parameters");
    for (const std::string& name : adc_model_names()) {
        const Json j = Json::parse(adc_to_json(adc_from_json(Json{{"model", name}}.dump(), "adc")));
        std::string names;
        for (const auto& [key, value] : j.items()) {
            names += key == "model" ? "" : (names.empty() ? "" : ", ") + key + " " + value.dump();
        }
        table.row({name, names});
    }
    print(table, out);
    return kExitDone;
}

int report(const AdcArguments& a, const CommandContext& context) {
    const AdcReport r = measure_adc(find_adc(a), a.converters, !a.is_unsigned, a.seed);
    context.out << adc_text(r);
    const auto write = [&](const std::string& path, const std::string& text) {
        if (!path.empty()) {
            write_file_atomically(path, text);
            context.out << "written: " << path << "\n";
        }
    };
    write(a.page, a.page.empty() ? "" : adc_page(r));
    write(a.svg, a.svg.empty() ? "" : linearity_chart(r, true).svg());
    write(a.json, a.json.empty() ? "" : adc_report_json(r));
    return kExitDone;
}

}  // namespace

Command adc_command() {
    return {
        "adc",
        "linearity (INL, DNL) of an output converter",
        [](CLI::App& app, const CommandContext& context) -> std::function<int()> {
            auto a = std::make_shared<AdcArguments>();
            app.add_option(
                "converter",
                a->source,
                "model, preset with a crossbar, or JSON file of a converter, of hardware or "
                "of a run (default: list models)");
            app.add_option("--set", a->overrides, "parameter: name=value (repeatable)")
                ->type_name("NAME=VALUE")
                ->expected(1)
                ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
            app.add_option("--converters", a->converters, "converters to measure")
                ->check(CLI::Range(1, 10000))
                ->capture_default_str();
            app.add_flag("--unsigned", a->is_unsigned, "a range that starts at zero");
            app.add_option("--seed", a->seed, "seed of every random number")->capture_default_str();
            app.add_option("--out", a->page, "write a page with both charts (HTML)");
            app.add_option("--svg", a->svg, "write the INL chart (SVG)");
            app.add_option("--json", a->json, "write the numbers of all curves");
            return [a, context] {
                return a->source.empty() ? list_adcs(context.out) : report(*a, context);
            };
        }};
}

}  // namespace mho

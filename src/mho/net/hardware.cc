// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/hardware.h"

#include <fmt/format.h>

#include <filesystem>
#include <string_view>
#include <utility>

#include "mho/net/hardware_json.h"
#include "mho/net/presets.h"
#include "mho/util/glob.h"
#include "mho/util/json.h"

namespace mho {
namespace {

void read_override(const Json& j,
                   const Hardware& base,
                   HardwareSpec::Override& to,
                   const std::string& path,
                   Problems& problems) {
    if (!j.is_object()) {
        problems.push_back({path, "expected an object { ... }, got " + json_kind(j)});
        return;
    }
    const std::vector<std::string> known = {"match", "digital", "set"};
    for (const auto& [key, value] : j.items()) {
        const std::string here = join_path(path, key);
        if (key == "match") {
            from_json(value, to.pattern, here, {}, problems);
            if (value.is_string() && to.pattern.empty()) {
                problems.push_back({here, "an empty pattern matches no layer; `*` matches all"});
            }
        } else if (key == "digital") {
            from_json(value, to.digital, here, {}, problems);
        } else if (key == "set") {
            Hardware trial = base;
            read_hardware(value, trial, here, problems);
            to.set_json = value.dump();
        } else {
            problems.push_back({here, "unknown key" + suggestion(key, known)});
        }
    }
    if (!j.contains("match")) {
        problems.push_back(
            {join_path(path, "match"), "is missing; it is a layer name, with * for any letters"});
    }
    if (to.digital && !to.set_json.empty()) {
        problems.push_back(
            {path, "a digital layer has no hardware to set: remove `set` or `digital`"});
    }
}

HardwareSpec read_spec(const Json& j, const std::string& path) {
    Problems problems;
    HardwareSpec spec;
    read_hardware(j, spec.base, path, problems, {"layers"});
    if (j.is_object() && j.contains("layers")) {
        const Json& list = j["layers"];
        const std::string list_path = join_path(path, "layers");
        if (!list.is_array()) {
            problems.push_back({list_path, "expected a list [ ... ], got " + json_kind(list)});
        } else {
            spec.overrides.resize(list.size());
            for (size_t i = 0; i < list.size(); i++) {
                read_override(list[i],
                              spec.base,
                              spec.overrides[i],
                              fmt::format("{}[{}]", list_path, i),
                              problems);
            }
        }
    }
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
    return spec;
}

}  // namespace

void Hardware::check(const std::string& path, std::vector<Problem>& problems) const {
    if (crossbar.enabled && time_ir_drop.enabled) {
        problems.push_back(
            {join_path(path, "time_ir_drop.enabled"),
             "must be false where crossbar.enabled is true: both replace `forward`"});
    }
    const bool pulses = programming.kind != ProgrammingKind::kSingleShot;
    if (pulses && (crossbar.enabled || renormalise_programmed)) {
        problems.push_back(
            {join_path(path, "programming.kind"),
             "must be `single shot` where crossbar.enabled or renormalise_programmed is true"});
    }
    if (pulses && !std::holds_alternative<SinglePair>(converter)) {
        problems.push_back({join_path(path, "programming.kind"),
                            "needs the converter `single pair`; others take `single shot`"});
    }
    if (periphery.kind != PeripheryKind::kIdeal) {
        if (forward.adc.bound > 0 || forward.adc.steps > 0) {
            problems.push_back({join_path(path, "periphery.kind"),
                                "counters replace forward.adc: set its bound and steps to 0"});
        }
        if (crossbar.enabled) {
            problems.push_back({join_path(path, "periphery.kind"),
                                "must be `ideal` where crossbar.enabled is true, which has "
                                "converters of its own"});
        }
    }
}

void read_hardware(const Json& j,
                   Hardware& hardware,
                   const std::string& path,
                   Problems& problems,
                   std::vector<std::string> also_known) {
    also_known.emplace_back("preset");
    if (j.is_object() && j.contains("preset")) {
        const std::string preset_path = join_path(path, "preset");
        std::string name;
        from_json(j["preset"], name, preset_path, {}, problems);
        if (j["preset"].is_string()) {
            try {
                // A preset is a whole description: nothing of what was there before remains.
                hardware = Hardware{};
                read_struct(parse_json(preset_hardware(name, preset_path), "preset " + name),
                            hardware,
                            preset_path,
                            problems);
            } catch (const ConfigError& e) {
                problems.insert(problems.end(), e.problems().begin(), e.problems().end());
            }
        }
    }
    read_struct(j, hardware, path, problems, also_known);
}

LayerHardware HardwareSpec::for_layer(const std::string& layer_name) const {
    Hardware hardware = base;
    bool digital = false;
    for (size_t i = 0; i < overrides.size(); i++) {
        const Override& o = overrides[i];
        if (!matches_glob(o.pattern, layer_name)) {
            continue;
        }
        digital = o.digital;
        if (!o.set_json.empty()) {
            const std::string path = fmt::format("hardware.layers[{}].set", i);
            Problems problems;
            read_hardware(parse_json(o.set_json, path), hardware, path, problems);
            if (!problems.empty()) {
                throw ConfigError(std::move(problems));
            }
        }
    }
    return digital ? LayerHardware{} : LayerHardware{std::move(hardware)};
}

void resolve_files(HardwareSpec& spec, const std::string& folder) {
    const auto resolved = [&](const std::string& name) {
        // Absolute: the configuration is written again into the folder of a run.
        return name.empty() ? name
                            : std::filesystem::absolute(std::filesystem::path(folder) / name)
                                  .lexically_normal()
                                  .string();
    };
    CellConfig& cell = spec.base.crossbar.cell;
    cell.stuck_map = resolved(cell.stuck_map);
    if (auto* table = std::get_if<TableCell>(&cell.model)) {
        table->file = resolved(table->file);
        table->iv_file = resolved(table->iv_file);
    }
    for (size_t i = 0; i < spec.overrides.size(); i++) {
        std::string& text = spec.overrides[i].set_json;
        if (text.empty()) {
            continue;
        }
        Json j = parse_json(text, fmt::format("hardware.layers[{}].set", i));
        const Json::json_pointer map("/crossbar/cell/stuck_map");
        const Json::json_pointer file("/crossbar/cell/model/file");
        const Json::json_pointer iv_file("/crossbar/cell/model/iv_file");
        for (const Json::json_pointer& at : {map, file, iv_file}) {
            if (j.contains(at) && j[at].is_string()) {
                j[at] = resolved(j[at].get<std::string>());
            }
        }
        text = j.dump();
    }
}

HardwareSpec hardware_from_json(const std::string& text, const std::string& path) {
    return read_spec(parse_json(text, path), path);
}

Hardware single_hardware_from_json(const std::string& text, const std::string& path) {
    Problems problems;
    Hardware hardware;
    read_hardware(parse_json(text, path), hardware, path, problems);
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
    return hardware;
}

std::string hardware_to_json(const Hardware& hardware) {
    return to_json(hardware).dump(2);
}

std::string hardware_to_json(const HardwareSpec& spec) {
    Json j = to_json(spec.base);
    Json layers = Json::array();
    for (size_t i = 0; i < spec.overrides.size(); i++) {
        const HardwareSpec::Override& o = spec.overrides[i];
        Json entry = {{"match", o.pattern}};
        if (o.digital) {
            entry["digital"] = true;
        }
        if (!o.set_json.empty()) {
            entry["set"] = parse_json(o.set_json, fmt::format("hardware.layers[{}].set", i));
        }
        layers.push_back(std::move(entry));
    }
    if (!layers.empty()) {
        j["layers"] = std::move(layers);
    }
    return j.dump(2);
}

}  // namespace mho

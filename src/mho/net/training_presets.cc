// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/training_presets.h"

#include <algorithm>
#include <filesystem>

#include "mho/device/step_table.h"
#include "mho/io/file.h"
#include "mho/net/presets.h"
#include "mho/net/training_presets_json.h"

namespace mho {
namespace {

bool is_device_key(const std::string& key) {
    return key == "device" || key.ends_with("_device");
}

// A device from a file: a table of measured steps (CSV), or the device of a JSON file, such as a
// fit has written. `w_min` and `w_max` beside it scale the states of a table.
Json device_of_file(const Json& j, const std::string& path, Problems& problems) {
    const std::string here = join_path(path, "file");
    for (const char* other : {"preset", "model"}) {
        if (j.contains(other)) {
            problems.push_back({join_path(path, other), "the file says which device it is"});
        }
    }
    std::string file;
    from_json(j["file"], file, here, {}, problems);
    if (!problems.empty()) {
        return Json::object();
    }
    try {
        Json device;
        Json changes = j;
        changes.erase("file");
        if (is_step_table(file)) {
            StepTableOptions options;
            for (const auto& [key, to] :
                 {std::pair("w_min", &options.w_min), std::pair("w_max", &options.w_max)}) {
                if (j.contains(key)) {
                    double value = 0;
                    from_json(
                        j[key], value, join_path(path, key), {.min = -1e6, .max = 1e6}, problems);
                    *to = value;
                    changes.erase(key);
                }
            }
            device = problems.empty() ? to_json(PulsedDevice(read_step_table(file, options)))
                                      : Json::object();
        } else {
            device = parse_json(read_file(file), file);
            if (device.is_object() && device.contains("device")) {
                device = Json(device["device"]);
            }
            if (!device.is_object()) {
                problems.push_back({here, file + " holds no device: expected an object { ... }"});
                return Json::object();
            }
        }
        for (const auto& [key, value] : changes.items()) {
            device[key] = value;
        }
        return device;
    } catch (const ConfigError& e) {
        problems.insert(problems.end(), e.problems().begin(), e.problems().end());
    } catch (const Error& e) {
        problems.push_back({here, e.what()});
    }
    return Json::object();
}

// One device: its preset or file, if it names one, with the other keys on top.
Json expanded(const Json& j, const std::string& path, Problems& problems) {
    if (j.is_object() && j.contains("file")) {
        return device_of_file(j, path, problems);
    }
    if (!j.is_object() || !j.contains("preset")) {
        return j;
    }
    const std::string here = join_path(path, "preset");
    std::string name;
    from_json(j["preset"], name, here, {}, problems);
    if (!j["preset"].is_string()) {
        return Json::object();
    }
    if (j.contains("model")) {
        problems.push_back({join_path(path, "model"), "the preset says which model it is"});
    }
    try {
        Json device = parse_json(preset_content(PresetKind::kDevice, name, here), here);
        for (const auto& [key, value] : j.items()) {
            if (key != "preset" && key != "model") {
                device[key] = value;
            }
        }
        return device;
    } catch (const ConfigError& e) {
        problems.insert(problems.end(), e.problems().begin(), e.problems().end());
        return Json::object();
    }
}

// Objects are merged key by key, except devices: one that is given replaces the other.
void put_on_top(Json& base, const Json& changes) {
    for (const auto& [key, value] : changes.items()) {
        const bool merge =
            value.is_object() && base.contains(key) && base[key].is_object() && !is_device_key(key);
        if (merge) {
            put_on_top(base[key], value);
        } else {
            base[key] = value;
        }
    }
}

PulsedDevice read_device(const Json& j, const std::string& path) {
    Problems problems;
    const Json whole = expanded(j, path, problems);
    PulsedDevice device;
    if (problems.empty()) {
        from_json(whole, device, path, {}, problems);
    }
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
    return device;
}

}  // namespace

void resolve_device_files(Json& j, const std::string& folder) {
    const auto resolve = [&](Json& device) {
        if (device.is_object() && device.contains("file") && device["file"].is_string()) {
            // A full path stays what it is.
            device["file"] =
                (std::filesystem::path(folder) / device["file"].get<std::string>()).string();
        }
    };
    if (!j.is_structured()) {
        return;
    }
    for (auto& [key, value] : j.items()) {
        if (is_device_key(key)) {
            resolve(value);
        } else if (key == "devices" && value.is_array()) {
            std::for_each(value.begin(), value.end(), resolve);
        }
        resolve_device_files(value, folder);
    }
}

Json with_device_presets(const Json& j, const std::string& path, Problems& problems) {
    if (!j.is_object()) {
        return j;
    }
    Json out = Json::object();
    for (const auto& [key, value] : j.items()) {
        const std::string here = join_path(path, key);
        if (is_device_key(key)) {
            out[key] = expanded(value, here, problems);
        } else if (key == "devices" && value.is_array()) {
            Json list = Json::array();
            for (size_t i = 0; i < value.size(); i++) {
                list.push_back(expanded(value[i], here + "[" + std::to_string(i) + "]", problems));
            }
            out[key] = std::move(list);
        } else {
            out[key] = value.is_object() ? with_device_presets(value, here, problems) : value;
        }
    }
    return out;
}

PulsedDevice pulsed_device_preset(const std::string& name, const std::string& path) {
    const std::string text = preset_content(PresetKind::kDevice, name, path);
    return read_device(parse_json(text, "device preset " + name), path);
}

PulsedDevice pulsed_device_from_json(const std::string& text, const std::string& path) {
    return read_device(parse_json(text, path), path);
}

std::string pulsed_device_to_json(const PulsedDevice& device) {
    return to_json(device).dump(2);
}

Json with_learner_preset(const Json& given, const std::string& path, Problems& problems) {
    if (!given.is_object() || !given.contains("preset")) {
        return with_device_presets(given, path, problems);
    }
    const std::string here = join_path(path, "preset");
    std::string name;
    from_json(given["preset"], name, here, {}, problems);
    if (!given["preset"].is_string()) {
        return Json::object();
    }
    if (given.contains("model")) {
        problems.push_back({join_path(path, "model"), "the preset says which learner it is"});
    }
    try {
        Json j = parse_json(preset_content(PresetKind::kTraining, name, here), here);
        Json changes = given;
        changes.erase("preset");
        changes.erase("model");
        put_on_top(j, changes);
        return with_device_presets(j, path, problems);
    } catch (const ConfigError& e) {
        problems.insert(problems.end(), e.problems().begin(), e.problems().end());
        return Json::object();
    }
}

LearnerConfig learner_preset(const std::string& name, const std::string& path) {
    return learner_from_json_with_presets(Json{{"preset", name}}.dump(), path);
}

LearnerConfig learner_from_json_with_presets(const std::string& text, const std::string& path) {
    Problems problems;
    const Json j = with_learner_preset(parse_json(text, path), path, problems);
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
    return learner_from_json(j.dump(), path);
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/presets.h"

#include <algorithm>

#include "mho/util/json.h"

namespace mho {
namespace {

// Presets are called by words; files and embedded names have underscores.
std::string spoken(std::string_view name) {
    std::string text(name);
    std::replace(text.begin(), text.end(), '_', ' ');
    return text;
}

struct PresetFile {
    std::string about;
    std::string source;
    Json hardware;
};

PresetFile read_preset(const EmbeddedPreset& preset) {
    const std::string path = "preset `" + spoken(preset.name) + "`";
    const Json j = parse_json(preset.json, path);
    Problems problems;
    PresetFile file;
    if (!j.is_object()) {
        throw ConfigError(path, "expected an object { ... }, got " + json_kind(j));
    }
    for (const auto& [key, value] : j.items()) {
        if (key == "about") {
            from_json(value, file.about, path + ".about", {}, problems);
        } else if (key == "source") {
            from_json(value, file.source, path + ".source", {}, problems);
        } else if (key == "hardware") {
            file.hardware = value;
        } else {
            problems.push_back({path + "." + key, "unknown key"});
        }
    }
    if (file.about.empty() || file.source.empty() || !file.hardware.is_object()) {
        problems.push_back({path, "needs the keys about, source and hardware"});
    }
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
    return file;
}

}  // namespace

std::vector<PresetInfo> list_presets() {
    std::vector<PresetInfo> list;
    for (const EmbeddedPreset& preset : embedded_presets()) {
        PresetFile file = read_preset(preset);
        list.push_back({spoken(preset.name), std::move(file.about), std::move(file.source)});
    }
    return list;
}

std::string preset_hardware(const std::string& name, const std::string& path) {
    std::vector<std::string> known;
    for (const EmbeddedPreset& preset : embedded_presets()) {
        known.push_back(spoken(preset.name));
        if (known.back() == spoken(name)) {
            return read_preset(preset).hardware.dump();
        }
    }
    throw ConfigError(path, "unknown preset `" + name + "`" + suggestion(name, known));
}

}  // namespace mho

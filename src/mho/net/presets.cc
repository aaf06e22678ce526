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

const char* content_key(PresetKind kind) {
    return kind == PresetKind::kHardware ? "hardware"
           : kind == PresetKind::kDevice ? "device"
           : kind == PresetKind::kCost   ? "cost"
                                         : "learning";
}

struct PresetFile {
    std::string about;
    std::string source;
    Json content;
};

PresetFile read_preset(const EmbeddedPreset& preset) {
    const std::string path =
        std::string(preset_kind_name(preset.kind)) + " preset `" + spoken(preset.name) + "`";
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
        } else if (key == content_key(preset.kind)) {
            file.content = value;
        } else {
            problems.push_back({path + "." + key, "unknown key"});
        }
    }
    if (file.about.empty() || file.source.empty() || !file.content.is_object()) {
        problems.push_back(
            {path, std::string("needs the keys about, source and ") + content_key(preset.kind)});
    }
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
    return file;
}

}  // namespace

std::string_view preset_kind_name(PresetKind kind) {
    return kind == PresetKind::kHardware ? "hardware"
           : kind == PresetKind::kDevice ? "device"
           : kind == PresetKind::kCost   ? "cost"
                                         : "training";
}

std::vector<PresetInfo> list_presets(PresetKind kind) {
    std::vector<PresetInfo> list;
    for (const EmbeddedPreset& preset : embedded_presets()) {
        if (preset.kind == kind) {
            PresetFile file = read_preset(preset);
            list.push_back({spoken(preset.name), std::move(file.about), std::move(file.source)});
        }
    }
    return list;
}

std::string preset_content(PresetKind kind, const std::string& name, const std::string& path) {
    std::vector<std::string> known;
    for (const EmbeddedPreset& preset : embedded_presets()) {
        if (preset.kind != kind) {
            continue;
        }
        known.push_back(spoken(preset.name));
        if (known.back() == spoken(name)) {
            return read_preset(preset).content.dump();
        }
    }
    throw ConfigError(
        path,
        "unknown " +
            (kind == PresetKind::kHardware ? std::string()
                                           : std::string(preset_kind_name(kind)) + " ") +
            "preset `" + name + "`" + suggestion(name, known));
}

std::string preset_hardware(const std::string& name, const std::string& path) {
    return preset_content(PresetKind::kHardware, name, path);
}

}  // namespace mho

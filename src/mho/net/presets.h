// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NET_PRESETS_H
#define MHO_NET_PRESETS_H

#include <string>
#include <string_view>
#include <vector>

namespace mho {

/// A file of presets/, embedded into the library.
struct EmbeddedPreset {
    std::string_view name;
    std::string_view json;
};
const std::vector<EmbeddedPreset>& embedded_presets();

/// A preset file is {"about": ..., "source": ..., "hardware": {...}}.
struct PresetInfo {
    std::string name;
    std::string about;
    std::string source;
};
std::vector<PresetInfo> list_presets();

/// The "hardware" object of a preset as JSON text. Throws ConfigError at `path` for an unknown
/// name, with the nearest one.
std::string preset_hardware(const std::string& name, const std::string& path = "hardware.preset");

}  // namespace mho

#endif  // MHO_NET_PRESETS_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NET_PRESETS_H
#define MHO_NET_PRESETS_H

#include <string>
#include <string_view>
#include <vector>

namespace mho {

/// What a preset describes; names are unique within a kind.
enum class PresetKind {
    kHardware,  // presets/*.json: hardware of inference and of the products of training
    kDevice,    // presets/devices/*.json: a cell that is trained by pulses
    kTraining,  // presets/training/*.json: a learner and its devices
    kCost,      // presets/cost/*.json: component values of energy, latency and area
};
inline constexpr PresetKind kPresetKinds[] = {
    PresetKind::kHardware, PresetKind::kDevice, PresetKind::kTraining, PresetKind::kCost};

/// "hardware", "device", "training", "cost".
std::string_view preset_kind_name(PresetKind kind);

/// A file of presets/, embedded into the library.
struct EmbeddedPreset {
    PresetKind kind;
    std::string_view name;
    std::string_view json;
};
const std::vector<EmbeddedPreset>& embedded_presets();

/// A preset file is {"about": ..., "source": ..., KEY: {...}} with KEY "hardware", "device",
/// "learning" or "cost" by its kind.
struct PresetInfo {
    std::string name;
    std::string about;
    std::string source;
};
std::vector<PresetInfo> list_presets(PresetKind kind = PresetKind::kHardware);

/// The object that a preset describes as JSON text. Throws ConfigError at `path` for an unknown
/// name, with the nearest one.
std::string preset_content(PresetKind kind, const std::string& name, const std::string& path);

/// The "hardware" object of a hardware preset.
std::string preset_hardware(const std::string& name, const std::string& path = "hardware.preset");

}  // namespace mho

#endif  // MHO_NET_PRESETS_H

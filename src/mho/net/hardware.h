// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NET_HARDWARE_H
#define MHO_NET_HARDWARE_H

#include <optional>
#include <string>
#include <vector>

#include "mho/adapt/adapt_config.h"
#include "mho/adapt/programming_config.h"
#include "mho/tile/periphery_config.h"
#include "mho/tile/tile_config.h"

namespace mho {

/// The analog hardware of one layer: its tiles, and how training adapts to them. The defaults are
/// the standard AIMC model of Rasch et al. (arXiv 2302.08469).
struct Hardware : TileConfig {
    InputRangeConfig input_range;
    WeightModifier modifier;
    WeightClip clip;
    WeightRemap remap;
    GradientConfig gradient;
    ProgrammingConfig programming;  // how a chip's cells are brought to their targets
    DigitalPeriphery periphery;     // counters and their correction instead of forward.adc

    void check(const std::string& path, std::vector<Problem>& problems) const;
};

/// What one layer gets: nothing = it stays digital.
using LayerHardware = std::optional<Hardware>;

/// Hardware of a whole network: a base, and overrides for layers whose name matches a glob pattern
/// ("conv*", "*.fc"; later overrides win).
struct HardwareSpec {
    Hardware base;
    struct Override {
        std::string pattern;
        bool digital = false;
        std::string set_json;  // an object merged into the base, "" = none
    };
    std::vector<Override> overrides;

    LayerHardware for_layer(const std::string& layer_name) const;
};

/// Puts `folder` before the relative names of files that the hardware reads (tables of cells, maps
/// of defects).
void resolve_files(HardwareSpec& spec, const std::string& folder);

/// Reads {"preset": NAME, ... parameters ..., "layers": [{"match": PATTERN, "digital": true |
/// "set": {...}}]}. A preset (also inside "set") replaces everything before it; the other keys are
/// merged on top. The last matching entry decides whether a layer is digital. Problems are reported
/// below `path`.
HardwareSpec hardware_from_json(const std::string& text, const std::string& path = "hardware");
std::string hardware_to_json(const HardwareSpec& spec);
std::string hardware_to_json(const Hardware& hardware);
Hardware single_hardware_from_json(const std::string& text, const std::string& path = "hardware");

}  // namespace mho

#endif  // MHO_NET_HARDWARE_H

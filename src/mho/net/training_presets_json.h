// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NET_TRAINING_PRESETS_JSON_H
#define MHO_NET_TRAINING_PRESETS_JSON_H

// Device presets inside other configurations. Internal: it exposes nlohmann/json.

#include <string>

#include "mho/device/pulsed_device_json.h"
#include "mho/util/json.h"

namespace mho {

/// Puts `folder` before relative names of files of devices ("file" where a preset may stand).
void resolve_device_files(Json& j, const std::string& folder);

/// Replaces every {"preset": NAME, parameters ...} or {"file": NAME, ...} (a table of measured
/// steps in CSV, or a JSON file with a device) that stands for a pulsed device (under a key
/// "device", "fast_device", ... or in a list under "devices") by the device's own parameters with
/// the others on top. Problems are reported below `path`.
Json with_device_presets(const Json& j, const std::string& path, Problems& problems);

/// A learner whose {"preset": NAME, parameters ...} is replaced by the preset's own parameters with
/// the others on top, and the presets of its devices likewise: what learner_from_json takes.
Json with_learner_preset(const Json& j, const std::string& path, Problems& problems);

}  // namespace mho

#endif  // MHO_NET_TRAINING_PRESETS_JSON_H

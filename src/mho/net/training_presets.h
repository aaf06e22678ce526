// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NET_TRAINING_PRESETS_H
#define MHO_NET_TRAINING_PRESETS_H

// Presets of training in memory: devices (presets/devices) and learners on devices
// (presets/training).

#include <string>

#include "mho/device/pulsed_device.h"

namespace mho {

/// A device by its name ("reram es"). Throws ConfigError at `path` for an unknown name, with the
/// nearest one.
PulsedDevice pulsed_device_preset(const std::string& name, const std::string& path = "device");

/// A device from JSON: {"model": ..., parameters} or {"preset": NAME, parameters that differ}.
/// Throws ConfigError with all problems, below `path`.
PulsedDevice pulsed_device_from_json(const std::string& text, const std::string& path = "device");
std::string pulsed_device_to_json(const PulsedDevice& device);

}  // namespace mho

#endif  // MHO_NET_TRAINING_PRESETS_H

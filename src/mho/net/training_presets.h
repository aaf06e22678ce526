// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NET_TRAINING_PRESETS_H
#define MHO_NET_TRAINING_PRESETS_H

// Presets of training in memory: devices (presets/devices) and learners on devices
// (presets/training).

#include <string>

#include "mho/device/pulsed_device.h"
#include "mho/train/learner.h"

namespace mho {

/// A device by its name ("reram es"). Throws ConfigError at `path` for an unknown name, with the
/// nearest one.
PulsedDevice pulsed_device_preset(const std::string& name, const std::string& path = "device");

/// A device from JSON: {"model": ..., parameters} or {"preset": NAME, parameters that differ}.
/// Throws ConfigError with all problems, below `path`.
PulsedDevice pulsed_device_from_json(const std::string& text, const std::string& path = "device");
std::string pulsed_device_to_json(const PulsedDevice& device);

/// A learner by its name ("agad capacitor"), with its devices.
LearnerConfig learner_preset(const std::string& name, const std::string& path = "learning");

/// A learner from JSON: {"model": ..., parameters}, or {"preset": NAME, parameters that differ};
/// single parameters of "update" and other objects may be given, too. Its devices may be presets.
/// Throws ConfigError with all problems, below `path`.
LearnerConfig learner_from_json_with_presets(const std::string& text,
                                             const std::string& path = "learning");

}  // namespace mho

#endif  // MHO_NET_TRAINING_PRESETS_H

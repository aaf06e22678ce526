// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_COMPAT_TRANSLATE_H
#define MHO_COMPAT_TRANSLATE_H

// From the configuration objects of the field's standard toolkit (aihwkit 1.2) to ours. Input is
// JSON text of an object: its fields under their own names, enumerations by name, `class` the name
// of the class. Absent fields have that toolkit's defaults. Where its behaviour differs from ours,
// the translation chooses its law (our `compatible` flags), so that results can be compared.
//
// A preset class (PresetIOParameters, StandardIOParameters, ...) is read like its base class: the
// numbers stand in the fields.

#include <string>
#include <string_view>
#include <vector>

#include "mho/net/hardware.h"
#include "mho/train/learner.h"

namespace mho {

/// Something that was not taken over literally.
struct TranslationNote {
    enum class Kind {
        kInterpreted,  // expressed in another way, same result
        kDropped,      // has no counterpart: results may differ from the original's
    };
    Kind kind = Kind::kInterpreted;
    std::string path;     // of the field in the original object
    std::string message;  // what was done with it, and why
};

template <class T>
struct Translated {
    T value;
    std::vector<TranslationNote> notes;
};

/// A noise model with the converter that it carries.
struct NoiseModel {
    ConductanceModel conductance;
    Converter converter;
};

/// All functions throw ConfigError with the full path (below `path`) for malformed JSON, unknown
/// classes and enumerators, wrong types and values that our configuration cannot hold.
Translated<MvmConfig> translate_io(std::string_view json, const std::string& path = "io");
Translated<WeightModifier> translate_modifier(std::string_view json,
                                              const std::string& path = "modifier");
Translated<WeightClip> translate_clip(std::string_view json, const std::string& path = "clip");
Translated<WeightRemap> translate_remap(std::string_view json, const std::string& path = "remap");
Translated<Mapping> translate_mapping(std::string_view json, const std::string& path = "mapping");
Translated<InputRangeConfig> translate_input_range(std::string_view json,
                                                   const std::string& path = "input_range");
Translated<NoiseModel> translate_noise_model(std::string_view json,
                                             const std::string& path = "noise_model");
Translated<Converter> translate_converter(std::string_view json,
                                          const std::string& path = "g_converter");
Translated<DriftCompensationKind> translate_drift_compensation(
    std::string_view json, const std::string& path = "drift_compensation");
/// A whole configuration of inference or hardware-aware training: InferenceRPUConfig,
/// TorchInferenceRPUConfig, or a training configuration, of which the product and the mapping are
/// taken over and the pulsed devices dropped.
Translated<Hardware> translate_rpu_config(std::string_view json,
                                          const std::string& path = "rpu_config");

/// A device that is trained by pulses (ConstantStepDevice, ReRamESPresetDevice, ...).
Translated<PulsedDevice> translate_pulsed_device(std::string_view json,
                                                 const std::string& path = "device");
/// UpdateParameters.
Translated<PulseUpdate> translate_update(std::string_view json, const std::string& path = "update");
/// Device and update of a configuration that trains in memory: SingleRPUConfig, UnitCellRPUConfig,
/// DigitalRankUpdateRPUConfig. Its products and mapping: translate_rpu_config.
Translated<LearnerConfig> translate_learner(std::string_view json,
                                            const std::string& path = "rpu_config");

/// Steps over the full range of a converter, from a resolution r: r <= 0 none (0), r > 1 the number
/// itself, else 1 / r, chosen such that float(1 / steps) == float(r) bit for bit.
double steps_of_resolution(double resolution);

}  // namespace mho

#endif  // MHO_COMPAT_TRANSLATE_H

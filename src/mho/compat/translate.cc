// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/compat/translate.h"

#include "mho/compat/translate_internal.h"

namespace mho {
namespace {

template <class F>
auto run(std::string_view text, const std::string& path, F read) {
    const Json json = parse_json(text, path);
    const JsonNode node(json, path);
    TranslationNotes notes;
    auto value = read(node, notes);
    return Translated<decltype(value)>{std::move(value), std::move(notes)};
}

}  // namespace

Translated<MvmConfig> translate_io(std::string_view json, const std::string& path) {
    return run(
        json, path, [](const JsonNode& n, TranslationNotes& notes) { return read_io(n, notes); });
}

Translated<WeightModifier> translate_modifier(std::string_view json, const std::string& path) {
    return run(json, path, [](const JsonNode& n, TranslationNotes& notes) {
        return read_modifier(n, notes, false);
    });
}

Translated<WeightClip> translate_clip(std::string_view json, const std::string& path) {
    return run(json, path, read_clip);
}

Translated<WeightRemap> translate_remap(std::string_view json, const std::string& path) {
    return run(json, path, read_remap);
}

Translated<Mapping> translate_mapping(std::string_view json, const std::string& path) {
    return run(json, path, read_mapping);
}

Translated<InputRangeConfig> translate_input_range(std::string_view json, const std::string& path) {
    return run(json, path, read_input_range);
}

Translated<NoiseModel> translate_noise_model(std::string_view json, const std::string& path) {
    return run(json, path, read_noise_model);
}

Translated<Converter> translate_converter(std::string_view json, const std::string& path) {
    return run(json, path, read_converter);
}

Translated<DriftCompensationKind> translate_drift_compensation(std::string_view json,
                                                               const std::string& path) {
    return run(json, path, read_drift_compensation);
}

Translated<Hardware> translate_rpu_config(std::string_view json, const std::string& path) {
    return run(json, path, read_rpu_config);
}

Translated<PulsedDevice> translate_pulsed_device(std::string_view json, const std::string& path) {
    return run(json, path, read_pulsed_device);
}

Translated<PulseUpdate> translate_update(std::string_view json, const std::string& path) {
    return run(json, path, read_update);
}

Translated<LearnerConfig> translate_learner(std::string_view json, const std::string& path) {
    return run(json, path, read_learner);
}

}  // namespace mho

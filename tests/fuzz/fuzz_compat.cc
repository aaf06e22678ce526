// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <vector>

#include "fuzz.h"
#include "mho/compat/translate.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mho;
    return fuzz::parse(data, size, [](std::string_view input) {
        const std::vector<std::function<void(std::string_view)>> translations = {
            [](std::string_view j) { hardware_to_json(translate_rpu_config(j).value); },
            [](std::string_view j) { require_valid(translate_learner(j).value, "fuzz"); },
            [](std::string_view j) { translate_io(j); },
            [](std::string_view j) { translate_modifier(j); },
            [](std::string_view j) { translate_clip(j); },
            [](std::string_view j) { translate_remap(j); },
            [](std::string_view j) { translate_mapping(j); },
            [](std::string_view j) { translate_input_range(j); },
            [](std::string_view j) { translate_noise_model(j); },
            [](std::string_view j) { translate_converter(j); },
            [](std::string_view j) { translate_drift_compensation(j); },
            [](std::string_view j) { translate_pulsed_device(j); },
            [](std::string_view j) { translate_update(j); },
        };
        for (const auto& translate : translations) {
            try {
                translate(input);
            } catch (const Error&) {
            }
        }
    });
}

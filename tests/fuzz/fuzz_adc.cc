// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"
#include "mho/convert/adc_json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mho;
    return fuzz::parse(data, size, [](std::string_view input) {
        const std::string text = adc_to_json(adc_from_json(std::string(input), "fuzz"));
        fuzz::require(adc_to_json(adc_from_json(text, "fuzz")) == text);
    });
}

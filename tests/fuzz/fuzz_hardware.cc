// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"
#include "mho/net/hardware.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mho;
    return fuzz::parse(data, size, [](std::string_view input) {
        const HardwareSpec spec = hardware_from_json(std::string(input));
        const std::string text = hardware_to_json(spec);
        fuzz::require(hardware_to_json(hardware_from_json(text)) == text);
    });
}

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"
#include "mho/io/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mho;
    return fuzz::parse(data, size, [](std::string_view input) {
        const SafeTensors content = parse_safetensors(input, "fuzz");
        const std::string bytes = format_safetensors(content);
        fuzz::require(format_safetensors(parse_safetensors(bytes, "fuzz")) == bytes);
    });
}

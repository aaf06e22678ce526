// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"
#include "mho/io/decompress.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mho;
    return fuzz::parse(
        data, size, [](std::string_view input) { decompress(input, "fuzz", 1 << 20); });
}

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"
#include "mho/io/idx.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mho;
    return fuzz::parse(data, size, [](std::string_view input) {
        const IdxArray array = parse_idx(input, "fuzz");
        size_t count = 1;
        for (const size_t extent : array.shape) {
            count *= extent;
        }
        fuzz::require(count == array.values.size() && count <= input.size());
    });
}

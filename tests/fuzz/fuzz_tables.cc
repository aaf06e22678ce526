// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"
#include "mho/io/arff.h"
#include "mho/io/libsvm.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mho;
    return fuzz::parse(data, size, [](std::string_view input) {
        // Both formats of labelled tables take the same text.
        try {
            parse_arff(input, "fuzz");
        } catch (const Error&) {
        }
        parse_libsvm(input, "fuzz");
    });
}

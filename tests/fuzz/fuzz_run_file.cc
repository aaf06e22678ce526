// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"
#include "mho/analysis/run_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mho;
    return fuzz::parse(data, size, [](std::string_view input) {
        const RunFile run = parse_run_file(std::string(input), "fuzz");
        // Written out and read again it is the same run.
        const std::string text = run_file_to_json(run);
        fuzz::require(run_file_to_json(parse_run_file(text, "fuzz")) == text);
    });
}

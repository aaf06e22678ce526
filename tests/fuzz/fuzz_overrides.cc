// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "fuzz.h"
#include "mho/analysis/run_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mho;
    return fuzz::parse(data, size, [](std::string_view input) {
        // One override a line, as after --set.
        std::vector<std::string> overrides;
        size_t from = 0;
        while (from <= input.size() && overrides.size() < 20) {
            const size_t end = std::min(input.find('\n', from), input.size());
            overrides.emplace_back(input.substr(from, end - from));
            from = end + 1;
        }
        const RunFile run = parse_run_file(R"({"network": {"model": "mlp"}})", "fuzz", overrides);
        const std::string text = run_file_to_json(run);
        fuzz::require(run_file_to_json(parse_run_file(text, "fuzz")) == text);
    });
}

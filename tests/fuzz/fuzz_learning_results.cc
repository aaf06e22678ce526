// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"
#include "mho/cli/learning_results.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mho;
    return fuzz::parse(data, size, [](std::string_view input) {
        static const RunFile run = parse_run_file(
            R"({"learning": {"rules": [{"learner": {"model": "tiki-taka"}}, {"name": "other"}]}})",
            "run");
        std::vector<LearningRow> rows = learning_rows(run);
        read_learning_results(std::string(input), "fuzz", rows);
        const std::string text = learning_results_to_json(rows);
        std::vector<LearningRow> again = learning_rows(run);
        read_learning_results(text, "fuzz", again);
        fuzz::require(learning_results_to_json(again) == text);
        learning_table(run, rows, 100).text();
        learning_page(run, rows, 100);
    });
}

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"
#include "mho/cli/study_page.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mho;
    return fuzz::parse(data, size, [](std::string_view input) {
        const StudyRecord record = study_from_json(std::string(input), "fuzz");
        const std::string text = study_to_json(record);
        fuzz::require(study_to_json(study_from_json(text, "fuzz")) == text);
        study_rows_table(record).text();
        study_markdown(record);
        studies_html({record});
    });
}

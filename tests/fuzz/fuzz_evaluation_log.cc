// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "files.h"
#include "fuzz.h"
#include "mho/analysis/evaluation_log.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mho;
    return fuzz::parse(data, size, [](std::string_view input) {
        // A torn or damaged log is read as far as it holds, and continued.
        fuzz::folder().put("evaluation.jsonl", input);
        {
            EvaluationLog log(fuzz::folder().path(), 7, true);
            log.find("hwa/0/1 s");
            log.add("fuzz", 12);
        }
        fuzz::require(EvaluationLog(fuzz::folder().path(), 7, true).find("fuzz") == size_t{12});
    });
}

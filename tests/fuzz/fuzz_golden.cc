// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "files.h"
#include "fuzz.h"
#include "mho/analysis/verify.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mho;
    return fuzz::parse(data, size, [](std::string_view input) {
        fuzz::folder().put("records.json", input);
        VerifyOptions options;
        options.folder = fuzz::folder().path();
        options.threads = 1;
        verify_json(verify_folder(options));
    });
}

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"
#include "mho/io/delimited.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mho;
    return fuzz::parse(data, size, [](std::string_view input) {
        for (const char separator : {',', ';', '\t', ' '}) {
            for (const bool header : {false, true}) {
                for (const bool label_first : {false, true}) {
                    try {
                        const LabelledTable table =
                            parse_delimited(input, "fuzz", {separator, header, label_first});
                        fuzz::require(table.labels.size() == table.features.rows);
                        fuzz::require(table.feature_names.empty() ||
                                      table.feature_names.size() == table.features.cols);
                    } catch (const Error&) {
                    }
                }
            }
        }
    });
}

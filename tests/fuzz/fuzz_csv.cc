// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"
#include "mho/io/csv.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mho;
    return fuzz::parse(data, size, [](std::string_view input) {
        CsvFormat format;
        format.has_header = !input.empty() && input[0] == 104;
        const CsvTable table = parse_csv(input, "fuzz", format);
        fuzz::require(parse_csv(format_csv(table), "fuzz", format) == table);
    });
}

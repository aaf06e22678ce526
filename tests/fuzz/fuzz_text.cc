// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"
#include "mho/analysis/text_data.h"
#include "mho/io/text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mho;
    return fuzz::parse(data, size, [](std::string_view input) {
        const CharText text = make_char_text(std::string(input));
        fuzz::require(decode_text(text.symbols, text.alphabet) == text.text);
        fuzz::require(encode_text(text.text, text.alphabet) == text.symbols);
        const LabelledImages windows = text_windows(std::string(input), 4, true);
        fuzz::require(windows.pixels.size() == windows.count * 4);
    });
}

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/io/text.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "mho/io/file.h"
#include "mho/io/scan.h"
#include "mho/util/error.h"

namespace mho {

std::string read_text(const std::string& path) {
    return read_maybe_compressed(path, kMaxTextBytes);
}

CharText make_char_text(std::string text) {
    std::array<bool, 256> seen{};
    for (const char c : text) {
        seen[static_cast<uint8_t>(c)] = true;
    }
    CharText result;
    for (size_t byte = 0; byte < seen.size(); byte++) {
        if (seen[byte]) {
            result.alphabet += static_cast<char>(byte);
        }
    }
    result.symbols = encode_text(text, result.alphabet);
    result.text = std::move(text);
    return result;
}

CharText read_char_text(const std::string& path) {
    std::string text = read_text(path);
    if (text.empty()) {
        throw IoError(fmt::format("`{}` is empty; a text was expected", path));
    }
    return make_char_text(std::move(text));
}

std::vector<uint8_t> encode_text(std::string_view text, std::string_view alphabet) {
    if (alphabet.size() > 256) {
        throw InputError(fmt::format("an alphabet of {} bytes; at most 256", alphabet.size()));
    }
    std::array<int, 256> symbol_of;
    symbol_of.fill(-1);
    for (size_t i = 0; i < alphabet.size(); i++) {
        symbol_of[static_cast<uint8_t>(alphabet[i])] = static_cast<int>(i);
    }
    std::vector<uint8_t> symbols;
    symbols.reserve(text.size());
    for (size_t i = 0; i < text.size(); i++) {
        const uint8_t byte = static_cast<uint8_t>(text[i]);
        if (symbol_of[byte] < 0) {
            throw InputError(
                fmt::format("byte {:#04x} at position {} is not in the alphabet", byte, i));
        }
        symbols.push_back(static_cast<uint8_t>(symbol_of[byte]));
    }
    return symbols;
}

std::string decode_text(std::span<const uint8_t> symbols, std::string_view alphabet) {
    std::string text;
    text.reserve(symbols.size());
    for (const uint8_t symbol : symbols) {
        if (symbol >= alphabet.size()) {
            throw InputError(
                fmt::format("symbol {} of an alphabet of {}", symbol, alphabet.size()));
        }
        text += alphabet[symbol];
    }
    return text;
}

}  // namespace mho

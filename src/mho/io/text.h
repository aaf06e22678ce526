// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_IO_TEXT_H
#define MHO_IO_TEXT_H

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mho {

/// The bytes of a text file, decompressed if need be; line ends stay as they are. Throws IoError.
std::string read_text(const std::string& path);

/// A text as a sequence of symbols, for character-level language models. A symbol is a byte, so
/// letters beyond ASCII are several symbols in UTF-8.
struct CharText {
    std::string text;
    std::vector<uint8_t> symbols;  // text[i] == alphabet[symbols[i]]
    std::string alphabet;          // the distinct bytes in ascending order, at most 256
};

CharText make_char_text(std::string text);

/// make_char_text() of a file. Throws IoError, also when the file is empty.
CharText read_char_text(const std::string& path);

/// The symbols of `text` in a given alphabet, for example that of the training text. Throws
/// InputError naming the first byte that is not in it.
std::vector<uint8_t> encode_text(std::string_view text, std::string_view alphabet);

/// The inverse. Throws InputError for a symbol beyond the alphabet.
std::string decode_text(std::span<const uint8_t> symbols, std::string_view alphabet);

}  // namespace mho

#endif  // MHO_IO_TEXT_H

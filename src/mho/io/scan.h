// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_IO_SCAN_H
#define MHO_IO_SCAN_H

// Internal to io/: the pieces that the text formats share.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mho {

/// Text that becomes numbers can grow tens of times in memory, hence a lower limit than for binary
/// files: a small compressed file may stand for the whole of it.
inline constexpr uint64_t kMaxTextBytes = uint64_t{256} << 20;

/// Goes through a text line by line: strips the line end (LF or CRLF) and a byte-order mark, and
/// needs no newline after the last line.
class LineScanner {
  public:
    explicit LineScanner(std::string_view text);
    /// The next line, or false at the end.
    bool next(std::string_view& line);
    /// The number of the line last given, from 1.
    size_t number() const { return number_; }

  private:
    std::string_view rest_;
    size_t number_ = 0;
};

/// Without blanks and tabs at both ends.
std::string_view trim(std::string_view text);

/// The parts between separators, trimmed; an empty text has one empty part.
std::vector<std::string_view> split(std::string_view text, char separator);

/// The parts between runs of blanks and tabs; none for an empty text.
std::vector<std::string_view> split_blanks(std::string_view text);

/// A whole decimal number such as "1", "+2.5e-3", "nan", "-inf": nothing may precede or follow it.
/// Nothing as well when it is beyond the range of double.
std::optional<double> parse_number(std::string_view text);

/// A whole number from 0 without sign.
std::optional<uint64_t> parse_index(std::string_view text);

/// The shortest text that parse_number() turns into the same double.
std::string number_text(double value);

/// A piece of foreign text for a message: cut to 40 bytes, unprintable ones replaced.
std::string excerpt(std::string_view text);

}  // namespace mho

#endif  // MHO_IO_SCAN_H

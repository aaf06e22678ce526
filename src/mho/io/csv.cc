// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/io/csv.h"

#include <fmt/format.h>

#include <optional>

#include "mho/io/file.h"
#include "mho/io/scan.h"
#include "mho/util/error.h"

namespace mho {
namespace {

void check_separator(char separator) {
    constexpr std::string_view kNumberCharacters = "0123456789+-.\r\n\"";
    const bool letter =
        (separator >= 'a' && separator <= 'z') || (separator >= 'A' && separator <= 'Z');
    if (letter || separator == '\0' ||
        kNumberCharacters.find(separator) != std::string_view::npos) {
        throw InputError(
            fmt::format("the separator {:#04x} can be part of a number or line end; use a comma, "
                        "semicolon or tab",
                        static_cast<unsigned char>(separator)));
    }
}

std::vector<std::string_view> fields_of(std::string_view line, char separator) {
    // With blanks as separator several in a row are one, as such files are aligned by eye.
    return separator == ' ' ? split_blanks(line) : split(line, separator);
}

}  // namespace

CsvTable parse_csv(std::string_view text, const std::string& origin, const CsvFormat& format) {
    check_separator(format.separator);
    CsvTable table;
    LineScanner lines(text);
    std::string_view line;
    std::optional<size_t> columns;
    bool header_pending = format.has_header;
    while (lines.next(line)) {
        if (trim(line).empty()) {
            continue;
        }
        const std::vector<std::string_view> fields = fields_of(line, format.separator);
        if (columns && fields.size() != *columns) {
            throw IoError(fmt::format("`{}`, line {}: {} columns, but the lines before have {}",
                                      origin,
                                      lines.number(),
                                      fields.size(),
                                      *columns));
        }
        columns = fields.size();
        if (header_pending) {
            header_pending = false;
            table.header.assign(fields.begin(), fields.end());
            continue;
        }
        std::vector<double>& row = table.rows.emplace_back();
        row.reserve(fields.size());
        for (const std::string_view field : fields) {
            const std::optional<double> number = parse_number(field);
            if (!number) {
                throw IoError(fmt::format("`{}`, line {}, column {}: `{}` is not a number{}",
                                          origin,
                                          lines.number(),
                                          row.size() + 1,
                                          excerpt(field),
                                          table.rows.size() == 1 && !format.has_header
                                              ? " (is this a header line?)"
                                              : ""));
            }
            row.push_back(*number);
        }
    }
    if (header_pending) {
        throw IoError(fmt::format("`{}` is empty; a header line was expected", origin));
    }
    return table;
}

CsvTable read_csv(const std::string& path, const CsvFormat& format) {
    return parse_csv(read_maybe_compressed(path, kMaxTextBytes), path, format);
}

std::string format_csv(const CsvTable& table, char separator) {
    check_separator(separator);
    const size_t columns =
        !table.header.empty() || table.rows.empty() ? table.header.size() : table.rows[0].size();
    std::string text;
    for (size_t c = 0; c < table.header.size(); c++) {
        const std::string& name = table.header[c];
        if (name.find_first_of(std::string("\r\n") + separator) != std::string::npos ||
            trim(name) != name || name.empty()) {
            throw InputError(fmt::format(
                "`{}` cannot name a column: it must not be empty, contain the separator "
                "or a newline, or begin or end with a blank",
                excerpt(name)));
        }
        text += c ? std::string(1, separator) : std::string();
        text += name;
    }
    text += table.header.empty() ? "" : "\n";
    for (size_t r = 0; r < table.rows.size(); r++) {
        const std::vector<double>& row = table.rows[r];
        if (row.size() != columns || row.empty()) {
            throw InputError(fmt::format(
                "row {} has {} columns, {} expected", r, row.size(), row.empty() ? 1 : columns));
        }
        for (size_t c = 0; c < columns; c++) {
            text += c ? std::string(1, separator) : std::string();
            text += number_text(row[c]);
        }
        text += '\n';
    }
    return text;
}

void write_csv(const std::string& path, const CsvTable& table, char separator) {
    write_file_atomically(path, format_csv(table, separator));
}

}  // namespace mho

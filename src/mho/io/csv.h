// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_IO_CSV_H
#define MHO_IO_CSV_H

#include <string>
#include <string_view>
#include <vector>

namespace mho {

/// A matrix of numbers as text: one row a line. For files whose columns hold other things than
/// numbers see io/delimited.h.
struct CsvTable {
    std::vector<std::string> header;        // empty, or one name a column
    std::vector<std::vector<double>> rows;  // all of one length
    bool operator==(const CsvTable&) const = default;
};

struct CsvFormat {
    char separator = ',';
    bool has_header = false;  // the first line names the columns
};

/// Reads a numeric table. Blanks around fields, blank lines, CRLF, a byte-order mark and a missing
/// last newline are accepted; quotes are not. `nan` and `inf` are numbers: the caller decides.
/// Throws IoError naming `origin`, line and column (both from 1) for a field that is no number and
/// for rows of different lengths, InputError for a separator that can be part of a number.
CsvTable parse_csv(std::string_view text, const std::string& origin, const CsvFormat& format = {});

/// The same from a file, decompressed if need be.
CsvTable read_csv(const std::string& path, const CsvFormat& format = {});

/// Every number in the shortest form that reads back as the same double. A header line is written
/// when `table.header` is not empty. Throws InputError for rows of different lengths, a header of
/// another length, and names that contain the separator or a newline.
std::string format_csv(const CsvTable& table, char separator = ',');

/// format_csv() into a file, atomically.
void write_csv(const std::string& path, const CsvTable& table, char separator = ',');

}  // namespace mho

#endif  // MHO_IO_CSV_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_IO_DELIMITED_H
#define MHO_IO_DELIMITED_H

#include <string>
#include <string_view>

#include "mho/io/table.h"

namespace mho {

struct DelimitedFormat {
    char separator = ',';
    bool has_header = true;    // the first line names the columns
    bool label_first = false;  // the label is the first column, otherwise the last
};

/// Reads delimited text of which one column is a label (any text) and the others are finite
/// numbers; no quotes. Throws IoError naming `origin`, line and column.
LabelledTable parse_delimited(std::string_view text,
                              const std::string& origin,
                              const DelimitedFormat& format = {});

/// The same from a file, decompressed if need be.
LabelledTable read_delimited(const std::string& path, const DelimitedFormat& format = {});

}  // namespace mho

#endif  // MHO_IO_DELIMITED_H

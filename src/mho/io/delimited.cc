// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/io/delimited.h"

#include <utility>
#include <vector>

#include "mho/io/file.h"
#include "mho/io/scan.h"
#include "mho/io/table_builder.h"

namespace mho {

LabelledTable parse_delimited(std::string_view text,
                              const std::string& origin,
                              const DelimitedFormat& format) {
    TableBuilder builder(origin);
    std::vector<std::string> names;
    LineScanner lines(text);
    std::string_view line;
    bool header_pending = format.has_header;
    while (lines.next(line)) {
        if (trim(line).empty()) {
            continue;
        }
        std::vector<std::string_view> fields =
            format.separator == ' ' ? split_blanks(line) : split(line, format.separator);
        const size_t label_column = format.label_first ? 0 : fields.size() - 1;
        if (header_pending) {
            header_pending = false;
            fields.erase(fields.begin() + static_cast<std::ptrdiff_t>(label_column));
            names.assign(fields.begin(), fields.end());
            continue;
        }
        builder.add_row(fields, label_column, lines.number());
    }
    LabelledTable table = builder.finish({});
    // A header of another length names something else than these columns.
    if (names.size() == table.features.cols) {
        table.feature_names = std::move(names);
    }
    return table;
}

LabelledTable read_delimited(const std::string& path, const DelimitedFormat& format) {
    return parse_delimited(read_maybe_compressed(path, kMaxTextBytes), path, format);
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/io/table_builder.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <utility>

#include "mho/io/scan.h"
#include "mho/util/error.h"

namespace mho {

void TableBuilder::add_row(std::span<const std::string_view> fields,
                           size_t label_column,
                           size_t line) {
    Matrix<double>& features = table_.features;
    if (fields.size() < 2) {
        throw IoError(fmt::format(
            "`{}`, line {}: {} columns; a label and at least one number expected (is the separator "
            "right?)",
            origin_,
            line,
            fields.size()));
    }
    if (features.rows == 0) {
        features.cols = fields.size() - 1;
    }
    if (fields.size() != features.cols + 1) {
        throw IoError(fmt::format("`{}`, line {}: {} columns, but the lines before have {}",
                                  origin_,
                                  line,
                                  fields.size(),
                                  features.cols + 1));
    }
    for (size_t c = 0; c < fields.size(); c++) {
        if (c == label_column) {
            continue;
        }
        const std::optional<double> number = parse_number(fields[c]);
        if (!number || !std::isfinite(*number)) {
            throw IoError(fmt::format("`{}`, line {}, column {}: `{}` is not a finite number",
                                      origin_,
                                      line,
                                      c + 1,
                                      excerpt(fields[c])));
        }
        features.values.push_back(*number);
    }
    table_.labels.emplace_back(fields[label_column]);
    features.rows++;
}

LabelledTable TableBuilder::finish(std::vector<std::string> feature_names) {
    if (table_.features.rows == 0) {
        throw IoError(fmt::format("`{}` holds no examples", origin_));
    }
    table_.feature_names = std::move(feature_names);
    return std::move(table_);
}

}  // namespace mho

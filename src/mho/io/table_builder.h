// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_IO_TABLE_BUILDER_H
#define MHO_IO_TABLE_BUILDER_H

// Internal to io/: what the readers of labelled tables share.

#include <span>
#include <string>
#include <string_view>

#include "mho/io/table.h"

namespace mho {

/// Collects rows of text fields into a LabelledTable; messages name file, line and column.
class TableBuilder {
  public:
    explicit TableBuilder(const std::string& origin) : origin_(origin) {}

    /// One example: all `fields` but the one at `label_column` become numbers. Throws IoError.
    void add_row(std::span<const std::string_view> fields, size_t label_column, size_t line);
    /// Throws IoError if no row was added.
    LabelledTable finish(std::vector<std::string> feature_names);

  private:
    const std::string& origin_;
    LabelledTable table_;
};

}  // namespace mho

#endif  // MHO_IO_TABLE_BUILDER_H

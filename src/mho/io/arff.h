// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_IO_ARFF_H
#define MHO_IO_ARFF_H

#include <string>
#include <string_view>

#include "mho/io/table.h"

namespace mho {

/// Reads a dense ARFF table (the format of Weka) whose last attribute is the label and whose other
/// attributes are numeric (NUMERIC, REAL or INTEGER). A nominal label must be one of the declared
/// values. Sparse rows, missing values (`?`), dates and relational attributes are refused.
/// Throws IoError naming `origin` and line.
LabelledTable parse_arff(std::string_view text, const std::string& origin);

/// The same from a file, decompressed if need be.
LabelledTable read_arff(const std::string& path);

}  // namespace mho

#endif  // MHO_IO_ARFF_H

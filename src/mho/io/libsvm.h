// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_IO_LIBSVM_H
#define MHO_IO_LIBSVM_H

#include <cstddef>
#include <string>
#include <string_view>

#include "mho/io/table.h"

namespace mho {

/// Reads libsvm text, `label index:value index:value ...` a line, indices from 1 and ascending,
/// into a dense table; absent entries are 0, `#` begins a comment. Labels are numbers and are
/// written in their shortest form ("-1.0" becomes "-1"), because train and test files of one set
/// often differ there. `features`: the number of columns; 0 takes the largest index of the file (a
/// test file may lack the last features of its training file). Throws IoError naming `origin` and
/// line, also when the dense table would have more than 2^27 numbers (1 GiB).
LabelledTable parse_libsvm(std::string_view text, const std::string& origin, size_t features = 0);

/// The same from a file, decompressed if need be.
LabelledTable read_libsvm(const std::string& path, size_t features = 0);

}  // namespace mho

#endif  // MHO_IO_LIBSVM_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_UTIL_SHAPE_TEXT_H
#define MHO_UTIL_SHAPE_TEXT_H

#include <cstddef>
#include <string>

namespace mho {

/// The shape of a matrix in an error: "[rows, cols]".
inline std::string shape_text(size_t rows, size_t cols) {
    return "[" + std::to_string(rows) + ", " + std::to_string(cols) + "]";
}

}  // namespace mho

#endif  // MHO_UTIL_SHAPE_TEXT_H

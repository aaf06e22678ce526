// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TILE_TEST_SUPPORT_H
#define MHO_TILE_TEST_SUPPORT_H

// Comparison of results for the tests of tile/.

#include <cstring>

#include "mho/util/matrix.h"

namespace mho {

/// Equal to the sign of zero; shapes count by their number of elements.
inline bool same_bits(const Matrix<float>& a, const Matrix<float>& b) {
    return a.values.size() == b.values.size() &&
           std::memcmp(a.values.data(), b.values.data(), a.values.size() * sizeof(float)) == 0;
}

}  // namespace mho

#endif  // MHO_TILE_TEST_SUPPORT_H

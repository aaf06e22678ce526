// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_UTIL_PREFETCH_H
#define MHO_UTIL_PREFETCH_H

#include <cstddef>

namespace mho {

/// Asks for the cache lines of a row that is read soon, so that they come while something else is
/// computed. A hint: nothing is read, and no result depends on it.
inline void prefetch_row(const float* x, size_t n) {
    constexpr size_t kFloatsPerLine = 16;
    for (size_t i = 0; i < n; i += kFloatsPerLine) {
        __builtin_prefetch(x + i);
    }
}

}  // namespace mho

#endif  // MHO_UTIL_PREFETCH_H

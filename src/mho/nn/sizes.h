// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NN_SIZES_H
#define MHO_NN_SIZES_H

// Sizes are signed in torch and unsigned elsewhere.

#include <cstddef>
#include <cstdint>

namespace mho {

inline int64_t signed_size(size_t n) {
    return static_cast<int64_t>(n);
}
inline size_t size_of(int64_t n) {
    return static_cast<size_t>(n);
}

}  // namespace mho

#endif  // MHO_NN_SIZES_H

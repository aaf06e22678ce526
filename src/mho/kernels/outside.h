// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_KERNELS_OUTSIDE_H
#define MHO_KERNELS_OUTSIDE_H

#include <cstddef>
#include <cstdint>

namespace mho {

/// Writes the indices i of the elements of x that are not inside a range, !(|x[i]| < range), in
/// ascending order; returns how many there are. `found` has room for n indices. Few are expected.
size_t find_outside(const float* x, size_t n, float range, uint32_t* found);

namespace twin {
size_t find_outside(const float* x, size_t n, float range, uint32_t* found);
}  // namespace twin

}  // namespace mho

#endif  // MHO_KERNELS_OUTSIDE_H

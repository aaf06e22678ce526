// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_FEATURES_HADAMARD_H
#define MHO_FEATURES_HADAMARD_H

#include <cstddef>
#include <span>

#include "mho/util/matrix.h"

namespace mho {

/// The smallest power of two that is at least n; InputError for 0 and above 2^30.
size_t next_power_of_two(size_t n);

/// values <- H values with the normalised Hadamard matrix H (H H^T = 1) in Sylvester's order, in
/// n log n additions. Throws InputError when the length is not a power of two.
void fast_hadamard(std::span<float> values);

/// The matrix itself: H(i, j) = (-1)^(number of common bits of i and j) / sqrt(n).
Matrix<double> reference_hadamard(size_t n);

}  // namespace mho

#endif  // MHO_FEATURES_HADAMARD_H

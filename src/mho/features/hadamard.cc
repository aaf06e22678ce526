// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/features/hadamard.h"

#include <bit>
#include <cmath>
#include <string>

#include "mho/util/error.h"
#include "mho/util/finite.h"

namespace mho {

size_t next_power_of_two(size_t n) {
    if (n == 0 || n > (size_t{1} << 30)) {
        throw InputError("a Hadamard transform needs 1 to 2^30 numbers, got " + std::to_string(n));
    }
    return std::bit_ceil(n);
}

void fast_hadamard(std::span<float> values) {
    const size_t n = values.size();
    if (next_power_of_two(n) != n) {
        throw InputError("a Hadamard transform needs a power of two numbers, got " +
                         std::to_string(n));
    }
    require_all_finite(values, "numbers of a Hadamard transform");
    // H_2n = [H_n H_n; H_n -H_n]: a butterfly per pair and level.
    for (size_t half = 1; half < n; half *= 2) {
        for (size_t start = 0; start < n; start += 2 * half) {
            for (size_t i = start; i < start + half; i++) {
                const float a = values[i];
                const float b = values[i + half];
                values[i] = a + b;
                values[i + half] = a - b;
            }
        }
    }
    const float norm = 1.0f / std::sqrt(static_cast<float>(n));
    for (float& v : values) {
        v *= norm;
    }
}

Matrix<double> reference_hadamard(size_t n) {
    if (next_power_of_two(n) != n) {
        throw InputError("a Hadamard matrix here has a power of two rows, got " +
                         std::to_string(n));
    }
    Matrix<double> h(n, n);
    const double one = 1 / std::sqrt(static_cast<double>(n));
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            h(i, j) = std::popcount(i & j) % 2 == 0 ? one : -one;
        }
    }
    return h;
}

}  // namespace mho

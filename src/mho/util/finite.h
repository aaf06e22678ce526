// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_UTIL_FINITE_H
#define MHO_UTIL_FINITE_H

// Refusals of numbers that are not finite, for functions that are not called in inner loops. For
// matrices of floats see util/matrix.h.

#include <cmath>
#include <span>
#include <string>

#include "mho/util/error.h"

namespace mho {

/// Throws InputError, naming `what`, unless the number is finite.
inline void require_finite_number(double value, const char* what) {
    if (!std::isfinite(value)) {
        throw InputError(std::string(what) + " must be finite, got " + std::to_string(value));
    }
}

/// Throws InputError, naming `what`, unless the number is finite and at least (or above) 0.
inline void require_not_negative(double value, const char* what) {
    if (!(std::isfinite(value) && value >= 0)) {
        throw InputError(std::string(what) + " must be finite and at least 0, got " +
                         std::to_string(value));
    }
}
inline void require_positive(double value, const char* what) {
    if (!(std::isfinite(value) && value > 0)) {
        throw InputError(std::string(what) + " must be finite and above 0, got " +
                         std::to_string(value));
    }
}

namespace finite_detail {
template <class T>
void require_all(std::span<const T> values, const char* what) {
    for (size_t i = 0; i < values.size(); i++) {
        if (!std::isfinite(values[i])) {
            throw InputError(std::string(what) + "[" + std::to_string(i) +
                             "] must be finite, got " + std::to_string(values[i]));
        }
    }
}
}  // namespace finite_detail

/// Throws InputError, naming `what` and the place, unless every number is finite.
inline void require_all_finite(std::span<const double> values, const char* what) {
    finite_detail::require_all(values, what);
}
inline void require_all_finite(std::span<const float> values, const char* what) {
    finite_detail::require_all(values, what);
}

}  // namespace mho

#endif  // MHO_UTIL_FINITE_H

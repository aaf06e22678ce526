// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/util/matrix.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <string>

#include "mho/util/error.h"

namespace mho {

void require_finite(ConstFloatView m, const char* what) {
    for (size_t r = 0; r < m.rows; r++) {
        const float* row = m.row(r);
        // A number is non-finite exactly when its exponent bits are all ones. Integer compares
        // vectorise, and no flag of the compiler can optimise them away.
        uint32_t bad = 0;
        for (size_t c = 0; c < m.cols; c++) {
            bad |= (std::bit_cast<uint32_t>(row[c]) & 0x7f800000u) == 0x7f800000u ? 1u : 0u;
        }
        if (bad) {
            size_t c = 0;
            while (std::isfinite(row[c])) {
                c++;
            }
            throw InputError(std::string(what) + ": element [" + std::to_string(r) + "][" +
                             std::to_string(c) + "] is " + std::to_string(row[c]) +
                             "; every number must be finite");
        }
    }
}

}  // namespace mho

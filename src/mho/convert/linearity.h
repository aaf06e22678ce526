// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_CONVERT_LINEARITY_H
#define MHO_CONVERT_LINEARITY_H

#include <cstddef>
#include <vector>

#include "mho/convert/adc_bank.h"

namespace mho {

/// Differential and integral non-linearity of one converter in steps (LSB), by the width of every
/// code (IEEE Std 1241): width W_k, mean width W over the codes between the ends,
///
///     DNL_k = W_k / W - 1,       INL_k = sum of DNL up to code k
///
/// so the straight line runs through the first and the last edge. The outermost codes, which have
/// no width, are left out.
struct Linearity {
    std::vector<double> dnl;  // codes 1 ... n - 2
    std::vector<double> inl;  // edges 1 ... n - 1, the first one 0
    size_t missing_codes = 0;
    double gain_error = 0;  // mean width over the nominal step, minus 1
    double largest_dnl = 0;
    double largest_inl = 0;
};

/// Finds all transitions of the converter of column `column` by a sweep over its range and
/// bisection. Throws InputError for an ideal converter and for more than 12 bits.
Linearity measure_linearity(const AdcBank& bank, size_t column);

/// Standard deviation of the INL at mid-scale of a binary-weighted capacitor array whose unit has
/// the relative mismatch sigma: sigma sqrt(2^bits) / 2, in steps; and of the DNL there: sigma
/// sqrt(2^bits - 1). (Plassche, CMOS Integrated ADCs and DACs, 2003.)
double mid_scale_inl_std(int bits, double sigma);
double mid_scale_dnl_std(int bits, double sigma);

}  // namespace mho

#endif  // MHO_CONVERT_LINEARITY_H

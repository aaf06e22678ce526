// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ADAPT_COLUMN_RANGES_H
#define MHO_ADAPT_COLUMN_RANGES_H

// The conductance range of every column after training, from a few samples
// (Lammie et al., arXiv 2401.09859).

#include <span>
#include <vector>

#include "mho/util/matrix.h"

namespace mho {

/// Multiplies the weights of column j (row j of `tile_weights` `[outputs, inputs]`) by
///   f_j = min(w_max / max |w_j|, adc_bound / expected_j)
/// and divides its digital scale by f_j: a column that would saturate the ADC shrinks, one that
/// leaves conductance and ADC range unused grows, and the exact product stays. `expected` is the
/// largest output that each column is expected to give, in tile units; a column of zeros, or of
/// expected output 0, is bounded by the other rule alone. Returns the factors. Throws InputError
/// for wrong lengths, bounds not above 0 and expectations that are negative or not finite.
std::vector<float> rescale_columns(FloatView tile_weights,
                                   std::span<float> scales,
                                   std::span<const double> expected,
                                   double adc_bound,
                                   double w_max = 1.0);

}  // namespace mho

#endif  // MHO_ADAPT_COLUMN_RANGES_H

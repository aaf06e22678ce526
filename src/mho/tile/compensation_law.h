// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TILE_COMPENSATION_LAW_H
#define MHO_TILE_COMPENSATION_LAW_H

#include <span>
#include <vector>

#include "mho/util/matrix.h"

namespace mho {

/// A drift compensation of the user's own: what is read from a tile, and which digital factors
/// follow from the read-out of the programmed tile and the present one. Both must be pure functions
/// of their arguments; threads may call them at once.
class CompensationLaw {
  public:
    virtual ~CompensationLaw() = default;
    /// Row j of `outputs` [inputs, outputs] is the noisy digital output for unit vector j. The
    /// numbers that come back (any count, finite) are kept as baseline right after programming.
    virtual std::vector<double> read(ConstFloatView outputs) const = 0;
    /// Factors on the outputs, finite: one for all, or one per output.
    virtual std::vector<double> factors(std::span<const double> baseline,
                                        std::span<const double> present) const = 0;
};

}  // namespace mho

#endif  // MHO_TILE_COMPENSATION_LAW_H

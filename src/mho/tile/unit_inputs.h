// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TILE_UNIT_INPUTS_H
#define MHO_TILE_UNIT_INPUTS_H

#include <vector>

#include "mho/util/matrix.h"

namespace mho {

/// Inputs in [-1, 1], and what the results of each row are multiplied by.
struct UnitInputs {
    Matrix<float> v;
    std::vector<float> scale;
};

/// By the input range (1 / range = `range_scale` > 0; results stay in units of it), else every row
/// by its own largest size; a row of zeros has scale 0. Cut to [lowest, 1].
UnitInputs unit_inputs(ConstFloatView x, float range_scale, float lowest = -1.0f);

}  // namespace mho

#endif  // MHO_TILE_UNIT_INPUTS_H

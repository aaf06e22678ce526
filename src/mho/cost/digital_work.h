// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_COST_DIGITAL_WORK_H
#define MHO_COST_DIGITAL_WORK_H

#include "mho/net/graph.h"

namespace mho::cost {

/// Arithmetic of the digital side for one sample. Smooth functions (tanh, sigmoid, gelu, exp) are
/// tables with straight lines between their entries: a product and a sum each.
struct DigitalWork {
    double products = 0;
    double sums = 0;
    double comparisons = 0;

    double operations() const { return products + sums + comparisons; }
};

/// Work of a layer whose matrix, if it has one, is not on tiles (`matrix_on_tiles` = false) or is:
/// then only what surrounds it, such as the gates of a recurrent layer. `inputs`: shapes of the
/// layer's inputs.
DigitalWork digital_work(const Op& op,
                         const std::vector<Shape>& inputs,
                         const Shape& output,
                         bool matrix_on_tiles);

}  // namespace mho::cost

#endif  // MHO_COST_DIGITAL_WORK_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_KERNELS_OUTER_SUM_H
#define MHO_KERNELS_OUTER_SUM_H

// sum[r][c] += sum over samples of d[r][s] x[s][c]: gradients summed digitally. One fused
// multiply-add per sample in the order of samples, so the sum does not depend on how samples are
// cut into calls, on threads or on the width of registers.

#include "mho/util/matrix.h"

namespace mho {

/// `d` is [rows][samples or more], `x` [samples, cols]; `sum` [rows, cols].
void add_outer_products(ConstFloatView d, ConstFloatView x, FloatView sum);

namespace twin {
void add_outer_products(ConstFloatView d, ConstFloatView x, FloatView sum);
}

}  // namespace mho

#endif  // MHO_KERNELS_OUTER_SUM_H

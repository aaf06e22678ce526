// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_KERNELS_TRANSPOSE_H
#define MHO_KERNELS_TRANSPOSE_H

#include "mho/util/matrix.h"

namespace mho {

/// to(c, r) = from(r, c). `to` is [columns of from, rows of from]; throws InputError otherwise.
void transpose(ConstFloatView from, FloatView to);

}  // namespace mho

#endif  // MHO_KERNELS_TRANSPOSE_H

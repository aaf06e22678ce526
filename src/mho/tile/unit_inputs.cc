// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/tile/unit_inputs.h"

#include <algorithm>

#include "mho/kernels/rows.h"
#include "mho/tile/mvm.h"

namespace mho {

UnitInputs unit_inputs(ConstFloatView x, float range_scale, float lowest) {
    UnitInputs s{Matrix<float>(x.rows, x.cols), std::vector<float>(x.rows, 1.0f)};
    for (size_t r = 0; r < x.rows; r++) {
        float factor = range_scale;
        if (!(factor > 0)) {
            const float largest = row_abs_max(x.row(r), x.cols);
            const bool usable = mvm_detail::can_scale(largest);
            factor = usable ? 1.0f / largest : 0.0f;
            s.scale[r] = usable ? largest : 0.0f;
        }
        const float* from = x.row(r);
        float* to = s.v.row(r);
        for (size_t j = 0; j < x.cols; j++) {
            to[j] = std::min(std::max(from[j] * factor, lowest), 1.0f);
        }
    }
    return s;
}

}  // namespace mho

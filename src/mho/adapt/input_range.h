// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ADAPT_INPUT_RANGE_H
#define MHO_ADAPT_INPUT_RANGE_H

#include <cstdint>

#include "mho/adapt/adapt_config.h"
#include "mho/util/matrix.h"

namespace mho {

// The input range R of a tile: inputs are cut to +-R. It starts from the spread of the first
// training batches and then learns by its own rule (Rasch et al., arXiv 2302.08469; aihwkit 1.2.0),
// not by plain back-propagation. Both work on sums over a batch, so that a batch can come in
// blocks. All sums are double (those of the gradient within one row: kernels/passes.h).

/// Sums for the spread of a batch.
struct InputMoments {
    double sum = 0;
    double squares = 0;
    uint64_t count = 0;

    void add(ConstFloatView inputs);
    void add(const InputMoments& other);
    double mean() const;
    double std() const;  // n - 1 in the denominator; 0 for fewer than two numbers
};

/// One step of the initialisation: R <- |R k + init_std_factor * std| / (k + 1) with k the number
/// of batches seen so far; a batch without spread changes nothing. True while initialisation lasts
/// (k < init_batches before the call). The batch that updates R is passed with the new R.
bool initialize_input_range(const InputRangeConfig& config,
                            const InputMoments& batch,
                            float& range,
                            uint64_t& batches_seen);

/// Sums for the gradient of the range over a batch of inputs x and input gradients D (unmasked:
/// also where x is cut).
struct InputRangeSums {
    double shrink = 0;    // sum of min(D, 0) where x >= R
    double grow = 0;      // sum of max(D, 0) where x <= -R
    uint64_t inside = 0;  // |x| < R
    uint64_t count = 0;

    void add(ConstFloatView inputs, ConstFloatView gradient, float range);
    void add(float input, float gradient, float range) {
        shrink += input >= range && gradient < 0 ? static_cast<double>(gradient) : 0.0;
        grow += input <= -range && gradient > 0 ? static_cast<double>(gradient) : 0.0;
        inside += input < range && input > -range ? 1U : 0U;
        count++;
    }
    /// For a block whose inputs all lie inside the range.
    void add_inside(uint64_t numbers);
    void add(const InputRangeSums& other);
};

/// Whether any |x| >= range, i.e. whether the gradient of the inputs is needed for the sums.
bool any_outside(ConstFloatView inputs, float range);

/// dLoss/dR: G = shrink - grow, times R if `relative_gradient`, times `gradient_scale`; minus
/// R * share_clipped if `manage_output_clipping` and 1 - share_clipped < min_share_unclipped; plus
/// decay * R if the share of inputs inside the range exceeds min_share_inside.
double input_range_gradient(const InputRangeConfig& config,
                            const InputRangeSums& sums,
                            float range,
                            double share_clipped = 0.0);

}  // namespace mho

#endif  // MHO_ADAPT_INPUT_RANGE_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_WEIGHT_ERROR_H
#define MHO_ANALYSIS_WEIGHT_ERROR_H

// How well a rule writes a known matrix by learning: y = W* x for random inputs, errors W x - W* x.
// What is left of |W - W*| is the error of the rule on its devices (Rasch et al., Nat. Commun. 15,
// 7133, 2024).

#include <cstdint>

#include "mho/train/learner.h"

namespace mho {

struct WeightErrorRun {
    size_t size = 20;  // rows and columns
    size_t samples = 20000;
    size_t batch = 10;
    double rate = 0.1;
    double target_std = 0.3;  // clipped to +-target_limit
    double target_limit = 0.6;
    double error_noise_std = 0.0;  // normal noise on every error
};

/// Root mean square of W - W*, averaged over the last tenth of the samples, over that of W*. The
/// matrix, the inputs (standard normal, clipped to +-1 after division by 3) and the devices come
/// from `key`.
double weight_error(const LearnerConfig& rule, const WeightErrorRun& run, TileKey key);

}  // namespace mho

#endif  // MHO_ANALYSIS_WEIGHT_ERROR_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_LAYER_ERROR_H
#define MHO_ANALYSIS_LAYER_ERROR_H

#include "mho/analysis/evaluate.h"

namespace mho {

/// Fills `layer_errors`, `weights` and `conductances_us` of the result: the error of every analog
/// layer's product on the layer's own inputs (those of `pixels` through the analog network), at
/// every evaluation time with drift compensation, and the weights and conductances of chip 0 before
/// and after programming.
///
/// Error: ||y_analog - y_exact|| / ||y_exact|| over all inputs and outputs, without bias
/// (arXiv 2302.08469, "MVM error").
void measure_layers(const RunFile& run,
                    const Network& network,
                    ConstFloatView pixels,
                    EvaluationResult& result);

}  // namespace mho

#endif  // MHO_ANALYSIS_LAYER_ERROR_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_STEP_LIKELIHOOD_H
#define MHO_ANALYSIS_STEP_LIKELIHOOD_H

// Likelihood of traces under a step model with noise, and its maximum. Internal to device_fit.

#include <vector>

#include "mho/analysis/step_family.h"

namespace mho {

/// Minus the logarithm of the likelihood of one trace. `x` holds the natural parameters of the
/// family, then dw_min_std, then the standard deviation of a reading. Standardised residuals are
/// appended where wanted.
double trace_cost(const StepFamily& family,
                  const std::vector<double>& x,
                  const PulseTrace& trace,
                  std::vector<double>* residuals = nullptr);

/// A maximum of the likelihood.
struct MaximumLikelihood {
    std::vector<FitParameter> parameters;  // those of the family, then the two of the noise
    std::vector<double> x;                 // natural
    double cost = 0.0;
    // Covariance of x, row-major; directions that the data leave open have infinite variance.
    std::vector<double> covariance;
    bool determined = true;
};

/// The best over all starting points of the family.
MaximumLikelihood maximise(const StepFamily& family,
                           const std::vector<const PulseTrace*>& traces,
                           const StepStatistics& statistics);

}  // namespace mho

#endif  // MHO_ANALYSIS_STEP_LIKELIHOOD_H

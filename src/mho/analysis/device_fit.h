// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_DEVICE_FIT_H
#define MHO_ANALYSIS_DEVICE_FIT_H

// Fits device models to measured responses. The weight of a cell is hidden: each pulse moves it by
// the step of the model and cycle noise, each reading shows it with write noise. The likelihood of
// a trace is that of an extended Kalman filter (linear steps: exact), its maximum is found by NLopt
// (BOBYQA, Powell 2009; Sbplx, Rowan 1990). Intervals come from the curvature at the maximum; from
// three cells on, from the spread over cells.

#include <cstdint>
#include <string>
#include <vector>

#include "mho/analysis/pulse_traces.h"
#include "mho/device/pulsed_device.h"

namespace mho {

struct DeviceFitOptions {
    std::string model;   // "" = every model that can be fitted
    size_t threads = 1;  // results do not depend on it
    uint64_t seed = 1;   // of the band of predicted traces
};

/// A parameter of the fitted device.
struct FittedParameter {
    std::string name;  // as in the configuration; a[2] for an entry of a list
    double value = 0.0;
    double error = 0.0;  // standard error; NaN where the data do not determine it
    double low = 0.0;    // 95 % interval
    double high = 0.0;
};

struct DeviceFit {
    PulsedDevice device;
    bool multiplicative_noise = true;
    std::vector<FittedParameter> parameters;
    double log_likelihood = 0.0;
    size_t free_parameters = 0;
    size_t readings = 0;
    double aic = 0.0;  // Akaike's criterion: smaller is better
    // Predictions of each reading from those before it, over their expected deviation: standard
    // normal where the model is right.
    std::vector<double> residuals;
    double residual_std = 0.0;
    double residual_lag = 0.0;  // correlation of neighbours
    // The first trace: readings, and the range of 90 % of simulated cells of this device.
    std::vector<double> band_low;
    std::vector<double> band_high;
    std::vector<double> band_mean;
    std::vector<std::string> notes;
};

/// Best model first: the simplest of those within 2 of the smallest criterion, then the others in
/// the order of theirs. Throws InputError for an unknown model or when nothing can be fitted.
std::vector<DeviceFit> fit_devices(const std::vector<PulseTrace>& traces,
                                   const DeviceFitOptions& options = {});

}  // namespace mho

#endif  // MHO_ANALYSIS_DEVICE_FIT_H

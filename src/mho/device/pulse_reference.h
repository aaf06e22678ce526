// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_PULSE_REFERENCE_H
#define MHO_DEVICE_PULSE_REFERENCE_H

// One pulse in double precision, written to be read beside the formulas of step_models.h and
// response_models.h: what the kernels are compared with.

#include "mho/device/pulsed_device.h"

namespace mho {

/// The drawn parameters of one cell.
struct CellParameters {
    double min_bound = 0;
    double max_bound = 0;
    double step_up = 0;
    double step_down = 0;
    double slope_up = 0;  // linear steps
    double slope_down = 0;
    double gamma_up = 1;  // power steps
    double gamma_down = 1;
    double reference = 0;
};

/// Mean and standard deviation of one pulse, signed, from visible weight `w`. Not for the hidden
/// step and laws of the user.
struct ReferencePulse {
    double mean = 0;
    double noise = 0;
};
ReferencePulse reference_pulse(const PulsedDevice& device,
                               const CellParameters& cell,
                               double w,
                               bool up);

/// The visible weight after it, clipped; `normal` is the standard normal number to use.
double reference_after_pulse(
    const PulsedDevice& device, const CellParameters& cell, double w, bool up, double normal);

}  // namespace mho

#endif  // MHO_DEVICE_PULSE_REFERENCE_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_PULSED_DEVICE_H
#define MHO_DEVICE_PULSED_DEVICE_H

// A device that is trained in memory: one of the step models, treated alike.

#include <string_view>
#include <variant>

#include "mho/device/response_models.h"
#include "mho/device/step_models.h"

namespace mho {

using PulsedDevice = std::variant<ConstantStep,
                                  LinearStep,
                                  SoftBounds,
                                  SoftBoundsReference,
                                  SoftBoundsPmax,
                                  ExpStep,
                                  PowStep,
                                  PowStepReference,
                                  PiecewiseStep,
                                  PowerResponse,
                                  ExponentialResponse,
                                  MeasuredStep,
                                  HiddenStep,
                                  UserStep>;

/// The name that a configuration file gives the model: "constant step", "soft bounds", ...
std::string_view model_name(const PulsedDevice& device);

/// The parameters that every model has.
const PulsedCell& common_parameters(const PulsedDevice& device);
PulsedCell& common_parameters(PulsedDevice& device);

/// The write noise of models that have it, else nullptr.
const NoisyWriteCell* write_noise_of(const PulsedDevice& device);

/// Throws ConfigError, naming `path`, when a parameter is out of its range.
void require_valid(const PulsedDevice& device, const std::string& path = "device");

/// SoftBoundsPmax with its derived parameters written into dw_min, w_min, w_max and up_down; other
/// devices as they are.
PulsedDevice with_derived_parameters(PulsedDevice device);

/// The nominal step at weight 0, to which learning rates are related ("weight granularity").
double granularity(const PulsedDevice& device);

/// (w_max - w_min) / granularity.
double number_of_states(const PulsedDevice& device);

}  // namespace mho

#endif  // MHO_DEVICE_PULSED_DEVICE_H

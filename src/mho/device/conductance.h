// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_CONDUCTANCE_H
#define MHO_DEVICE_CONDUCTANCE_H

// The conductance of an inference cell: programmed once, then drifting and noisy. One header per
// model holds its formulas; this one treats them alike.
//
// The life of a cell: a target (uS) is programmed, which draws a programmed conductance and a drift
// coefficient; at any later time a reading draws the conductance from those two. Each draw is named
// by the tile key, a step and the index of the cell, so nothing need be stored that can be
// replayed.

#include <cstdint>
#include <span>
#include <string_view>
#include <variant>

#include "mho/device/chip_polynomial_conductance.h"
#include "mho/device/hermes_conductance.h"
#include "mho/device/pcm_conductance.h"
#include "mho/device/reram_cmo_conductance.h"
#include "mho/device/reram_wan_conductance.h"
#include "mho/device/state_independent_conductance.h"
#include "mho/device/user_conductance.h"
#include "mho/random/stream.h"

namespace mho {

using ConductanceModel = std::variant<PcmLike,
                                      CustomDrift,
                                      StateIndependent,
                                      Hermes,
                                      ReramWan2022,
                                      ReramCmo,
                                      ChipPolynomial,
                                      UserConductance>;

/// The name that a configuration file gives the model: "pcm", "hermes", ...
std::string_view model_name(const ConductanceModel& model);

/// Factors for error budgets. A factor of 0 switches a source off and moves no other draw.
struct ConductanceScales {
    double programming = 1.0;
    double drift = 1.0;  // relaxation of ReRAM
    double read = 1.0;
};

/// The model with its scale factors multiplied; sources that the model does not have are ignored.
ConductanceModel scaled(ConductanceModel model, const ConductanceScales& scales);

/// Throws ConfigError when a parameter is out of its range (the checks of a configuration file).
void require_valid(const ConductanceModel& model);

/// Throws InputError, naming the limit, when the model does not hold for this largest conductance.
void require_g_max(const ConductanceModel& model, double g_max_us);

/// Throws InputError, naming the times that would be right, when the model does not hold at `t_s`
/// seconds after programming.
void require_time(const ConductanceModel& model, double t_s);

/// Whether targets may be negative: weights with their sign (`chip polynomial`, a user's law).
bool takes_signed_targets(const ConductanceModel& model);

/// Programs cells: draws the programmed conductance (kProgramming) and the drift coefficient
/// (kDriftCoefficient) of cells first_element, first_element + 1, ... in programming number
/// `programming`. Targets lie in [0, g_max] (uS) or, for models with signed targets, in
/// [-g_max, g_max]. All spans have one length. Throws ConfigError or InputError for bad arguments.
void program(const ConductanceModel& model,
             double g_max_us,
             std::span<const float> target_us,
             std::span<float> programmed_us,
             std::span<float> nu,
             TileKey key,
             uint64_t programming,
             uint64_t first_element = 0);

/// Conductance of programmed cells at `t_s` >= 0 seconds after programming. The noise of the
/// reading (kConductanceRead; for ReRAM CMO also kDriftCoefficient at this step) belongs to
/// `read_step`. `out_us` may be `programmed_us` itself.
void at_time(const ConductanceModel& model,
             double g_max_us,
             std::span<const float> target_us,
             std::span<const float> programmed_us,
             std::span<const float> nu,
             double t_s,
             std::span<float> out_us,
             TileKey key,
             uint64_t read_step,
             uint64_t first_element = 0);

/// program() followed by at_time(), bit for bit, without arrays for what lies between. `out_us` may
/// be `target_us` itself.
void program_and_read(const ConductanceModel& model,
                      double g_max_us,
                      std::span<const float> target_us,
                      double t_s,
                      std::span<float> out_us,
                      TileKey key,
                      uint64_t programming,
                      uint64_t read_step,
                      uint64_t first_element = 0);

/// The formulas in double precision, one cell; `normal` is the standard normal number to use.
double reference_programmed(const ConductanceModel& model,
                            double target_us,
                            double g_max_us,
                            double normal);
double reference_drift_coefficient(const ConductanceModel& model,
                                   double target_us,
                                   double g_max_us,
                                   double normal);
double reference_at_time(const ConductanceModel& model,
                         double target_us,
                         double programmed_us,
                         double nu,
                         double t_s,
                         double g_max_us,
                         double read_normal,
                         double relaxation_normal = 0);

}  // namespace mho

#endif  // MHO_DEVICE_CONDUCTANCE_H

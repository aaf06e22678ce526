// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_READ_DISTURB_H
#define MHO_DEVICE_READ_DISTURB_H

// Decay of the low-resistance state of a filamentary cell under constant read stress (model of
// analog-cim-sim): exponent p(V) = 0.0068 exp(0.11 |V| / kT); the state holds until
//
//     t_t(N) = 15.5 ns (1.43339 (1 - 0.003 N^0.41))^(1 / p)
//
// of stress after N SET/RESET cycles, then G = G0 (t / t_t)^-p. Undefined once 0.003 N^0.41 >= 1.

#include "mho/device/cell_config.h"

namespace mho {

double read_disturb_exponent(double volt, double temperature_k);

/// Seconds of stress until decay begins. Throws InputError for worn-out cells (N above 1.4e6).
double read_disturb_transition_s(double volt, double cycles, double temperature_k);

/// What is left of a state, G / G0, after `stress_s` seconds of reading without refresh.
double read_disturb_factor(double stress_s, double volt, double cycles, double temperature_k);

/// State of the cells after `t_s` seconds of operation under a refresh policy.
struct DisturbedState {
    double factor = 1.0;     // G / G0 of low-resistance cells
    double refreshes = 0.0;  // each of them has cost a cycle
};
DisturbedState disturbed_state(const ReadDisturb& config, double volt, double t_s);

}  // namespace mho

#endif  // MHO_DEVICE_READ_DISTURB_H

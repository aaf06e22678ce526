// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_SONOS_H
#define MHO_DEVICE_SONOS_H

namespace mho {

// Charge-trap (SONOS) cells in a 40 nm process, currents in nA: Agrawal et al., IEDM 2022, in the
// fits of CrossSim 3.2. Spread A (1 - exp(-I / B)) with (A, B) measured fresh and on days 1 to 5,
// linear in between. The mean shift is a shape-preserving table over nine currents of 0 to 1800 nA
// for the same days: it stays sane where the fit, a polynomial of degree 10, does not.

/// Spread of cells programmed to a current, `days` after.
double sonos_std_na(double current_na, double days);
/// Mean change of the current since programming.
double sonos_shift_na(double current_na, double days);
/// Spread of one reading.
double sonos_read_std_na(double current_na);

/// Throws InputError beyond five days, and for cells above 1800 nA at times after programming.
void require_sonos(double i_max_na, double days);

}  // namespace mho

#endif  // MHO_DEVICE_SONOS_H

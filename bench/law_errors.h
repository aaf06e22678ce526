// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_BENCH_LAW_ERRORS_H
#define MHO_BENCH_LAW_ERRORS_H

namespace mho::bench {

/// Prints the table of docs/models/pulse-laws.md: mean, spread and skewness of the change of
/// identical cells pulse by pulse, and how far the laws `sample` and `batch` are from it, over
/// states, counts and orders of pulses.
void print_law_errors();

}  // namespace mho::bench

#endif  // MHO_BENCH_LAW_ERRORS_H

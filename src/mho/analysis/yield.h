// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_YIELD_H
#define MHO_ANALYSIS_YIELD_H

#include <span>

#include "mho/analysis/statistics.h"

namespace mho {

/// Share of simulated chips that are at least as good as `threshold`, with the 95 % score interval
/// of Wilson (1927), which is right for few chips and for shares of 0 and 1. Throws InputError for
/// no chips.
Interval chip_yield(std::span<const double> accuracies, double threshold);

}  // namespace mho

#endif  // MHO_ANALYSIS_YIELD_H

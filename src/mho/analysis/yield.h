// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_YIELD_H
#define MHO_ANALYSIS_YIELD_H

#include <span>
#include <string>
#include <vector>

#include "mho/analysis/statistics.h"

namespace mho {

/// Share of simulated chips that are at least as good as `threshold`, with the 95 % score interval
/// of Wilson (1927), which is right for few chips and for shares of 0 and 1. Throws InputError for
/// no chips.
Interval chip_yield(std::span<const double> accuracies, double threshold);

/// The yield of one curve ("naive", "hwa", ...) at one time.
struct CurveYield {
    std::string curve, time;
    size_t chips = 0;
    Interval share;
};

/// Shares of the chips of a results.json (its text) that are at least as accurate as `threshold`,
/// or whose loss is at most that. Throws InputError naming `origin` for a text that is no result.
std::vector<CurveYield> yields_of(const std::string& results_json,
                                  const std::string& origin,
                                  double threshold);

}  // namespace mho

#endif  // MHO_ANALYSIS_YIELD_H

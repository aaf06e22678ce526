// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_COMPARE_H
#define MHO_ANALYSIS_COMPARE_H

#include <string>
#include <vector>

#include "mho/analysis/statistics.h"

namespace mho {

/// One curve of two evaluations at one time.
struct ComparedAccuracy {
    std::string curve;  // "naive", "hwa", "hwa_uncompensated"
    std::string time;
    double first = 0.0;  // mean over chips
    double second = 0.0;
    Interval difference;        // second - first
    bool has_interval = false;  // two chips or more on both sides
    bool differs = false;       // the interval leaves out zero
};

struct RunComparison {
    bool is_loss = false;
    std::string first_name, second_name;
    /// Chips with equal numbers share all random draws (equal seeds): compared pair by pair, with
    /// the bootstrap over pairs. Otherwise by Welch's t interval.
    bool paired = false;
    std::string why_not_paired;
    double first_exact = 0.0;
    double second_exact = 0.0;
    std::vector<ComparedAccuracy> rows;  // what both have
    std::vector<std::string> notes;      // what only one of them has, other images
};

/// Compares the texts of two results.json. Throws InputError naming `first_origin` or
/// `second_origin` for a text that is none, and for two that have nothing in common.
RunComparison compare_results(const std::string& first,
                              const std::string& first_origin,
                              const std::string& second,
                              const std::string& second_origin);

}  // namespace mho

#endif  // MHO_ANALYSIS_COMPARE_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_STUDY_UNITS_H
#define MHO_ANALYSIS_STUDY_UNITS_H

// Long studies consist of independent units, each a few numbers. Finished ones are on disk, so that
// an interrupted study goes on where it stopped (`mho study run NAME --resume`).

#include <functional>
#include <string>
#include <vector>

#include "mho/analysis/study.h"

namespace mho {

struct StudyUnit {
    std::string name;  // with everything that the numbers depend on, apart from seed and form
    std::function<std::vector<double>()> compute;  // finite numbers
};

struct StudyUnitResults {
    std::vector<std::vector<double>> values;  // one list per unit
    double earlier_s = 0;                     // CPU time that the units of an earlier run took
};

/// Computes all units on options.threads threads; results do not depend on their number. With a
/// folder, finished units are logged in FOLDER/STUDY/unfinished.jsonl; with options.resume, units
/// found there (of the same seed and form) are not computed again. Throws Interrupted once
/// options.stop is set.
StudyUnitResults run_units(const StudyOptions& options,
                           const std::string& study,
                           const std::vector<StudyUnit>& units);

/// Removes the log: the study is finished.
void forget_units(const StudyOptions& options, const std::string& study);

}  // namespace mho

#endif  // MHO_ANALYSIS_STUDY_UNITS_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_CLI_SWEEP_PAGE_H
#define MHO_CLI_SWEEP_PAGE_H

#include <string>

#include "mho/analysis/sweep.h"
#include "mho/report/table.h"

namespace mho {

/// What is drawn against what.
struct SweepAxes {
    std::string x;  // a parameter or a metric; empty: energy where it is known, else a parameter
    std::string y;  // empty: accuracy after a day
};

/// Fills what is empty. Throws InputError for a name that is no column.
SweepAxes sweep_axes(const SweepTable& table, SweepAxes wanted);

/// Parameters, the metric `y`, energy and state of every point.
Table sweep_text(const SweepTable& table, const std::string& y);

/// The page: y against x with its Pareto front, y against every other parameter, all numbers.
std::string sweep_page(const Sweep& sweep, const SweepTable& table, const SweepAxes& axes);

}  // namespace mho

#endif  // MHO_CLI_SWEEP_PAGE_H

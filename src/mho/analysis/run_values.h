// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_RUN_VALUES_H
#define MHO_ANALYSIS_RUN_VALUES_H

#include <span>
#include <string>
#include <vector>

#include "mho/analysis/run_file.h"

namespace mho {

/// Value of one parameter of a run as JSON text, "" if there is none of that path.
std::string run_value(const RunFile& run, const std::string& path);

/// The same for many parameters: the run is written and read once, not once for each.
std::vector<std::string> run_values(const RunFile& run, std::span<const std::string> paths);

}  // namespace mho

#endif  // MHO_ANALYSIS_RUN_VALUES_H

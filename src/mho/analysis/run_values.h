// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_RUN_VALUES_H
#define MHO_ANALYSIS_RUN_VALUES_H

#include <span>
#include <string>
#include <vector>

#include "mho/analysis/run_file.h"

namespace mho {

/// Values of many parameters of a run as run_value gives them one by one, which writes and reads
/// the whole run file for each: a page of all parameters took seconds.
std::vector<std::string> run_values(const RunFile& run, std::span<const std::string> paths);

}  // namespace mho

#endif  // MHO_ANALYSIS_RUN_VALUES_H

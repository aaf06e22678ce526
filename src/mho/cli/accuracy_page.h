// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_CLI_ACCURACY_PAGE_H
#define MHO_CLI_ACCURACY_PAGE_H

#include <string>

#include "mho/analysis/run_file.h"
#include "mho/report/accuracy_report.h"

namespace mho {

/// The page of a run from the text of its results.json (`origin` names that file in errors).
/// `network` gives the table of layers; it may be empty. `events` is the log of the training (one
/// JSON object a line), with its losses; it may be empty.
AccuracyReport accuracy_page(const RunFile& run,
                             const Network& network,
                             const std::string& results_json,
                             const std::string& origin,
                             const std::string& events = "");

}  // namespace mho

#endif  // MHO_CLI_ACCURACY_PAGE_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_RESULTS_JSON_H
#define MHO_ANALYSIS_RESULTS_JSON_H

// Parts of a results.json. Internal: it exposes nlohmann/json.

#include <vector>

#include "mho/util/json.h"

namespace mho {

/// The accuracies (or losses) of the chips of one curve at one time, empty if the entry has none.
inline std::vector<double> chips_of(const Json& entry) {
    std::vector<double> values;
    if (entry.is_object() && entry.contains("all") && entry["all"].is_array()) {
        for (const Json& v : entry["all"]) {
            if (v.is_number()) {
                values.push_back(v.get<double>());
            }
        }
    }
    return values;
}

}  // namespace mho

#endif  // MHO_ANALYSIS_RESULTS_JSON_H

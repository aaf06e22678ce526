// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_RESULTS_JSON_H
#define MHO_ANALYSIS_RESULTS_JSON_H

// Parts of a results.json. Internal: it exposes nlohmann/json.

#include <cmath>
#include <string>
#include <vector>

#include "mho/util/json.h"

namespace mho {

/// Throws InputError naming `path` for what is no accuracy (0 to 1) or loss (nats, within 1e6).
inline void require_score(double value, bool is_loss, const std::string& path) {
    if (is_loss ? !(std::abs(value) <= 1e6) : !(value >= 0 && value <= 1)) {
        throw InputError(path + ": " + Json(value).dump() +
                         (is_loss ? " is no loss in nats" : " is no accuracy, 0 to 1"));
    }
}

/// The accuracies (or losses) of the chips of one curve at one time, empty if the entry has none.
/// Throws InputError naming `path` for numbers that are none.
inline std::vector<double> chips_of(const Json& entry, bool is_loss, const std::string& path) {
    std::vector<double> values;
    if (entry.is_object() && entry.contains("all") && entry["all"].is_array()) {
        for (const Json& v : entry["all"]) {
            if (v.is_number()) {
                values.push_back(v.get<double>());
                require_score(values.back(), is_loss, path);
            }
        }
    }
    return values;
}

}  // namespace mho

#endif  // MHO_ANALYSIS_RESULTS_JSON_H

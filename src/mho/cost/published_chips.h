// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_COST_PUBLISHED_CHIPS_H
#define MHO_COST_PUBLISHED_CHIPS_H

#include <string>
#include <vector>

namespace mho::cost {

/// Efficiency that others published, to hold totals against. 0 = not published.
struct PublishedChip {
    std::string name;
    std::string kind;  // "silicon", "simulation", "digital"
    double tops_per_w = 0;
    double tops = 0;
    double tops_per_mm2 = 0;
    std::string source;
};

const std::vector<PublishedChip>& published_chips();

}  // namespace mho::cost

#endif  // MHO_COST_PUBLISHED_CHIPS_H

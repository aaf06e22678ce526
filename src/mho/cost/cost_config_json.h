// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_COST_COST_CONFIG_JSON_H
#define MHO_COST_COST_CONFIG_JSON_H

// The parameter reference of the section `cost`. Internal: it exposes nlohmann/json.

#include <vector>

#include "mho/cost/cost_config.h"
#include "mho/util/json.h"

namespace mho::cost {

/// Appends a line for every parameter of `cost`.
void describe_cost(std::vector<ParameterDoc>& docs);

}  // namespace mho::cost

#endif  // MHO_COST_COST_CONFIG_JSON_H

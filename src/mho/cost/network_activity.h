// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_COST_NETWORK_ACTIVITY_H
#define MHO_COST_NETWORK_ACTIVITY_H

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "mho/cost/cost_config.h"
#include "mho/net/executor.h"
#include "mho/tile/activity.h"

namespace mho::cost {

/// What the matrices of a layer saw, one entry per group.
struct LayerActivity {
    std::vector<Activity> lines;
    std::vector<std::vector<double>> conductance_us;  // at every line
};

struct NetworkActivity {
    uint64_t samples = 0;
    bool measured = true;
    std::map<std::string, LayerActivity> layers;  // the analog ones
};

/// Counts while the samples `pixels` run through the network on the executor's chip as it is now.
NetworkActivity measure_activity(Executor& executor, ConstFloatView pixels);

/// One sample in which all inputs and all conductances have the sizes of `config`.
NetworkActivity average_activity(const Network& network, const ActivityConfig& config);

/// Adds the counts of other samples of the same chip.
void add(NetworkActivity& to, const NetworkActivity& more);

}  // namespace mho::cost

#endif  // MHO_COST_NETWORK_ACTIVITY_H

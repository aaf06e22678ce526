// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_ABLATION_H
#define MHO_ANALYSIS_ABLATION_H

#include <functional>
#include <string>
#include <vector>

#include "mho/net/network.h"
#include "mho/tile/tile.h"

namespace mho {

/// One source of error, and how to switch it off. The random streams of the others do not move.
struct NonIdeality {
    std::string name;
    std::function<void(Hardware&)> switch_off;  // empty = nothing in the configuration
    ConductanceSwitches switches;
};

/// The sources that act in at least one layer of the network.
std::vector<NonIdeality> active_non_idealities(const Network& network);

/// The network without that source (the conductance switches go to Executor::program).
Network without(const Network& network, const NonIdeality& source);

}  // namespace mho

#endif  // MHO_ANALYSIS_ABLATION_H

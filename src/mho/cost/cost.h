// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_COST_COST_H
#define MHO_COST_COST_H

#include <string>
#include <vector>

#include "mho/cost/cost_config.h"
#include "mho/cost/layer_mapping.h"
#include "mho/cost/network_activity.h"
#include "mho/cost/schedule.h"
#include "mho/cost/tree.h"
#include "mho/net/network.h"

namespace mho::cost {

/// Per sample; a layer that stays digital has no tiles.
struct LayerCost {
    std::string name;
    std::string kind;
    bool on_tiles = false;
    size_t tiles = 0;  // of one copy
    size_t copies = 1;
    double multiply_adds = 0;
    double cell_utilisation = 0;  // used share of the cells of its tiles
    double time_utilisation = 0;  // share of the time that it works, in the schedule
    double energy_pj = 0;
    double latency_ns = 0;  // on its copies
    double area_um2 = 0;
};

struct Totals {
    double energy_j = 0;    // per sample
    double latency_s = 0;   // of a sample in the empty chip
    double interval_s = 0;  // between samples in the full chip
    double area_mm2 = 0;
    double multiply_adds = 0;         // per sample, of all layers
    double analog_multiply_adds = 0;  // of those on tiles
    size_t tiles = 0;

    // Two operations (product and sum) for a multiply-add, as the field counts.
    double tops() const;
    double tops_per_w() const;
    double tops_per_mm2() const;
    double power_w() const;
};

struct Report {
    Totals totals;
    std::vector<LayerCost> layers;  // that work, in the order of the network
    Node energy;                    // pJ per sample
    Node latency;                   // ns of a sample
    Node area;                      // um2
    Schedule timeline;              // stage k is layer k
    std::vector<std::string> warnings;
};

/// Energy, latency and area of a network whose analog layers had this activity. Throws ConfigError
/// where the configuration and the network do not fit, InputError where activity of a layer is
/// missing.
Report of(const Network& network, const NetworkActivity& activity, const CostSpec& spec);

/// Runs `pixels` through one simulated chip, programmed and read at `activity.time_s`, and counts;
/// or takes the averages, if the configuration says so (then `pixels` is not looked at).
NetworkActivity activity_of(const Network& network,
                            ConstFloatView pixels,
                            const ActivityConfig& config,
                            uint64_t seed);

}  // namespace mho::cost

#endif  // MHO_COST_COST_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_COST_COMPARISON_H
#define MHO_COST_COMPARISON_H

// How far the field's tools disagree: one converter by every model, one network by every preset.

#include <string>
#include <vector>

#include "mho/cost/cost.h"

namespace mho::cost {

struct ToolConverter {
    std::string tool;
    double energy_pj = 0;  // per conversion
    double latency_ns = 0;
    double area_um2 = 0;
    std::string source;
    std::string note;
};

/// The same ADC by the models of the tools. A model that does not reach the node is left out.
std::vector<ToolConverter> compare_adcs(int bits, double node_nm, double rows);

/// The same adder: published (Aladdin), and by counting gates (ZigZag-IMC). Latency of the former:
/// not published.
std::vector<ToolConverter> compare_adders(int bits, double node_nm);

struct ToolLayer {
    std::string preset;  // "" = the run's own configuration
    double node_nm = 0;
    double energy_pj = 0;  // of the layer, per sample
    double latency_ns = 0;
    double area_um2 = 0;
    double network_tops_per_w = 0;
    std::string source;
};

/// The same layer with the same activity by every preset (at its own node), and by `own`. Throws
/// InputError when the network has no such layer.
std::vector<ToolLayer> compare_presets(const Network& network,
                                       const NetworkActivity& activity,
                                       const CostSpec& own,
                                       const std::string& layer);

/// Largest over smallest energy of a comparison.
template <class Entry>
double energy_spread(const std::vector<Entry>& entries) {
    double low = 0;
    double high = 0;
    for (const Entry& e : entries) {
        low = low == 0 || (e.energy_pj > 0 && e.energy_pj < low) ? e.energy_pj : low;
        high = e.energy_pj > high ? e.energy_pj : high;
    }
    return low > 0 ? high / low : 0.0;
}

}  // namespace mho::cost

#endif  // MHO_COST_COMPARISON_H

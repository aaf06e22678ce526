// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cost/technology.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>

#include "mho/util/error.h"
#include "mho/util/finite.h"

namespace mho::cost {
namespace {

constexpr size_t kNodes = 10;
constexpr std::array<double, kNodes> kNode_nm = {130, 90, 65, 45, 32, 20, 16, 14, 10, 7};

// Row: from, column: to.
constexpr double kArea[kNodes][kNodes] = {
    {1, 0.44, 0.23, 0.16, 0.072, 0.033, 0.03, 0.027, 0.016, 0.0092},
    {2.3, 1, 0.53, 0.35, 0.16, 0.075, 0.067, 0.061, 0.036, 0.021},
    {4.3, 1.9, 1, 0.66, 0.31, 0.14, 0.13, 0.12, 0.068, 0.039},
    {6.4, 2.8, 1.5, 1, 0.46, 0.21, 0.19, 0.17, 0.1, 0.059},
    {14, 6.1, 3.3, 2.2, 1, 0.46, 0.41, 0.38, 0.22, 0.13},
    {30, 13, 7.1, 4.7, 2.2, 1, 0.89, 0.82, 0.48, 0.28},
    {34, 15, 7.9, 5.3, 2.4, 1.1, 1, 0.91, 0.54, 0.31},
    {37, 16, 8.7, 5.8, 2.7, 1.2, 1.1, 1, 0.59, 0.34},
    {63, 28, 15, 9.8, 4.5, 2.1, 1.9, 1.7, 1, 0.58},
    {110, 48, 25, 17, 7.8, 3.6, 3.2, 2.9, 1.7, 1},
};

// Energy of a gate: a V^2 + b V + c.
constexpr double kEnergy[kNodes][3] = {
    {7.171, -6.709, 2.904},
    {4.762, -4.781, 2.092},
    {3.755, -4.398, 1.975},
    {1.103, -0.362, 0.2767},
    {0.9559, -0.7823, 0.471},
    {0.373, -0.1582, 0.04104},
    {0.2958, -0.1241, 0.03024},
    {0.2363, -0.09675, 0.02239},
    {0.2068, -0.09311, 0.02375},
    {0.1776, -0.09097, 0.02447},
};

constexpr std::array<double, 13> kSupplyNode_nm = {130, 90, 65, 45, 32, 22, 14, 10, 7, 5, 3, 2, 1};
constexpr std::array<double, 13> kSupply_v = {
    1.3, 1.2, 1.1, 1.0, 0.9, 0.85, 0.8, 0.75, 0.7, 0.7, 0.7, 0.65, 0.6};

void require_node(double node_nm) {
    if (!(node_nm >= kSmallestNode_nm && node_nm <= kLargestNode_nm)) {
        throw ConfigError("technology.node_nm",
                          "must be 1 to 130 nm, got " + std::to_string(node_nm));
    }
}

// Position in a falling table: entry `at`, and the share of entry `at + 1`.
struct Place {
    size_t at = 0;
    double share = 0.0;
};

template <size_t N>
Place place_in(const std::array<double, N>& nodes, double node_nm) {
    const double inside = std::clamp(node_nm, nodes.back(), nodes.front());
    for (size_t i = 0; i + 1 < N; i++) {
        if (inside >= nodes[i + 1]) {
            return {i, (nodes[i] - inside) / (nodes[i] - nodes[i + 1])};
        }
    }
    return {N - 2, 1.0};
}

double gate_energy(const Place& p, double supply_v) {
    const auto at = [&](size_t i) {
        return (kEnergy[i][0] * supply_v + kEnergy[i][1]) * supply_v + kEnergy[i][2];
    };
    return (1 - p.share) * at(p.at) + p.share * at(p.at + 1);
}

// What a node below the table adds to the factor at 7 nm.
double below_table(double node_nm) {
    return std::min(node_nm / kNode_nm.back(), 1.0);
}

}  // namespace

double nominal_supply_v(double node_nm) {
    require_node(node_nm);
    const Place p = place_in(kSupplyNode_nm, node_nm);
    return (1 - p.share) * kSupply_v[p.at] + p.share * kSupply_v[p.at + 1];
}

double area_scaling(double from_nm, double to_nm) {
    require_node(from_nm);
    require_node(to_nm);
    const Place from = place_in(kNode_nm, from_nm);
    const Place to = place_in(kNode_nm, to_nm);
    const auto row = [&](size_t i) {
        return (1 - to.share) * kArea[i][to.at] + to.share * kArea[i][to.at + 1];
    };
    const double inside = (1 - from.share) * row(from.at) + from.share * row(from.at + 1);
    return from_nm == to_nm ? 1.0 : inside * below_table(to_nm) / below_table(from_nm);
}

double energy_scaling(double from_nm, double to_nm, double supply_v) {
    require_node(from_nm);
    require_node(to_nm);
    require_positive(supply_v, "supply_v");
    return gate_energy(place_in(kNode_nm, to_nm), supply_v) /
           gate_energy(place_in(kNode_nm, from_nm), supply_v) *
           std::sqrt(below_table(to_nm) / below_table(from_nm));
}

}  // namespace mho::cost

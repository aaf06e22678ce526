// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_COST_TECHNOLOGY_H
#define MHO_COST_TECHNOLOGY_H

namespace mho::cost {

// How the cost of CMOS circuits changes with the process. All functions throw ConfigError for
// nodes outside 1 to 130 nm.

inline constexpr double kSmallestNode_nm = 1.0;
inline constexpr double kLargestNode_nm = 130.0;

/// Nominal supply voltage, V: the table of NeuroSim (ITRS and IRDS), linear between its nodes.
double nominal_supply_v(double node_nm);

/// Area at node `to` over area at node `from`: Stillmaker and Baas, Integration 58 (2017), table of
/// area factors, bilinear between its nodes (130, 90, 65, 45, 32, 20, 16, 14, 10, 7 nm). Below 7 nm
/// in proportion to the node, as hwcomponents reads the roadmap.
double area_scaling(double from_nm, double to_nm);

/// Switching energy at node `to` over that at node `from`, both at `supply_v`: Stillmaker and Baas,
/// E ~ a V^2 + b V + c with coefficients per node, linear between its nodes. Below 7 nm with the
/// root of the node, as hwcomponents reads the roadmap.
double energy_scaling(double from_nm, double to_nm, double supply_v);

}  // namespace mho::cost

#endif  // MHO_COST_TECHNOLOGY_H

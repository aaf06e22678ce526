// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ARRAY_WIRES_FAST_H
#define MHO_ARRAY_WIRES_FAST_H

// Wires in closed form: as fast as reading the conductances once, right only while the drop is
// small. Each says how wrong it is. Formulas: docs/models/wires.md.

#include <string>
#include <vector>

#include "mho/array/wires.h"

namespace mho {

/// How far a fast mode is from the exact solution, measured by one exact solution (to 1e-6) with
/// all inputs at 1, which is where currents and drops are largest.
struct FastModeError {
    double mean = 0.0;                  // relative, over columns
    double worst = 0.0;                 // largest relative error of a column
    double drop = 0.0;                  // mean relative loss of current by the wires
    std::vector<std::string> warnings;  // what is outside of the range of the mode
};

/// Dual mean resistance: effective conductance = row[i] g(i, j) column[j], so a product stays one
/// matrix product. Every row is taken as if all rows' mean conductances loaded the bit lines
/// (factors `row`, from column_resistance), every column likewise (factors `column`). Topology
/// `input line` without driver and sense resistance.
/// Source: Lambertini, Crossbar_Models_Comparison (2025).
struct DmrFactors {
    std::vector<double> row;
    std::vector<double> column;
};
DmrFactors dmr_factors(const WireConfig& config, MatrixView<const double> conductance);
Matrix<double> dmr_conductances(const WireConfig& config, MatrixView<const double> conductance);
/// The largest drop at which DMR is meant to be used: its mean error is then below 1 %.
inline constexpr double kDmrMaxDrop = 0.25;
FastModeError dmr_error(const WireConfig& config, MatrixView<const double> conductance);

/// Column recursion: supply lines without resistance, all open cells at one voltage. Walking down a
/// bit line, conductance to the supply adds and a segment comes in series: G <- (G + g x) / (1 + R
/// (G + g x)). Exact for topology `supply line` with row_resistance 0; there inputs are gates.
/// Source: RWTH analog-cim-sim.
std::vector<double> column_recursion(const WireConfig& config,
                                     MatrixView<const double> conductance,
                                     std::span<const double> inputs);
FastModeError column_recursion_error(const WireConfig& config,
                                     MatrixView<const double> conductance);

}  // namespace mho

#endif  // MHO_ARRAY_WIRES_FAST_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_CLI_SOLVE_FILE_H
#define MHO_CLI_SOLVE_FILE_H

#include <string>
#include <vector>

#include "mho/array/wires.h"

namespace mho {

/// A circuit to be solved, as `mho solve` reads it.
struct SolveProblem {
    std::string title;
    WireConfig wires;
    Matrix<double> conductance;  // [word lines, bit lines], in g_max
    Matrix<double> negative;     // with pairs
    std::vector<double> voltage;
    double curvature = 0.0;  // of the cells: I = g sinh(k V) / sinh(k); 0 = ohmic
    CellLaw law;             // of the cells of a run's layer, where they are not ohmic
    double tolerance = 1e-14;
    std::vector<std::string> notes;

    bool is_ohmic() const { return curvature == 0 && !law; }
    CellLaw cell_law() const { return law || curvature == 0 ? law : sinh_cells(curvature); }
    MatrixView<const double> negative_view() const {
        return has_pairs(wires.topology) ? negative.view() : MatrixView<const double>();
    }
};

/// Reads the file of a circuit: conductances in it, or a layer of a trained run. Throws ConfigError
/// with the full path of every wrong parameter.
SolveProblem read_solve_file(const std::string& path);

}  // namespace mho

#endif  // MHO_CLI_SOLVE_FILE_H

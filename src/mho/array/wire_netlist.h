// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ARRAY_WIRE_NETLIST_H
#define MHO_ARRAY_WIRE_NETLIST_H

// The circuit of array/wires written out resistor by resistor, for those who want to see it, for
// SPICE, and as the referee of the solver: nodal analysis (Ho, Ruehli, Brennan, IEEE Trans.
// Circuits Syst. 22, 504, 1975, without its branch currents: connections of zero resistance are
// merged into one node) by a direct factorisation, a band that is dense. O(cells side^2): for up to
// some 64 x 64 cells.

#include <span>
#include <string>
#include <vector>

#include "mho/array/wires.h"

namespace mho {

/// Node 0 is ground.
struct WireNetlist {
    struct Resistor {
        size_t a = 0;
        size_t b = 0;
        double resistance = 0.0;
    };
    struct Cell {
        size_t a = 0;  // source line
        size_t b = 0;  // bit line
        double conductance = 0.0;
    };
    struct Source {
        size_t node = 0;
        double voltage = 0.0;
    };
    size_t nodes = 1;
    std::vector<Resistor> wires;
    std::vector<Cell> cells;  // without those of conductance 0
    std::vector<Source> sources;
    std::vector<size_t> outputs;  // one node a column, held at ground by the reader
};

WireNetlist wire_netlist(const WireConfig& config,
                         MatrixView<const double> conductance,
                         MatrixView<const double> negative,
                         std::span<const double> inputs);

/// Currents out of the outputs.
std::vector<double> reference_currents(const WireNetlist& netlist);

/// A deck for ngspice that prints the current of every output with 15 digits ("i(vJ) = ..."). `k`:
/// cells of sinh_cells(k).
std::string spice_deck(const WireNetlist& netlist, double k = 0.0);

}  // namespace mho

#endif  // MHO_ARRAY_WIRE_NETLIST_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/array/wire_netlist.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "mho/util/error.h"
#include "mho/util/finite.h"

namespace mho {
namespace {

// Writes lines of nodes into a netlist.
class Writer {
  public:
    size_t node() { return netlist.nodes++; }
    void wire(size_t a, size_t b, double resistance) {
        netlist.wires.push_back({a, b, resistance});
    }
    void cell(size_t a, size_t b, double g) {
        if (g > 0) {
            netlist.cells.push_back({a, b, g});
        }
    }
    size_t source(double voltage) {
        const size_t n = node();
        netlist.sources.push_back({n, voltage});
        return n;
    }
    WireNetlist netlist;
};

// Nodes that zero resistance joins, as a forest.
size_t root(std::vector<size_t>& parent, size_t n) {
    while (parent[n] != n) {
        parent[n] = parent[parent[n]];
        n = parent[n];
    }
    return n;
}

void require_states(MatrixView<const double> g) {
    for (size_t i = 0; i < g.rows; i++) {
        for (size_t j = 0; j < g.cols; j++) {
            require_not_negative(g(i, j), "conductance of a cell");
        }
    }
}

// A netlist may come from elsewhere.
void require_nodes(const WireNetlist& n) {
    bool good = true;
    for (const auto& r : n.wires) {
        good = good && r.a < n.nodes && r.b < n.nodes && r.resistance >= 0;
    }
    for (const auto& c : n.cells) {
        good = good && c.a < n.nodes && c.b < n.nodes && std::isfinite(c.conductance);
    }
    for (const auto& s : n.sources) {
        good = good && s.node < n.nodes && std::isfinite(s.voltage);
    }
    for (const size_t o : n.outputs) {
        good = good && o < n.nodes;
    }
    if (!good) {
        throw InputError("a netlist needs nodes below " + std::to_string(n.nodes) +
                         ", finite values and no negative resistance");
    }
}

}  // namespace

WireNetlist wire_netlist(const WireConfig& c,
                         MatrixView<const double> conductance,
                         MatrixView<const double> negative,
                         std::span<const double> inputs) {
    if (inputs.size() != conductance.rows) {
        throw InputError("wires: one input for each row");
    }
    if (conductance.rows == 0 || conductance.cols == 0 ||
        (has_pairs(c.topology) &&
         (negative.rows != conductance.rows || negative.cols != conductance.cols))) {
        throw InputError("wires: a netlist needs at least one cell, and pairs two equal matrices");
    }
    require_all_finite(inputs, "inputs of a netlist");
    require_states(conductance);
    require_states(has_pairs(c.topology) ? negative : MatrixView<const double>());
    const size_t rows = conductance.rows;
    const size_t columns = conductance.cols;
    const bool supply = has_supply_lines(c.topology);
    const size_t kinds = has_pairs(c.topology) ? 2 : 1;
    Writer w;
    // Nodes cell by cell along the shorter side: a narrow band.
    Matrix<size_t> bit(rows, columns);
    std::vector<Matrix<size_t>> line(kinds, bit);
    for (size_t n = 0; n < rows * columns; n++) {
        const size_t i = columns <= rows ? n / columns : n % rows;
        const size_t j = columns <= rows ? n % columns : n / rows;
        bit(i, j) = w.node();
        for (size_t k = 0; k < kinds; k++) {
            line[k](i, j) = w.node();
        }
    }
    for (size_t j = 0; j < columns; j++) {
        for (size_t i = 1; i < rows; i++) {
            w.wire(bit(i - 1, j), bit(i, j), c.column_resistance);
        }
        w.netlist.outputs.push_back(w.node());
        w.wire(bit(rows - 1, j), w.netlist.outputs[j], c.column_resistance + c.sense_resistance);
    }
    for (size_t k = 0; k < kinds; k++) {
        const MatrixView<const double>& g = k == 0 ? conductance : negative;
        const double sign = k == 0 ? 1.0 : -1.0;
        for (size_t l = 0; l < (supply ? columns : rows); l++) {
            size_t before = w.source(sign * (supply ? 1.0 : inputs[l]));
            for (size_t n = 0; n < (supply ? rows : columns); n++) {
                const size_t i = supply ? n : l;
                const size_t j = supply ? l : n;
                w.wire(
                    before, line[k](i, j), c.row_resistance + (n == 0 ? c.driver_resistance : 0.0));
                w.cell(line[k](i, j), bit(i, j), g(i, j) * (supply ? inputs[i] : 1.0));
                before = line[k](i, j);
            }
        }
    }
    return w.netlist;
}

std::vector<double> reference_currents(const WireNetlist& netlist) {
    require_nodes(netlist);
    std::vector<size_t> parent(netlist.nodes);
    std::iota(parent.begin(), parent.end(), size_t{0});
    for (const auto& r : netlist.wires) {
        if (r.resistance == 0) {
            parent[root(parent, r.a)] = root(parent, r.b);
        }
    }
    // Held nodes: inputs at their voltage, outputs at zero.
    constexpr size_t kHeld = static_cast<size_t>(-1);
    std::vector<size_t> unknown(netlist.nodes, 0);
    std::vector<double> voltage(netlist.nodes, 0.0);
    for (const auto& s : netlist.sources) {
        unknown[root(parent, s.node)] = kHeld;
        voltage[root(parent, s.node)] = s.voltage;
    }
    for (const size_t o : netlist.outputs) {
        unknown[root(parent, o)] = kHeld;
    }
    size_t n = 0;
    for (size_t i = 1; i < netlist.nodes; i++) {
        if (root(parent, i) == i && unknown[i] != kHeld) {
            unknown[i] = n++;
        }
    }
    size_t band = 0;
    const auto unknown_of = [&](size_t node) { return unknown[root(parent, node)]; };
    const auto widen = [&](size_t p, size_t q) {
        const size_t a = unknown_of(p);
        const size_t b = unknown_of(q);
        if (a != kHeld && b != kHeld) {
            band = std::max(band, std::max(a, b) - std::min(a, b));
        }
    };
    for (const auto& r : netlist.wires) {
        widen(r.a, r.b);
    }
    for (const auto& c : netlist.cells) {
        widen(c.a, c.b);
    }
    // Lower half of the matrix: a(i, d) is the element in row i, d left of the diagonal.
    Matrix<double> a(n, band + 1);
    std::vector<double> x(n);
    const auto branch = [&](size_t p, size_t q, double g) {
        const size_t node[2] = {root(parent, p), root(parent, q)};
        for (int side = 0; side < 2; side++) {
            const size_t here = unknown[node[side]];
            const size_t there = unknown[node[1 - side]];
            if (here == kHeld || node[0] == node[1]) {
                continue;
            }
            a(here, 0) += g;
            if (there == kHeld) {
                x[here] += g * voltage[node[1 - side]];
            } else if (there < here) {
                a(here, here - there) -= g;
            }
        }
    };
    for (const auto& r : netlist.wires) {
        if (r.resistance > 0) {
            branch(r.a, r.b, 1.0 / r.resistance);
        }
    }
    for (const auto& c : netlist.cells) {
        branch(c.a, c.b, c.conductance);
    }
    // Cholesky: the matrix is symmetric and, since every line ends at a held node, positive
    // definite.
    for (size_t i = 0; i < n; i++) {
        for (size_t d = std::min(i, band) + 1; d > 0;) {
            d--;
            const size_t j = i - d;
            double sum = a(i, d);
            for (size_t k = i > band ? i - band : 0; k < j; k++) {
                sum -= j - k <= band ? a(i, i - k) * a(j, j - k) : 0.0;
            }
            a(i, d) = d > 0 ? sum / a(j, 0) : std::sqrt(sum);
        }
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t d = 1; d <= std::min(i, band); d++) {
            x[i] -= a(i, d) * x[i - d];
        }
        x[i] /= a(i, 0);
    }
    for (size_t i = n; i > 0;) {
        i--;
        x[i] /= a(i, 0);
        for (size_t d = 1; d <= std::min(i, band); d++) {
            x[i - d] -= a(i, d) * x[i];
        }
    }
    const auto voltage_of = [&](size_t node) {
        const size_t r = root(parent, node);
        return unknown[r] == kHeld ? voltage[r] : x[unknown[r]];
    };
    std::vector<size_t> column(netlist.nodes, kHeld);
    std::vector<double> currents(netlist.outputs.size());
    for (size_t j = 0; j < netlist.outputs.size(); j++) {
        column[root(parent, netlist.outputs[j])] = j;
    }
    const auto add = [&](size_t p, size_t q, double g) {
        const double current = g * (voltage_of(p) - voltage_of(q));
        const size_t to = column[root(parent, q)];
        const size_t from = column[root(parent, p)];
        if (to != kHeld) {
            currents[to] += current;
        }
        if (from != kHeld) {
            currents[from] -= current;
        }
    };
    for (const auto& r : netlist.wires) {
        if (r.resistance > 0) {
            add(r.a, r.b, 1.0 / r.resistance);
        }
    }
    for (const auto& c : netlist.cells) {
        add(c.a, c.b, c.conductance);
    }
    return currents;
}

std::string spice_deck(const WireNetlist& netlist, double k) {
    require_nodes(netlist);
    require_finite_number(k, "curvature of the cells");
    std::string deck = "crossbar\n";
    size_t n = 0;
    for (const auto& r : netlist.wires) {
        if (r.resistance > 0) {
            deck += fmt::format("r{} {} {} {:.17g}\n", n++, r.a, r.b, r.resistance);
        } else {
            deck += fmt::format("vz{} {} {} 0\n", n++, r.a, r.b);
        }
    }
    for (const auto& c : netlist.cells) {
        if (k == 0) {
            deck += fmt::format("r{} {} {} {:.17g}\n", n++, c.a, c.b, 1.0 / c.conductance);
        } else {
            deck += fmt::format("b{} {} {} i={:.17g}*sinh({:.17g}*v({},{}))\n",
                                n++,
                                c.a,
                                c.b,
                                c.conductance / std::sinh(k),
                                k,
                                c.a,
                                c.b);
        }
    }
    for (const auto& s : netlist.sources) {
        deck += fmt::format("vs{} {} 0 {:.17g}\n", n++, s.node, s.voltage);
    }
    for (size_t j = 0; j < netlist.outputs.size(); j++) {
        deck += fmt::format("vo{} {} 0 0\n", j, netlist.outputs[j]);
    }
    // Cells without leak: gmin would add 1e-12 to each of them.
    deck +=
        ".options gmin=1e-30 reltol=1e-12 abstol=1e-18 vntol=1e-15 itl1=1000\n.control\nop\n"
        "set numdgt=16\n";
    for (size_t j = 0; j < netlist.outputs.size(); j++) {
        deck += fmt::format("print i(vo{})\n", j);
    }
    return deck + "quit\n.endc\n.end\n";
}

}  // namespace mho

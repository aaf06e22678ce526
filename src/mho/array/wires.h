// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ARRAY_WIRES_H
#define MHO_ARRAY_WIRES_H

// A crossbar as a circuit: cells between lines that have resistance. Formulas and the method:
// docs/models/wires.md. Rows are inputs (word lines), columns are outputs (bit lines), so
// conductances are `[inputs, outputs]`; units are those of the caller as long as they fit
// together, usually conductance in g_max, resistance in 1 / g_max, voltage in full input.
//
// The circuit of topology `input line`: the driver of row i sits before column 0, behind
// driver_resistance and one segment of row_resistance; a segment lies between neighbouring cells;
// the bit line of column j ends after the last row, behind one segment of column_resistance and
// sense_resistance, at zero volts.

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "mho/util/matrix.h"
#include "mho/util/reflect.h"

namespace mho {

/// Where the current of a cell comes from, and whether a column holds pairs.
enum class WireTopology {
    kInputLine,        // from the row's own line, which carries the input voltage
    kInputLinePairs,   // two lines a row, at +V and -V, share a bit line: differential cells
    kSupplyLine,       // from a supply line beside the bit line, fed before row 0; the input gates
    kSupplyLinePairs,  // two supply lines a column, at +1 and -1 volt, share a bit line
};

template <>
struct EnumNames<WireTopology> {
    static constexpr std::array<std::pair<WireTopology, std::string_view>, 4> names = {
        {{WireTopology::kInputLine, "input line"},
         {WireTopology::kInputLinePairs, "input line pairs"},
         {WireTopology::kSupplyLine, "supply line"},
         {WireTopology::kSupplyLinePairs, "supply line pairs"}}};
};

constexpr bool has_pairs(WireTopology t) {
    return t == WireTopology::kInputLinePairs || t == WireTopology::kSupplyLinePairs;
}
constexpr bool has_supply_lines(WireTopology t) {
    return t == WireTopology::kSupplyLine || t == WireTopology::kSupplyLinePairs;
}

struct WireConfig {
    WireTopology topology = WireTopology::kInputLine;
    double row_resistance = 0.0;     // per segment of a word line (or supply line)
    double column_resistance = 0.0;  // per segment of a bit line
    double driver_resistance = 0.0;  // between driver (or supply) and its first segment
    double sense_resistance = 0.0;   // between last segment and ground
    /// Whether any of them acts.
    bool acts() const {
        return row_resistance > 0 || column_resistance > 0 || driver_resistance > 0 ||
               sense_resistance > 0;
    }
};

template <>
struct Schema<WireConfig> {
    static constexpr std::string_view name = "WireConfig";
    static void fields(auto&& visit) {
        visit(field("topology",
                    &WireConfig::topology,
                    {.meaning = "where the current of a cell comes from",
                     .source = "CrossSim 3.2: gate_input, interleaved_posneg"}));
        visit(field("row_resistance",
                    &WireConfig::row_resistance,
                    {.unit = "1/g_max",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "word line, per cell",
                     .source = "badcrossbar r_i word_line; CrossSim Rp_row"}));
        visit(field("column_resistance",
                    &WireConfig::column_resistance,
                    {.unit = "1/g_max",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "bit line, per cell",
                     .source = "badcrossbar r_i bit_line; CrossSim Rp_col"}));
        visit(field("driver_resistance",
                    &WireConfig::driver_resistance,
                    {.unit = "1/g_max", .min = 0, .max = 1e6, .meaning = "driver of a word line"}));
        visit(
            field("sense_resistance",
                  &WireConfig::sense_resistance,
                  {.unit = "1/g_max", .min = 0, .max = 1e6, .meaning = "read-out of a bit line"}));
    }
};

/// Current of a cell at a voltage, and its slope (> 0 where the conductance is).
struct CellCurrent {
    double current = 0.0;
    double slope = 0.0;
};
/// I(g, V): increasing and odd in V, any units; g = 0 gives no current.
using CellLaw = std::function<CellCurrent(double conductance, double voltage)>;
/// I = g sinh(k V) / sinh(k): conductance g at full input, smaller below. k = 0: linear.
CellLaw sinh_cells(double k);

struct WireOptions {
    double tolerance = 1e-10;  // relative residual, see WireSolution
    int max_iterations = 10000;
    bool voltages = false;  // also fill voltages and balance
    CellLaw law = {};       // empty: ohmic cells
    int max_newton_steps = 60;
};

struct WireSolution {
    std::vector<double> currents;  // out of every column
    int iterations = 0;            // of the conjugate gradients, over all Newton steps
    int newton_steps = 0;          // 0 for ohmic cells
    /// |unbalanced currents| relative to the driving ones, in the norm of the bit lines (the power
    /// that they would dissipate there); with a cell law the sum of unbalanced cell currents over
    /// the sum of all.
    double residual = 0.0;
    // With WireOptions::voltages:
    std::vector<Matrix<double>> cell_voltages;  // `[rows, columns]`, of pairs first the positive
    Matrix<double> bit_voltages;
    /// Largest |current out of a column - sum of its cells| over the largest current: Kirchhoff's
    /// law for what was found, whatever way it was found.
    double balance = 0.0;
};

/// All that an array does to inputs: `[inputs, outputs]`, currents = inputs * conductance.
struct EffectiveConductances {
    Matrix<double> conductance;
    size_t solves = 0;  // min(inputs, outputs); with pairs: inputs
    size_t iterations = 0;
    double residual = 0.0;  // largest of all solves
};

/// An array with its wires, factored once and solved for many inputs.
class Wires {
  public:
    /// Conductances `[inputs, outputs]`, finite, >= 0; with pairs those of the positive and the
    /// negative cells. Throws ConfigError (below `path`) and InputError.
    Wires(const WireConfig& config,
          MatrixView<const double> conductance,
          MatrixView<const double> negative = {},
          const std::string& path = "wires");
    ~Wires();
    Wires(Wires&&) noexcept;
    Wires& operator=(Wires&&) noexcept;

    /// The exact currents for input voltages (supply topologies: gates, 0 to 1), by conjugate
    /// gradients on the bit lines, preconditioned with the bit lines' own wires; non-linear cells
    /// by Newton's method. Throws InputError for wrong sizes and numbers, Error when the tolerance
    /// is not met.
    WireSolution solve(std::span<const double> inputs, const WireOptions& options = {}) const;

    /// Input line topologies with ohmic cells are linear: as many solves as the array has rows or
    /// columns, whichever is less, and every later product is one matrix product.
    EffectiveConductances effective(size_t threads = 1, double tolerance = 1e-10) const;

    size_t rows() const;
    size_t columns() const;
    const WireConfig& config() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace mho

#endif  // MHO_ARRAY_WIRES_H

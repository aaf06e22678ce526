// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Where the wires come into a tile of circuits. Linear cells on input lines become an effective
// matrix, after which every product is one matrix product. Supply lines, whose inputs gate the
// cells, and cells whose current is not linear in the voltage have no such matrix: their circuit is
// solved for every vector and pass.

#include <algorithm>
#include <cmath>

#include "mho/array/wires_fast.h"
#include "mho/tile/crossbar_wires.h"
#include "mho/tile/sliced_tile.h"
#include "mho/util/error.h"

namespace mho {
namespace {

constexpr double kVectorTolerance = 1e-9;  // what comes out is single precision

}  // namespace

CellLaw cell_law(const Cell& cell) {
    const auto current = [cell](double g, double v) {
        return g * cell.shape(v) + cell.second(g) * v * std::abs(v) + cell.third(g) * v * v * v;
    };
    return [current](double g, double v) {
        constexpr double kStep = 1e-4;
        return CellCurrent{current(g, v),
                           (current(g, v + kStep) - current(g, v - kStep)) / (2 * kStep)};
    };
}

WireConfig lines_of(const Crossbar& crossbar) {
    const CrossbarWires& w = crossbar.wires;
    WireConfig c;
    c.topology = w.topology;
    if (crossbar.weights.interleaved) {
        c.topology = has_supply_lines(w.topology) ? WireTopology::kSupplyLinePairs
                                                  : WireTopology::kInputLinePairs;
    }
    c.row_resistance = w.row_resistance;
    c.column_resistance = w.column_resistance;
    c.driver_resistance = w.driver_resistance;
    c.sense_resistance = w.sense_resistance;
    return c;
}

bool slice_has_wires(const Crossbar& crossbar, size_t slice) {
    const std::vector<int>& ideal = crossbar.wires.ideal_slices;
    return crossbar.wires.acts() &&
           std::find(ideal.begin(), ideal.end(), static_cast<int>(slice)) == ideal.end();
}

WireConfig SlicedTile::wire_config() const {
    return lines_of(config_);
}

bool SlicedTile::has_wires(size_t slice) const {
    return slice_has_wires(config_, slice);
}

bool SlicedTile::is_solved_by_vector(size_t slice) const {
    return has_wires(slice) && (has_supply_lines(config_.wires.topology) || cell_.has_shape() ||
                                cell_.has_state_dependent_iv());
}

// Conductances of one slice and polarity, the unit column included: [inputs, columns].
Matrix<double> SlicedTile::cells_of(size_t slice, bool negative) const {
    const Matrix<float>& g = now_[pairs() ? 2 * slice + (negative ? 1 : 0) : slice];
    const std::vector<float>& unit = unit_now_[slice];
    Matrix<double> cells(inputs_, outputs_ + (unit.empty() ? 0 : 1));
    for (size_t j = 0; j < inputs_; j++) {
        for (size_t i = 0; i < cells.cols; i++) {
            cells(j, i) = i < outputs_ ? double{g(i, j)} : double{unit[j]};
        }
    }
    return cells;
}

// What the cells of a slice do at the ends of their lines, [columns, inputs]. Where a circuit is
// solved for every vector: the cells themselves.
Matrix<float> SlicedTile::behind_wires(size_t slice, bool negative) const {
    const Matrix<double> cells = cells_of(slice, negative);
    const bool interleaved = config_.weights.interleaved;
    const Matrix<double> others = interleaved ? cells_of(slice, true) : Matrix<double>();
    Matrix<double> effective = cells;
    if (!has_wires(slice) || is_solved_by_vector(slice)) {
        for (size_t k = 0; interleaved && k < effective.values.size(); k++) {
            effective.values[k] -= others.values[k];
        }
    } else if (config_.wires.mode == WireMode::kDmr) {
        effective = dmr_conductances(wire_config(), cells.view());
    } else {
        const Wires wires(wire_config(),
                          cells.view(),
                          interleaved ? others.view() : MatrixView<const double>(),
                          "crossbar.wires");
        // Single precision is what comes out: seven digits, and two more for cancellation between
        // columns.
        effective = wires.effective(1, 1e-9).conductance;
    }
    Matrix<float> out(effective.cols, inputs_);
    for (size_t i = 0; i < out.rows; i++) {
        for (size_t j = 0; j < inputs_; j++) {
            out(i, j) = static_cast<float>(effective(j, i));
        }
    }
    return out;
}

void SlicedTile::require_increasing_cells() const {
    const CellLaw law = cell_law(cell_);
    for (const double g : {config_.cell.g_min(), 0.5, 1.0}) {
        for (int k = 0; k <= 64; k++) {
            if (g > 0 && !(law(g, k / 64.0).slope > 0)) {
                throw ConfigError(
                    "crossbar.cell",
                    "behind wires the current of a cell must grow with its voltage up to the "
                    "full input; here it falls: lower cell.read_voltage_v, or set the "
                    "resistances of crossbar.wires to 0");
            }
        }
    }
}

void SlicedTile::build_circuits() {
    circuits_.clear();
    const bool is_joint = pairs() && blocks_.size() == bits_.size();
    const bool interleaved = config_.weights.interleaved;
    for (const Block& b : blocks_) {
        if (!is_solved_by_vector(b.slice)) {
            continue;
        }
        if (circuits_.empty() && (cell_.has_shape() || cell_.has_state_dependent_iv())) {
            require_increasing_cells();
        }
        const auto add = [&](bool negative, double sign) {
            Circuit c{b.first, b.width, sign, nullptr, {}};
            Matrix<double> cells = cells_of(b.slice, negative);
            if (config_.wires.mode == WireMode::kColumnRecursion) {
                c.conductance = std::move(cells);
            } else {
                const Matrix<double> others =
                    interleaved ? cells_of(b.slice, true) : Matrix<double>();
                c.wires = std::make_shared<const Wires>(
                    wire_config(),
                    cells.view(),
                    interleaved ? others.view() : MatrixView<const double>(),
                    "crossbar.wires");
            }
            circuits_.push_back(std::move(c));
        };
        add(b.sign < 0, 1.0);
        if (is_joint && !interleaved) {
            add(true, -1.0);
        }
    }
}

// Adds the currents of all circuits for one vector of voltages. A gate has no sign: negative inputs
// of supply lines are a pass of their own, which is subtracted.
void SlicedTile::add_circuit_currents(std::span<const double> voltages,
                                      std::span<double> sums) const {
    const bool supply = has_supply_lines(config_.wires.topology);
    WireOptions options;
    options.tolerance = kVectorTolerance;
    if (cell_.has_shape() || cell_.has_state_dependent_iv()) {
        options.law = cell_law(cell_);
    }
    const WireConfig wires = wire_config();
    const auto add = [&](std::span<const double> v, double sign) {
        if (std::all_of(v.begin(), v.end(), [](double x) { return x == 0; })) {
            return;
        }
        for (const Circuit& c : circuits_) {
            const std::vector<double> currents =
                c.wires != nullptr ? c.wires->solve(v, options).currents
                                   : column_recursion(wires, c.conductance.view(), v);
            for (size_t i = 0; i < c.width; i++) {
                sums[c.first + i] += sign * c.sign * currents[i];
            }
        }
    };
    if (!supply) {
        add(voltages, 1.0);
        return;
    }
    std::vector<double> part(voltages.size());
    for (const double sign : {1.0, -1.0}) {
        for (size_t j = 0; j < part.size(); j++) {
            part[j] = std::min(std::max(sign * voltages[j], 0.0), 1.0);
        }
        add(part, sign);
    }
}

}  // namespace mho

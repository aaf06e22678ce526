// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Wires of a tile whose currents are not linear in the inputs, and the fast modes.

#include <gtest/gtest.h>

#include <cmath>

#include "mho/array/wires_fast.h"
#include "mho/tile/sliced_tile.h"
#include "mho/util/error.h"

namespace mho {
namespace {

constexpr size_t kIn = 20;
constexpr size_t kOut = 7;
const TileKey kKey = make_tile_key(3, "sliced wires test");

Matrix<float> uniform(size_t rows, size_t cols, uint64_t step) {
    Matrix<float> m(rows, cols);
    fill_uniform(kKey, Stream::kTest, step, 0, m.values);
    for (float& v : m.values) {
        v = 2 * v - 1;
    }
    return m;
}

Crossbar with_wires(WireTopology topology, bool interleaved) {
    Crossbar c;
    c.enabled = true;
    c.cell.on_off_ratio = 20;
    c.input.coding = InputCoding::kAnalog;
    c.weights.interleaved = interleaved;
    c.wires.topology = topology;
    c.wires.row_resistance = 3e-3;
    c.wires.column_resistance = 2e-3;
    return c;
}

MvmCall ranged() {
    MvmCall call;
    call.range_scale = 1.0f;
    return call;
}

Matrix<float> product(const SlicedTile& tile, const Matrix<float>& x) {
    Matrix<float> y(x.rows, tile.outputs());
    MvmScratch scratch;
    tile.apply(x.view(), y.view(), ranged(), scratch);
    return y;
}

Matrix<double> cells_of(const SlicedTile& tile, size_t device) {
    const Matrix<float> g = tile.conductances_us()[device];
    Matrix<double> cells(kIn, kOut);
    for (size_t j = 0; j < kIn; j++) {
        for (size_t i = 0; i < kOut; i++) {
            cells(j, i) = double{g(i, j)} / tile.config().cell.g_max_us;
        }
    }
    return cells;
}

// The product of a tile with one slice, from the circuits of its arrays.
std::vector<double> by_circuits(const SlicedTile& tile,
                                WireConfig wires,
                                const CellLaw& law,
                                std::vector<double> v,
                                double gain) {
    WireOptions options;
    options.law = law;
    std::vector<double> sum(kOut, 0.0);
    const auto add = [&](double sign) {
        const bool pairs = has_pairs(wires.topology);
        for (size_t side = 0; side < (pairs ? 1u : 2u); side++) {
            const Matrix<double> plus = cells_of(tile, side);
            const Matrix<double> minus = cells_of(tile, 1);
            const Wires circuit(
                wires, plus.view(), pairs ? minus.view() : MatrixView<const double>());
            const std::vector<double> i = circuit.solve(v, options).currents;
            for (size_t o = 0; o < kOut; o++) {
                sum[o] += gain * sign * (side == 0 ? 1 : -1) * i[o];
            }
        }
    };
    if (!has_supply_lines(wires.topology)) {
        add(1);
        return sum;
    }
    const std::vector<double> all = v;
    for (const double sign : {1.0, -1.0}) {
        for (size_t j = 0; j < kIn; j++) {
            v[j] = std::max(sign * all[j], 0.0);
        }
        add(sign);
    }
    return sum;
}

void expect_circuit(const Crossbar& c, WireTopology topology) {
    const Matrix<float> w = uniform(kOut, kIn, 1);
    const Matrix<float> x = uniform(2, kIn, 2);
    SlicedTile tile(c, {}, kOut, kIn, kKey);
    tile.write(w.view(), 0, {}, 0);
    const Matrix<float> y = product(tile, x);
    WireConfig wires;
    wires.topology = topology;
    wires.row_resistance = 3e-3;
    wires.column_resistance = 2e-3;
    const double gain = to_states(c.weights, {c.cell.g_min(), 0}, w.view()).slices[0].gain;
    const CellLaw law = cell_law(Cell(c.cell));
    Matrix<double> reference(2, kOut);
    tile.reference(x.view(), reference.view(), ranged());
    for (size_t r = 0; r < 2; r++) {
        const std::vector<double> expected =
            by_circuits(tile, wires, law, {x.row(r), x.row(r) + kIn}, gain);
        for (size_t o = 0; o < kOut; o++) {
            EXPECT_NEAR(double{y(r, o)}, expected[o], 2e-5) << enum_name(topology) << r << o;
            EXPECT_NEAR(reference(r, o), expected[o], 2e-5) << enum_name(topology) << r << o;
        }
    }
    // Resistance takes current.
    Crossbar ideal = c;
    ideal.wires = {};
    SlicedTile without(ideal, {}, kOut, kIn, kKey);
    without.write(w.view(), 0, {}, 0);
    double lost = 0;
    const Matrix<float> all = product(without, x);
    for (size_t k = 0; k < y.values.size(); k++) {
        lost += std::abs(all.values[k]) - std::abs(y.values[k]);
    }
    EXPECT_GT(lost, 0.1);
}

TEST(SlicedWires, SupplyLinesAreSolvedForEveryVector) {
    expect_circuit(with_wires(WireTopology::kSupplyLine, false), WireTopology::kSupplyLine);
    expect_circuit(with_wires(WireTopology::kSupplyLine, true), WireTopology::kSupplyLinePairs);
}

TEST(SlicedWires, CellsThatAreNotOhmicAreSolvedForEveryVector) {
    for (const bool interleaved : {false, true}) {
        Crossbar c = with_wires(WireTopology::kInputLine, interleaved);
        c.cell.model = CubicCell{};
        c.cell.read_voltage_v = 1.0;
        expect_circuit(c, interleaved ? WireTopology::kInputLinePairs : WireTopology::kInputLine);
    }
}

TEST(SlicedWires, ColumnRecursionIsExactWithoutResistanceOfTheSupply) {
    Crossbar c = with_wires(WireTopology::kSupplyLine, false);
    c.wires.row_resistance = 0;
    const Matrix<float> w = uniform(kOut, kIn, 1);
    const Matrix<float> x = uniform(3, kIn, 2);
    SlicedTile exact(c, {}, kOut, kIn, kKey);
    exact.write(w.view(), 0, {}, 0);
    c.wires.mode = WireMode::kColumnRecursion;
    SlicedTile fast(c, {}, kOut, kIn, kKey);
    fast.write(w.view(), 0, {}, 0);
    const Matrix<float> a = product(exact, x);
    const Matrix<float> b = product(fast, x);
    for (size_t k = 0; k < a.values.size(); k++) {
        EXPECT_NEAR(a.values[k], b.values[k], 1e-5);
    }
}

TEST(SlicedWires, DualMeanResistanceIsAnEffectiveMatrix) {
    Crossbar c = with_wires(WireTopology::kInputLine, false);
    const Matrix<float> w = uniform(kOut, kIn, 1);
    const Matrix<float> x = uniform(3, kIn, 2);
    SlicedTile exact(c, {}, kOut, kIn, kKey);
    exact.write(w.view(), 0, {}, 0);
    c.wires.mode = WireMode::kDmr;
    SlicedTile fast(c, {}, kOut, kIn, kKey);
    fast.write(w.view(), 0, {}, 0);
    WireConfig wires;
    wires.row_resistance = 3e-3;
    wires.column_resistance = 2e-3;
    const Matrix<double> plus = dmr_conductances(wires, cells_of(fast, 0).view());
    const Matrix<double> minus = dmr_conductances(wires, cells_of(fast, 1).view());
    const double gain = to_states(c.weights, {c.cell.g_min(), 0}, w.view()).slices[0].gain;
    const Matrix<float> y = product(fast, x);
    const Matrix<float> solved = product(exact, x);
    for (size_t r = 0; r < 3; r++) {
        for (size_t o = 0; o < kOut; o++) {
            double sum = 0;
            for (size_t j = 0; j < kIn; j++) {
                sum += gain * double{x(r, j)} * (plus(j, o) - minus(j, o));
            }
            EXPECT_NEAR(double{y(r, o)}, sum, 1e-5);
            EXPECT_NEAR(y(r, o), solved(r, o), 0.05);
        }
    }
}

TEST(SlicedWires, RefusesWhatTheCircuitCannotBe) {
    const auto problem = [](const Crossbar& c) {
        try {
            SlicedTile tile(c, {}, kOut, kIn, kKey);
        } catch (const ConfigError& e) {
            return std::string(e.what());
        }
        return std::string("accepted");
    };
    Crossbar c = with_wires(WireTopology::kInputLinePairs, false);
    EXPECT_NE(problem(c).find("crossbar.wires.topology"), std::string::npos) << problem(c);
    c = with_wires(WireTopology::kSupplyLine, false);
    c.wires.mode = WireMode::kDmr;
    EXPECT_NE(problem(c).find("crossbar.wires.mode"), std::string::npos) << problem(c);
    c = with_wires(WireTopology::kInputLine, false);
    c.wires.mode = WireMode::kColumnRecursion;
    EXPECT_NE(problem(c).find("crossbar.wires.mode"), std::string::npos) << problem(c);
    c = with_wires(WireTopology::kInputLine, false);
    c.wires.ideal_slices = {4};
    EXPECT_NE(problem(c).find("crossbar.wires.ideal_slices[0]"), std::string::npos) << problem(c);
    c = with_wires(WireTopology::kInputLine, false);
    c.adc_range.limits = {1, 2};
    EXPECT_NE(problem(c).find("crossbar.adc_range.limits"), std::string::npos) << problem(c);
    // A current that falls with the voltage has no unique solution behind wires.
    c = with_wires(WireTopology::kInputLine, false);
    c.cell.model = CubicCell{};
    c.cell.read_voltage_v = 2.0;
    EXPECT_NE(problem(c).find("crossbar.cell"), std::string::npos) << problem(c);
}

}  // namespace
}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/array/wires.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>

#include "mho/array/wire_netlist.h"
#include "mho/array/wires_fast.h"
#include "mho/util/error.h"

namespace mho {
namespace {

constexpr double kVolts[] = {1.0, 0.5, 0.75};

Matrix<double> small_array() {
    Matrix<double> g(3, 2);
    g.values = {1, 0.5, 0.25, 0.8, 0.1, 0.4};
    return g;
}

WireConfig equal_wires(double r) {
    WireConfig c;
    c.row_resistance = r;
    c.column_resistance = r;
    return c;
}

Matrix<double> random_array(
    size_t rows, size_t columns, unsigned seed, double low = 0.01, double high = 1.0) {
    std::mt19937 generator(seed);
    std::uniform_real_distribution<double> uniform(low, high);
    Matrix<double> g(rows, columns);
    for (double& v : g.values) {
        v = uniform(generator);
    }
    return g;
}

std::vector<double> random_inputs(size_t n, unsigned seed, double low = 0.0) {
    return random_array(1, n, seed, low, 1.0).values;
}

WireOptions tight() {
    WireOptions o;
    o.tolerance = 1e-13;
    o.voltages = true;
    return o;
}

void expect_near(const std::vector<double>& got, const std::vector<double>& want, double relative) {
    ASSERT_EQ(got.size(), want.size());
    for (size_t j = 0; j < got.size(); j++) {
        EXPECT_NEAR(got[j], want[j], relative * std::abs(want[j]) + 1e-300) << "column " << j;
    }
}

// Numbers of ../shared/golden/oracles/wires.py (nodal analysis).
TEST(Wires, GoldenNumbers) {
    const struct {
        double row, column;
        std::vector<double> currents;
    } cases[] = {{1e-3, 1e-3, {1.1943323024, 1.1945562740}},
                 {1e-2, 1e-2, {1.1456672607, 1.1478171793}},
                 {1e-1, 1e-1, {0.8156306126, 0.8303695063}},
                 {1e-1, 0.0, {1.0566347746, 1.0270501458}},
                 {0.0, 1e-1, {0.8992795890, 0.9339661335}},
                 {0.0, 0.0, {1.2, 1.2}}};
    for (const auto& c : cases) {
        WireConfig config;
        config.row_resistance = c.row;
        config.column_resistance = c.column;
        const WireSolution s = Wires(config, small_array().view()).solve(kVolts, tight());
        for (size_t j = 0; j < 2; j++) {
            EXPECT_NEAR(s.currents[j], c.currents[j], 6e-11);
        }
        EXPECT_LT(s.balance, 1e-13);
        EXPECT_LE(s.residual, 1e-13);
    }
}

TEST(Wires, DmrGoldenNumbers) {
    const struct {
        double r, first, second;
    } cases[] = {{1e-3, 1.19478581, 1.19476764},
                 {1e-2, 1.14961065, 1.14942511},
                 {1e-1, 0.82441543, 0.82237384}};
    for (const auto& c : cases) {
        const Matrix<double> e = dmr_conductances(equal_wires(c.r), small_array().view());
        const auto current = [&](size_t j) {
            return kVolts[0] * e(0, j) + kVolts[1] * e(1, j) + kVolts[2] * e(2, j);
        };
        EXPECT_NEAR(current(0), c.first, 6e-9);
        EXPECT_NEAR(current(1), c.second, 6e-9);
    }
    const DmrFactors f = dmr_factors(equal_wires(1e-1), small_array().view());
    const double a[] = {0.73800738, 0.79335793, 0.88745387};
    const double b[] = {0.91223022, 0.86330935};
    for (size_t i = 0; i < 3; i++) {
        EXPECT_NEAR(f.row[i], a[i], 6e-9);
    }
    for (size_t j = 0; j < 2; j++) {
        EXPECT_NEAR(f.column[j], b[j], 6e-9);
    }
}

// Nodal analysis by direct factorisation, every topology, with and without each resistance, odd
// sizes, cells of conductance zero.
TEST(Wires, EqualsNodalAnalysis) {
    struct Case {
        size_t rows, columns;
        double row, column, driver, sense;
    };
    const Case cases[] = {{1, 1, 0.1, 0.2, 0.3, 0.4},
                          {1, 17, 1e-2, 1e-2, 0, 0},
                          {17, 1, 1e-2, 1e-2, 0, 0},
                          {9, 5, 1e-2, 3e-2, 0.05, 0.02},
                          {8, 16, 0, 1e-2, 0.1, 0},
                          {7, 20, 1e-2, 0, 0, 0.1},
                          {6, 6, 0, 0, 0.5, 0.25},
                          {13, 11, 1.0, 2.0, 0, 0},
                          {16, 16, 1e-4, 1e-5, 1e-3, 1e-3}};
    for (const WireTopology topology : {WireTopology::kInputLine,
                                        WireTopology::kInputLinePairs,
                                        WireTopology::kSupplyLine,
                                        WireTopology::kSupplyLinePairs}) {
        unsigned seed = 1;
        for (const Case& c : cases) {
            SCOPED_TRACE(testing::Message()
                         << static_cast<int>(topology) << " " << c.rows << " x " << c.columns);
            WireConfig config{topology, c.row, c.column, c.driver, c.sense};
            Matrix<double> g = random_array(c.rows, c.columns, seed);
            Matrix<double> n = random_array(c.rows, c.columns, seed + 100);
            for (size_t i = 0; i < g.values.size() && g.values.size() > 1; i += 3) {
                g.values[i] = 0;
            }
            const MatrixView<const double> negative = has_pairs(topology)
                                                          ? MatrixView<const double>(n.view())
                                                          : MatrixView<const double>();
            const std::vector<double> v =
                random_inputs(c.rows, seed + 200, has_supply_lines(topology) ? 0.0 : -1.0);
            const WireSolution s = Wires(config, g.view(), negative).solve(v, tight());
            const std::vector<double> want =
                reference_currents(wire_netlist(config, g.view(), negative, v));
            double scale = 0.0;
            for (const double w : want) {
                scale = std::max(scale, std::abs(w));
            }
            for (size_t j = 0; j < want.size(); j++) {
                EXPECT_NEAR(s.currents[j], want[j], 1e-10 * scale);
            }
            EXPECT_LT(s.balance, 1e-11);
            seed++;
        }
    }
}

TEST(Wires, EqualsNodalAnalysisAt64) {
    const Matrix<double> g = random_array(64, 64, 3);
    const std::vector<double> v = random_inputs(64, 4);
    const WireConfig config = equal_wires(1e-3);
    const WireSolution s = Wires(config, g.view()).solve(v);
    expect_near(s.currents, reference_currents(wire_netlist(config, g.view(), {}, v)), 1e-8);
    EXPECT_LE(s.iterations, 8);  // spec/peers.md 2.4: 6 from a cold start
}

// Cells that are on or off, infinite ratio, strong wires: convergence is slower and still certain.
TEST(Wires, BinaryCells) {
    Matrix<double> g = random_array(40, 33, 5);
    for (double& x : g.values) {
        x = x > 0.5 ? 1.0 : 0.0;
    }
    const std::vector<double> v = random_inputs(40, 6);
    const WireConfig config = equal_wires(1e-2);
    const WireSolution s = Wires(config, g.view()).solve(v, tight());
    expect_near(s.currents, reference_currents(wire_netlist(config, g.view(), {}, v)), 1e-10);
    EXPECT_LT(s.iterations, 60);
}

TEST(Wires, EffectiveMatrixIsWhatSolvesSay) {
    WireConfig config = equal_wires(2e-3);
    config.driver_resistance = 1e-2;
    config.sense_resistance = 3e-2;
    const size_t shapes[][2] = {{12, 20}, {20, 12}};
    for (const auto& shape : shapes) {
        const Matrix<double> g = random_array(shape[0], shape[1], 7);
        const Wires wires(config, g.view());
        const EffectiveConductances e = wires.effective(1, 1e-13);
        EXPECT_EQ(e.solves, 12U);
        const EffectiveConductances threads = wires.effective(3, 1e-13);
        EXPECT_EQ(e.conductance.values, threads.conductance.values);
        const std::vector<double> v = random_inputs(shape[0], 8, -1.0);
        const WireSolution s = wires.solve(v, tight());
        for (size_t j = 0; j < shape[1]; j++) {
            double sum = 0.0;
            for (size_t i = 0; i < shape[0]; i++) {
                sum += v[i] * e.conductance(i, j);
            }
            EXPECT_NEAR(sum, s.currents[j], 1e-12);
        }
    }
}

// Driving the bit lines' ends and shorting those of the word lines gives the transposed matrix.
TEST(Wires, Reciprocity) {
    const Matrix<double> g = random_array(14, 14, 9);
    WireConfig config = equal_wires(5e-3);
    config.column_resistance = 2e-2;
    const Matrix<double> forward = Wires(config, g.view()).effective(1, 1e-14).conductance;
    Matrix<double> turned(14, 14);
    for (size_t i = 0; i < 14; i++) {
        for (size_t j = 0; j < 14; j++) {
            turned(i, j) = g(13 - j, 13 - i);
        }
    }
    std::swap(config.row_resistance, config.column_resistance);
    const Matrix<double> back = Wires(config, turned.view()).effective(1, 1e-14).conductance;
    for (size_t i = 0; i < 14; i++) {
        for (size_t j = 0; j < 14; j++) {
            EXPECT_NEAR(forward(i, j), back(13 - j, 13 - i), 1e-14);
        }
    }
}

TEST(Wires, PairsAreTheDifferenceOnlyWithoutBitLines) {
    const Matrix<double> g = random_array(10, 8, 10);
    const Matrix<double> n = random_array(10, 8, 11);
    WireConfig config;
    config.row_resistance = 1e-2;
    const Matrix<double> plus = Wires(config, g.view()).effective(1, 1e-13).conductance;
    const Matrix<double> minus = Wires(config, n.view()).effective(1, 1e-13).conductance;
    config.topology = WireTopology::kInputLinePairs;
    const Matrix<double> pairs = Wires(config, g.view(), n.view()).effective(1, 1e-13).conductance;
    for (size_t i = 0; i < pairs.values.size(); i++) {
        EXPECT_NEAR(pairs.values[i], plus.values[i] - minus.values[i], 1e-13);
    }
    // In a shared bit line the currents cancel, so less is lost.
    config.row_resistance = 0;
    config.column_resistance = 1e-2;
    const Matrix<double> shared = Wires(config, g.view(), g.view()).effective().conductance;
    for (const double v : shared.values) {
        EXPECT_NEAR(v, 0.0, 1e-12);
    }
}

TEST(Wires, Limits) {
    const Matrix<double> g = random_array(20, 15, 12);
    const std::vector<double> v = random_inputs(20, 13);
    // r -> 0: the plain product, the loss proportional to r.
    std::vector<double> ideal(15);
    for (size_t i = 0; i < 20; i++) {
        for (size_t j = 0; j < 15; j++) {
            ideal[j] += v[i] * g(i, j);
        }
    }
    expect_near(Wires(equal_wires(0), g.view()).solve(v).currents, ideal, 1e-15);
    expect_near(Wires(equal_wires(1e-13), g.view()).solve(v, tight()).currents, ideal, 1e-10);
    double loss[2] = {};
    for (size_t k = 0; k < 2; k++) {
        const double r = k == 0 ? 1e-7 : 2e-7;
        loss[k] = ideal[3] - Wires(equal_wires(r), g.view()).solve(v, tight()).currents[3];
    }
    EXPECT_NEAR(loss[1] / loss[0], 2.0, 1e-3);
    // More resistance, less current.
    double before = ideal[14];
    for (const double r : {1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 1e3}) {
        const double now = Wires(equal_wires(r), g.view()).solve(v, tight()).currents[14];
        EXPECT_LT(now, before);
        EXPECT_GT(now, 0.0);
        before = now;
    }
    // r large, one cell: a voltage divider. Word and bit line then are one node, which costs the
    // digits of r g.
    Matrix<double> one(1, 1, 0.5);
    WireConfig config{WireTopology::kInputLine, 1e5, 2e5, 3e5, 4e5};
    const double current =
        Wires(config, one.view()).solve(std::vector<double>{2.0}, tight()).currents[0];
    EXPECT_NEAR(current * (1e6 + 2.0) / 2.0, 1.0, 1e-10);
}

double bisect_diode(double g, double k, double v, double r) {
    double low = 0.0;
    double high = v / r;
    for (int i = 0; i < 200; i++) {
        const double mid = (low + high) / 2;
        (g * std::sinh(k * (v - mid * r)) / std::sinh(k) > mid ? low : high) = mid;
    }
    return low;
}

TEST(Wires, NonLinearCells) {
    // One cell behind resistors against bisection.
    Matrix<double> one(1, 1, 0.8);
    WireConfig single{WireTopology::kInputLine, 0.1, 0.2, 0.3, 0.4};
    WireOptions options = tight();
    for (const double k : {0.5, 3.0, 10.0}) {
        options.law = sinh_cells(k);
        for (const double v : {0.2, 1.0, 3.0}) {
            const WireSolution s = Wires(single, one.view()).solve(std::vector<double>{v}, options);
            EXPECT_NEAR(s.currents[0] / bisect_diode(0.8, k, v, 1.0), 1.0, 1e-11) << k << " " << v;
            EXPECT_GT(s.newton_steps, 0);
        }
    }
    // All topologies: Kirchhoff's law with the cells' own currents.
    const Matrix<double> g = random_array(18, 13, 14);
    const Matrix<double> n = random_array(18, 13, 15);
    options.law = sinh_cells(4.0);
    for (const WireTopology topology : {WireTopology::kInputLine,
                                        WireTopology::kInputLinePairs,
                                        WireTopology::kSupplyLine,
                                        WireTopology::kSupplyLinePairs}) {
        const WireConfig config{topology, 2e-2, 1e-2, 0.0, 1e-2};
        const Wires wires(
            config,
            g.view(),
            has_pairs(topology) ? MatrixView<const double>(n.view()) : MatrixView<const double>());
        const WireSolution s = wires.solve(random_inputs(18, 16), options);
        EXPECT_LT(s.balance, 1e-11);
        EXPECT_LT(s.residual, 1e-12);
    }
    // A law that is a straight line gives what ohmic cells give.
    const Wires wires(equal_wires(1e-2), g.view());
    const std::vector<double> v = random_inputs(18, 17, -1.0);
    options.law = sinh_cells(0);
    const WireSolution straight = wires.solve(v, options);
    expect_near(straight.currents, wires.solve(v, tight()).currents, 1e-11);
}

TEST(Wires, FastModesKnowTheirError) {
    for (const double r : {1e-5, 1e-4, 5e-4}) {
        const Matrix<double> g = random_array(64, 64, 18);
        const std::vector<double> v = random_inputs(64, 19);
        const WireConfig config = equal_wires(r);
        const FastModeError e = dmr_error(config, g.view());
        const Matrix<double> fast = dmr_conductances(config, g.view());
        const WireSolution exact = Wires(config, g.view()).solve(v);
        double mean = 0.0;
        for (size_t j = 0; j < 64; j++) {
            double sum = 0.0;
            for (size_t i = 0; i < 64; i++) {
                sum += v[i] * fast(i, j);
            }
            mean += std::abs(sum / exact.currents[j] - 1.0) / 64;
        }
        // Random inputs instead of all ones: the estimate has the right size.
        EXPECT_GT(mean, e.mean / 4) << r;
        EXPECT_LT(mean, e.mean * 4) << r;
        EXPECT_GE(e.worst, e.mean);
        EXPECT_EQ(e.warnings.empty(), e.drop <= kDmrMaxDrop);
        EXPECT_TRUE(e.drop > kDmrMaxDrop || e.mean < 0.01) << e.drop;
    }
    EXPECT_FALSE(dmr_error(equal_wires(1e-2), random_array(64, 64, 20).view()).warnings.empty());
}

TEST(Wires, ColumnRecursionIsExactForIdealSupplies) {
    WireConfig config;
    config.topology = WireTopology::kSupplyLine;
    config.column_resistance = 3e-3;
    config.sense_resistance = 2e-2;
    const Matrix<double> g = random_array(50, 9, 21);
    const std::vector<double> gates = random_inputs(50, 22);
    const WireSolution exact = Wires(config, g.view()).solve(gates, tight());
    expect_near(column_recursion(config, g.view(), gates), exact.currents, 1e-12);
    EXPECT_LT(column_recursion_error(config, g.view()).worst, 1e-5);
    EXPECT_TRUE(column_recursion_error(config, g.view()).warnings.empty());
    config.row_resistance = 3e-3;
    EXPECT_FALSE(column_recursion_error(config, g.view()).warnings.empty());
}

// CrossSim's own numbers (peers of the golden oracles) at its default tolerance lie this far from
// the exact solution.
TEST(Wires, CrossSimAtItsDefaultToleranceIsCloseBy) {
    const Matrix<double> g = small_array();
    const double volts[] = {1, 0.5, 0.75};
    const struct {
        double r, first, second, farthest;
    } cases[] = {{1e-3, 1.1943050, 1.1945300, 3e-5},
                 {1e-2, 1.1457934, 1.1479403, 1.3e-4},
                 {1e-1, 0.8150795, 0.8297965, 6e-4}};
    for (const auto& c : cases) {
        const std::vector<double> exact = Wires(equal_wires(c.r), g.view()).solve(volts).currents;
        EXPECT_NEAR(exact[0], c.first, c.farthest) << c.r;
        EXPECT_NEAR(exact[1], c.second, c.farthest) << c.r;
        EXPECT_GT(std::abs(exact[0] - c.first), 1e-5) << c.r;
    }
}

TEST(Wires, Errors) {
    const Matrix<double> g = small_array();
    EXPECT_THROW(Wires(equal_wires(-1), g.view()), ConfigError);
    EXPECT_THROW(Wires(equal_wires(NAN), g.view()), ConfigError);
    EXPECT_THROW(Wires(equal_wires(0), Matrix<double>().view()), InputError);
    EXPECT_THROW(Wires(equal_wires(0), g.view(), g.view()), InputError);
    Matrix<double> bad = g;
    bad.values[1] = -1;
    EXPECT_THROW(Wires(equal_wires(0), bad.view()), InputError);
    const Wires wires(equal_wires(0.1), g.view());
    EXPECT_THROW(wires.solve(std::vector<double>{1, 2}), InputError);
    EXPECT_THROW(wires.solve(std::vector<double>{1, 2, INFINITY}), InputError);
    WireConfig supply = equal_wires(0.1);
    supply.topology = WireTopology::kSupplyLine;
    const Wires gates(supply, g.view());
    EXPECT_THROW(gates.solve(std::vector<double>{1, 2, 0}), InputError);
    EXPECT_THROW(gates.effective(), InputError);
    EXPECT_THROW(dmr_factors(supply, g.view()), ConfigError);
    EXPECT_THROW(column_recursion(equal_wires(0.1), g.view(), kVolts), ConfigError);
    EXPECT_THROW(sinh_cells(-1), InputError);
    WireOptions few;
    few.max_iterations = 1;
    few.tolerance = 1e-14;
    EXPECT_THROW(wires.solve(kVolts, few), Error);
    WireOptions falling;  // no physical cell: current falls with voltage
    falling.law = [](double c, double v) { return CellCurrent{-c * v * v * v, -3 * c * v * v}; };
    EXPECT_THROW(wires.solve(kVolts, falling), Error);
}

// Currents that ngspice finds for a deck.
std::vector<double> ngspice(const std::string& deck, size_t outputs) {
    char folder[] = "/tmp/mho-spice-XXXXXX";
    if (mkdtemp(folder) == nullptr) {
        return {};
    }
    const std::string path = std::string(folder) + "/deck.cir";
    std::ofstream(path) << deck;
    std::vector<double> currents(outputs, NAN);
    FILE* pipe = popen(("ngspice -b " + path + " 2>/dev/null").c_str(), "r");
    char line[256];
    while (pipe != nullptr && fgets(line, sizeof line, pipe) != nullptr) {
        size_t j = 0;
        double value = 0.0;
        if (sscanf(line, "i(vo%zu) = %lf", &j, &value) == 2 && j < outputs) {
            currents[j] = value;
        }
    }
    if (pipe != nullptr) {
        pclose(pipe);
    }
    std::filesystem::remove_all(folder);
    return currents;
}

TEST(Wires, EqualsNgspice) {
    if (std::system("command -v ngspice >/dev/null 2>&1") != 0) {
        GTEST_SKIP() << "ngspice is not installed";
    }
    const std::vector<double> v = random_inputs(48, 24);
    const Matrix<double> g = random_array(48, 48, 23);
    WireConfig config = equal_wires(1e-3);
    config.driver_resistance = 5e-3;
    expect_near(Wires(config, g.view()).solve(v, tight()).currents,
                ngspice(spice_deck(wire_netlist(config, g.view(), {}, v)), 48),
                1e-9);
    const Matrix<double> a = random_array(12, 12, 25);
    const Matrix<double> b = random_array(12, 12, 26);
    const std::vector<double> gates = random_inputs(12, 27);
    WireOptions options = tight();
    options.law = sinh_cells(3.0);
    for (const WireTopology topology : {WireTopology::kInputLine, WireTopology::kSupplyLinePairs}) {
        config.topology = topology;
        const MatrixView<const double> negative =
            has_pairs(topology) ? MatrixView<const double>(b.view()) : MatrixView<const double>();
        expect_near(Wires(config, a.view(), negative).solve(gates, options).currents,
                    ngspice(spice_deck(wire_netlist(config, a.view(), negative, gates), 3.0), 12),
                    1e-8);
    }
}

}  // namespace
}  // namespace mho

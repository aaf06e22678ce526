// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/cell.h"

#include <gtest/gtest.h>

#include <cmath>

#include "mho/device/read_disturb.h"
#include "mho/device/sonos.h"
#include "mho/util/error.h"

namespace mho {
namespace {

const TileKey kKey = make_tile_key(3, "cell test");
constexpr double kDay = 86400.0;

CellConfig cell_of(CellModel model, double g_max_us, double on_off = 0) {
    CellConfig c;
    c.model = std::move(model);
    c.g_max_us = g_max_us;
    c.on_off_ratio = on_off;
    return c;
}

struct Moments {
    double mean = 0;
    double std = 0;
};

constexpr size_t kCells = 40000;

Moments measure(const Cell& cell, double state, double t_s) {
    const std::vector<float> states(kCells, static_cast<float>(state));
    std::vector<float> g(kCells);
    cell.write(states, t_s, {}, kKey, 0, 0, g);
    Moments m;
    for (const float v : g) {
        m.mean += double{v} / kCells;
    }
    for (const float v : g) {
        m.std += (double{v} - m.mean) * (double{v} - m.mean) / kCells;
    }
    m.std = std::sqrt(m.std);
    return m;
}

// Golden numbers: golden/oracles/device_sigma.py.
TEST(Cell, GoldenProgrammingErrors) {
    const auto check = [](const Cell& cell,
                          double scale,
                          const std::vector<double>& at,
                          const std::vector<double>& golden) {
        for (size_t i = 0; i < at.size(); i++) {
            EXPECT_NEAR(cell.programming_std(at[i] / scale, 0) * scale, golden[i], 6e-6);
        }
    };
    check(Cell(cell_of(PcmJoshiCell{}, 25)),
          25,
          {0, 1, 5, 10, 20, 25},
          {0.28639, 0.36046, 0.62098, 0.86619, 1.08846, 1.06552});
    check(Cell(cell_of(RramWanCell{}, 39.26)),
          39.26,
          {0, 5, 10, 20, 30, 39.26},
          {1.05300, 1.96745, 2.41360, 2.36180, 1.81920, 1.68064});
    check(Cell(cell_of(RramMiloCell{}, 225, 4.5)),
          225,
          {50, 100, 150, 225},
          {4.32697, 3.87162, 3.41627, 2.73325});
}

TEST(Cell, GoldenSonos) {
    const std::vector<double> at = {50, 200, 800, 1800};
    const std::vector<double> fresh = {4.911, 13.491, 19.674, 19.886};
    const std::vector<double> day5 = {7.409, 21.400, 33.849, 34.573};
    const std::vector<double> read = {2.606, 7.610, 12.273, 12.577};
    const Cell cell(cell_of(SonosCell{1800}, 100));
    for (size_t i = 0; i < at.size(); i++) {
        EXPECT_NEAR(sonos_std_na(at[i], 0), fresh[i], 6e-4);
        EXPECT_NEAR(cell.programming_std(at[i] / 1800, 5 * kDay) * 1800, day5[i], 6e-4);
        EXPECT_NEAR(cell.read_std(at[i] / 1800) * 1800, read[i], 6e-4);
    }
    // golden/oracles/compare_crosssim.py: mean change of the current, nA, after 1 to 5 days.
    const std::vector<double> currents = {0, 50, 100, 200, 400, 800, 1200, 1600, 1800};
    const std::vector<std::vector<double>> shift = {
        {0.17, 1.70, 1.74, 1.01, 0.62, -3.83, -7.31, -11.53, -10.32},
        {0.25, 2.19, 2.43, 1.52, -0.07, -8.00, -15.07, -22.37, -21.00},
        {-0.02, 2.96, 3.62, 2.97, 0.82, -9.31, -18.27, -26.91, -28.80},
        {0.04, 3.11, 3.62, 2.30, -1.55, -13.89, -26.03, -38.27, -42.11},
        {0.32, 3.55, 4.12, 2.64, -1.47, -15.17, -28.54, -40.70, -43.40}};
    for (size_t day = 1; day <= shift.size(); day++) {
        for (size_t i = 0; i < currents.size(); i++) {
            EXPECT_NEAR(
                sonos_shift_na(currents[i], static_cast<double>(day)), shift[day - 1][i], 1e-9)
                << day << " days, " << currents[i] << " nA";
        }
    }
    EXPECT_NEAR(sonos_shift_na(200, 2.5), (1.52 + 2.97) / 2, 1e-9);
    EXPECT_NEAR(sonos_shift_na(800, 0.5), -3.83 / 2, 1e-9);
    // Shape-preserving: no value between two points leaves them.
    for (double i = 400; i <= 800; i += 10) {
        EXPECT_LE(sonos_shift_na(i, 3), 0.82 + 1e-9);
        EXPECT_GE(sonos_shift_na(i, 3), -9.31 - 1e-9);
    }
    EXPECT_THROW(cell.require_time(6 * kDay), InputError);
    EXPECT_THROW(Cell(cell_of(SonosCell{3200}, 100)).require_time(kDay), InputError);
    EXPECT_NO_THROW(Cell(cell_of(SonosCell{3200}, 100)).require_time(0));
}

TEST(Cell, SwitchesOfReadNoiseAndIvCurve) {
    CellConfig milo = cell_of(RramMiloCell{}, 225, 4.5);
    EXPECT_TRUE(Cell(milo).has_state_dependent_iv());
    milo.ohmic = true;
    EXPECT_FALSE(Cell(milo).has_state_dependent_iv());
    CellConfig cubic = cell_of(CubicCell{}, 100);
    EXPECT_NE(Cell(cubic).shape(1.0), 1.0);
    cubic.ohmic = true;
    EXPECT_FALSE(Cell(cubic).has_shape());
    EXPECT_EQ(Cell(cubic).shape(1.0), 1.0);
    CellConfig sonos = cell_of(SonosCell{1600}, 100);
    EXPECT_TRUE(Cell(sonos).has_read_noise());
    sonos.read_noise = false;
    EXPECT_FALSE(Cell(sonos).has_read_noise());
}

TEST(Cell, TablesAreNotExtrapolated) {
    TableCell table;
    table.state_us = {0, 50, 100};
    EXPECT_NO_THROW(Cell(cell_of(table, 100)));
    EXPECT_THROW(Cell(cell_of(table, 200)), ConfigError);
}

// Mean and spread of many cells, six standard errors each.
TEST(Cell, DistributionsFollowTheirLaws) {
    std::vector<std::pair<CellConfig, double>> cases = {{cell_of(PcmJoshiCell{}, 25), 0},
                                                        {cell_of(RramWanCell{}, 39), 0},
                                                        {cell_of(RramMiloCell{}, 225, 4.5), 0},
                                                        {cell_of(SonosCell{1600}, 100), 3 * kDay}};
    for (const auto shape : {ErrorShape::kNormal, ErrorShape::kUniform}) {
        for (const auto dependence : {ErrorDependence::kIndependent,
                                      ErrorDependence::kProportional,
                                      ErrorDependence::kInverse}) {
            GenericCell g;
            g.shape = shape;
            g.dependence = dependence;
            g.programming = 0.03;
            g.drift_nu = 0.05;
            cases.push_back({cell_of(g, 100), 0});
        }
    }
    for (const auto& [config, t] : cases) {
        const Cell cell(config);
        const Moments m = measure(cell, 0.6, t);
        const double std = cell.programming_std(0.6, t);
        EXPECT_NEAR(m.mean, cell.mean(0.6, t), 6 * std / std::sqrt(double{kCells}))
            << model_name(config.model);
        EXPECT_NEAR(m.std / std, 1, 6 / std::sqrt(2.0 * kCells)) << model_name(config.model);
    }
}

TEST(Cell, LogNormalAndInverseErrors) {
    GenericCell g;
    g.shape = ErrorShape::kLogNormal;
    g.programming = 0.1;
    const Cell cell(cell_of(g, 100));
    const std::vector<float> states(kCells, 0.5f);
    std::vector<float> out(kCells);
    cell.write(states, 0, {}, kKey, 0, 0, out);
    double mean_log = 0;
    double square = 0;
    for (const float v : out) {
        mean_log += std::log(double{v} / 0.5) / kCells;
        square += std::pow(std::log(double{v} / 0.5), 2) / kCells;
    }
    EXPECT_NEAR(mean_log, 0, 6 * 0.1 / std::sqrt(double{kCells}));
    EXPECT_NEAR(std::sqrt(square) / 0.1, 1, 6 / std::sqrt(2.0 * kCells));
    GenericCell inverse;
    inverse.dependence = ErrorDependence::kInverse;
    const Cell zero(cell_of(inverse, 100));
    EXPECT_EQ(zero.reference(0.0, 0, 2.0, 0), 0.0);  // nothing to divide by: zero stays
}

TEST(Cell, DriftIsAPowerOfTime) {
    GenericCell g;
    g.programming = 0;
    g.drift_nu = 0.06;
    const Cell cell(cell_of(g, 100));
    EXPECT_NEAR(cell.reference(0.8, 1e4, 0, 0), 0.8 * std::pow(1e4, -0.06), 1e-12);
    EXPECT_NEAR(cell.reference(0.8, 0.5, 0, 0), 0.8, 1e-12);
    g.drift_nu_std = 0.01;
    const Cell spread(cell_of(g, 100));
    EXPECT_NEAR(spread.reference(0.8, 1e4, 0, 2), 0.8 * std::pow(1e4, -0.08), 1e-12);
    EXPECT_THROW(cell.require_time(-1), InputError);
}

TEST(Cell, TableInterpolatesItsColumns) {
    TableCell t;
    t.state_us = {0, 50, 100};
    t.mean_us = {1, 49, 97};
    t.std_us = {1, 2, 3};
    t.nu = {0.1, 0.05, 0.0};
    t.read_us = {0, 1, 1};
    t.voltage_v = {0, 0.1, 0.2};
    t.current = {0, 1, 3};
    const Cell cell(cell_of(t, 100));
    EXPECT_NEAR(cell.mean(0.5, 0), 0.49, 1e-12);
    EXPECT_NEAR(cell.mean(0.5, 100), 0.49 * std::pow(100, -0.05), 1e-12);
    EXPECT_NEAR(cell.programming_std(1.0, 0), 0.03, 1e-12);
    EXPECT_NEAR(cell.read_std(0.5), 0.01, 1e-12);
    EXPECT_TRUE(cell.has_read_noise());
    EXPECT_NEAR(cell.shape(1.0), 1.0, 1e-12);
    EXPECT_NEAR(cell.shape(-0.5), -1.0 / 3, 1e-12);
    t.current = {0, 1};
    EXPECT_THROW(Cell(cell_of(t, 100)), ConfigError);
    t.current = {0, 1, 3};
    CellConfig far = cell_of(t, 100);
    far.read_voltage_v = 0.3;
    EXPECT_THROW(Cell{far}, ConfigError);
}

TEST(Cell, CurrentVoltageCurves) {
    CellConfig milo = cell_of(RramMiloCell{}, 225, 4.5);
    milo.read_voltage_v = 0.3;
    const Cell cell(milo);
    EXPECT_TRUE(cell.has_state_dependent_iv());
    // I = G V + NL2 V^2 + NL3 V^3 at 100 uS (L = -4) and full input.
    const double nl2 = 1.388e-4 * -64 + 1.541e-3 * 16 + 5.711e-3 * -4 + 7.063e-3;
    const double nl3 = 8.871e-5 * 16 + 6.7919e-4 * -4 + 1.2968e-3;
    EXPECT_NEAR(cell.second(100.0 / 225), nl2 * 0.3 / 225e-6, 1e-9);
    EXPECT_NEAR(cell.third(100.0 / 225), nl3 * 0.09 / 225e-6, 1e-9);
    EXPECT_EQ(cell.second(0.0), 0.0);
    CellConfig cubic = cell_of(CubicCell{}, 100);
    cubic.read_voltage_v = 1;
    EXPECT_NEAR(Cell(cubic).shape(0.5), 0.5 - 0.25 * 0.125, 1e-12);
}

TEST(Cell, RefusesWhatThePapersDidNotMeasure) {
    EXPECT_THROW(Cell(cell_of(PcmJoshiCell{}, 26)), ConfigError);
    EXPECT_THROW(Cell(cell_of(RramWanCell{}, 40)), ConfigError);
    EXPECT_THROW(Cell(cell_of(RramMiloCell{}, 225)), ConfigError);
    EXPECT_THROW(Cell(cell_of(IdealCell{}, 100, 0.5)), ConfigError);
}

TEST(Cell, WearMovesTheStatesApartAlongTheirLaws) {
    CellConfig c = cell_of(IdealCell{}, 100, 10);
    c.endurance.low_resistance = {.p0 = 1e4, .p1 = 0.05, .p2 = 0, .p3 = 1, .sudden = false};
    c.endurance.cell_nm = 10;  // exponent 0.5: threshold 1e4 e^0.5, half a decade per decade
    c.endurance.amount = 1e4;
    EXPECT_NEAR(Cell(c).reference(1.0, 0, 0, 0), 1.0, 1e-12);
    c.endurance.amount = 1e6 * std::exp(0.5);
    EXPECT_NEAR(Cell(c).reference(1.0, 0, 0, 0), std::pow(10, -0.5 * 2), 1e-12);
    EXPECT_NEAR(Cell(c).reference(0.1, 0, 0, 0), 0.1, 1e-12);  // the off state has no law
    c.endurance.low_resistance.sudden = true;
    EXPECT_NEAR(Cell(c).reference(1.0, 0, 0, 0), std::pow(10, -0.5), 1e-12);
    CellConfig r = cell_of(IdealCell{}, 100, 10);
    r.retention.high_resistance = {.p0 = 100, .p1 = -0.05, .p2 = 0, .p3 = 1, .sudden = false};
    const double t = 100 * std::exp(-0.5) * 1e4;
    EXPECT_NEAR(Cell(r).reference(0.1, t, 0, 0), 0.1 * std::pow(10, 0.5 * 4), 1e-9);
}

// Golden numbers: golden/oracles/read_disturb.py.
TEST(ReadDisturb, GoldenTransitionTimes) {
    const auto check = [](double volt, double cycles, double golden) {
        EXPECT_NEAR(read_disturb_transition_s(volt, cycles, 300) / golden, 1, 6e-3);
    };
    check(0.1, 0, 1.64e7);
    check(0.2, 0, 102);
    check(0.4, 0, 0.241e-3);
    check(0.1, 1000, 1.08e5);
    check(0.2, 1000, 3.83);
    check(0.4, 1000, 59.4e-6);
    EXPECT_THROW(read_disturb_transition_s(0.2, 1.5e6, 300), InputError);
    EXPECT_EQ(read_disturb_factor(50, 0.2, 0, 300), 1.0);
    const double p = read_disturb_exponent(0.2, 300);
    const double t = read_disturb_transition_s(0.2, 0, 300);
    EXPECT_NEAR(read_disturb_factor(10 * t, 0.2, 0, 300), std::pow(10, -p), 1e-12);
}

TEST(ReadDisturb, RefreshHoldsTheState) {
    ReadDisturb d;
    d.enabled = true;
    d.read_time_s = 1e-6;
    d.reads_per_s = 1e6;  // always under stress
    const double transition = read_disturb_transition_s(0.2, 0, 300);
    EXPECT_LT(disturbed_state(d, 0.2, 1e4).factor, 0.95);
    EXPECT_EQ(disturbed_state(d, 0.2, 0.9 * transition).factor, 1.0);
    d.refresh = RefreshPolicy::kPerCell;
    d.tolerance = 0.02;
    const DisturbedState per_cell = disturbed_state(d, 0.2, 1e4);
    EXPECT_GE(per_cell.factor, 0.98 - 1e-9);
    EXPECT_GT(per_cell.refreshes, 1);
    d.refresh = RefreshPolicy::kAll;
    const DisturbedState all = disturbed_state(d, 0.2, 1e4);
    EXPECT_EQ(all.factor, 1.0);
    EXPECT_GT(all.refreshes, per_cell.refreshes);
    d.refresh_reads = 1;
    EXPECT_THROW(disturbed_state(d, 0.2, 1e4), InputError);  // 10 billion refreshes
    CellConfig c = cell_of(IdealCell{}, 100, 10);
    c.read_disturb = d;
    c.read_disturb.refresh = RefreshPolicy::kNone;
    const Cell cell(c);
    EXPECT_LT(cell.reference(1.0, 1e4, 0, 0), 0.95);
    EXPECT_NEAR(cell.reference(0.2, 1e4, 0, 0), 0.2, 1e-12);  // high resistance: untouched
}

TEST(Cell, SwitchesAndKeysNameTheDraws) {
    const Cell cell(cell_of(PcmJoshiCell{}, 25));
    const std::vector<float> states(100, 0.5f);
    std::vector<float> a(100), b(100), part(40);
    cell.write(states, 0, {.programming = false}, kKey, 0, 0, a);
    EXPECT_EQ(a, states);
    cell.write(states, 0, {}, kKey, 0, 0, a);
    cell.write(states, 0, {}, kKey, 1, 0, b);
    EXPECT_NE(a, b);
    cell.write(std::span(states).subspan(60), 0, {}, kKey, 0, 60, part);
    EXPECT_TRUE(std::equal(part.begin(), part.end(), a.begin() + 60));
}

}  // namespace
}  // namespace mho

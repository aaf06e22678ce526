// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/memristor.h"

#include <gtest/gtest.h>

#include <cmath>

#include "mho/util/error.h"

namespace mho {
namespace {

// Standard definitions; other tools have misplaced brackets.
TEST(Memristor, WindowsVanishAtTheEnds) {
    for (const int p : {1, 2, 5}) {
        EXPECT_EQ(window_value(Window::kJoglekar, 0, 1, p), 0.0);
        EXPECT_EQ(window_value(Window::kJoglekar, 1, 1, p), 0.0);
        EXPECT_EQ(window_value(Window::kJoglekar, 0.5, 1, p), 1.0);
        EXPECT_EQ(window_value(Window::kBiolek, 1, 1, p), 0.0);
        EXPECT_EQ(window_value(Window::kBiolek, 0, -1, p), 0.0);
        EXPECT_EQ(window_value(Window::kBiolek, 0, 1, p), 1.0);
        EXPECT_EQ(window_value(Window::kProdromakis, 0, 1, p), 0.0);
        EXPECT_EQ(window_value(Window::kProdromakis, 1, 1, p), 0.0);
        EXPECT_GT(window_value(Window::kProdromakis, 0.5, 1, p), 0.0);
    }
}

// Without a window, x' = k / (R_on x + R_off (1 - x)) has the integral
// R_off x - (R_off - R_on) x^2 / 2 = k t.
TEST(Memristor, LinearDriftFollowsItsIntegral) {
    LinearIonDrift m;
    m.window = Window::kNone;
    MemristorCell cell(m, 0.1);
    const double volt = 1.0;
    const double k = m.mobility * m.r_on_ohm / (m.length_m * m.length_m) * volt;
    const auto integral = [&](double x) {
        return m.r_off_ohm * x - (m.r_off_ohm - m.r_on_ohm) * x * x / 2;
    };
    const double before = integral(cell.state());
    cell.apply(volt, 0.3, 1e-5);
    EXPECT_NEAR((integral(cell.state()) - before) / (k * 0.3), 1, 1e-3);
    const double state = cell.state();
    cell.apply(0.5, 10.0);  // below the threshold
    EXPECT_EQ(cell.state(), state);
}

TEST(Memristor, VteamMovesLinearlyBeyondItsThresholds) {
    Vteam m;
    MemristorCell cell(m, 0.5 * m.length_m);
    cell.apply(0.04, 1e-7, 1e-9);
    EXPECT_NEAR(cell.state(), 0.5 * m.length_m + 5e-4 * 1e-7, 1e-15);
    const double state = cell.state();
    cell.apply(0.01, 1e-3, 1e-5);
    EXPECT_EQ(cell.state(), state);
    cell.apply(-0.4, 1.0, 1e-3);
    EXPECT_EQ(cell.state(), 0.0);  // stays in its range
    EXPECT_NEAR(cell.conductance_s(), 1.0 / 50, 1e-12);
}

TEST(Memristor, HysteresisIsPinchedAndOpens) {
    MemristorCell cell(StanfordPku{}, 1.2e-9);
    std::vector<double> volts;
    for (int i = 0; i <= 400; i++) {
        volts.push_back(1.8 * std::sin(2 * 3.14159265358979 * i / 400.0));
    }
    const std::vector<double> i = hysteresis(cell, volts, 1e-9);
    EXPECT_EQ(i[0], 0.0);
    // More current on the way down than on the way up at the same voltage: the cell has been set.
    EXPECT_GT(i[150], i[50] * 1.5);
}

TEST(Memristor, ProgrammingLoopsEnd) {
    MemristorCell cell(LinearIonDrift{}, 0.2);
    const ProgrammingResult good = program_to(cell, 1.0 / 6000, 1.0, 1e-3);
    EXPECT_TRUE(good.converged);
    EXPECT_NEAR(good.conductance_s * 6000, 1, 0.02);
    const ProgrammingResult never = program_to(cell, 1.0, 1.0, 1e-3, 0.02, 50);
    EXPECT_FALSE(never.converged);
    EXPECT_EQ(never.pulses, 50);
}

TEST(Memristor, RefusesNonsense) {
    EXPECT_THROW(MemristorCell(LinearIonDrift{}, 1.5), InputError);
    LinearIonDrift m;
    m.r_off_ohm = 1;
    EXPECT_THROW(MemristorCell(m, 0.5), ConfigError);
    MemristorCell cell(LinearIonDrift{}, 0.5);
    EXPECT_THROW(cell.apply(1.0, -1.0), InputError);
    EXPECT_THROW(cell.apply(1.0, 1e9, 1e-9), InputError);
    EXPECT_THROW(program_to(cell, 0.0, 1.0, 1e-3), InputError);
}

}  // namespace
}  // namespace mho

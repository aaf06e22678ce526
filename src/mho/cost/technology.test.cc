// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cost/technology.h"

#include <gtest/gtest.h>

#include "mho/util/error.h"

namespace mho::cost {
namespace {

TEST(Technology, AreaFactorsOfThePublishedTable) {
    // Stillmaker and Baas 2017.
    EXPECT_DOUBLE_EQ(area_scaling(32, 7), 0.13);
    EXPECT_DOUBLE_EQ(area_scaling(65, 20), 0.14);
    EXPECT_DOUBLE_EQ(area_scaling(7, 130), 110);
    EXPECT_DOUBLE_EQ(area_scaling(28, 28), 1);
}

TEST(Technology, EnergyAtTheSameNodeDoesNotChange) {
    for (const double node : {130.0, 65.0, 28.0, 7.0, 5.0}) {
        EXPECT_DOUBLE_EQ(energy_scaling(node, node, 0.8), 1.0);
    }
}

TEST(Technology, EnergyPolynomialOfTwoNodes) {
    // 32 nm: 0.9559 V^2 - 0.7823 V + 0.471; 7 nm: 0.1776 V^2 - 0.09097 V + 0.02447; at 0.8 V.
    EXPECT_NEAR(energy_scaling(32, 7, 0.8), 0.065358 / 0.456936, 1e-9);
}

TEST(Technology, SmallerNodesCostLess) {
    double last_area = 1e9;
    double last_energy = 1e9;
    for (const double node : {130.0, 100.0, 65.0, 50.0, 32.0, 28.0, 22.0, 16.0, 10.0, 7.0, 3.0}) {
        const double area = area_scaling(130, node);
        const double energy = energy_scaling(130, node, 0.8);
        EXPECT_LT(area, last_area) << node;
        EXPECT_LT(energy, last_energy) << node;
        last_area = area;
        last_energy = energy;
    }
}

TEST(Technology, SupplyVoltages) {
    EXPECT_DOUBLE_EQ(nominal_supply_v(22), 0.85);
    EXPECT_DOUBLE_EQ(nominal_supply_v(1), 0.6);
    EXPECT_DOUBLE_EQ(nominal_supply_v(130), 1.3);
    EXPECT_NEAR(nominal_supply_v(27), 0.875, 1e-12);
}

TEST(Technology, NodesOutsideAreRefused) {
    EXPECT_THROW(nominal_supply_v(180), ConfigError);
    EXPECT_THROW(area_scaling(0.5, 7), ConfigError);
    EXPECT_THROW(energy_scaling(32, -1, 0.8), ConfigError);
}

}  // namespace
}  // namespace mho::cost

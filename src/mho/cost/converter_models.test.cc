// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cost/converter_models.h"

#include <gtest/gtest.h>

#include "mho/util/error.h"

namespace mho::cost {
namespace {

TEST(ConverterModels, MurmannRegressionWithFullCoefficients) {
    // hwcomponents-adc, computed by the oracle adc_regression.py: the rounded coefficients agree
    // within 0.01 %.
    struct Case {
        double bits, node_nm, rate_hz, energy_pj, area_um2;
    };
    for (const Case& c : {Case{4, 7, 1e8, 0.053045, 307.82},
                          Case{8, 32, 1e8, 1.71375, 3938.9},
                          Case{8, 22, 1e9, 0.84725, 3333.9},
                          Case{6, 65, 1e7, 4.03648, 6786.6}}) {
        EXPECT_NEAR(murmann_energy_pj(c.bits, c.node_nm, c.rate_hz) / c.energy_pj, 1, 1.5e-4);
        EXPECT_NEAR(murmann_area_um2(c.bits, c.node_nm, c.rate_hz) / c.area_um2, 1, 1.5e-4);
    }
}

TEST(ConverterModels, MurmannTableOfEnergyAndArea) {
    // Energy and area at 1e8 conversions per second over bits and node, three digits.
    const double nodes[] = {7, 22, 32, 65};
    const double bits[] = {4, 6, 8, 10};
    const double energy[4][4] = {{0.053, 0.457, 0.924, 3.50},
                                 {0.061, 0.527, 1.07, 4.04},
                                 {0.098, 0.847, 1.71, 6.49},
                                 {0.190, 1.64, 3.31, 12.5}};
    const double area[4][4] = {{308, 1828, 3274, 9860},
                               {321, 1907, 3417, 10289},
                               {370, 2199, 3939, 11862},
                               {451, 2678, 4796, 14443}};
    for (int b = 0; b < 4; b++) {
        for (int n = 0; n < 4; n++) {
            EXPECT_NEAR(murmann_energy_pj(bits[b], nodes[n], 1e8) / energy[b][n], 1, 0.01);
            EXPECT_NEAR(murmann_area_um2(bits[b], nodes[n], 1e8) / area[b][n], 1, 0.002);
        }
    }
    EXPECT_NEAR(murmann_energy_pj(10, 32, 1e9) / murmann_energy_pj(10, 32, 1e8), 4.2, 0.05);
}

TEST(ConverterModels, NeurosimSar) {
    // 22 nm, 8 bit, a column of 100 kOhm: (0.538 x 8 + 4.3753 + 0.7234) uW x 9 ns = 85 fJ.
    EXPECT_NEAR(neurosim_sar_energy_pj(8, 22, 1e5, 300), 0.0846, 0.0003);
    EXPECT_NEAR(neurosim_sar_energy_pj(8, 22, 1e4, 300), 0.1432, 0.0003);
    // The fits at their own nodes; a warm chip takes 1.3e-3 more per kelvin.
    EXPECT_NEAR(neurosim_sar_energy_pj(8, 65, 1e12, 300), (3.7506 * 8 + 25.844) * 9e-3, 1e-6);
    EXPECT_NEAR(neurosim_sar_energy_pj(8, 7, 1e12, 300), (0.1061 * 8 + 0.8847) * 9e-3, 1e-6);
    EXPECT_NEAR(neurosim_sar_energy_pj(8, 22, 1e5, 400) / neurosim_sar_energy_pj(8, 22, 1e5, 300),
                1.13,
                1e-12);
    const double between = neurosim_sar_energy_pj(8, 32, 1e12, 300);
    EXPECT_GT(between, neurosim_sar_energy_pj(8, 22, 1e12, 300));
    EXPECT_LT(between, neurosim_sar_energy_pj(8, 65, 1e12, 300));
    EXPECT_THROW(neurosim_sar_energy_pj(8, 90, 1e5, 300), ConfigError);
}

TEST(ConverterModels, ZigzagClosedForms) {
    // 256 rows, 8 bit, 28 nm, 0.9 V: 0.70 pJ, 2085 um2, 18.5 ns.
    EXPECT_NEAR(zigzag_adc_energy_pj(8, 0.9), 0.701, 0.0005);
    EXPECT_NEAR(zigzag_adc_area_um2(8), 2085, 1);
    EXPECT_NEAR(zigzag_adc_delay_ns(8, 256), 18.49, 0.01);
    EXPECT_DOUBLE_EQ(zigzag_dac_energy_pj(8, 0.9), 50 * 8 * 0.81e-3);
    EXPECT_EQ(zigzag_dac_energy_pj(1, 0.9), 0);
}

TEST(ConverterModels, NodesCarryValueFormulaAndSource) {
    const AdcModel models[] = {MurmannAdc{}, NeurosimSarAdc{}, ZigzagAdc{}, TableAdc{}};
    for (const AdcModel& model : models) {
        const ConverterCost c = adc_cost(model, {}, "test");
        for (const Node* n : {&c.energy, &c.latency, &c.area}) {
            EXPECT_GT(n->value, 0) << adc_name(model) << " " << n->name;
            EXPECT_FALSE(n->formula.empty()) << adc_name(model) << " " << n->name;
            EXPECT_TRUE(!n->source.empty() || !n->parts.empty()) << adc_name(model) << n->name;
        }
    }
}

TEST(ConverterModels, IsaacTableAtItsNodeAndScaled) {
    ConverterPlace place;
    place.node_nm = 32;
    ConverterCost c = adc_cost(TableAdc{}, place, "");
    EXPECT_DOUBLE_EQ(c.energy.value, 1.67);
    EXPECT_DOUBLE_EQ(c.area.value, 1200);
    EXPECT_TRUE(c.warnings.empty());
    place.node_nm = 7;
    c = adc_cost(TableAdc{}, place, "");
    EXPECT_DOUBLE_EQ(c.area.value, 1200 * 0.13);
    EXPECT_LT(c.energy.value, 1.67);
}

TEST(ConverterModels, TablesTakeTheNextEntryAndSaySo) {
    TableAdc table{32, {{6, 1.26 * 8, 8, 580}, {10, 6.92 * 8, 8, 1600}}};
    ConverterPlace place;
    place.node_nm = 32;
    place.bits = 8;
    ConverterCost c = adc_cost(table, place, "a table");
    EXPECT_DOUBLE_EQ(c.area.value, 1600);
    ASSERT_EQ(c.warnings.size(), 1u);
    EXPECT_EQ(c.energy.source, "a table");
    place.bits = 12;
    c = adc_cost(table, place, "a table");
    EXPECT_DOUBLE_EQ(c.area.value, 1600);
    EXPECT_EQ(c.warnings.size(), 1u);
    place.bits = 3;
    EXPECT_EQ(adc_cost(MurmannAdc{}, place, "").warnings.size(), 1u);
}

TEST(ConverterModels, DacOfMnsimCountsItsPowerOverTheRead) {
    ConverterPlace place;
    place.node_nm = 45;
    place.bits = 1;
    place.driven_ns = 10;
    const ConverterCost c = dac_cost(TableDac{45, {{1, 0, 3.9, 0.166}}}, place, "MNSIM 2.0");
    EXPECT_DOUBLE_EQ(c.energy.value, 3.9 * 10 * 1e-3);
    EXPECT_DOUBLE_EQ(c.area.value, 0.166);
}

TEST(ConverterModels, BadPlacesAreRefused) {
    ConverterPlace place;
    place.bits = 0;
    EXPECT_THROW(adc_cost(MurmannAdc{}, place, ""), ConfigError);
    place = {};
    place.column_resistance_ohm = 0;
    EXPECT_THROW(adc_cost(NeurosimSarAdc{}, place, ""), ConfigError);
}

}  // namespace
}  // namespace mho::cost

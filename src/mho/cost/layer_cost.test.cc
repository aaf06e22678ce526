// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cost/layer_cost.h"

#include <gtest/gtest.h>

#include <cmath>

#include "mho/cost/technology.h"
#include "mho/util/error.h"

namespace mho::cost {
namespace {

// Two lines, three vectors; conductances 10 and 20 uS.
LayerActivity two_lines() {
    Activity a;
    a.vectors = 3;
    a.full_scale = 7;
    a.codes = {7, 14};
    a.squares = {49, 98};
    a.bits = {3, 6};
    a.driven = {1, 2};
    return {{a}, {{10, 20}}};
}

LayerWork work_of(const LayerActivity& activity) {
    LayerWork w;
    w.name = "fc";
    w.mapping.rows = 2;
    w.mapping.columns = 4;
    w.mapping.tile_rows = 2;
    w.mapping.tile_columns = 4;
    w.mapping.columns_per_adc = 2;
    w.mapping.input_bits = 4;
    w.activity = &activity;
    w.samples = 1;
    w.vectors = 3;
    w.input_numbers = 6;
    w.output_numbers = 12;
    return w;
}

double part(const Node& node, const std::string& name) {
    const Node* found = find(node, name);
    EXPECT_NE(found, nullptr) << name;
    return found == nullptr ? 0.0 : found->value;
}

TEST(LayerCost, CellsTakeJouleHeatOfTheValuesThatWereSimulated) {
    const LayerActivity activity = two_lines();
    CostSpec spec;
    spec.config.array.read_voltage_v = 0.5;
    spec.config.array.read_time_ns = 8;
    std::vector<std::string> warnings;
    const LayerWork work = work_of(activity);
    // (1 x 10 + 2 x 20) uS x 0.25 V^2 x 8 ns = 100 fJ; pulse widths and squares agree here, since
    // inputs are full or nothing.
    EXPECT_NEAR(part(cost_on_tiles(work, spec, 1, warnings).energy, "cells"), 0.1, 1e-12);
    spec.config.array.input_encoding = InputEncoding::kVoltage;
    EXPECT_NEAR(part(cost_on_tiles(work, spec, 1, warnings).energy, "cells"), 0.1, 1e-12);
    // Bit serial: 3 x 10 + 6 x 20 = 150 uS of set bits.
    spec.config.array.input_encoding = InputEncoding::kBitSerial;
    EXPECT_NEAR(part(cost_on_tiles(work, spec, 1, warnings).energy, "cells"), 0.3, 1e-12);
}

TEST(LayerCost, CountsOfConvertersAndPeriphery) {
    const LayerActivity activity = two_lines();
    CostSpec spec;
    spec.config.adc = TableAdc{22, {{8, 2.0, 1.0, 100.0}}};
    std::vector<std::string> warnings;
    LayerWork work = work_of(activity);
    work.mapping.input_pieces = 2;
    work.bias = true;
    Node energy = cost_on_tiles(work, spec, 1, warnings).energy;
    // 3 vectors x 4 outputs x 2 pieces.
    EXPECT_DOUBLE_EQ(part(energy, "ADCs"), 24 * 2.0);
    EXPECT_DOUBLE_EQ(part(energy, "shift and add"), 0);
    const Node* digital = find(energy, "scales, pieces and bias");
    ASSERT_NE(digital, nullptr);
    // A product for every output of a tile; the second piece and the bias are added.
    EXPECT_NE(digital->parts[0].formula.find("24 products"), std::string::npos);
    EXPECT_NE(digital->parts[1].formula.find("24 sums"), std::string::npos);
    // Two conversions of every output: the second is added to the first.
    work.mapping.conversions = 2;
    energy = cost_on_tiles(work, spec, 1, warnings).energy;
    EXPECT_DOUBLE_EQ(part(energy, "ADCs"), 48 * 2.0);
    EXPECT_GT(part(energy, "shift and add"), 0);
    // Four outputs, two ADCs.
    const Node area = cost_on_tiles(work, spec, 1, warnings).area;
    EXPECT_DOUBLE_EQ(part(area, "ADCs"), 200);
    EXPECT_TRUE(warnings.empty());
}

TEST(LayerCost, TimeOfVectorsByHand) {
    const LayerActivity activity = two_lines();
    CostSpec spec;
    spec.config.adc = TableAdc{22, {{8, 2.0, 30.0, 100.0}}};
    spec.config.array.read_time_ns = 50;
    std::vector<std::string> warnings;
    LayerWork work = work_of(activity);
    // Two turns of 30 ns, behind a read of 50 ns. 8 operations / 64 lanes, 16 bit / 256.
    const double once = 60 + 0.125 + 0.0625;
    EXPECT_NEAR(cost_on_tiles(work, spec, 1, warnings).latency.value, 2 * 60 + once, 1e-9);
    spec.config.array.sample_and_hold = false;
    EXPECT_NEAR(cost_on_tiles(work, spec, 1, warnings).latency.value, 2 * 110 + once + 50, 1e-9);
    work.recurrent = true;
    EXPECT_NEAR(cost_on_tiles(work, spec, 1, warnings).latency.value, 3 * (once + 50), 1e-9);
    spec.config.layout.sensing_factor = 1.5;
    EXPECT_NEAR(cost_on_tiles(work, spec, 1, warnings).latency.value, 3 * (once + 80), 1e-9);
}

TEST(LayerCost, WhatIsSwitchedOffTakesNothing) {
    LayerActivity silent = two_lines();
    for (auto* counts : {&silent.lines[0].codes,
                         &silent.lines[0].squares,
                         &silent.lines[0].bits,
                         &silent.lines[0].driven}) {
        counts->assign(2, 0);
    }
    CostSpec spec;
    std::vector<std::string> warnings;
    const Node silent_energy = cost_on_tiles(work_of(silent), spec, 1, warnings).energy;
    EXPECT_EQ(part(silent_energy, "cells"), 0);
    EXPECT_EQ(part(silent_energy, "word lines"), 0);

    LayerActivity open = two_lines();
    open.conductance_us = {{0, 0}};
    EXPECT_EQ(part(cost_on_tiles(work_of(open), spec, 1, warnings).energy, "cells"), 0);

    const LayerActivity activity = two_lines();
    const LayerWork work = work_of(activity);
    CostConfig& c = spec.config;
    c.array.read_voltage_v = 0;
    c.array.wire_ff_per_um = 0;
    c.adc = TableAdc{22, {{8, 0, 1, 0}}};
    c.digital.adder_pj = c.digital.multiplier_pj = c.digital.comparator_pj = 0;
    c.digital.shift_add_pj = c.memory.pj_per_bit = c.communication.pj_per_bit_hop = 0;
    EXPECT_EQ(cost_on_tiles(work, spec, 1, warnings).energy.value, 0);
}

TEST(LayerCost, PartsOfABatchAddUpToTheBatch) {
    const LayerActivity activity = two_lines();
    LayerActivity twice = activity;
    twice.lines[0].add(activity.lines[0]);
    CostSpec spec;
    std::vector<std::string> warnings;
    LayerWork work = work_of(activity);
    const double one = cost_on_tiles(work, spec, 1, warnings).energy.value;
    work.activity = &twice;
    work.samples = 2;
    EXPECT_DOUBLE_EQ(cost_on_tiles(work, spec, 1, warnings).energy.value, one);
}

TEST(LayerCost, MeasuredTileIsPublishedEnergyTimesProducts) {
    const LayerActivity activity = two_lines();
    CostSpec spec;
    spec.config.tile = MeasuredTile{256, 256, 13.4, 130, 0.6};
    std::vector<std::string> warnings;
    LayerWork work = work_of(activity);
    work.mapping.input_pieces = 2;
    const LayerNodes n = cost_on_tiles(work, spec, 1, warnings);
    EXPECT_DOUBLE_EQ(part(n.energy, "products of whole tiles"), 3 * 2 * 13.4e3);
    EXPECT_DOUBLE_EQ(part(n.area, "tiles"), 2 * 0.6e6);
    EXPECT_EQ(part(n.latency, "product of a tile"), 130);
}

TEST(LayerCost, ActivityMustFitTheLayer) {
    const LayerActivity activity = two_lines();
    std::vector<std::string> warnings;
    LayerWork work = work_of(activity);
    work.mapping.groups = 2;
    EXPECT_THROW(cost_on_tiles(work, {}, 1, warnings), InputError);
    EXPECT_THROW(driven_conductance_us(activity.lines[0], {1.0}, InputEncoding::kVoltage),
                 InputError);
}

}  // namespace
}  // namespace mho::cost

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cost/layer_mapping.h"

#include <gtest/gtest.h>

namespace mho::cost {
namespace {

TEST(LayerMapping, BitsOfConverters) {
    EXPECT_EQ(converter_bits(254), 8);
    EXPECT_EQ(converter_bits(255), 8);
    EXPECT_EQ(converter_bits(126), 7);
    EXPECT_EQ(converter_bits(510), 9);
    EXPECT_EQ(converter_bits(2), 2);
    EXPECT_EQ(converter_bits(1), 1);
}

TEST(LayerMapping, TilesOfTheHardwareAndOfTheChip) {
    std::vector<std::string> warnings;
    Hardware hardware;  // at most 512 inputs, outputs without limit
    CostConfig config;
    const LayerMapping m = map_layer(hardware, 1, 1000, 700, config, warnings);
    EXPECT_EQ(m.input_pieces, 2u);
    EXPECT_EQ(m.output_pieces, 2u);  // tiles of 512 columns
    EXPECT_EQ(m.tiles(), 4u);
    EXPECT_NEAR(m.utilisation(), 1000.0 * 700 / (4 * 512 * 512), 1e-12);
    EXPECT_EQ(m.adcs_per_tile(), 64u);
    EXPECT_EQ(m.turns(), 8u);
    EXPECT_EQ(m.reads, 1u);
    EXPECT_EQ(m.dac_bits, 1);  // pulse width
    EXPECT_TRUE(warnings.empty());
    // A measured tile has the size that it was measured with.
    config.tile = MeasuredTile{};
    EXPECT_EQ(map_layer(hardware, 1, 1000, 700, config, warnings).tiles(), 12u);
}

TEST(LayerMapping, ReadsAndConversionsOfInputEncodings) {
    std::vector<std::string> warnings;
    Hardware hardware;
    CostConfig config;
    config.array.input_encoding = InputEncoding::kBitSerial;
    LayerMapping m = map_layer(hardware, 1, 10, 10, config, warnings);
    EXPECT_EQ(m.reads, 7u);  // 8 bit with sign
    EXPECT_EQ(m.conversions, 7u);
    config.array.accumulate_bits = true;
    hardware.forward.mode = MvmMode::kSeparateDigitalSum;
    m = map_layer(hardware, 1, 10, 10, config, warnings);
    EXPECT_EQ(m.reads, 14u);
    EXPECT_EQ(m.conversions, 2u);
    config.array.input_encoding = InputEncoding::kVoltage;
    m = map_layer(hardware, 1, 10, 10, config, warnings);
    EXPECT_EQ(m.reads, 2u);
    EXPECT_EQ(m.dac_bits, 8);
}

TEST(LayerMapping, SlicesAndPassesOfACrossbar) {
    std::vector<std::string> warnings;
    Hardware hardware;
    hardware.crossbar.enabled = true;
    hardware.crossbar.weights.weight_bits = 8;
    hardware.crossbar.weights.slices = 4;
    hardware.crossbar.input.bits = 8;
    hardware.crossbar.input.slice_bits = 1;
    hardware.crossbar.adc = SarAdc{.group_size = 4};
    hardware.crossbar.cell.read_voltage_v = 0.3;
    LayerMapping m = map_layer(hardware, 1, 10, 10, {}, warnings);
    EXPECT_EQ(m.columns_per_adc, 4u);
    EXPECT_EQ(m.read_voltage_v.value_or(0), 0.3);
    EXPECT_EQ(m.devices_per_weight, 8u);  // pairs
    EXPECT_EQ(m.reads, 7u);
    EXPECT_EQ(m.conversions, 28u);
    EXPECT_EQ(m.adc_bits, 8);
    hardware.crossbar.input.accumulation = Accumulation::kAnalog;
    hardware.crossbar.weights.coding = WeightCoding::kOffset;
    m = map_layer(hardware, 1, 10, 10, {}, warnings);
    EXPECT_EQ(m.devices_per_weight, 4u);
    EXPECT_EQ(m.conversions, 4u);
    EXPECT_TRUE(warnings.empty());
}

TEST(LayerMapping, ConvertersThatDoNotRoundAreNamed) {
    std::vector<std::string> warnings;
    Hardware hardware;
    hardware.forward.adc.steps = 0;
    EXPECT_EQ(map_layer(hardware, 1, 10, 10, {}, warnings).adc_bits, 8);
    EXPECT_EQ(warnings.size(), 1u);
}

}  // namespace
}  // namespace mho::cost

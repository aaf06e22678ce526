// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/tile/near_memory_unit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "mho/tile/column_periphery.h"
#include "mho/tile/grid.h"
#include "mho/util/error.h"

namespace mho {
namespace {

TEST(NearMemoryUnit, EqualsTheIntegerReferenceExhaustively) {
    // All 2^9 counts, all 2^8 scales, offsets over their range, several data paths.
    for (const bool relu : {false, true}) {
        for (const int shift : {-3, 0, 2}) {
            for (const int cut_before : {0, 3}) {
                for (const int offset_bits : {0, 1}) {
                    NearMemoryFormat f =
                        near_memory_format(7, 7, offset_bits, shift, cut_before, 8);
                    f.relu = relu;
                    size_t different = 0;
                    for (int32_t c = -256; c < 256; c++) {
                        for (uint32_t s = 0; s < 256; s++) {
                            for (const int32_t o : {-255, -64, -1, 0, 1, 77, 255}) {
                                different +=
                                    near_memory(f, c, s, o) != reference_near_memory(f, c, s, o);
                            }
                        }
                    }
                    EXPECT_EQ(different, 0u);
                }
            }
        }
    }
}

TEST(NearMemoryUnit, ByHand) {
    const NearMemoryFormat f = near_memory_format(7, 7, 1, 0, 0, 8);
    EXPECT_EQ(f.cut_middle, 6);
    EXPECT_EQ(f.cut_after(), 1);
    EXPECT_EQ(near_memory(f, 100, 128, 0), 100);
    EXPECT_EQ(near_memory(f, -100, 128, 0), -100);
    EXPECT_EQ(near_memory(f, 100, 255, 0), 127);     // saturates
    EXPECT_EQ(near_memory(f, -128, 255, -9), -128);  // and below
    EXPECT_EQ(near_memory(f, 10, 128, 1), 11);       // 10.5 rounds up
    EXPECT_EQ(near_memory(f, -10, 128, -1), -10);    // -10.5 too
    // 3 * 65 / 128 = 1.52: to halves 1.5, then 2; truncating two bits first: 48 / 32 = 1.5 as well.
    EXPECT_EQ(near_memory(f, 3, 65, 0), 2);
    // 3 * 64 / 128 - 1/128 is below 1.5 only where nothing is cut before.
    NearMemoryFormat relu = f;
    relu.relu = true;
    EXPECT_EQ(near_memory(relu, -3, 65, 0), 0);
    EXPECT_EQ(near_memory(relu, 100, 255, 0), 199);  // no sign: up to 255
    EXPECT_EQ(near_memory(relu, 200, 255, 0), 255);
    EXPECT_THROW(near_memory_format(20, 7, 1, 0, 0, 8), ConfigError);
}

// A unit with the ReLU gives what one of a bit more, whose results are signed, gives with the ReLU
// behind it.
TEST(NearMemoryUnit, ReluInTheUnitIsReluBehindAWiderOne) {
    for (const int shift : {-2, 0, 3}) {
        const NearMemoryFormat wider = near_memory_format(7, 7, 1, shift, 0, 9);
        NearMemoryFormat folded = near_memory_format(7, 7, 1, shift, 0, 8);
        folded.relu = true;
        EXPECT_EQ(folded.largest_result(), wider.largest_result());
        size_t different = 0;
        for (int32_t c = -256; c < 256; c++) {
            for (uint32_t s = 0; s < 256; s++) {
                for (const int32_t o : {-255, -3, 0, 7, 255}) {
                    different +=
                        near_memory(folded, c, s, o) != std::max(near_memory(wider, c, s, o), 0);
                }
            }
        }
        EXPECT_EQ(different, 0u);
    }
    const NearMemoryFormat f = with_relu(NearMemoryFormat{});
    EXPECT_EQ(f.largest_offset(), NearMemoryFormat{}.largest_offset());  // as many bits
    EXPECT_EQ(f.offset_fraction_bits, 0);
    EXPECT_EQ(with_relu(f).offset_integer_bits, f.offset_integer_bits);  // no more to give
}

TEST(NearMemoryUnit, FoldingIsTheLawItFolds) {
    const double a = 0.02;
    const double b = -0.1;
    const ColumnAffine folded = fold_column(a, b, 1.5, 0.3, 0.2, 0.8, 1e-5, 0.05);
    for (const double c : {-200.0, 0.0, 17.0}) {
        const double y = 1.5 * (a * c + b - 0.2) / std::sqrt(0.8 + 1e-5) + 0.3;
        EXPECT_NEAR(folded.scale * c + folded.offset, y / 0.05, 1e-12);
    }
    EXPECT_THROW(fold_column(1, 0, 1, 0, 0, 1, 0, 0), InputError);
}

TEST(NearMemoryUnit, CodesAreNearestAndTheLargestScaleLiesBelowTwo) {
    const std::vector<ColumnAffine> columns = {{0.3, 2.2}, {0.11, -3.4}, {0.0, 0.0}};
    const NearMemoryCodes codes = near_memory_codes(NearMemoryFormat{}, columns);
    EXPECT_EQ(codes.format.shift, 2);  // 0.3 * 4 = 1.2
    EXPECT_EQ(codes.scales, (std::vector<uint32_t>{154, 56, 0}));
    EXPECT_EQ(codes.offsets, (std::vector<int32_t>{4, -7, 0}));
    EXPECT_EQ(codes.saturated, 0u);
    for (int c = -255; c < 256; c++) {
        const double exact = std::clamp(0.3 * c + 2.2, -128.0, 127.0);
        // Half a code of scale, half an offset unit, two roundings of a quarter and a half.
        EXPECT_NEAR(near_memory(codes.format, c, codes.scales[0], codes.offsets[0]),
                    exact,
                    255 * 0.5 / 512 + 0.25 + 0.25 + 0.5);
    }
    const std::vector<ColumnAffine> large = {{5.0, 0.0}, {0.1, 1e6}};
    EXPECT_EQ(near_memory_codes(NearMemoryFormat{}, large).format.shift, -2);
    EXPECT_EQ(near_memory_codes(NearMemoryFormat{}, large).saturated, 1u);  // the offset
    const std::vector<ColumnAffine> negative = {{-1.0, 0.0}};
    EXPECT_THROW(near_memory_codes(NearMemoryFormat{}, negative), InputError);
}

TEST(NearMemoryUnit, HalfPrecision) {
    EXPECT_EQ(round_to_half(1.0f), 1.0f);
    EXPECT_EQ(round_to_half(2049.0f), 2048.0f);  // a tie, to even
    EXPECT_EQ(round_to_half(2051.0f), 2052.0f);
    EXPECT_EQ(round_to_half(1.0f / 3), 0.333251953125f);
    EXPECT_EQ(round_to_half(65519.0f), 65504.0f);
    EXPECT_EQ(round_to_half(-65520.0f), -std::numeric_limits<float>::infinity());
    EXPECT_EQ(round_to_half(5.9604645e-8f), 5.9604645e-8f);  // the smallest
    EXPECT_EQ(round_to_half(2e-8f), 0.0f);
    // Every half is its own rounding.
    for (uint32_t bits = 0; bits < 0x7c00; bits++) {
        const int exponent = static_cast<int>(bits >> 10);
        const auto fraction = static_cast<float>(bits & 0x3ff);
        const float value =
            exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
        ASSERT_EQ(round_to_half(value), value) << bits;
    }
    // Numbers of all sizes against the rounding of the quotient by the spacing.
    std::vector<float> u(20000);
    fill_uniform(make_tile_key(1, "half"), Stream::kTest, 0, 0, u);
    for (size_t i = 0; i + 1 < u.size(); i += 2) {
        const float value = std::ldexp(u[i] - 0.5f, static_cast<int>(50 * u[i + 1]) - 30);
        const int exponent = value == 0 ? 0 : std::max(std::ilogb(value), -14) - 10;
        const double exact =
            std::ldexp(std::nearbyint(std::ldexp(double{value}, -exponent)), exponent);
        const float half = round_to_half(value);
        if (std::abs(exact) > 65504) {
            ASSERT_EQ(half, std::copysign(INFINITY, value));
        } else {
            ASSERT_EQ(double{half}, exact) << value;
        }
    }
    EXPECT_TRUE(std::isnan(round_to_half(NAN)));
    EXPECT_EQ(periphery_cycles(256, 64, 2), 8);
}

TileConfig no_converter() {
    TileConfig c;
    c.mapping.max_inputs = 64;
    c.forward = {};
    c.forward.adc = {.bound = 0, .steps = 0};
    c.forward.output_noise.std = 0;
    c.forward.weight_noise = {WeightNoiseKind::kNone, 0.0};
    c.forward.ir_drop.strength = 0;
    return c;
}

DigitalPeriphery counting(PeripheryKind kind) {
    DigitalPeriphery p;
    p.kind = kind;
    p.full_scale = 12;
    p.output_bits = 16;
    p.offset_integer_bits = 15;
    return p;
}

struct Layer {
    Matrix<float> weights{40, 100};
    Matrix<float> inputs{50, 100};
    Layer() {
        const TileKey key = make_tile_key(3, "test");
        fill_normal(key, Stream::kTest, 0, 0, weights.values);
        fill_uniform(key, Stream::kTest, 1, 0, inputs.values);
        for (float& w : weights.values) {
            w *= 0.1f;
        }
    }
    // Relative error of the grid over exact products plus 0.5.
    double error(TileGrid& grid) const {
        Matrix<float> y(50, 40);
        TileGrid::Scratch scratch;
        grid.apply(inputs.view(), y.view(), {}, scratch);
        double off = 0;
        double norm = 0;
        for (size_t r = 0; r < 50; r++) {
            for (size_t i = 0; i < 40; i++) {
                double exact = 0.5;
                for (size_t j = 0; j < 100; j++) {
                    exact += double{weights(i, j)} * inputs(r, j);
                }
                off += (y(r, i) - exact) * (y(r, i) - exact);
                norm += exact * exact;
            }
        }
        return std::sqrt(off / norm);
    }
    TileGrid grid(const DigitalPeriphery& periphery, bool programmed) const {
        const TileConfig config = no_converter();
        TileGrid g(config, 40, 100, 1, "layer");
        g.set_periphery(periphery);
        MappedWeights mapped = map_weights(config.mapping, weights.view());
        g.set_scales(mapped.scales);
        g.set_bias(std::vector<float>(40, 0.5f));
        if (programmed) {
            g.program(mapped.weights.view());
        } else {
            g.set_weights(mapped.weights.view());
        }
        return g;
    }
};

TEST(ColumnPeriphery, CorrectsUnequalCountersOfALayerOfTwoTiles) {
    const Layer layer;
    TileGrid ideal = layer.grid(counting(PeripheryKind::kIdeal), false);
    EXPECT_LT(layer.error(ideal), 0.01);  // the 8-bit DAC alone
    double errors[3];
    int n = 0;
    for (const PeripheryKind kind :
         {PeripheryKind::kFloat32, PeripheryKind::kFloat16, PeripheryKind::kFixedPoint}) {
        TileGrid grid = layer.grid(counting(kind), false);
        ASSERT_NE(grid.periphery(0, 1), nullptr);
        errors[n++] = layer.error(grid);
    }
    // 9-bit counts over 12: an LSB of 0.047 on outputs of about 1, twice.
    EXPECT_LT(errors[0], 0.05);
    EXPECT_NEAR(errors[1], errors[0], 0.002);
    EXPECT_NEAR(errors[2], errors[0], 0.01);
    // A coarse scale costs accuracy.
    DigitalPeriphery coarse = counting(PeripheryKind::kFixedPoint);
    coarse.scale_fraction_bits = 1;
    TileGrid rough = layer.grid(coarse, false);
    EXPECT_GT(layer.error(rough), 2 * errors[2]);
    // The converter of the tile must be off.
    TileGrid with_adc(TileConfig{}, 4, 4, 1, "x");
    EXPECT_THROW(with_adc.set_periphery(counting(PeripheryKind::kFloat32)), ConfigError);
}

// Outputs of a layer of one tile, before a ReLU or not.
std::vector<float> outputs_of(const Layer& layer, const DigitalPeriphery& periphery, bool relu) {
    TileConfig config = no_converter();
    config.mapping.max_inputs = 128;
    TileGrid grid(config, 40, 100, 1, "layer");
    grid.set_periphery(periphery, relu);
    EXPECT_EQ(grid.computes_relu(), relu && periphery.fold_relu);
    MappedWeights mapped = map_weights(config.mapping, layer.weights.view());
    grid.set_scales(mapped.scales);
    grid.set_bias(std::vector<float>(40, 0.5f));
    grid.set_weights(mapped.weights.view());
    grid.set_output_ranges({3.0f});
    Matrix<float> y(50, 40);
    TileGrid::Scratch scratch;
    grid.apply(layer.inputs.view(), y.view(), {}, scratch);
    return y.values;
}

TEST(ColumnPeriphery, ComputesTheReluBehindALayerOfOneTile) {
    const Layer layer;
    for (const PeripheryKind kind :
         {PeripheryKind::kFloat32, PeripheryKind::kFloat16, PeripheryKind::kFixedPoint}) {
        DigitalPeriphery folded = counting(kind);
        folded.output_bits = 8;
        folded.offset_integer_bits = 7;
        // The same codes with a sign: a bit more, and the offset's point one place further.
        DigitalPeriphery wider = folded;
        wider.output_bits = 9;
        wider.offset_integer_bits = 8;
        wider.offset_fraction_bits = 0;
        const std::vector<float> behind = outputs_of(layer, wider, false);
        const std::vector<float> inside = outputs_of(layer, folded, true);
        size_t cut = 0;
        for (size_t i = 0; i < behind.size(); i++) {
            EXPECT_EQ(inside[i], std::max(behind[i], 0.0f));
            cut += behind[i] < 0 ? 1 : 0;
        }
        EXPECT_GT(cut, 100u);
        folded.fold_relu = false;
        EXPECT_EQ(outputs_of(layer, folded, true), outputs_of(layer, folded, false));
    }
    // Two tiles: their results are summed before the ReLU.
    TileGrid two(no_converter(), 40, 100, 1, "layer");
    two.set_periphery(counting(PeripheryKind::kFixedPoint), true);
    EXPECT_FALSE(two.computes_relu());
    two.set_periphery(counting(PeripheryKind::kIdeal), true);
    EXPECT_FALSE(two.computes_relu());
}

TEST(ColumnPeriphery, TakesDriftAlong) {
    const Layer layer;
    for (const PeripheryKind kind : {PeripheryKind::kFloat32, PeripheryKind::kFixedPoint}) {
        TileGrid grid = layer.grid(counting(kind), true);
        const double fresh = layer.error(grid);
        grid.advance_to(1e7);
        const double corrected = layer.error(grid);
        EXPECT_LT(corrected, 2.5 * fresh);  // the cells drift apart
        grid.use_compensation(false);
        EXPECT_GT(layer.error(grid), 1.5 * corrected);
        grid.use_compensation(true);
        EXPECT_NEAR(layer.error(grid), corrected, 0.1 * corrected);
    }
}

}  // namespace
}  // namespace mho

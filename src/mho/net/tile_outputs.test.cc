// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/tile_outputs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "mho/net/calibrate.h"
#include "mho/net/normalization.h"
#include "mho/net/zoo.h"
#include "mho/util/error.h"

namespace mho {
namespace {

struct Case {
    Network network;
    Matrix<float> pixels{40, 64};

    explicit Case(double adc_bound) {  // 0 = none
        InputSpec input;
        input.shape = {1, 8, 8};
        HardwareSpec spec;
        spec.base.mapping.max_inputs = 40;  // two pieces of the first layer
        spec.base.mapping.per_column = false;
        spec.base.forward.adc = {.bound = adc_bound, .steps = adc_bound > 0 ? 254.0 : 0.0};
        network = map_to_hardware(initialize(mlp({64, 20, 5}, input), 3), spec);
        fill_uniform(make_tile_key(1, "t"), Stream::kTest, 0, 0, pixels.values);
        for (float& p : pixels.values) {
            p *= 255;
        }
        CalibrationOptions options;
        options.rule.kind = CalibrationKind::kMax;
        calibrate_input_ranges(network, pixels.view(), options);
    }
    Matrix<float> exact_outputs() const {
        Executor executor(exact_analog(network), 0);
        Matrix<float> y(pixels.rows, executor.output_features());
        executor.run(pixels.view(), y.view(), {});
        return y;
    }
};

TEST(TileOutputs, SumsOverPiecesAreTheLayersOutputs) {
    const Case c(10.0);
    const TileOutputs seen = observe_tile_outputs(c.network, c.pixels.view());
    ASSERT_EQ(seen.size(), 2u);
    const ColumnOutputs& last = seen.at("fc2")[0];
    EXPECT_EQ(last.rows, 40);
    EXPECT_EQ(seen.at("fc1")[0].sum.rows, 2u);
    const Matrix<float> y = c.exact_outputs();
    const Tensor& scale = c.network.parameters.at("fc2.scale");
    const Tensor& bias = c.network.parameters.at("fc2.bias");
    const float range = c.network.parameters.at("fc2.input_range").values[0];
    for (size_t i = 0; i < 5; i++) {
        double mean = 0;
        double largest = 0;
        double highest = 0;
        for (size_t r = 0; r < 40; r++) {
            const double value = double{y(r, i)} - bias.values[i];
            mean += value / 40;
            largest = std::max(largest, std::abs(value));
            highest = std::max(highest, value);
        }
        const double unit = double{scale.values[i]} * range;
        EXPECT_NEAR(last.mean(0, i) * unit, mean, 1e-5);
        EXPECT_NEAR(last.largest(0, i) * unit, largest, 1e-5);
        EXPECT_NEAR(last.highest(0, i) * unit, highest, 1e-5);
        EXPECT_GT(last.std(0, i), 0);
    }
    EXPECT_THROW(observe_tile_outputs(c.network, Matrix<float>(0, 64).view()), InputError);
}

TEST(ColumnRanges, OfANetworkLeaveItAsItWas) {
    for (const double bound : {10.0, 0.3}) {
        Case c(bound);
        const Matrix<float> before = c.exact_outputs();
        const std::vector<float> weights = c.network.parameters.at("fc1.tile_weight").values;
        calibrate_column_ranges(c.network, c.pixels.view().row_block(0, 2), 4.0);
        const Matrix<float> after = c.exact_outputs();
        for (size_t i = 0; i < before.values.size(); i++) {
            EXPECT_NEAR(after.values[i], before.values[i], 2e-6);
        }
        const std::vector<float>& now = c.network.parameters.at("fc1.tile_weight").values;
        double largest = 0;
        double was = 0;
        for (size_t i = 0; i < now.size(); i++) {
            largest = std::max(largest, std::abs(double{now[i]}));
            was += std::abs(double{weights[i]});
        }
        EXPECT_LE(largest, 1 + 1e-6);
        double sum = 0;
        for (const float w : now) {
            sum += std::abs(double{w});
        }
        // A wide ADC leaves room to grow, a narrow one makes columns shrink.
        if (bound > 1) {
            EXPECT_GT(sum, was);
        } else {
            EXPECT_LT(sum, was);
        }
    }
}

TEST(TileOutputs, GiveTheRangesOfAPeriphery) {
    Case c(0.0);
    for (auto& [layer, hardware] : c.network.analog) {
        hardware.forward.adc = {.bound = 0, .steps = 0};
        hardware.forward.output_noise.std = 0;
        hardware.forward.weight_noise = {WeightNoiseKind::kNone, 0.0};
        hardware.forward.ir_drop.strength = 0;
    }
    const Matrix<float> exact = c.exact_outputs();
    Executor executor(c.network, 1);
    DigitalPeriphery periphery;
    periphery.kind = PeripheryKind::kFixedPoint;
    periphery.full_scale = 16;
    executor.set_periphery(periphery);
    set_output_ranges(executor, observe_tile_outputs(c.network, c.pixels.view()));
    EXPECT_GT(executor.grids("fc1")[0].periphery(0, 1)->step(), 0);
    Matrix<float> y(40, 5);
    executor.run(c.pixels.view(), y.view(), {});
    double off = 0;
    double norm = 0;
    for (size_t i = 0; i < y.values.size(); i++) {
        off += std::pow(double{y.values[i]} - exact.values[i], 2);
        norm += std::pow(double{exact.values[i]}, 2);
    }
    EXPECT_LT(std::sqrt(off / norm), 0.1);
    EXPECT_GT(off, 0);
    // The same as parameters of the network.
    Network with = c.network;
    EXPECT_FALSE(needs_output_ranges(with));
    calibrate_output_ranges(with, c.pixels.view());
    EXPECT_EQ(with.parameters, c.network.parameters);
    for (auto& [layer, hardware] : with.analog) {
        hardware.periphery = periphery;
    }
    EXPECT_TRUE(needs_output_ranges(with));
    calibrate_output_ranges(with, c.pixels.view());
    EXPECT_NO_THROW(validate_network(with));
    Matrix<float> again(40, 5);
    Executor(with, 1).run(c.pixels.view(), again.view(), {});
    EXPECT_EQ(again.values, y.values);
    with.parameters.at("fc1.output_range").values[0] = -1;
    EXPECT_THROW(validate_network(with), ConfigError);
    EXPECT_THROW(executor.grids("fc1")[0].set_output_ranges({1.0f}), InputError);
}

// convolution, batch norm, ReLU, linear layer: the norm goes into the scales, the ReLU into the
// unit.
TEST(TileOutputs, ReluBehindAFoldedNormGoesIntoTheUnit) {
    Graph graph{"g", {{1, 8, 8}, 1.0 / 255, {}, {}}, {}};
    Conv2dOp conv;
    conv.out_channels = 6;
    graph.layers = {{"conv", conv, {}},
                    {"norm", BatchNormOp{6, 1e-5}, {}},
                    {"relu", ActivationOp{Activation::kRelu}, {}},
                    {"flat", FlattenOp{}, {}},
                    {"fc", LinearOp{216, 5, true}, {}}};
    Network digital = initialize(graph, 3);
    std::vector<float>& factors = digital.parameters.at("norm.weight").values;
    for (size_t i = 0; i < factors.size(); i++) {
        factors[i] = i % 2 == 0 ? -0.7f : 1.3f;
    }
    const Matrix<float> pixels = Case(0).pixels;
    float range = 0;
    const auto outputs = [&](const std::string& of_conv) {
        Network network = map_to_hardware(digital,
                                          hardware_from_json(R"({"forward":
            {"adc": {"bound": 0, "steps": 0}, "output_noise": {"std": 0},
             "weight_noise": {"std": 0}, "ir_drop": {"strength": 0}},
            "periphery": {"kind": "fixed point", "full_scale": 4},
            "layers": [{"match": "conv", "set": {"periphery": )" +
                                                             of_conv + "}}]}"));
        EXPECT_FALSE(Executor(network, 1).grids("conv")[0].computes_relu());  // a norm between
        CalibrationOptions options;
        options.rule.kind = CalibrationKind::kMax;
        calibrate_input_ranges(network, pixels.view(), options);
        network = fold_batch_norm_into_scales(network);
        const bool is_folded = Executor(network, 1).grids("conv")[0].computes_relu();
        EXPECT_EQ(is_folded, of_conv == "{}");
        EXPECT_FALSE(Executor(network, 1).grids("fc")[0].computes_relu());
        calibrate_output_ranges(network, pixels.view());
        // The range of what a ReLU leaves, in both: the codes coincide.
        float& of_this = network.parameters.at("conv.output_range").values[0];
        if (is_folded) {
            range = of_this;
        } else {
            EXPECT_GE(of_this, range);
            of_this = range;
        }
        Executor executor(network, 1);
        Matrix<float> y(pixels.rows, 5);
        executor.run(pixels.view(), y.view(), {});
        return y.values;
    };
    const std::vector<float> inside = outputs("{}");
    const std::vector<float> behind = outputs(
        R"({"fold_relu": false, "output_bits": 9, "offset_integer_bits": 8,
            "offset_fraction_bits": 0})");
    EXPECT_EQ(inside, behind);
    EXPECT_NE(inside, outputs(R"({"fold_relu": false})"));
}

}  // namespace
}  // namespace mho

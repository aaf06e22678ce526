// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/calibrate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "mho/net/test_support.h"
#include "mho/util/error.h"

namespace mho {
namespace {

Network analog_mlp(Hardware hardware) {
    HardwareSpec spec;
    spec.base = std::move(hardware);
    return map_to_hardware(initialize(mlp({20, 8, 3}, raw_input(1, 4, 5)), 3), spec);
}

Hardware in_pieces() {
    Hardware h;
    h.mapping.max_inputs = 10;
    return h;
}

const std::vector<float>& ranges(const Network& n, const std::string& layer) {
    return n.parameters.at(layer + ".input_range").values;
}

// All inputs of a layer of the exact network: columns [first, last).
std::vector<float> magnitudes(const Network& network,
                              const Matrix<float>& pixels,
                              const std::string& wanted,
                              size_t first,
                              size_t last) {
    Executor executor(exact_analog(network), 1);
    std::vector<float> values;
    executor.set_observer([&](const std::string& layer, size_t, ConstFloatView x) {
        for (size_t r = 0; layer == wanted && r < x.rows; r++) {
            for (size_t j = first; j < last; j++) {
                values.push_back(std::abs(x(r, j)));
            }
        }
    });
    run_all(executor, pixels);
    return values;
}

TEST(Calibrate, MaximumAndQuantileOfTheExactNetwork) {
    const Network start = analog_mlp(in_pieces());
    const Matrix<float> pixels = normal_matrix(90, 20, 1);
    Network network = start;
    calibrate_input_ranges(network, pixels.view(), {.rule = {.kind = CalibrationKind::kMax}});
    ASSERT_EQ(ranges(network, "fc1").size(), 2u);
    for (const size_t piece : {0, 1}) {
        const auto all = magnitudes(start, pixels, "fc1", 10 * piece, 10 * piece + 10);
        EXPECT_EQ(ranges(network, "fc1")[piece], *std::max_element(all.begin(), all.end()));
    }
    auto hidden = magnitudes(start, pixels, "fc2", 0, 8);
    EXPECT_EQ(ranges(network, "fc2")[0], *std::max_element(hidden.begin(), hidden.end()));
    EXPECT_EQ(network.analog.at("fc1").forward.noise_management.kind, NoiseManagementKind::kNone);
    EXPECT_EQ(network.analog.at("fc1").forward.adc.bound, 10.0);

    // Fewer rows than the cache holds: the quantile of all rows that are not zero.
    Network cached = start;
    calibrate_input_ranges(cached, pixels.view(), {.rule = {.quantile = 0.9}, .batch = 7});
    std::vector<float> alive;
    for (size_t r = 0; r < hidden.size(); r += 8) {
        if (*std::max_element(&hidden[r], &hidden[r] + 8) > 0) {
            alive.insert(alive.end(), &hidden[r], &hidden[r] + 8);
        }
    }
    EXPECT_EQ(ranges(cached, "fc2")[0], quantile_of(alive, 0.9));
}

TEST(Calibrate, MovingRules) {
    // A perfect analog forward: the first layer sees the same inputs in later batches.
    Hardware hardware = in_pieces();
    hardware.forward = perfect_mvm();
    const Network start = analog_mlp(hardware);
    const Matrix<float> pixels = normal_matrix(60, 20, 1);
    for (const CalibrationKind kind :
         {CalibrationKind::kMovingStd, CalibrationKind::kMovingQuantile}) {
        Network network = start;
        calibrate_input_ranges(
            network, pixels.view(), {.rule = {.kind = kind, .quantile = 0.95}, .batch = 20});
        double sum = 0;
        for (const size_t b : {0, 1, 2}) {
            RangeCalibrator direct({.kind = kind, .quantile = 0.95}, {1});
            direct.begin_batch();
            direct.add(pixels.view().row_block(20 * b, 20).column_block(10, 10));
            direct.end_batch();
            sum += direct.range().value();
        }
        EXPECT_NEAR(ranges(network, "fc1")[1], sum / 3, 1e-5);
        EXPECT_GT(ranges(network, "fc2")[0], 0.0f);
        EXPECT_NE(ranges(network, "fc2")[0], ranges(start, "fc2")[0]);
    }
}

TEST(Calibrate, ConvolutionsAndSwitchedOffRanges) {
    HardwareSpec spec = hardware_from_json(
        R"({"forward": {"noise_management": {"kind": "average abs max"}},
            "layers": [{"match": "fc*", "set": {"input_range": {"enabled": false}}}]})");
    Network network = map_to_hardware(fold_batch_norm(small_network()), spec);
    const Network before = network;
    const Matrix<float> pixels = normal_matrix(6, 144, 2);
    for (const CalibrationKind kind : {CalibrationKind::kMovingStd,
                                       CalibrationKind::kMovingQuantile,
                                       CalibrationKind::kCacheQuantile,
                                       CalibrationKind::kMax}) {
        network = before;
        // Only layers with a range lose the noise management that evaluation refuses.
        for (auto& [layer, hardware] : network.analog) {
            if (!hardware.input_range.enabled) {
                hardware.forward.noise_management.kind = NoiseManagementKind::kAbsMax;
            }
        }
        calibrate_input_ranges(network, pixels.view(), {.rule = {.kind = kind}, .batch = 3});
        for (const auto& [layer, hardware] : network.analog) {
            for (size_t i = 0; i < ranges(network, layer).size(); i++) {
                if (hardware.input_range.enabled) {
                    EXPECT_GT(ranges(network, layer)[i], 0.0f) << layer;
                    EXPECT_NE(ranges(network, layer)[i], ranges(before, layer)[i]) << layer;
                } else {
                    EXPECT_EQ(ranges(network, layer)[i], ranges(before, layer)[i]) << layer;
                    EXPECT_EQ(hardware.forward.noise_management.kind, NoiseManagementKind::kAbsMax);
                }
            }
        }
        run_all(Executor(network, 1), pixels);
    }
}

TEST(Calibrate, ZerosKeepTheRangeAndBadInputIsRefused) {
    Network network = analog_mlp(in_pieces());
    const Matrix<float> zeros(5, 20);
    calibrate_input_ranges(network, zeros.view());
    EXPECT_EQ(ranges(network, "fc1")[0], 3.0f);
    EXPECT_THROW(calibrate_input_ranges(network, zeros.view(), {.batch = 0}), InputError);
    EXPECT_THROW(calibrate_input_ranges(network, zeros.view(), {.rule = {.quantile = 2}}),
                 ConfigError);
    EXPECT_THROW(calibrate_input_ranges(network, Matrix<float>(5, 19).view()), InputError);
}

}  // namespace
}  // namespace mho

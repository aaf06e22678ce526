// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/calibrate_adc.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "mho/io/file.h"
#include "mho/net/calibrate.h"
#include "mho/net/test_support.h"
#include "mho/util/error.h"

namespace mho {
namespace {

Hardware circuits() {
    Hardware h;
    h.mapping.per_column = false;
    h.mapping.max_inputs = 24;
    h.drift_compensation = DriftCompensationKind::kNone;
    h.crossbar.enabled = true;
    h.crossbar.weights.weight_bits = 8;
    h.crossbar.weights.slices = 4;
    h.crossbar.cell.on_off_ratio = 100;
    h.crossbar.input.bits = 10;
    SarAdc adc;
    adc.bits = 10;
    adc.mid_tread = true;
    h.crossbar.adc = adc;
    h.crossbar.adc_range.rule = AdcRangeRule::kCalibrated;
    h.crossbar.adc_range.quantile = 1.0;
    return h;
}

double relative_error(const Matrix<float>& y, const Matrix<float>& exact) {
    double error = 0;
    double size = 0;
    for (size_t i = 0; i < y.values.size(); i++) {
        error += std::pow(y.values[i] - exact.values[i], 2);
        size += std::pow(exact.values[i], 2);
    }
    return std::sqrt(error / size);
}

TEST(CrossbarNetwork, ConvolutionsAndLinearLayersRunOnCircuits) {
    const Network digital = fold_batch_norm(small_network());
    const Matrix<float> pixels = normal_matrix(12, 144, 1);
    HardwareSpec spec;
    spec.base = circuits();
    Network analog = map_to_hardware(digital, spec);
    calibrate_input_ranges(analog, pixels.view(), {.rule = {.kind = CalibrationKind::kMax}});
    ASSERT_TRUE(needs_adc_ranges(analog));
    const Matrix<float> exact = run_all(Executor(digital, 1), pixels);
    const double before = relative_error(run_all(Executor(analog, 1), pixels), exact);
    calibrate_adc_ranges(analog, pixels.view());
    EXPECT_FALSE(needs_adc_ranges(analog));
    for (const auto& [layer, hardware] : analog.analog) {
        EXPECT_EQ(hardware.crossbar.adc_range.limits.size(), 4u) << layer;
    }
    Executor executor(analog, 1);
    const double after = relative_error(run_all(executor, pixels), exact);
    EXPECT_LT(after, 0.05);
    EXPECT_LT(after, before);
    // Any number of threads, any batch.
    EXPECT_EQ(run_all(executor, pixels, {}, 3).values, run_all(executor, pixels, {}, 1).values);
    executor.program();
    EXPECT_LT(relative_error(run_all(executor, pixels), exact), 0.05);
}

TEST(CrossbarNetwork, FilesKeepTheCalibratedRanges) {
    HardwareSpec spec;
    spec.base = circuits();
    Network network = map_to_hardware(initialize(mlp({20, 8, 3}, raw_input(1, 4, 5)), 3), spec);
    calibrate_adc_ranges(network, normal_matrix(4, 20, 2).view());
    const std::string file = (std::filesystem::path(testing::TempDir()) / "crossbar.net").string();
    write_network(file, network);
    const Network back = read_network(file);
    EXPECT_EQ(back.analog.at("fc1").crossbar.adc_range.limits,
              network.analog.at("fc1").crossbar.adc_range.limits);
    EXPECT_EQ(hardware_to_json(back.analog.at("fc1")), hardware_to_json(network.analog.at("fc1")));
}

TEST(CrossbarHardware, ProblemsNameTheirPath) {
    const auto problem = [](const std::string& crossbar) {
        try {
            hardware_from_json("{\"crossbar\": " + crossbar + "}");
        } catch (const ConfigError& e) {
            return std::string(e.what());
        }
        return std::string("accepted");
    };
    const auto expect = [&](const std::string& crossbar, const std::string& wanted) {
        EXPECT_NE(problem(crossbar).find(wanted), std::string::npos) << problem(crossbar);
    };
    expect(R"({"adc": {"model": "sra"}})", "hardware.crossbar.adc.model");
    expect(R"({"weights": {"slices": 4}})", "hardware.crossbar.weights.weight_bits");
    expect(R"({"cell": {"model": {"model": "pcm joshi"}}})", "hardware.crossbar.cell.g_max_us");
    expect(R"({"input": {"slice_bit": 4}})", "did you mean `slice_bits`");
    expect(R"({"cell": {"model": {"model": "table", "state_us": [1]}}})",
           "hardware.crossbar.cell.model.state_us");
    expect(R"({"enabled": true, "adc_range": {"rule": "granular"}})",
           "hardware.crossbar.adc_range.rule");
    EXPECT_EQ(problem(R"({"enabled": true})"), "accepted");
}

TEST(CrossbarHardware, FilesAreFoundBesideTheRunFile) {
    HardwareSpec spec = hardware_from_json(R"({
        "crossbar": {"cell": {"model": {"model": "table", "file": "a.csv"}, "stuck_map": "/m.csv"}},
        "layers": [{"match": "x", "set": {"crossbar": {"cell": {"stuck_map": "map.csv"}}}}]})");
    resolve_files(spec, "/runs");
    EXPECT_EQ(std::get<TableCell>(spec.base.crossbar.cell.model).file, "/runs/a.csv");
    EXPECT_EQ(spec.base.crossbar.cell.stuck_map, "/m.csv");
    EXPECT_EQ(spec.for_layer("x")->crossbar.cell.stuck_map, "/runs/map.csv");
}

}  // namespace
}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// The noise-free product against recorded results of another simulator (tests/data/README.md).

#include <gtest/gtest.h>

#include <cmath>

#include "mho/device/golden_statistics.test.h"
#include "mho/tile/mvm.h"

namespace mho {
namespace {

using nlohmann::json;

Matrix<float> matrix_of(const json& rows) {
    Matrix<float> m(rows.size(), rows[0].size());
    for (size_t i = 0; i < m.rows; i++) {
        for (size_t j = 0; j < m.cols; j++) {
            m(i, j) = rows[i][j];
        }
    }
    return m;
}

// Number of steps over the full range.
double steps_of(double resolution) {
    return resolution <= 0 ? 0 : resolution > 1 ? resolution : 1 / resolution;
}

MvmConfig config_of(const json& io) {
    MvmConfig c;
    c.perfect = io.at("is_perfect");
    const std::string mode = io.at("mv_type");
    c.mode = mode == "POS_NEG_SEPARATE"               ? MvmMode::kSeparate
             : mode == "POS_NEG_SEPARATE_DIGITAL_SUM" ? MvmMode::kSeparateDigitalSum
                                                      : MvmMode::kOnePass;
    const double in = io.at("inp_bound");
    c.dac = {.bound = in > 0 ? in : 0,
             .steps = in > 0 ? steps_of(io.at("inp_res")) : 0,
             .asymmetry = io.at("inp_asymmetry")};
    const double out = io.at("out_bound");
    c.adc = {.bound = out > 0 ? out : 0,
             .steps = out > 0 ? steps_of(io.at("out_res")) : 0,
             .asymmetry = io.at("out_asymmetry")};
    c.output_noise.std = 0;
    c.weight_noise.kind = WeightNoiseKind::kNone;
    c.ir_drop = {io.at("ir_drop"), io.at("ir_drop_g_ratio")};
    c.output_nonlinearity = {
        io.at("out_nonlinearity"), io.at("out_nonlinearity_std"), io.at("slope_calibration")};
    c.voltage_offset = {io.at("v_offset_std"), io.at("v_offset_w_min"), true};
    c.series_resistance.factor = io.at("r_series");
    if (io.contains("r_series_max_total")) {
        c.series_resistance.max_total = io.at("r_series_max_total");
    }
    const std::vector<std::string> noise = {
        "NONE", "ABS_MAX", "MAX", "CONSTANT", "AVERAGE_ABS_MAX", "ABS_MAX_NP_SUM"};
    const auto kind =
        std::find(noise.begin(), noise.end(), io.at("noise_management").get<std::string>());
    c.noise_management.kind = static_cast<NoiseManagementKind>(kind - noise.begin());
    c.noise_management.threshold = io.at("nm_thres");
    c.noise_management.decay = io.value("nm_decay", 1e-3);
    c.noise_management.assumed_w_max = io.value("nm_assumed_wmax", 0.6);
    const std::string bound = io.at("bound_management");
    c.bound_management.kind = bound == "NONE"        ? BoundManagementKind::kNone
                              : bound == "ITERATIVE" ? BoundManagementKind::kIterative
                                                     : BoundManagementKind::kIterativeWorstCase;
    c.bound_management.max_factor = io.at("max_bm_factor");
    c.bound_management.max_resolution = io.at("max_bm_res");
    c.bound_management.test_negative_bound = io.at("bm_test_negative_bound");
    c.bound_management.compatible_test = true;
    c.output_scale = io.at("out_scale");
    return c;
}

void expect_recorded(const json& record, bool backward) {
    const MvmConfig config = config_of(record.at("config").at("io"));
    const Matrix<float> w = matrix_of(record.at("inputs").at("W"));
    const Matrix<float> x = matrix_of(record.at("inputs").at(backward ? "d" : "x"));
    const char* direction = backward ? "backward" : "forward";
    const Matrix<float> expected = matrix_of(record.at("exact").at(direction));
    PackedMatrix packed;
    backward ? packed.pack_transposed(w.view()) : packed.pack(w.view());
    const Mvm mvm(config, packed.outputs(), packed.inputs(), {1});
    Matrix<float> y(x.rows, packed.outputs());
    MvmScratch scratch;
    RunningAbsMax running;
    MvmCall call;
    call.backward = backward;
    call.running = &running;
    mvm.run(packed, x.view(), y.view(), call, scratch);
    const json& ties = record.at("exact").at("tie_sensitive").at(direction);
    const bool plain = config.mode == MvmMode::kOnePass;
    for (size_t b = 0; b < x.rows; b++) {
        double largest = 1e-30;
        double input = 0;
        for (size_t i = 0; i < y.cols; i++) {
            largest = std::max(largest, std::abs(double{expected(b, i)}));
        }
        for (size_t j = 0; j < x.cols; j++) {
            input = std::max(input, std::abs(double{x(b, j)}));
        }
        // Where a value sits on a tie of a converter, one code of difference is tolerable; in plain
        // products even these agree, for they follow the same float32 order.
        const bool tie = std::find(ties.begin(), ties.end(), b) != ties.end() && !plain;
        for (size_t i = 0; i < y.cols; i++) {
            const double code =
                tie ? converter_step(config.adc.bound, config.adc.steps) * 16 * (1 + input) : 0;
            EXPECT_NEAR(y(b, i), expected(b, i), 2e-6 * std::max(largest, input) + code)
                << record.at("id") << ", " << direction << ", vector " << b << ", output " << i;
        }
    }
}

TEST(MvmGolden, NoiseFreeProductsAgree) {
    size_t records = 0;
    for (const json& record : golden_records("exact_mvm")) {
        expect_recorded(record, false);
        expect_recorded(record, true);
        records++;
    }
    EXPECT_GE(records, 16u);
}

}  // namespace
}  // namespace mho

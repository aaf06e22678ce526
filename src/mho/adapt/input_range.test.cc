// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/adapt/input_range.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "mho/adapt/golden_support.h"

namespace mho {
namespace {

using nlohmann::json;

InputRangeConfig config_of(const json& c) {
    InputRangeConfig config;
    config.enabled = c.at("enable");
    config.learn = c.at("learn_input_range");
    config.initial = c.at("init_value");
    config.init_batches = c.at("init_from_data");
    config.init_std_factor = c.at("init_std_alpha");
    config.decay = c.at("decay");
    config.min_share_inside = c.at("input_min_percentage");
    config.relative_gradient = c.at("gradient_relative");
    config.gradient_scale = c.at("gradient_scale");
    config.manage_output_clipping = c.at("manage_output_clipping");
    config.min_share_unclipped = c.at("output_min_percentage");
    return config;
}

TEST(InputRange, GoldenSteps) {
    size_t steps = 0;
    for (const json& record : golden::records("input_range")) {
        SCOPED_TRACE(record.at("id").get<std::string>());
        const InputRangeConfig config = config_of(record.at("config").at("input_range"));
        const Matrix<float> w = golden::matrix(record.at("inputs").at("W"));
        auto range = static_cast<float>(config.initial);
        uint64_t seen = 0;
        for (const json& step : record.at("exact").at("steps")) {
            const Matrix<float> x = golden::matrix(step.at("x"));
            const Matrix<float> upstream = golden::matrix(step.at("upstream"));
            InputMoments moments;
            moments.add(x.view());
            initialize_input_range(config, moments, range, seen);
            EXPECT_NEAR(range, step.at("range_after").at(0).get<double>(), 1e-5 * range);
            Matrix<float> y(x.rows, w.rows);
            Matrix<float> dx(x.rows, x.cols);
            for (size_t n = 0; n < x.rows; n++) {
                for (size_t o = 0; o < w.rows; o++) {
                    for (size_t j = 0; j < x.cols; j++) {
                        y(n, o) += w(o, j) * std::clamp(x(n, j), -range, range);
                        dx(n, j) += upstream(n, o) * w(o, j);
                    }
                }
            }
            golden::expect_near(y.view(), step.at("y"), 1e-5);
            golden::expect_near(dx.view(), step.at("dx"), 1e-5);
            // In two blocks: the sums must not depend on how a batch is cut.
            InputRangeSums sums;
            sums.add(x.view().row_block(0, 3), dx.view().row_block(0, 3), range);
            InputRangeSums rest;
            rest.add(x.view().row_block(3, x.rows - 3), dx.view().row_block(3, x.rows - 3), range);
            sums.add(rest);
            const double want = step.at("range_grad").at(0);
            EXPECT_NEAR(input_range_gradient(config, sums, range),
                        want,
                        1e-5 * std::max(1.0, std::abs(want)));
            steps++;
        }
    }
    EXPECT_EQ(steps, 20U);
}

TEST(InputRange, WideRowsAgreeWithTheFormula) {
    // More columns than lanes, with a tail.
    Matrix<float> x(3, 21);
    Matrix<float> d(3, 21);
    double shrink = 0;
    double grow = 0;
    uint64_t inside = 0;
    for (size_t i = 0; i < x.values.size(); i++) {
        x.values[i] = std::sin(0.7f * static_cast<float>(i)) * 2.0f;
        d.values[i] = std::cos(1.3f * static_cast<float>(i));
        const double g = d.values[i];
        if (x.values[i] >= 1) {
            shrink += std::min(g, 0.0);
        }
        if (x.values[i] <= -1) {
            grow += std::max(g, 0.0);
        }
        inside += std::abs(x.values[i]) < 1;
    }
    InputRangeSums sums;
    sums.add(x.view(), d.view(), 1.0f);
    // A lane of a row adds two numbers in float.
    EXPECT_NEAR(sums.shrink, shrink, -shrink * 0x1p-24);
    EXPECT_NEAR(sums.grow, grow, grow * 0x1p-24);
    EXPECT_EQ(sums.inside, inside);
    EXPECT_EQ(sums.count, x.values.size());
}

TEST(InputRange, ManagesOutputClipping) {
    InputRangeConfig config;
    config.manage_output_clipping = true;
    config.decay = 0;
    const InputRangeSums none;
    EXPECT_EQ(input_range_gradient(config, none, 2.0f, 0.04), 0.0);
    EXPECT_DOUBLE_EQ(input_range_gradient(config, none, 2.0f, 0.25), -0.5);
}

TEST(InputRange, DecayActsWhileEnoughInputsFit) {
    InputRangeConfig config;
    InputRangeSums sums;
    sums.add_inside(96);
    sums.count += 4;
    EXPECT_DOUBLE_EQ(input_range_gradient(config, sums, 2.0f), 2e-3);
    sums.count += 6;
    EXPECT_EQ(input_range_gradient(config, sums, 2.0f), 0.0);
}

TEST(InputRange, BatchWithoutSpreadIsSkipped) {
    const InputRangeConfig config;
    const Matrix<float> same(100, 7, 0.3f);
    InputMoments moments;
    moments.add(same.view());
    float range = 3.0f;
    uint64_t seen = 0;
    EXPECT_TRUE(initialize_input_range(config, moments, range, seen));
    EXPECT_EQ(seen, 0U);
    EXPECT_EQ(range, 3.0f);
}

}  // namespace
}  // namespace mho

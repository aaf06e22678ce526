// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/quantize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "mho/net/test_support.h"
#include "mho/util/error.h"

namespace mho {
namespace {

double distance(const Matrix<float>& a, const Matrix<float>& b) {
    double error = 0;
    double size = 0;
    for (size_t i = 0; i < a.values.size(); i++) {
        error += std::pow(a.values[i] - b.values[i], 2);
        size += std::pow(b.values[i], 2);
    }
    return std::sqrt(error / size);
}

TEST(Quantize, EqualsTheDefinitionOnAPerceptron) {
    const Network digital = initialize(mlp({20, 8, 3}, raw_input(1, 4, 5)), 3);
    const Matrix<float> pixels = normal_matrix(40, 20, 1);
    const Network quantized =
        quantize_network(digital, pixels.view(), {.activations = {.kind = CalibrationKind::kMax}});
    const Matrix<float> y = run_all(Executor(quantized, 1), pixels);

    // The definition, in double: weights per channel on 4-bit grids, activations on 8-bit grids.
    const auto weights = [&](const std::string& layer, size_t rows, size_t cols) {
        Matrix<float> w(rows, cols);
        w.values = digital.parameters.at(layer + ".weight").values;
        fake_quantize_weights({.bits = 4, .per_channel = true}, w.view());
        return w;
    };
    const auto product =
        [&](const Matrix<float>& w, const std::string& layer, const std::vector<double>& x) {
            std::vector<double> out;
            for (size_t i = 0; i < w.rows; i++) {
                double sum = digital.parameters.at(layer + ".bias").values[i];
                for (size_t j = 0; j < w.cols; j++) {
                    sum += double{w(i, j)} * x[j];
                }
                out.push_back(sum);
            }
            return out;
        };
    const double in_range = quantized.parameters.at("fc1.input_range").values[0];
    const double hidden_range = quantized.parameters.at("fc2.input_range").values[0];
    EXPECT_EQ(quantized.analog.at("fc1").forward.dac.steps, 254);
    EXPECT_EQ(quantized.analog.at("fc2").forward.dac.steps, 510);  // after a ReLU
    const Matrix<float> w1 = weights("fc1", 8, 20);
    double error = 0;
    const Matrix<float> w2 = weights("fc2", 3, 8);
    for (size_t r = 0; r < pixels.rows; r++) {
        std::vector<double> x;
        for (size_t j = 0; j < 20; j++) {
            x.push_back(reference_fake_quantize({static_cast<float>(in_range / 127), 0, -127, 127},
                                                pixels(r, j)));
        }
        std::vector<double> h = product(w1, "fc1", x);
        for (double& v : h) {
            v = reference_fake_quantize({static_cast<float>(hidden_range / 255), 0, 0, 255},
                                        std::max(v, 0.0));
        }
        const std::vector<double> expected = product(w2, "fc2", h);
        for (size_t i = 0; i < 3; i++) {
            // A value at a rounding tie may take the other level: one step times one weight.
            EXPECT_NEAR(y(r, i), expected[i], hidden_range / 255 * 0.4);
            error += std::abs(y(r, i) - expected[i]);
        }
    }
    // But that is rare.
    EXPECT_LT(error / 120, 0.02 * hidden_range / 255);
}

TEST(Quantize, MoreBitsAreBetterAndManyAreExact) {
    const Network digital = small_network();
    const Matrix<float> pixels = normal_matrix(12, 144, 2);
    const Matrix<float> exact = run_all(Executor(digital, 1), pixels);
    double before = 1e9;
    for (const int bits : {3, 5, 8, 14}) {
        const Network q = quantize_network(digital,
                                           pixels.view(),
                                           {.weights = {.bits = bits, .per_channel = true},
                                            .activation_bits = bits,
                                            .activations = {.kind = CalibrationKind::kMax}});
        const double error = distance(run_all(Executor(q, 1), pixels), exact);
        EXPECT_LT(error, before / 2) << bits;
        before = error;
    }
    EXPECT_LT(before, 1e-3);
}

TEST(Quantize, ExcludedLayersAndBadSettings) {
    const Network digital = initialize(mlp({20, 8, 3}, raw_input(1, 4, 5)), 3);
    const Matrix<float> pixels = normal_matrix(10, 20, 1);
    const Network q = quantize_network(digital, pixels.view(), {.exclude = {"fc2"}});
    EXPECT_TRUE(q.is_analog("fc1"));
    EXPECT_FALSE(q.is_analog("fc2"));
    EXPECT_EQ(q.parameters.at("fc2.weight").values, digital.parameters.at("fc2.weight").values);
    EXPECT_THROW(quantize_network(q, pixels.view()), InputError);
    EXPECT_THROW(quantize_network(digital, Matrix<float>(0, 20).view()), InputError);
    EXPECT_THROW(quantize_network(digital, pixels.view(), {.activation_bits = 1}), ConfigError);
    EXPECT_THROW(quantize_network(digital, pixels.view(), {.weights = {.bits = 99}}), ConfigError);
}

TEST(Quantize, TablesMoveToTheirGrids) {
    const Network digital = initialize(small_gpt({11, 6, 12, 3, 1}), 3);
    Matrix<float> x(30, 6);
    for (size_t i = 0; i < x.values.size(); i++) {
        x.values[i] = static_cast<float>(i * 7 % 11);
    }
    const auto levels = [](const Network& n, const char* name, size_t first, size_t count) {
        const std::vector<float>& v = n.parameters.at(name).values;
        return std::set<float>(v.begin() + static_cast<std::ptrdiff_t>(first),
                               v.begin() + static_cast<std::ptrdiff_t>(first + count))
            .size();
    };
    const Network coarse = quantize_network(digital, x.view(), {.table_bits = 2});
    EXPECT_LE(levels(coarse, "embedding.weight", 12, 12), 4u);
    EXPECT_LE(levels(coarse, "position.weight", 24, 12), 4u);
    const Network as_is = quantize_network(digital, x.view(), {.table_bits = 0});
    EXPECT_EQ(as_is.parameters.at("embedding.weight"), digital.parameters.at("embedding.weight"));
    const Matrix<float> y = run_all(Executor(digital, 1), x);
    const double fine = distance(run_all(Executor(quantize_network(digital, x.view()), 1), x), y);
    EXPECT_LT(fine, distance(run_all(Executor(coarse, 1), x), y));
    EXPECT_THROW(quantize_network(digital, x.view(), {.table_bits = 1}), ConfigError);
}

}  // namespace
}  // namespace mho

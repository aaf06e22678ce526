// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/adapt/quantizer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "mho/random/stream.h"

namespace mho {
namespace {

std::vector<float> normal(size_t n, uint64_t step) {
    std::vector<float> v(n);
    fill_normal({8}, Stream::kTest, step, 0, v);
    return v;
}

TEST(QuantGrid, SignedAndUnsignedIntegers) {
    const QuantGrid s = quant_grid({.bits = 8}, -1.0, 2.54);
    EXPECT_EQ(s.q_min, -128);
    EXPECT_EQ(s.q_max, 127);
    EXPECT_EQ(s.zero_point, 0);
    EXPECT_FLOAT_EQ(s.step, 0.02f);
    const QuantGrid u = quant_grid({.bits = 4}, 0.0, 3.0);
    EXPECT_EQ(u.q_min, 0);
    EXPECT_EQ(u.q_max, 15);
    EXPECT_FLOAT_EQ(u.step, 0.2f);
    const QuantGrid a = quant_grid({.bits = 4, .symmetric = false}, -1.0, 2.0);
    EXPECT_EQ(a.q_min, 0);
    EXPECT_EQ(a.q_max, 15);
    EXPECT_FLOAT_EQ(a.step, 0.2f);
    EXPECT_EQ(a.zero_point, 5);
    EXPECT_FLOAT_EQ(quant_grid({}, 0, 0).step, 1e-8f);
    EXPECT_THROW(quant_grid({}, 1, 2), InputError);
    EXPECT_THROW(quant_grid({.bits = 1}, -1, 2), ConfigError);
    EXPECT_THROW(quant_grid({}, -1, std::numeric_limits<double>::infinity()), InputError);
}

TEST(Quantizer, KernelEqualsReference) {
    const std::vector<float> x = normal(20000, 1);
    for (const bool symmetric : {true, false}) {
        for (const int bits : {2, 3, 4, 8, 12}) {
            const QuantGrid grid = quant_grid({.bits = bits, .symmetric = symmetric}, -1.7, 2.3);
            std::vector<float> y(x.size());
            std::vector<int> q(x.size());
            fake_quantize(grid, x, y);
            quantize(grid, x, q);
            for (size_t i = 0; i < x.size(); i++) {
                ASSERT_GE(q[i], grid.q_min);
                ASSERT_LE(q[i], grid.q_max);
                ASSERT_EQ(y[i], static_cast<float>(q[i] - grid.zero_point) * grid.step);
                const double exact = reference_fake_quantize(grid, x[i]);
                // One ulp of the quotient decides only values that close to a tie.
                const double quotient = double{x[i]} / double{grid.step};
                const double tie = std::abs(quotient - std::floor(quotient) - 0.5);
                if (tie > std::abs(quotient) * 0x1p-23) {
                    ASSERT_NEAR(y[i], exact, std::abs(exact) * 0x1p-23);
                }
            }
        }
    }
}

TEST(Quantizer, HalvesGoToEvenAndLargeValuesAreCut) {
    const QuantGrid grid{1.0f, 0, -8, 7};
    const std::vector<float> x = {0.5f, 1.5f, -2.5f, 1e30f, -1e30f};
    std::vector<float> y(5);
    std::vector<int> q(5);
    fake_quantize(grid, x, y);
    EXPECT_EQ(y, (std::vector<float>{0.0f, 2.0f, -2.0f, 7.0f, -8.0f}));
    quantize(grid, x, q);
    EXPECT_EQ(q, (std::vector<int>{0, 2, -2, 7, -8}));
    std::vector<float> g(5);
    straight_through(grid, x, std::vector<float>{1, 2, 3, 4, 5}, g);
    EXPECT_EQ(g, (std::vector<float>{1, 2, 3, 0, 0}));
    std::vector<float> short_one(4);
    EXPECT_THROW(fake_quantize(grid, x, short_one), InputError);
    EXPECT_THROW(straight_through(grid, x, short_one, g), InputError);
}

TEST(Quantizer, EveryMeanSquaredErrorFallsByFourPerBit) {
    // Step^2 / 12 inside the range; 12 to 14 bit are fine enough for the law to hold.
    const std::vector<float> x = normal(50000, 2);
    double before = 0;
    for (const int bits : {6, 7, 8, 9}) {
        RangeEstimator e({.bits = bits});
        e.add(x);
        const double error = quantization_error(e.grid(), x);
        EXPECT_NEAR(error, std::pow(double{e.grid().step}, 2) / 12, 0.02 * error);
        if (before > 0) {
            EXPECT_NEAR(before / error, 4.0, 0.15);
        }
        before = error;
    }
}

TEST(RangeEstimator, MinMaxRules) {
    const std::vector<float> first = {-1, 3, 0.5f};
    const std::vector<float> second = {-2, 1};
    const auto after = [&](QuantizerConfig config) {
        RangeEstimator e(config);
        EXPECT_FALSE(e.has_range());
        e.add(first);
        e.add({});
        e.add(second);
        EXPECT_TRUE(e.has_range());
        return std::pair{e.low(), e.high()};
    };
    EXPECT_EQ(after({.range = RangeRule::kCurrent}), std::pair(-2.0, 1.0));
    EXPECT_EQ(after({.range = RangeRule::kAllTime}), std::pair(-2.0, 3.0));
    const auto [low, high] = after({.range = RangeRule::kRunning});
    EXPECT_DOUBLE_EQ(low, -1.1);
    EXPECT_DOUBLE_EQ(high, 2.8);
    // Zero stays on the grid.
    RangeEstimator positive({});
    positive.add(std::vector<float>{2, 5});
    EXPECT_EQ(positive.low(), 0.0);
    EXPECT_THROW(positive.add(std::vector<float>{std::numeric_limits<float>::quiet_NaN()}),
                 InputError);
    EXPECT_THROW(RangeEstimator({.percentile = 20}), ConfigError);
}

TEST(RangeEstimator, Percentile) {
    std::vector<float> x;
    for (int i = -100; i <= 100; i++) {
        x.push_back(static_cast<float>(i));
    }
    RangeEstimator e({.range = RangeRule::kPercentile, .percentile = 90});
    e.add(x);
    EXPECT_NEAR(e.low(), -80, 1e-4);
    EXPECT_NEAR(e.high(), 80, 1e-4);
}

TEST(RangeEstimator, SearchBeatsMinMaxAndFindsTheBestCandidate) {
    const std::vector<float> x = normal(4000, 3);
    for (const bool symmetric : {true, false}) {
        for (const int bits : {2, 4}) {
            const QuantizerConfig config{
                .bits = bits, .symmetric = symmetric, .range = RangeRule::kMse};
            RangeEstimator e(config);
            e.add(x);
            QuantizerConfig plain = config;
            plain.range = RangeRule::kCurrent;
            RangeEstimator full(plain);
            full.add(x);
            const double error = quantization_error(e.grid(), x);
            EXPECT_LT(error, quantization_error(full.grid(), x));
            if (symmetric) {
                double least = 1e9;
                for (int i = 1; i <= 100; i++) {
                    least = std::min(
                        least,
                        quantization_error(
                            quant_grid(config, full.low() * i / 100, full.high() * i / 100), x));
                }
                EXPECT_DOUBLE_EQ(error, least);
            }
        }
    }
    // 4 bit, 16 levels, Gaussian: the best uniform quantiser has the error 0.01154
    // (Max, IRE Trans. Inf. Theory 6, 7 (1960), table II).
    RangeEstimator four({.bits = 4, .range = RangeRule::kMse, .candidates = 1000});
    const std::vector<float> many = normal(200000, 4);
    four.add(std::span(many).first(20000));
    EXPECT_NEAR(quantization_error(four.grid(), many), 0.01154, 0.0012);
}

TEST(Quantizer, WeightsPerChannelAndPerTensor) {
    Matrix<float> w(3, 200);
    w.values = normal(600, 5);
    for (size_t j = 0; j < 200; j++) {
        w(1, j) *= 0.01f;
    }
    Matrix<float> one = w;
    Matrix<float> each = w;
    EXPECT_EQ(fake_quantize_weights({.bits = 4}, one.view()).size(), 1u);
    const auto grids = fake_quantize_weights({.bits = 4, .per_channel = true}, each.view());
    ASSERT_EQ(grids.size(), 3u);
    std::set<float> levels;
    double one_error = 0;
    double each_error = 0;
    for (size_t j = 0; j < 200; j++) {
        levels.insert(each(1, j));
        one_error += std::pow(one(1, j) - w(1, j), 2);
        each_error += std::pow(each(1, j) - w(1, j), 2);
        EXPECT_LE(std::abs(each(1, j) - w(1, j)), grids[1].step * 0.5001f);
    }
    EXPECT_LE(levels.size(), 16u);
    EXPECT_GT(levels.size(), 8u);
    EXPECT_LT(each_error, 0.1 * one_error);
}

TEST(RangeEstimator, GoldenSectionFindsWhatTheGridFinds) {
    const std::vector<float> x = normal(4000, 9);
    for (const bool symmetric : {true, false}) {
        QuantizerConfig config{.bits = 3, .symmetric = symmetric, .candidates = 400};
        const auto error = [&](RangeRule rule) {
            config.range = rule;
            RangeEstimator estimator(config);
            estimator.add(x);
            return quantization_error(estimator.grid(), x);
        };
        const double full = error(RangeRule::kCurrent);
        const double grid = error(RangeRule::kMse);
        const double golden = error(RangeRule::kMseGolden);
        EXPECT_LT(golden, 0.8 * full);
        // The loss has small ripples where codes jump; either search may end in one.
        EXPECT_LT(golden, grid * 1.1);
    }
}

TEST(RangeEstimator, CrossEntropyKeepsTheSoftmax) {
    // Logits with one outlier far below: cutting it costs the squared error much, the softmax
    // nothing.
    std::vector<float> x = normal(40 * 8, 10);
    for (size_t r = 0; r < 40; r++) {
        x[r * 8] = -40.0f;
    }
    QuantizerConfig config{.bits = 4, .range = RangeRule::kCrossEntropy};
    RangeEstimator cross(config);
    cross.add(x, 8);
    config.range = RangeRule::kMse;
    RangeEstimator squares(config);
    squares.add(x, 8);
    EXPECT_LT(quantization_cross_entropy(cross.grid(), x, 8),
              quantization_cross_entropy(squares.grid(), x, 8) - 0.01);
    EXPECT_GT(quantization_error(cross.grid(), x), quantization_error(squares.grid(), x));
    // At best the entropy of the softmax itself.
    double entropy = 0;
    for (size_t r = 0; r < 40; r++) {
        double sum = 0;
        for (size_t i = 0; i < 8; i++) {
            sum += std::exp(double{x[r * 8 + i]});
        }
        for (size_t i = 0; i < 8; i++) {
            const double p = std::exp(double{x[r * 8 + i]}) / sum;
            entropy -= p * std::log(p) / 40;
        }
    }
    EXPECT_GT(quantization_cross_entropy(cross.grid(), x, 8), entropy);
    EXPECT_NEAR(quantization_cross_entropy(quant_grid({.bits = 16}, -40, 40), x, 8), entropy, 1e-4);
    EXPECT_THROW(quantization_cross_entropy(cross.grid(), x, 7), InputError);
}

// Inside a code, and outside of the grid, the output is a smooth function of the step.
TEST(GridGradient, EqualsFiniteDifferencesOfTheCodes) {
    const std::vector<float> x = normal(500, 11);
    const std::vector<float> g = normal(500, 12);
    for (const bool symmetric : {true, false}) {
        const QuantGrid grid = quant_grid({.bits = 3, .symmetric = symmetric}, -1.1, 1.3);
        double step = 0;
        double zero = 0;
        for (size_t i = 0; i < x.size(); i++) {
            const double v = double{x[i]} / double{grid.step};
            const double code = std::nearbyint(v);
            const double low = grid.q_min - grid.zero_point;
            const double high = grid.q_max - grid.zero_point;
            // LSQ, equation 3: round(v) - v inside, the last code outside.
            step += g[i] * (code < low ? low : code > high ? high : code - v);
            zero += code < low || code > high ? -g[i] * double{grid.step} : 0.0;
        }
        const GridGradient found = grid_gradient(grid, x, g);
        EXPECT_NEAR(found.step, step, 1e-9);
        EXPECT_NEAR(found.zero_point, zero, 1e-9);
    }
    EXPECT_THROW(grid_gradient({}, x, std::vector<float>(3)), InputError);
}

}  // namespace
}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
//
// What must hold of the whole path from digital inputs to digital outputs, whatever its parts are.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "mho/kernels/product.h"
#include "mho/tile/grid.h"

namespace mho {
namespace {

constexpr size_t kOut = 48;
constexpr size_t kIn = 100;
constexpr size_t kRows = 200;

struct Problem48 {
    Matrix<float> w{kOut, kIn}, x{kRows, kIn};
    Matrix<double> exact{kRows, kOut};
    Problem48() {
        fill_uniform(TileKey{1}, Stream::kTest, 1, 0, w.values);
        fill_uniform(TileKey{1}, Stream::kTest, 2, 0, x.values);
        for (float& v : w.values) {
            v = 2 * v - 1;
        }
        for (float& v : x.values) {
            v = 2 * v - 1;
        }
        reference_multiply(w.view(), x.view(), exact.view());
    }
};

// Everything off that is not exact.
TileConfig quiet() {
    TileConfig c;
    c.forward.dac = {.bound = 0, .steps = 0, .noise_std = 0};
    c.forward.adc = {.bound = 0, .steps = 0};
    c.forward.output_noise.std = 0;
    c.forward.weight_noise.kind = WeightNoiseKind::kNone;
    c.forward.ir_drop.strength = 0;
    c.drift_compensation = DriftCompensationKind::kNone;
    return c;
}

Matrix<float> run(const Tile& tile, const Problem48& p, uint64_t step = 0) {
    Matrix<float> y(kRows, kOut);
    MvmScratch scratch;
    tile.apply(p.x.view(), y.view(), {.key = {.step = step}}, scratch);
    return y;
}

double mean_square_error(const TileConfig& config, const Problem48& p) {
    Tile tile(config, kOut, kIn, TileKey{3});
    tile.set_weights(p.w.view());
    const Matrix<float> y = run(tile, p);
    double sum = 0;
    for (size_t i = 0; i < y.values.size(); i++) {
        const double d = static_cast<double>(y.values[i]) - p.exact.values[i];
        sum += d * d;
    }
    return sum / static_cast<double>(y.values.size());
}

TEST(Properties, NoNoiseIsThePlainProduct) {
    const Problem48 p;
    Tile tile(quiet(), kOut, kIn, TileKey{3});
    tile.set_weights(p.w.view());
    const Matrix<float> y = run(tile, p);
    for (size_t i = 0; i < y.values.size(); i++) {
        // Sums of 100 products of at most 1 in float32.
        ASSERT_NEAR(static_cast<double>(y.values[i]), p.exact.values[i], 100 * 100 * 0x1p-24);
    }
}

TEST(Properties, MoreBitsAreNeverWorseOnAverage) {
    const Problem48 p;
    double before_dac = INFINITY, before_adc = INFINITY;
    for (int bits = 2; bits <= 12; bits++) {
        TileConfig dac = quiet(), adc = quiet();
        dac.forward.dac.bound = 1;
        dac.forward.dac.steps = std::pow(2.0, bits) - 2;
        adc.forward.adc.bound = 40;
        adc.forward.adc.steps = std::pow(2.0, bits) - 2;
        const double with_dac = mean_square_error(dac, p), with_adc = mean_square_error(adc, p);
        EXPECT_LT(with_dac, before_dac) << bits;
        EXPECT_LT(with_adc, before_adc) << bits;
        before_dac = with_dac;
        before_adc = with_adc;
    }
}

TEST(Properties, DriftIsExactWithoutSpread) {
    const Problem48 p;
    TileConfig c = quiet();
    StateIndependent device;
    device.programming_noise_scale = 0;
    device.read_noise_scale = 0;
    device.drift_nu_mean = 0.06;
    device.drift_nu_std = 0;
    c.conductance = device;
    for (const double t : {1.0, 3600.0, 315360000.0}) {
        Tile tile(c, kOut, kIn, TileKey{3});
        tile.program(p.w.view());
        tile.advance_to(t);
        // g(t) = g ((t + t_0) / t_0)^-nu for every cell, hence for every weight.
        const double factor = std::pow((t + device.t_0_s) / device.t_0_s, -device.drift_nu_mean);
        const Matrix<float> now = tile.weights();
        for (size_t i = 0; i < now.values.size(); i++) {
            ASSERT_NEAR(static_cast<double>(now.values[i]),
                        factor * static_cast<double>(p.w.values[i]),
                        1e-5)
                << t;
        }
    }
}

// Every law whose cells drift by a power of time: without spread each cell follows its own power.
TEST(Properties, CellsOfEveryDriftingLawFollowTheirPower) {
    constexpr double kGMax = 25;
    constexpr size_t kCells = 400;
    std::vector<float> target(kCells), out(kCells);
    for (size_t i = 0; i < kCells; i++) {
        target[i] = static_cast<float>(kGMax * static_cast<double>(i + 1) / kCells);
    }
    CustomDrift table;
    table.programming_noise_scale = 0;
    table.read_noise_scale = 0;
    table.drift_g_us = {0, 10, 25};
    table.drift_nu_mean = {0.1, 0.04, 0.02};
    table.drift_nu_std = {0, 0, 0};
    StateIndependent flat;
    flat.programming_noise_scale = 0;
    flat.read_noise_scale = 0;
    flat.drift_nu_std = 0;
    const auto nu_of = [&](double g) {
        return g < 10 ? 0.1 + (0.04 - 0.1) * g / 10 : 0.04 + (0.02 - 0.04) * (g - 10) / 15;
    };
    for (const double t : {20.0, 86400.0, 315360000.0}) {
        program_and_read(table, kGMax, target, t, out, TileKey{5}, 0, 0);
        const double span = (t + table.t_0_s) / table.t_0_s;
        for (size_t i = 0; i < kCells; i++) {
            const auto g = static_cast<double>(target[i]);
            ASSERT_NEAR(static_cast<double>(out[i]), g * std::pow(span, -nu_of(g)), 2e-5 * kGMax)
                << t << " s, " << g << " uS";
        }
        program_and_read(flat, kGMax, target, t, out, TileKey{5}, 0, 0);
        for (size_t i = 0; i < kCells; i++) {
            ASSERT_NEAR(static_cast<double>(out[i]),
                        static_cast<double>(target[i]) *
                            std::pow((t + flat.t_0_s) / flat.t_0_s, -flat.drift_nu_mean),
                        2e-5 * kGMax);
        }
    }
}

TEST(Properties, AlsoCompensatedDriftIsExactWithoutSpread) {
    const Problem48 p;
    TileConfig c = quiet();
    StateIndependent device;
    device.programming_noise_scale = 0;
    device.read_noise_scale = 0;
    device.drift_nu_std = 0;
    c.conductance = device;
    c.drift_compensation = DriftCompensationKind::kGlobal;
    Tile tile(c, kOut, kIn, TileKey{3});
    tile.program(p.w.view());
    tile.advance_to(86400.0);
    const Matrix<float> y = run(tile, p);
    for (size_t i = 0; i < y.values.size(); i++) {
        ASSERT_NEAR(static_cast<double>(y.values[i]), p.exact.values[i], 1e-3);
    }
}

// The error of the mean of n reads has variance 1/n of that of one.
TEST(Properties, NoiseAveragesOut) {
    const Problem48 p;
    TileConfig c = quiet();
    c.forward.output_noise.std = 0.2;
    c.forward.weight_noise.kind = WeightNoiseKind::kPcmRead;
    c.forward.weight_noise.std = 0.02;
    Tile tile(c, kOut, kIn, TileKey{3});
    tile.set_weights(p.w.view());
    constexpr uint64_t kReads = 16;
    Matrix<double> sum(kRows, kOut);
    double one = 0, many = 0;
    for (uint64_t step = 0; step < kReads; step++) {
        const Matrix<float> y = run(tile, p, step);
        for (size_t i = 0; i < y.values.size(); i++) {
            const double d = static_cast<double>(y.values[i]) - p.exact.values[i];
            sum.values[i] += d;
            one += d * d;
        }
    }
    for (const double d : sum.values) {
        many += d * d / double{kReads * kReads};
    }
    const auto n = static_cast<double>(kRows * kOut);
    // one: mean square of a single read, over all reads; many: that of the mean of all.
    const double ratio = (many / n) * double{kReads} / (one / n / double{kReads});
    // Both are means of squares of about normal numbers; the smaller sample has n = 9600 of them:
    // relative standard deviation sqrt(2 / n), six of which a false alarm in 1e-8 needs.
    EXPECT_NEAR(ratio, 1.0, 6 * std::sqrt(2 / n) * 1.2);
}

TEST(Properties, WhatIsSwitchedOffLeavesNoTrace) {
    const Problem48 p;
    TileConfig c;
    Tile tile(c, kOut, kIn, TileKey{3});
    // All three sources of conductance noise off: the target, at any time.
    tile.program(p.w.view(), 0, {.programming = false, .drift = false, .read = false});
    tile.advance_to(1e6);
    const Matrix<float> now = tile.weights();
    for (size_t i = 0; i < now.values.size(); i++) {
        ASSERT_NEAR(now.values[i], p.w.values[i], 2e-7f);
    }
}

}  // namespace
}  // namespace mho

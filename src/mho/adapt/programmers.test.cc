// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/adapt/programmers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "mho/adapt/weight_map.h"
#include "mho/array/converter.h"
#include "mho/util/error.h"

namespace mho {
namespace {

constexpr size_t kSize = 64;

Matrix<float> gaussian_weights() {
    Matrix<float> w(kSize, kSize);
    fill_normal(make_tile_key(5, "test"), Stream::kTest, 0, 0, w.values);
    for (float& v : w.values) {
        v = std::clamp(0.25f * v, -1.0f, 1.0f);
    }
    return w;
}

// |W - W*| / |W*| of the programmed tile.
double distance(const Tile& tile, const Matrix<float>& target) {
    const Matrix<float> now = tile.weights();
    double off = 0;
    double norm = 0;
    for (size_t i = 0; i < target.values.size(); i++) {
        off += std::pow(double{now.values[i]} - target.values[i], 2);
        norm += std::pow(double{target.values[i]}, 2);
    }
    return std::sqrt(off / norm);
}

TEST(Programmers, PulsesBringCellsCloser) {
    const Matrix<float> target = gaussian_weights();
    Tile tile(TileConfig{}, kSize, kSize, make_tile_key(1, "t"));
    tile.program(target.view());
    const double shot = distance(tile, target);
    ProgrammingConfig config;
    // Exact reading, exact pulses: the error is the margin at most.
    config.kind = ProgrammingKind::kVerify;
    config.pulse_noise = 0;
    config.pulse_gain_spread = 0;
    config.read_noise = 0;
    config.cell_read_steps = 100000;
    config.verify_margin = 0.01;
    config.verify_pulse = 1;
    config.verify_rounds = 3;
    const ProgrammingTrace exact = program_by_pulses(config, tile, target.view(), 0);
    const Matrix<float> now = tile.weights();
    for (size_t i = 0; i < target.values.size(); i++) {
        EXPECT_NEAR(now.values[i], target.values[i], 0.0101);
    }
    EXPECT_LT(exact.error.back(), exact.error.front());
    EXPECT_LE(exact.pulses, target.values.size());
    // Real cells.
    for (const ProgrammingKind kind : {ProgrammingKind::kVerify,
                                       ProgrammingKind::kGradient,
                                       ProgrammingKind::kVerifyThenGradient,
                                       ProgrammingKind::kClosedLoop}) {
        config = {};
        config.kind = kind;
        if (kind == ProgrammingKind::kVerify) {
            config.cell_read_steps = 4094;
            config.verify_margin = 0.02;
        }
        if (kind == ProgrammingKind::kClosedLoop) {
            config.rate = 0.1;
            config.pulse_noise = 0.001;
        }
        const ProgrammingTrace trace = program_by_pulses(config, tile, target.view(), 0);
        // Verify through an 8-bit ADC loses what descent then has to win back.
        const double most = kind == ProgrammingKind::kVerifyThenGradient ? 1.2 * shot : shot;
        EXPECT_LT(distance(tile, target), most) << enum_name(kind);
        EXPECT_LT(trace.error.back(), trace.error.front()) << enum_name(kind);
        EXPECT_GT(trace.pulses, 0u);
    }
}

TEST(Programmers, ReplayAndDrift) {
    const Matrix<float> target = gaussian_weights();
    ProgrammingConfig config;
    config.kind = ProgrammingKind::kGradient;
    config.iterations = 20;
    const std::unique_ptr<Programmer> programmer = make_programmer(config);
    Tile a(TileConfig{}, kSize, kSize, make_tile_key(1, "t"));
    Tile b(TileConfig{}, kSize, kSize, make_tile_key(1, "t"));
    programmer->program(a, target.view(), 3, {});
    programmer->program(b, target.view(), 3, {});
    EXPECT_EQ(a.weights().values, b.weights().values);
    programmer->program(b, target.view(), 4, {});
    EXPECT_NE(a.weights().values, b.weights().values);
    const std::vector<float> fresh = a.weights().values;
    a.advance_to(86400);
    double sum = 0;
    double before = 0;
    for (size_t i = 0; i < fresh.size(); i++) {
        before += std::abs(double{fresh[i]});
        sum += std::abs(double{a.weights().values[i]});
    }
    EXPECT_LT(sum, 0.9 * before);
    EXPECT_GT(a.compensation()[0], 1.05f);
    // State brings it back.
    Tile c(TileConfig{}, kSize, kSize, make_tile_key(1, "t"));
    c.restore(a.state());
    EXPECT_EQ(c.weights().values, a.weights().values);
    // Without programming noise everything is exact.
    ConductanceSwitches off;
    off.programming = false;
    programmer->program(a, target.view(), 3, off);
    EXPECT_LT(distance(a, target), 1e-6);
    EXPECT_EQ(make_programmer({}), nullptr);
    TileConfig other;
    other.converter = SingleDevice{};
    Tile single(other, 4, 4, make_tile_key(1, "t"));
    EXPECT_THROW(programmer->program(single, Matrix<float>(4, 4).view(), 0, {}), InputError);
}

TEST(Programmers, ErrorAfterAffineIgnoresGainsAndOffsets) {
    Matrix<float> wanted(20, 3);
    fill_normal(make_tile_key(6, "t"), Stream::kTest, 0, 0, wanted.values);
    Matrix<float> measured = wanted;
    for (size_t r = 0; r < 20; r++) {
        measured(r, 0) = 3 * measured(r, 0) + 1;
        measured(r, 2) = -measured(r, 2) - 5;
    }
    EXPECT_LT(error_after_affine(measured.view(), wanted.view()), 1e-6);
    measured(0, 1) += 1;
    EXPECT_GT(error_after_affine(measured.view(), wanted.view()), 0.05);
    EXPECT_THROW(error_after_affine(measured.view(), Matrix<float>(20, 2).view()), InputError);
}

TEST(DifferentialEvolution, FindsTheMinimum) {
    const auto rosenbrock = [](std::span<const double> x) {
        return 100 * std::pow(x[1] - x[0] * x[0], 2) + std::pow(1 - x[0], 2);
    };
    const std::vector<double> low = {-2, -2};
    const std::vector<double> high = {2, 2};
    DifferentialEvolution settings;
    settings.generations = 200;
    const EvolutionResult found = evolve(settings, low, high, rosenbrock);
    EXPECT_LT(found.value, 1e-8);
    EXPECT_NEAR(found.best[0], 1, 1e-3);
    EXPECT_TRUE(std::is_sorted(found.history.rbegin(), found.history.rend()));
    EXPECT_EQ(evolve(settings, low, high, rosenbrock).best, found.best);
    settings.population = 3;
    EXPECT_THROW(evolve(settings, low, high, rosenbrock), InputError);
}

TEST(WeightMap, IsNeverWorseAndStillInverts) {
    const Matrix<float> w = gaussian_weights();
    for (const int pairs : {1, 2}) {
        WeightMapOptions options;
        options.evolution.generations = 8;
        options.evolution.population = 10;
        options.most_weights = 200;
        options.pairs = pairs;
        const WeightMap map = optimise_weight_map(PcmLike{}, 25.0, w.view(), options);
        EXPECT_LE(map.optimised_error, map.plain_error);
        EXPECT_GT(map.optimised_error, 0);
        EXPECT_EQ(map.converter.factors.size(), static_cast<size_t>(pairs));
        require_valid(map.converter);
        const Conductances cells = to_conductances(map.converter, w.view());
        EXPECT_EQ(cells.slices.size(), 2 * static_cast<size_t>(pairs));
        for (const auto& slice : cells.slices) {
            for (const float g : slice.values) {
                EXPECT_GE(g, 0);
                EXPECT_LE(g, 25.0f * 1.000001f);
            }
        }
        Matrix<float> back(kSize, kSize);
        to_weights(map.converter, cells, back.view());
        for (size_t i = 0; i < back.values.size(); i++) {
            EXPECT_NEAR(back.values[i], w.values[i], 1e-5);
        }
        EXPECT_THROW(weight_error(map.converter, PcmLike{}, w.view(), {}, make_tile_key(1, "t"), 1),
                     InputError);
    }
    WeightMapOptions three;
    three.pairs = 3;
    EXPECT_THROW(optimise_weight_map(PcmLike{}, 25.0, w.view(), three), InputError);
}

// Independent noise of two equal halves of a weight averages: by root two where noise does not
// depend on the conductance.
TEST(WeightMap, TwoPairsAverage) {
    const Matrix<float> w = gaussian_weights();
    PcmLike flat;
    flat.programming_coefficients_us = {0.5};
    flat.drift_scale = 0;
    flat.read_noise_scale = 0;
    const TileKey key = make_tile_key(1, "two pairs");
    const double one = weight_error(SinglePair{}, flat, w.view(), {0.0}, key, 20);
    const double two = weight_error(even_pairs(25.0), flat, w.view(), {0.0}, key, 20);
    // Cells at rest cannot go below zero, which costs a little of it.
    EXPECT_NEAR(one / two, std::sqrt(2.0), 0.05);
}

}  // namespace
}  // namespace mho

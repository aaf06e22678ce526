// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/adapt/modifier.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "mho/adapt/golden_support.h"
#include "mho/util/error.h"

namespace mho {
namespace {

using nlohmann::json;

const TileKey kKey = make_tile_key(7, "modifier");

WeightModifier modifier_of(const json& c) {
    static const std::map<std::string, ModifierKind> kinds = {
        {"ADD_NORMAL", ModifierKind::kAddNormal},
        {"MULT_NORMAL", ModifierKind::kMultNormal},
        {"DISCRETIZE", ModifierKind::kDiscretize},
        {"DISCRETIZE_ADD_NORMAL", ModifierKind::kDiscretizeAddNormal},
        {"DOREFA", ModifierKind::kDorefa},
        {"POLY", ModifierKind::kPoly},
        {"PROG_NOISE", ModifierKind::kProgNoise},
        {"DROP_CONNECT", ModifierKind::kDropConnect}};
    WeightModifier m;
    m.kind = kinds.at(c.at("type"));
    m.std = c.at("std_dev");
    const double res = c.at("res");
    m.steps = res > 0 ? 2 / res : 0;
    m.stochastic_rounding = c.at("sto_round");
    m.dorefa_clip = c.at("dorefa_clip");
    m.drop_probability = c.at("pdrop");
    m.relative_to_max = c.at("rel_to_actual_wmax");
    m.assumed_max = c.at("assumed_wmax");
    m.keep_last_column = c.at("copy_last_column");
    m.coefficients_us = c.at("coeffs").get<std::vector<double>>();
    m.g_max_us = c.at("g_max");
    if (m.kind == ModifierKind::kPoly) {
        // The peer's polynomial law takes coefficients relative to g_max.
        for (double& k : m.coefficients_us) {
            k *= m.g_max_us;
        }
    }
    return m;
}

TEST(Modifier, GoldenRecords) {
    constexpr size_t kOwn = 20000;
    size_t seen = 0;
    for (const json& record : golden::records("modifier")) {
        SCOPED_TRACE(record.at("id").get<std::string>());
        const WeightModifier m = modifier_of(record.at("config").at("modifier"));
        const Matrix<float> w = golden::matrix(record.at("inputs").at("W"));
        const size_t cells = w.values.size();
        Matrix<float> out(w.rows, w.cols);
        seen++;
        if (record.contains("exact")) {
            modify_weights(m, w.view(), out.view(), kKey, 1);
            golden::expect_near({out.values.data(), 1, cells},
                                json::array({record.at("exact").at("weights")}),
                                1e-6);
            continue;
        }
        std::vector<std::vector<double>> draws(cells);
        for (size_t i = 0; i < kOwn; i++) {
            modify_weights(m, w.view(), out.view(), kKey, i);
            for (size_t e = 0; e < cells; e++) {
                draws[e].push_back(static_cast<double>(out.values[e]));
            }
        }
        const json& stats = record.at("stats");
        const double n = stats.at("n");
        for (size_t e = 0; e < cells; e++) {
            SCOPED_TRACE(e);
            double mean = 0;
            for (double v : draws[e]) {
                mean += v / kOwn;
            }
            double m2 = 0;
            double m4 = 0;
            for (double v : draws[e]) {
                m2 += (v - mean) * (v - mean) / kOwn;
                m4 += std::pow(v - mean, 4) / kOwn;
            }
            const double std = std::sqrt(m2);
            const double want_mean = stats.at("mean").at(e);
            const double want_std = stats.at("std").at(e);
            const double error = stats.at("mean_error").at(e);
            const double floor = 2e-6 * std::abs(want_mean) + 1e-7;
            EXPECT_NEAR(mean, want_mean, 5 * std::sqrt(error * error + m2 / kOwn) + floor);
            const json& recorded_k = stats.at("excess_kurtosis").at(e);
            const double k = std::max(recorded_k.is_null() ? 0.0 : recorded_k.get<double>(),
                                      m2 > 0 ? m4 / (m2 * m2) - 3 : 0);
            if (k < 50) {
                EXPECT_NEAR(
                    std,
                    want_std,
                    (5 * std::sqrt((k + 2) / 4 * (1 / n + 1.0 / kOwn)) + 0.01) * want_std + floor);
            }
            std::sort(draws[e].begin(), draws[e].end());
            for (const auto& [text, values] : stats.at("quantiles").items()) {
                const double q = std::stod(text);
                if (q < 0.01 || q > 0.99) {
                    continue;
                }
                const double value = values.at(e);
                const double slack = 1e-5 * (std::abs(value) + std);
                const auto below = [&](double v) {
                    return static_cast<double>(
                               std::lower_bound(draws[e].begin(), draws[e].end(), v) -
                               draws[e].begin()) /
                           kOwn;
                };
                const double limit = 5 * std::sqrt(q * (1 - q) * (1 / n + 1.0 / kOwn)) +
                                     (want_std > 0 ? 2 * error / want_std : 0) + 0.005;
                EXPECT_LE(below(value - slack), q + limit) << "quantile " << q;
                EXPECT_GE(below(value + slack), q - limit) << "quantile " << q;
            }
        }
    }
    EXPECT_EQ(seen, 13U);
}

std::vector<WeightModifier> all_kinds() {
    std::vector<WeightModifier> all;
    for (const auto& [kind, name] : EnumNames<ModifierKind>::names) {
        WeightModifier m;
        m.kind = kind;
        m.std = 0.1;
        m.steps = 30;
        all.push_back(m);
        m.stochastic_rounding = true;
        m.drop_probability = 0.25;
        m.keep_last_column = true;
        m.pcm_t_inference_s = 3600;
        m.pcm_zero_threshold = 1;
        m.pcm_prob_at_reset = 0.1;
        m.pcm_prob_at_g_max = 0.1;
        m.pcm_prob_at_random = 0.1;
        all.push_back(m);
    }
    return all;
}

Matrix<float> some_weights(size_t rows, size_t cols) {
    Matrix<float> w(rows, cols);
    fill_normal(kKey, Stream::kTest, 0, 0, w.values);
    for (float& v : w.values) {
        v *= 0.3f;
    }
    return w;
}

TEST(Modifier, KernelMatchesReference) {
    // More than a chunk of draws, rows that straddle chunks, and a view with a stride.
    const Matrix<float> whole = some_weights(70, 97);
    const ConstFloatView w = whole.view().column_block(3, 83);
    for (const WeightModifier& m : all_kinds()) {
        SCOPED_TRACE(enum_name(m.kind));
        Matrix<float> fast(w.rows, w.cols);
        Matrix<double> exact(w.rows, w.cols);
        modify_weights(m, w, fast.view(), kKey, 5);
        reference_modify_weights(m, w, exact.view(), kKey, 5);
        double largest = 1;
        for (double v : exact.values) {
            largest = std::max(largest, std::abs(v));
        }
        size_t off = 0;
        for (size_t i = 0; i < fast.values.size(); i++) {
            // The float law evaluates some ten roundings and one float polynomial for the normals.
            off += std::abs(fast.values[i] - exact.values[i]) > 1e-5 * largest;
        }
        // A code of a quantiser or a threshold may flip where a value sits on a tie.
        EXPECT_LE(off, 2U);
    }
}

// The transform prepares weights for a quantiser: without one they stay as they are.
TEST(Modifier, DorefaWithoutStepsIsTheIdentity) {
    const Matrix<float> w = some_weights(5, 7);
    WeightModifier m;
    m.kind = ModifierKind::kDorefa;
    m.stochastic_rounding = true;
    Matrix<float> fast(w.rows, w.cols);
    Matrix<double> exact(w.rows, w.cols);
    modify_weights(m, w.view(), fast.view(), kKey, 5);
    reference_modify_weights(m, w.view(), exact.view(), kKey, 5);
    for (size_t i = 0; i < w.values.size(); i++) {
        EXPECT_EQ(fast.values[i], w.values[i]);
        EXPECT_EQ(exact.values[i], double{w.values[i]});
    }
}

TEST(Modifier, DrawsBelongToStepAndKey) {
    WeightModifier m;
    m.kind = ModifierKind::kAddNormal;
    m.std = 0.1;
    const Matrix<float> w = some_weights(5, 9);
    Matrix<float> a(5, 9);
    Matrix<float> b(5, 9);
    modify_weights(m, w.view(), a.view(), kKey, 3);
    modify_weights(m, w.view(), b.view(), kKey, 3);
    EXPECT_EQ(a.values, b.values);
    modify_weights(m, w.view(), b.view(), kKey, 4);
    EXPECT_NE(a.values, b.values);
    // In place gives the same.
    Matrix<float> c = w;
    modify_weights(m, c.view(), c.view(), kKey, 3);
    EXPECT_EQ(a.values, c.values);
    // Drop connect does not shift the noise of what is left.
    m.drop_probability = 0.5;
    modify_weights(m, w.view(), b.view(), kKey, 3);
    size_t dropped = 0;
    for (size_t i = 0; i < a.values.size(); i++) {
        EXPECT_TRUE(b.values[i] == 0 || b.values[i] == a.values[i]);
        dropped += b.values[i] == 0;
    }
    EXPECT_GT(dropped, 5U);
    EXPECT_LT(dropped, 40U);
}

TEST(Modifier, PcmNoiseHasItsStuckCellsAndSpread) {
    WeightModifier m;
    m.kind = ModifierKind::kPcmNoise;
    m.std = 0.0;
    m.pcm_prob_at_reset = 0.2;
    m.pcm_prob_at_g_max = 0.1;
    const Matrix<float> w(100, 200, 0.5f);
    m.relative_to_max = false;
    Matrix<float> out(100, 200);
    modify_weights(m, w.view(), out.view(), kKey, 0);
    size_t zero = 0;
    size_t rail = 0;
    size_t half = 0;
    for (float v : out.values) {
        zero += v == 0;
        rail += std::abs(v) == 1;
        half += v == 0.5f;
    }
    // Binomial counts of 20,000 cells, 5 sigma. A cell at 0.5 that moves down by g_max ends at
    // -0.5, i.e. |w| 0.5.
    EXPECT_NEAR(static_cast<double>(zero), 20000 * 0.2 * 0.9, 5 * std::sqrt(20000 * 0.18));
    EXPECT_NEAR(
        static_cast<double>(rail), 20000 * (0.2 * 0.1 + 0.8 * 0.05), 5 * std::sqrt(20000 * 0.06));
    EXPECT_EQ(zero + rail + half, out.values.size());

    m = {};
    m.kind = ModifierKind::kPcmNoise;
    m.std = 1.0;
    m.relative_to_max = false;
    modify_weights(m, w.view(), out.view(), kKey, 0);
    double mean = 0;
    double squares = 0;
    for (float v : out.values) {
        mean += v / 20000.0;
        squares += v * v / 20000.0;
    }
    const double rho = 0.5;
    const double programming = (0.26348 + 1.9650 * rho - 1.1731 * rho * rho) / 25;
    const double q = 0.0088 / std::pow(rho, 0.65);
    const double read = rho * q * std::sqrt(std::log((20 + 250e-9) / 500e-9));
    const double std = std::hypot(programming, read);
    EXPECT_NEAR(mean, 0.5, 5 * std / std::sqrt(20000.0));
    EXPECT_NEAR(std::sqrt(squares - mean * mean), std, std * (5 / std::sqrt(40000.0) + 0.01));
}

TEST(Modifier, RowsAreThoseOfTheWhole) {
    Matrix<float> w(50, 70);
    fill_uniform(TileKey{3}, Stream::kTest, 0, 0, w.values);
    for (const ModifierKind kind : {ModifierKind::kAddNormal, ModifierKind::kPcmNoise}) {
        WeightModifier m;
        m.kind = kind;
        m.std = 0.1;
        m.drop_probability = 0.2;
        m.keep_last_column = true;
        Matrix<float> whole(50, 70), parts(50, 70);
        modify_weights(m, w.view(), whole.view(), TileKey{3}, 9);
        WeightModification draw(m, w.view(), TileKey{3}, 9);
        for (const size_t first : {32, 0, 16}) {
            draw.write(first, parts.view().row_block(first, first == 32 ? 18 : 16));
        }
        EXPECT_EQ(whole.values, parts.values);
        EXPECT_THROW(draw.write(49, parts.view().row_block(0, 2)), InputError);
    }
}

TEST(Modifier, RefusesBadWeights) {
    Matrix<float> w = some_weights(4, 40);
    Matrix<float> out(4, 40);
    Matrix<float> small(4, 39);
    const WeightModifier m{.kind = ModifierKind::kAddNormal, .std = 0.1};
    EXPECT_THROW(modify_weights(m, w.view(), small.view(), kKey, 0), InputError);
    for (size_t at : {0U, 39U, 80U}) {
        Matrix<float> bad = w;
        bad.values[at] = NAN;
        EXPECT_THROW(modify_weights(m, bad.view(), out.view(), kKey, 0), InputError);
        bad.values[at] = INFINITY;
        EXPECT_THROW(modify_weights(m, bad.view(), out.view(), kKey, 0), InputError);
    }
}

}  // namespace
}  // namespace mho

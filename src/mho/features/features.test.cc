// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "mho/features/attention.h"
#include "mho/features/hadamard.h"
#include "mho/features/kernel_features.h"
#include "mho/features/projection.h"
#include "mho/features/ridge.h"
#include "mho/util/error.h"

namespace mho {
namespace {

const TileKey kKey = make_tile_key(7, "test/features");

Matrix<float> normal_rows(size_t rows, size_t cols, uint64_t step, float std = 1.0f) {
    Matrix<float> m(rows, cols);
    fill_normal(kKey, Stream::kTest, step, 0, m.values);
    for (float& v : m.values) {
        v *= std;
    }
    return m;
}

TEST(Hadamard, FastTransformIsTheMatrix) {
    for (size_t n = 1; n <= 256; n *= 2) {
        const Matrix<double> h = reference_hadamard(n);
        const Matrix<float> x = normal_rows(1, n, n);
        Matrix<float> y = x;
        fast_hadamard(y.values);
        double square = 0;
        for (const float v : x.values) {
            square += double{v} * v;
        }
        for (size_t i = 0; i < n; i++) {
            double sum = 0;
            for (size_t j = 0; j < n; j++) {
                sum += h(i, j) * double{x.values[j]};
            }
            // One rounding per level and one for the factor.
            EXPECT_NEAR(y.values[i], sum, 10 * 6e-8 * std::sqrt(square) + 1e-30) << n;
        }
    }
    std::vector<float> three(3);
    EXPECT_THROW(fast_hadamard(three), InputError);
    EXPECT_THROW(fast_hadamard({}), InputError);
    EXPECT_EQ(next_power_of_two(9), 16u);
}

double dot(const float* a, const float* b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += double{a[i]} * b[i];
    }
    return sum;
}

TEST(Projection, RowsOfABlockAreOrthogonal) {
    for (const ProjectionKind kind : {ProjectionKind::kOrthogonal, ProjectionKind::kStructured}) {
        const Matrix<float> w = draw_projection(kind, 40, 16, kKey);  // two blocks and a half
        for (size_t i = 0; i < 40; i++) {
            for (size_t k = i / 16 * 16; k < i; k++) {
                EXPECT_NEAR(dot(w.row(i), w.row(k), 16), 0, 2e-5);
            }
            if (kind == ProjectionKind::kStructured) {
                EXPECT_NEAR(dot(w.row(i), w.row(i), 16), 16, 1e-4);  // sqrt(D) exactly
            }
        }
    }
    // Different blocks are different, and so are different keys.
    const Matrix<float> w = draw_projection(ProjectionKind::kStructured, 32, 16, kKey);
    EXPECT_NE(std::vector<float>(w.values.begin(), w.values.begin() + 256),
              std::vector<float>(w.values.begin() + 256, w.values.end()));
    EXPECT_THROW(draw_projection(ProjectionKind::kGaussian, 0, 3, kKey), InputError);
}

TEST(Projection, LengthsOfRowsHaveTheirDistribution) {
    // |row|^2 of a chi(d) length has mean d and variance 2 d; bounds at five standard errors.
    const size_t rows = 4000;
    const size_t d = 8;
    const Matrix<float> w = draw_projection(ProjectionKind::kOrthogonal, rows, d, kKey);
    double sum = 0;
    double squares = 0;
    for (size_t i = 0; i < rows; i++) {
        const double s = dot(w.row(i), w.row(i), d);
        sum += s;
        squares += s * s;
    }
    const double mean = sum / rows;
    EXPECT_NEAR(mean, 8, 5 * std::sqrt(16.0 / rows));
    // Var of (s - mean)^2: kurtosis 3 + 12 / d of chi^2(d).
    EXPECT_NEAR(squares / rows - mean * mean, 16, 5 * 16 * std::sqrt((2 + 12.0 / d) / rows));
    std::vector<float> cut(100000);
    fill_truncated_normal(kKey, 0, 3.0f, cut);
    double variance = 0;
    for (const float v : cut) {
        EXPECT_LE(std::abs(v), 3.0f);
        variance += double{v} * v / 100000;
    }
    EXPECT_NEAR(variance, 0.973337, 5 * std::sqrt(2.0 / 100000));  // 1 - 6 phi(3) / (2 Phi(3) - 1)
}

TEST(Kernels, ValuesByHand) {
    const std::vector<float> x = {3, 0};
    const std::vector<float> y = {0, 2};
    EXPECT_DOUBLE_EQ(kernel_value({KernelKind::kRbf, 0.1}, x, y), std::exp(-1.3));
    // Right angle: J0 = pi / 2, J1 = 1, J2 = pi / 2.
    EXPECT_DOUBLE_EQ(kernel_value({KernelKind::kArcCos0}, x, y), 0.5);
    EXPECT_DOUBLE_EQ(kernel_value({KernelKind::kArcCos1}, x, y), 6 / std::numbers::pi);
    EXPECT_DOUBLE_EQ(kernel_value({KernelKind::kArcCos2}, x, y), 18);
    // Same direction: J_n = pi, pi, 3 pi.
    EXPECT_DOUBLE_EQ(kernel_value({KernelKind::kArcCos0}, x, x), 1);
    EXPECT_DOUBLE_EQ(kernel_value({KernelKind::kArcCos1}, x, x), 9);
    EXPECT_DOUBLE_EQ(kernel_value({KernelKind::kArcCos2}, x, x), 243);
    const std::vector<float> one = {1};
    EXPECT_THROW(kernel_value({}, x, one), InputError);
}

TEST(Kernels, FeaturesApproachThem) {
    const size_t d = 16;
    const size_t s = 16384;
    const Matrix<float> x = normal_rows(6, d, 1);
    for (const KernelKind kind :
         {KernelKind::kRbf, KernelKind::kArcCos0, KernelKind::kArcCos1, KernelKind::kArcCos2}) {
        const Kernel kernel{kind, 0.05};
        for (const ProjectionKind projection : {ProjectionKind::kGaussian,
                                                ProjectionKind::kOrthogonal,
                                                ProjectionKind::kStructured}) {
            Matrix<float> w = draw_projection(projection, s, d, kKey);
            for (float& v : w.values) {
                v *= static_cast<float>(projection_factor(kernel));
            }
            std::vector<float> shifts;
            if (kind == KernelKind::kRbf) {
                shifts.resize(s);
                fill_normal(kKey, Stream::kTest, 99, 0, shifts);
            }
            const Matrix<float> z = kernel_features(kernel, project(w, x.view()).view(), shifts);
            EXPECT_EQ(z.cols, s * features_per_projection(kernel));
            for (size_t i = 0; i < x.rows; i++) {
                for (size_t j = 0; j < x.rows; j++) {
                    const double exact =
                        kernel_value(kernel, x.view().row_span(i), x.view().row_span(j));
                    // Spread of a mean over s features (at most that of E[u^4n] = 3, 105 / 3 ...
                    // times the lengths); truncation at 3 costs 2.7 % of a variance per order.
                    const double lengths =
                        std::sqrt(dot(x.row(i), x.row(i), d) * dot(x.row(j), x.row(j), d));
                    const int n = kind == KernelKind::kArcCos1   ? 1
                                  : kind == KernelKind::kArcCos2 ? 2
                                                                 : 0;
                    const double spread = std::pow(lengths, n) * (n == 2 ? 20 : n == 1 ? 4 : 1);
                    EXPECT_NEAR(dot(z.row(i), z.row(j), z.cols),
                                exact,
                                6 * spread / std::sqrt(static_cast<double>(s)) +
                                    0.027 * (n + (kind == KernelKind::kRbf ? 0.5 : 0)) * exact)
                        << enum_name(kind) << " " << enum_name(projection);
                }
            }
            if (kind != KernelKind::kArcCos2) {
                // Structured rows have one length instead of a chi distribution, a bias of
                // order 1 / sqrt(d) that no number of features removes.
                EXPECT_LT(kernel_error(kernel_matrix(kernel, x.view()), z.view()),
                          projection == ProjectionKind::kStructured ? 0.12 : 0.05);
            }
        }
    }
}

TEST(Attention, LinearFormIsTheQuadraticOne) {
    const Matrix<float> q = normal_rows(10, 16, 1, 0.5f);
    const Matrix<float> k = normal_rows(12, 16, 2, 0.5f);
    const Matrix<float> v = normal_rows(12, 5, 3);
    const Matrix<float> w = draw_projection(ProjectionKind::kOrthogonal, 8192, 16, kKey);
    const Matrix<float> qs = scale_for_favor(q.view());
    const Matrix<float> ks = scale_for_favor(k.view());
    const Matrix<double> exact = softmax_attention(q.view(), k.view());
    for (const FavorKind kind : {FavorKind::kPositive, FavorKind::kTrig, FavorKind::kRelu}) {
        const Matrix<float> qf = favor_features(kind, qs.view(), project(w, qs.view()).view());
        const Matrix<float> kf = favor_features(kind, ks.view(), project(w, ks.view()).view());
        const Matrix<double> weights = feature_attention(qf.view(), kf.view());
        const Matrix<double> y = linear_attention(qf.view(), kf.view(), v.view());
        for (size_t i = 0; i < 10; i++) {
            for (size_t c = 0; c < 5; c++) {
                double sum = 0;
                for (size_t j = 0; j < 12; j++) {
                    sum += weights(i, j) * double{v(j, c)};
                }
                EXPECT_NEAR(y(i, c), sum, 1e-9);
            }
        }
        if (kind != FavorKind::kRelu) {
            EXPECT_LT(relative_error(exact, weights), 0.03) << enum_name(kind);
        }
    }
    EXPECT_THROW(linear_attention(q.view(), k.view(), q.view()), InputError);
}

TEST(Ridge, AgreesWithTheReference) {
    const size_t rows = 1300;  // two blocks and a part
    const Matrix<float> z = normal_rows(rows, 37, 1);
    Matrix<float> y(rows, 2);
    const Matrix<float> noise = normal_rows(rows, 2, 2, 0.1f);
    for (size_t r = 0; r < rows; r++) {
        y(r, 0) = 2 * z(r, 0) - z(r, 36) + 5 + noise(r, 0);
        y(r, 1) = z(r, 7) - 3 + noise(r, 1);
    }
    Ridge ridge(37, 2);
    ridge.add(z.view().row_block(0, 700), y.view().row_block(0, 700));
    ridge.add(z.view().row_block(700, 600), y.view().row_block(700, 600));
    const RidgeModel fast = ridge.solve(0.5);
    const RidgeModel exact = reference_ridge(z.view(), y.view(), 0.5);
    for (size_t i = 0; i < exact.weights.values.size(); i++) {
        // Sums of 512 products in float32, over a smallest eigenvalue of about the rows.
        EXPECT_NEAR(fast.weights.values[i], exact.weights.values[i], 512 * 6e-8 * 6);
    }
    EXPECT_NEAR(fast.weights(0, 0), 2, 0.02);
    EXPECT_NEAR(fast.weights(1, 7), 1, 0.02);
    EXPECT_NEAR(fast.intercept[0], 5, 0.02);
    EXPECT_NEAR(fast.intercept[1], -3, 0.02);
    // The gradient of the penalised squares vanishes: an independent check of the equations.
    const Matrix<double> p = exact.predict(z.view());
    for (size_t j = 0; j < 37; j++) {
        double gradient = 0.5 * exact.weights(0, j);
        for (size_t r = 0; r < rows; r++) {
            gradient -= (double{y(r, 0)} - p(r, 0)) * double{z(r, j)};
        }
        EXPECT_NEAR(gradient, 0, 1e-9);
    }
}

TEST(Ridge, RefusesWhatItCannotSolve) {
    EXPECT_THROW(Ridge(0, 1), InputError);
    Ridge ridge(2, 1);
    EXPECT_THROW(ridge.solve(1.0), InputError);
    const Matrix<float> z(3, 2, 1.0f);
    const Matrix<float> y(3, 1, 1.0f);
    ridge.add(z.view(), y.view());
    EXPECT_THROW(ridge.solve(0.0), InputError);
    EXPECT_THROW(ridge.solve(NAN), InputError);
    EXPECT_NO_THROW(ridge.solve(1e-3));
    EXPECT_THROW(ridge.add(y.view(), y.view()), InputError);
    Matrix<double> singular(2, 2, 1.0);
    Matrix<double> right(1, 2, 1.0);
    EXPECT_THROW(solve_positive(singular, right), InputError);
}

TEST(AnalogProjection, IsTheProductOnAPerfectTile) {
    const Matrix<float> w = draw_projection(ProjectionKind::kGaussian, 300, 16, kKey);
    const Matrix<float> x = normal_rows(20, 16, 4);
    TileConfig ideal = hermes_core(adc_bound_for(w, x.view(), 4.0f));
    ideal.forward = perfect_mvm();
    Hermes exact_cells;
    exact_cells.programming_noise_scale = 0;
    exact_cells.drift_scale = 0;
    exact_cells.read_noise_scale = 0;
    ideal.conductance = exact_cells;
    AnalogProjection analog(ideal, w, 4.0f, 1, "p", 0);
    const Matrix<float> exact = project(w, x.view());
    const Matrix<float> y = analog.project(x.view(), {});
    EXPECT_EQ(analog.grid().output_pieces(), 2u);
    for (size_t i = 0; i < y.values.size(); i++) {
        EXPECT_NEAR(y.values[i], exact.values[i], 2e-5);
    }
    // On the chip: some percent off, another chip another error.
    const TileConfig chip = hermes_core(adc_bound_for(w, x.view(), 4.0f));
    AnalogProjection first(chip, w, 4.0f, 1, "p", 0);
    AnalogProjection second(chip, w, 4.0f, 1, "p", 1);
    first.advance_to(3600);
    second.advance_to(3600);
    const auto error = [&](const Matrix<float>& a) {
        double difference = 0;
        double norm = 0;
        for (size_t i = 0; i < a.values.size(); i++) {
            difference += std::pow(double{a.values[i]} - exact.values[i], 2);
            norm += double{exact.values[i]} * exact.values[i];
        }
        return std::sqrt(difference / norm);
    };
    const Matrix<float> a = first.project(x.view(), {});
    EXPECT_GT(error(a), 0.02);
    EXPECT_LT(error(a), 0.3);
    EXPECT_NE(a.values, second.project(x.view(), {}).values);
    EXPECT_EQ(a.values, first.project(x.view(), {}).values);
}

}  // namespace
}  // namespace mho

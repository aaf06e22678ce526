// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/least_squares.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "mho/util/error.h"
#include "mho/util/finite.h"

namespace mho {
namespace {

// E|g + sigma xi| of a normal xi: the mean of a folded normal variable.
double mean_magnitude(double g, double sigma) {
    if (sigma <= 0) {
        return std::abs(g);
    }
    const double z = g / sigma;
    return sigma * std::sqrt(2 / std::numbers::pi) * std::exp(-z * z / 2) +
           g * std::erf(z / std::numbers::sqrt2);
}

double dot(std::span<const double> a, std::span<const double> b) {
    double sum = 0;
    for (size_t i = 0; i < a.size(); i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

// Adds (A' A / m + diagonal) v to `out`.
void add_hessian_product(const Matrix<double>& a,
                         std::span<const double> diagonal,
                         std::span<const double> v,
                         std::span<double> out) {
    for (size_t e = 0; e < a.rows; e++) {
        const std::span<const double> row(a.row(e), a.cols);
        const double r = dot(row, v) / static_cast<double>(a.rows);
        for (size_t i = 0; i < a.cols; i++) {
            out[i] += r * row[i];
        }
    }
    for (size_t i = 0; i < v.size(); i++) {
        out[i] += diagonal[i] * v[i];
    }
}

// Conjugate gradients: the matrix is symmetric and positive definite.
std::vector<double> solve(const Matrix<double>& a,
                          std::span<const double> diagonal,
                          const std::vector<double>& right) {
    std::vector<double> x(right.size(), 0.0);
    std::vector<double> r = right;
    std::vector<double> p = r;
    std::vector<double> q(right.size());
    double rr = dot(r, r);
    const double enough = 1e-24 * rr;
    for (size_t i = 0; i < 10 * right.size() && rr > enough; i++) {
        std::fill(q.begin(), q.end(), 0.0);
        add_hessian_product(a, diagonal, p, q);
        const double alpha = rr / dot(p, q);
        for (size_t k = 0; k < x.size(); k++) {
            x[k] += alpha * p[k];
            r[k] -= alpha * q[k];
        }
        const double next = dot(r, r);
        for (size_t k = 0; k < x.size(); k++) {
            p[k] = r[k] + next / rr * p[k];
        }
        rr = next;
    }
    return x;
}

// One gradient a step, with the noise that (key, step) names; `move` takes it.
template <class Weights, class Move>
std::vector<double> average_iterate(const LeastSquares& problem,
                                    const LeastSquaresRun& run,
                                    TileKey noise_key,
                                    const Weights& weights,
                                    const Move& move) {
    require_finite_number(run.rate, "rate");
    require_not_negative(run.noise_std, "noise_std");
    const size_t n = problem.unknowns();
    std::vector<double> w(n);
    std::vector<double> g(n);
    std::vector<double> mean(n, 0.0);
    std::vector<float> noise(n);
    const size_t half = run.steps / 2;
    for (size_t step = 0; step < run.steps; step++) {
        weights(w);
        problem.gradient(w, g);
        fill_normal(noise_key, Stream::kTest, step, 0, noise);
        for (size_t i = 0; i < n; i++) {
            g[i] += run.noise_std * noise[i];
        }
        move(step, g);
        if (step >= half) {
            weights(w);
            for (size_t i = 0; i < n; i++) {
                mean[i] += w[i] / static_cast<double>(run.steps - half);
            }
        }
    }
    return mean;
}

void require_point(std::span<const double> w, size_t unknowns) {
    if (w.size() != unknowns) {
        throw InputError("least squares: " + std::to_string(unknowns) + " unknowns, got " +
                         std::to_string(w.size()));
    }
    require_all_finite(w, "unknowns");
}

}  // namespace

SoftBounds linear_response_device(double tau, double c, double dw_min, double cycle_noise) {
    require_positive(tau, "tau");
    require_finite_number(c, "c");
    require_positive(dw_min, "dw_min");
    require_not_negative(cycle_noise, "cycle_noise");
    SoftBounds d;
    d.dw_min = dw_min;
    d.dw_min_dtod = 0;
    d.dw_min_std = cycle_noise;
    d.up_down = c;
    d.up_down_dtod = 0;
    d.asymmetry_law = AsymmetryLaw::kSymmetric;
    d.w_max = tau;
    d.w_min = -tau;
    d.w_max_dtod = 0;
    d.w_min_dtod = 0;
    return d;
}

LeastSquares::LeastSquares(size_t equations, size_t unknowns, double solution_std, TileKey key) {
    if (equations == 0 || unknowns == 0) {
        throw InputError("least squares: at least one equation and one unknown are needed");
    }
    require_not_negative(solution_std, "solution_std");
    std::vector<float> draw(equations * unknowns);
    fill_normal(key, Stream::kInitialWeights, 0, 0, draw);
    a_ = Matrix<double>(equations, unknowns);
    std::copy(draw.begin(), draw.end(), a_.values.begin());
    draw.resize(unknowns);
    fill_normal(key, Stream::kInitialWeights, 1, 0, draw);
    for (const float v : draw) {
        solution_.push_back(solution_std * double{v});
    }
}

double LeastSquares::loss(std::span<const double> w) const {
    require_point(w, unknowns());
    double sum = 0;
    for (size_t e = 0; e < a_.rows; e++) {
        double r = 0;
        for (size_t i = 0; i < a_.cols; i++) {
            r += a_(e, i) * (w[i] - solution_[i]);
        }
        sum += r * r;
    }
    return sum / (2 * static_cast<double>(a_.rows));
}

void LeastSquares::gradient(std::span<const double> w, std::span<double> g) const {
    require_point(w, unknowns());
    if (g.size() != w.size()) {
        throw InputError("least squares: the gradient has one number for each unknown");
    }
    std::vector<double> difference(w.size());
    for (size_t i = 0; i < w.size(); i++) {
        difference[i] = w[i] - solution_[i];
    }
    std::fill(g.begin(), g.end(), 0.0);
    add_hessian_product(a_, std::vector<double>(w.size(), 0.0), difference, g);
}

std::vector<double> LeastSquares::penalised_minimum(double tau, double c, double noise_std) const {
    require_positive(tau, "tau");
    require_finite_number(c, "c");
    require_not_negative(noise_std, "noise_std");
    std::vector<double> w(solution_.begin(), solution_.end());
    std::vector<double> g(w.size());
    std::vector<double> slope(w.size());
    std::vector<double> residual(w.size());
    for (int iteration = 0; iteration < 100; iteration++) {
        gradient(w, g);
        double worst = 0;
        for (size_t i = 0; i < w.size(); i++) {
            const double u = w[i] / tau;
            const double sigma = mean_magnitude(g[i], noise_std);
            residual[i] = -(g[i] + sigma * (u - c) / (1 - c * u));
            slope[i] = sigma * (1 - c * c) / ((1 - c * u) * (1 - c * u)) / tau;  // Sigma R'
            worst = std::max(worst, std::abs(residual[i]));
        }
        if (worst < 1e-12) {
            break;
        }
        const std::vector<double> step = solve(a_, slope, residual);
        for (size_t i = 0; i < w.size(); i++) {
            w[i] += step[i];
        }
    }
    return w;
}

std::vector<double> learn_least_squares(const LeastSquares& problem,
                                        Learner& learner,
                                        const LeastSquaresRun& run,
                                        TileKey noise_key) {
    if (learner.rows() != 1 || learner.cols() != problem.unknowns()) {
        throw InputError("least squares: the learner must have one row and a column per unknown");
    }
    const Matrix<float> one(1, 1, 1.0f);
    Matrix<float> inputs(1, problem.unknowns());
    return average_iterate(
        problem,
        run,
        noise_key,
        [&](std::vector<double>& w) { std::copy_n(learner.weights().row(0), w.size(), w.begin()); },
        [&](size_t step, const std::vector<double>& g) {
            std::transform(
                g.begin(), g.end(), inputs.row(0), [](double v) { return static_cast<float>(v); });
            UpdateCall call;
            call.rate = run.rate;
            call.key = {step, 0};
            learner.update(inputs.view(), one.view(), call);
        });
}

std::vector<double> descend_least_squares(const LeastSquares& problem,
                                          const LeastSquaresRun& run,
                                          TileKey noise_key) {
    std::vector<double> now(problem.unknowns(), 0.0);
    return average_iterate(
        problem,
        run,
        noise_key,
        [&](std::vector<double>& w) { w = now; },
        [&](size_t, const std::vector<double>& g) {
            for (size_t i = 0; i < now.size(); i++) {
                now[i] -= run.rate * g[i];
            }
        });
}

}  // namespace mho

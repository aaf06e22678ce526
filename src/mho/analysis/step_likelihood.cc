// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/step_likelihood.h"

#include <algorithm>
#include <cmath>
#include <nlopt.hpp>
#include <numbers>
#include <stdexcept>

#include "mho/util/reflect.h"

namespace mho {
namespace {

constexpr double kImpossible = 1e30;  // cost of parameters that give no number
constexpr int kEvaluations = 4000;
constexpr double kTolerance = 1e-7;
constexpr double kFarFromBound = 6.0;    // standard deviations
constexpr double kFinestReading = 0.01;  // of a step: no likelihood grows without limit
constexpr double kTrustInterval = 0.5;   // fall of the likelihood that a curvature is taken over

double to_internal(const FitParameter& p, double natural) {
    return p.logarithmic ? std::log(natural) : natural;
}
double to_natural(const FitParameter& p, double internal) {
    return p.logarithmic ? std::exp(internal) : internal;
}

class Objective {
  public:
    Objective(const StepFamily& family,
              const std::vector<const PulseTrace*>& traces,
              const std::vector<FitParameter>& parameters)
        : family_(family), traces_(traces), parameters_(parameters), x_(parameters.size()) {}

    double operator()(const std::vector<double>& p) {
        for (size_t i = 0; i < p.size(); i++) {
            x_[i] = to_natural(parameters_[i], p[i]);
        }
        double cost = 0;
        for (const PulseTrace* trace : traces_) {
            cost += trace_cost(family_, x_, *trace);
        }
        return std::isfinite(cost) ? std::min(cost, kImpossible) : kImpossible;
    }
    static double call(const std::vector<double>& p, std::vector<double>&, void* self) {
        return (*static_cast<Objective*>(self))(p);
    }

  private:
    const StepFamily& family_;
    const std::vector<const PulseTrace*>& traces_;
    const std::vector<FitParameter>& parameters_;
    std::vector<double> x_;
};

// Mean and variance of min(X, bound) for a normal X: a cell at its bound stands still, however
// large its noise.
void cut_above(double bound, double& mean, double& variance) {
    const double deviation = std::sqrt(variance);
    const double room = bound - mean;
    if (room > kFarFromBound * deviation) {
        return;
    }
    if (-room > kFarFromBound * deviation) {
        mean = bound;
        variance = 0;
        return;
    }
    const double a = room / deviation;
    const double below = 0.5 * std::erfc(-a / std::numbers::sqrt2);
    const double density =
        std::exp(-0.5 * a * a) * 0.5 * std::numbers::inv_sqrtpi * std::numbers::sqrt2;
    const double first = -room * below - deviation * density;
    const double second = (room * room + variance) * below + room * deviation * density;
    mean = bound + first;
    variance = std::max(second - first * first, 0.0);
}

// One run of an optimiser from p; p and cost are improved, never worsened.
void optimise(nlopt::algorithm algorithm,
              Objective& objective,
              const std::vector<double>& low,
              const std::vector<double>& high,
              std::vector<double>& p,
              double& cost) {
    nlopt::opt opt(algorithm, static_cast<unsigned>(p.size()));
    opt.set_min_objective(Objective::call, &objective);
    opt.set_lower_bounds(low);
    opt.set_upper_bounds(high);
    opt.set_maxeval(kEvaluations);
    opt.set_xtol_rel(kTolerance);
    opt.set_ftol_abs(kTolerance);
    std::vector<double> step(p.size());
    for (size_t i = 0; i < p.size(); i++) {
        step[i] = std::min(0.2, 0.02 * (high[i] - low[i]));
    }
    opt.set_initial_step(step);
    // The optimisers may leave a point a rounding error outside, and refuse it as a start.
    std::vector<double> trial(p.size());
    for (size_t i = 0; i < p.size(); i++) {
        trial[i] = std::clamp(p[i], low[i], high[i]);
    }
    double value = cost;
    try {
        opt.optimize(trial, value);
    } catch (const nlopt::roundoff_limited&) {
        // As good as it gets; `trial` holds the best point.
        value = objective(trial);
    } catch (const std::exception&) {
        return;  // the start remains
    }
    if (value < cost) {
        cost = value;
        p = trial;
    }
}

// Inverse of a symmetric positive definite matrix by Cholesky's method; false if it is none.
bool invert(std::vector<double>& a, size_t n) {
    std::vector<double> l(n * n, 0.0);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++) {
            double sum = a[i * n + j];
            for (size_t k = 0; k < j; k++) {
                sum -= l[i * n + k] * l[j * n + k];
            }
            if (i == j && !(sum > 1e-10 * std::abs(a[i * n + i]))) {
                return false;
            }
            l[i * n + j] = i == j ? std::sqrt(sum) : sum / l[j * n + j];
        }
    }
    std::vector<double> y(n);
    for (size_t c = 0; c < n; c++) {
        for (size_t i = 0; i < n; i++) {
            double sum = i == c ? 1.0 : 0.0;
            for (size_t k = 0; k < i; k++) {
                sum -= l[i * n + k] * y[k];
            }
            y[i] = sum / l[i * n + i];
        }
        for (size_t i = n; i-- > 0;) {
            double sum = y[i];
            for (size_t k = i + 1; k < n; k++) {
                sum -= l[k * n + i] * a[k * n + c];
            }
            a[i * n + c] = sum / l[i * n + i];
        }
    }
    return true;
}

// The curvature of the cost at its minimum, over steps that raise it by about one half: about one
// standard error, where a parabola matters. Directions without curvature are left out.
void find_covariance(Objective& objective,
                     const std::vector<double>& p,
                     const std::vector<double>& low,
                     const std::vector<double>& high,
                     MaximumLikelihood& m) {
    const size_t n = p.size();
    std::vector<double> h(n, 0.0);
    std::vector<size_t> open;
    std::vector<double> q = p;
    for (size_t i = 0; i < n; i++) {
        const double room = std::min(p[i] - low[i], high[i] - p[i]);
        double step = std::min(1e-3, 0.5 * room);
        for (int k = 0; k < 60 && step > 0; k++) {
            q[i] = p[i] + step;
            const double rise_up = objective(q) - m.cost;
            q[i] = p[i] - step;
            const double rise = std::max(rise_up, objective(q) - m.cost);
            if (rise > 0.5 * kTrustInterval && rise < 4 * kTrustInterval) {
                break;
            }
            const double factor =
                rise > 0 ? std::clamp(std::sqrt(kTrustInterval / rise), 0.1, 10.0) : 10.0;
            if (step * factor > 0.5 * room) {
                step = 0.0;  // flat up to the end of its range
            } else {
                step *= factor;
            }
        }
        q[i] = p[i];
        h[i] = step;
        if (step > 0) {
            open.push_back(i);
        }
    }
    std::vector<double> hessian(n * n);
    std::vector<double> lopsided(n, 0.0);
    const auto at = [&](size_t i, double a, size_t j, double b) {
        q[i] += a;
        q[j] += b;
        const double cost = objective(q);
        q[i] = p[i];
        q[j] = p[j];
        return cost;
    };
    for (const size_t i : open) {
        const double up = at(i, h[i], i, 0) - m.cost;
        const double down = at(i, -h[i], i, 0) - m.cost;
        hessian[i * n + i] = (up + down) / (h[i] * h[i]);
        lopsided[i] = std::abs(up - down) / std::max(std::abs(up) + std::abs(down), 1e-12);
        for (const size_t j : open) {
            if (j >= i) {
                break;
            }
            const double mixed = at(i, h[i], j, h[j]) - at(i, h[i], j, -h[j]) -
                                 at(i, -h[i], j, h[j]) + at(i, -h[i], j, -h[j]);
            hessian[i * n + j] = hessian[j * n + i] = mixed / (4 * h[i] * h[j]);
        }
    }
    // Where the cost rises on one side only (a bound that the trace hardly meets) there is no
    // parabola: such parameters are left out, the worst first, until the rest is determined.
    while (!open.empty()) {
        const size_t size = open.size();
        std::vector<double> part(size * size);
        for (size_t a = 0; a < size; a++) {
            for (size_t b = 0; b < size; b++) {
                part[a * size + b] = hessian[open[a] * n + open[b]];
            }
        }
        if (invert(part, size)) {
            hessian = std::move(part);
            break;
        }
        const auto worst = std::max_element(open.begin(), open.end(), [&](size_t i, size_t j) {
            return lopsided[i] < lopsided[j];
        });
        open.erase(worst);
    }
    const size_t k = open.size();
    m.determined = k == n;
    m.covariance.assign(n * n, 0.0);
    for (size_t i = 0; i < n; i++) {
        m.covariance[i * n + i] = kInfinity;
    }
    for (size_t a = 0; a < k; a++) {
        for (size_t b = 0; b < k; b++) {
            const size_t i = open[a];
            const size_t j = open[b];
            const double di = m.parameters[i].logarithmic ? m.x[i] : 1.0;
            const double dj = m.parameters[j].logarithmic ? m.x[j] : 1.0;
            m.covariance[i * n + j] = hessian[a * k + b] * di * dj;
        }
    }
}

}  // namespace

double trace_cost(const StepFamily& family,
                  const std::vector<double>& x,
                  const PulseTrace& trace,
                  std::vector<double>* residuals) {
    const double cycle = x[x.size() - 2];
    const double reading = x[x.size() - 1];
    const auto [low, high] = family.bounds(x);
    double cost = 0;
    double mean = trace.weight[0];
    double variance = reading * reading;
    for (size_t i = 1; i < trace.weight.size(); i++) {
        const bool up = trace.pulses[i] > 0;
        for (int k = std::abs(trace.pulses[i]); k > 0; k--) {
            const StepAt step = family.step(x, mean, up);
            const double noise = cycle * step.noise_scale;
            mean += step.mean;
            variance = variance * (1 + step.slope) * (1 + step.slope) + noise * noise;
            cut_above(high, mean, variance);
            mean = -mean;
            cut_above(-low, mean, variance);
            mean = -mean;
        }
        const double s = variance + reading * reading;
        const double error = trace.weight[i] - mean;
        cost += 0.5 * (std::log(2 * std::numbers::pi * s) + error * error / s);
        if (residuals != nullptr) {
            residuals->push_back(error / std::sqrt(s));
        }
        const double gain = variance / s;
        mean = std::clamp(mean + gain * error, low, high);
        variance *= 1 - gain;
    }
    return cost;
}

MaximumLikelihood maximise(const StepFamily& family,
                           const std::vector<const PulseTrace*>& traces,
                           const StepStatistics& statistics) {
    MaximumLikelihood best;
    best.cost = kInfinity;
    std::vector<double> best_p;
    std::vector<double> best_low;
    std::vector<double> best_high;
    const double typical = std::max(0.5 * (statistics.up + statistics.down), 1e-12);
    const double range = std::max(statistics.highest - statistics.lowest, 1e-12);
    const double finest = std::max(kFinestReading * typical, 1e-7 * range);
    for (std::vector<FitParameter> parameters : family.starts(statistics)) {
        parameters.push_back({"dw_min_std",
                              std::clamp(statistics.step_noise / typical, 1e-3, 1e3),
                              1e-5,
                              1e5,
                              true});
        parameters.push_back({"reading noise",
                              std::max(statistics.write_noise, 2 * finest),
                              finest,
                              range + finest,
                              true});
        std::vector<double> p;
        std::vector<double> low;
        std::vector<double> high;
        for (const FitParameter& f : parameters) {
            low.push_back(to_internal(f, f.low));
            high.push_back(to_internal(f, f.high));
            p.push_back(std::clamp(to_internal(f, f.start), low.back(), high.back()));
        }
        Objective objective(family, traces, parameters);
        double cost = objective(p);
        // BOBYQA follows a smooth valley, Sbplx leaves a corner that it is caught in.
        for (const nlopt::algorithm a : {nlopt::LN_SBPLX, nlopt::LN_BOBYQA, nlopt::LN_SBPLX}) {
            optimise(a, objective, low, high, p, cost);
        }
        if (cost < best.cost) {
            best.cost = cost;
            best.parameters = parameters;
            best_p = p;
            best_low = low;
            best_high = high;
        }
    }
    for (size_t i = 0; i < best_p.size(); i++) {
        best.x.push_back(to_natural(best.parameters[i], best_p[i]));
    }
    Objective objective(family, traces, best.parameters);
    find_covariance(objective, best_p, best_low, best_high, best);
    return best;
}

}  // namespace mho

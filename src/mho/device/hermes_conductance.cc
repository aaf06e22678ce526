// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/hermes_conductance.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "mho/device/conductance_block.h"

namespace mho {
namespace {

constexpr double kSmallestHermesRho = 1e-7;

// Below `knee` a clamped line in ln rho, above it a cubic in rho (lowest power first).
struct Fit {
    double knee;
    double slope, offset, low, high;
    std::array<double, 4> cubic;
};

struct Fits {
    double g_max_us;
    double t_0_s;
    std::array<double, 4> sigma_us;
    Fit mean, spread, q;
};

constexpr Fit kMean = {0.0945, -0.0387, -0.0182, 0.072, 0.13, {0.0736, -0.0126, -0.0436, 0.0}};

constexpr Fits kOneDevice = {
    10.35,
    200.0,
    {0.15781817, 2.32443916, -2.16310839, 0.68841818},
    kMean,
    {0.3039, -0.0120, -0.0023, 0.0124, 0.04, {0.0104, 0.0116, -0.0165, 0.0}},
    {0.1591, -0.0078, 0.0038, 0.0179, 0.04, {0.0088, 0.0768, -0.1352, 0.0664}}};

constexpr Fits kTwoDevices = {
    20.7,
    300.0,
    {0.16603222, 4.71806468, -8.48101252, 4.68961419},
    kMean,
    {0.3055, -0.0117, -0.0057, 0.0091, 0.04, {0.0073, 0.0093, -0.0118, 0.0}},
    {0.16, -0.0117, -0.0069, 0.015, 0.04, {0.0123, 0.0211, -0.0280, 0.0069}}};

const Fits& fits_of(const Hermes& m) {
    return m.devices == 1 ? kOneDevice : kTwoDevices;
}

// Programming noise of a model, its numbers or the measured ones.
constexpr size_t kHermesTerms = 4;
constexpr size_t kMostHermesTerms = 8;

struct Programming {
    std::array<double, kMostHermesTerms> sigma_us{};
    double scale = 1;  // of the polynomial
};

Programming programming_of(const Hermes& m, double g_max_us) {
    const Fits& f = fits_of(m);
    Programming p;
    if (m.programming_coefficients_us.empty()) {
        std::copy(f.sigma_us.begin(), f.sigma_us.end(), p.sigma_us.begin());
    } else {
        std::copy(m.programming_coefficients_us.begin(),
                  m.programming_coefficients_us.end(),
                  p.sigma_us.begin());
    }
    const double reference = m.reference_g_max_us > 0 ? m.reference_g_max_us : f.g_max_us;
    p.scale = m.programming_noise_scale * g_max_us / reference;
    return p;
}

template <class Real>
Real cubic(const std::array<double, 4>& c, Real x) {
    return ((Real(c[3]) * x + Real(c[2])) * x + Real(c[1])) * x + Real(c[0]);
}

template <class Real>
Real fitted(const Fit& f, Real rho) {
    if (rho < Real(f.knee)) {
        const Real line =
            Real(f.slope) * natural_log(std::max(rho, Real(kSmallestHermesRho))) + Real(f.offset);
        return std::clamp(line, Real(f.low), Real(f.high));
    }
    return cubic(f.cubic, rho);
}

}  // namespace

double hermes_g_max_us(const Hermes& m) {
    return fits_of(m).g_max_us;
}

double hermes_t_0_s(const Hermes& m) {
    return m.t_0_s > 0 ? m.t_0_s : fits_of(m).t_0_s;
}

void Hermes::check(const std::string& path, std::vector<Problem>& problems) const {
    if (programming_coefficients_us.size() > kMostHermesTerms) {
        problems.push_back({join_path(path, "programming_coefficients_us"),
                            "must hold at most 8 numbers, or none for the measured ones"});
    }
}

double sigma_programming(const Hermes& m, double target_us, double g_max_us) {
    const Programming p = programming_of(m, g_max_us);
    return p.scale * first_terms<kMostHermesTerms>(p.sigma_us, target_us / g_max_us);
}

double drift_mean(const Hermes& m, double target_us, double g_max_us) {
    return fitted(fits_of(m).mean, target_us / g_max_us);
}

double drift_spread(const Hermes& m, double target_us, double g_max_us) {
    return fitted(fits_of(m).spread, target_us / g_max_us);
}

double read_noise_q(const Hermes& m, double basis_us, double g_max_us) {
    return fitted(fits_of(m).q, basis_us / g_max_us);
}

double reference_programmed(const Hermes& m, double target_us, double g_max_us, double normal) {
    return std::max(target_us + sigma_programming(m, target_us, g_max_us) * normal, 0.0);
}

double reference_drift_coefficient(const Hermes& m,
                                   double target_us,
                                   double g_max_us,
                                   double normal) {
    return std::abs(drift_mean(m, target_us, g_max_us) +
                    drift_spread(m, target_us, g_max_us) * normal) *
           m.drift_scale;
}

double reference_at_time(const Hermes& m,
                         double target_us,
                         double programmed_us,
                         double nu,
                         double t_s,
                         double g_max_us,
                         double read_normal,
                         double) {
    const double t_0_s = hermes_t_0_s(m);
    const double basis = m.read_noise_basis == ReadNoiseBasis::kTarget ? target_us : programmed_us;
    const double drifted = programmed_us * std::exp(-nu * log_drift_time(t_s, t_0_s));
    const double sigma = std::abs(drifted) * m.read_noise_scale * read_noise_q(m, basis, g_max_us) *
                         read_noise_time_factor(t_s, t_0_s, m.t_read_s);
    return std::max(drifted + sigma * read_normal, 0.0);
}

namespace {

template <size_t kTerms>
void program_terms(const Hermes& m, double g_max_us, const ProgramBlock& b) {
    const Fits& f = fits_of(m);
    const Programming p = programming_of(m, g_max_us);
    const auto inverse_g_max = static_cast<float>(1.0 / g_max_us);
    const auto sigma_scale = static_cast<float>(p.scale);
    const auto drift_scale = static_cast<float>(m.drift_scale);
    for (size_t i = 0; i < b.target.size(); i++) {
        const float rho = b.target[i] * inverse_g_max;
        const float sigma = sigma_scale * first_terms<kTerms>(p.sigma_us, rho);
        b.programmed[i] = std::max(b.target[i] + sigma * b.programming_normal[i], 0.0f);
        b.nu[i] =
            std::abs(fitted(f.mean, rho) + fitted(f.spread, rho) * b.drift_normal[i]) * drift_scale;
    }
}

}  // namespace

void program_block(const Hermes& m, double g_max_us, const ProgramBlock& b) {
    // The measured polynomial has four terms; more cost time.
    m.programming_coefficients_us.size() <= kHermesTerms
        ? program_terms<kHermesTerms>(m, g_max_us, b)
        : program_terms<kMostHermesTerms>(m, g_max_us, b);
}

void read_block(const Hermes& m, double g_max_us, const ReadBlock& b) {
    const Fits& f = fits_of(m);
    const auto inverse_g_max = static_cast<float>(1.0 / g_max_us);
    const double t_0_s = hermes_t_0_s(m);
    const auto log_time = static_cast<float>(log_drift_time(b.t_s, t_0_s));
    const auto read_scale =
        static_cast<float>(m.read_noise_scale * read_noise_time_factor(b.t_s, t_0_s, m.t_read_s));
    const auto basis = m.read_noise_basis == ReadNoiseBasis::kTarget ? b.target : b.programmed;
    for (size_t i = 0; i < b.out.size(); i++) {
        const float q = fitted(f.q, basis[i] * inverse_g_max);
        const float drifted = b.programmed[i] * exponential(-b.nu[i] * log_time);
        b.out[i] = std::max(drifted + drifted * q * read_scale * b.read_normal[i], 0.0f);
    }
}

}  // namespace mho

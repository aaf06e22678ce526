// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/pcm_conductance.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "mho/device/conductance_block.h"

namespace mho {
namespace {

// Below this the logarithm of g / g_max is not taken further.
constexpr double kSmallestRho = 1e-7;

}  // namespace

void check_polynomial(std::span<const double> coefficients,
                      const std::string& path,
                      std::vector<Problem>& problems) {
    if (coefficients.empty() || coefficients.size() > kMaxPolynomial) {
        problems.push_back(
            {path,
             fmt::format(
                 "must have 1 to {} numbers, got {}", kMaxPolynomial, coefficients.size())});
    }
}

void PcmLike::check(const std::string& path, std::vector<Problem>& problems) const {
    check_polynomial(
        programming_coefficients_us, join_path(path, "programming_coefficients_us"), problems);
}

void CustomDrift::check(const std::string& path, std::vector<Problem>& problems) const {
    PcmLike::check(path, problems);
    if (drift_g_us.size() < 2) {
        problems.push_back({join_path(path, "drift_g_us"), "must have at least 2 numbers"});
    }
    if (std::adjacent_find(drift_g_us.begin(), drift_g_us.end(), std::greater_equal<>()) !=
        drift_g_us.end()) {
        problems.push_back({join_path(path, "drift_g_us"), "must be strictly ascending"});
    }
    for (const auto& [name, table] :
         {std::pair{"drift_nu_mean", &drift_nu_mean}, std::pair{"drift_nu_std", &drift_nu_std}}) {
        if (table->size() != drift_g_us.size()) {
            problems.push_back({join_path(path, name),
                                fmt::format("must have as many numbers as drift_g_us ({}), got {}",
                                            drift_g_us.size(),
                                            table->size())});
        }
    }
}

double sigma_programming(const PcmLike& m, double target_us, double g_max_us) {
    return m.programming_noise_scale * g_max_us / m.reference_g_max_us *
           polynomial<double>(m.programming_coefficients_us, target_us / g_max_us);
}

double drift_mean(const PcmLike&, double target_us, double g_max_us) {
    const double rho = std::max(std::abs(target_us / g_max_us), kSmallestRho);
    return std::clamp(-0.0155 * std::log(rho) + 0.0244, 0.049, 0.1);
}

double drift_spread(const PcmLike&, double target_us, double g_max_us) {
    const double rho = std::max(std::abs(target_us / g_max_us), kSmallestRho);
    return std::clamp(-0.0125 * std::log(rho) - 0.0059, 0.008, 0.045);
}

double drift_mean(const CustomDrift& m, double target_us, double) {
    return interpolate<double>(m.drift_g_us, m.drift_nu_mean, target_us);
}

double drift_spread(const CustomDrift& m, double target_us, double) {
    return interpolate<double>(m.drift_g_us, m.drift_nu_std, target_us);
}

double read_noise_q(const PcmLike&, double basis_us, double g_max_us) {
    const double rho = std::max(std::abs(basis_us / g_max_us), kSmallestRho);
    return std::min(0.0088 / std::pow(rho, 0.65), 0.2);
}

double log_drift_time(double t_s, double t_0_s) {
    return std::log1p(t_s / t_0_s);
}

double read_noise_time_factor(double t_s, double t_0_s, double t_read_s) {
    // Without the bound a read pulse longer than the time since programming has no real root.
    return std::sqrt(std::max(std::log((t_s + t_0_s + t_read_s) / (2.0 * t_read_s)), 0.0));
}

double reference_programmed(const PcmLike& m, double target_us, double g_max_us, double normal) {
    return std::max(target_us + sigma_programming(m, target_us, g_max_us) * normal, 0.0);
}

double reference_drift_coefficient(const PcmLike& m,
                                   double target_us,
                                   double g_max_us,
                                   double normal) {
    return std::abs(drift_mean(m, target_us, g_max_us) +
                    drift_spread(m, target_us, g_max_us) * normal) *
           m.drift_scale;
}

double reference_drift_coefficient(const CustomDrift& m,
                                   double target_us,
                                   double g_max_us,
                                   double normal) {
    return std::abs(drift_mean(m, target_us, g_max_us) +
                    drift_spread(m, target_us, g_max_us) * normal) *
           m.drift_scale;
}

double reference_at_time(const PcmLike& m,
                         double target_us,
                         double programmed_us,
                         double nu,
                         double t_s,
                         double g_max_us,
                         double read_normal,
                         double /*relaxation_normal*/) {
    const double basis = m.read_noise_basis == ReadNoiseBasis::kTarget ? target_us : programmed_us;
    const double drifted = programmed_us * std::exp(-nu * log_drift_time(t_s, m.t_0_s));
    const double sigma = std::abs(drifted) * m.read_noise_scale * read_noise_q(m, basis, g_max_us) *
                         read_noise_time_factor(t_s, m.t_0_s, m.t_read_s);
    return std::max(drifted + sigma * read_normal, 0.0);
}

// The plain loop is for the custom tables; PcmLike itself has a vector kernel.
void program_block(const CustomDrift& m, double g_max_us, const ProgramBlock& b) {
    const auto inverse_g_max = static_cast<float>(1.0 / g_max_us);
    const auto sigma_scale =
        static_cast<float>(m.programming_noise_scale * g_max_us / m.reference_g_max_us);
    const auto drift_scale = static_cast<float>(m.drift_scale);
    const std::vector<float> coefficients = to_float(m.programming_coefficients_us);
    const std::vector<float> g = to_float(m.drift_g_us);
    const std::vector<float> mean = to_float(m.drift_nu_mean);
    const std::vector<float> spread = to_float(m.drift_nu_std);
    for (size_t i = 0; i < b.target.size(); i++) {
        const float sigma =
            sigma_scale * polynomial<float>(coefficients, b.target[i] * inverse_g_max);
        b.programmed[i] = std::max(b.target[i] + sigma * b.programming_normal[i], 0.0f);
        b.nu[i] = std::abs(interpolate<float>(g, mean, b.target[i]) +
                           interpolate<float>(g, spread, b.target[i]) * b.drift_normal[i]) *
                  drift_scale;
    }
}

}  // namespace mho

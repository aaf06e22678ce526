// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/state_independent_conductance.h"

#include <algorithm>
#include <cmath>

#include "mho/device/conductance_block.h"
#include "mho/device/pcm_conductance.h"

namespace mho {

void StateIndependent::check(const std::string& path, std::vector<Problem>& problems) const {
    check_polynomial(
        programming_coefficients_us, join_path(path, "programming_coefficients_us"), problems);
}

double sigma_programming(const StateIndependent& m, double target_us, double g_max_us) {
    return m.programming_noise_scale *
           polynomial<double>(m.programming_coefficients_us, target_us / g_max_us);
}

double drift_mean(const StateIndependent& m, double, double) {
    return m.drift_nu_mean;
}

double drift_spread(const StateIndependent& m, double, double) {
    return m.drift_nu_std;
}

double reference_programmed(const StateIndependent& m,
                            double target_us,
                            double g_max_us,
                            double normal) {
    return std::max(target_us + sigma_programming(m, target_us, g_max_us) * normal, 0.0);
}

double reference_drift_coefficient(const StateIndependent& m, double, double, double normal) {
    return std::abs(m.drift_nu_mean + m.drift_nu_std * normal) * m.drift_scale;
}

double reference_at_time(const StateIndependent& m,
                         double,
                         double programmed_us,
                         double nu,
                         double t_s,
                         double g_max_us,
                         double read_normal,
                         double) {
    const double drifted = programmed_us * std::exp(-nu * log_drift_time(t_s, m.t_0_s));
    const double sigma = m.read_noise_scale * (drifted / g_max_us) *
                         read_noise_time_factor(t_s, m.t_0_s, m.t_read_s);
    return std::max(drifted + sigma * read_normal, 0.0);
}

void program_block(const StateIndependent& m, double g_max_us, const ProgramBlock& b) {
    const std::vector<float> coefficients = to_float(m.programming_coefficients_us);
    const auto inverse_g_max = static_cast<float>(1.0 / g_max_us);
    const auto scale = static_cast<float>(m.programming_noise_scale);
    const auto mean = static_cast<float>(m.drift_nu_mean);
    const auto spread = static_cast<float>(m.drift_nu_std);
    const auto drift_scale = static_cast<float>(m.drift_scale);
    for (size_t i = 0; i < b.target.size(); i++) {
        const float sigma = scale * polynomial<float>(coefficients, b.target[i] * inverse_g_max);
        b.programmed[i] = std::max(b.target[i] + sigma * b.programming_normal[i], 0.0f);
        b.nu[i] = std::abs(mean + spread * b.drift_normal[i]) * drift_scale;
    }
}

void read_block(const StateIndependent& m, double g_max_us, const ReadBlock& b) {
    const auto log_time = static_cast<float>(log_drift_time(b.t_s, m.t_0_s));
    const auto relative = static_cast<float>(
        m.read_noise_scale * read_noise_time_factor(b.t_s, m.t_0_s, m.t_read_s) / g_max_us);
    for (size_t i = 0; i < b.out.size(); i++) {
        const float drifted = b.programmed[i] * exponential(-b.nu[i] * log_time);
        b.out[i] = std::max(drifted + drifted * relative * b.read_normal[i], 0.0f);
    }
}

}  // namespace mho

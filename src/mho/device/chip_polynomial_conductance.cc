// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/chip_polynomial_conductance.h"

#include <algorithm>
#include <cmath>

#include "mho/device/conductance_block.h"

namespace mho {

void ChipPolynomial::check(const std::string& path, std::vector<Problem>& problems) const {
    check_polynomial(low_units, join_path(path, "low_units"), problems);
    check_polynomial(high_units, join_path(path, "high_units"), problems);
}

double sigma_programming(const ChipPolynomial& m, double target_us, double g_max_us) {
    const double unit_us = g_max_us / m.full_scale_units;
    const double a = std::abs(target_us) / unit_us;
    return m.programming_noise_scale * unit_us *
           polynomial<double>(a <= m.knee_units ? m.low_units : m.high_units, a);
}

double reference_programmed(const ChipPolynomial& m,
                            double target_us,
                            double g_max_us,
                            double normal) {
    if (std::abs(target_us) / g_max_us * m.full_scale_units < m.zero_below_units) {
        return 0.0;
    }
    return target_us + sigma_programming(m, target_us, g_max_us) * normal;
}

double reference_drift_coefficient(const ChipPolynomial&, double, double, double) {
    return 0.0;
}

double reference_at_time(
    const ChipPolynomial&, double, double programmed_us, double, double, double, double, double) {
    return programmed_us;
}

void program_block(const ChipPolynomial& m, double g_max_us, const ProgramBlock& b) {
    const std::vector<float> low = to_float(m.low_units);
    const std::vector<float> high = to_float(m.high_units);
    const auto units_per_us = static_cast<float>(m.full_scale_units / g_max_us);
    const auto scale =
        static_cast<float>(m.programming_noise_scale * g_max_us / m.full_scale_units);
    const auto knee = static_cast<float>(m.knee_units);
    const auto smallest = static_cast<float>(m.zero_below_units);
    for (size_t i = 0; i < b.target.size(); i++) {
        const float a = std::abs(b.target[i]) * units_per_us;
        const float sigma = scale * polynomial<float>(a <= knee ? low : high, a);
        b.programmed[i] = a < smallest ? 0.0f : b.target[i] + sigma * b.programming_normal[i];
        b.nu[i] = 0.0f;
    }
}

void read_block(const ChipPolynomial&, double, const ReadBlock& b) {
    std::copy(b.programmed.begin(), b.programmed.end(), b.out.begin());
}

}  // namespace mho

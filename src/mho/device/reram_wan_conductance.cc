// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/reram_wan_conductance.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "mho/device/conductance_block.h"

namespace mho {
namespace {

constexpr double kReference_us = 40.0;

struct Measured {
    double t_s;
    std::array<double, 5> sigma_us;  // polynomial in rho, lowest power first
};

constexpr std::array<Measured, 3> kMeasured = {
    {{1.0, {0.348, 16.030, -43.853, 45.393, -16.815}},
     {86400.0, {0.701, 22.086, -50.773, 47.095, -16.458}},
     {172800.0, {0.782, 20.274, -43.507, 37.062, -11.934}}}};

const Measured& measured_at(double t_s) {
    for (const Measured& m : kMeasured) {
        if (m.t_s == t_s) {
            return m;
        }
    }
    throw InputError(
        fmt::format("model `reram wan 2022` is measured 1, 86400 and 172800 s after "
                    "programming (0 is the programmed cell), not at {} s",
                    t_s));
}

template <class Real>
Real quartic(const std::array<double, 5>& c, Real x) {
    return (((Real(c[4]) * x + Real(c[3])) * x + Real(c[2])) * x + Real(c[1])) * x + Real(c[0]);
}

template <class Real>
Real sigma_of(const ReramWan2022& m, const Measured& at, Real rho, Real g_max_us) {
    const Real early = quartic(kMeasured.front().sigma_us, rho) * Real(m.programming_noise_scale);
    const Real g_scale = m.compatible_reference ? Real(1) : g_max_us / Real(kReference_us);
    if (&at == &kMeasured.front()) {
        return g_scale * early;
    }
    const Real first = quartic(kMeasured.front().sigma_us, rho);
    const Real later = quartic(at.sigma_us, rho);
    const auto scale = Real(m.relaxation_scale);
    const Real variance = early * early + scale * scale * (later * later - first * first);
    return g_scale * std::sqrt(std::max(variance, Real(0)));
}

}  // namespace

double sigma_at_time(const ReramWan2022& m, double target_us, double t_s, double g_max_us) {
    const Measured& at = t_s == 0 ? kMeasured.front() : measured_at(t_s);
    return sigma_of(m, at, target_us / g_max_us, g_max_us);
}

double sigma_programming(const ReramWan2022& m, double target_us, double g_max_us) {
    return sigma_at_time(m, target_us, 0.0, g_max_us);
}

double reference_programmed(const ReramWan2022& m,
                            double target_us,
                            double g_max_us,
                            double normal) {
    return std::max(target_us + sigma_programming(m, target_us, g_max_us) * normal, 0.0);
}

double reference_drift_coefficient(const ReramWan2022&, double, double, double) {
    return 0.0;
}

double reference_at_time(const ReramWan2022& m,
                         double target_us,
                         double programmed_us,
                         double,
                         double t_s,
                         double g_max_us,
                         double read_normal,
                         double) {
    if (t_s == 0) {
        return programmed_us;
    }
    return std::max(target_us + sigma_at_time(m, target_us, t_s, g_max_us) * read_normal, 0.0);
}

void program_block(const ReramWan2022& m, double g_max_us, const ProgramBlock& b) {
    const auto g_max = static_cast<float>(g_max_us);
    for (size_t i = 0; i < b.target.size(); i++) {
        const float sigma = sigma_of(m, kMeasured.front(), b.target[i] / g_max, g_max);
        b.programmed[i] = std::max(b.target[i] + sigma * b.programming_normal[i], 0.0f);
        b.nu[i] = 0.0f;
    }
}

void read_block(const ReramWan2022& m, double g_max_us, const ReadBlock& b) {
    if (b.t_s == 0) {
        std::copy(b.programmed.begin(), b.programmed.end(), b.out.begin());
        return;
    }
    const Measured& at = measured_at(b.t_s);
    const auto g_max = static_cast<float>(g_max_us);
    for (size_t i = 0; i < b.out.size(); i++) {
        const float sigma = sigma_of(m, at, b.target[i] / g_max, g_max);
        b.out[i] = std::max(b.target[i] + sigma * b.read_normal[i], 0.0f);
    }
}

}  // namespace mho

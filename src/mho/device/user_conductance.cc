// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/user_conductance.h"

#include <fmt/format.h>

#include <cmath>

#include "mho/device/conductance_block.h"

namespace mho {
namespace {

const ConductanceLaw& law_of(const UserConductance& m) {
    if (!m.law) {
        throw InputError(
            fmt::format("conductance model `{}` has no law: set `law` in code", m.law_name));
    }
    return *m.law;
}

std::vector<float> scaled(std::span<const float> values, double scale) {
    std::vector<float> result(values.begin(), values.end());
    for (float& v : result) {
        v *= static_cast<float>(scale);
    }
    return result;
}

void require_finite_result(const UserConductance& m, std::span<const float> values) {
    for (const float v : values) {
        if (!std::isfinite(v)) {
            throw InputError(fmt::format(
                "conductance model `{}` returned a number that is not finite", m.law_name));
        }
    }
}

}  // namespace

void UserConductance::check(const std::string& path, std::vector<Problem>& problems) const {
    if (!law) {
        problems.push_back({path,
                            "a conductance model of your own cannot be read from a file: set "
                            "`law` in code"});
    }
}

void program_block(const UserConductance& m, double g_max_us, const ProgramBlock& b) {
    law_of(m).program(g_max_us,
                      b.target,
                      scaled(b.programming_normal, m.programming_noise_scale),
                      b.drift_normal,
                      b.programmed,
                      b.nu);
    for (float& nu : b.nu) {
        nu *= static_cast<float>(m.drift_scale);
    }
    require_finite_result(m, b.programmed);
    require_finite_result(m, b.nu);
}

void read_block(const UserConductance& m, double g_max_us, const ReadBlock& b) {
    law_of(m).at_time(g_max_us,
                      b.t_s,
                      b.target,
                      b.programmed,
                      b.nu,
                      scaled(b.read_normal, m.read_noise_scale),
                      scaled(b.relaxation_normal, m.drift_scale),
                      b.out);
    require_finite_result(m, b.out);
}

double reference_programmed(const UserConductance& m,
                            double target_us,
                            double g_max_us,
                            double normal) {
    const auto target = static_cast<float>(target_us);
    const auto xi = static_cast<float>(normal);
    const float zero = 0;
    float programmed = 0;
    float nu = 0;
    program_block(m, g_max_us, {{&target, 1}, {&xi, 1}, {&zero, 1}, {&programmed, 1}, {&nu, 1}});
    return programmed;
}

double reference_drift_coefficient(const UserConductance& m,
                                   double target_us,
                                   double g_max_us,
                                   double normal) {
    const auto target = static_cast<float>(target_us);
    const auto xi = static_cast<float>(normal);
    const float zero = 0;
    float programmed = 0;
    float nu = 0;
    program_block(m, g_max_us, {{&target, 1}, {&zero, 1}, {&xi, 1}, {&programmed, 1}, {&nu, 1}});
    return nu;
}

double reference_at_time(const UserConductance& m,
                         double target_us,
                         double programmed_us,
                         double nu,
                         double t_s,
                         double g_max_us,
                         double read_normal,
                         double relaxation_normal) {
    const auto target = static_cast<float>(target_us);
    const auto programmed = static_cast<float>(programmed_us);
    const auto coefficient = static_cast<float>(nu);
    const auto xi = static_cast<float>(read_normal);
    const auto zeta = static_cast<float>(relaxation_normal);
    float out = 0;
    read_block(
        m,
        g_max_us,
        {{&target, 1}, {&programmed, 1}, {&coefficient, 1}, {&xi, 1}, {&zeta, 1}, t_s, {&out, 1}});
    return out;
}

}  // namespace mho

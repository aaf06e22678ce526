// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/reram_wan_conductance.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <type_traits>

#include "mho/device/conductance_block.h"

namespace mho {
namespace {

constexpr double kReference_us = 40.0;

constexpr size_t kWanTerms = 5;
constexpr size_t kMostWanTerms = 8;

// The polynomials of the first time and of the one at hand, lowest power first.
struct WanAtTime {
    std::array<double, kMostWanTerms> first{};
    std::array<double, kMostWanTerms> now{};
    bool is_first = true;
    size_t terms = 0;
};

WanAtTime at_time(const ReramWan2022& m, double t_s) {
    const auto found =
        t_s == 0 ? m.times_s.begin() : std::find(m.times_s.begin(), m.times_s.end(), t_s);
    if (found == m.times_s.end()) {
        throw InputError(
            fmt::format("model `reram wan 2022` is measured {} s after programming (0 is the "
                        "programmed cell), not at {} s",
                        fmt::join(m.times_s, ", "),
                        t_s));
    }
    const std::vector<double>& first = m.coefficients_us.front();
    const std::vector<double>& now =
        m.coefficients_us[static_cast<size_t>(found - m.times_s.begin())];
    WanAtTime at;
    at.is_first = found == m.times_s.begin();
    at.terms = std::max(first.size(), now.size());
    std::copy(first.begin(), first.end(), at.first.begin());
    std::copy(now.begin(), now.end(), at.now.begin());
    return at;
}

template <size_t kTerms, class Real>
Real sigma_of(const ReramWan2022& m, const WanAtTime& at, Real rho, Real g_max_us) {
    const Real first = first_terms<kTerms>(at.first, rho);
    const Real early = first * Real(m.programming_noise_scale);
    const Real g_scale = m.compatible_reference ? Real(1) : g_max_us / Real(kReference_us);
    if (at.is_first) {
        return g_scale * early;
    }
    const Real later = first_terms<kTerms>(at.now, rho);
    const auto scale = Real(m.relaxation_scale);
    const Real variance = early * early + scale * scale * (later * later - first * first);
    return g_scale * std::sqrt(std::max(variance, Real(0)));
}

// The measured polynomials have five terms; more cost time.
template <class F>
void with_terms(const WanAtTime& at, F&& f) {
    at.terms <= kWanTerms ? f(std::integral_constant<size_t, kWanTerms>{})
                          : f(std::integral_constant<size_t, kMostWanTerms>{});
}

}  // namespace

void ReramWan2022::check(const std::string& path, std::vector<Problem>& problems) const {
    if (times_s.empty() || !std::is_sorted(times_s.begin(), times_s.end()) ||
        std::adjacent_find(times_s.begin(), times_s.end()) != times_s.end()) {
        problems.push_back({join_path(path, "times_s"), "must ascend, with at least one time"});
    }
    if (coefficients_us.size() != times_s.size()) {
        problems.push_back({join_path(path, "coefficients_us"),
                            fmt::format("must hold one list for each of the {} times, got {}",
                                        times_s.size(),
                                        coefficients_us.size())});
    }
    for (const std::vector<double>& each : coefficients_us) {
        if (each.empty() || each.size() > kMostWanTerms) {
            problems.push_back(
                {join_path(path, "coefficients_us"), "every list must hold 1 to 8 numbers"});
            break;
        }
    }
}

double sigma_at_time(const ReramWan2022& m, double target_us, double t_s, double g_max_us) {
    return sigma_of<kMostWanTerms>(m, at_time(m, t_s), target_us / g_max_us, g_max_us);
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
    const WanAtTime at = at_time(m, 0.0);
    with_terms(at, [&](auto terms) {
        for (size_t i = 0; i < b.target.size(); i++) {
            const float sigma = sigma_of<terms()>(m, at, b.target[i] / g_max, g_max);
            b.programmed[i] = std::max(b.target[i] + sigma * b.programming_normal[i], 0.0f);
            b.nu[i] = 0.0f;
        }
    });
}

void read_block(const ReramWan2022& m, double g_max_us, const ReadBlock& b) {
    if (b.t_s == 0) {
        std::copy(b.programmed.begin(), b.programmed.end(), b.out.begin());
        return;
    }
    const WanAtTime at = at_time(m, b.t_s);
    const auto g_max = static_cast<float>(g_max_us);
    with_terms(at, [&](auto terms) {
        for (size_t i = 0; i < b.out.size(); i++) {
            const float sigma = sigma_of<terms()>(m, at, b.target[i] / g_max, g_max);
            b.out[i] = std::max(b.target[i] + sigma * b.read_normal[i], 0.0f);
        }
    });
}

}  // namespace mho

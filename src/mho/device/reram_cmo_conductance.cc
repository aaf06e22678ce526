// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/reram_cmo_conductance.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "mho/device/conductance_block.h"

namespace mho {
namespace {

constexpr size_t kCmoTerms = 2;
constexpr size_t kMostCmoTerms = 8;
using Coefficients = std::array<double, kMostCmoTerms>;  // lowest power first

constexpr Coefficients kTight = {0.00081107, 0.00106879};
constexpr Coefficients kLoose = {0.0112185391, 0.01129027418};

Coefficients programming_of(const ReramCmo& m) {
    if (m.programming_coefficients_us.empty()) {
        return m.acceptance == ReramAcceptance::k2Percent ? kLoose : kTight;
    }
    Coefficients c{};
    std::copy(
        m.programming_coefficients_us.begin(), m.programming_coefficients_us.end(), c.begin());
    return c;
}

// What depends on the time alone.
struct CmoAtTime {
    double shift, spread, read;
};

CmoAtTime factors(const ReramCmo& m, double t_s) {
    const double log_t = std::log(t_s);
    const double log_reads = std::log((t_s + m.t_read_s) / (2.0 * m.t_read_s));
    return {m.relaxation_scale * m.relaxation_mean_us * log_t,
            m.relaxation_scale * (m.relaxation_std_us + m.relaxation_std_slope_us * log_t),
            m.read_noise_scale * m.read_noise_us * std::sqrt(log_reads)};
}

template <class Real>
Real read_cell(const CmoAtTime& f,
               Real programmed,
               Real g_min,
               Real g_max,
               Real read_normal,
               Real relaxation_normal) {
    const Real relaxed = programmed + Real(f.shift) + Real(f.spread) * relaxation_normal;
    // Below 1 uS, which only scaled-up noise reaches, the logarithm would be negative.
    const Real log10_g = natural_log(std::max(relaxed, Real(1))) * Real(std::numbers::log10e);
    return std::clamp(relaxed + Real(f.read) * log10_g * read_normal, g_min, g_max);
}

}  // namespace

void ReramCmo::check(const std::string& path, std::vector<Problem>& problems) const {
    if (programming_coefficients_us.size() > kMostCmoTerms) {
        problems.push_back({join_path(path, "programming_coefficients_us"),
                            "must hold at most 8 numbers, or none for the measured ones"});
    }
}

double sigma_programming(const ReramCmo& m, double target_us, double) {
    const Coefficients c = programming_of(m);
    double sigma = 0;
    for (size_t k = kMostCmoTerms; k-- > 0;) {
        sigma = sigma * target_us + c[k];
    }
    return m.programming_noise_scale * sigma;
}

double reference_programmed(const ReramCmo& m, double target_us, double g_max_us, double normal) {
    return target_us + sigma_programming(m, target_us, g_max_us) * normal;
}

double reference_drift_coefficient(const ReramCmo&, double, double, double) {
    return 0.0;
}

double reference_at_time(const ReramCmo& m,
                         double,
                         double programmed_us,
                         double,
                         double t_s,
                         double g_max_us,
                         double read_normal,
                         double relaxation_normal) {
    if (t_s == 0) {
        return programmed_us;
    }
    return read_cell(
        factors(m, t_s), programmed_us, m.g_min_us, g_max_us, read_normal, relaxation_normal);
}

namespace {

template <size_t kTerms>
void program_terms(const ReramCmo& m, const ProgramBlock& b) {
    const Coefficients given = programming_of(m);
    std::array<float, kTerms> c;
    for (size_t k = 0; k < kTerms; k++) {
        c[k] = static_cast<float>(m.programming_noise_scale * given[k]);
    }
    for (size_t i = 0; i < b.target.size(); i++) {
        float sigma = c[kTerms - 1];
        for (size_t k = kTerms - 1; k-- > 0;) {
            sigma = c[k] + sigma * b.target[i];
        }
        b.programmed[i] = b.target[i] + sigma * b.programming_normal[i];
        b.nu[i] = 0.0f;
    }
}

}  // namespace

void program_block(const ReramCmo& m, double, const ProgramBlock& b) {
    m.programming_coefficients_us.size() <= kCmoTerms ? program_terms<kCmoTerms>(m, b)
                                                      : program_terms<kMostCmoTerms>(m, b);
}

void read_block(const ReramCmo& m, double g_max_us, const ReadBlock& b) {
    if (b.t_s == 0) {
        std::copy(b.programmed.begin(), b.programmed.end(), b.out.begin());
        return;
    }
    const CmoAtTime f = factors(m, b.t_s);
    const auto g_min = static_cast<float>(m.g_min_us);
    const auto g_max = static_cast<float>(g_max_us);
    for (size_t i = 0; i < b.out.size(); i++) {
        b.out[i] =
            read_cell(f, b.programmed[i], g_min, g_max, b.read_normal[i], b.relaxation_normal[i]);
    }
}

}  // namespace mho

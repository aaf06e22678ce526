// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/reram_cmo_conductance.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "mho/device/conductance_block.h"

namespace mho {
namespace {

struct Line {
    double offset, slope;
};

constexpr Line kTight = {0.00081107, 0.00106879};
constexpr Line kLoose = {0.0112185391, 0.01129027418};
constexpr double kRelaxationMean = -0.08900206;
constexpr Line kRelaxationSpread = {0.41183342, 0.04201137};
constexpr double kReadStrength = 0.0277316483;
constexpr double kReadTime_s = 1e-6;

const Line& programming_line(const ReramCmo& m) {
    return m.acceptance == ReramAcceptance::k2Percent ? kLoose : kTight;
}

// What depends on the time alone.
struct AtTime {
    double shift, spread, read;
};

AtTime factors(const ReramCmo& m, double t_s) {
    const double log_t = std::log(t_s);
    return {m.relaxation_scale * kRelaxationMean * log_t,
            m.relaxation_scale * (kRelaxationSpread.offset + kRelaxationSpread.slope * log_t),
            m.read_noise_scale * kReadStrength *
                std::sqrt(std::log((t_s + kReadTime_s) / (2.0 * kReadTime_s)))};
}

template <class Real>
Real read_cell(const AtTime& f,
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

double sigma_programming(const ReramCmo& m, double target_us, double) {
    const Line& line = programming_line(m);
    return m.programming_noise_scale * (line.offset + line.slope * target_us);
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

void program_block(const ReramCmo& m, double, const ProgramBlock& b) {
    const Line& line = programming_line(m);
    const auto offset = static_cast<float>(m.programming_noise_scale * line.offset);
    const auto slope = static_cast<float>(m.programming_noise_scale * line.slope);
    for (size_t i = 0; i < b.target.size(); i++) {
        b.programmed[i] = b.target[i] + (offset + slope * b.target[i]) * b.programming_normal[i];
        b.nu[i] = 0.0f;
    }
}

void read_block(const ReramCmo& m, double g_max_us, const ReadBlock& b) {
    if (b.t_s == 0) {
        std::copy(b.programmed.begin(), b.programmed.end(), b.out.begin());
        return;
    }
    const AtTime f = factors(m, b.t_s);
    const auto g_min = static_cast<float>(m.g_min_us);
    const auto g_max = static_cast<float>(g_max_us);
    for (size_t i = 0; i < b.out.size(); i++) {
        b.out[i] =
            read_cell(f, b.programmed[i], g_min, g_max, b.read_normal[i], b.relaxation_normal[i]);
    }
}

}  // namespace mho

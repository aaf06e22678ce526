// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_RERAM_CMO_CONDUCTANCE_H
#define MHO_DEVICE_RERAM_CMO_CONDUCTANCE_H

// Conductive-metal-oxide / HfO2 ReRAM (Falcone et al., IEDM 2023 and arXiv 2502.04524): one device
// per weight between 9 and 88.2 uS, programmed by write and verify until within the acceptance
// range.
//
//     programmed  g_p = g_target + (c_0 + c_1 g_target) xi               (not clamped)
//     relaxation  g_r = g_p - 0.08900206 ln t + (0.04201137 ln t + 0.41183342) xi
//     read        g = g_r + 0.0277316483 log10(g_r) sqrt(ln((t + 1 us) / 2 us)) xi,
//                 clamped to [g_min, g_max]; all in uS and s
//
// All of these numbers are parameters; c_0 and c_1 follow from the acceptance range unless given.
// The spread of the relaxation is negative before 55 us, so t is 0 (the programmed cell) or at
// least 1e-4 s. Relaxation and read noise are drawn anew for every reading.

#include <array>
#include <string>
#include <vector>

#include "mho/util/error.h"
#include "mho/util/reflect.h"

namespace mho {

/// How close to its target a cell must read before write and verify stops.
enum class ReramAcceptance { k0p2Percent, k2Percent };

template <>
struct EnumNames<ReramAcceptance> {
    static constexpr std::array<std::pair<ReramAcceptance, std::string_view>, 2> names = {
        {{ReramAcceptance::k0p2Percent, "0.2 %"}, {ReramAcceptance::k2Percent, "2 %"}}};
};

struct ReramCmo {
    ReramAcceptance acceptance = ReramAcceptance::k0p2Percent;
    double g_min_us = 9.0;
    std::vector<double> programming_coefficients_us;  // empty = those of `acceptance`
    double relaxation_mean_us = -0.08900206;
    double relaxation_std_us = 0.41183342;
    double relaxation_std_slope_us = 0.04201137;
    double read_noise_us = 0.0277316483;
    double t_read_s = 1e-6;
    double programming_noise_scale = 1.0;
    double relaxation_scale = 1.0;
    double read_noise_scale = 1.0;

    void check(const std::string& path, std::vector<Problem>& problems) const;
};

template <>
struct Schema<ReramCmo> {
    static constexpr std::string_view name = "reram cmo";
    static void fields(auto&& visit) {
        visit(field("acceptance",
                    &ReramCmo::acceptance,
                    {.meaning = "acceptance range of write and verify, in per cent of the "
                                "conductance range",
                     .source = "Falcone et al. 2025"}));
        visit(field(
            "g_min_us",
            &ReramCmo::g_min_us,
            {.unit = "uS", .min = 0, .max = 80, .meaning = "smallest conductance of a cell"}));
        visit(field(
            "programming_coefficients_us",
            &ReramCmo::programming_coefficients_us,
            {.unit = "uS",
             .min = -1e3,
             .max = 1e3,
             .meaning = "polynomial in g (uS), lowest power first (at most 8 numbers), of the "
                        "standard deviation of the programming noise; empty = as measured "
                        "for the acceptance range",
             .source = "Falcone et al. 2025"}));
        visit(field("relaxation_mean_us",
                    &ReramCmo::relaxation_mean_us,
                    {.unit = "uS",
                     .min = -1e3,
                     .max = 1e3,
                     .meaning = "shift of the conductance per e-fold of the time in s",
                     .source = "Falcone et al. 2025"}));
        visit(field("relaxation_std_us",
                    &ReramCmo::relaxation_std_us,
                    {.unit = "uS",
                     .min = -1e3,
                     .max = 1e3,
                     .meaning = "standard deviation of the relaxation after 1 s",
                     .source = "Falcone et al. 2025"}));
        visit(field("relaxation_std_slope_us",
                    &ReramCmo::relaxation_std_slope_us,
                    {.unit = "uS",
                     .min = -1e3,
                     .max = 1e3,
                     .meaning = "its growth per e-fold of the time in s",
                     .source = "Falcone et al. 2025"}));
        visit(field("read_noise_us",
                    &ReramCmo::read_noise_us,
                    {.unit = "uS",
                     .min = 0,
                     .max = 1e3,
                     .meaning = "strength of the 1/f read noise at 10 uS",
                     .source = "Falcone et al. 2025"}));
        visit(field("t_read_s",
                    &ReramCmo::t_read_s,
                    {.unit = "s",
                     .min = 1e-12,
                     .max = 2e-5,
                     .meaning = "duration of a read pulse: the upper corner of the 1/f noise",
                     .source = "Falcone et al. 2025"}));
        visit(field(
            "programming_noise_scale",
            &ReramCmo::programming_noise_scale,
            {.unit = "1", .min = 0, .max = 1e3, .meaning = "factor on the programming noise"}));
        visit(field("relaxation_scale",
                    &ReramCmo::relaxation_scale,
                    {.unit = "1",
                     .min = 0,
                     .max = 1e3,
                     .meaning = "factor on mean and spread of the relaxation"}));
        visit(field("read_noise_scale",
                    &ReramCmo::read_noise_scale,
                    {.unit = "1", .min = 0, .max = 1e3, .meaning = "factor on the read noise"}));
    }
};

/// Largest conductance that was measured.
inline constexpr double kReramCmoGMax_us = 88.199997;
/// Earliest time after 0 at which the relaxation law makes sense.
inline constexpr double kReramCmoFirstTime_s = 1e-4;

double sigma_programming(const ReramCmo& m, double target_us, double g_max_us);
double reference_programmed(const ReramCmo& m, double target_us, double g_max_us, double normal);
/// 0: there is no drift coefficient.
double reference_drift_coefficient(const ReramCmo& m,
                                   double target_us,
                                   double g_max_us,
                                   double normal);
double reference_at_time(const ReramCmo& m,
                         double target_us,
                         double programmed_us,
                         double nu,
                         double t_s,
                         double g_max_us,
                         double read_normal,
                         double relaxation_normal = 0);

}  // namespace mho

#endif  // MHO_DEVICE_RERAM_CMO_CONDUCTANCE_H

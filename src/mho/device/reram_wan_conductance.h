// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_RERAM_WAN_CONDUCTANCE_H
#define MHO_DEVICE_RERAM_WAN_CONDUCTANCE_H

// ReRAM cells of the NeuRRAM chip (Wan et al., Nature 608:504, 2022): conductances up to 40 uS,
// their relaxation measured 1 second, 1 day and 2 days after programming. At each of these times
// the cell is drawn anew around its target:
//
//     g(t) = max(g_target + sigma(t) xi, 0),   sigma(t) = (g_max / 40 uS) sum_i c_i(t) rho^i
//
// Times and coefficients of another measurement can take the place of these. A cell just programmed
// (t = 0) holds the draw of the first time, 1 s. For error budgets sigma(t) is split into
// the part at 1 s, which `programming_noise_scale` multiplies, and the growth of the variance
// since, which `relaxation_scale` multiplies.

#include <string>
#include <vector>

#include "mho/util/error.h"
#include "mho/util/reflect.h"

namespace mho {

struct ReramWan2022 {
    double programming_noise_scale = 1.0;
    double relaxation_scale = 1.0;
    bool compatible_reference = false;
    // Ascending times, and for each of them the powers of rho.
    std::vector<double> times_s = {1.0, 86400.0, 172800.0};
    std::vector<std::vector<double>> coefficients_us = {{0.348, 16.030, -43.853, 45.393, -16.815},
                                                        {0.701, 22.086, -50.773, 47.095, -16.458},
                                                        {0.782, 20.274, -43.507, 37.062, -11.934}};

    void check(const std::string& path, std::vector<Problem>& problems) const;
};

template <>
struct Schema<ReramWan2022> {
    static constexpr std::string_view name = "reram wan 2022";
    static void fields(auto&& visit) {
        visit(field("times_s",
                    &ReramWan2022::times_s,
                    {.unit = "s",
                     .min = 1e-9,
                     .max = 1e15,
                     .meaning = "ascending times after programming of the measurements, the only "
                                "ones at which cells can be read",
                     .source = "Wan et al. 2022"}));
        visit(
            field("coefficients_us",
                  &ReramWan2022::coefficients_us,
                  {.unit = "uS",
                   .min = -1e4,
                   .max = 1e4,
                   .meaning = "for each of these times a polynomial in g/g_max, lowest power first "
                              "(1 to 8 numbers), of the standard deviation from the target",
                   .source = "Wan et al. 2022"}));
        visit(
            field("programming_noise_scale",
                  &ReramWan2022::programming_noise_scale,
                  {.unit = "1",
                   .min = 0,
                   .max = 1e3,
                   .meaning = "factor on the deviation at the first time, 1 s after programming"}));
        visit(field("relaxation_scale",
                    &ReramWan2022::relaxation_scale,
                    {.unit = "1",
                     .min = 0,
                     .max = 1e3,
                     .meaning = "factor on the deviation that is added after the first time"}));
        visit(field("compatible_reference",
                    &ReramWan2022::compatible_reference,
                    {.meaning = "leave the deviations, measured at 40 uS, as they are when g_max "
                                "differs (the law of other tools) instead of scaling them"}));
    }
};

/// Standard deviation at `t_s`, 0 or one of the measured times; InputError otherwise.
double sigma_at_time(const ReramWan2022& m, double target_us, double t_s, double g_max_us);
double sigma_programming(const ReramWan2022& m, double target_us, double g_max_us);
double reference_programmed(const ReramWan2022& m,
                            double target_us,
                            double g_max_us,
                            double normal);
/// 0: there is no drift coefficient.
double reference_drift_coefficient(const ReramWan2022& m,
                                   double target_us,
                                   double g_max_us,
                                   double normal);
double reference_at_time(const ReramWan2022& m,
                         double target_us,
                         double programmed_us,
                         double nu,
                         double t_s,
                         double g_max_us,
                         double read_normal,
                         double relaxation_normal = 0);

}  // namespace mho

#endif  // MHO_DEVICE_RERAM_WAN_CONDUCTANCE_H

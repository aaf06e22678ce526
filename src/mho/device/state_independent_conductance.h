// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_STATE_INDEPENDENT_CONDUCTANCE_H
#define MHO_DEVICE_STATE_INDEPENDENT_CONDUCTANCE_H

// The same noise and drift whatever the conductance: what to compare a real device with.
//
//     g_p = max(g_target + sum_i c_i rho^i xi, 0)     (no rescaling with g_max)
//     nu = |nu_mean + nu_std xi|,  g_d = g_p ((t + t_0) / t_0)^-nu
//     g = max(g_d + (g_d / g_max) sqrt(ln((t + t_0 + t_r) / (2 t_r))) xi, 0), the deviation in uS

#include <string>
#include <vector>

#include "mho/util/error.h"
#include "mho/util/reflect.h"

namespace mho {

struct StateIndependent {
    std::vector<double> programming_coefficients_us = {0.2, 0.0, 0.0};
    double programming_noise_scale = 1.0;
    double drift_nu_mean = 0.1;
    double drift_nu_std = 0.05;
    double drift_scale = 1.0;
    double read_noise_scale = 1.0;
    double t_0_s = 20.0;
    double t_read_s = 250e-9;

    void check(const std::string& path, std::vector<Problem>& problems) const;
};

template <>
struct Schema<StateIndependent> {
    static constexpr std::string_view name = "state independent";
    static void fields(auto&& visit) {
        using S = StateIndependent;
        visit(
            field("programming_coefficients_us",
                  &S::programming_coefficients_us,
                  {.unit = "uS",
                   .min = -1e3,
                   .max = 1e3,
                   .meaning = "polynomial in g/g_max, lowest power first (1 to 8 numbers), of the "
                              "standard deviation of the programming noise"}));
        visit(field(
            "programming_noise_scale",
            &S::programming_noise_scale,
            {.unit = "1", .min = 0, .max = 1e3, .meaning = "factor on the programming noise"}));
        visit(field("drift_nu_mean",
                    &S::drift_nu_mean,
                    {.unit = "1", .min = -10, .max = 10, .meaning = "mean drift coefficient"}));
        visit(field("drift_nu_std",
                    &S::drift_nu_std,
                    {.unit = "1",
                     .min = 0,
                     .max = 10,
                     .meaning = "standard deviation of the drift coefficient over cells"}));
        visit(field(
            "drift_scale",
            &S::drift_scale,
            {.unit = "1", .min = 0, .max = 1e3, .meaning = "factor on the drift coefficient"}));
        visit(
            field("read_noise_scale",
                  &S::read_noise_scale,
                  {.unit = "1", .min = 0, .max = 1e3, .meaning = "factor on the 1/f read noise"}));
        visit(field("t_0_s",
                    &S::t_0_s,
                    {.unit = "s",
                     .min = 1e-9,
                     .max = 1e9,
                     .meaning = "time between the programming pulses and the reading that defines "
                                "the programmed conductance"}));
        visit(
            field("t_read_s",
                  &S::t_read_s,
                  {.unit = "s", .min = 1e-12, .max = 1.0, .meaning = "duration of a read pulse"}));
    }
};

double sigma_programming(const StateIndependent& m, double target_us, double g_max_us);
double drift_mean(const StateIndependent& m, double target_us, double g_max_us);
double drift_spread(const StateIndependent& m, double target_us, double g_max_us);
double reference_programmed(const StateIndependent& m,
                            double target_us,
                            double g_max_us,
                            double normal);
double reference_drift_coefficient(const StateIndependent& m,
                                   double target_us,
                                   double g_max_us,
                                   double normal);
double reference_at_time(const StateIndependent& m,
                         double target_us,
                         double programmed_us,
                         double nu,
                         double t_s,
                         double g_max_us,
                         double read_normal,
                         double relaxation_normal = 0);

}  // namespace mho

#endif  // MHO_DEVICE_STATE_INDEPENDENT_CONDUCTANCE_H

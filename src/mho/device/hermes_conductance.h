// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_HERMES_CONDUCTANCE_H
#define MHO_DEVICE_HERMES_CONDUCTANCE_H

// Phase-change cells of the 64-core HERMES chip (Le Gallo et al., Nature Electronics 6:680, 2023),
// with one or two devices per polarity. The laws are those of device/pcm_conductance.h; programming
// noise, drift coefficient and 1/f noise follow other, piecewise fits in rho = g / g_max.

#include <array>
#include <string>
#include <vector>

#include "mho/device/pcm_conductance.h"
#include "mho/util/error.h"
#include "mho/util/reflect.h"

namespace mho {

struct Hermes {
    int devices = 2;
    std::vector<double> programming_coefficients_us;  // empty = the measured ones
    double reference_g_max_us = 0.0;                  // 0 = that of the measurement
    double t_0_s = 0.0;                               // 0 = that of the measurement
    double t_read_s = 512e-9;
    double programming_noise_scale = 1.0;
    double drift_scale = 1.0;
    double read_noise_scale = 1.0;
    ReadNoiseBasis read_noise_basis = ReadNoiseBasis::kProgrammed;

    void check(const std::string& path, std::vector<Problem>& problems) const;
};

template <>
struct Schema<Hermes> {
    static constexpr std::string_view name = "hermes";
    static void fields(auto&& visit) {
        visit(field("devices",
                    &Hermes::devices,
                    {.unit = "1",
                     .min = 1,
                     .max = 2,
                     .meaning = "devices per polarity; one allows g_max up to 10.35 uS, two up to "
                                "20.7 uS",
                     .source = "Le Gallo et al. 2023"}));
        visit(field("programming_coefficients_us",
                    &Hermes::programming_coefficients_us,
                    {.unit = "uS",
                     .min = -1e3,
                     .max = 1e3,
                     .meaning = "polynomial in g/g_max, lowest power first (at most 8 numbers), of "
                                "the standard deviation of the programming noise; empty = as "
                                "measured for these devices",
                     .source = "Le Gallo et al. 2023"}));
        visit(field("reference_g_max_us",
                    &Hermes::reference_g_max_us,
                    {.unit = "uS",
                     .min = 0,
                     .max = 1e5,
                     .meaning = "largest conductance for which these coefficients hold; the noise "
                                "grows in proportion to g_max; 0 = 10.35 or 20.7 uS",
                     .source = "Le Gallo et al. 2023"}));
        visit(
            field("t_0_s",
                  &Hermes::t_0_s,
                  {.unit = "s",
                   .min = 0,
                   .max = 1e9,
                   .meaning = "time between the programming pulses and the reading that defines "
                              "the programmed conductance; 0 = 200 s for one device, 300 s for two",
                   .source = "Le Gallo et al. 2023"}));
        visit(field("t_read_s",
                    &Hermes::t_read_s,
                    {.unit = "s",
                     .min = 1e-12,
                     .max = 1.0,
                     .meaning = "duration of a read pulse: the upper corner of the 1/f noise",
                     .source = "Le Gallo et al. 2023"}));
        visit(field(
            "programming_noise_scale",
            &Hermes::programming_noise_scale,
            {.unit = "1", .min = 0, .max = 1e3, .meaning = "factor on the programming noise"}));
        visit(field(
            "drift_scale",
            &Hermes::drift_scale,
            {.unit = "1", .min = 0, .max = 1e3, .meaning = "factor on the drift coefficient"}));
        visit(
            field("read_noise_scale",
                  &Hermes::read_noise_scale,
                  {.unit = "1", .min = 0, .max = 1e3, .meaning = "factor on the 1/f read noise"}));
        visit(field("read_noise_basis",
                    &Hermes::read_noise_basis,
                    {.meaning = "conductance that sets the strength of the 1/f noise"}));
    }
};

/// Largest conductance that the fits cover.
double hermes_g_max_us(const Hermes& m);
/// Time of the reading that defines the programmed conductance.
double hermes_t_0_s(const Hermes& m);

double sigma_programming(const Hermes& m, double target_us, double g_max_us);
double drift_mean(const Hermes& m, double target_us, double g_max_us);
double drift_spread(const Hermes& m, double target_us, double g_max_us);
double read_noise_q(const Hermes& m, double basis_us, double g_max_us);
double reference_programmed(const Hermes& m, double target_us, double g_max_us, double normal);
double reference_drift_coefficient(const Hermes& m,
                                   double target_us,
                                   double g_max_us,
                                   double normal);
double reference_at_time(const Hermes& m,
                         double target_us,
                         double programmed_us,
                         double nu,
                         double t_s,
                         double g_max_us,
                         double read_normal,
                         double relaxation_normal = 0);

}  // namespace mho

#endif  // MHO_DEVICE_HERMES_CONDUCTANCE_H

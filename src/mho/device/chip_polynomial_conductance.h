// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_CHIP_POLYNOMIAL_CONDUCTANCE_H
#define MHO_DEVICE_CHIP_POLYNOMIAL_CONDUCTANCE_H

// Noise of a whole weight (both polarities together) fitted on the 64-core HERMES chip, as used to
// evaluate Analog Foundation Models (arXiv 2505.09663). A "conductance" here is a weight with its
// sign, scaled so that the largest of its channel is g_max, i.e. `full_scale_units` = 180 units:
//
//     a = 180 |w| / g_max;  noisy = w + (g_max / 180) sigma(a) xi;  0 where a < 0.6 units
//
// with one cubic for sigma up to 52.5 units and another above. It includes programming, relaxation
// and reads, so nothing changes with time. Use it with the converter `differential`.

#include <string>
#include <vector>

#include "mho/util/error.h"
#include "mho/util/reflect.h"

namespace mho {

struct ChipPolynomial {
    double full_scale_units = 180.0;
    double knee_units = 52.5;
    double zero_below_units = 0.6;
    std::vector<double> low_units = {2.57974, 0.224197, -3.7158e-3, 2.9398e-5};
    std::vector<double> high_units = {2.110296, 0.245349, -3.05499e-3, 1.23298e-5};
    double programming_noise_scale = 1.0;

    void check(const std::string& path, std::vector<Problem>& problems) const;
};

template <>
struct Schema<ChipPolynomial> {
    static constexpr std::string_view name = "chip polynomial";
    static void fields(auto&& visit) {
        using C = ChipPolynomial;
        constexpr std::string_view kSource = "arXiv 2505.09663, evaluation code";
        visit(
            field("full_scale_units",
                  &C::full_scale_units,
                  {.unit = "units",
                   .min = 1e-3,
                   .max = 1e6,
                   .meaning = "size of the largest weight of a channel in units of the polynomials",
                   .source = kSource}));
        visit(field("knee_units",
                    &C::knee_units,
                    {.unit = "units",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "largest size for which `low_units` holds",
                     .source = kSource}));
        visit(field("zero_below_units",
                    &C::zero_below_units,
                    {.unit = "units",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "smaller weights become exactly 0",
                     .source = kSource}));
        visit(
            field("low_units",
                  &C::low_units,
                  {.unit = "units",
                   .min = -1e6,
                   .max = 1e6,
                   .meaning = "polynomial (lowest power first) of the standard deviation up to the "
                              "knee",
                   .source = kSource}));
        visit(field("high_units",
                    &C::high_units,
                    {.unit = "units",
                     .min = -1e6,
                     .max = 1e6,
                     .meaning = "polynomial of the standard deviation above the knee",
                     .source = kSource}));
        visit(field("programming_noise_scale",
                    &C::programming_noise_scale,
                    {.unit = "1", .min = 0, .max = 1e3, .meaning = "factor on the noise"}));
    }
};

double sigma_programming(const ChipPolynomial& m, double target_us, double g_max_us);
double reference_programmed(const ChipPolynomial& m,
                            double target_us,
                            double g_max_us,
                            double normal);
/// 0: there is no drift coefficient.
double reference_drift_coefficient(const ChipPolynomial& m,
                                   double target_us,
                                   double g_max_us,
                                   double normal);
double reference_at_time(const ChipPolynomial& m,
                         double target_us,
                         double programmed_us,
                         double nu,
                         double t_s,
                         double g_max_us,
                         double read_normal,
                         double relaxation_normal = 0);

}  // namespace mho

#endif  // MHO_DEVICE_CHIP_POLYNOMIAL_CONDUCTANCE_H

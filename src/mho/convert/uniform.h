// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_CONVERT_UNIFORM_H
#define MHO_CONVERT_UNIFORM_H

#include <string>
#include <vector>

#include "mho/util/error.h"
#include "mho/util/reflect.h"

namespace mho {

/// Uniform digital-to-analog converter of the input lines.
struct Dac {
    double bound = 1.0;    // full scale, input units; 0 = unlimited (then steps must be 0)
    double steps = 254.0;  // steps over [-bound, bound]; 0 = no rounding. 8 bit: 2^8 - 2 = 254
    bool stochastic_rounding = false;
    double noise_std = 0.0;  // Gaussian noise on the converted input, input units
    double asymmetry = 0.0;  // negative inputs are multiplied by 1 - asymmetry
    void check(const std::string& path, std::vector<Problem>& problems) const;
};

/// Uniform analog-to-digital converter of the output lines.
struct Adc {
    double bound = 10.0;   // full scale, output units; 0 = unlimited (then steps must be 0)
    double steps = 254.0;  // steps over [-bound, bound]; 0 = no rounding
    bool stochastic_rounding = false;
    double asymmetry = 0.0;  // negative outputs are multiplied by 1 - asymmetry before conversion
    void check(const std::string& path, std::vector<Problem>& problems) const;
};

/// Step of a converter in float32, the width in which codes are decided (a neighbouring value of
/// the step moves halved maxima across rounding ties): float(1 / steps) * 2 * bound. 0 = no
/// rounding.
float converter_step(double bound, double steps);

/// The law of both converters: round half to even on the grid of `step`, then clip. In float32.
/// `offset` is U - 1/2 for stochastic rounding, else 0.
float convert_value(float value, float step, float bound, float offset = 0.0f);

template <>
struct Schema<Dac> {
    static constexpr std::string_view name = "Dac";
    static void fields(auto&& visit) {
        visit(field(
            "bound",
            &Dac::bound,
            {.unit = "1",
             .min = 0,
             .max = 1e9,
             .meaning = "full scale of the input converter; larger inputs are cut; 0 = unlimited",
             .source = "arXiv 2302.08469, methods; aihwkit inp_bound"}));
        visit(
            field("steps",
                  &Dac::steps,
                  {.unit = "steps",
                   .min = 0,
                   .max = 4294967296.0,
                   .meaning = "steps over the full range [-bound, bound]; 254 is 8 bit (2^8 - 2), "
                              "0 = no rounding",
                   .source = "arXiv 2302.08469, methods; aihwkit inp_res = 1 / steps"}));
        visit(field("stochastic_rounding",
                    &Dac::stochastic_rounding,
                    {.meaning = "round up with the probability of the remainder",
                     .source = "aihwkit inp_sto_round"}));
        visit(field("noise_std",
                    &Dac::noise_std,
                    {.unit = "1",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "standard deviation of Gaussian noise on each converted input",
                     .source = "aihwkit inp_noise"}));
        visit(field("asymmetry",
                    &Dac::asymmetry,
                    {.unit = "1",
                     .min = -1,
                     .max = 1,
                     .meaning = "negative inputs are multiplied by 1 - asymmetry",
                     .source = "aihwkit inp_asymmetry"}));
    }
};

template <>
struct Schema<Adc> {
    static constexpr std::string_view name = "Adc";
    static void fields(auto&& visit) {
        visit(
            field("bound",
                  &Adc::bound,
                  {.unit = "1",
                   .min = 0,
                   .max = 1e9,
                   .meaning = "full scale of the output converter (weights and inputs at most 1); "
                              "0 = unlimited",
                   .source = "arXiv 2302.08469, methods; aihwkit out_bound"}));
        visit(
            field("steps",
                  &Adc::steps,
                  {.unit = "steps",
                   .min = 0,
                   .max = 4294967296.0,
                   .meaning = "steps over the full range [-bound, bound]; 254 is 8 bit (2^8 - 2), "
                              "0 = no rounding",
                   .source = "arXiv 2302.08469, methods; aihwkit out_res = 1 / steps"}));
        visit(field("stochastic_rounding",
                    &Adc::stochastic_rounding,
                    {.meaning = "round up with the probability of the remainder",
                     .source = "aihwkit out_sto_round"}));
        visit(
            field("asymmetry",
                  &Adc::asymmetry,
                  {.unit = "1",
                   .min = -1,
                   .max = 1,
                   .meaning =
                       "negative outputs are multiplied by 1 - asymmetry before noise and rounding",
                   .source = "aihwkit out_asymmetry"}));
    }
};

}  // namespace mho

#endif  // MHO_CONVERT_UNIFORM_H

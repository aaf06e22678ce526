// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_PCM_CONDUCTANCE_H
#define MHO_DEVICE_PCM_CONDUCTANCE_H

// Phase-change memory cells as measured on doped-GST mushroom cells (Joshi et al., Nature
// Communications 11:2473, 2020; Nandakumar et al., ICECS 2019). With rho = g_target / g_max:
//
//     programmed  g_p = max(g_target + sigma xi, 0),  sigma = (g_max / g_ref) sum_i c_i rho^i
//     drift       nu = |mu(rho) + s(rho) xi|,         g_d = g_p ((t + t_0) / t_0)^-nu
//     read        g = max(g_d + g_d Q sqrt(ln((t + t_0 + t_r) / (2 t_r))) xi, 0)
//     1/f noise   Q = min(0.0088 / rho_q^0.65, 0.2),  rho_q from g_p or from g_target
//
// t = 0 is t_0 after the programming pulses: the cell has not drifted yet, but reads are noisy.

#include <string>
#include <vector>

#include "mho/util/error.h"
#include "mho/util/reflect.h"

namespace mho {

/// The conductance that sets the strength of the 1/f noise.
enum class ReadNoiseBasis { kProgrammed, kTarget };

template <>
struct EnumNames<ReadNoiseBasis> {
    static constexpr std::array<std::pair<ReadNoiseBasis, std::string_view>, 2> names = {
        {{ReadNoiseBasis::kProgrammed, "programmed"}, {ReadNoiseBasis::kTarget, "target"}}};
};

struct PcmLike {
    std::vector<double> programming_coefficients_us = {0.26348, 1.9650, -1.1731};
    double reference_g_max_us = 25.0;
    double programming_noise_scale = 1.0;
    double drift_scale = 1.0;
    double read_noise_scale = 1.0;
    double t_0_s = 20.0;
    double t_read_s = 250e-9;
    ReadNoiseBasis read_noise_basis = ReadNoiseBasis::kProgrammed;

    void check(const std::string& path, std::vector<Problem>& problems) const;
};

/// PCM-like, with the mean and the spread of the drift coefficient interpolated linearly in tables.
/// Beyond the first and the last conductance the end values hold.
struct CustomDrift : PcmLike {
    std::vector<double> drift_g_us = {0.0, 25.0};  // ascending
    std::vector<double> drift_nu_mean = {0.05, 0.05};
    std::vector<double> drift_nu_std = {0.01, 0.01};

    void check(const std::string& path, std::vector<Problem>& problems) const;
};

template <>
struct Schema<PcmLike> {
    static constexpr std::string_view name = "pcm";
    static void fields(auto&& visit) {
        visit(
            field("programming_coefficients_us",
                  &PcmLike::programming_coefficients_us,
                  {.unit = "uS",
                   .min = -1e3,
                   .max = 1e3,
                   .meaning = "polynomial in g/g_max, lowest power first (1 to 8 numbers), of the "
                              "standard deviation of the programming noise",
                   .source = "Joshi et al. 2020"}));
        visit(field("reference_g_max_us",
                    &PcmLike::reference_g_max_us,
                    {.unit = "uS",
                     .min = 1e-3,
                     .max = 1e5,
                     .meaning = "largest conductance for which the coefficients hold; the noise "
                                "grows in proportion to g_max",
                     .source = "Joshi et al. 2020"}));
        visit(field(
            "programming_noise_scale",
            &PcmLike::programming_noise_scale,
            {.unit = "1", .min = 0, .max = 1e3, .meaning = "factor on the programming noise"}));
        visit(field(
            "drift_scale",
            &PcmLike::drift_scale,
            {.unit = "1", .min = 0, .max = 1e3, .meaning = "factor on the drift coefficient"}));
        visit(
            field("read_noise_scale",
                  &PcmLike::read_noise_scale,
                  {.unit = "1", .min = 0, .max = 1e3, .meaning = "factor on the 1/f read noise"}));
        visit(field("t_0_s",
                    &PcmLike::t_0_s,
                    {.unit = "s",
                     .min = 1e-9,
                     .max = 1e9,
                     .meaning = "time between the programming pulses and the reading that defines "
                                "the programmed conductance",
                     .source = "Nandakumar et al. 2019"}));
        visit(field("t_read_s",
                    &PcmLike::t_read_s,
                    {.unit = "s",
                     .min = 1e-12,
                     .max = 1.0,
                     .meaning = "duration of a read pulse: the upper corner of the 1/f noise",
                     .source = "Nandakumar et al. 2019"}));
        visit(field("read_noise_basis",
                    &PcmLike::read_noise_basis,
                    {.meaning = "conductance that sets the strength of the 1/f noise"}));
    }
};

template <>
struct Schema<CustomDrift> {
    static constexpr std::string_view name = "pcm custom drift";
    static void fields(auto&& visit) {
        Schema<PcmLike>::fields(visit);
        visit(field("drift_g_us",
                    &CustomDrift::drift_g_us,
                    {.unit = "uS",
                     .min = 0,
                     .max = 1e5,
                     .meaning = "ascending target conductances of the drift tables; they "
                                "must cover 0 to g_max"}));
        visit(field("drift_nu_mean",
                    &CustomDrift::drift_nu_mean,
                    {.unit = "1",
                     .min = -10,
                     .max = 10,
                     .meaning = "mean drift coefficient at these conductances"}));
        visit(field("drift_nu_std",
                    &CustomDrift::drift_nu_std,
                    {.unit = "1",
                     .min = 0,
                     .max = 10,
                     .meaning = "standard deviation of the drift coefficient there"}));
    }
};

/// Standard deviation of the programming noise, scale factor included.
double sigma_programming(const PcmLike& m, double target_us, double g_max_us);
/// Mean and standard deviation of the Gaussian under the absolute value, without `drift_scale`.
double drift_mean(const PcmLike& m, double target_us, double g_max_us);
double drift_mean(const CustomDrift& m, double target_us, double g_max_us);
double drift_spread(const PcmLike& m, double target_us, double g_max_us);
double drift_spread(const CustomDrift& m, double target_us, double g_max_us);
/// Q for the conductance that `read_noise_basis` names.
double read_noise_q(const PcmLike& m, double basis_us, double g_max_us);

double reference_programmed(const PcmLike& m, double target_us, double g_max_us, double normal);
double reference_drift_coefficient(const PcmLike& m,
                                   double target_us,
                                   double g_max_us,
                                   double normal);
double reference_drift_coefficient(const CustomDrift& m,
                                   double target_us,
                                   double g_max_us,
                                   double normal);
double reference_at_time(const PcmLike& m,
                         double target_us,
                         double programmed_us,
                         double nu,
                         double t_s,
                         double g_max_us,
                         double read_normal,
                         double relaxation_normal = 0);

/// ln((t + t_0) / t_0) and sqrt(ln((t + t_0 + t_r) / (2 t_r))), both at least 0.
double log_drift_time(double t_s, double t_0_s);
double read_noise_time_factor(double t_s, double t_0_s, double t_read_s);

}  // namespace mho

#endif  // MHO_DEVICE_PCM_CONDUCTANCE_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_USER_CONDUCTANCE_H
#define MHO_DEVICE_USER_CONDUCTANCE_H

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "mho/util/error.h"
#include "mho/util/reflect.h"

namespace mho {

/// A conductance law of the user's own. It gets runs of cells (any length) with their standard
/// normal numbers and must be a pure function of its arguments, each cell by itself, so that
/// results do not depend on how arrays are cut. All spans of a call have one length, conductances
/// are in uS.
class ConductanceLaw {
  public:
    virtual ~ConductanceLaw() = default;
    /// From targets to programmed conductances and drift coefficients.
    virtual void program(double g_max_us,
                         std::span<const float> target_us,
                         std::span<const float> programming_normal,
                         std::span<const float> drift_normal,
                         std::span<float> programmed_us,
                         std::span<float> nu) const = 0;
    /// The conductance read `t_s` >= 0 seconds after programming. May throw InputError for a time
    /// that the law does not cover.
    virtual void at_time(double g_max_us,
                         double t_s,
                         std::span<const float> target_us,
                         std::span<const float> programmed_us,
                         std::span<const float> nu,
                         std::span<const float> read_normal,
                         std::span<const float> relaxation_normal,
                         std::span<float> out_us) const = 0;
};

/// The factors multiply the normals (programming, read and relaxation) and the drift coefficient.
/// A law cannot be read from a configuration file: set it in code.
struct UserConductance {
    std::string law_name = "user law";
    double programming_noise_scale = 1.0;
    double drift_scale = 1.0;
    double read_noise_scale = 1.0;
    std::shared_ptr<const ConductanceLaw> law;

    void check(const std::string& path, std::vector<Problem>& problems) const;
};

template <>
struct Schema<UserConductance> {
    static constexpr std::string_view name = "user";
    static void fields(auto&& visit) {
        using U = UserConductance;
        visit(field("law_name", &U::law_name, {.meaning = "name of the law in reports"}));
        visit(field(
            "programming_noise_scale",
            &U::programming_noise_scale,
            {.unit = "1", .min = 0, .max = 1e3, .meaning = "factor on the programming noise"}));
        visit(field(
            "drift_scale",
            &U::drift_scale,
            {.unit = "1", .min = 0, .max = 1e3, .meaning = "factor on the drift coefficient"}));
        visit(field("read_noise_scale",
                    &U::read_noise_scale,
                    {.unit = "1", .min = 0, .max = 1e3, .meaning = "factor on the read noise"}));
    }
};

double reference_programmed(const UserConductance& m,
                            double target_us,
                            double g_max_us,
                            double normal);
double reference_drift_coefficient(const UserConductance& m,
                                   double target_us,
                                   double g_max_us,
                                   double normal);
double reference_at_time(const UserConductance& m,
                         double target_us,
                         double programmed_us,
                         double nu,
                         double t_s,
                         double g_max_us,
                         double read_normal,
                         double relaxation_normal = 0);

}  // namespace mho

#endif  // MHO_DEVICE_USER_CONDUCTANCE_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_STEP_MODELS_H
#define MHO_DEVICE_STEP_MODELS_H

// Cells whose step is constant or linear in the weight. One up pulse, with s = step_up, cycle
// noise sigma = dw_min_std and a fresh standard normal number xi (a down pulse mirrors it):
//
//     constant step             w += s (1 + sigma xi)
//     linear step               w += (k w + s) (1 + sigma xi)   or   k w + s (1 + sigma xi)
//     soft bounds               linear with k = -s / max_bound
//     soft bounds, reference    the same on w + reference
//
// After every pulse the weight is clipped to the bounds of the cell. Sources: Gokmen and Vlasov,
// Front. Neurosci. 2016; Rasch et al., AICAS 2021 (aihwkit); Rasch et al., Nat. Commun. 2024.

#include "mho/device/pulsed_cell.h"

namespace mho {

struct ConstantStep : PulsedCell {};

struct LinearStep : NoisyWriteCell {
    double gamma_up = 0.0;
    double gamma_down = 0.0;
    double gamma_up_dtod = 0.05;
    double gamma_down_dtod = 0.05;
    bool allow_increasing = false;
    bool mean_bound_reference = true;
    bool multiplicative_noise = true;
    bool reverse_up = false;
    bool reverse_down = false;
    double reverse_offset = 0.01;

    void check(const std::string& path, std::vector<Problem>& problems) const;
};

/// LinearStep with gamma = 1, relative to the bounds of each cell.
struct SoftBounds : NoisyWriteCell {
    bool multiplicative_noise = true;
    bool reverse_up = false;
    bool reverse_down = false;
    double reverse_offset = 0.01;

    void check(const std::string& path, std::vector<Problem>& problems) const;
};

struct SoftBoundsReference : NoisyWriteCell {
    bool multiplicative_noise = false;
    double slope_up_dtod = 0.0;
    double slope_down_dtod = 0.0;
    double reference_mean = 0.0;
    double reference_std = 0.0;
    bool subtract_symmetry_point = false;
    bool reset_shifts_twice = false;
};

/// Soft bounds given by the number of pulses across the range. The documented curves: p_max up
/// pulses lead from range_min to range_max along a soft bound at range_min + B, p_max down pulses
/// back along one at range_max - B, with relative slope alpha and
/// B = (range_max - range_min) / (1 - exp(-p_max alpha)). These fields replace dw_min, w_min, w_max
/// and up_down.
struct SoftBoundsPmax : SoftBounds {
    double p_max = 1000.0;
    double alpha = 0.0005;
    double range_min = -1.0;
    double range_max = 1.0;
    bool compatible_parameters = false;

    void check(const std::string& path, std::vector<Problem>& problems) const;
};

template <>
struct Schema<ConstantStep> {
    static constexpr std::string_view name = "constant step";
    static void fields(auto&& visit) { Schema<PulsedCell>::fields(visit); }
};

namespace step_model_detail {
template <class S>
void linear_noise_fields(auto&& visit) {
    visit(field("multiplicative_noise",
                &S::multiplicative_noise,
                {.meaning = "cycle noise scales with the actual step instead of the step at 0"}));
    visit(field("reverse_up",
                &S::reverse_up,
                {.meaning = "the up step grows towards the upper bound instead of shrinking"}));
    visit(field("reverse_down", &S::reverse_down, {.meaning = "the same for the down step"}));
    visit(field("reverse_offset",
                &S::reverse_offset,
                {.unit = "1",
                 .min = 0,
                 .max = 1e3,
                 .meaning = "distance beyond the bound at which a reversed step vanishes"}));
}
}  // namespace step_model_detail

template <>
struct Schema<LinearStep> {
    static constexpr std::string_view name = "linear step";
    static void fields(auto&& visit) {
        using L = LinearStep;
        Schema<NoisyWriteCell>::fields(visit);
        visit(field("gamma_up",
                    &L::gamma_up,
                    {.unit = "1",
                     .min = -100,
                     .max = 100,
                     .meaning = "relative loss of the up step from weight 0 to the upper bound",
                     .source = "aihwkit LinearStepDevice"}));
        visit(field("gamma_down",
                    &L::gamma_down,
                    {.unit = "1",
                     .min = -100,
                     .max = 100,
                     .meaning = "relative loss of the down step towards the lower bound"}));
        visit(field("gamma_up_dtod",
                    &L::gamma_up_dtod,
                    {.unit = "1", .min = 0, .max = 100, .meaning = "spread over cells"}));
        visit(field("gamma_down_dtod",
                    &L::gamma_down_dtod,
                    {.unit = "1", .min = 0, .max = 100, .meaning = "spread over cells"}));
        visit(field("allow_increasing",
                    &L::allow_increasing,
                    {.meaning = "drawn slopes keep their sign: steps may grow towards a bound"}));
        visit(field("mean_bound_reference",
                    &L::mean_bound_reference,
                    {.meaning = "slopes refer to w_max and w_min instead of each cell's bounds"}));
        step_model_detail::linear_noise_fields<L>(visit);
    }
};

template <>
struct Schema<SoftBounds> {
    static constexpr std::string_view name = "soft bounds";
    static void fields(auto&& visit) {
        Schema<NoisyWriteCell>::fields(visit);
        step_model_detail::linear_noise_fields<SoftBounds>(visit);
    }
};

template <>
struct Schema<SoftBoundsReference> {
    static constexpr std::string_view name = "soft bounds, reference";
    static void fields(auto&& visit) {
        using S = SoftBoundsReference;
        Schema<NoisyWriteCell>::fields(visit);
        visit(
            field("multiplicative_noise",
                  &S::multiplicative_noise,
                  {.meaning = "cycle noise scales with the actual step instead of the step at 0"}));
        visit(field("slope_up_dtod",
                    &S::slope_up_dtod,
                    {.unit = "1",
                     .min = 0,
                     .max = 100,
                     .meaning = "relative spread of the slope; it moves the upper bound"}));
        visit(field("slope_down_dtod",
                    &S::slope_down_dtod,
                    {.unit = "1", .min = 0, .max = 100, .meaning = "the same of the lower bound"}));
        visit(field("reference_mean",
                    &S::reference_mean,
                    {.unit = "1",
                     .min = -1e6,
                     .max = 1e6,
                     .meaning = "mean of the reference that is subtracted from the device"}));
        visit(field("reference_std",
                    &S::reference_std,
                    {.unit = "1", .min = 0, .max = 1e6, .meaning = "its spread over cells"}));
        visit(field("subtract_symmetry_point",
                    &S::subtract_symmetry_point,
                    {.meaning = "the reference starts from the symmetry point of each cell: "
                                "zero-shifted devices"}));
        visit(field("reset_shifts_twice",
                    &S::reset_shifts_twice,
                    {.meaning = "a reset leaves the visible weight at reset + symmetry point",
                     .source = "aihwkit's law, for comparison"}));
    }
};

template <>
struct Schema<SoftBoundsPmax> {
    static constexpr std::string_view name = "soft bounds, p_max";
    static void fields(auto&& visit) {
        using S = SoftBoundsPmax;
        Schema<SoftBounds>::fields(visit);
        visit(field("p_max",
                    &S::p_max,
                    {.unit = "pulses",
                     .min = 1,
                     .max = 1e9,
                     .meaning = "pulses from one end of the range to the other"}));
        visit(field(
            "alpha",
            &S::alpha,
            {.unit = "1/pulse", .min = 1e-9, .max = 10, .meaning = "relative slope of the step"}));
        visit(field("range_min",
                    &S::range_min,
                    {.unit = "1", .min = -1e6, .max = 1e6, .meaning = "lower end"}));
        visit(field("range_max",
                    &S::range_max,
                    {.unit = "1", .min = -1e6, .max = 1e6, .meaning = "upper end"}));
        visit(field("compatible_parameters",
                    &S::compatible_parameters,
                    {.meaning = "derive dw_min, bounds and up_down such that the curve "
                                "misses its ends",
                     .source = "aihwkit's law, for comparison"}));
    }
};

}  // namespace mho

#endif  // MHO_DEVICE_STEP_MODELS_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_PULSED_CELL_H
#define MHO_DEVICE_PULSED_CELL_H

// What all cells that are trained by pulses have in common: a range, a smallest step for each
// direction, their spreads from cell to cell, and what time does to them. Weights have no unit
// (normalised conductance); the models of the step itself are in step_models.h and
// response_models.h.
//
// Tables, drawn once per cell (xi standard normal, one for each spread):
//
//     max_bound = w_max (1 + w_max_dtod xi)          min_bound = w_min (1 + w_min_dtod xi)
//     gain      = 1 + dw_min_dtod xi, or exp(dw_min_dtod xi)
//     step_up   = (gain + b_up + r) dw_min           step_down = (gain + b_down - r) dw_min
//     r         = up_down_dtod xi
//
// With b_up = min(up_down, 0) and b_down = min(-up_down, 0): a mean asymmetry shrinks the step of
// one direction, as the field's standard toolkit computes it. The symmetric law b_up = -b_down =
// up_down, which that toolkit documents, is an option.

#include <string>
#include <vector>

#include "mho/util/error.h"
#include "mho/util/reflect.h"

namespace mho {

/// How a mean asymmetry `up_down` enters the two steps.
enum class AsymmetryLaw { kOneSided, kSymmetric };

template <>
struct EnumNames<AsymmetryLaw> {
    static constexpr std::array<std::pair<AsymmetryLaw, std::string_view>, 2> names = {
        {{AsymmetryLaw::kOneSided, "one-sided"}, {AsymmetryLaw::kSymmetric, "symmetric"}}};
};

/// Drift of a training device: w(t) = w_0 max((t - t_write) / t_0, 1)^-nu', restarted by every
/// write.
struct TrainingDrift {
    double nu = 0.0;  // 0 = no drift
    double t_0_ms = 1.0;
    double reset_tolerance = 1e-7;
    double nu_dtod = 0.0;
    double nu_std = 0.0;
    double wg_ratio = 1.0;
    double g_offset = 0.0;
    double w_offset = 0.0;
    double nu_k = 0.0;
    double log_g0 = 0.0;
    double w_noise_std = 0.0;
};

struct PulsedCell {
    double dw_min = 0.001;
    double dw_min_dtod = 0.3;
    bool dw_min_dtod_log_normal = false;
    double dw_min_std = 0.3;
    double up_down = 0.0;
    double up_down_dtod = 0.01;
    AsymmetryLaw asymmetry_law = AsymmetryLaw::kOneSided;
    double w_max = 0.6;
    double w_min = -0.6;
    double w_max_dtod = 0.3;
    double w_min_dtod = 0.3;
    bool enforce_consistency = true;
    bool perfect_bias = false;
    double stuck_probability = 0.0;
    double stuck_range = 0.1;
    double lifetime = 0.0;
    double lifetime_dtod = 0.0;
    bool lifetime_may_vanish = false;
    double reset = 0.0;
    double reset_dtod = 0.0;
    double reset_std = 0.01;
    double diffusion = 0.0;
    double diffusion_dtod = 0.0;
    double pink_diffusion = 0.0;
    TrainingDrift drift;

    void check(const std::string& path, std::vector<Problem>& problems) const;
};

/// A cell whose visible weight is a noisy copy of a hidden one: pulses act on the hidden weight,
/// every write redraws the visible one.
struct NoisyWriteCell : PulsedCell {
    double write_noise_std = 0.0;
    bool write_noise_on_set = true;
};

template <>
struct Schema<TrainingDrift> {
    static constexpr std::string_view name = "TrainingDrift";
    static void fields(auto&& visit) {
        using D = TrainingDrift;
        visit(
            field("nu",
                  &D::nu,
                  {.unit = "1", .min = -10, .max = 10, .meaning = "drift exponent; 0 = no drift"}));
        visit(field("t_0_ms",
                    &D::t_0_ms,
                    {.unit = "ms", .min = 1e-9, .max = 1e12, .meaning = "unit of the drift time"}));
        visit(field("reset_tolerance",
                    &D::reset_tolerance,
                    {.unit = "1",
                     .min = 0,
                     .max = 1,
                     .meaning = "a weight that moved by more since the last call was written: its "
                                "drift starts anew"}));
        visit(field(
            "nu_dtod",
            &D::nu_dtod,
            {.unit = "1", .min = 0, .max = 10, .meaning = "relative spread of nu over cells"}));
        visit(
            field("nu_std",
                  &D::nu_std,
                  {.unit = "1", .min = 0, .max = 10, .meaning = "relative spread of nu per call"}));
        visit(field("wg_ratio",
                    &D::wg_ratio,
                    {.unit = "1", .min = -1e6, .max = 1e6, .meaning = "weight per conductance"}));
        visit(field("g_offset",
                    &D::g_offset,
                    {.unit = "1", .min = -1e6, .max = 1e6, .meaning = "conductance at weight 0"}));
        visit(field("w_offset",
                    &D::w_offset,
                    {.unit = "1", .min = -1e6, .max = 1e6, .meaning = "weight at conductance 0"}));
        visit(field("nu_k",
                    &D::nu_k,
                    {.unit = "1",
                     .min = -10,
                     .max = 10,
                     .meaning = "slope of nu over the logarithm of the conductance"}));
        visit(field(
            "log_g0",
            &D::log_g0,
            {.unit = "1", .min = -100, .max = 100, .meaning = "reference of that logarithm"}));
        visit(field("w_noise_std",
                    &D::w_noise_std,
                    {.unit = "1", .min = 0, .max = 10, .meaning = "noise added at every call"}));
    }
};

template <>
struct Schema<PulsedCell> {
    static constexpr std::string_view name = "PulsedCell";
    static void fields(auto&& visit) {
        using P = PulsedCell;
        visit(field("dw_min",
                    &P::dw_min,
                    {.unit = "1",
                     .min = 1e-9,
                     .max = 1e3,
                     .meaning = "mean weight change of one pulse at weight 0",
                     .source = "Gokmen and Vlasov 2016"}));
        visit(field("dw_min_dtod",
                    &P::dw_min_dtod,
                    {.unit = "dw_min", .min = 0, .max = 100, .meaning = "its spread over cells"}));
        visit(field("dw_min_dtod_log_normal",
                    &P::dw_min_dtod_log_normal,
                    {.meaning = "that spread is log-normal instead of normal"}));
        visit(field("dw_min_std",
                    &P::dw_min_std,
                    {.unit = "dw_min",
                     .min = 0,
                     .max = 1e3,
                     .meaning = "spread from pulse to pulse (cycle noise)",
                     .source = "Gokmen and Vlasov 2016"}));
        visit(field("up_down",
                    &P::up_down,
                    {.unit = "dw_min",
                     .min = -10,
                     .max = 10,
                     .meaning = "mean asymmetry of the steps; positive shrinks the down step"}));
        visit(field("up_down_dtod",
                    &P::up_down_dtod,
                    {.unit = "dw_min", .min = 0, .max = 100, .meaning = "its spread over cells"}));
        visit(field("asymmetry_law",
                    &P::asymmetry_law,
                    {.meaning = "whether `up_down` shrinks one step or moves both apart"}));
        visit(field(
            "w_max",
            &P::w_max,
            {.unit = "1", .min = 0, .max = 1e6, .meaning = "mean upper bound of the weight"}));
        visit(field("w_min",
                    &P::w_min,
                    {.unit = "1", .min = -1e6, .max = 0, .meaning = "mean lower bound"}));
        visit(field("w_max_dtod",
                    &P::w_max_dtod,
                    {.unit = "w_max", .min = 0, .max = 100, .meaning = "spread over cells"}));
        visit(field("w_min_dtod",
                    &P::w_min_dtod,
                    {.unit = "w_min", .min = 0, .max = 100, .meaning = "spread over cells"}));
        visit(field("enforce_consistency",
                    &P::enforce_consistency,
                    {.meaning = "drawn steps take their absolute value and bounds their sign; "
                                "otherwise a cell with crossed bounds is switched off"}));
        visit(field("perfect_bias",
                    &P::perfect_bias,
                    {.meaning = "cells of the last column have the mean step and bounds a hundred "
                                "times as far"}));
        visit(
            field("stuck_probability",
                  &P::stuck_probability,
                  {.unit = "1", .min = 0, .max = 1, .meaning = "share of cells that cannot move"}));
        visit(
            field("stuck_range",
                  &P::stuck_range,
                  {.unit = "1",
                   .min = -1e6,
                   .max = 1e6,
                   .meaning = "stuck cells hold a value uniform in +- this, inside their bounds"}));
        visit(field("lifetime",
                    &P::lifetime,
                    {.unit = "calls",
                     .min = 0,
                     .max = 1e18,
                     .meaning = "a decay multiplies the weight by 1 - 1/lifetime; 0 = no decay"}));
        visit(
            field("lifetime_dtod",
                  &P::lifetime_dtod,
                  {.unit = "lifetime", .min = 0, .max = 100, .meaning = "its spread over cells"}));
        visit(field("lifetime_may_vanish",
                    &P::lifetime_may_vanish,
                    {.meaning = "cells that draw a lifetime below 1 forget everything at a decay; "
                                "otherwise the drawn lifetime is at least a hundredth of the mean",
                     .source = "aihwkit's law, for comparison"}));
        visit(field("reset",
                    &P::reset,
                    {.unit = "1",
                     .min = -1e6,
                     .max = 1e6,
                     .meaning = "mean weight after a reset, and the value that decay pulls to"}));
        visit(field("reset_dtod",
                    &P::reset_dtod,
                    {.unit = "1", .min = 0, .max = 1e6, .meaning = "its spread over cells"}));
        visit(field("reset_std",
                    &P::reset_std,
                    {.unit = "1", .min = 0, .max = 1e6, .meaning = "its spread per reset"}));
        visit(field("diffusion",
                    &P::diffusion,
                    {.unit = "1",
                     .min = 0,
                     .max = 1e3,
                     .meaning = "standard deviation of the random walk per call"}));
        visit(
            field("diffusion_dtod",
                  &P::diffusion_dtod,
                  {.unit = "diffusion", .min = 0, .max = 100, .meaning = "its spread over cells"}));
        visit(field("pink_diffusion",
                    &P::pink_diffusion,
                    {.unit = "1",
                     .min = 0,
                     .max = 1e3,
                     .meaning = "strength of 1/f diffusion from 64 traps a cell",
                     .source = "aihwkit's flicker noise"}));
        visit(field("drift", &P::drift, {.meaning = "drift of the weight between updates"}));
    }
};

template <>
struct Schema<NoisyWriteCell> {
    static constexpr std::string_view name = "NoisyWriteCell";
    static void fields(auto&& visit) {
        using N = NoisyWriteCell;
        Schema<PulsedCell>::fields(visit);
        visit(field("write_noise_std",
                    &N::write_noise_std,
                    {.unit = "dw_min",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "spread of the visible weight around the hidden one on "
                                "which pulses act",
                     .source = "Gong et al., IEDM 2022"}));
        visit(field("write_noise_on_set",
                    &N::write_noise_on_set,
                    {.meaning = "setting weights draws write noise, too"}));
    }
};

}  // namespace mho

#endif  // MHO_DEVICE_PULSED_CELL_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_RESPONSE_MODELS_H
#define MHO_DEVICE_RESPONSE_MODELS_H

// Cells whose step is a non-linear function of the weight. One up pulse adds y(w) s (1 + sigma xi),
// s = step_up, unless said otherwise; R = max_bound - min_bound of the cell:
//
//     exponential step   y = max(1 - A_up exp(gamma_up z), 0),  z = 2 a w / R + b
//     power step         y = ((max_bound - w) / R)^gamma
//     piecewise step     y linear between equally spaced nodes over [min_bound, max_bound]
//     power response     w += s ((1 - w / max_bound)^gamma + sigma xi)
//     exponential resp.  w += s ((exp(gamma (1 - w/max_bound)) - 1) / (exp(gamma) - 1) + sigma xi)
//     measured table     w += s (m(w) + sd(w) xi), mean and spread per node
//     hidden step        pulses move a hidden state, whose overflow makes one step
//
// The two responses are those of Wu et al., arXiv 2502.06309. Down pulses mirror all of them.

#include <memory>

#include "mho/device/pulsed_cell.h"

namespace mho {

struct ExpStep : NoisyWriteCell {
    double a_up = 0.00081;
    double a_down = 0.36833;
    double gamma_up = 12.44625;
    double gamma_down = 12.78785;
    double a = 0.244;
    double b = 0.2425;
    double dw_min_std_add = 0.0;
    double dw_min_std_slope = 0.0;
    bool granularity_from_down = false;
};

struct PowStep : NoisyWriteCell {
    double pow_gamma = 1.0;
    double pow_gamma_dtod = 0.1;
    double pow_up_down = 0.0;
    double pow_up_down_dtod = 0.0;
};

struct PowStepReference : PulsedCell {
    double pow_gamma = 1.0;
    double pow_gamma_dtod = 0.1;
    double pow_up_down = 0.0;
    double pow_up_down_dtod = 0.0;
    int estimation_steps = -1;
    double reference_mean = 0.0;
    double reference_std = 0.0;
    bool subtract_symmetry_point = false;
    bool reset_shifts_twice = false;
};

struct PiecewiseStep : NoisyWriteCell {
    std::vector<double> piecewise_up = {1.0};
    std::vector<double> piecewise_down = {1.0};

    void check(const std::string& path, std::vector<Problem>& problems) const;
};

struct PowerResponse : NoisyWriteCell {
    double gamma = 1.0;
    double reference_mean = 0.0;
    double reference_std = 0.0;
    bool subtract_symmetry_point = false;
};

struct ExponentialResponse : NoisyWriteCell {
    double gamma = 1.0;
    double reference_mean = 0.0;
    double reference_std = 0.0;
    bool subtract_symmetry_point = false;
};

/// A measured device: mean and spread of a step, in units of dw_min, at equally spaced states from
/// w_min to w_max (scaled to the bounds of each cell). read_step_table makes it from a CSV file.
struct MeasuredStep : NoisyWriteCell {
    std::vector<double> mean_up = {1.0};
    std::vector<double> mean_down = {1.0};
    std::vector<double> std_up = {0.3};
    std::vector<double> std_down = {0.3};

    void check(const std::string& path, std::vector<Problem>& problems) const;
};

struct HiddenStep : PulsedCell {
    int hidden_states = 2;
    double hidden_up_down = 0.0;
    double hidden_up_down_dtod = 0.01;
    double hidden_dw_min_dtod = 0.3;
    double hidden_dw_min_std = 0.0;
};

/// A step law of the user's own: a pure function of one cell. Set in code.
class StepLaw {
  public:
    virtual ~StepLaw() = default;
    /// The weight after one pulse (`up` or down) from `weight`; the result is clipped to the
    /// bounds. `step` is the cell's step_up or step_down, `normal` a standard normal number.
    virtual float pulse(float weight,
                        bool up,
                        float step,
                        float min_bound,
                        float max_bound,
                        float normal) const = 0;
};

struct UserStep : NoisyWriteCell {
    std::string law_name = "user law";
    std::shared_ptr<const StepLaw> law;

    void check(const std::string& path, std::vector<Problem>& problems) const;
};

namespace response_detail {
template <class S>
void pow_fields(auto&& visit) {
    visit(field("pow_gamma",
                &S::pow_gamma,
                {.unit = "1", .min = 0, .max = 100, .meaning = "mean exponent of the step"}));
    visit(field("pow_gamma_dtod",
                &S::pow_gamma_dtod,
                {.unit = "pow_gamma", .min = 0, .max = 100, .meaning = "its spread over cells"}));
    visit(field("pow_up_down",
                &S::pow_up_down,
                {.unit = "pow_gamma",
                 .min = -10,
                 .max = 10,
                 .meaning = "asymmetry of the exponents, with the law of up_down"}));
    visit(field("pow_up_down_dtod",
                &S::pow_up_down_dtod,
                {.unit = "pow_gamma", .min = 0, .max = 100, .meaning = "its spread over cells"}));
}
template <class S>
void reference_fields(auto&& visit) {
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
                {.meaning = "the reference starts from the symmetry point of each cell"}));
}
template <class S>
void response_fields(auto&& visit) {
    Schema<NoisyWriteCell>::fields(visit);
    visit(field("gamma",
                &S::gamma,
                {.unit = "1",
                 .min = 1e-6,
                 .max = 50,
                 .meaning = "curvature of the response",
                 .source = "arXiv 2502.06309"}));
    reference_fields<S>(visit);
}
}  // namespace response_detail

template <>
struct Schema<ExpStep> {
    static constexpr std::string_view name = "exponential step";
    static void fields(auto&& visit) {
        using E = ExpStep;
        Schema<NoisyWriteCell>::fields(visit);
        visit(field("a_up",
                    &E::a_up,
                    {.unit = "1",
                     .min = -1e6,
                     .max = 1e6,
                     .meaning = "amplitude of the exponential in the up step",
                     .source = "aihwkit ExpStepDevice; Gong et al. 2018"}));
        visit(field("a_down",
                    &E::a_down,
                    {.unit = "1", .min = -1e6, .max = 1e6, .meaning = "in the down step"}));
        visit(field("gamma_up",
                    &E::gamma_up,
                    {.unit = "1", .min = -1e3, .max = 1e3, .meaning = "rate in the up step"}));
        visit(field("gamma_down",
                    &E::gamma_down,
                    {.unit = "1", .min = -1e3, .max = 1e3, .meaning = "rate in the down step"}));
        visit(field(
            "a",
            &E::a,
            {.unit = "1", .min = -1e3, .max = 1e3, .meaning = "scale of the normalised weight z"}));
        visit(field("b", &E::b, {.unit = "1", .min = -1e3, .max = 1e3, .meaning = "offset of z"}));
        visit(field("dw_min_std_add",
                    &E::dw_min_std_add,
                    {.unit = "1",
                     .min = 0,
                     .max = 1e3,
                     .meaning = "cycle noise: sigma (|step| + add + slope |w|)"}));
        visit(field("dw_min_std_slope",
                    &E::dw_min_std_slope,
                    {.unit = "1", .min = 0, .max = 1e3, .meaning = "see dw_min_std_add"}));
        visit(field("granularity_from_down",
                    &E::granularity_from_down,
                    {.meaning = "the step at weight 0, which scales learning rates, is that of "
                                "the down branch instead of the mean of both",
                     .source = "aihwkit's law, for comparison"}));
    }
};

template <>
struct Schema<PowStep> {
    static constexpr std::string_view name = "power step";
    static void fields(auto&& visit) {
        Schema<NoisyWriteCell>::fields(visit);
        response_detail::pow_fields<PowStep>(visit);
    }
};

template <>
struct Schema<PowStepReference> {
    static constexpr std::string_view name = "power step, reference";
    static void fields(auto&& visit) {
        using P = PowStepReference;
        Schema<PulsedCell>::fields(visit);
        response_detail::pow_fields<P>(visit);
        visit(field("estimation_steps",
                    &P::estimation_steps,
                    {.unit = "pulses",
                     .min = -1,
                     .max = 1e6,
                     .meaning = "iterations that find the symmetry point; 0 or less = ten "
                                "times the pulses of the range, at most 10000"}));
        response_detail::reference_fields<P>(visit);
        visit(field("reset_shifts_twice",
                    &P::reset_shifts_twice,
                    {.meaning = "a reset leaves the visible weight at reset + symmetry point",
                     .source = "aihwkit's law, for comparison"}));
    }
};

template <>
struct Schema<PiecewiseStep> {
    static constexpr std::string_view name = "piecewise step";
    static void fields(auto&& visit) {
        using P = PiecewiseStep;
        Schema<NoisyWriteCell>::fields(visit);
        visit(field("piecewise_up",
                    &P::piecewise_up,
                    {.unit = "1",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "factor of the up step at equally spaced nodes from the "
                                "lower to the upper bound (1 to 1024 numbers)"}));
        visit(field("piecewise_down",
                    &P::piecewise_down,
                    {.unit = "1",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "factor of the down step, as many numbers"}));
    }
};

template <>
struct Schema<PowerResponse> {
    static constexpr std::string_view name = "power response";
    static void fields(auto&& visit) { response_detail::response_fields<PowerResponse>(visit); }
};

template <>
struct Schema<ExponentialResponse> {
    static constexpr std::string_view name = "exponential response";
    static void fields(auto&& visit) {
        response_detail::response_fields<ExponentialResponse>(visit);
    }
};

template <>
struct Schema<MeasuredStep> {
    static constexpr std::string_view name = "measured step";
    static void fields(auto&& visit) {
        using M = MeasuredStep;
        Schema<NoisyWriteCell>::fields(visit);
        visit(field("mean_up",
                    &M::mean_up,
                    {.unit = "dw_min",
                     .min = -1e6,
                     .max = 1e6,
                     .meaning = "mean up step at equally spaced states from the lower to "
                                "the upper bound (1 to 1024 numbers)"}));
        visit(field("mean_down",
                    &M::mean_down,
                    {.unit = "dw_min",
                     .min = -1e6,
                     .max = 1e6,
                     .meaning = "mean down step, positive downwards"}));
        visit(field("std_up",
                    &M::std_up,
                    {.unit = "dw_min",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "spread of the up step from pulse to pulse"}));
        visit(
            field("std_down",
                  &M::std_down,
                  {.unit = "dw_min", .min = 0, .max = 1e6, .meaning = "spread of the down step"}));
    }
};

template <>
struct Schema<HiddenStep> {
    static constexpr std::string_view name = "hidden step";
    static void fields(auto&& visit) {
        using H = HiddenStep;
        Schema<PulsedCell>::fields(visit);
        visit(field("hidden_states",
                    &H::hidden_states,
                    {.unit = "pulses",
                     .min = 1,
                     .max = 1e6,
                     .meaning = "pulses that fill the hidden state; dw_min is multiplied "
                                "by it",
                     .source = "aihwkit HiddenStep (C++ only)"}));
        visit(field(
            "hidden_up_down",
            &H::hidden_up_down,
            {.unit = "1", .min = -10, .max = 10, .meaning = "asymmetry of the hidden steps"}));
        visit(field("hidden_up_down_dtod",
                    &H::hidden_up_down_dtod,
                    {.unit = "1", .min = 0, .max = 100, .meaning = "its spread"}));
        visit(field("hidden_dw_min_dtod",
                    &H::hidden_dw_min_dtod,
                    {.unit = "1",
                     .min = 0,
                     .max = 100,
                     .meaning = "spread of the hidden step over cells"}));
        visit(field(
            "hidden_dw_min_std",
            &H::hidden_dw_min_std,
            {.unit = "1", .min = 0, .max = 100, .meaning = "spread of the hidden step per pulse"}));
    }
};

template <>
struct Schema<UserStep> {
    static constexpr std::string_view name = "user step";
    static void fields(auto&& visit) {
        Schema<NoisyWriteCell>::fields(visit);
        visit(field("law_name",
                    &UserStep::law_name,
                    {.meaning = "name of the law in reports; the law is set in code"}));
    }
};

}  // namespace mho

#endif  // MHO_DEVICE_RESPONSE_MODELS_H

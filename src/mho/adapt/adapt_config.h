// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ADAPT_ADAPT_CONFIG_H
#define MHO_ADAPT_ADAPT_CONFIG_H

#include <array>
#include <string_view>
#include <vector>

#include "mho/util/reflect.h"

namespace mho {

/// Input range of each tile: inputs are cut to +-range and divided by it before the DAC.
struct InputRangeConfig {
    bool enabled = true;
    bool learn = true;
    double initial = 3.0;
    int init_batches = 100;
    double init_std_factor = 3.0;
    double decay = 1e-3;
    double min_share_inside = 0.95;
    bool relative_gradient = true;
    double gradient_scale = 1.0;
    bool manage_output_clipping = false;
    double min_share_unclipped = 0.95;
};

/// Noise and quantisation of the weights in hardware-aware training, drawn once per step.
enum class ModifierKind {
    kNone,
    kDiscretize,
    kMultNormal,
    kAddNormal,
    kDiscretizeAddNormal,
    kDorefa,
    kPoly,
    kProgNoise,
    kPcmNoise,
    kDropConnect,
    kCopy,
};

struct WeightModifier {
    ModifierKind kind = ModifierKind::kNone;
    double std = 0.0;
    double steps = 0.0;
    bool stochastic_rounding = false;
    double dorefa_clip = 0.6;
    double drop_probability = 0.0;
    bool in_evaluation = false;
    bool relative_to_max = true;
    double assumed_max = 1.0;
    bool keep_last_column = false;
    std::vector<double> coefficients_us = {0.26348, 1.9650, -1.1731};
    double g_max_us = 25.0;
    double pcm_zero_threshold = 0.0;
    double pcm_t_inference_s = 0.0;
    double pcm_t0_s = 20.0;
    double pcm_prob_at_reset = 0.0;
    double pcm_prob_at_g_max = 0.0;
    double pcm_prob_at_random = 0.0;
};

enum class ClipKind { kNone, kFixed, kLayerGaussian, kAverageChannelMax };
struct WeightClip {
    ClipKind kind = ClipKind::kFixed;
    double value = 1.0;  // fixed bound; caps the other kinds if > 0
    double sigma = 2.5;
};

enum class RemapKind { kNone, kLayer, kColumn };
struct WeightRemap {
    RemapKind kind = RemapKind::kColumn;
    double w_max = 1.0;
    double max_scale_range = 0.0;  // 0 = unlimited
    double max_scale_reference = 0.0;
};

/// Straight-through gradients of hardware-aware training.
struct GradientConfig {
    bool mask_inputs = true;       // no gradient to inputs that the range cuts
    bool mask_outputs = true;      // no gradient through outputs that the ADC cuts
    bool divide_by_range = false;  // aihwkit: weight gradients carry 1 / input range
};

template <>
struct EnumNames<ModifierKind> {
    static constexpr std::array<std::pair<ModifierKind, std::string_view>, 11> names = {
        {{ModifierKind::kNone, "none"},
         {ModifierKind::kDiscretize, "discretize"},
         {ModifierKind::kMultNormal, "multiplicative normal"},
         {ModifierKind::kAddNormal, "additive normal"},
         {ModifierKind::kDiscretizeAddNormal, "discretize and additive normal"},
         {ModifierKind::kDorefa, "dorefa"},
         {ModifierKind::kPoly, "polynomial"},
         {ModifierKind::kProgNoise, "programming noise"},
         {ModifierKind::kPcmNoise, "pcm noise"},
         {ModifierKind::kDropConnect, "drop connect"},
         {ModifierKind::kCopy, "copy"}}};
};
template <>
struct EnumNames<ClipKind> {
    static constexpr std::array<std::pair<ClipKind, std::string_view>, 4> names = {
        {{ClipKind::kNone, "none"},
         {ClipKind::kFixed, "fixed"},
         {ClipKind::kLayerGaussian, "layer gaussian"},
         {ClipKind::kAverageChannelMax, "average channel max"}}};
};
template <>
struct EnumNames<RemapKind> {
    static constexpr std::array<std::pair<RemapKind, std::string_view>, 3> names = {
        {{RemapKind::kNone, "none"}, {RemapKind::kLayer, "layer"}, {RemapKind::kColumn, "column"}}};
};

template <>
struct Schema<InputRangeConfig> {
    static constexpr std::string_view name = "InputRange";
    static void fields(auto&& visit) {
        using C = InputRangeConfig;
        visit(field("enabled",
                    &C::enabled,
                    {.meaning = "cut and scale the inputs of each tile by a range",
                     .source = "arXiv 2302.08469"}));
        visit(field("learn",
                    &C::learn,
                    {.meaning = "train the range with its own gradient rule",
                     .source = "aihwkit learn_input_range"}));
        visit(field("initial",
                    &C::initial,
                    {.unit = "1",
                     .min = 1e-6,
                     .max = 1e9,
                     .meaning = "range before any data were seen",
                     .source = "aihwkit init_value"}));
        visit(field("init_batches",
                    &C::init_batches,
                    {.unit = "batches",
                     .min = 0,
                     .max = 1e9,
                     .meaning = "training batches whose spread sets the range before it is learned",
                     .source = "aihwkit init_from_data"}));
        visit(field("init_std_factor",
                    &C::init_std_factor,
                    {.unit = "1",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "range in standard deviations of the inputs during initialisation",
                     .source = "aihwkit init_std_alpha"}));
        visit(field("decay",
                    &C::decay,
                    {.unit = "1",
                     .min = 0,
                     .max = 1,
                     .meaning = "pull on the range while enough inputs fit",
                     .source = "aihwkit decay"}));
        visit(field("min_share_inside",
                    &C::min_share_inside,
                    {.unit = "1",
                     .min = 0,
                     .max = 1,
                     .meaning = "share of inputs inside the range above which the decay acts",
                     .source = "aihwkit input_min_percentage"}));
        visit(field("relative_gradient",
                    &C::relative_gradient,
                    {.meaning = "multiply the gradient of the range by the range",
                     .source = "aihwkit gradient_relative"}));
        visit(field("gradient_scale",
                    &C::gradient_scale,
                    {.unit = "1",
                     .min = 0,
                     .max = 1e9,
                     .meaning = "factor of the gradient of the range",
                     .source = "aihwkit gradient_scale"}));
        visit(field("manage_output_clipping",
                    &C::manage_output_clipping,
                    {.meaning = "enlarge the range while too many outputs are cut",
                     .source = "aihwkit manage_output_clipping"}));
        visit(field("min_share_unclipped",
                    &C::min_share_unclipped,
                    {.unit = "1",
                     .min = 0,
                     .max = 1,
                     .meaning = "share of outputs below which the range grows",
                     .source = "aihwkit output_min_percentage"}));
    }
};

template <>
struct Schema<WeightModifier> {
    static constexpr std::string_view name = "WeightModifier";
    static void fields(auto&& visit) {
        using C = WeightModifier;
        visit(field("kind",
                    &C::kind,
                    {.meaning = "what is done to the weights in each training step",
                     .source = "arXiv 2302.08469; aihwkit WeightModifierType"}));
        visit(field("std",
                    &C::std,
                    {.unit = "w_max",
                     .min = 0,
                     .max = 1e3,
                     .meaning = "standard deviation of the weight noise",
                     .source = "aihwkit std_dev"}));
        visit(field("steps",
                    &C::steps,
                    {.unit = "steps",
                     .min = 0,
                     .max = 4294967296.0,
                     .meaning = "steps over the full weight range when discretising; 0 = none",
                     .source = "aihwkit res = 2 / steps"}));
        visit(field(
            "stochastic_rounding",
            &C::stochastic_rounding,
            {.meaning = "round stochastically when discretising", .source = "aihwkit sto_round"}));
        visit(field("dorefa_clip",
                    &C::dorefa_clip,
                    {.unit = "1",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "range of the dorefa transform",
                     .source = "aihwkit dorefa_clip"}));
        visit(field("drop_probability",
                    &C::drop_probability,
                    {.unit = "1",
                     .min = 0,
                     .max = 1,
                     .meaning = "probability that a weight is set to zero",
                     .source = "aihwkit pdrop"}));
        visit(field("in_evaluation",
                    &C::in_evaluation,
                    {.meaning = "modify the weights in evaluation too",
                     .source = "aihwkit enable_during_test"}));
        visit(field("relative_to_max",
                    &C::relative_to_max,
                    {.meaning = "noise relative to the present largest weight of the tile",
                     .source = "aihwkit rel_to_actual_wmax"}));
        visit(field("assumed_max",
                    &C::assumed_max,
                    {.unit = "1",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "largest weight otherwise assumed",
                     .source = "aihwkit assumed_wmax"}));
        visit(field(
            "keep_last_column",
            &C::keep_last_column,
            {.meaning = "leave the last column as it is", .source = "aihwkit copy_last_column"}));
        visit(field("coefficients_us",
                    &C::coefficients_us,
                    {.unit = "uS",
                     .min = -1e6,
                     .max = 1e6,
                     .meaning = "polynomial of the noise in |w|/w_max, lowest power first",
                     .source = "arXiv 1906.03138; Joshi et al. 2020"}));
        visit(field("g_max_us",
                    &C::g_max_us,
                    {.unit = "uS",
                     .min = 1e-6,
                     .max = 1e6,
                     .meaning = "conductance of the largest weight",
                     .source = "Joshi et al. 2020"}));
        visit(field("pcm_zero_threshold",
                    &C::pcm_zero_threshold,
                    {.unit = "1",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "conductances below this share of the noise at zero become zero",
                     .source = "aihwkit pcm_zero_thres"}));
        visit(field("pcm_t_inference_s",
                    &C::pcm_t_inference_s,
                    {.unit = "s",
                     .min = 0,
                     .max = 1e12,
                     .meaning = "drift time of the pcm noise",
                     .source = "aihwkit pcm_t_inference"}));
        visit(field("pcm_t0_s",
                    &C::pcm_t0_s,
                    {.unit = "s",
                     .min = 1e-9,
                     .max = 1e12,
                     .meaning = "reference time of the pcm noise",
                     .source = "aihwkit pcm_t0"}));
        visit(field("pcm_prob_at_reset",
                    &C::pcm_prob_at_reset,
                    {.unit = "1",
                     .min = 0,
                     .max = 1,
                     .meaning = "probability of a cell stuck at zero",
                     .source = "aihwkit pcm_prob_at_reset"}));
        visit(field("pcm_prob_at_g_max",
                    &C::pcm_prob_at_g_max,
                    {.unit = "1",
                     .min = 0,
                     .max = 1,
                     .meaning = "probability of a cell stuck at the largest conductance",
                     .source = "aihwkit pcm_prob_at_gmax"}));
        visit(field("pcm_prob_at_random",
                    &C::pcm_prob_at_random,
                    {.unit = "1",
                     .min = 0,
                     .max = 1,
                     .meaning = "probability of a cell at a random conductance",
                     .source = "aihwkit pcm_prob_at_random"}));
    }
};

template <>
struct Schema<WeightClip> {
    static constexpr std::string_view name = "WeightClip";
    static void fields(auto&& visit) {
        visit(field("kind",
                    &WeightClip::kind,
                    {.meaning = "how weights are cut after each training step",
                     .source = "aihwkit WeightClipType; Joshi et al. 2020"}));
        visit(field("value",
                    &WeightClip::value,
                    {.unit = "1",
                     .min = 0,
                     .max = 1e9,
                     .meaning = "fixed bound; caps the other kinds when above 0",
                     .source = "aihwkit fixed_value"}));
        visit(field("sigma",
                    &WeightClip::sigma,
                    {.unit = "std",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "bound in standard deviations of the layer",
                     .source = "aihwkit sigma"}));
    }
};

template <>
struct Schema<WeightRemap> {
    static constexpr std::string_view name = "WeightRemap";
    static void fields(auto&& visit) {
        visit(field("kind",
                    &WeightRemap::kind,
                    {.meaning = "how tile weights are stretched to the full range after each step",
                     .source = "arXiv 2302.08469; aihwkit WeightRemapType"}));
        visit(field("w_max",
                    &WeightRemap::w_max,
                    {.unit = "1",
                     .min = 1e-9,
                     .max = 1e9,
                     .meaning = "largest weight after remapping",
                     .source = "aihwkit remapped_wmax"}));
        visit(field("max_scale_range",
                    &WeightRemap::max_scale_range,
                    {.unit = "1",
                     .min = 0,
                     .max = 1e9,
                     .meaning = "largest ratio of scales in a tile; 0 = unlimited",
                     .source = "aihwkit max_scale_range"}));
        visit(field("max_scale_reference",
                    &WeightRemap::max_scale_reference,
                    {.unit = "1",
                     .min = 0,
                     .max = 1e9,
                     .meaning = "lower limit of the smallest scale in that ratio",
                     .source = "aihwkit max_scale_ref"}));
    }
};

template <>
struct Schema<GradientConfig> {
    static constexpr std::string_view name = "Gradient";
    static void fields(auto&& visit) {
        visit(field("mask_inputs",
                    &GradientConfig::mask_inputs,
                    {.meaning = "no gradient to inputs outside the input range",
                     .source = "straight-through estimator"}));
        visit(field("mask_outputs",
                    &GradientConfig::mask_outputs,
                    {.meaning = "no gradient through outputs that the ADC cuts",
                     .source = "straight-through estimator"}));
        visit(field("divide_by_range",
                    &GradientConfig::divide_by_range,
                    {.meaning = "divide weight gradients by the input range, as aihwkit does",
                     .source = "aihwkit 1.2.0"}));
    }
};

}  // namespace mho

#endif  // MHO_ADAPT_ADAPT_CONFIG_H

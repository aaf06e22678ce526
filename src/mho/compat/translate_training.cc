// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// What hardware-aware training does to weights and inputs, and how layers are laid out.

#include <algorithm>
#include <cmath>

#include "mho/compat/translate_internal.h"

namespace mho {
namespace {

template <class T>
T checked(T value, const JsonNode& node) {
    Problems problems = validate(value, node.path());
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
    return value;
}

int size_limit(FieldReader& in, std::string_view name) {
    const double value = in.number(name, 512.0);
    if (value != std::floor(value) || value > 1048576) {
        in.node().at(name).fail("must be an integer of at most 1048576 (0 = unlimited)");
    }
    return value > 0 ? static_cast<int>(value) : 0;
}

// Steps over the full range [-A, A]. The original's C++ tiles take the resolution as the step over
// the half range A, however large, its torch tiles as a fraction of the full range or above 1 as a
// number of steps (decision 17).
double modifier_steps(double resolution, bool torch_law) {
    if (torch_law || !(resolution > 0)) {
        return steps_of_resolution(resolution);
    }
    double twice = 2.0 / resolution;
    // As for the converters, the step in float32 must be the resolution bit for bit.
    const auto wanted = static_cast<float>(resolution);
    for (int i = 0; i < 4 && static_cast<float>(2.0 / twice) != wanted; i++) {
        twice = std::nextafter(twice, static_cast<float>(2.0 / twice) < wanted ? 0.0 : kInfinity);
    }
    return twice;
}

}  // namespace

WeightModifier read_modifier(const JsonNode& node, TranslationNotes& notes, bool torch_law) {
    known_class(node, {"WeightModifierParameter"});
    FieldReader in(node, notes);
    WeightModifier m;
    const std::string type = in.choice("type",
                                       "NONE",
                                       {"NONE",
                                        "DISCRETIZE",
                                        "MULT_NORMAL",
                                        "ADD_NORMAL",
                                        "DISCRETIZE_ADD_NORMAL",
                                        "DOREFA",
                                        "POLY",
                                        "PCM_NOISE",
                                        "PROG_NOISE",
                                        "DROP_CONNECT",
                                        "COPY"});
    m.kind = type == "NONE"                    ? ModifierKind::kNone
             : type == "DISCRETIZE"            ? ModifierKind::kDiscretize
             : type == "MULT_NORMAL"           ? ModifierKind::kMultNormal
             : type == "ADD_NORMAL"            ? ModifierKind::kAddNormal
             : type == "DISCRETIZE_ADD_NORMAL" ? ModifierKind::kDiscretizeAddNormal
             : type == "DOREFA"                ? ModifierKind::kDorefa
             : type == "POLY"                  ? ModifierKind::kPoly
             : type == "PCM_NOISE"             ? ModifierKind::kPcmNoise
             : type == "PROG_NOISE"            ? ModifierKind::kProgNoise
             : type == "DROP_CONNECT"          ? ModifierKind::kDropConnect
                                               : ModifierKind::kCopy;
    m.std = in.positive("std_dev", 0.0);
    const double resolution = in.number("res", 0.0);
    m.steps = modifier_steps(resolution, torch_law);
    if (resolution > 1 && !torch_law) {
        in.interpreted("res", "above 1 and used as it stands: the step is that large (decision 4)");
    }
    m.stochastic_rounding = in.boolean("sto_round", false);
    m.dorefa_clip = std::abs(in.number("dorefa_clip", 0.6));
    m.drop_probability = in.positive("pdrop", 0.0);
    m.in_evaluation = in.boolean("enable_during_test", false);
    m.relative_to_max = in.boolean("rel_to_actual_wmax", true);
    m.assumed_max = in.positive("assumed_wmax", 1.0);
    m.keep_last_column = in.boolean("copy_last_column", false);
    m.coefficients_us = in.numbers("coeffs", {0.0105392, 0.0768, -0.046925});
    m.g_max_us = in.number("g_max", 25.0);
    m.pcm_zero_threshold = in.positive("pcm_zero_thres", 0.0);
    m.pcm_t_inference_s = in.positive("pcm_t_inference", 0.0);
    m.pcm_t0_s = in.number("pcm_t0", 20.0);
    m.pcm_prob_at_reset = in.positive("pcm_prob_at_reset", 0.0);
    m.pcm_prob_at_g_max = in.positive("pcm_prob_at_gmax", 0.0);
    m.pcm_prob_at_random = in.positive("pcm_prob_at_random", 0.0);
    in.only("per_batch_sample", false, "weights are modified once per step, not once per sample");
    if (m.kind == ModifierKind::kPoly) {
        // The original divides the coefficients by no conductance here; ours are in uS.
        for (double& c : m.coefficients_us) {
            c *= m.g_max_us;
        }
        in.interpreted("coeffs", "multiplied by g_max: ours are in uS (decision 18)");
    } else if (m.kind == ModifierKind::kPcmNoise) {
        m.coefficients_us = {0.26348, 1.9650, -1.1731};
        in.interpreted("coeffs", "this law has its own coefficients");
    }
    if (m.kind == ModifierKind::kMultNormal && torch_law) {
        m.relative_to_max = false;
        m.assumed_max = 1.0;
        in.interpreted("type",
                       "MULT_NORMAL of torch tiles is not scaled by the largest weight "
                       "(decision 16)");
    }
    if (m.kind == ModifierKind::kNone && m.drop_probability > 0) {
        m.drop_probability = 0.0;
        in.interpreted("pdrop", "type NONE modifies nothing; DROP_CONNECT or COPY would drop");
    }
    in.finish();
    return checked(m, node);
}

WeightClip read_clip(const JsonNode& node, TranslationNotes& notes) {
    known_class(node, {"WeightClipParameter"});
    FieldReader in(node, notes);
    const std::string type =
        in.choice("type", "NONE", {"NONE", "FIXED_VALUE", "LAYER_GAUSSIAN", "AVERAGE_CHANNEL_MAX"});
    WeightClip clip;
    clip.kind = type == "NONE"             ? ClipKind::kNone
                : type == "FIXED_VALUE"    ? ClipKind::kFixed
                : type == "LAYER_GAUSSIAN" ? ClipKind::kLayerGaussian
                                           : ClipKind::kAverageChannelMax;
    clip.value = std::max(in.number("fixed_value", -1.0), 0.0);
    clip.sigma = in.positive("sigma", 2.5);
    in.finish();
    return checked(clip, node);
}

WeightRemap read_remap(const JsonNode& node, TranslationNotes& notes) {
    known_class(node, {"WeightRemapParameter"});
    FieldReader in(node, notes);
    const std::string type =
        in.choice("type", "NONE", {"NONE", "LAYERWISE_SYMMETRIC", "CHANNELWISE_SYMMETRIC"});
    WeightRemap remap;
    remap.kind = type == "NONE"                  ? RemapKind::kNone
                 : type == "LAYERWISE_SYMMETRIC" ? RemapKind::kLayer
                                                 : RemapKind::kColumn;
    remap.w_max = in.number("remapped_wmax", 1.0);
    remap.max_scale_range = in.positive("max_scale_range", 0.0);
    remap.max_scale_reference = in.positive("max_scale_ref", 0.0);
    in.finish();
    return checked(remap, node);
}

Mapping read_mapping(const JsonNode& node, TranslationNotes& notes) {
    known_class(node, {"MappingParameter"});
    FieldReader in(node, notes);
    Mapping m;
    m.omega = in.positive("weight_scaling_omega", 0.0);
    m.per_column = in.boolean("weight_scaling_columnwise", false);
    m.max_inputs = size_limit(in, "max_input_size");
    m.max_outputs = size_limit(in, "max_output_size");
    const bool learn = in.boolean("learn_out_scaling", false);
    const bool per_column = in.boolean("out_scaling_columnwise", false);
    m.learn_scales = !learn       ? LearnedScales::kNone
                     : per_column ? LearnedScales::kPerColumn
                                  : LearnedScales::kPerTile;
    m.analog_bias = !in.boolean("digital_bias", true);
    m.rate_compensation = in.boolean("weight_scaling_lr_compensation", false);
    in.finish();
    return checked(m, node);
}

InputRangeConfig read_input_range(const JsonNode& node, TranslationNotes& notes) {
    known_class(node, {"InputRangeParameter"});
    FieldReader in(node, notes);
    InputRangeConfig c;
    c.enabled = in.boolean("enable", false);
    c.learn = in.boolean("learn_input_range", true);
    c.initial = in.number("init_value", 3.0);
    const double batches = in.positive("init_from_data", 100.0);
    if (batches != std::floor(batches) || batches > 1e9) {
        node.at("init_from_data").fail("must be an integer of at most 1e9");
    }
    c.init_batches = static_cast<int>(batches);
    c.init_std_factor = in.number("init_std_alpha", 3.0);
    c.decay = in.positive("decay", 1e-3);
    c.min_share_inside = in.number("input_min_percentage", 0.95);
    c.relative_gradient = in.boolean("gradient_relative", true);
    c.gradient_scale = in.number("gradient_scale", 1.0);
    if (!c.relative_gradient && c.gradient_scale != 1.0) {
        c.gradient_scale = 1.0;
        in.interpreted("gradient_scale",
                       "acts in the original only on the relative gradient (decision 40)");
    }
    c.manage_output_clipping = in.boolean("manage_output_clipping", false);
    c.min_share_unclipped = in.number("output_min_percentage", 0.95);
    if (node.has_value("calibration_info")) {
        in.dropped("calibration_info", "calibration is a step of its own here");
    }
    in.ignore({"calibration_info"});
    in.finish();
    return checked(c, node);
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "mho/compat/translate_internal.h"
#include "mho/tile/mvm_config_json.h"

namespace mho {

double steps_of_resolution(double resolution) {
    if (!std::isfinite(resolution)) {
        throw InputError("a resolution must be finite, got " + std::to_string(resolution));
    }
    if (!(resolution > 0)) {
        return 0.0;
    }
    if (resolution > 1) {
        return resolution;
    }
    // 1 / (1 / r) may miss r by a unit in the last place of a double; where r lies between two
    // float32 numbers, that could decide to which it is rounded.
    double steps = 1.0 / resolution;
    const auto wanted = static_cast<float>(resolution);
    for (int i = 0; i < 4 && static_cast<float>(1.0 / steps) != wanted; i++) {
        const bool too_fine = static_cast<float>(1.0 / steps) < wanted;
        steps = std::nextafter(steps, too_fine ? 0.0 : kInfinity);
    }
    return steps;
}

namespace {

const std::vector<std::string> kMvTypes = {"IDEAL",
                                           "ONE_PASS",
                                           "POS_NEG_SEPARATE",
                                           "POS_NEG_SEPARATE_DIGITAL_SUM",
                                           "SPLIT_MODE",
                                           "BIT_WISE"};

// Bound and steps of one converter. Without a bound there is no full scale and so no step (the
// original computes its step from the bound of 0, which rounds nothing).
void read_grid(FieldReader& in,
               std::string_view bound_name,
               double bound_default,
               std::string_view res_name,
               double res_default,
               double& bound,
               double& steps) {
    bound = in.number(bound_name, bound_default);
    const double resolution = in.number(res_name, res_default);
    steps = steps_of_resolution(resolution);
    if (!(bound > 0) || std::isinf(bound)) {
        bound = 0.0;
        if (steps > 0) {
            in.interpreted(res_name,
                           "no rounding: without a bound there is no full scale to divide");
            steps = 0.0;
        }
    } else if (resolution > 1) {
        in.interpreted(res_name, "above 1, so a number of steps");
    }
}

void read_managements(FieldReader& in, MvmConfig& c) {
    const std::string nm =
        in.choice("noise_management",
                  "ABS_MAX",
                  {"NONE", "ABS_MAX", "ABS_MAX_NP_SUM", "MAX", "CONSTANT", "AVERAGE_ABS_MAX"});
    NoiseManagement& noise = c.noise_management;
    noise.kind = nm == "NONE"             ? NoiseManagementKind::kNone
                 : nm == "ABS_MAX"        ? NoiseManagementKind::kAbsMax
                 : nm == "ABS_MAX_NP_SUM" ? NoiseManagementKind::kAbsMaxNpSum
                 : nm == "MAX"            ? NoiseManagementKind::kMax
                 : nm == "CONSTANT"       ? NoiseManagementKind::kConstant
                                          : NoiseManagementKind::kAverageAbsMax;
    noise.threshold = in.positive("nm_thres", 0.0);
    if (noise.kind == NoiseManagementKind::kNone && noise.threshold > 0) {
        in.interpreted("nm_thres", "without noise management the threshold does not act");
        noise.threshold = 0.0;
    }
    noise.assumed_w_max = in.positive("nm_assumed_wmax", 0.6);
    noise.decay = in.number("nm_decay", 1e-3);

    const std::string bm =
        in.choice("bound_management", "ITERATIVE", {"NONE", "ITERATIVE", "ITERATIVE_WORST_CASE"});
    BoundManagement& bound = c.bound_management;
    bound.kind = bm == "NONE"        ? BoundManagementKind::kNone
                 : bm == "ITERATIVE" ? BoundManagementKind::kIterative
                                     : BoundManagementKind::kIterativeWorstCase;
    bound.max_factor = std::max(in.number("max_bm_factor", 1000.0), 0.0);
    bound.max_resolution = std::max(in.number("max_bm_res", 0.25), 0.0);
    bound.test_negative_bound = in.boolean("bm_test_negative_bound", true);
    if (!bound.test_negative_bound) {
        bound.compatible_test = true;
        in.interpreted(
            "bm_test_negative_bound",
            "with the original's order of tests: a later negative clip marks the round as "
            "passed (decision 12)");
    }
}

void read_pulse_widths(FieldReader& in,
                       const std::string& mv_type,
                       double dac_steps,
                       TimeIrDrop& t) {
    t.enabled = true;
    t.input = mv_type == "SPLIT_MODE" ? PulseInput::kSplit
              : mv_type == "BIT_WISE" ? PulseInput::kBitWise
                                      : PulseInput::kOnePass;
    t.steps = dac_steps > 0 ? static_cast<int>(std::lround(std::min(dac_steps, 65534.0))) : 65534;
    t.wire_ohm = in.positive("ir_drop_rs", 0.15);
    t.segments = static_cast<int>(in.number("ir_drop_segments", 8));
    t.time_resolution = in.number("ir_drop_time_step_resolution_scale", 1.0);
    t.read_voltage = in.number("ir_drop_v_read", 0.4005);
    t.split_bits = static_cast<int>(in.number("split_mode_bit_shift", 3));
    t.plain_sum = in.boolean("ir_drop_integration_sum", false);
    t.adc_ghz = in.boolean("adc_quantization", true) ? in.positive("adc_frequency", 6.24) : 0.0;
    in.only("apply_xdep_pcm_read_noise", false, "read noise does not depend on the input");
    in.ignore({"adc_frequency", "xdep_pcm_read_noise_scale"});
}

}  // namespace

MvmConfig read_io(const JsonNode& node, TranslationNotes& notes, TimeIrDrop* timed) {
    const std::string name = known_class(node, {"IOParameters", "IOParametersIRDropT"});
    const bool in_time = timed != nullptr && name == "IOParametersIRDropT";
    FieldReader in(node, notes);
    MvmConfig c;
    const std::string mv_type = in.choice("mv_type", "ONE_PASS", kMvTypes);
    c.perfect = in.boolean("is_perfect", false) || mv_type == "IDEAL";
    c.output_scale = in.number("out_scale", 1.0);
    if (!in_time && (mv_type == "SPLIT_MODE" || mv_type == "BIT_WISE")) {
        in.dropped("mv_type", "inputs are not cut into bits; all of an input is applied at once");
    }
    c.mode = mv_type == "POS_NEG_SEPARATE"               ? MvmMode::kSeparate
             : mv_type == "POS_NEG_SEPARATE_DIGITAL_SUM" ? MvmMode::kSeparateDigitalSum
                                                         : MvmMode::kOnePass;

    read_grid(in, "inp_bound", 1.0, "inp_res", 1.0 / 126, c.dac.bound, c.dac.steps);
    c.dac.stochastic_rounding = in.boolean("inp_sto_round", false);
    c.dac.noise_std = in.positive("inp_noise", 0.0);
    c.dac.asymmetry = in.number("inp_asymmetry", 0.0);
    read_grid(in, "out_bound", 12.0, "out_res", 1.0 / 510, c.adc.bound, c.adc.steps);
    c.adc.stochastic_rounding = in.boolean("out_sto_round", false);
    c.adc.asymmetry = in.positive("out_asymmetry", 0.0);
    c.output_noise.std = in.positive("out_noise", 0.06);
    c.output_noise.spread = in.positive("out_noise_std", 0.0);

    const std::string w_kind =
        in.choice("w_noise_type", "NONE", {"NONE", "ADDITIVE_CONSTANT", "PCM_READ"});
    c.weight_noise.kind = w_kind == "NONE"       ? WeightNoiseKind::kNone
                          : w_kind == "PCM_READ" ? WeightNoiseKind::kPcmRead
                                                 : WeightNoiseKind::kAdditive;
    c.weight_noise.std = in.positive("w_noise", 0.0);
    c.ir_drop.strength = in.positive("ir_drop", name == "IOParametersIRDropT" ? 1.0 : 0.0);
    c.ir_drop.wire_to_g_max = in.number("ir_drop_g_ratio", 1.0 / 0.35 / 5e-6);
    c.output_nonlinearity.strength = in.positive("out_nonlinearity", 0.0);
    c.output_nonlinearity.spread = in.positive("out_nonlinearity_std", 0.0);
    c.output_nonlinearity.slope_calibration = in.positive("slope_calibration", 0.0);
    c.voltage_offset.std = in.positive("v_offset_std", 0.0);
    c.voltage_offset.reference_weight = in.number("v_offset_w_min", -1.0);
    if (c.voltage_offset.std > 0) {
        c.voltage_offset.compatible_law = true;
        in.interpreted("v_offset_std",
                       "with the original's law: half of the offsets 0, half a full normal "
                       "(decision 44)");
    }
    c.series_resistance.factor = in.positive("r_series", 0.0);
    c.series_resistance.max_total = in.positive("r_series_max_total", 3.4e38);
    const double asymmetry = in.positive("w_read_asymmetry_dtod", 0.0);
    if (asymmetry > 0 && c.mode == MvmMode::kOnePass) {
        in.interpreted("w_read_asymmetry_dtod", "acts only where signs are read separately");
    } else {
        c.read_asymmetry_spread = asymmetry;
    }
    read_managements(in, c);
    if (in_time) {
        read_pulse_widths(in, mv_type, c.dac.steps, *timed);
        timed->strength = c.ir_drop.strength;
        c.ir_drop.strength = 0;
    } else if (name == "IOParametersIRDropT") {
        for (const std::string& key : node.keys()) {
            if (key.starts_with("ir_drop_") && key != "ir_drop_g_ratio") {
                in.dropped(key, "voltage drop follows the closed form, not the time-dependent law");
            }
        }
        in.ignore({"ir_drop_rs",
                   "ir_drop_segments",
                   "ir_drop_time_step_resolution_scale",
                   "ir_drop_v_read",
                   "ir_drop_integration_sum"});
    }
    in.finish();
    if (c.perfect) {
        MvmConfig exact = perfect_mvm();
        exact.output_scale = c.output_scale;
        return exact;
    }
    Problems problems = validate(c, node.path());
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
    return c;
}

}  // namespace mho

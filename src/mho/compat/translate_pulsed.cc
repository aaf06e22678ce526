// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Devices that are trained by pulses, and how an update becomes pulses.

#include <algorithm>
#include <cmath>
#include <utility>

#include "mho/compat/translate_internal.h"
#include "mho/net/training_presets.h"
#include "mho/train/learner_config_json.h"

namespace mho {
namespace {

// The original's preset classes, and the presets that hold the same numbers.
struct PresetClass {
    std::string_view name;
    std::string_view preset;
};
constexpr std::array<PresetClass, 10> kPresetClasses = {
    {{"ReRamESPresetDevice", "reram es"},
     {"ReRamSBPresetDevice", "reram sb"},
     {"CapacitorPresetDevice", "capacitor"},
     {"EcRamPresetDevice", "ecram"},
     {"EcRamMOPresetDevice", "ecram mo"},
     {"IdealizedPresetDevice", "idealized"},
     {"GokmenVlasovPresetDevice", "gokmen vlasov"},
     {"PCMPresetDevice", "pcm"},
     {"ReRamArrayOMPresetDevice", "reram array om"},
     {"ReRamArrayHfO2PresetDevice", "reram array hfo2"}}};

// A device with the defaults of its class: those of the original are ours.
PulsedDevice device_of_class(const JsonNode& node) {
    const std::string name = class_of(node);
    for (const PresetClass& each : kPresetClasses) {
        if (name == each.name) {
            return pulsed_device_preset(std::string(each.preset), node.path());
        }
    }
    const std::vector<std::pair<std::string, PulsedDevice>> classes = {
        {"ConstantStepDevice", ConstantStep{}},
        {"LinearStepDevice", LinearStep{}},
        {"SoftBoundsDevice", SoftBounds{}},
        {"SoftBoundsReferenceDevice", SoftBoundsReference{}},
        {"SoftBoundsPmaxDevice", SoftBoundsPmax{}},
        {"ExpStepDevice", ExpStep{}},
        {"PowStepDevice", PowStep{}},
        {"PowStepReferenceDevice", PowStepReference{}},
        {"PiecewiseStepDevice", PiecewiseStep{}}};
    std::vector<std::string> known;
    for (const auto& [class_name, device] : classes) {
        if (name == class_name) {
            return device;
        }
        known.push_back(class_name);
    }
    for (const PresetClass& each : kPresetClasses) {
        known.emplace_back(each.name);
    }
    if (name.empty()) {
        node.fail("needs a `class`, the name of a pulsed device");
    }
    node.at("class").fail("`" + name + "` is no pulsed device" + suggestion(name, known));
}

// A standard deviation: the original multiplies it with symmetric numbers, so its sign is void.
double spread(FieldReader& in, std::string_view name, double fallback) {
    return std::abs(in.number(name, fallback));
}

void read_drift(FieldReader& in, TrainingDrift& d, TranslationNotes& notes) {
    if (!in.has_object("drift")) {
        return;
    }
    const JsonNode node = in.object("drift");
    known_class(node, {"DriftParameter", "SimpleDriftParameter"});
    FieldReader inner(node, notes);
    d.nu = inner.positive("nu", d.nu);
    d.t_0_ms = inner.number("t_0", d.t_0_ms);
    d.reset_tolerance = inner.number("reset_tol", d.reset_tolerance);
    d.nu_dtod = spread(inner, "nu_dtod", d.nu_dtod);
    d.nu_std = inner.positive("nu_std", d.nu_std);
    d.wg_ratio = inner.number("wg_ratio", d.wg_ratio);
    d.g_offset = inner.number("g_offset", d.g_offset);
    d.w_offset = inner.number("w_offset", d.w_offset);
    d.nu_k = inner.number("nu_k", d.nu_k);
    d.log_g0 = inner.number("log_g0", d.log_g0);
    d.w_noise_std = inner.positive("w_noise_std", d.w_noise_std);
    inner.finish();
}

void read_cell(FieldReader& in, PulsedCell& d, TranslationNotes& notes) {
    in.ignore({"construction_seed", "count_pulses"});  // our seeds and counters are of the run
    d.stuck_probability = in.positive("corrupt_devices_prob", d.stuck_probability);
    d.stuck_range = std::abs(in.number("corrupt_devices_range", d.stuck_range));
    d.diffusion = in.positive("diffusion", d.diffusion);
    d.diffusion_dtod = spread(in, "diffusion_dtod", d.diffusion_dtod);
    read_drift(in, d.drift, notes);
    d.dw_min = in.number("dw_min", d.dw_min);
    d.dw_min_dtod = spread(in, "dw_min_dtod", d.dw_min_dtod);
    d.dw_min_dtod_log_normal = in.boolean("dw_min_dtod_log_normal", d.dw_min_dtod_log_normal);
    d.dw_min_std = spread(in, "dw_min_std", d.dw_min_std);
    d.enforce_consistency = in.boolean("enforce_consistency", d.enforce_consistency);
    d.lifetime = in.positive("lifetime", d.lifetime);
    d.lifetime_dtod = spread(in, "lifetime_dtod", d.lifetime_dtod);
    d.perfect_bias = in.boolean("perfect_bias", d.perfect_bias);
    d.reset = in.number("reset", d.reset);
    d.reset_dtod = spread(in, "reset_dtod", d.reset_dtod);
    d.reset_std = spread(in, "reset_std", d.reset_std);
    d.up_down = in.number("up_down", d.up_down);
    d.up_down_dtod = spread(in, "up_down_dtod", d.up_down_dtod);
    d.w_max = in.number("w_max", d.w_max);
    d.w_max_dtod = spread(in, "w_max_dtod", d.w_max_dtod);
    d.w_min = in.number("w_min", d.w_min);
    d.w_min_dtod = spread(in, "w_min_dtod", d.w_min_dtod);
    d.asymmetry_law = AsymmetryLaw::kOneSided;
    if (d.up_down != 0) {
        in.interpreted("up_down", "shrinks the step of one direction only (decision 1)");
    }
    d.lifetime_may_vanish = true;
    if (d.lifetime > 0 && d.lifetime_dtod > 0) {
        in.interpreted("lifetime_dtod",
                       "cells that draw a lifetime below 1 forget all at a decay (decision 45)");
    }
}

void read_write_noise(FieldReader& in, NoisyWriteCell& d) {
    d.write_noise_std = in.positive("write_noise_std", d.write_noise_std);
    d.write_noise_on_set = in.boolean("apply_write_noise_on_set", d.write_noise_on_set);
}

template <class Linear>
void read_linear(FieldReader& in, Linear& d) {
    d.multiplicative_noise = in.boolean("mult_noise", d.multiplicative_noise);
    d.reverse_up = in.boolean("reverse_up", d.reverse_up);
    d.reverse_down = in.boolean("reverse_down", d.reverse_down);
    d.reverse_offset = in.number("reverse_offset", d.reverse_offset);
}

template <class Referred>
void read_reference(FieldReader& in, Referred& d) {
    d.reference_mean = in.number("reference_mean", d.reference_mean);
    d.reference_std = spread(in, "reference_std", d.reference_std);
    d.subtract_symmetry_point = in.boolean("subtract_symmetry_point", d.subtract_symmetry_point);
    d.reset_shifts_twice = true;
    if (d.subtract_symmetry_point) {
        in.interpreted("subtract_symmetry_point",
                       "a reset leaves the visible weight at the symmetry point (decision 5)");
    }
}

template <class Pow>
void read_pow(FieldReader& in, Pow& d) {
    d.pow_gamma = in.number("pow_gamma", d.pow_gamma);
    d.pow_gamma_dtod = spread(in, "pow_gamma_dtod", d.pow_gamma_dtod);
    d.pow_up_down = in.number("pow_up_down", d.pow_up_down);
    d.pow_up_down_dtod = spread(in, "pow_up_down_dtod", d.pow_up_down_dtod);
}

// What a model has beside the parameters of all cells.
void read_own(FieldReader&, ConstantStep&) {}

void read_own(FieldReader& in, LinearStep& d) {
    read_linear(in, d);
    d.gamma_up = in.number("gamma_up", d.gamma_up);
    d.gamma_down = in.number("gamma_down", d.gamma_down);
    d.gamma_up_dtod = spread(in, "gamma_up_dtod", d.gamma_up_dtod);
    d.gamma_down_dtod = spread(in, "gamma_down_dtod", d.gamma_down_dtod);
    d.allow_increasing = in.boolean("allow_increasing", d.allow_increasing);
    d.mean_bound_reference = in.boolean("mean_bound_reference", d.mean_bound_reference);
}

void read_own(FieldReader& in, SoftBounds& d) {
    read_linear(in, d);
}

void read_own(FieldReader& in, SoftBoundsPmax& d) {
    read_linear(in, d);
    d.p_max = in.number("p_max", d.p_max);
    d.alpha = in.number("alpha", d.alpha);
    d.range_min = in.number("range_min", d.range_min);
    d.range_max = in.number("range_max", d.range_max);
    d.compatible_parameters = true;
    in.interpreted("p_max",
                   "with the original's parameters, whose curve misses its ends (decision 2)");
}

void read_own(FieldReader& in, SoftBoundsReference& d) {
    d.multiplicative_noise = in.boolean("mult_noise", d.multiplicative_noise);
    d.slope_up_dtod = spread(in, "slope_up_dtod", d.slope_up_dtod);
    d.slope_down_dtod = spread(in, "slope_down_dtod", d.slope_down_dtod);
    read_reference(in, d);
}

void read_own(FieldReader& in, ExpStep& d) {
    d.a_up = in.number("A_up", d.a_up);
    d.a_down = in.number("A_down", d.a_down);
    d.gamma_up = in.number("gamma_up", d.gamma_up);
    d.gamma_down = in.number("gamma_down", d.gamma_down);
    d.a = in.number("a", d.a);
    d.b = in.number("b", d.b);
    d.dw_min_std_add = in.number("dw_min_std_add", d.dw_min_std_add);
    d.dw_min_std_slope = in.number("dw_min_std_slope", d.dw_min_std_slope);
    d.granularity_from_down = true;
    in.interpreted("A_down",
                   "learning rates refer to the step at 0 of the down branch alone (decision 3)");
}

void read_own(FieldReader& in, PowStep& d) {
    read_pow(in, d);
}

void read_own(FieldReader& in, PowStepReference& d) {
    read_pow(in, d);
    const double steps = in.number("n_estimation_steps", d.estimation_steps);
    d.estimation_steps = static_cast<int>(std::clamp(steps, -1.0, 1e6));
    read_reference(in, d);
}

void read_own(FieldReader& in, PiecewiseStep& d) {
    d.piecewise_up = in.numbers("piecewise_up", d.piecewise_up);
    d.piecewise_down = in.numbers("piecewise_down", d.piecewise_down);
}

template <class Device>
void read_all(FieldReader& in, Device& d, TranslationNotes& notes) {
    read_cell(in, d, notes);
    if constexpr (std::is_base_of_v<NoisyWriteCell, Device>) {
        read_write_noise(in, d);
    }
    if constexpr (requires { read_own(in, d); }) {
        read_own(in, d);
    }
}

// Steps per unit of a resolution of pulse probabilities. One above 1 divides in the original, too:
// its conversion to 1 / r is computed and not used.
double steps_per_unit(FieldReader& in, std::string_view name) {
    const double resolution = in.positive(name, 0.0);
    if (resolution > 1) {
        in.interpreted(name, "above 1 and used as it stands: the step is that large (decision 4)");
    }
    return resolution > 0 ? 1.0 / resolution : 0.0;
}

}  // namespace

PulsedDevice read_pulsed_device(const JsonNode& node, TranslationNotes& notes) {
    PulsedDevice device = device_of_class(node);
    FieldReader in(node, notes);
    std::visit([&](auto& d) { read_all(in, d, notes); }, device);
    in.finish();
    require_valid(device, node.path());
    return device;
}

PulseUpdate read_update(const JsonNode& node, TranslationNotes& notes) {
    known_class(node, {"UpdateParameters"});
    FieldReader in(node, notes);
    PulseUpdate u;
    const std::vector<std::pair<std::string, PulseType>> types = {
        {"STOCHASTIC_COMPRESSED", PulseType::kStochasticCompressed},
        {"STOCHASTIC", PulseType::kStochastic},
        {"MEAN_COUNT", PulseType::kMeanCount},
        {"DETERMINISTIC_IMPLICIT", PulseType::kDeterministicImplicit},
        {"NONE", PulseType::kNone},
        {"NONE_WITH_DEVICE", PulseType::kNoneWithDevice}};
    std::vector<std::string> names;
    for (const auto& each : types) {
        names.push_back(each.first);
    }
    const std::string type = in.choice("pulse_type", names.front(), names);
    u.type = types[static_cast<size_t>(std::find(names.begin(), names.end(), type) - names.begin())]
                 .second;
    const double length = in.number("desired_bl", u.desired_length);
    if (!(length >= 1 && length <= 10000) || length != std::floor(length)) {
        node.at("desired_bl").fail("must be a whole number from 1 to 10000");
    }
    u.desired_length = static_cast<int>(length);
    u.fixed_length = in.boolean("fixed_bl", true);
    u.length_management = in.boolean("update_bl_management", true);
    u.update_management = in.boolean("update_management", true);
    u.gradient_scale = in.number("um_grad_scale", 1.0);
    u.probability_steps = steps_per_unit(in, "res");
    u.x_steps = steps_per_unit(in, "x_res_implicit");
    u.d_steps = steps_per_unit(in, "d_res_implicit");
    u.stochastic_rounding = in.boolean("sto_round", false);
    in.only("d_sparsity", false, "the sparsity of errors is not tracked");
    in.finish();
    Problems problems = validate(u, node.path());
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
    return u;
}

}  // namespace mho

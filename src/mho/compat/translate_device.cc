// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Noise models, converters, drift compensation and whole configurations.

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "mho/compat/translate_internal.h"

namespace mho {
namespace {

bool nearly(double a, double b) {
    return std::abs(a - b) <= 1e-6 * std::max(std::abs(a), std::abs(b));
}

bool nearly(const std::vector<double>& a, const std::vector<double>& b) {
    return std::equal(
        a.begin(), a.end(), b.begin(), b.end(), [](double x, double y) { return nearly(x, y); });
}

std::vector<double> list_at(const JsonNode& node, std::string_view name) {
    return node.at(name).flat_numbers();
}

// Keys of tables are numbers as text.
double number_of_key(const JsonNode& table, const std::string& key) {
    char* end = nullptr;
    const double value = std::strtod(key.c_str(), &end);
    if (key.empty() || *end != '\0' || !std::isfinite(value)) {
        table.at(key).fail("the name of an entry must be a number");
    }
    return value;
}

Converter default_converter(const std::string& model) {
    if (model == "ReRamCMONoiseModel") {
        return SingleDevice{};
    }
    return SinglePair{};
}

void read_pcm(FieldReader& in, PcmLike& m, double g_max) {
    // Coefficients of one's own hold for the converter at hand unless their reference is given.
    const double reference = in.node().has_value("prog_coeff") ? g_max : 25.0;
    m.programming_coefficients_us = in.numbers("prog_coeff", {0.26348, 1.9650, -1.1731});
    m.reference_g_max_us = in.number("prog_coeff_g_max_reference", reference);
    m.programming_noise_scale = in.number("prog_noise_scale", 1.0);
    m.read_noise_scale = in.number("read_noise_scale", 1.0);
    m.drift_scale = in.number("drift_scale", 1.0);
    m.t_0_s = in.number("t_0", 20.0);
    m.t_read_s = in.number("t_read", 250e-9);
    m.read_noise_basis = ReadNoiseBasis::kProgrammed;  // decision 23
}

CustomDrift read_custom_drift(FieldReader& in, double g_max) {
    CustomDrift m;
    read_pcm(in, m, g_max);
    if (in.has_object("custom_drift_model")) {
        const JsonNode tables = in.object("custom_drift_model");
        m.drift_g_us = list_at(tables, "g_lst");
        m.drift_nu_mean = list_at(tables, "nu_mean_lst");
        m.drift_nu_std = list_at(tables, "nu_std_lst");
    }
    return m;
}

StateIndependent read_state_independent(FieldReader& in) {
    StateIndependent m;
    m.programming_coefficients_us = in.numbers("prog_coeff", {0.2, 0.0, 0.0});
    m.programming_noise_scale = in.number("prog_noise_scale", 1.0);
    m.drift_nu_mean = in.number("drift_nu_mean", 0.1);
    m.drift_nu_std = in.number("drift_nu_std", 0.05);
    m.drift_scale = in.number("drift_scale", 1.0);
    m.read_noise_scale = in.number("read_noise_scale", 1.0);
    m.t_0_s = in.number("t_0", 20.0);
    m.t_read_s = in.number("t_read", 250e-9);
    return m;
}

Hermes read_hermes(FieldReader& in, double g_max) {
    Hermes m;
    const double devices = in.number("num_devices", 2.0);
    if (devices != 1 && devices != 2) {
        in.node().at("num_devices").fail("must be 1 or 2");
    }
    m.devices = static_cast<int>(devices);
    m.programming_noise_scale = in.number("prog_noise_scale", 1.0);
    m.read_noise_scale = in.number("read_noise_scale", 1.0);
    m.drift_scale = in.number("drift_scale", 1.0);
    const bool two = m.devices == 2;
    const std::vector<double> measured =
        two ? std::vector<double>{0.16603222, 4.71806468, -8.48101252, 4.68961419}
            : std::vector<double>{0.15781817, 2.32443916, -2.16310839, 0.68841818};
    const std::vector<double> coefficients = in.numbers("prog_coeff", measured);
    const bool own = coefficients.size() != measured.size() || !nearly(coefficients, measured);
    if (own) {
        m.programming_coefficients_us = coefficients;
    }
    const double reference =
        in.number("prog_coeff_g_max_reference", own ? g_max : hermes_g_max_us(m));
    if (!nearly(reference, hermes_g_max_us(m))) {
        m.reference_g_max_us = reference;
    }
    const double t_0 = in.number("t_0", hermes_t_0_s(m));
    if (!nearly(t_0, hermes_t_0_s(m))) {
        m.t_0_s = t_0;
    }
    m.t_read_s = in.number("t_read", m.t_read_s);
    return m;
}

ReramWan2022 read_wan(FieldReader& in) {
    ReramWan2022 m;
    m.programming_noise_scale = in.number("noise_scale", 1.0);
    m.relaxation_scale = m.programming_noise_scale;
    m.compatible_reference = true;
    in.interpreted(
        "coeff_g_max_reference",
        "as in the original the deviations, measured at 40 uS, are not scaled with g_max "
        "(decision 24)");
    in.ignore({"coeff_g_max_reference", "prog_coeff_g_max_reference"});
    if (in.has_object("coeff_dic")) {
        const JsonNode table = in.object("coeff_dic");
        std::vector<std::pair<double, std::vector<double>>> rows;
        for (const std::string& key : table.keys()) {
            rows.emplace_back(number_of_key(table, key), list_at(table, key));
        }
        std::sort(rows.begin(), rows.end());
        m.times_s.clear();
        m.coefficients_us.clear();
        for (const auto& [time, coefficients] : rows) {
            m.times_s.push_back(time);
            m.coefficients_us.push_back(coefficients);
        }
    }
    return m;
}

ReramCmo read_cmo(FieldReader& in, const Converter& converter) {
    ReramCmo m;
    m.g_min_us = g_min_us(converter);
    // The original looks the acceptance range up among the keys, "0.2" and "2" (per cent) unless
    // given, and falls back to the smallest.
    const double acceptance = in.number("acceptance_range", 0.2);
    const std::vector<std::vector<double>> built_in = {{0.00081107, 0.00106879},
                                                       {0.0112185391, 0.01129027418}};
    std::vector<double> keys = {0.2, 2.0};
    std::vector<std::vector<double>> rows = built_in;
    if (in.has_object("coeff_dict")) {
        const JsonNode table = in.object("coeff_dict");
        keys.clear();
        rows.clear();
        for (const std::string& key : table.keys()) {
            keys.push_back(number_of_key(table, key));
            rows.push_back(list_at(table, key));
        }
        if (keys.empty()) {
            table.fail("must hold at least one acceptance range");
        }
    }
    auto at = std::find(keys.begin(), keys.end(), acceptance);
    if (at == keys.end()) {
        at = std::min_element(keys.begin(), keys.end());
        in.interpreted("acceptance_range",
                       "not among the ranges with numbers: the original falls back to the "
                       "smallest, 0.2 per cent unless others are given (decision 25)");
    }
    m.acceptance = *at == 2.0 ? ReramAcceptance::k2Percent : ReramAcceptance::k0p2Percent;
    const std::vector<double>& row = rows[static_cast<size_t>(at - keys.begin())];
    const std::vector<double>& measured = built_in[*at == 2.0 ? 1 : 0];
    if (row.size() != measured.size() || !nearly(row, measured)) {
        m.programming_coefficients_us = row;
    }
    m.programming_noise_scale = in.number("prog_noise_scale", 1.0);
    m.read_noise_scale = in.number("read_noise_scale", 1.0);
    m.relaxation_scale = in.number("drift_scale", 1.0);
    in.ignore({"coeff_g_max_reference"});  // the original divides its own g_max by it
    const auto table = [&](const char* name, const char* key, std::vector<double*> numbers) {
        if (!in.has_object(name)) {
            return;
        }
        const JsonNode given = in.object(name);
        if (!given.has_value(key)) {
            return;
        }
        const std::vector<double> values = given.at(key).flat_numbers();
        if (values.size() < numbers.size()) {
            given.at(key).fail("must hold " + std::to_string(numbers.size()) + " numbers");
        }
        for (size_t k = 0; k < numbers.size(); k++) {
            *numbers[k] = values[k];
        }
    };
    table("decay_dict", "mean", {&m.relaxation_mean_us});
    table("decay_dict", "std", {&m.relaxation_std_slope_us, &m.relaxation_std_us});
    table("read_dict", "K", {&m.read_noise_us});
    table("read_dict", "t_read", {&m.t_read_s});
    in.ignore({"g_min"});
    return m;
}

}  // namespace

Converter read_converter(const JsonNode& node, TranslationNotes& notes) {
    const std::string name = known_class(node,
                                         {"SinglePairConductanceConverter",
                                          "DualPairConductanceConverter",
                                          "NPairConductanceConverter",
                                          "CustomPairConductanceConverter",
                                          "SingleDeviceConductanceConverter",
                                          "FusionConductanceConverter"});
    FieldReader in(node, notes);
    in.ignore({"scale_ratio"});  // a result of the last conversion
    Converter converter;
    if (name == "DualPairConductanceConverter" || name == "NPairConductanceConverter") {
        NPair c;
        c.factors = in.numbers("f_lst", {1.0, 1.0});
        c.g_max_us = in.number("g_max", 25.0);
        c.g_min_us = in.number("g_min", 0.0);
        converter = c;
    } else if (name == "CustomPairConductanceConverter") {
        CustomPair c;
        c.factors = in.numbers("f_lst", {1.0});
        c.g_max_us = in.number("g_max", 25.0);
        c.g_min_us = in.number("g_min", 0.0);
        const JsonNode tables = in.object("g_lst");
        c.g_plus_us.clear();
        c.g_minus_us.clear();
        for (size_t i = 0; i < tables.size(); i++) {
            (i % 2 == 0 ? c.g_plus_us : c.g_minus_us).push_back(tables.entry(i).flat_numbers());
        }
        converter = c;
    } else if (name == "SingleDeviceConductanceConverter") {
        converter = SingleDevice{in.number("g_max", 88.199997), in.number("g_min", 9.0)};
    } else if (name == "FusionConductanceConverter") {
        in.ignore({"g_min"});
        converter = Fusion{in.number("g_max", 40.0)};
    } else {
        converter = SinglePair{in.number("g_max", 25.0), in.number("g_min", 0.0)};
    }
    in.finish();
    Problems problems =
        std::visit([&](const auto& c) { return validate(c, node.path()); }, converter);
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
    return converter;
}

NoiseModel read_noise_model(const JsonNode& node, TranslationNotes& notes) {
    const std::string name = known_class(node,
                                         {"PCMLikeNoiseModel",
                                          "CustomDriftPCMLikeNoiseModel",
                                          "StateIndependentNoiseModel",
                                          "ReRamWan2022NoiseModel",
                                          "ReRamCMONoiseModel",
                                          "HermesNoiseModel"});
    FieldReader in(node, notes);
    NoiseModel model;
    model.converter = default_converter(name);
    if (in.has_object("g_converter")) {
        model.converter = read_converter(in.object("g_converter"), notes);
    } else if (name == "HermesNoiseModel") {
        model.converter = SinglePair{
            node.has_value("num_devices") && in.number("num_devices", 2) == 1 ? 10.35 : 20.7, 0.0};
    }
    const double g_max = g_max_us(model.converter);
    if (!nearly(in.number("g_max", g_max), g_max)) {
        in.dropped("g_max", "the largest conductance is that of the converter");
    }
    if (name == "CustomDriftPCMLikeNoiseModel") {
        model.conductance = read_custom_drift(in, g_max);
    } else if (name == "StateIndependentNoiseModel") {
        model.conductance = read_state_independent(in);
    } else if (name == "ReRamWan2022NoiseModel") {
        model.conductance = read_wan(in);
    } else if (name == "ReRamCMONoiseModel") {
        model.conductance = read_cmo(in, model.converter);
    } else if (name == "HermesNoiseModel") {
        model.conductance = read_hermes(in, g_max);
    } else {
        PcmLike pcm;
        read_pcm(in, pcm, g_max);
        model.conductance = pcm;
    }
    in.finish();
    Problems problems =
        std::visit([&](const auto& m) { return validate(m, node.path()); }, model.conductance);
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
    try {
        require_g_max(model.conductance, g_max);
    } catch (const InputError& e) {
        throw ConfigError(node.path(), e.what());
    }
    return model;
}

DriftCompensationKind read_drift_compensation(const JsonNode& node, TranslationNotes& notes) {
    if (node.is_null()) {
        return DriftCompensationKind::kNone;
    }
    const std::string name = known_class(node,
                                         {"GlobalDriftCompensation",
                                          "GlobalDriftCompensationWithExactReference",
                                          "PerColumnDriftCompensation"});
    FieldReader in(node, notes);
    in.finish();
    return name == "PerColumnDriftCompensation" ? DriftCompensationKind::kPerColumn
           : name == "GlobalDriftCompensationWithExactReference"
               ? DriftCompensationKind::kGlobalExactReference
               : DriftCompensationKind::kGlobal;
}

Hardware read_rpu_config(const JsonNode& node, TranslationNotes& notes) {
    const std::string name = class_of(node);
    const bool training = name == "SingleRPUConfig" || name == "UnitCellRPUConfig" ||
                          name == "DigitalRankUpdateRPUConfig";
    const bool torch = name.ends_with("TorchInferenceRPUConfig") ||
                       name.ends_with("TorchInferenceRPUConfigIRDropT");
    const bool exact = name == "FloatingPointRPUConfig";
    if (!training && !torch && !exact && !name.empty() && !name.ends_with("InferenceRPUConfig") &&
        !name.ends_with("Preset")) {
        node.at("class").fail("unknown class `" + name + "`" +
                              suggestion(name,
                                         {"InferenceRPUConfig",
                                          "TorchInferenceRPUConfig",
                                          "SingleRPUConfig",
                                          "UnitCellRPUConfig",
                                          "DigitalRankUpdateRPUConfig",
                                          "FloatingPointRPUConfig"}));
    }
    FieldReader in(node, notes);
    Hardware h;
    const auto io = [&](const char* key, const MvmConfig& fallback) {
        return in.has_object(key) && !exact ? read_io(in.object(key), notes, &h.time_ir_drop)
                                            : fallback;
    };
    const Json empty = Json::object();
    const JsonNode defaults(empty, node.path());
    TranslationNotes unused;
    h.forward = io("forward", exact ? perfect_mvm() : read_io(defaults, unused));
    if (name == "TorchInferenceRPUConfigIRDropT" && !in.has_object("forward")) {
        const Json plain = {{"class", "IOParametersIRDropT"}};
        h.forward = read_io(JsonNode(plain, node.path()), unused, &h.time_ir_drop);
    }
    h.backward = io("backward", training ? read_io(defaults, unused) : perfect_mvm());
    h.mapping = in.has_object("mapping") ? read_mapping(in.object("mapping"), notes)
                                         : read_mapping(defaults, unused);
    h.input_range = read_input_range(defaults, unused);
    if (in.has_object("pre_post")) {
        const JsonNode pre_post = in.object("pre_post");
        FieldReader inner(pre_post, notes);
        if (inner.has_object("input_range")) {
            h.input_range = read_input_range(inner.object("input_range"), notes);
        }
        inner.ignore({"input_range"});
        inner.finish();
    }
    const NoiseModel model = in.has_object("noise_model")
                                 ? read_noise_model(in.object("noise_model"), notes)
                                 : NoiseModel{PcmLike{}, SinglePair{}};
    h.conductance = model.conductance;
    h.converter = model.converter;
    h.drift_compensation = in.has_object("drift_compensation")
                               ? read_drift_compensation(in.object("drift_compensation"), notes)
                           : node.has("drift_compensation") || training || exact
                               ? DriftCompensationKind::kNone
                               : DriftCompensationKind::kGlobal;
    h.renormalise_programmed = true;
    in.interpreted("noise_model",
                   "programmed weights are mapped again, with their own maximum, at every time "
                   "(decision 21)");
    h.modifier = in.has_object("modifier") ? read_modifier(in.object("modifier"), notes, torch)
                                           : WeightModifier{};
    h.clip = in.has_object("clip") ? read_clip(in.object("clip"), notes)
                                   : WeightClip{.kind = ClipKind::kNone};
    h.remap = in.has_object("remap") ? read_remap(in.object("remap"), notes)
                                     : WeightRemap{.kind = RemapKind::kNone};
    h.gradient.mask_inputs = torch;
    h.gradient.divide_by_range = !torch;
    if (in.has_object("device") && class_of(node.at("device")) != "IdealDevice") {
        in.dropped("device", "pulsed devices belong to training in memory, not to this hardware");
    }
    // Updates are the optimiser's; the data type and where activations are kept mean nothing here.
    in.ignore({"device", "update", "runtime", "tile_class", "tile_array_class"});
    in.finish();
    return h;
}

}  // namespace mho

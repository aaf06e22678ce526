// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/compat/translate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "mho/util/error.h"

namespace mho {
namespace {

template <class T>
bool notes(const Translated<T>& t,
           const std::string& path,
           TranslationNote::Kind kind = TranslationNote::Kind::kInterpreted) {
    return std::any_of(t.notes.begin(), t.notes.end(), [&](const TranslationNote& n) {
        return n.path == path && n.kind == kind;
    });
}

// What the original computes for its own step: float32(res) * 2 * bound.
TEST(Translate, ResolutionsKeepTheirBits) {
    for (int bits = 1; bits <= 24; bits++) {
        for (const double steps :
             {std::ldexp(1.0, bits) - 2, std::ldexp(1.0, bits) - 1, std::ldexp(1.0, bits)}) {
            if (steps < 1) {
                continue;
            }
            const double resolution = 1.0 / steps;
            EXPECT_EQ(static_cast<float>(1.0 / steps_of_resolution(resolution)),
                      static_cast<float>(resolution))
                << steps;
        }
    }
    // Values next to the middle between two float32 numbers, where a double's last bit decides.
    for (uint32_t i = 0; i < 20000; i++) {
        const float low = 0.001f + 4e-5f * static_cast<float>(i);
        const double middle = (static_cast<double>(low) + std::nextafter(low, 1.0f)) / 2;
        for (const double r : {std::nextafter(middle, 0.0), middle, std::nextafter(middle, 1.0)}) {
            if (r < 1) {
                ASSERT_EQ(static_cast<float>(1.0 / steps_of_resolution(r)), static_cast<float>(r))
                    << r;
            }
        }
    }
    EXPECT_EQ(steps_of_resolution(0), 0);
    EXPECT_EQ(steps_of_resolution(-1), 0);
    EXPECT_EQ(steps_of_resolution(254), 254);
    EXPECT_EQ(steps_of_resolution(1), 1);
}

TEST(Translate, IoDefaultsAreThoseOfTheOriginal) {
    const auto t = translate_io(R"({"class": "IOParameters"})");
    EXPECT_TRUE(t.notes.empty());
    const MvmConfig& c = t.value;
    EXPECT_FALSE(c.perfect);
    EXPECT_EQ(c.dac.bound, 1.0);
    EXPECT_NEAR(c.dac.steps, 126, 1e-9);
    EXPECT_EQ(c.adc.bound, 12.0);
    EXPECT_NEAR(c.adc.steps, 510, 1e-9);
    EXPECT_EQ(c.output_noise.std, 0.06);
    EXPECT_EQ(c.weight_noise.kind, WeightNoiseKind::kNone);
    EXPECT_EQ(c.ir_drop.strength, 0.0);
    EXPECT_EQ(c.noise_management.kind, NoiseManagementKind::kAbsMax);
    EXPECT_EQ(c.bound_management.kind, BoundManagementKind::kIterative);
}

TEST(Translate, IoSpecialCases) {
    auto t = translate_io(R"({"class": "PresetIOParameters", "out_bound": 0.0, "inp_res": 254,
        "bm_test_negative_bound": false, "v_offset_std": 0.1, "w_read_asymmetry_dtod": 0.2,
        "w_noise": -1.0, "something": 3})");
    EXPECT_EQ(t.value.adc.bound, 0.0);
    EXPECT_EQ(t.value.adc.steps, 0.0);
    EXPECT_TRUE(notes(t, "io.out_res"));
    EXPECT_EQ(t.value.dac.steps, 254);
    EXPECT_TRUE(t.value.bound_management.compatible_test);
    EXPECT_TRUE(notes(t, "io.bm_test_negative_bound"));
    EXPECT_TRUE(t.value.voltage_offset.compatible_law);
    EXPECT_EQ(t.value.read_asymmetry_spread, 0.0);
    EXPECT_TRUE(notes(t, "io.w_read_asymmetry_dtod"));
    for (const std::string mode : {"POS_NEG_SEPARATE", "POS_NEG_SEPARATE_DIGITAL_SUM"}) {
        const auto separate =
            translate_io(R"({"w_read_asymmetry_dtod": 0.2, "mv_type": ")" + mode + R"("})");
        EXPECT_EQ(separate.value.read_asymmetry_spread, 0.2) << mode;
        EXPECT_FALSE(notes(separate, "io.w_read_asymmetry_dtod"));
    }
    EXPECT_EQ(translate_io(R"({"out_asymmetry": 0.1})").value.adc.asymmetry, 0.1);
    const auto negative = translate_io(R"({"out_asymmetry": -0.1, "inp_asymmetry": -0.1})");
    EXPECT_EQ(negative.value.adc.asymmetry, 0.0);
    EXPECT_TRUE(notes(negative, "io.out_asymmetry"));
    EXPECT_EQ(negative.value.dac.asymmetry, -0.1);
    EXPECT_EQ(t.value.weight_noise.std, 0.0);
    EXPECT_TRUE(notes(t, "io.something", TranslationNote::Kind::kDropped));
    EXPECT_TRUE(translate_io(R"({"mv_type": "IDEAL", "out_scale": 2.0})").value.perfect);
    t = translate_io(R"({"mv_type": "BIT_WISE"})", "forward");
    EXPECT_TRUE(notes(t, "forward.mv_type", TranslationNote::Kind::kDropped));
    t = translate_io(R"({"class": "IOParametersIRDropT", "ir_drop_rs": 0.2})");
    EXPECT_EQ(t.value.ir_drop.strength, 1.0);
    EXPECT_TRUE(notes(t, "io.ir_drop_rs", TranslationNote::Kind::kDropped));
    const auto h = translate_rpu_config(R"({"class": "TorchInferenceRPUConfigIRDropT",
        "forward": {"class": "IOParametersIRDropT", "mv_type": "SPLIT_MODE", "ir_drop_rs": 0.2,
                    "ir_drop": 2.0, "adc_quantization": false}})");
    EXPECT_TRUE(h.value.time_ir_drop.enabled);
    EXPECT_EQ(h.value.time_ir_drop.input, PulseInput::kSplit);
    EXPECT_EQ(h.value.time_ir_drop.steps, 126);
    EXPECT_EQ(h.value.time_ir_drop.wire_ohm, 0.2);
    EXPECT_EQ(h.value.time_ir_drop.strength, 2.0);
    EXPECT_EQ(h.value.time_ir_drop.adc_ghz, 0.0);
    EXPECT_EQ(h.value.forward.ir_drop.strength, 0.0);
    EXPECT_TRUE(translate_rpu_config(R"({"class": "TorchInferenceRPUConfigIRDropT"})")
                    .value.time_ir_drop.enabled);
}

TEST(Translate, ErrorsNameTheField) {
    const auto message = [](const char* json) -> std::string {
        try {
            translate_io(json, "rpu.forward");
        } catch (const ConfigError& e) {
            return e.what();
        }
        return "";
    };
    EXPECT_NE(message(R"({"inp_res": "many"})").find("rpu.forward.inp_res"), std::string::npos);
    EXPECT_NE(message(R"({"inp_res": true})").find("rpu.forward.inp_res"), std::string::npos);
    EXPECT_NE(message(R"({"mv_type": "ONEPASS"})").find("ONE_PASS"), std::string::npos);
    EXPECT_NE(message(R"({"class": "UpdateParameters"})").find("rpu.forward.class"),
              std::string::npos);
    EXPECT_NE(message(R"({"inp_bound": 2.0})").find("rpu.forward.dac.bound"), std::string::npos);
    EXPECT_NE(message("[1]").find("rpu.forward"), std::string::npos);
    EXPECT_NE(message("{").find("rpu.forward"), std::string::npos);
}

TEST(Translate, Modifiers) {
    auto t = translate_modifier(R"({"type": "DISCRETIZE", "res": 0.1, "sto_round": true})");
    EXPECT_EQ(t.value.kind, ModifierKind::kDiscretize);
    EXPECT_EQ(static_cast<float>(2.0 / t.value.steps), 0.1f);
    EXPECT_TRUE(t.value.stochastic_rounding);
    // The original does not turn a number of steps into a step here; its torch tiles do.
    t = translate_modifier(R"({"class": "WebComposerWeightModifierParameter", "type": "DISCRETIZE",
        "res": 14})");
    EXPECT_EQ(static_cast<float>(2.0 / t.value.steps), 14.0f);
    EXPECT_TRUE(notes(t, "modifier.res"));
    EXPECT_EQ(translate_rpu_config(R"({"class": "TorchInferenceRPUConfig",
        "modifier": {"type": "DISCRETIZE", "res": 14}})")
                  .value.modifier.steps,
              14.0);
    t = translate_modifier(R"({"type": "POLY", "coeffs": [0.01, 0.08], "g_max": 25.0})");
    EXPECT_DOUBLE_EQ(t.value.coefficients_us.at(0), 0.25);
    EXPECT_TRUE(notes(t, "modifier.coeffs"));
    t = translate_modifier(R"({"type": "PROG_NOISE"})");
    EXPECT_DOUBLE_EQ(t.value.coefficients_us.at(1), 0.0768);
    t = translate_modifier(R"({"type": "NONE", "pdrop": 0.1, "per_batch_sample": true})");
    EXPECT_EQ(t.value.drop_probability, 0.0);
    EXPECT_TRUE(notes(t, "modifier.pdrop"));
    EXPECT_TRUE(notes(t, "modifier.per_batch_sample", TranslationNote::Kind::kDropped));
    EXPECT_THROW(translate_modifier(R"({"type": "DROP_CONNECT", "pdrop": 1.5})"), ConfigError);
}

TEST(Translate, ClipRemapMappingRange) {
    const auto clip =
        translate_clip(R"({"type": "LAYER_GAUSSIAN", "fixed_value": -1.0, "sigma": 2.0})");
    EXPECT_EQ(clip.value.kind, ClipKind::kLayerGaussian);
    EXPECT_EQ(clip.value.value, 0.0);
    EXPECT_EQ(clip.value.sigma, 2.0);
    EXPECT_EQ(translate_clip("{}").value.kind, ClipKind::kNone);
    const auto remap =
        translate_remap(R"({"type": "CHANNELWISE_SYMMETRIC", "max_scale_range": 2})");
    EXPECT_EQ(remap.value.kind, RemapKind::kColumn);
    EXPECT_EQ(remap.value.max_scale_range, 2.0);
    const auto mapping = translate_mapping(R"({"weight_scaling_omega": 0.6, "digital_bias": false,
        "learn_out_scaling": true, "out_scaling_columnwise": true, "max_output_size": -1})");
    EXPECT_EQ(mapping.value.omega, 0.6);
    EXPECT_FALSE(mapping.value.per_column);
    EXPECT_EQ(mapping.value.max_inputs, 512);
    EXPECT_EQ(mapping.value.max_outputs, 0);
    EXPECT_EQ(mapping.value.learn_scales, LearnedScales::kPerColumn);
    EXPECT_TRUE(mapping.value.analog_bias);
    EXPECT_FALSE(mapping.value.rate_compensation);
    EXPECT_TRUE(
        translate_mapping(R"({"weight_scaling_lr_compensation": true})").value.rate_compensation);
    EXPECT_THROW(translate_mapping(R"({"max_input_size": 1.5})"), ConfigError);
    const auto range = translate_input_range(
        R"({"enable": true, "gradient_relative": false, "gradient_scale": 0.5, "init_from_data": 7})");
    EXPECT_TRUE(range.value.enabled);
    EXPECT_EQ(range.value.init_batches, 7);
    EXPECT_EQ(range.value.gradient_scale, 1.0);
    EXPECT_TRUE(notes(range, "input_range.gradient_scale"));
}

TEST(Translate, NoiseModels) {
    auto t = translate_noise_model(R"({"class": "PCMLikeNoiseModel", "drift_scale": 0.5,
        "g_converter": {"class": "DualPairConductanceConverter", "f_lst": [1, 3], "g_max": 20.0}})");
    EXPECT_EQ(std::get<PcmLike>(t.value.conductance).drift_scale, 0.5);
    EXPECT_EQ(std::get<NPair>(t.value.converter).factors, (std::vector<double>{1, 3}));
    EXPECT_EQ(g_max_us(t.value.converter), 20.0);
    t = translate_noise_model(R"({"class": "HermesNoiseModel", "num_devices": 1})");
    EXPECT_EQ(std::get<Hermes>(t.value.conductance).devices, 1);
    EXPECT_EQ(g_max_us(t.value.converter), 10.35);
    t = translate_noise_model(R"({"class": "HermesNoiseModel", "t_0": 250.0, "t_read": 1e-6,
        "prog_coeff": [0.1, 0.5], "g_converter": {"g_max": 15.0}})");
    const auto hermes = std::get<Hermes>(t.value.conductance);
    EXPECT_EQ(hermes.t_0_s, 250.0);
    EXPECT_EQ(hermes.t_read_s, 1e-6);
    EXPECT_EQ(hermes.programming_coefficients_us, (std::vector<double>{0.1, 0.5}));
    EXPECT_EQ(hermes.reference_g_max_us, 15.0);
    EXPECT_TRUE(t.notes.empty());
    // The numbers of the measurement are ours.
    t = translate_noise_model(R"({"class": "HermesNoiseModel", "t_0": 300.0,
        "prog_coeff": [0.16603222, 4.71806468, -8.48101252, 4.68961419],
        "prog_coeff_g_max_reference": 20.7})");
    EXPECT_TRUE(std::get<Hermes>(t.value.conductance).programming_coefficients_us.empty());
    EXPECT_EQ(std::get<Hermes>(t.value.conductance).t_0_s, 0.0);
    // Coefficients of one's own hold for the converter at hand.
    const auto reference = [](const std::string& fields) {
        return std::get<PcmLike>(translate_noise_model(R"({"class": "PCMLikeNoiseModel",
            "g_converter": {"g_max": 40.0})" + fields + "}")
                                     .value.conductance)
            .reference_g_max_us;
    };
    EXPECT_EQ(reference(""), 25.0);
    EXPECT_EQ(reference(R"(, "prog_coeff": [0.5])"), 40.0);
    EXPECT_EQ(reference(R"(, "prog_coeff": [0.5], "prog_coeff_g_max_reference": 30.0)"), 30.0);
    t = translate_noise_model(R"({"class": "ReRamWan2022NoiseModel", "noise_scale": 2.0})");
    EXPECT_TRUE(std::get<ReramWan2022>(t.value.conductance).compatible_reference);
    EXPECT_TRUE(notes(t, "noise_model.coeff_g_max_reference"));
    t = translate_noise_model(R"({"class": "ReRamWan2022NoiseModel",
        "coeff_dic": {"3600.0": [1.0, 2.0], "1.0": [0.5]}})");
    const auto wan = std::get<ReramWan2022>(t.value.conductance);
    EXPECT_EQ(wan.times_s, (std::vector<double>{1, 3600}));
    EXPECT_EQ(wan.coefficients_us, (std::vector<std::vector<double>>{{0.5}, {1.0, 2.0}}));
    EXPECT_THROW(
        translate_noise_model(R"({"class": "ReRamWan2022NoiseModel", "coeff_dic": {"one": [1]}})"),
        ConfigError);
    t = translate_noise_model(R"({"class": "ReRamCMONoiseModel", "acceptance_range": 0.5,
        "coeff_dict": {"0.5": [0.01, 0.02], "3": [0.1, 0.2]},
        "decay_dict": {"mean": [-0.2], "std": [0.1, 0.5]}, "read_dict": {"K": 0.1, "t_read": 1e-5}})");
    const auto cmo = std::get<ReramCmo>(t.value.conductance);
    EXPECT_EQ(cmo.programming_coefficients_us, (std::vector<double>{0.01, 0.02}));
    EXPECT_EQ(cmo.relaxation_mean_us, -0.2);
    EXPECT_EQ(cmo.relaxation_std_slope_us, 0.1);
    EXPECT_EQ(cmo.relaxation_std_us, 0.5);
    EXPECT_EQ(cmo.read_noise_us, 0.1);
    EXPECT_EQ(cmo.t_read_s, 1e-5);
    EXPECT_TRUE(t.notes.empty());
    t = translate_noise_model(R"({"class": "ReRamCMONoiseModel", "acceptance_range": 0.02})");
    EXPECT_TRUE(std::get<ReramCmo>(t.value.conductance).programming_coefficients_us.empty());
    EXPECT_EQ(std::get<ReramCmo>(t.value.conductance).acceptance, ReramAcceptance::k0p2Percent);
    EXPECT_TRUE(notes(t, "noise_model.acceptance_range"));
    EXPECT_TRUE(std::holds_alternative<SingleDevice>(t.value.converter));
    EXPECT_THROW(translate_noise_model(R"({"class": "HermesNoiseModel", "num_devices": 1,
        "g_converter": {"class": "SinglePairConductanceConverter", "g_max": 25.0}})"),
                 ConfigError);
    EXPECT_THROW(translate_noise_model(R"({"class": "NoNoiseModel"})"), ConfigError);
    EXPECT_THROW(translate_converter(R"({"class": "CustomPairConductanceConverter"})"),
                 ConfigError);
}

TEST(Translate, WholeConfigurations) {
    auto t = translate_rpu_config(R"({"class": "InferenceRPUConfig",
        "forward": {"class": "IOParameters", "out_noise": 0.02},
        "noise_model": {"class": "PCMLikeNoiseModel"}, "drift_compensation": null,
        "modifier": {"type": "ADD_NORMAL", "std_dev": 0.1},
        "pre_post": {"input_range": {"enable": true}}})");
    EXPECT_EQ(t.value.forward.output_noise.std, 0.02);
    EXPECT_TRUE(t.value.backward.perfect);
    EXPECT_EQ(t.value.drift_compensation, DriftCompensationKind::kNone);
    EXPECT_TRUE(t.value.renormalise_programmed);
    EXPECT_EQ(t.value.modifier.kind, ModifierKind::kAddNormal);
    EXPECT_EQ(t.value.clip.kind, ClipKind::kNone);
    EXPECT_TRUE(t.value.input_range.enabled);
    EXPECT_EQ(t.value.mapping.omega, 0.0);
    EXPECT_EQ(translate_rpu_config("{}").value.drift_compensation, DriftCompensationKind::kGlobal);
    t = translate_rpu_config(R"({"class": "TorchInferenceRPUConfig",
        "modifier": {"type": "DISCRETIZE", "res": 0.1}})");
    EXPECT_NEAR(t.value.modifier.steps, 10, 1e-9);
    // Derived classes end with the name of the class whose fields they have.
    t = translate_rpu_config(R"({"class": "OldWebComposerInferenceRPUConfig",
        "forward": {"class": "WebComposerIOParameters", "out_noise": 0.03},
        "clip": {"class": "WebComposerWeightClipParameter", "type": "FIXED_VALUE", "fixed_value": 1},
        "mapping": {"class": "OldWebComposerMappingParameter", "max_input_size": 256},
        "noise_model": {"class": "CustomDriftPCMLikeNoiseModel"}})");
    EXPECT_EQ(t.value.forward.output_noise.std, 0.03);
    EXPECT_EQ(t.value.mapping.max_inputs, 256);
    EXPECT_TRUE(std::holds_alternative<CustomDrift>(t.value.conductance));
    EXPECT_TRUE(t.value.gradient.divide_by_range);
    EXPECT_TRUE(translate_rpu_config(R"({"class": "MyTorchInferenceRPUConfig"})")
                    .value.gradient.mask_inputs);
    t = translate_rpu_config(
        R"({"class": "SingleRPUConfig", "device": {"class": "SoftBoundsDevice"}})");
    EXPECT_FALSE(t.value.backward.perfect);
    EXPECT_TRUE(notes(t, "rpu_config.device", TranslationNote::Kind::kDropped));
    EXPECT_THROW(translate_rpu_config(R"({"class": "Inference"})"), ConfigError);
    EXPECT_EQ(translate_drift_compensation(R"({"class": "PerColumnDriftCompensation"})").value,
              DriftCompensationKind::kPerColumn);
}

}  // namespace
}  // namespace mho

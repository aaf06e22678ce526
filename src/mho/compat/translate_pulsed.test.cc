// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "mho/compat/translate.h"
#include "mho/net/training_presets.h"
#include "mho/util/error.h"

namespace mho {
namespace {

using nlohmann::json;

template <class T>
bool noted(const Translated<T>& t, const std::string& path, bool dropped = false) {
    const auto kind =
        dropped ? TranslationNote::Kind::kDropped : TranslationNote::Kind::kInterpreted;
    return std::any_of(t.notes.begin(), t.notes.end(), [&](const TranslationNote& n) {
        return n.path == path && n.kind == kind;
    });
}

template <class D>
D device(const std::string& text) {
    return std::get<D>(translate_pulsed_device(text).value);
}

std::string message(const std::string& text) {
    try {
        translate_pulsed_device(text);
    } catch (const ConfigError& e) {
        return e.what();
    }
    return "";
}

TEST(TranslatePulsed, DefaultsAreThoseOfTheOriginal) {
    const auto t = translate_pulsed_device(R"({"class": "ConstantStepDevice"})");
    EXPECT_TRUE(t.notes.empty());
    const auto& c = std::get<ConstantStep>(t.value);
    EXPECT_EQ(c.dw_min, 0.001);
    EXPECT_EQ(c.dw_min_dtod, 0.3);
    EXPECT_EQ(c.dw_min_std, 0.3);
    EXPECT_EQ(c.w_max, 0.6);
    EXPECT_EQ(c.w_min, -0.6);
    EXPECT_EQ(c.w_max_dtod, 0.3);
    EXPECT_EQ(c.up_down_dtod, 0.01);
    EXPECT_EQ(c.reset_std, 0.01);
    EXPECT_EQ(c.stuck_range, 0.1);
    EXPECT_EQ(c.asymmetry_law, AsymmetryLaw::kOneSided);
    EXPECT_TRUE(c.lifetime_may_vanish);
    EXPECT_TRUE(device<LinearStep>(R"({"class": "LinearStepDevice"})").multiplicative_noise);
    EXPECT_EQ(device<LinearStep>(R"({"class": "LinearStepDevice"})").gamma_up_dtod, 0.05);
    EXPECT_FALSE(device<SoftBoundsReference>(R"({"class": "SoftBoundsReferenceDevice"})")
                     .multiplicative_noise);
    EXPECT_TRUE(device<SoftBounds>(R"({"class": "SoftBoundsDevice"})").multiplicative_noise);
    EXPECT_EQ(device<ExpStep>(R"({"class": "ExpStepDevice"})").a_down, 0.36833);
    EXPECT_EQ(device<PowStep>(R"({"class": "PowStepDevice"})").pow_gamma_dtod, 0.1);
    EXPECT_EQ(device<PowStepReference>(R"({"class": "PowStepReferenceDevice"})").estimation_steps,
              -1);
}

TEST(TranslatePulsed, FieldsAndCompatibleLaws) {
    const auto reference = translate_pulsed_device(R"({"class": "SoftBoundsReferenceDevice",
        "up_down": -0.2, "subtract_symmetry_point": true, "slope_up_dtod": 0.1, "mult_noise": true,
        "reference_std": 0.05, "write_noise_std": 3, "apply_write_noise_on_set": false,
        "lifetime": 100, "lifetime_dtod": 0.3, "corrupt_devices_prob": 0.1,
        "drift": {"class": "DriftParameter", "nu": 0.1, "t_0": 2.0, "reset_tol": 1e-6}})");
    const auto& r = std::get<SoftBoundsReference>(reference.value);
    EXPECT_EQ(r.up_down, -0.2);
    EXPECT_TRUE(r.reset_shifts_twice);
    EXPECT_TRUE(r.multiplicative_noise);
    EXPECT_EQ(r.slope_up_dtod, 0.1);
    EXPECT_EQ(r.write_noise_std, 3.0);
    EXPECT_FALSE(r.write_noise_on_set);
    EXPECT_EQ(r.stuck_probability, 0.1);
    EXPECT_EQ(r.drift.nu, 0.1);
    EXPECT_EQ(r.drift.t_0_ms, 2.0);
    EXPECT_EQ(r.drift.reset_tolerance, 1e-6);
    EXPECT_TRUE(noted(reference, "device.up_down"));
    EXPECT_TRUE(noted(reference, "device.subtract_symmetry_point"));
    EXPECT_TRUE(noted(reference, "device.lifetime_dtod"));

    const auto p_max = device<SoftBoundsPmax>(
        R"({"class": "SoftBoundsPmaxDevice", "p_max": 500, "alpha": 0.002, "range_min": -0.5})");
    EXPECT_TRUE(p_max.compatible_parameters);
    EXPECT_EQ(p_max.p_max, 500);
    EXPECT_EQ(p_max.range_min, -0.5);
    const auto exponential =
        device<ExpStep>(R"({"class": "ExpStepDevice", "A_up": -1.5, "dw_min_std_add": 0.04})");
    EXPECT_TRUE(exponential.granularity_from_down);
    EXPECT_EQ(exponential.a_up, -1.5);
    EXPECT_EQ(exponential.dw_min_std_add, 0.04);
    const auto piecewise = device<PiecewiseStep>(
        R"({"class": "PiecewiseStepDevice", "piecewise_up": [1, 2], "piecewise_down": [2, 1]})");
    EXPECT_EQ(piecewise.piecewise_up, (std::vector<double>{1, 2}));
    // Signs of standard deviations are void, negative switches are off.
    const auto odd = device<ConstantStep>(R"({"class": "ConstantStepDevice", "dw_min_dtod": -0.2,
        "lifetime": -1, "diffusion": -0.1})");
    EXPECT_EQ(odd.dw_min_dtod, 0.2);
    EXPECT_EQ(odd.lifetime, 0.0);
    EXPECT_EQ(odd.diffusion, 0.0);
}

// A preset class alone has the numbers of the preset.
TEST(TranslatePulsed, PresetClasses) {
    const std::vector<std::pair<std::string, std::string>> classes = {
        {"ReRamESPresetDevice", "reram es"},
        {"ReRamSBPresetDevice", "reram sb"},
        {"CapacitorPresetDevice", "capacitor"},
        {"EcRamPresetDevice", "ecram"},
        {"EcRamMOPresetDevice", "ecram mo"},
        {"IdealizedPresetDevice", "idealized"},
        {"GokmenVlasovPresetDevice", "gokmen vlasov"},
        {"PCMPresetDevice", "pcm"},
        {"ReRamArrayOMPresetDevice", "reram array om"},
        {"ReRamArrayHfO2PresetDevice", "reram array hfo2"}};
    for (const auto& [name, preset] : classes) {
        PulsedDevice own = pulsed_device_preset(preset);
        const PulsedDevice theirs = translate_pulsed_device(json{{"class", name}}.dump()).value;
        common_parameters(own).lifetime_may_vanish = true;
        if (auto* e = std::get_if<ExpStep>(&own)) {
            e->granularity_from_down = true;
        }
        if (auto* s = std::get_if<SoftBoundsReference>(&own)) {
            s->reset_shifts_twice = true;
        }
        EXPECT_EQ(pulsed_device_to_json(own), pulsed_device_to_json(theirs)) << name;
    }
    // A field on top of it.
    EXPECT_EQ(device<LinearStep>(R"({"class": "CapacitorPresetDevice", "gamma_up": 0.2})").gamma_up,
              0.2);
}

TEST(TranslatePulsed, SaysWhatIsWrong) {
    EXPECT_NE(
        message(R"({"class": "ConstantStepDevic"})").find("did you mean `ConstantStepDevice`"),
        std::string::npos);
    EXPECT_NE(message(R"({})").find("needs a `class`"), std::string::npos);
    EXPECT_NE(message(R"({"class": "ConstantStepDevice", "w_max": -1})").find("device.w_max"),
              std::string::npos);
    EXPECT_NE(message(R"({"class": "ConstantStepDevice", "dw_min": "a"})").find("device.dw_min"),
              std::string::npos);
    EXPECT_NE(
        message(R"({"class": "PiecewiseStepDevice", "piecewise_up": [1, 2]})").find("piecewise"),
        std::string::npos);
    EXPECT_TRUE(noted(translate_pulsed_device(R"({"class": "ConstantStepDevice", "wmax": 1})"),
                      "device.wmax",
                      true));
}

TEST(TranslatePulsed, Update) {
    const auto defaults = translate_update(R"({"class": "UpdateParameters"})");
    EXPECT_TRUE(defaults.notes.empty());
    EXPECT_EQ(defaults.value.type, PulseType::kStochasticCompressed);
    EXPECT_EQ(defaults.value.desired_length, 31);
    EXPECT_TRUE(defaults.value.length_management);
    const auto t = translate_update(R"({"class": "PresetUpdateParameters", "desired_bl": 7,
        "pulse_type": "DETERMINISTIC_IMPLICIT", "x_res_implicit": 0.1, "res": 3.0,
        "update_management": false, "um_grad_scale": 0.5, "sto_round": true, "fixed_bl": false,
        "d_sparsity": true})");
    EXPECT_EQ(t.value.type, PulseType::kDeterministicImplicit);
    EXPECT_EQ(t.value.desired_length, 7);
    EXPECT_NEAR(t.value.x_steps, 10.0, 1e-12);
    EXPECT_NEAR(t.value.probability_steps, 1.0 / 3, 1e-12);
    EXPECT_FALSE(t.value.update_management);
    EXPECT_FALSE(t.value.fixed_length);
    EXPECT_TRUE(t.value.stochastic_rounding);
    EXPECT_TRUE(noted(t, "update.res"));
    EXPECT_TRUE(noted(t, "update.d_sparsity", true));
    EXPECT_THROW(translate_update(R"({"pulse_type": "RANDOM"})"), ConfigError);
    EXPECT_THROW(translate_update(R"({"desired_bl": 0})"), ConfigError);
    EXPECT_THROW(translate_update(R"({"desired_bl": 1.5})"), ConfigError);
}

TEST(TranslateLearner, EveryCompound) {
    const auto learner = [](const std::string& device) {
        return translate_learner(R"({"class": "UnitCellRPUConfig", "forward": {}, "device": )" +
                                 device + "}")
            .value;
    };
    const std::string two =
        R"("unit_cell_devices": [{"class": "SoftBoundsDevice"}, {"class": "ConstantStepDevice"}])";
    const auto single = std::get<AnalogSgd>(
        translate_learner(R"({"class": "SingleRPUConfig", "device": {"class": "PowStepDevice"},
            "update": {"desired_bl": 9}})")
            .value);
    EXPECT_EQ(single.update.desired_length, 9);
    EXPECT_TRUE(std::holds_alternative<PowStep>(single.device));

    const auto vector = std::get<VectorCell>(learner(
        R"({"class": "VectorUnitCell", "update_policy": "SINGLE_RANDOM", "gamma_vec": [1, 2], )" +
        two + "}"));
    EXPECT_EQ(vector.policy, VectorPolicy::kSingleRandom);
    EXPECT_EQ(vector.gammas, (std::vector<double>{1, 2}));
    EXPECT_TRUE(std::holds_alternative<ConstantStep>(vector.devices.at(1)));

    const auto reference =
        std::get<ReferencePair>(learner(R"({"class": "ReferenceUnitCell", )" + two + "}"));
    EXPECT_EQ(reference.gammas, (std::vector<double>{1, -1}));

    const auto pcm = std::get<OneSided>(learner(R"({"class": "PCMPresetUnitCell"})"));
    EXPECT_TRUE(std::holds_alternative<ExpStep>(pcm.device));
    EXPECT_EQ(pcm.refresh_every, 1.0);
    EXPECT_EQ(pcm.refresh_read.adc.bound, 20.0);

    const auto ttv1 = std::get<TikiTaka>(learner(
        R"({"class": "TransferCompound", "transfer_every": 2, "units_in_mbatch": false,
            "fast_lr": 0.2, "scale_fast_lr": false, "n_reads_per_transfer": 3,
            "with_reset_prob": 0.1, "gamma": 0.5, )" +
        two + "}"));
    EXPECT_EQ(ttv1.transfer_every, 2.0);
    EXPECT_FALSE(ttv1.transfer_in_batches);
    EXPECT_EQ(ttv1.fast_rate, 0.2);
    EXPECT_EQ(ttv1.reads_per_transfer, 3);
    EXPECT_EQ(ttv1.reset_probability, 0.1);
    EXPECT_EQ(ttv1.gamma, 0.5);
    EXPECT_TRUE(ttv1.compatible_random_line);

    const auto ttv2 = std::get<BufferedTikiTaka>(
        learner(R"({"class": "BufferedTransferCompound", "momentum": 0.3, "thres_scale": 2, )" +
                two + "}"));
    EXPECT_EQ(ttv2.momentum, 0.3);
    EXPECT_EQ(ttv2.threshold_scale, 2.0);
    EXPECT_EQ(ttv2.transfer_update.desired_length, 1);
    EXPECT_FALSE(ttv2.transfer_update.update_management);

    const auto chopped = std::get<ChoppedTikiTaka>(learner(
        R"({"class": "ChoppedTransferCompound", "in_chop_prob": 0.02, "out_chop_prob": 0.01,
            "auto_scale": true, "auto_granularity": 50, "transfer_every": -1, )" +
        two + "}"));
    EXPECT_EQ(chopped.input_chop_probability, 0.02);
    EXPECT_EQ(chopped.output_chop_probability, 0.01);
    EXPECT_TRUE(chopped.auto_scale);
    EXPECT_EQ(chopped.transfer_every, -1.0);
    EXPECT_TRUE(chopped.compatible_double_transfer);
    EXPECT_TRUE(chopped.input_chop_random);

    const auto agad = std::get<Agad>(learner(
        R"({"class": "DynamicTransferCompound", "tail_weightening": 20, "buffer_cap": 5, )" + two +
        "}"));
    EXPECT_EQ(agad.tail_weight, 20.0);
    EXPECT_EQ(agad.buffer_cap, 5.0);
    EXPECT_FALSE(agad.input_chop_random);

    const auto mixed = std::get<MixedPrecision>(learner(
        R"({"class": "MixedPrecisionCompound", "device": {"class": "SoftBoundsDevice"},
            "transfer_every": 10, "n_rows_per_transfer": -1, "n_x_bins": 5})"));
    EXPECT_EQ(mixed.transfer_every, 10.0);
    EXPECT_EQ(mixed.rows_per_transfer, 0);
    EXPECT_EQ(mixed.x_bins, 5);
    const auto mixed_pcm = std::get<MixedPrecision>(learner(
        R"({"class": "MixedPrecisionCompound", "device": {"class": "PCMPresetUnitCell"}})"));
    EXPECT_TRUE(std::holds_alternative<ExpStep>(mixed_pcm.device));

    const auto ideal = std::get<AnalogSgd>(
        translate_learner(R"({"class": "SingleRPUConfig", "device": {"class": "IdealDevice"}})")
            .value);
    EXPECT_EQ(ideal.update.type, PulseType::kNone);
}

TEST(TranslateLearner, SaysWhatIsWrong) {
    const auto fails = [](const std::string& text, const std::string& part) {
        try {
            translate_learner(text);
            ADD_FAILURE() << "accepted: " << text;
        } catch (const ConfigError& e) {
            EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
        }
    };
    fails(R"({"class": "InferenceRPUConfig"})", "does not train in memory");
    fails(R"({"class": "SingleRPUConfig"})", "rpu_config.device: is missing");
    fails(R"({"device": {"class": "TransferCompund"}})", "TransferCompund");
    fails(R"({"device": {"class": "TransfersCompound"}})", "did you mean `TransferCompound`");
    fails(R"({"device": {"class": "VectorUnitCell", "update_policy": "ANY"}})", "unknown choice");
    fails(R"({"device": {"class": "VectorUnitCell",
              "unit_cell_devices": [{"class": "SoftBoundsDevice", "dw_min": 0}]}})",
          "rpu_config.device.unit_cell_devices[0]");
    fails(R"({"device": {"class": "ChoppedTransferCompound",
              "unit_cell_devices": [{"class": "SoftBoundsDevice"}]}})",
          "exactly two devices");
    // Managed reads of lines are switched off, and said to be.
    const auto t = translate_learner(R"({"device": {"class": "TransferCompound",
        "transfer_forward": {"class": "IOParameters"}}})");
    EXPECT_TRUE(noted(t, "rpu_config.device.transfer_forward"));
    EXPECT_EQ(std::get<TikiTaka>(t.value).transfer_read.noise_management.kind,
              NoiseManagementKind::kNone);
}

}  // namespace
}  // namespace mho

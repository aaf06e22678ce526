// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/training_presets.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "mho/io/file.h"
#include "mho/net/presets.h"
#include "mho/net/training_presets_json.h"
#include "mho/util/error.h"

namespace mho {
namespace {

std::string message(const std::string& text, bool learner) {
    try {
        learner ? void(learner_from_json_with_presets(text)) : void(pulsed_device_from_json(text));
    } catch (const ConfigError& e) {
        return e.what();
    }
    return "";
}

TEST(TrainingPresets, DevicesAreValid) {
    const auto presets = list_presets(PresetKind::kDevice);
    EXPECT_EQ(presets.size(), 10U);
    for (const PresetInfo& p : presets) {
        const PulsedDevice device = pulsed_device_preset(p.name);
        EXPECT_NO_THROW(require_valid(device)) << p.name;
        EXPECT_GT(number_of_states(device), 2.0) << p.name;
        EXPECT_FALSE(p.about.empty() || p.source.empty()) << p.name;
        // What is written is read back.
        EXPECT_EQ(pulsed_device_to_json(pulsed_device_from_json(pulsed_device_to_json(device))),
                  pulsed_device_to_json(device));
    }
}

// Every training preset makes a learner that moves its weights, with finite results, against the
// gradient.
TEST(TrainingPresets, AllOfThemLearn) {
    const auto presets = list_presets(PresetKind::kTraining);
    EXPECT_EQ(presets.size(), 52U);
    std::set<std::string> devices;
    for (const PresetInfo& p : presets) {
        SCOPED_TRACE(p.name);
        const LearnerConfig config = learner_preset(p.name);
        EXPECT_NO_THROW(require_valid(config));
        const auto learner = make_learner(config, 6, 10, make_tile_key(1, p.name));
        learner->set_weights(Matrix<float>(6, 10).view());
        const Matrix<float> x(8, 10, 0.5F);
        const Matrix<float> d(8, 6, -0.5F);
        for (uint64_t step = 0; step < 150; step++) {
            UpdateCall call;
            call.rate = 0.05;
            call.key = {step, 8 * step};
            learner->update(x.view(), d.view(), call);
            learner->end_of_batch(step);
        }
        double sum = 0;
        for (size_t k = 0; k < learner->device_count(); k++) {
            const ConstFloatView w = learner->device(k).weights();
            for (size_t i = 0; i < 60; i++) {
                ASSERT_TRUE(std::isfinite(w(i / 10, i % 10)));
                sum += std::abs(w(i / 10, i % 10));
            }
            devices.emplace(model_name(learner->device(k).device()));
        }
        EXPECT_GT(sum, 0.1);
        uint64_t pulses = 0;  // a one-sided pair moves one device of two
        for (size_t k = 0; k < learner->device_count(); k++) {
            pulses += learner->activity(k).pulses;
        }
        EXPECT_GT(pulses, 0U);
    }
    EXPECT_EQ(devices.size(), 4U);  // constant, linear, soft bounds with reference, exponential
}

TEST(TrainingPresets, ParametersOnTop) {
    const auto device = std::get<SoftBoundsReference>(
        pulsed_device_from_json(R"({"preset": "reram sb", "dw_min": 0.003})"));
    EXPECT_EQ(device.dw_min, 0.003);
    EXPECT_EQ(device.w_max, 1.25);
    const auto agad = std::get<Agad>(learner_from_json_with_presets(
        R"({"preset": "agad capacitor", "tail_weight": 7, "update": {"law": "pulse"}})"));
    EXPECT_EQ(agad.tail_weight, 7.0);
    EXPECT_EQ(agad.update.law, PulseLaw::kPulse);
    EXPECT_EQ(agad.update.desired_length, 31);
    EXPECT_EQ(agad.auto_granularity, 1000.0);
    EXPECT_EQ(common_parameters(agad.devices.at(0)).dw_min, 0.005);
    const auto other = std::get<AnalogSgd>(learner_from_json_with_presets(
        R"({"preset": "sgd ecram", "device": {"preset": "pcm", "reset_std": 0.02}})"));
    EXPECT_EQ(common_parameters(other.device).reset_std, 0.02);
    EXPECT_TRUE(std::holds_alternative<ExpStep>(other.device));
    const auto named = std::get<VectorCell>(learner_from_json_with_presets(
        R"({"model": "vector cell", "devices": [{"preset": "ecram"}, {"model": "soft bounds"}]})"));
    EXPECT_TRUE(std::holds_alternative<SoftBounds>(named.devices.at(1)));
}

TEST(TrainingPresets, SayWhatIsWrong) {
    EXPECT_NE(message(R"({"preset": "reram ess"})", false).find("did you mean `reram es`"),
              std::string::npos);
    EXPECT_NE(message(R"({"preset": "pcm", "model": "soft bounds"})", false).find("device.model"),
              std::string::npos);
    EXPECT_NE(message(R"({"preset": "pcm", "dwmin": 1})", false).find("device.dwmin"),
              std::string::npos);
    EXPECT_NE(message(R"({"preset": 3})", false).find("device.preset"), std::string::npos);
    EXPECT_NE(message("[1]", false).find("device"), std::string::npos);
    EXPECT_NE(
        message(R"({"preset": "agad capacitors"})", true).find("did you mean `agad capacitor`"),
        std::string::npos);
    EXPECT_NE(
        message(R"({"preset": "agad capacitor", "model": "agad"})", true).find("learning.model"),
        std::string::npos);
    EXPECT_NE(message(R"({"model": "vector cell", "devices": [{"preset": "ecrm"}]})", true)
                  .find("learning.devices[0].preset"),
              std::string::npos);
    EXPECT_NE(message("3", true).find("learning"), std::string::npos);
}

TEST(TrainingPresets, DevicesFromFiles) {
    const std::string csv = testing::TempDir() + "/device_of_a_run.csv";
    write_file_atomically(csv, "state,up,down\n-1,0.02,0.01\n0,0.015,0.015\n1,0.01,0.02\n");
    const PulsedDevice table =
        pulsed_device_from_json(R"({"file": ")" + csv + R"(", "dw_min_std": 0.2})");
    ASSERT_TRUE(std::holds_alternative<MeasuredStep>(table));
    EXPECT_EQ(common_parameters(table).w_max, 1.0);
    const std::string json = testing::TempDir() + "/device_of_a_run.json";
    write_file_atomically(json,
                          R"({"about": "x", "device": )" + pulsed_device_to_json(table) + "}");
    EXPECT_TRUE(std::holds_alternative<MeasuredStep>(
        pulsed_device_from_json(R"({"file": ")" + json + "\"}")));
    const std::string scaled = R"({"model": "analog sgd", "device": {"file": ")" + csv +
                               R"(", "w_min": -0.5, "w_max": 0.5}})";
    const auto sgd = std::get<AnalogSgd>(learner_from_json_with_presets(scaled));
    EXPECT_NEAR(common_parameters(sgd.device).w_max, 0.5, 1e-12);
    Json run = Json::parse(R"({"rules": [{"learner": {"device": {"file": "a.csv"}}},
                                        {"learner": {"devices": [{"file": "/b.csv"}, {"preset": "x"}]}}]})");
    resolve_device_files(run, "/runs");
    EXPECT_EQ(run["rules"][0]["learner"]["device"]["file"], "/runs/a.csv");
    EXPECT_EQ(run["rules"][1]["learner"]["devices"][0]["file"], "/b.csv");
    EXPECT_THROW(pulsed_device_from_json(R"({"file": "/missing.csv"})"), ConfigError);
    EXPECT_THROW(pulsed_device_from_json(R"({"file": 3})"), ConfigError);
    for (const char* text : {"[1]", "3", R"({"device": [1]})"}) {
        write_file_atomically(json, text);
        EXPECT_THROW(pulsed_device_from_json(R"({"file": ")" + json + R"(", "dw_min": 0.1})"),
                     ConfigError)
            << text;
    }
    EXPECT_THROW(pulsed_device_from_json(R"({"file": ")" + csv + R"(", "model": "soft bounds"})"),
                 ConfigError);
}

}  // namespace
}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/hardware.h"

#include <gtest/gtest.h>

#include <set>

#include "mho/io/test_support.h"
#include "mho/net/hardware_json.h"
#include "mho/net/presets.h"
#include "mho/net/test_support.h"
#include "mho/util/error.h"

namespace mho {
namespace {

TEST(Hardware, JsonRoundTripKeepsEverything) {
    Hardware hardware;
    hardware.mapping.max_inputs = 77;
    hardware.forward.adc.bound = 3.5;
    hardware.backward.perfect = false;
    hardware.conductance = Hermes{};
    hardware.converter = NPair{};
    hardware.drift_compensation = DriftCompensationKind::kPerColumn;
    hardware.renormalise_programmed = true;
    hardware.stuck_cells = {0.01, StuckAt::kRandom};
    hardware.input_range.decay = 0.25;
    hardware.modifier.kind = ModifierKind::kPcmNoise;
    hardware.clip.value = 0.5;
    hardware.remap.kind = RemapKind::kLayer;
    hardware.gradient.divide_by_range = true;
    const std::string text = hardware_to_json(hardware);
    EXPECT_EQ(hardware_to_json(single_hardware_from_json(text)), text);
    EXPECT_NE(text, hardware_to_json(Hardware{}));
    EXPECT_EQ(single_hardware_from_json(text).mapping.max_inputs, 77);
}

TEST(Hardware, PresetIsMergedBeforeTheOtherKeys) {
    const HardwareSpec spec =
        hardware_from_json(R"({"forward": {"adc": {"bound": 7}}, "preset": "light"})");
    EXPECT_EQ(spec.base.forward.adc.bound, 7);
    EXPECT_EQ(spec.base.forward.adc.steps, 510);
    EXPECT_EQ(spec.base.forward.dac.steps, 126);
}

TEST(Hardware, LaterOverridesWin) {
    const HardwareSpec spec = hardware_from_json(R"({"layers": [
        {"match": "conv*", "set": {"forward": {"dac": {"steps": 14}}, "mapping": {"max_inputs": 64}}},
        {"match": "*.fc?", "digital": true},
        {"match": "conv2", "set": {"forward": {"dac": {"steps": 30}}}},
        {"match": "a*.fc1", "set": {"preset": "ideal"}}]})");
    EXPECT_EQ(spec.for_layer("conv1")->forward.dac.steps, 14);
    EXPECT_EQ(spec.for_layer("conv2")->forward.dac.steps, 30);
    EXPECT_EQ(spec.for_layer("conv2")->mapping.max_inputs, 64);
    EXPECT_EQ(spec.for_layer("fc")->forward.dac.steps, 254);
    EXPECT_FALSE(spec.for_layer("net.fc1").has_value());
    EXPECT_TRUE(spec.for_layer("net.fc12").has_value());
    EXPECT_TRUE(spec.for_layer("abc.fc1")->forward.perfect);
    const std::string text = hardware_to_json(spec);
    EXPECT_EQ(hardware_to_json(hardware_from_json(text)), text);
    EXPECT_FALSE(hardware_from_json(text).for_layer("net.fc1").has_value());
}

TEST(Hardware, ProblemsHaveFullPaths) {
    const std::pair<const char*, const char*> cases[] = {
        {"[]", "hw: expected an object"},
        {R"({"preset": "standart"})",
         "hw.preset: unknown preset `standart`, did you mean `standard`?"},
        {R"({"preset": 3})", "hw.preset: expected a string"},
        {R"({"forwards": {}})", "hw.forwards: unknown key, did you mean `forward`?"},
        {R"({"forward": {"adc": {"stepps": 1}}})", "hw.forward.adc.stepps: unknown key"},
        {R"({"forward": {"adc": {"steps": -1}}})", "hw.forward.adc.steps: must be"},
        {R"({"conductance": {"model": "pcn"}})", "hw.conductance.model: unknown model `pcn`"},
        {R"({"crossbar": {"enabled": true}, "time_ir_drop": {"enabled": true}})",
         "hw.time_ir_drop.enabled: must be false"},
        {R"({"programming": {"kind": "gradient descent"}, "renormalise_programmed": true})",
         "hw.programming.kind: must be `single shot`"},
        {R"({"programming": {"kind": "closed loop"}, "converter": {"model": "single device"}})",
         "hw.programming.kind: needs the converter"},
        {R"({"periphery": {"kind": "float16"}})", "hw.periphery.kind: counters replace"},
        {R"({"time_ir_drop": {"input": "split", "steps": 100}})",
         "hw.time_ir_drop.steps: must be 2^bits - 2"},
        {R"({"layers": {}})", "hw.layers: expected a list"},
        {R"({"layers": [1]})", "hw.layers[0]: expected an object"},
        {R"({"layers": [{"digital": true}]})", "hw.layers[0].match: is missing"},
        {R"({"layers": [{"match": ""}]})", "hw.layers[0].match: an empty pattern"},
        {R"({"layers": [{"match": "a", "sett": {}}]})", "hw.layers[0].sett: unknown key"},
        {R"({"layers": [{"match": "a", "digital": true, "set": {}}]})",
         "hw.layers[0]: a digital layer"},
        {R"({"layers": [{"match": "a", "set": {"clip": {"value": "x"}}}]})",
         "hw.layers[0].set.clip.value: expected a number"},
        {R"({"layers": [{"match": "a", "set": {"layers": []}}]})",
         "hw.layers[0].set.layers: unknown key"},
    };
    for (const auto& [text, wanted] : cases) {
        const std::string message =
            message_of<ConfigError>([&] { hardware_from_json(text, "hw"); });
        EXPECT_NE(message.find(wanted), std::string::npos) << text << "\n"
                                                           << message << "\nwanted: " << wanted;
    }
}

TEST(Hardware, EveryParameterIsDocumented) {
    std::vector<ParameterDoc> docs;
    describe(Hardware{}, "hardware", docs);
    EXPECT_GT(docs.size(), 100u);
    std::set<std::string> paths;
    for (const ParameterDoc& doc : docs) {
        EXPECT_FALSE(doc.meaning.empty()) << doc.path;
        EXPECT_TRUE(paths.insert(doc.path).second) << doc.path;
    }
    EXPECT_TRUE(paths.contains("hardware.forward.adc.steps"));
}

TEST(Presets, StandardIsTheDefaults) {
    EXPECT_EQ(hardware_to_json(single_hardware_from_json(preset_hardware("standard"))),
              hardware_to_json(Hardware{}));
}

TEST(Presets, EveryOneLoadsAndRunsATinyNetwork) {
    const std::vector<PresetInfo> presets = list_presets();
    std::set<std::string> names;
    const Network network = initialize(mlp({20, 8, 3}, raw_input(1, 4, 5)), 3);
    const Matrix<float> pixels = normal_matrix(9, 20, 1);
    const Matrix<float> exact = run_all(Executor(network, 1), pixels);
    for (const PresetInfo& preset : presets) {
        EXPECT_TRUE(names.insert(preset.name).second);
        EXPECT_FALSE(preset.about.empty());
        EXPECT_FALSE(preset.source.empty());
        const HardwareSpec spec = hardware_from_json("{\"preset\": \"" + preset.name + "\"}");
        const Network analog = map_to_hardware(network, spec);
        EXPECT_EQ(analog.analog.size(), 2u);
        Executor executor(analog, 5);
        executor.program();
        executor.advance_to(3600.0);
        const Matrix<float> y = run_all(executor, pixels);
        double error = 0;
        double size = 0;
        for (size_t i = 0; i < y.values.size(); i++) {
            error += std::pow(y.values[i] - exact.values[i], 2);
            size += std::pow(exact.values[i], 2);
        }
        // Noisy, but the same network: two layers of at most about 30 % error each.
        EXPECT_LT(std::sqrt(error / size), 0.6) << preset.name;
        if (preset.name == "ideal") {
            EXPECT_LT(std::sqrt(error / size), 1e-5);
        } else {
            EXPECT_GT(std::sqrt(error / size), 1e-3) << preset.name;
        }
    }
    for (const char* name : {"standard",
                             "light",
                             "ideal",
                             "pcm",
                             "preset io",
                             "standard io",
                             "web composer",
                             "old web composer",
                             "floating point"}) {
        EXPECT_TRUE(names.contains(name)) << name;
    }
    EXPECT_EQ(preset_hardware("web_composer"), preset_hardware("web composer"));
}

}  // namespace
}  // namespace mho

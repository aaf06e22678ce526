// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/run_file.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "mho/analysis/run_values.h"
#include "mho/analysis/test_support.h"
#include "mho/io/safetensors.h"
#include "mho/util/json.h"

namespace mho {
namespace {

std::string problem_of(const std::string& text) {
    return message_of<ConfigError>([&] { parse_run_file(text, "some/run.json"); });
}

std::string usage_of(const std::string& override) {
    return message_of<UsageError>([&] { tiny_run({override}); });
}

TEST(RunFile, DefaultsAreComplete) {
    const RunFile run = parse_run_file("{}", "run.json");
    ASSERT_EQ(run.evaluation.times.size(), 6u);
    const double seconds[] = {1, 3600, 86400, 30 * 86400.0, 365 * 86400.0, 3650 * 86400.0};
    const char* names[] = {"1 s", "1 h", "1 day", "1 month", "1 year", "10 years"};
    for (size_t i = 0; i < 6; i++) {
        EXPECT_EQ(run.evaluation.times[i].t_s, seconds[i]);
        EXPECT_EQ(run.evaluation.times[i].name, names[i]);
    }
    const Hardware standard = single_hardware_from_json(R"({"preset": "standard"})");
    EXPECT_EQ(hardware_to_json(run.hardware.base), hardware_to_json(standard));
}

TEST(RunFile, ResolvedConfigurationReadsBackToItself) {
    const std::string once = run_file_to_json(tiny_run());
    EXPECT_EQ(run_file_to_json(parse_run_file(once, "again")), once);
    const std::string layers = R"({"hardware": {"layers": [{"match": "fc1", "digital": true},
        {"match": "fc*", "set": {"forward": {"adc": {"steps": 30}}}}]}, "seed": 18446744073709551615})";
    const RunFile run = parse_run_file(layers, "run.json");
    EXPECT_EQ(run.seed, UINT64_MAX);
    const std::string twice = run_file_to_json(run);
    EXPECT_EQ(run_file_to_json(parse_run_file(twice, "again")), twice);
    EXPECT_EQ(run.hardware.for_layer("fc2")->forward.adc.steps, 30);
}

TEST(RunFile, EveryProblemIsNamedWithItsPath) {
    struct Case {
        const char* text;
        const char* path;
        const char* message;
    };
    const Case cases[] = {
        {R"({"sead": 3})", "sead", "did you mean `seed`?"},
        {R"({"network": {"model": {"model": "mlpp"}}})",
         "network.model.model",
         "did you mean `mlp`?"},
        {R"({"network": {"model": {"model": "mlp", "hiden": []}}})",
         "network.model.hiden",
         "`hidden`"},
        {R"({"network": {"model": {"model": "mlp", "hidden": [0]}}})",
         "network.model.hidden[0]",
         "must be 1"},
        {R"({"network": {"mean": [0.1, 0.2, 0.3]}})", "network.mean", "one number per channel (1)"},
        {R"({"network": {"rename": {"a": 1}}})", "network.rename.a", "expected a string"},
        {R"({"data": {"set": "fashion mnits"}})", "data.set", "did you mean `fashion mnist`?"},
        {R"({"data": {"train_images": -1}})", "data.train_images", "must be 0"},
        {R"({"data": 3})", "data", "expected an object"},
        {R"({"training": {"hardware_aware": {"schedule": {"kind": "cosin"}}}})",
         "training.hardware_aware.schedule.kind",
         "did you mean `cosine`?"},
        {R"({"training": {"floating_point": {"epochs": 1.5}}})",
         "training.floating_point.epochs",
         "expected an integer"},
        {R"({"training": {"floating_point": {"learning_rate": "fast"}}})",
         "training.floating_point.learning_rate",
         "expected a number, got the string \"fast\""},
        {R"({"evaluation": {"programmings": 0}})", "evaluation.programmings", "must be 1"},
        {R"({"evaluation": {"times": [{"name": "a", "t_s": -1}]}})",
         "evaluation.times[0].t_s",
         "must be 0"},
        {R"({"evaluation": {"times": [{"t_s": 1}]}})", "evaluation.times[0].name", "needs a name"},
        {R"({"evaluation": {"times": [{"name": "a", "t_s": 1}, {"name": "a", "t_s": 2}]}})",
         "evaluation.times[1].name",
         "`a` appears twice"},
        {R"({"evaluation": {"ablation": {"time": "1 dya"}}})",
         "evaluation.ablation.time",
         "did you mean `1 day`?"},
        {R"({"hardware": {"preset": "standrd"}})", "hardware.preset", "did you mean `standard`?"},
        {R"({"hardware": {"forward": {"adc": {"stepz": 3}}}})",
         "hardware.forward.adc.stepz",
         "`steps`"},
        {R"({"hardware": {"forward": {"output_noise": {"std": -1}}}})",
         "hardware.forward.output_noise.std",
         "got -1"},
        {R"({"hardware": []})", "hardware", "expected an object"},
        {R"({"name": "a/b"})", "name", "without `/`"},
        {R"({"name": ".."})", "name", "`..`"},
        {R"({"seed": -1})", "seed", "must be 0"},
        {R"({"seed": null})", "seed", "got null"},
    };
    for (const Case& c : cases) {
        const std::string message = problem_of(c.text);
        EXPECT_TRUE(contains(message, "some/run.json")) << c.text << "\n" << message;
        EXPECT_TRUE(contains(message, std::string("\n") + c.path + ": ")) << c.text << "\n"
                                                                          << message;
        EXPECT_TRUE(contains(message, c.message)) << c.text << "\n" << message;
    }
    // All at once.
    const std::string both =
        problem_of(R"({"sead": 1, "hardware": {"foo": 1}, "evaluation": {"naive": 1}})");
    EXPECT_TRUE(contains(both, "sead") && contains(both, "hardware.foo") &&
                contains(both, "evaluation.naive"))
        << both;
}

TEST(RunFile, WhatIsNoJsonIsRefused) {
    for (const char* text : {"",
                             "{",
                             "nonsense",
                             "{\"seed\": NaN}",
                             "{\"seed\": Infinity}",
                             "{\"seed\": 1, \"seed\": 2}",
                             "{\"seed\": 1e999}",
                             "[]",
                             "3",
                             "\xff",
                             "{\"name\": \"\xff\"}"}) {
        EXPECT_TRUE(contains(problem_of(text), "some/run.json")) << text;
    }
    EXPECT_TRUE(contains(problem_of(std::string(100000, '[')), "some/run.json"));
}

TEST(RunFile, OverridesReachEveryPlace) {
    const RunFile run = tiny_run({"seed=9",
                                  "hardware.forward.adc.steps=62",
                                  "evaluation.times[1].t_s=90000",
                                  "network.model.hidden[0]=7",
                                  "network.weights=a=b.safetensors",
                                  "training.hardware_aware.schedule.kind=one cycle",
                                  "hardware.conductance={\"model\": \"pcm\", \"drift_scale\": 0.5}",
                                  "about=text with spaces",
                                  "seed=10"});
    EXPECT_EQ(run.seed, 10u);
    EXPECT_EQ(run.hardware.base.forward.adc.steps, 62);
    EXPECT_EQ(run.evaluation.times[1].t_s, 90000);
    EXPECT_EQ(std::get<MlpModel>(run.network.model).hidden, std::vector<int>{7});
    EXPECT_EQ(run.network.weights, "a=b.safetensors");
    EXPECT_EQ(run.training.hardware_aware.schedule.kind, ScheduleKind::kOneCycle);
    EXPECT_EQ(run_value(run, "hardware.conductance<pcm>.drift_scale"), "0.5");
    EXPECT_EQ(run_value(run, "hardware.conductance<none>.drift_scale"), "");
    EXPECT_EQ(run_value(run, "no.such"), "");
    const std::string both[] = {"hardware.conductance<pcm>.drift_scale", "no.such"};
    EXPECT_EQ(run_values(run, both), (std::vector<std::string>{"0.5", ""}));
    EXPECT_EQ(run.about, "text with spaces");
}

TEST(RunFile, WrongOverridesAreUsageErrors) {
    EXPECT_TRUE(contains(usage_of("seed"), "expected path=value"));
    EXPECT_TRUE(contains(usage_of("=3"), "expected path=value"));
    EXPECT_TRUE(contains(usage_of("a..b=3"), "empty name"));
    EXPECT_TRUE(contains(usage_of("seed.=3"), "empty name"));
    EXPECT_TRUE(contains(usage_of("sead=3"), "did you mean `seed`?"));
    EXPECT_TRUE(contains(usage_of("seed.x=3"), "`seed` is not an object"));
    EXPECT_TRUE(contains(usage_of("seed=NaN"), "seed: expected an integer"));
    EXPECT_TRUE(contains(usage_of("hardware.forward.adc.steps=-1"), "hardware.forward.adc.steps"));
    EXPECT_TRUE(contains(usage_of("hardware.preset=pmc"), "did you mean `pcm`?"));
    EXPECT_TRUE(contains(usage_of("evaluation.times[2].t_s=1"), "there is no entry [2]"));
    EXPECT_TRUE(contains(usage_of("evaluation.times[x].t_s=1"), "index [n]"));
    EXPECT_TRUE(contains(usage_of("evaluation.times].t_s=1"), "index [n]"));
    EXPECT_TRUE(contains(usage_of("evaluation.times[99999999999].t_s=1"), "index [n]"));
    EXPECT_TRUE(contains(usage_of("[0]=1"), "empty name"));
    EXPECT_TRUE(contains(usage_of("name=\xff\xfe"), "not UTF-8"));
    EXPECT_TRUE(contains(usage_of("data={\"set\": 1, \"set\": 2}"), "appears twice"));
    EXPECT_TRUE(contains(usage_of("hardware=" + std::string(50000, '[') + std::string(50000, ']')),
                         "levels deep"));
    std::string deep = "hardware";
    for (int i = 0; i < 30000; i++) {
        deep += ".a";
    }
    EXPECT_TRUE(contains(usage_of(deep + "=1"), "more than"));
    // A bad file stays a bad file, whatever the overrides.
    EXPECT_THROW(parse_run_file(R"({"seed": "x"})", "f", {"seed=3"}), ConfigError);
}

TEST(RunFile, StartWeightsAreRandomButFixed) {
    const Network a = build_network(tiny_run());
    const Network b = build_network(tiny_run());
    const Network c = build_network(tiny_run({"seed=6"}));
    EXPECT_EQ(a.parameters, b.parameters);
    EXPECT_NE(a.parameters, c.parameters);
    EXPECT_EQ(a.graph.input.mean, std::vector<double>{0.5});
    EXPECT_EQ(a.parameters.at("fc1.weight").shape, (std::vector<size_t>{12, 784}));
    RunFile by_code = tiny_run();
    by_code.network.std = {1, 2};
    EXPECT_THROW(build_network(by_code), ConfigError);
}

TEST(RunFile, WeightsOfOtherNamesAreRenamed) {
    const ScratchFolder folder;
    const Network network = build_network(tiny_run());
    SafeTensors file;
    for (const auto& [name, tensor] : network.parameters) {
        file.tensors[(name.starts_with("fc1") ? "body.0" : "2") + name.substr(3)] = tensor;
    }
    write_safetensors(folder.file("w.safetensors"), file);
    put(folder.file("run.json"), run_file_to_json(tiny_run()));
    const std::vector<std::string> set = {"network.weights=w.safetensors",
                                          R"(network.rename={"body.0": "fc1", "2": "fc2"})",
                                          "seed=77"};
    // The path is relative to the run file.
    EXPECT_EQ(build_network(read_run_file(folder.file("run.json"), set)).parameters,
              network.parameters);
    const std::string message = message_of<ConfigError>(
        [&] { build_network(read_run_file(folder.file("run.json"), {set[0]})); });
    EXPECT_TRUE(contains(message, "w.safetensors does not fit the network")) << message;
    EXPECT_TRUE(contains(message, "fc1.weight")) << message;
}

TEST(RunFile, NetworkFileServesAsWeights) {
    const ScratchFolder folder;
    const RunFile run = tiny_run();
    const RunNetworks networks = matched_networks(run, pattern_images(32, 1));
    write_network(folder.file("mapped.safetensors"), networks.naive);
    RunFile other = tiny_run({"seed=99", "network.weights=" + folder.file("mapped.safetensors")});
    const Network loaded = build_network(other);
    EXPECT_TRUE(loaded.analog.empty());
    // Tile weights and scales are floats, so the way there and back costs a rounding.
    for (const auto& [name, tensor] : networks.floating_point.parameters) {
        const std::vector<float>& got = loaded.parameters.at(name).values;
        for (size_t i = 0; i < got.size(); i++) {
            ASSERT_NEAR(got[i], tensor.values[i], 1e-6) << name;
        }
    }
    other.data.set = DataSet::kCifar10Jpeg;
    other.network.mean = other.network.std = {};
    EXPECT_TRUE(contains(message_of<ConfigError>([&] { build_network(other); }), "other images"));
    other.network.weights = folder.file("missing.safetensors");
    EXPECT_TRUE(
        contains(message_of<IoError>([&] { build_network(other); }), "missing.safetensors"));
}

TEST(RunFile, ParameterReferenceKnowsEveryValueOfARun) {
    const std::vector<Parameter> all = run_parameters();
    const auto find = [&](const std::string& path) {
        return std::find_if(
            all.begin(), all.end(), [&](const Parameter& p) { return p.path == path; });
    };
    for (const char* path : {"seed",
                             "evaluation.times[].t_s",
                             "hardware.forward.adc.steps",
                             "network.model<mlp>.hidden",
                             "hardware.preset"}) {
        EXPECT_NE(find(path), all.end()) << path;
    }
    for (const Parameter& p : all) {
        EXPECT_FALSE(p.meaning.empty()) << p.path;
    }
    // Nothing that a resolved run contains is missing from the reference.
    const Json j = Json::parse(run_file_to_json(parse_run_file("{}", "defaults")));
    const std::function<void(const Json&, const std::string&)> visit =
        [&](const Json& here, const std::string& path) {
            if (!path.empty()) {
                EXPECT_NE(find(path), all.end()) << path;
            }
            if (!here.is_object()) {
                return;
            }
            const std::string model = here.contains("model") && here["model"].is_string()
                                          ? "<" + here["model"].get<std::string>() + ">"
                                          : "";
            for (const auto& [key, value] : here.items()) {
                if (key != "model" || !value.is_string()) {
                    visit(value, join_path(path + model, key));
                }
            }
        };
    visit(j, "");
}

}  // namespace
}  // namespace mho

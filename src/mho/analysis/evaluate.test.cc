// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/evaluate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

#include "mho/analysis/ablation.h"
#include "mho/analysis/results.h"
#include "mho/analysis/test_support.h"
#include "mho/io/file.h"
#include "mho/util/json.h"

namespace mho {
namespace {

// Everything but the key `run`.
std::string facts_aside(const RunFile& run, const EvaluationResult& result) {
    Json j = Json::parse(results_to_json(run, result, run_facts(1)));
    j.erase("run");
    return j.dump(1);
}

struct Fixture {
    RunFile run;
    LabelledImages train = pattern_images(64, 1);
    LabelledImages test = pattern_images(80, 2);
    RunNetworks networks;

    explicit Fixture(const std::vector<std::string>& set = {})
        : run(tiny_run(set)), networks(matched_networks(run, train)) {}

    EvaluationResult go(EvaluateOptions options = {}) const {
        return evaluate(run, networks, test, options);
    }
};

TEST(Evaluate, ResultDoesNotDependOnThreads) {
    const Fixture f;
    const std::string one = facts_aside(f.run, f.go({.threads = 1}));
    for (const size_t threads : {2, 3, 7}) {
        EXPECT_EQ(facts_aside(f.run, f.go({.threads = threads})), one) << threads;
    }
}

TEST(Evaluate, AnotherSeedIsOtherChips) {
    const Fixture f;
    Fixture g;
    g.run.seed++;
    EXPECT_NE(facts_aside(g.run, g.go()), facts_aside(f.run, f.go()));
}

// The patterns are recognised, and the hardware costs something.
TEST(Evaluate, HardwareCostsAccuracy) {
    const Fixture f;
    const EvaluationResult r = f.go();
    EXPECT_GT(r.float_accuracy, 0.6);
    double sum = 0;
    for (const double a : r.curves[0].all[0]) {
        sum += a / 3;
    }
    EXPECT_GT(sum, 0.3);
    EXPECT_LT(sum, r.float_accuracy);
}

// Interrupted after every possible number of progress reports, then resumed: as if unbroken.
TEST(Evaluate, InterruptedAndResumedIsTheUnbrokenResult) {
    const Fixture f({"evaluation.programmings=2"});
    const ScratchFolder unbroken_folder;
    const std::string unbroken = facts_aside(f.run, f.go({.folder = unbroken_folder.path()}));
    const std::string log = read_file(unbroken_folder.file("evaluation.jsonl"));
    const auto lines = std::count(log.begin(), log.end(), '\n');
    size_t interruptions = 0;
    for (int after = 0; after < 48; after += 4) {
        const ScratchFolder folder;
        std::atomic<bool> stop{after == 0};
        std::atomic<int> reports{0};
        EvaluateOptions options{.folder = folder.path(), .stop = &stop};
        options.progress.advance = [&](size_t) {
            if (++reports >= after) {
                stop.store(true);
            }
        };
        try {
            f.go(options);
        } catch (const Interrupted&) {
            interruptions++;
        }
        const std::string kept = read_file(folder.file("evaluation.jsonl"));
        EXPECT_EQ(log.substr(0, kept.size()), kept);
        stop.store(false);
        options.progress = {};
        options.resume = true;
        EXPECT_EQ(facts_aside(f.run, f.go(options)), unbroken) << after;
        EXPECT_EQ(read_file(folder.file("evaluation.jsonl")), log) << after;
    }
    EXPECT_GE(interruptions, 8u);
    EXPECT_EQ(lines, 1 + 2 * 2 * 2 * 2 + 2 * (1 + 8));
}

TEST(Evaluate, CurvesAreThoseThatWereAskedFor) {
    const auto keys = [](const EvaluationResult& r) {
        std::vector<std::string> out;
        for (const AccuracyCurve& c : r.curves) {
            out.push_back(c.key);
        }
        return out;
    };
    using Keys = std::vector<std::string>;
    const std::string quick = "evaluation.ablation.enabled=false";
    EXPECT_EQ(keys(Fixture({quick}).go()),
              (Keys{"naive", "naive_uncompensated", "hwa", "hwa_uncompensated"}));
    EXPECT_EQ(keys(Fixture({quick, "evaluation.naive=false"}).go()),
              (Keys{"hwa", "hwa_uncompensated"}));
    EXPECT_EQ(keys(Fixture({quick, "evaluation.uncompensated=false"}).go()),
              (Keys{"naive", "hwa"}));
    EXPECT_EQ(keys(Fixture({quick, "evaluation.hardware_aware=false"}).go()),
              (Keys{"naive", "naive_uncompensated"}));
    // No compensation in the hardware: one curve.
    EXPECT_EQ(keys(Fixture({quick, "hardware.drift_compensation=none"}).go()),
              (Keys{"naive", "hwa"}));
    Fixture only_float({quick});
    only_float.networks = {only_float.networks.floating_point, {}, {}, false, false, {}};
    const EvaluationResult r = only_float.go();
    EXPECT_TRUE(r.curves.empty() && r.layer_errors.empty());
}

TEST(Evaluate, AccuraciesAreSharesOfTheSameImages) {
    const Fixture f({"evaluation.images=40", "hardware.preset=ideal"});
    const EvaluationResult r = f.go();
    EXPECT_EQ(r.images, 40u);
    // Exact hardware classifies as the network does.
    for (const auto& at : r.curves[0].all) {
        for (const double a : at) {
            EXPECT_EQ(a, r.float_accuracy);
        }
    }
    for (const AccuracyCurve& c : r.curves) {
        for (const auto& at : c.all) {
            ASSERT_EQ(at.size(), 3u);
            for (const double a : at) {
                EXPECT_EQ(a * 40, std::round(a * 40));
            }
        }
    }
}

// The noise of all other sources stays when one is switched off: where the source has no strength,
// nothing changes at all.
TEST(Evaluate, AblationIsPaired) {
    const Fixture f({R"(hardware.conductance={"drift_scale": 0, "read_noise_scale": 0})"});
    const EvaluationResult r = f.go();
    size_t nothing = 0, something = 0;
    for (const AblationResult& a : r.ablation) {
        if (a.source == "drift" || a.source == "1/f noise of the cells") {
            EXPECT_EQ(a.difference, 0) << a.source;
            EXPECT_EQ(a.half_width, 0) << a.source;
            nothing++;
        } else {
            something += a.difference != 0;
        }
    }
    EXPECT_EQ(nothing, 2u);
    EXPECT_GE(something, 1u);
    EXPECT_EQ(r.ablation_network, "hwa");
}

TEST(Ablation, SourcesThatActAreListedAndSwitchedOff) {
    const Fixture f;
    const std::vector<NonIdeality> sources = active_non_idealities(f.networks.naive);
    std::vector<std::string> names;
    for (const NonIdeality& s : sources) {
        names.push_back(s.name);
        const Network changed = without(f.networks.naive, s);
        const bool in_configuration = hardware_to_json(changed.analog.at("fc1")) !=
                                      hardware_to_json(f.networks.naive.analog.at("fc1"));
        const bool by_switch = !s.switches.programming || !s.switches.drift || !s.switches.read;
        EXPECT_NE(in_configuration, by_switch) << s.name;
        // Switched off, it does not act any more.
        if (in_configuration) {
            for (const NonIdeality& left : active_non_idealities(changed)) {
                EXPECT_NE(left.name, s.name);
            }
        }
    }
    EXPECT_EQ(names,
              (std::vector<std::string>{"programming noise",
                                        "drift",
                                        "1/f noise of the cells",
                                        "input converter (DAC)",
                                        "IR drop",
                                        "read noise of the weights",
                                        "output noise",
                                        "output converter (ADC)"}));
    EXPECT_TRUE(active_non_idealities(f.networks.floating_point).empty());
}

TEST(Evaluate, WhatCannotRunIsRefusedBeforeItStarts) {
    const ScratchFolder folder;
    const EvaluateOptions options{.folder = folder.path()};
    Fixture f({"evaluation.images=81"});
    EXPECT_TRUE(contains(message_of<ConfigError>([&] { f.go(options); }),
                         "evaluation.images: must be at most 80"));
    Fixture other;
    other.test.height = 14;
    other.test.width = 56;
    EXPECT_TRUE(contains(
        message_of<InputError>([&] { other.go(options); }),
        "floating-point network takes images of 1 x 28 x 28, those of patterns are 1 x 14 x 56"));
    Fixture classes;
    classes.test.classes = 11;
    EXPECT_TRUE(contains(message_of<InputError>([&] { classes.go(options); }), "11 classes"));
    Fixture none;
    none.test = pattern_images(0, 1);
    EXPECT_TRUE(contains(message_of<InputError>([&] { none.go(options); }), "no test images"));
    EXPECT_EQ(folder.entries(), 0u);
}

TEST(Evaluate, InputRangesComeFromTheFirstBatches) {
    const Fixture f;
    EXPECT_EQ(calibration_images(f.run), 32u);
    EXPECT_EQ(calibration_images(tiny_run({"evaluation.calibration_images=5"})), 5u);
    const Network fewer = make_naive(
        tiny_run({"evaluation.calibration_images=16"}), f.networks.floating_point, f.train);
    const Network again = make_naive(f.run, f.networks.floating_point, f.train);
    EXPECT_EQ(again.parameters, f.networks.naive.parameters);
    EXPECT_NE(fewer.parameters, again.parameters);
    EXPECT_GT(again.parameters.at("fc1.input_range").values[0], 0);
    EXPECT_NE(again.parameters.at("fc1.input_range").values[0], 3.0f) << "the initial value";
}

TEST(Evaluate, MemoryGrowsWithImagesAndThreads) {
    const Fixture f;
    const size_t base = evaluation_bytes(f.networks.naive, 100, 1);
    EXPECT_GE(base, 100 * (784 + 10) * sizeof(float));
    EXPECT_GT(evaluation_bytes(f.networks.naive, 200, 1), base);
    EXPECT_GT(evaluation_bytes(f.networks.naive, 100, 4), base);
}

}  // namespace
}  // namespace mho

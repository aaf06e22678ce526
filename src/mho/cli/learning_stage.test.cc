// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
//
// `mho train` of a run that learns in memory, as a process: killed and resumed it must end in the
// same bits.
#ifdef MHO_WITH_TORCH

#include <gtest/gtest.h>

#include <algorithm>

#include "mho/cli/test_support.h"

namespace mho {
namespace {

constexpr const char* kRules = R"([
    {"name": "plain", "learner": {"model": "analog sgd"}},
    {"learner": {"model": "agad", "devices": [{"model": "soft bounds"}, {"model": "soft bounds"}],
                 "auto_scale": true, "auto_granularity": 100}, "learning_rate": 0.05,
     "count_pulses": true, "pulse_up_j": 1e-12},
    {"learner": {"model": "mixed precision", "device": {"model": "exponential step"}}}
])";

struct LearningFixture {
    ScratchFolder scratch;
    std::string file = scratch.file("run.json");

    explicit LearningFixture(const std::string& rules = kRules) {
        const std::string data = scratch.file("data");
        write_pattern_folder(data, 256, 64);
        put(file,
            R"({
            "name": "tiny", "seed": 3,
            "data": {"folder": ")" +
                data + R"("},
            "network": {"model": {"model": "mlp", "hidden": [12]}, "mean": [0.5], "std": [0.25]},
            "hardware": {"preset": "preset_io", "mapping": {"omega": 0}},
            "learning": {
                "training": {"epochs": 8, "batch": 8, "optimizer": "sgd", "momentum": 0,
                             "learning_rate": 0.1},
                "rules": )" +
                rules + R"(
            },
            "evaluation": {"ablation": {"enabled": false}}
        })");
    }
    std::vector<std::string> arguments(const std::string& out, bool resume) const {
        std::vector<std::string> all = {"train", file, "--out", out, "--threads", "1", "--quiet"};
        if (resume) {
            all.push_back("--resume");
        }
        return all;
    }
    Outcome train(const std::string& out, bool resume) const {
        return Process(scratch, arguments(out, resume)).wait();
    }
};

void expect_same(const std::string& a, const std::string& b) {
    for (const char* name : {"learning.json",
                             "learning.html",
                             "learning-0.safetensors",
                             "learning-1.safetensors",
                             "learning-2.safetensors",
                             "learning-3.safetensors"}) {
        EXPECT_TRUE(read_file(a + "/" + name) == read_file(b + "/" + name)) << name;
    }
    for (const auto& entry : std::filesystem::directory_iterator(b)) {
        const std::string name = entry.path().filename().string();
        EXPECT_FALSE(name.starts_with(".mho-tmp-") || name.ends_with(".checkpoint")) << name;
    }
}

TEST(LearningStage, KilledAndResumedIsTheUnbrokenRun) {
    const LearningFixture f;
    const std::string unbroken = f.scratch.file("unbroken"), broken = f.scratch.file("broken");
    const Outcome o = f.train(unbroken, false);
    ASSERT_EQ(o.code, 0) << o.err;
    EXPECT_NE(o.out.find("mixed precision"), std::string::npos) << o.out;
    const Json rows = Json::parse(read_file(unbroken + "/learning.json"));
    ASSERT_EQ(rows.size(), 4u);
    EXPECT_EQ(rows[0]["name"], "digital");
    EXPECT_EQ(rows[2]["name"], "agad");
    EXPECT_EQ(rows[2]["learning_rate"], 0.05);
    for (const Json& row : rows) {
        EXPECT_EQ(row["test_accuracy"].size(), 8u);
    }
    // Ten classes: chance is 0.1. Both learn, digitally and by pulses.
    EXPECT_GT(rows[0]["test_accuracy"].back().get<double>(), 0.3);
    EXPECT_GT(rows[1]["test_accuracy"].back().get<double>(), 0.3);
    EXPECT_GT(rows[1]["pulses_per_weight"].back().get<double>(), 1.0);
    // The wear of both devices of AGAD, where it is asked for.
    EXPECT_TRUE(rows[1]["devices"].empty());
    ASSERT_EQ(rows[2]["devices"].size(), 2u);
    const Json& fast = rows[2]["devices"][0];
    EXPECT_NEAR(
        fast["mean_pulses"].get<double>(), rows[2]["pulses_per_weight"].back().get<double>(), 1e-6);
    EXPECT_GT(fast["most_pulses"].get<double>(), fast["mean_pulses"].get<double>());
    EXPECT_GT(fast["energy_j"].get<double>(), 0);

    size_t killed = 0;
    for (const long lines : {3, 11, 19, 27}) {
        Process process(f.scratch, f.arguments(broken, true));
        const std::string events = broken + "/events.jsonl";
        while (process.running()) {
            if (std::filesystem::exists(events)) {
                const std::string text = read_file(events);
                if (std::count(text.begin(), text.end(), '\n') >= lines) {
                    process.signal(SIGKILL);
                    killed += process.wait().code == -SIGKILL;
                    break;
                }
            }
            ::usleep(500);
        }
    }
    EXPECT_GE(killed, 3u);
    const Outcome end = f.train(broken, true);
    ASSERT_EQ(end.code, 0) << end.err;
    expect_same(unbroken, broken);
}

TEST(LearningStage, CtrlCKeepsTheStep) {
    const LearningFixture f;
    const std::string unbroken = f.scratch.file("unbroken"), broken = f.scratch.file("broken");
    ASSERT_EQ(f.train(unbroken, false).code, 0);
    Process process(f.scratch, f.arguments(broken, false));
    while (process.running() && !std::filesystem::exists(broken + "/learning-2.checkpoint")) {
        ::usleep(500);
    }
    process.signal(SIGINT);
    const Outcome o = process.wait();
    EXPECT_EQ(o.code, 130) << o.err;
    EXPECT_NE(o.err.find("continue with --resume"), std::string::npos) << o.err;
    ASSERT_EQ(f.train(broken, true).code, 0);
    expect_same(unbroken, broken);
}

TEST(LearningStage, NamesWhatIsWrong) {
    const LearningFixture twice(
        R"([{"learner": {"model": "agad"}}, {"learner": {"model": "agad"}}])");
    const Outcome o = twice.train(twice.scratch.file("out"), false);
    EXPECT_EQ(o.code, 1);
    EXPECT_NE(o.err.find("learning.rules[1].name"), std::string::npos) << o.err;
    const LearningFixture unknown(R"([{"learner": {"model": "agad", "tail": 1}}])");
    const Outcome u = unknown.train(unknown.scratch.file("out"), false);
    EXPECT_EQ(u.code, 1);
    EXPECT_NE(u.err.find("learning.rules[0].learner.tail"), std::string::npos) << u.err;
    const LearningFixture nowhere(
        R"([{"learner": {"model": "agad"}, "rate_factors": [{"match": "nothing*", "factor": 0}]}])");
    const Outcome n = nowhere.train(nowhere.scratch.file("out"), false);
    EXPECT_EQ(n.code, 1);
    EXPECT_NE(n.err.find("rate_factors[0]"), std::string::npos) << n.err;
}

}  // namespace
}  // namespace mho

#endif

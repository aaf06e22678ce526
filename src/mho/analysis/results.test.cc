// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/results.h"

#include <gtest/gtest.h>

#include <set>

#include "mho/analysis/test_support.h"
#include "mho/util/json.h"

namespace mho {
namespace {

std::set<std::string> keys(const Json& j) {
    std::set<std::string> out;
    for (const auto& [key, value] : j.items()) {
        out.insert(key);
    }
    return out;
}
using Keys = std::set<std::string>;

// Scripts rely on these names.
TEST(Results, KeysForScripts) {
    const RunFile run = tiny_run();
    const EvaluationResult result =
        evaluate(run, matched_networks(run, pattern_images(64, 1)), pattern_images(40, 2), {});
    const Json j = Json::parse(results_to_json(run, result, run_facts(2)));
    EXPECT_EQ(keys(j),
              (Keys{"name",
                    "seed",
                    "images",
                    "programmings",
                    "accuracy",
                    "times_s",
                    "ablation",
                    "mvm_error",
                    "histograms",
                    "run"}));
    const Json& accuracy = j["accuracy"];
    EXPECT_EQ(keys(accuracy),
              (Keys{"float", "naive", "hwa", "naive_uncompensated", "hwa_uncompensated"}));
    EXPECT_TRUE(accuracy["float"].is_number());
    for (const char* curve : {"naive", "hwa", "naive_uncompensated", "hwa_uncompensated"}) {
        EXPECT_EQ(keys(accuracy[curve]), (Keys{"1 s", "1 day"}));
        for (const auto& [time, at] : accuracy[curve].items()) {
            EXPECT_EQ(keys(at), (Keys{"mean", "std", "all"}));
            ASSERT_EQ(at["all"].size(), 3u);
            double sum = 0, squares = 0;
            for (const Json& a : at["all"]) {
                sum += a.get<double>();
            }
            for (const Json& a : at["all"]) {
                squares += std::pow(a.get<double>() - sum / 3, 2);
            }
            EXPECT_NEAR(at["mean"].get<double>(), sum / 3, 1e-12);
            EXPECT_NEAR(at["std"].get<double>(), std::sqrt(squares / 2), 1e-12);
        }
    }
    EXPECT_EQ(j["times_s"]["1 day"], 86400.0);
    EXPECT_EQ(j["ablation"]["time"], "1 day");
    EXPECT_EQ(keys(j["ablation"]["switched_off"][0]),
              (Keys{"source", "difference", "half_width_95"}));
    EXPECT_EQ(keys(j["mvm_error"]), (Keys{"fc1", "fc2"}));
    EXPECT_EQ(keys(j["histograms"]), (Keys{"weights", "conductances_us"}));
    EXPECT_EQ(keys(j["run"]), (Keys{"date", "mho", "cpu", "threads", "wall_s", "cpu_s", "calls"}));
    EXPECT_EQ(j["run"]["threads"], 2);
    EXPECT_EQ(j["run"]["calls"]["program"], 6);
}

// What differs between equal runs stands under `run` alone.
TEST(Results, FactsStandApart) {
    const RunFile run = tiny_run();
    EvaluationResult a, b;
    a.cpu_s["inference"] = 1;
    b.cpu_s["inference"] = 2;
    b.calls["program"] = 3;
    Json x = Json::parse(results_to_json(run, a, {"d", "c", "v", 1, 2}));
    Json y = Json::parse(results_to_json(run, b, {"e", "f", "g", 3, 4}));
    EXPECT_NE(x, y);
    x.erase("run");
    y.erase("run");
    EXPECT_EQ(x, y);
    EXPECT_FALSE(x.contains("ablation") || x.contains("mvm_error"));
}

TEST(Results, FactsOfThisMachine) {
    const RunFacts facts = run_facts(3);
    EXPECT_EQ(facts.threads, 3u);
    EXPECT_EQ(facts.version, version());
    EXPECT_EQ(facts.date.size(), std::string("2026-01-01T00:00:00Z").size());
    EXPECT_FALSE(facts.host_cpu.empty());
}

}  // namespace
}  // namespace mho

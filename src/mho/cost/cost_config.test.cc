// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cost/cost_config.h"

#include <gtest/gtest.h>

#include "mho/net/presets.h"
#include "mho/util/error.h"

namespace mho::cost {
namespace {

std::string problem(const std::string& json) {
    try {
        (void)cost_from_json(json);
    } catch (const ConfigError& e) {
        return e.what();
    }
    return "";
}

TEST(CostConfig, SourcesOfDefaultsPresetsAndTheRunFile) {
    CostSpec spec = cost_from_json("{}");
    EXPECT_EQ(spec.source("digital.adder_pj"), "Aladdin (ISCA 2014), 40 nm");
    spec = cost_from_json(R"({"preset": "hermes", "digital": {"adder_pj": 0.1, "clock_ghz": 1}})");
    EXPECT_EQ(spec.source("digital.adder_pj"), "run file");
    // The same value as before is still the default's.
    EXPECT_EQ(spec.source("digital.clock_ghz"), "NeuroSim V1.4 defaults");
    EXPECT_NE(spec.source("tile.latency_ns").find("Nature Electronics 2023"), std::string::npos);
    EXPECT_NE(spec.source("memory.pj_per_bit").find("part of the published"), std::string::npos);
    spec = cost_from_json(
        R"({"digital": {"adder_pj": 0.1}, "sources": {"digital.adder_pj": "my synthesis"}})");
    EXPECT_EQ(spec.source("digital.adder_pj"), "my synthesis");
}

TEST(CostConfig, EveryPresetReadsAndNamesItsSources) {
    const auto presets = list_presets(PresetKind::kCost);
    EXPECT_EQ(presets.size(), 7u);
    for (const PresetInfo& info : presets) {
        const CostSpec spec = cost_from_json("{\"preset\": \"" + info.name + "\"}");
        EXPECT_FALSE(spec.sources.empty()) << info.name;
        EXPECT_FALSE(info.source.empty()) << info.name;
        // Written out and read again it is the same.
        const std::string text = cost_to_json(spec);
        const CostSpec again = cost_from_json(text);
        EXPECT_EQ(cost_to_json(again), text) << info.name;
        EXPECT_EQ(again.sources, spec.sources) << info.name;
    }
}

TEST(CostConfig, ProblemsNameTheirPath) {
    EXPECT_NE(problem(R"({"technology": {"node_nm": 250}})").find("cost.technology.node_nm"),
              std::string::npos);
    EXPECT_NE(problem(R"({"adc": {"model": "flash"}})").find("cost.adc.model"), std::string::npos);
    EXPECT_NE(problem(R"({"array": {"row": 3}})").find("did you mean `rows`"), std::string::npos);
    EXPECT_NE(problem(R"({"preset": "isac"})").find("isaac"), std::string::npos);
    EXPECT_NE(problem(R"({"preset": 3})").find("cost.preset"), std::string::npos);
    EXPECT_NE(problem(R"({"sources": {"array.rowz": "x"}})").find("array.rows"), std::string::npos);
    EXPECT_NE(problem(R"({"adc": {"model": "table", "points": [{"bits": 8}, {"bits": 8}]}})")
                  .find("cost.adc.points"),
              std::string::npos);
    EXPECT_NE(problem(R"({"adc": {"model": "table", "points": [{"bits": 8, "energy_pj": -1}]}})")
                  .find("cost.adc.points[0].energy_pj"),
              std::string::npos);
    EXPECT_NE(problem("[]").find("cost"), std::string::npos);
}

TEST(CostConfig, SupplyIsThatOfTheNodeUnlessGiven) {
    EXPECT_DOUBLE_EQ(cost_from_json("{}").config.supply_v(), 0.85);
    EXPECT_DOUBLE_EQ(cost_from_json(R"({"technology": {"supply_v": 0.6}})").config.supply_v(), 0.6);
}

}  // namespace
}  // namespace mho::cost

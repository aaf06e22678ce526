// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "mho/cli/test_support.h"

namespace mho {
namespace {

// Looks at every number of a tree.
void expect_sourced(const Json& node) {
    ASSERT_TRUE(node.contains("value") && node.contains("unit")) << node.dump();
    EXPECT_TRUE(node.contains("source") || node.contains("parts")) << node.dump();
    if (node.contains("parts")) {
        EXPECT_TRUE(node.contains("formula")) << node["name"];
        for (const Json& part : node["parts"]) {
            expect_sourced(part);
        }
    }
}

TEST(CostCommand, TablesTreeJsonAndPageOfARun) {
    const RunFixture f;
    const std::string json = f.scratch.file("cost.json"), page = f.scratch.file("cost.html");
    const Outcome o = run({"cost", f.folder, "--explain", "--json", json, "--out", page});
    ASSERT_EQ(o.code, 0) << o.err;
    for (const char* text : {"Layers",
                             "Energy by component",
                             "TOPS/W",
                             "HERMES core",
                             "ADCs",
                             "Aladdin",
                             "sum over lines of (sum |x|) x (sum G)",
                             "written: "}) {
        EXPECT_TRUE(contains(o.out, text)) << text;
    }
    const Json j = Json::parse(read_file(json));
    for (const char* tree : {"energy", "latency", "area"}) {
        expect_sourced(j[tree]);
    }
    EXPECT_NEAR(
        j["energy"]["value"].get<double>() * 1e-12, j["totals"]["energy_j"].get<double>(), 1e-18);
    const std::string html = read_file(page);
    EXPECT_TRUE(contains(html, "<svg") && contains(html, "Layers over time"));
}

TEST(CostCommand, TheUserOverridesAnyComponent) {
    const RunFixture f;
    const Outcome o = run({"cost",
                           f.folder,
                           "--explain",
                           "--set",
                           "cost.array.read_voltage_v=0.1",
                           "--set",
                           "cost.sources={\"array.read_voltage_v\": \"my chip\"}"});
    ASSERT_EQ(o.code, 0) << o.err;
    EXPECT_TRUE(contains(o.out, "cost.array.read_voltage_v  0.1 V  [my chip]")) << o.out;
    const Outcome preset = run({"cost", f.folder, "--preset", "hermes", "--explain"});
    ASSERT_EQ(preset.code, 0) << preset.err;
    EXPECT_TRUE(contains(preset.out, "products of whole tiles"));
    EXPECT_TRUE(contains(preset.out, "preset hermes"));
}

TEST(CostCommand, HowFarToolsDisagree) {
    const RunFixture f;
    const Outcome o = run({"cost", f.folder, "--tools"});
    ASSERT_EQ(o.code, 0) << o.err;
    for (const char* text : {"by every preset",
                             "isaac",
                             "neurosim",
                             "this run",
                             "ZigZag-IMC",
                             "largest over smallest energy"}) {
        EXPECT_TRUE(contains(o.out, text)) << text;
    }
    const Outcome alone = run({"cost", "--tools", "--bits", "6", "--node", "22"});
    ASSERT_EQ(alone.code, 0) << alone.err;
    EXPECT_TRUE(contains(alone.out, "An ADC of 6 bit at 22 nm"));
}

TEST(CostCommand, ProblemsAreNamed) {
    const RunFixture f;
    EXPECT_EQ(run({"cost"}).code, 2);
    EXPECT_EQ(run({"cost", f.folder + "/missing.json"}).code, 1);
    const Outcome wrong = run({"cost", f.folder, "--set", "cost.technology.node_nm=500"});
    EXPECT_EQ(wrong.code, 2);
    EXPECT_TRUE(contains(wrong.err, "cost.technology.node_nm")) << wrong.err;
    const Outcome preset = run({"cost", f.folder, "--preset", "isac"});
    EXPECT_TRUE(contains(preset.err, "isaac")) << preset.err;
    const Outcome small = run({"cost", f.folder, "--set", "cost.schedule.tiles=1"});
    EXPECT_EQ(small.code, 1);
    EXPECT_TRUE(contains(small.err, "schedule.tiles")) << small.err;
    const Outcome layer = run({"cost", f.folder, "--tools", "--layer", "fc9"});
    EXPECT_EQ(layer.code, 1);
    EXPECT_TRUE(contains(layer.err, "fc9")) << layer.err;
}

}  // namespace
}  // namespace mho

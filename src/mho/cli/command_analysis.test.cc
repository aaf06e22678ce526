// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// The commands that ask an evaluated or trained run further questions: budget, specs, compare,
// sweep.

#include <gtest/gtest.h>

#include "mho/cli/test_support.h"

namespace mho {
namespace {

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TEST(CommandBudget, TablePageAndNumbers) {
    const RunFixture fixture;
    const std::string page = fixture.scratch.file("budget.html");
    const std::string json = fixture.scratch.file("budget.json");
    const Outcome o = run({"budget",
                           fixture.folder,
                           "--images",
                           "40",
                           "--chips",
                           "2",
                           "--orders",
                           "2",
                           "--quiet",
                           "--out",
                           page,
                           "--json",
                           json});
    EXPECT_EQ(o.code, 0) << o.err;
    EXPECT_TRUE(has(o.out, "programming noise")) << o.out;
    EXPECT_TRUE(has(o.out, "2 paired chips")) << o.out;
    const Json j = Json::parse(read_file(json));
    double sum = 0.0;
    for (const Json& s : j["shares"]) {
        sum += s["shapley"]["mean"].get<double>();
    }
    EXPECT_NEAR(
        sum,
        j["everything_off"]["mean"].get<double>() - j["everything_on"]["mean"].get<double>(),
        1e-12);
    EXPECT_TRUE(has(read_file(page), "Shapley shares"));
    EXPECT_TRUE(has(run({"budget", fixture.folder, "--time", "1 dya"}).err, "did you mean"));
    EXPECT_EQ(run({"budget", fixture.scratch.file("nowhere")}).code, 1);
}

TEST(CommandSpecs, LimitsAndBorders) {
    const RunFixture fixture;
    const std::string page = fixture.scratch.file("specs.html");
    const std::string json = fixture.scratch.file("specs.json");
    const Outcome o = run({"specs",
                           fixture.folder,
                           "--loss",
                           "5%",
                           "--images",
                           "40",
                           "--chips",
                           "1",
                           "--points",
                           "3",
                           "--pair",
                           "programming noise:ADC bits",
                           "--quiet",
                           "--out",
                           page,
                           "--json",
                           json});
    EXPECT_EQ(o.code, 0) << o.err;
    EXPECT_TRUE(has(o.out, "one imperfection alone")) << o.out;
    EXPECT_TRUE(has(o.out, "programming noise and ADC bits")) << o.out;
    const Json j = Json::parse(read_file(json));
    EXPECT_EQ(j["limits"].size(), 7U);
    EXPECT_NEAR(j["target"].get<double>(), j["float"].get<double>() - 0.05, 1e-12);
    EXPECT_EQ(j["pairs"].size(), 1U);
    EXPECT_TRUE(has(read_file(page), "The shaded region suffices"));
    EXPECT_EQ(run({"specs", fixture.folder, "--loss", "much"}).code, 2);
    EXPECT_EQ(run({"specs", fixture.folder, "--pair", "drift"}).code, 2);
    EXPECT_TRUE(
        has(run({"specs", fixture.folder, "--pair", "drift:bits", "--quiet"}).err, "unknown axis"));
}

TEST(CommandCompare, TwoEvaluationsOfTheSameChips) {
    const RunFixture fixture;
    const std::string other = fixture.scratch.file("other");
    ASSERT_EQ(run({"evaluate", fixture.folder, "--quiet"}).code, 0);
    ASSERT_EQ(run({"evaluate", fixture.folder, "--set", "seed=9", "--out", other, "--quiet"}).code,
              0);
    const std::string page = fixture.scratch.file("compare.html");
    const Outcome same = run({"compare", fixture.folder, fixture.folder, "--out", page});
    EXPECT_EQ(same.code, 0) << same.err;
    EXPECT_TRUE(has(same.out, "pair by pair")) << same.out;
    EXPECT_TRUE(has(same.out, "+0.000 to +0.000")) << same.out;
    EXPECT_FALSE(has(same.out, "differs")) << same.out;
    EXPECT_TRUE(has(read_file(page), "Difference, second minus first"));
    const Outcome seeds = run({"compare", fixture.folder, other});
    EXPECT_TRUE(has(seeds.out, "the seeds differ")) << seeds.out;
    EXPECT_TRUE(has(run({"compare", fixture.folder, fixture.scratch.file("x")}).err, "not there"));
}

TEST(CommandSweep, RunsPointsResumesAndDrawsThem) {
    const RunFixture fixture;
    const std::string file = fixture.scratch.file("sweep.json");
    const std::string out = fixture.scratch.file("out");
    const auto write = [&](const std::string& values) {
        write_file_atomically(file,
                              R"({"run": "run/run.json", "command": "evaluate",
            "cost": true, "set": ["network.weights=float.safetensors", "evaluation.programmings=2",
                    "evaluation.error_images=0", "evaluation.ablation.enabled=false"],
            "parameters": [{"path": "hardware.forward.adc.steps", "values": [)" +
                                  values + "]}]}");
    };
    write("2, 254");
    const auto sweep = [&] {
        Process p(fixture.scratch, {"sweep", file, "--out", out, "--processes", "2", "--quiet"});
        return p.wait();
    };
    const Outcome first = sweep();
    EXPECT_EQ(first.code, 0) << first.err << first.out;
    EXPECT_TRUE(has(first.out, "done")) << first.out;
    const std::string csv = read_file(out + "/sweep.csv");
    EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 3) << csv;
    EXPECT_TRUE(has(csv, "naive 1 day std")) << csv;
    EXPECT_TRUE(has(csv, ",energy_j,")) << csv;
    EXPECT_TRUE(has(read_file(out + "/sweep.html"), "against energy_j"));
    EXPECT_TRUE(has(read_file(out + "/sweep.html"), "Pareto front"));
    // A third point: the two that are done are not run again.
    const auto before = contents(out + "/points");
    write("2, 254, 14");
    const Outcome second = sweep();
    EXPECT_EQ(second.code, 0) << second.err;
    const auto after = contents(out + "/points");
    for (const auto& [path, text] : before) {
        EXPECT_EQ(after.at(path), text);
    }
    EXPECT_GT(after.size(), before.size());
    const std::string three = read_file(out + "/sweep.csv");
    // Other weights under the same name: no point counts as done any more.
    const std::string weights = fixture.folder + "/float.safetensors";
    Network network = read_network(weights);
    for (float& w : network.parameters.begin()->second.values) {
        w = -w;
    }
    write_network(weights, network);
    write("2, 254, 14");
    ASSERT_EQ(sweep().code, 0);
    EXPECT_NE(read_file(out + "/sweep.csv"), three);
    // A point that cannot work: said before any work.
    write("-5");
    const Outcome bad = sweep();
    EXPECT_NE(bad.code, 0);
    EXPECT_TRUE(has(bad.err, "hardware.forward.adc.steps")) << bad.err;
    const Outcome listed = run({"sweep", file, "--list"});
    EXPECT_NE(listed.code, 0);
    write("2");
    EXPECT_TRUE(has(run({"sweep", file, "--list"}).out, "--set 'hardware.forward.adc.steps=2'"));
}

}  // namespace
}  // namespace mho

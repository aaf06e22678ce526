// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/sweep.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "mho/util/error.h"

namespace mho {
namespace {

constexpr const char* kGrid =
    R"({"run": "r.json", "set": ["evaluation.programmings=2"], "parameters": [
    {"path": "a.bits", "values": [4, 6, 8]},
    {"path": "b.noise", "low": 0.01, "high": 1, "logarithmic": true, "points": 3},
    {"path": "c.kind", "values": ["none", "global"]}]})";

TEST(Sweep, GridIsEveryCombination) {
    const Sweep s = parse_sweep(kGrid, "s.json");
    const std::vector<SweepPoint> points = sweep_points(s);
    ASSERT_EQ(points.size(), 18U);
    EXPECT_EQ(points[0].values, (std::vector<std::string>{"4", "0.01", "\"none\""}));
    EXPECT_EQ(points[3].values[1], "0.1");
    EXPECT_EQ(points[17].overrides,
              (std::vector<std::string>{
                  "evaluation.programmings=2", "a.bits=8", "b.noise=1", "c.kind=\"global\""}));
    std::set<std::string> names;
    for (const SweepPoint& p : points) {
        names.insert(p.name);
    }
    EXPECT_EQ(names.size(), 18U);
    // Names depend on what a point is, not on its place.
    const Sweep fewer = parse_sweep(
        R"({"run": "r.json", "set": ["evaluation.programmings=2"], "parameters": [
        {"path": "a.bits", "values": [8]}, {"path": "b.noise", "values": [1]},
        {"path": "c.kind", "values": ["global"]}]})",
        "t.json");
    EXPECT_EQ(sweep_points(fewer)[0].name, points[17].name);
}

TEST(Sweep, LatinHypercubeUsesEveryStratumOnce) {
    const Sweep s = parse_sweep(R"({"run": "r.json", "method": "latin hypercube", "samples": 50,
        "parameters": [{"path": "x", "low": 0, "high": 50}, {"path": "y", "low": 1, "high": 1024, "logarithmic": true},
                       {"path": "z", "values": [1, 2]}, {"path": "n", "low": 1, "high": 3, "integer": true}]})",
                                "s.json");
    const std::vector<SweepPoint> points = sweep_points(s);
    ASSERT_EQ(points.size(), 50U);
    std::set<int> x, y;
    int ones = 0;
    double correlation = 0.0;
    for (const SweepPoint& p : points) {
        x.insert(static_cast<int>(std::stod(p.values[0])));
        y.insert(static_cast<int>(std::log2(std::stod(p.values[1])) * 5));
        ones += p.values[2] == "1";
        EXPECT_EQ(p.values[3].size(), 1U);
        correlation += (std::stod(p.values[0]) - 25) * (std::log2(std::stod(p.values[1])) - 5);
    }
    EXPECT_EQ(x.size(), 50U);
    EXPECT_GE(y.size(), 49U);  // a value on a border may be printed as the next
    EXPECT_EQ(ones, 25);
    // Orders of two parameters are independent: standard error of the correlation 1 / 7.
    EXPECT_LT(std::abs(correlation / 50 / (14.4 * 2.89)), 0.7);
    EXPECT_EQ(sweep_points(s)[7].values, points[7].values);
}

TEST(Sweep, TableAndFront) {
    const auto m = sweep_metrics(R"({"accuracy": {"float": 0.9, "digital": {"W4A8": 0.8},
        "naive": {"1 s": {"mean": 0.7, "std": 0.1, "all": [0.7]}}}})",
                                 R"({"totals": {"energy_j": 2e-6, "tiles": 3}})");
    EXPECT_EQ(m.at("float"), 0.9);
    EXPECT_EQ(m.at("digital W4A8"), 0.8);
    EXPECT_EQ(m.at("naive 1 s"), 0.7);
    EXPECT_EQ(m.at("naive 1 s std"), 0.1);
    EXPECT_EQ(m.at("energy_j"), 2e-6);
    EXPECT_EQ(m.size(), 5U);
    EXPECT_TRUE(sweep_metrics("{", "[1]").empty());
    EXPECT_TRUE(sweep_metrics("", R"({"totals": 3})").empty());
    SweepTable t;
    t.parameters = {"a"};
    t.metrics = {"float"};
    t.rows = {{{"\"x, y\""}, {0.5}, "done"}, {{"3"}, {NAN}, "failed"}};
    EXPECT_EQ(t.csv(), "a,float,state\n\"\"\"x, y\"\"\",0.5,done\n3,,failed\n");
    EXPECT_TRUE(std::isnan(t.column("a")[0]));
    EXPECT_EQ(t.column("a")[1], 3.0);
    EXPECT_THROW(t.column("flaot"), InputError);
    const std::vector<double> x = {3, 1, 2, 2, NAN, 4};
    const std::vector<double> y = {5, 1, 4, 3, 9, 5};
    EXPECT_EQ(pareto_front(x, y), (std::vector<size_t>{1, 2, 0}));
}

TEST(Sweep, EqualPointsAreOne) {
    const Sweep grid = parse_sweep(
        R"({"run": "r.json", "parameters": [{"path": "seed", "values": [1, 1, 2, 1]}]})", "s.json");
    ASSERT_EQ(sweep_points(grid).size(), 2u);
    const Sweep samples = parse_sweep(R"({"run": "r.json", "method": "latin hypercube",
        "samples": 10, "parameters": [{"path": "seed", "values": [1, 2]}]})",
                                      "s.json");
    EXPECT_EQ(sweep_points(samples).size(), 2u);
}

TEST(Sweep, ErrorsNameThePath) {
    const auto error_of = [](const std::string& text) {
        try {
            parse_sweep(text, "s.json");
        } catch (const ConfigError& e) {
            return std::string(e.what());
        }
        return std::string("none");
    };
    const std::pair<const char*, const char*> cases[] = {
        {"{}", "run: which run file"},
        {R"({"run": "r", "parameters": []})", "parameters: needs"},
        {R"({"run": "r", "parameters": [1]})", "parameters[0]: expected an object"},
        {R"({"run": "r", "parameters": [{"path": "a"}]})", "parameters[0].values: give either"},
        {R"({"run": "r", "parameters": [{"values": [1]}]})", "parameters[0].path: which"},
        {R"({"run": "r", "parameters": [{"path": "a", "low": 2, "high": 1}]})",
         "parameters[0].low"},
        {R"({"run": "r", "parameters": [{"path": "a", "low": 0, "high": 1, "logarithmic": true}]})",
         "parameters[0].low: must be above 0"},
        {R"({"run": "r", "parameters": [{"path": "a", "values": [1], "vlaues": 2}]})",
         "parameters[0].vlaues: unknown key"},
        {R"({"run": "r", "method": "gird", "parameters": [{"path": "a", "values": [1]}]})",
         "method: unknown choice"},
        {R"({"run": "r", "name": "../x", "parameters": [{"path": "a", "values": [1]}]})",
         "name: names a folder"},
        {R"({"run": "r", "command": "fit", "parameters": [{"path": "a", "values": [1]}]})",
         "command: unknown"},
        {R"({"run": "r", "set": ["x"], "parameters": [{"path": "a", "values": [1]}]})",
         "set[0]: "}};
    for (const auto& [text, expected] : cases) {
        EXPECT_NE(error_of(text).find(expected), std::string::npos) << text << error_of(text);
    }
    std::string many = R"({"run": "r", "parameters": [)";
    for (int i = 0; i < 6; i++) {
        many +=
            std::string(i > 0 ? "," : "") + R"({"path": "a", "low": 0, "high": 1, "points": 10})";
    }
    EXPECT_THROW(sweep_points(parse_sweep(many + "]}", "s")), InputError);
}

}  // namespace
}  // namespace mho

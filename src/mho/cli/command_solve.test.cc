// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <sstream>

#include "mho/cli/run_folder.h"
#include "mho/cli/test_support.h"
#include "mho/net/executor.h"
#include "mho/report/xml_check.h"

namespace mho {
namespace {

constexpr const char* kCircuit =
    R"({"conductance": [[1, 0.5], [0.25, 0.8], [0.1, 0.4]], "voltage": [1, 0.5, 0.75], "wire_resistance": 0.1)";

std::string circuit(const ScratchFolder& folder, const std::string& more = "") {
    const std::string path = folder.file("circuit.json");
    write_file_atomically(path, std::string(kCircuit) + more + "}");
    return path;
}

// The numbers of spec/peers.md 2.14.
TEST(CommandSolve, PrintsCurrentsResidualAndIterations) {
    const ScratchFolder folder;
    const Outcome o = run({"solve",
                           circuit(folder),
                           "--svg",
                           folder.file("drop.svg"),
                           "--json",
                           folder.file("out.json"),
                           "--effective",
                           folder.file("effective.csv")});
    EXPECT_EQ(o.code, 0) << o.err;
    EXPECT_NE(o.out.find("0.8156306126"), std::string::npos) << o.out;
    EXPECT_NE(o.out.find("0.8303695063"), std::string::npos) << o.out;
    EXPECT_NE(o.out.find("residual "), std::string::npos);
    EXPECT_NE(o.out.find("iterations "), std::string::npos);
    EXPECT_NE(o.out.find("2 solves"), std::string::npos) << o.out;
    EXPECT_EQ(xml_problem(read_file(folder.file("drop.svg"))), "");
    const Json j = Json::parse(read_file(folder.file("out.json")));
    EXPECT_NEAR(j["currents"][0].get<double>(), 0.8156306126, 6e-11);
    EXPECT_LE(j["residual"].get<double>(), 1e-14);
    EXPECT_LT(j["balance"].get<double>(), 1e-13);
    double sum = 0.0;
    std::istringstream csv(read_file(folder.file("effective.csv")));
    const double volts[] = {1, 0.5, 0.75};
    std::string line;
    for (size_t i = 0; std::getline(csv, line); i++) {
        sum += volts[i] * std::stod(line);
    }
    EXPECT_NEAR(sum, 0.8156306126, 1e-9);
}

TEST(CommandSolve, RowAndColumnResistanceWin) {
    const ScratchFolder folder;
    const Outcome o = run({"solve", circuit(folder, ", \"column_resistance\": 0")});
    EXPECT_EQ(o.code, 0) << o.err;
    EXPECT_NE(o.out.find("1.0566347745"), std::string::npos) << o.out;
}

TEST(CommandSolve, FastModeEstimatesItsError) {
    const ScratchFolder folder;
    const Outcome o = run({"solve", circuit(folder), "--mode", "dmr"});
    EXPECT_EQ(o.code, 0) << o.err;
    EXPECT_NE(o.out.find("0.82441543"), std::string::npos) << o.out;
    EXPECT_NE(o.out.find("error estimate"), std::string::npos);
    EXPECT_NE(o.out.find("warning: DMR"), std::string::npos);
    EXPECT_EQ(run({"solve", circuit(folder), "--mode", "dmr", "--svg", "x.svg"}).code, 1);
    EXPECT_NE(run({"solve", circuit(folder), "--mode", "column recursion"}).err.find("topology"),
              std::string::npos);
}

TEST(CommandSolve, TakesALayerOfARun) {
    const RunFixture fixture;
    const std::string path = fixture.scratch.file("layer.json");
    const auto solve = [&](const std::string& layer, const std::string& more) {
        write_file_atomically(path,
                              "{\"run\": \"run\", \"layer\": \"" + layer +
                                  "\", \"wire_resistance\": 1e-3" + more + "}");
        return run({"solve", path});
    };
    const Outcome unknown = solve("no such layer", "");
    EXPECT_EQ(unknown.code, 1);
    EXPECT_NE(unknown.err.find("layer: unknown layer"), std::string::npos) << unknown.err;
    Executor executor(load_run(fixture.folder, {}).networks.naive, 1);
    const std::string layer = executor.analog_layers()[0];
    const Outcome o = solve(layer, ", \"time_s\": 86400");
    EXPECT_EQ(o.code, 0) << o.err;
    EXPECT_NE(o.out.find("all inputs at 1"), std::string::npos) << o.out;
    EXPECT_EQ(solve(layer, ", \"topology\": \"input line pairs\"").code, 0);
    EXPECT_NE(solve(layer, ", \"slice\": 9").err.find("slice: "), std::string::npos);
    EXPECT_NE(solve(layer, ", \"tile_row\": 99").err.find("tile_row: "), std::string::npos);
    EXPECT_NE(solve(layer, ", \"voltage\": [1]").err.find("voltage: "), std::string::npos);
}

// Currents in units of g_max do not depend on what g_max is, and the layer's own wires act.
TEST(CommandSolve, TakesWiresAndUnitOfACrossbar) {
    const auto currents = [](double g_max_us, const std::string& more) {
        const RunFixture fixture({"hardware.preset=crossbar sar",
                                  "hardware.crossbar.cell.g_max_us=" + std::to_string(g_max_us),
                                  "hardware.crossbar.wires.row_resistance=1e-3",
                                  "hardware.crossbar.wires.column_resistance=2e-3"});
        Executor executor(load_run(fixture.folder, {}).networks.hardware_aware, 1);
        const std::string layer = executor.analog_layers()[0];
        const std::string path = fixture.scratch.file("layer.json");
        const std::string json = fixture.scratch.file("out.json");
        write_file_atomically(path, "{\"run\": \"run\", \"layer\": \"" + layer + "\"" + more + "}");
        const Outcome o = run({"solve", path, "--json", json});
        EXPECT_EQ(o.code, 0) << o.err;
        const Json found = Json::parse(read_file(json));
        executor.program();
        const Tile& tile = executor.grids(layer)[0].tile(0, 0);
        const Matrix<float> g = tile.conductances_us()[0];
        double largest = 0;
        for (size_t j = 0; j < g.rows; j++) {
            double sum = 0;
            for (size_t i = 0; i < g.cols; i++) {
                sum += double{g(j, i)} / tile.g_max_us();
            }
            EXPECT_NEAR(found["currents_without_wires"][j].get<double>(), sum, 1e-5 * sum + 1e-9);
            largest = std::max(largest, sum - found["currents"][j].get<double>());
        }
        EXPECT_EQ(found["wires"]["column_resistance"].get<double>(), more.empty() ? 2e-3 : 0.0);
        EXPECT_EQ(largest > 0, more.empty());
        return found["currents"];
    };
    const Json at_100 = currents(100, "");
    const Json at_50 = currents(50, "");
    for (size_t j = 0; j < at_100.size(); j++) {
        EXPECT_NEAR(at_100[j].get<double>(), at_50[j].get<double>(), 1e-6);
    }
    currents(100, ", \"wire_resistance\": 0");
}

// Comparisons with what is not a number are false: it must not look like convergence.
TEST(CommandSolve, CurrentsBeyondAllNumbersAreAnError) {
    const ScratchFolder folder;
    const std::string path = folder.file("steep.json");
    write_file_atomically(path,
                          R"({"conductance": [[1, 0.5], [0.25, 0.8]], "voltage": [1e6, 1e6],
                              "wire_resistance": 0.01, "curvature": 50})");
    const Outcome o = run({"solve", path});
    EXPECT_EQ(o.code, 1);
    EXPECT_NE(o.err.find("exceed all numbers"), std::string::npos) << o.err << o.out;
}

TEST(CommandSolve, ErrorsNameThePath) {
    const ScratchFolder folder;
    const auto error_of = [&](const std::string& text) {
        const std::string path = folder.file("bad.json");
        write_file_atomically(path, text);
        const Outcome o = run({"solve", path});
        EXPECT_EQ(o.code, 1) << text;
        return o.err;
    };
    const std::pair<const char*, const char*> cases[] = {
        {"{}", "conductance: give either"},
        {R"({"conductance": [[1, 2], [3]], "voltage": [1, 1]})",
         "conductance[1]: every row needs 2"},
        {R"({"conductance": [[-1]], "voltage": [1]})", "conductance[0][0]: must be"},
        {R"({"conductance": [[1]], "voltage": [1, 2]})", "voltage: needs 1 numbers"},
        {R"({"conductance": [[1]], "voltage": [1], "wire_resistance": -1})", "wire_resistance: "},
        {R"({"conductance": [[1]], "voltage": [1], "topology": "diagonal"})", "topology: unknown"},
        {R"({"conductance": [[1]], "voltage": [1], "topology": "input line pairs"})", "negative: "},
        {R"({"conductance": [[1]], "voltage": [2], "topology": "supply line"})",
         "voltage[0]: gates"},
        {R"({"conductance": [[1]], "voltage": [1], "resistence": 1})", "resistence: unknown key"},
        {R"({"conductance": [[]], "voltage": [1]})", "conductance[0]: needs at least one"},
        {R"({"run": "nowhere"})", "layer: which layer"},
        {R"({"run": "nowhere", "layer": "fc"})", "nowhere"},
        {"[1", "bad.json"}};
    for (const auto& [text, expected] : cases) {
        EXPECT_NE(error_of(text).find(expected), std::string::npos) << text << error_of(text);
    }
    EXPECT_EQ(run({"solve", folder.file("missing.json")}).code, 1);
}

}  // namespace
}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
//
// Files that version 0.1.0 wrote (tests/data/v0.1): they load, and mean what they meant.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "mho/analysis/test_support.h"
#include "mho/cli/command.h"
#include "mho/cli/run_folder.h"
#include "mho/io/file.h"
#include "mho/tile/conductance_csv.h"

namespace mho {
namespace {

using nlohmann::json;

const std::string kKept = MHO_TEST_DATA "/v0.1";
const std::string kData = "data.folder=" + kKept + "/data";

TEST(KeptFiles, RunFolder) {
    const LoadedRun loaded = load_run(kKept + "/run", {kData});
    EXPECT_EQ(loaded.run.name, "kept");
    ASSERT_TRUE(loaded.networks.has_naive && loaded.networks.has_hardware_aware);
    EXPECT_TRUE(loaded.networks.hardware_aware.is_analog("fc1"));
    EXPECT_FALSE(loaded.networks.floating_point.is_analog("fc1"));
}

TEST(KeptFiles, EvaluatedAgainTheRunGivesItsAccuracies) {
    const ScratchFolder scratch;
    std::ostringstream out, err;
    const std::string folder = scratch.file("out");
    ASSERT_EQ(run_mho({"evaluate", kKept + "/run", "--out", folder, "--set", kData, "--quiet"},
                      core_commands(),
                      out,
                      err),
              0)
        << err.str();
    const json old = json::parse(read_file(kKept + "/run/results.json"));
    const json now = json::parse(read_file(folder + "/results.json"));
    // Right answers among 40 pictures: whole numbers, equal for ever.
    EXPECT_EQ(now.at("accuracy"), old.at("accuracy"));
}

TEST(KeptFiles, Report) {
    const ScratchFolder scratch;
    std::filesystem::copy(kKept + "/run", scratch.file("run"));
    EXPECT_NE(write_report(scratch.file("run")).find("1 day"), std::string::npos);
}

TEST(KeptFiles, ConductancesOfATile) {
    Tile tile(TileConfig{}, 3, 2, make_tile_key(1, "kept"));
    Matrix<float> w(3, 2);
    w.values = {0.5f, -0.25f, 1.0f, 0.0f, -1.0f, 0.125f};
    tile.program(w.view());
    const std::string text = read_file(kKept + "/conductances.csv");
    parse_conductances(text, "kept", tile);
    EXPECT_EQ(format_conductances(tile), text);
}

}  // namespace
}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/cell_table.h"

#include <gtest/gtest.h>

#include <string>

#include "mho/device/stuck_map.h"
#include "mho/util/error.h"

namespace mho {
namespace {

template <class F>
std::string refusal(F&& f) {
    try {
        f();
    } catch (const IoError& e) {
        return e.what();
    }
    return "accepted";
}

TEST(CellTable, ReadsCsvInAnyOrderOfColumns) {
    const TableCell t =
        parse_cell_table("std_us,state_us,nu\n0.5,0,0.1\n1,50,0.05\n2,100,0\n", "t");
    EXPECT_EQ(t.state_us, (std::vector<double>{0, 50, 100}));
    EXPECT_EQ(t.std_us, (std::vector<double>{0.5, 1, 2}));
    EXPECT_EQ(t.nu, (std::vector<double>{0.1, 0.05, 0}));
    const TableCell curve = parse_cell_table("voltage_v,current\n0,0\n0.2,1e-6\n", "t", t);
    EXPECT_EQ(curve.state_us, t.state_us);
    EXPECT_EQ(curve.current, (std::vector<double>{0, 1e-6}));
}

TEST(CellTable, ReadsJson) {
    const TableCell t = parse_cell_table(
        R"({"name": "mine", "state_us": [0, 25], "std_us": [0.1, 1], "drift_t0_s": 20})", "t");
    EXPECT_EQ(t.std_us, (std::vector<double>{0.1, 1}));
    EXPECT_EQ(t.drift_t0_s, 20);
}

TEST(CellTable, RefusalsSayWhereAndWhat) {
    const auto text = [](const std::string& s) {
        return refusal([&] { parse_cell_table(s, "cells.csv"); });
    };
    EXPECT_NE(text("state_us,sdt_us\n0,1\n1,1\n").find("did you mean `std_us`"), std::string::npos);
    EXPECT_NE(text("state_us\n1\n1\n").find("must be above"), std::string::npos);
    EXPECT_NE(text("state_us,nu\n0,0\n1,7\n").find("`nu` must be -1 to 1"), std::string::npos);
    EXPECT_NE(text("state_us\n0\n").find("2 to"), std::string::npos);
    EXPECT_NE(text("state_us,state_us\n0,0\n1,1\n").find("two columns"), std::string::npos);
    EXPECT_NE(text("").find("cells.csv"), std::string::npos);
    EXPECT_NE(text("{\"state_us\": [0, \"a\"]}").find("state_us[1]"), std::string::npos);
    EXPECT_NE(text("{\"state_us\": [0, 1").find("cells.csv"), std::string::npos);
    EXPECT_NE(text("{\"file\": \"x\", \"state_us\": [0, 1]}").find("another file"),
              std::string::npos);
    EXPECT_NE(text("state_us,std_us\n0,nan\n1,0\n").find("std_us"), std::string::npos);
}

// Whatever happens to a table, it is read or refused with an IoError.
TEST(CellTable, DamagedTablesAreRefusedClearly) {
    const std::vector<std::string> seeds = {
        "state_us,std_us,nu\n0,0.5,0.1\n50,1,0.05\n100,2,0\n",
        R"({"state_us": [0, 25], "std_us": [0.1, 1], "voltage_v": [0, 1], "current": [0, 2]})",
        "slice,row,column,g,yield\n*,1,2,open,0.5\n0,*,3,0.25,1\n"};
    const TileKey key = make_tile_key(1, "damage");
    for (uint64_t trial = 0; trial < 3000; trial++) {
        std::string text = seeds[trial % seeds.size()];
        std::vector<uint32_t> words(9);
        fill_words(key, Stream::kTest, trial, 0, words);
        for (size_t k = 0; k <= words[8] % 4; k++) {
            const size_t at = words[2 * k] % text.size();
            const uint32_t w = words[2 * k + 1];
            const char* pieces[] = {"", "e999", "-", ",", "nan", "\n", "\xff", "[", "}", "*"};
            text.replace(at, w % 3, pieces[(w >> 8) % 10]);
        }
        for (const bool is_map : {false, true}) {
            try {
                if (is_map) {
                    parse_stuck_map(text, "damaged");
                } else {
                    parse_cell_table(text, "damaged");
                }
            } catch (const IoError& e) {
                EXPECT_NE(std::string(e.what()).find("damaged"), std::string::npos) << e.what();
            }
        }
    }
}

TEST(StuckMap, AppliesToThePlacesThatItNames) {
    const StuckMap map = parse_stuck_map(
        "slice,row,column,g\n*,0,1,short\n1,1,*,open\n0,9,9,0.5\n0,1,0,0.25\n", "map");
    std::vector<float> g(6, 0.7f);
    map.apply(0, 2, 3, make_tile_key(1, "t"), g.data());
    EXPECT_EQ(g, (std::vector<float>{0.7f, 1, 0.7f, 0.25f, 0.7f, 0.7f}));
    std::vector<float> h(6, 0.7f);
    map.apply(1, 2, 3, make_tile_key(1, "t"), h.data());
    EXPECT_EQ(h, (std::vector<float>{0.7f, 1, 0.7f, 0, 0, 0}));
}

TEST(StuckMap, YieldIsAShareOfCells) {
    const StuckMap map = parse_stuck_map("slice,row,column,g,yield\n*,*,*,open,0.9\n", "map");
    constexpr size_t kCells = 40000;
    std::vector<float> g(kCells, 1.0f);
    map.apply(0, 200, 200, make_tile_key(1, "t"), g.data());
    double open = 0;
    for (const float v : g) {
        open += v == 0 ? 1 : 0;
    }
    EXPECT_NEAR(open / kCells, 0.1, 6 * 0.3 / 200);
    std::vector<float> again(kCells, 1.0f);
    map.apply(0, 200, 200, make_tile_key(1, "t"), again.data());
    EXPECT_EQ(g, again);
}

TEST(StuckMap, RefusalsSayWhereAndWhat) {
    const auto text = [](const std::string& s) {
        return refusal([&] { parse_stuck_map(s, "map.csv"); });
    };
    EXPECT_NE(text("slice,row,g\n").find("header"), std::string::npos);
    EXPECT_NE(text("").find("empty"), std::string::npos);
    EXPECT_NE(text("slice,row,column,g\n0,-1,0,1\n").find("line 2: row"), std::string::npos);
    EXPECT_NE(text("slice,row,column,g\n0,1,0,2\n").find("0 to 1"), std::string::npos);
    EXPECT_NE(text("slice,row,column,g\n0,1,0\n").find("4 columns"), std::string::npos);
}

}  // namespace
}  // namespace mho

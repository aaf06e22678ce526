// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/tile/conductance_csv.h"

#include <gtest/gtest.h>

#include "mho/io/test_support.h"
#include "mho/tile/test_support.h"
#include "mho/util/error.h"

namespace mho {
namespace {

Matrix<float> uniform_weights(size_t rows, size_t cols) {
    Matrix<float> w(rows, cols);
    fill_uniform({5}, Stream::kTest, 1, 0, w.values);
    for (float& v : w.values) {
        v = 2 * v - 1;
    }
    return w;
}

TileConfig config_with(const Converter& converter) {
    TileConfig c;
    c.converter = converter;
    c.mapping.max_inputs = 8;
    c.mapping.max_outputs = 5;
    return c;
}

TEST(ConductanceCsv, RoundTripIsExactForEveryConverter) {
    const Converter converters[] = {SinglePair{},
                                    NPair{},
                                    CustomPair{},
                                    SingleDevice{.g_max_us = 25.0},
                                    Fusion{},
                                    Differential{}};
    for (const Converter& converter : converters) {
        for (const bool renormalise : {false, true}) {
            TileConfig config = config_with(converter);
            if (g_min_us(converter) < 0) {
                config.conductance = ChipPolynomial{};
            } else if (g_max_us(converter) != 25.0) {
                config.conductance = StateIndependent{};
            }
            config.renormalise_programmed = renormalise;
            TileGrid grid(config, 7, 19, 3, "layer");
            grid.program(uniform_weights(7, 19).view());
            grid.advance_to(3600.0, 2);
            const Matrix<float> before = grid.weights();
            const std::string text = format_conductances(grid);
            // Other conductances at first: those of another programming, a day later.
            grid.program(uniform_weights(7, 19).view(), 4);
            grid.advance_to(3600.0, 2);
            if (renormalise) {
                // The scale belongs to the programming.
                grid.program(uniform_weights(7, 19).view());
                grid.advance_to(3600.0, 2);
            } else {
                EXPECT_FALSE(same_bits(grid.weights(), before));
            }
            parse_conductances(text, "g.csv", grid);
            EXPECT_TRUE(same_bits(grid.weights(), before)) << converter_name(converter);
            EXPECT_EQ(format_conductances(grid), text) << converter_name(converter);
        }
    }
}

TEST(ConductanceCsv, FilesAndSingleTiles) {
    const ScratchFolder folder;
    Tile tile(TileConfig{}, 2, 3, {4});
    tile.program(uniform_weights(2, 3).view());
    write_conductances(folder.file("a.csv"), tile);
    const Matrix<float> before = tile.weights();
    tile.advance_to(1e6);
    read_conductances(folder.file("a.csv"), tile);
    EXPECT_TRUE(same_bits(tile.weights(), before));
    EXPECT_EQ(tile.time_s(), 1e6);
    EXPECT_TRUE(
        contains(format_conductances(tile), "tile_row,tile_col,slice,row,column,g_us\n0,0,0,"));
}

TEST(ConductanceCsv, AnyOrderAndBlanks) {
    TileConfig config;
    Tile tile(config, 1, 2, {4});
    Matrix<float> w(1, 2);
    w.values = {1.0f, -0.5f};
    tile.program(w.view());
    parse_conductances(
        "tile_row, tile_col, slice, row, column, g_us\r\n\r\n0,0,1,0,1,10\r\n 0,0,0,0,0, 20 \n"
        "0,0,1,0,0,0\n0,0,0,0,1,0",
        "x",
        tile);
    EXPECT_FLOAT_EQ(tile.weights()(0, 0), 0.8f);
    EXPECT_FLOAT_EQ(tile.weights()(0, 1), -0.4f);
}

TEST(ConductanceCsv, ErrorsNameFileAndLine) {
    Tile tile(TileConfig{}, 1, 1, {4});
    const std::string header = "tile_row,tile_col,slice,row,column,g_us\n";
    const auto message = [&](const std::string& text) {
        return message_of<IoError>([&] { parse_conductances(text, "m.csv", tile); });
    };
    EXPECT_THROW(parse_conductances(header, "m.csv", tile), InputError);  // not programmed
    Matrix<float> w(1, 1, 1.0f);
    tile.program(w.view());
    const std::vector<Matrix<float>> before = tile.conductances_us();
    const std::pair<std::string, const char*> cases[] = {
        {"", "`m.csv` is empty"},
        {"a,b\n", "`m.csv`, line 1: the header must be"},
        {header + "0,0,0,0,0\n", "`m.csv`, line 2: 6 columns expected, got 5"},
        {header + "\n1,0,0,0,0,1\n", "`m.csv`, line 3: tile_row must be 0 to 0, got 1"},
        {header + "0,2,0,0,0,1\n", "line 2: tile_col must be 0 to 0, got 2"},
        {header + "0,0,2,0,0,1\n", "line 2: slice must be 0 to 1, got 2"},
        {header + "0,0,0,7,0,1\n", "line 2: row must be 0 to 0, got 7"},
        {header + "0,0,0,0,99999999999999999999,1\n", "line 2: column must be a whole number"},
        {header + "0,0,0,0,-1,1\n", "line 2: column must be a whole number"},
        {header + "0,0,0,0,0,x\n", "line 2: g_us must be a number, got `x`"},
        {header + "0,0,0,0,0,nan\n", "line 2: g_us must be 0 to 250 uS"},
        {header + "0,0,0,0,0,-1\n", "line 2: g_us must be 0 to 250 uS"},
        {header + "0,0,0,0,0,251\n", "line 2: g_us must be 0 to 250 uS"},
        {header + "0,0,0,0,0,1\n0,0,0,0,0,1\n", "line 3: this device already had a line"},
        {header + "0,0,0,0,0,1\n",
         "`m.csv` has no line for tile_row 0, tile_col 0, slice 1, row 0, column 0"},
    };
    for (const auto& [text, wanted] : cases) {
        EXPECT_TRUE(contains(message(text), wanted)) << message(text) << "\nwanted: " << wanted;
    }
    EXPECT_TRUE(same_bits(tile.conductances_us()[0], before[0]));
}

}  // namespace
}  // namespace mho

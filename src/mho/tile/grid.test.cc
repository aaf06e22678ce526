// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/tile/grid.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "mho/device/golden_statistics.test.h"
#include "mho/tile/test_support.h"
#include "mho/util/error.h"

namespace mho {
namespace {

Matrix<float> uniform_matrix(size_t rows, size_t cols, uint64_t step) {
    Matrix<float> m(rows, cols);
    fill_uniform({4}, Stream::kTest, step, 0, m.values);
    for (float& v : m.values) {
        v = 2 * v - 1;
    }
    return m;
}

TileConfig grid_config(int max_inputs, int max_outputs, bool perfect = true) {
    TileConfig c;
    c.forward.perfect = perfect;
    c.mapping.max_inputs = max_inputs;
    c.mapping.max_outputs = max_outputs;
    return c;
}

TEST(SplitAxis, MakesPiecesAsEqualAsPossible) {
    EXPECT_EQ(split_axis(10, 0), (std::vector<size_t>{0, 10}));
    EXPECT_EQ(split_axis(10, 10), (std::vector<size_t>{0, 10}));
    EXPECT_EQ(split_axis(10, 4), (std::vector<size_t>{0, 4, 7, 10}));
    EXPECT_EQ(split_axis(1, 512), (std::vector<size_t>{0, 1}));
    EXPECT_EQ(split_axis(513, 512), (std::vector<size_t>{0, 257, 513}));
    EXPECT_THROW(split_axis(0, 5), InputError);
    for (size_t size = 1; size < 60; size++) {
        for (int limit = 1; limit < 20; limit++) {
            const std::vector<size_t> o = split_axis(size, limit);
            ASSERT_EQ(o.back(), size);
            for (size_t i = 0; i + 1 < o.size(); i++) {
                const size_t piece = o[i + 1] - o[i];
                ASSERT_GE(piece, 1u);
                ASSERT_LE(piece, static_cast<size_t>(limit));
                ASSERT_GE(piece + 1, o[1]);
            }
        }
    }
}

TEST(MapWeights, ScalesColumnsOrTilesToOmega) {
    const Matrix<float> w = uniform_matrix(6, 10, 1);
    for (const bool per_column : {true, false}) {
        const Mapping mapping{
            .omega = 0.6, .per_column = per_column, .max_inputs = 4, .max_outputs = 4};
        const MappedWeights mapped = map_weights(mapping, w.view());
        const std::vector<size_t> in = split_axis(10, 4);
        const std::vector<size_t> out = split_axis(6, 4);
        ASSERT_EQ(mapped.scales.rows, 3u);
        ASSERT_EQ(mapped.scales.cols, 6u);
        for (size_t c = 0; c < 3; c++) {
            for (size_t r = 0; r < 2; r++) {
                float tile_max = 0;
                for (size_t i = out[r]; i < out[r + 1]; i++) {
                    float column_max = 0;
                    for (size_t j = in[c]; j < in[c + 1]; j++) {
                        column_max = std::max(column_max, std::abs(mapped.weights(i, j)));
                    }
                    if (per_column) {
                        EXPECT_NEAR(column_max, 0.6f, 1e-6);
                    } else {
                        EXPECT_EQ(mapped.scales(c, i), mapped.scales(c, out[r]));
                    }
                    tile_max = std::max(tile_max, column_max);
                }
                EXPECT_NEAR(tile_max, 0.6f, 1e-6);
            }
        }
        const Matrix<float> back = logical_weights(mapping, mapped);
        for (size_t i = 0; i < w.values.size(); i++) {
            EXPECT_NEAR(back.values[i], w.values[i], 2 * 0x1p-24);
        }
    }
}

TEST(MapWeights, LeavesZerosAndOmegaZeroAlone) {
    Matrix<float> w = uniform_matrix(3, 4, 1);
    std::fill_n(w.row(1), 4, 0.0f);
    const MappedWeights mapped = map_weights({}, w.view());
    EXPECT_EQ(mapped.scales(0, 1), 1.0f);
    EXPECT_EQ(mapped.weights(1, 2), 0.0f);
    const MappedWeights plain = map_weights({.omega = 0}, w.view());
    EXPECT_TRUE(same_bits(plain.weights, w));
    EXPECT_EQ(plain.scales(0, 0), 1.0f);
}

TEST(MapWeights, AgreesWithRecordedScales) {
    for (const auto& record : golden_records("mapping_scales")) {
        const auto& config = record.at("config").at("mapping");
        const Mapping mapping{.omega = config.at("weight_scaling_omega"),
                              .per_column = config.at("weight_scaling_columnwise")};
        const auto& rows = record.at("inputs").at("W");
        Matrix<float> w(rows.size(), rows[0].size());
        for (size_t i = 0; i < w.rows; i++) {
            for (size_t j = 0; j < w.cols; j++) {
                w(i, j) = rows[i][j];
            }
        }
        const MappedWeights mapped = map_weights(mapping, w.view());
        const auto& scales = record.at("exact").at("mapping_scales");
        for (size_t i = 0; i < w.rows; i++) {
            const auto& expected = scales.is_array() ? scales[scales.size() == 1 ? 0 : i] : scales;
            EXPECT_NEAR(mapped.scales(0, i), expected.get<double>(), 2e-6) << record.at("id");
            for (size_t j = 0; j < w.cols; j++) {
                const double tile = record.at("exact").at("tile_weights")[i][j];
                EXPECT_NEAR(mapped.weights(i, j), tile, 2e-6) << record.at("id");
            }
        }
    }
}

TEST(TileGrid, SumsItsTilesToThePlainProduct) {
    const size_t outputs = 23, inputs = 37, rows = 5;
    const Matrix<float> w = uniform_matrix(outputs, inputs, 1);
    const Matrix<float> x = uniform_matrix(rows, inputs, 2);
    Matrix<double> exact(rows, outputs);
    reference_multiply(w.view(), x.view(), exact.view());
    for (const auto& [max_in, max_out] : {std::pair{0, 0}, {10, 0}, {0, 7}, {9, 8}, {1, 1}}) {
        const TileConfig config = grid_config(max_in, max_out);
        TileGrid grid(config, outputs, inputs, 1, "layer");
        MappedWeights mapped = map_weights(config.mapping, w.view());
        grid.set_weights(mapped.weights.view());
        grid.set_scales(mapped.scales);
        std::vector<float> bias(outputs);
        for (size_t i = 0; i < outputs; i++) {
            bias[i] = static_cast<float>(i) * 0.1f;
        }
        grid.set_bias(bias);
        EXPECT_TRUE(same_bits(grid.weights(), mapped.weights));
        Matrix<float> y(rows, outputs);
        TileGrid::Scratch scratch;
        grid.apply(x.view(), y.view(), {}, scratch);
        for (size_t b = 0; b < rows; b++) {
            for (size_t i = 0; i < outputs; i++) {
                // Roundings of the products, scales and sums, relative to sum |w x| < inputs.
                EXPECT_NEAR(y(b, i), exact(b, i) + bias[i], (2 * inputs + 4) * 0x1p-24 * inputs)
                    << max_in << " x " << max_out;
            }
        }
        // And back: scales and transposed tiles.
        const Matrix<float> d = uniform_matrix(rows, outputs, 3);
        Matrix<float> g(rows, inputs);
        grid.prepare_backward();
        grid.apply_transposed(d.view(), g.view(), {}, scratch);
        for (size_t b = 0; b < rows; b++) {
            for (size_t j = 0; j < inputs; j++) {
                double sum = 0;
                for (size_t i = 0; i < outputs; i++) {
                    sum += double{w(i, j)} * d(b, i);
                }
                EXPECT_NEAR(g(b, j), sum, (2 * outputs + 4) * 0x1p-24 * outputs);
            }
        }
    }
}

TEST(TileGrid, InputRangesCutAndScaleBack) {
    const size_t outputs = 4, inputs = 6;
    const Matrix<float> w = uniform_matrix(outputs, inputs, 1);
    const Matrix<float> x = uniform_matrix(3, inputs, 2);
    TileGrid grid(grid_config(3, 0), outputs, inputs, 1, "layer");
    grid.set_weights(w.view());
    grid.set_input_ranges({0.5f, 0.0f});
    Matrix<float> y(3, outputs);
    TileGrid::Scratch scratch;
    grid.apply(x.view(), y.view(), {}, scratch);
    for (size_t b = 0; b < 3; b++) {
        for (size_t i = 0; i < outputs; i++) {
            double sum = 0;
            for (size_t j = 0; j < inputs; j++) {
                const float cut = std::fmin(std::fmax(x(b, j), -0.5f), 0.5f);
                sum += double{w(i, j)} * (j < 3 ? cut : x(b, j));
            }
            EXPECT_NEAR(y(b, i), sum, 20 * 0x1p-24 * inputs);
        }
    }
}

TEST(TileGrid, RecordsTileSumsAndCuts) {
    const size_t outputs = 5, inputs = 8, rows = 4;
    const Matrix<float> w = uniform_matrix(outputs, inputs, 1);
    const Matrix<float> x = uniform_matrix(rows, inputs, 2);
    TileConfig config = grid_config(4, 3, false);
    config.forward.adc.bound = 0.3;
    TileGrid grid(config, outputs, inputs, 1, "layer");
    grid.set_weights(w.view());
    Matrix<float> scales(2, outputs);
    for (size_t i = 0; i < scales.values.size(); i++) {
        scales.values[i] = 0.5f + static_cast<float>(i);
    }
    grid.set_scales(scales);
    Matrix<float> y(rows, outputs), plain(rows, outputs);
    TileGrid::Scratch scratch;
    TileGrid::ForwardRecord record;
    grid.apply(x.view(), y.view(), {}, scratch, &record);
    grid.apply(x.view(), plain.view(), {}, scratch);
    EXPECT_TRUE(same_bits(y, plain));
    size_t cuts = 0;
    for (size_t b = 0; b < rows; b++) {
        for (size_t i = 0; i < outputs; i++) {
            float sum = 0;
            for (size_t c = 0; c < 2; c++) {
                const size_t at = (c * rows + b) * outputs + i;
                sum += record.tile_sums[at] * scales(c, i);
                cuts += record.clipped[at];
                EXPECT_EQ(record.clipped[at] == 1, std::abs(record.tile_sums[at]) > 0.2999f);
            }
            EXPECT_EQ(sum, y(b, i));
        }
    }
    EXPECT_GT(cuts, 3u);
    // Errors of cut outputs do not flow back.
    std::fill(record.clipped.begin(), record.clipped.end(), uint8_t{1});
    Matrix<float> d = uniform_matrix(rows, outputs, 3), g(rows, inputs, 9.0f);
    grid.apply_transposed(d.view(), g.view(), {}, scratch, &record);
    for (const float v : g.values) {
        EXPECT_EQ(v, 0.0f);
    }
}

TEST(TileGrid, ResultsDoNotDependOnTheBatchSplit) {
    const size_t outputs = 9, inputs = 20, rows = 12;
    const Matrix<float> w = uniform_matrix(outputs, inputs, 1);
    const Matrix<float> x = uniform_matrix(rows, inputs, 2);
    TileGrid grid(grid_config(7, 4, false), outputs, inputs, 1, "layer");
    grid.program(w.view());
    grid.advance_to(100, 1);
    Matrix<float> whole(rows, outputs), split(rows, outputs);
    TileGrid::Scratch scratch;
    grid.apply(x.view(), whole.view(), {3, 50}, scratch);
    for (size_t b = 0; b < rows; b += 5) {
        const size_t n = std::min<size_t>(5, rows - b);
        grid.apply(x.view().row_block(b, n), split.view().row_block(b, n), {3, 50 + b}, scratch);
    }
    EXPECT_TRUE(same_bits(whole, split));
}

TEST(TileGrid, TilesAndChipsHaveTheirOwnKeys) {
    std::set<uint64_t> keys;
    for (const uint32_t chip : {0u, 1u}) {
        const TileGrid grid(grid_config(4, 4), 8, 12, 1, "layer", chip);
        for (size_t r = 0; r < grid.output_pieces(); r++) {
            for (size_t c = 0; c < grid.input_pieces(); c++) {
                keys.insert(grid.tile(r, c).key().value);
            }
        }
    }
    EXPECT_EQ(keys.size(), 12u);
}

TEST(TileGrid, SurvivesAMove) {
    const Matrix<float> w = uniform_matrix(6, 6, 1);
    const Matrix<float> x = uniform_matrix(2, 6, 2);
    TileConfig config = grid_config(3, 0, false);
    config.forward.output_noise.spread = 0.5;  // a table that the output stage points to
    TileGrid grid(config, 6, 6, 1, "layer");
    grid.set_weights(w.view());
    Matrix<float> before(2, 6), after(2, 6);
    TileGrid::Scratch scratch;
    grid.apply(x.view(), before.view(), {}, scratch);
    const TileGrid moved = std::move(grid);
    moved.apply(x.view(), after.view(), {}, scratch);
    EXPECT_TRUE(same_bits(before, after));
}

TEST(TileGrid, RefusesWhatDoesNotFit) {
    TileGrid grid(grid_config(4, 0), 3, 8, 1, "fc");
    TileGrid::Scratch scratch;
    Matrix<float> x(2, 8), y(2, 3), bad(2, 5);
    EXPECT_THROW(grid.apply(bad.view(), y.view(), {}, scratch), InputError);
    EXPECT_THROW(grid.apply(x.view(), bad.view(), {}, scratch), InputError);
    EXPECT_THROW(grid.apply_transposed(bad.view(), x.view(), {}, scratch), InputError);
    EXPECT_THROW(grid.set_scales(Matrix<float>(1, 3)), InputError);
    EXPECT_THROW(grid.set_bias({1, 2}), InputError);
    EXPECT_THROW(grid.set_bias({1, 2, INFINITY}), InputError);
    EXPECT_THROW(grid.set_input_ranges({1}), InputError);
    EXPECT_THROW(grid.set_input_ranges({1, -1}), InputError);
    EXPECT_THROW(grid.set_weights(bad.view()), InputError);
    EXPECT_THROW(grid.program(bad.view()), InputError);
    EXPECT_THROW(grid.tile(1, 0), InputError);
    try {
        grid.set_bias({1});
    } catch (const InputError& e) {
        EXPECT_NE(std::string(e.what()).find("layer fc"), std::string::npos);
    }
}

TEST(TileGrid, RateCompensationLeavesUpdatesAsTheyAre) {
    Mapping mapping;
    const std::vector<float> scales = {0.5f, 0.25f, 0.0f, 0.25f};
    EXPECT_EQ(mapping_rate_factor(mapping, scales), 1.0);
    mapping.rate_compensation = true;
    EXPECT_DOUBLE_EQ(mapping_rate_factor(mapping, scales), 4.0);
    EXPECT_THROW(mapping_rate_factor(mapping, {}), InputError);
    EXPECT_THROW(mapping_rate_factor(mapping, std::vector<float>{0.0f}), InputError);
}

}  // namespace
}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
//
// Every public function that takes numbers refuses those that are not finite, and arrays of a wrong
// shape, with an error that says something: one table for all of them.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "mho/adapt/calibration.h"
#include "mho/adapt/clip_remap.h"
#include "mho/adapt/input_range.h"
#include "mho/adapt/lightning.h"
#include "mho/adapt/modifier.h"
#include "mho/adapt/quantizer.h"
#include "mho/net/calibrate.h"
#include "mho/net/executor.h"
#include "mho/net/quantize.h"
#include "mho/net/zoo.h"
#include "mho/tile/grid.h"

namespace mho {
namespace {

constexpr size_t kOut = 4;
constexpr size_t kIn = 6;
constexpr size_t kRows = 3;

Matrix<float> numbers(size_t rows, size_t cols, uint64_t step = 0) {
    Matrix<float> m(rows, cols);
    fill_uniform(TileKey{4}, Stream::kTest, step, 0, m.values);
    return m;
}

InputSpec input() {
    InputSpec spec;
    spec.shape = {1, 1, static_cast<int>(kIn)};
    return spec;
}

Network digital() {
    return initialize(mlp({static_cast<int>(kIn), 5, static_cast<int>(kOut)}, input()), 1);
}

Network analog() {
    return map_to_hardware(digital(), HardwareSpec{});
}

// What a case may spoil: a matrix of the right shape, with one number changed.
struct Bad {
    float number = 0;
    Matrix<float> matrix(size_t rows, size_t cols) const {
        Matrix<float> m = numbers(rows, cols);
        m.values.back() = number;
        return m;
    }
    std::vector<float> list(size_t n) const { return matrix(1, n).values; }
    double scalar() const { return static_cast<double>(number); }
};

struct Case {
    const char* name;
    std::function<void(const Bad&)> call;
};

Tile programmed() {
    Tile tile(TileConfig{}, kOut, kIn, TileKey{1});
    tile.program(numbers(kOut, kIn).view());
    return tile;
}

TileGrid grid() {
    return TileGrid(TileConfig{}, kOut, kIn, 1, "layer");
}

void apply(ConstFloatView x, FloatView y) {
    MvmScratch scratch;
    programmed().apply(x, y, {}, scratch);
}

// Numbers that are not finite.
const std::vector<Case> kNumbers = {
    {"Tile::set_weights",
     [](const Bad& b) {
         Tile(TileConfig{}, kOut, kIn, TileKey{1}).set_weights(b.matrix(kOut, kIn).view());
     }},
    {"Tile::program", [](const Bad& b) { programmed().program(b.matrix(kOut, kIn).view()); }},
    {"Tile::advance_to", [](const Bad& b) { programmed().advance_to(b.scalar()); }},
    {"Tile::set_conductances_us",
     [](const Bad& b) {
         programmed().set_conductances_us({b.matrix(kOut, kIn), numbers(kOut, kIn)});
     }},
    {"Tile::apply",
     [](const Bad& b) {
         Matrix<float> y(kRows, kOut);
         apply(b.matrix(kRows, kIn).view(), y.view());
     }},
    {"Tile::apply_transposed",
     [](const Bad& b) {
         Matrix<float> g(kRows, kIn);
         MvmScratch scratch;
         programmed().apply_transposed(b.matrix(kRows, kOut).view(), g.view(), {}, scratch);
     }},
    {"Tile::restore",
     [](const Bad& b) {
         Tile::State state = programmed().state();
         state.target = b.matrix(kOut, kIn);
         programmed().restore(state);
     }},
    {"TileGrid::set_weights", [](const Bad& b) { grid().set_weights(b.matrix(kOut, kIn).view()); }},
    {"TileGrid::program", [](const Bad& b) { grid().program(b.matrix(kOut, kIn).view()); }},
    {"TileGrid::set_scales", [](const Bad& b) { grid().set_scales(b.matrix(1, kOut)); }},
    {"TileGrid::set_bias", [](const Bad& b) { grid().set_bias(b.list(kOut)); }},
    {"TileGrid::set_input_ranges", [](const Bad& b) { grid().set_input_ranges(b.list(1)); }},
    {"TileGrid::apply",
     [](const Bad& b) {
         Matrix<float> y(kRows, kOut);
         TileGrid::Scratch scratch;
         grid().apply(b.matrix(kRows, kIn).view(), y.view(), {}, scratch);
     }},
    {"TileGrid::apply_transposed",
     [](const Bad& b) {
         Matrix<float> g(kRows, kIn);
         TileGrid::Scratch scratch;
         grid().apply_transposed(b.matrix(kRows, kOut).view(), g.view(), {}, scratch);
     }},
    {"map_weights", [](const Bad& b) { map_weights(Mapping{}, b.matrix(kOut, kIn).view()); }},
    {"to_conductances",
     [](const Bad& b) { to_conductances(Converter{}, b.matrix(kOut, kIn).view()); }},
    {"fit_scale", [](const Bad& b) { fit_scale(Converter{}, b.matrix(kOut, kIn).view()); }},
    {"program",
     [](const Bad& b) {
         std::vector<float> g(4), nu(4);
         program(PcmLike{}, 25, b.list(4), g, nu, TileKey{1}, 0);
     }},
    {"program (g max)",
     [](const Bad& b) {
         std::vector<float> target(4), g(4), nu(4);
         program(PcmLike{}, b.scalar(), target, g, nu, TileKey{1}, 0);
     }},
    {"at_time",
     [](const Bad& b) {
         std::vector<float> t(4), g(4);
         at_time(PcmLike{}, 25, t, t, t, b.scalar(), g, TileKey{1}, 0);
     }},
    {"program_and_read",
     [](const Bad& b) {
         std::vector<float> g(4);
         program_and_read(PcmLike{}, 25, b.list(4), 1.0, g, TileKey{1}, 0, 0);
     }},
    {"modify_weights",
     [](const Bad& b) {
         Matrix<float> out(kOut, kIn);
         modify_weights(WeightModifier{}, b.matrix(kOut, kIn).view(), out.view(), TileKey{1}, 0);
     }},
    {"RangeEstimator::add", [](const Bad& b) { RangeEstimator(QuantizerConfig{}).add(b.list(5)); }},
    {"quant_grid", [](const Bad& b) { quant_grid(QuantizerConfig{}, -1, b.scalar()); }},
    {"RangeCalibrator::add",
     [](const Bad& b) {
         RangeCalibrator calibrator(CalibrationConfig{}, TileKey{1});
         calibrator.begin_batch();
         calibrator.add(b.matrix(kRows, kIn).view());
     }},
    {"Executor::run",
     [](const Bad& b) {
         Matrix<float> y(kRows, kOut);
         Executor(analog(), 1).run(b.matrix(kRows, kIn).view(), y.view(), {});
     }},
    {"Executor::run (digital)",
     [](const Bad& b) {
         Matrix<float> y(kRows, kOut);
         Executor(digital(), 1).run(b.matrix(kRows, kIn).view(), y.view(), {});
     }},
    {"Executor::advance_to",
     [](const Bad& b) {
         Executor executor(analog(), 1);
         executor.program();
         executor.advance_to(b.scalar());
     }},
    {"validate_network",
     [](const Bad& b) {
         Network network = digital();
         network.parameters.at("fc1.weight").values.back() = b.number;
         validate_network(network);
     }},
    {"map_to_hardware",
     [](const Bad& b) {
         Network network = digital();
         network.parameters.at("fc1.weight").values.back() = b.number;
         map_to_hardware(network, HardwareSpec{});
     }},
    {"write_network",
     [](const Bad& b) {
         Network network = analog();
         network.parameters.at("fc2.tile_weight").values.back() = b.number;
         write_network("/dev/null/never", network);
     }},
    {"initialize_input_ranges",
     [](const Bad& b) {
         Network network = analog();
         initialize_input_ranges(network, b.matrix(kRows, kIn).view(), 2, 1);
     }},
};

TEST(Refusals, OfNumbersThatAreNotFinite) {
    for (const Case& c : kNumbers) {
        // The right numbers first: what is refused must be the bad one.
        if (std::string(c.name) != "write_network") {
            EXPECT_NO_THROW(c.call({0.5f})) << c.name;
        }
        for (const float number : {std::numeric_limits<float>::quiet_NaN(),
                                   std::numeric_limits<float>::infinity(),
                                   -std::numeric_limits<float>::infinity()}) {
            try {
                c.call({number});
                ADD_FAILURE() << c.name << " takes " << number;
            } catch (const Error& e) {
                EXPECT_GT(std::string(e.what()).size(), 10u) << c.name;
            }
        }
    }
}

struct ShapeCase {
    const char* name;
    std::function<void()> call;
};

const std::vector<ShapeCase> kShapes = {
    {"Tile::set_weights",
     [] { Tile(TileConfig{}, kOut, kIn, TileKey{1}).set_weights(numbers(kIn, kOut).view()); }},
    {"Tile::program", [] { programmed().program(numbers(kOut, kIn + 1).view()); }},
    {"Tile::set_conductances_us", [] { programmed().set_conductances_us({numbers(kOut, kIn)}); }},
    {"Tile::apply (inputs)",
     [] {
         Matrix<float> y(kRows, kOut);
         apply(numbers(kRows, kIn + 1).view(), y.view());
     }},
    {"Tile::apply (outputs)",
     [] {
         Matrix<float> y(kRows, kOut - 1);
         apply(numbers(kRows, kIn).view(), y.view());
     }},
    {"Tile::apply (rows)",
     [] {
         Matrix<float> y(kRows + 1, kOut);
         apply(numbers(kRows, kIn).view(), y.view());
     }},
    {"Tile::apply_transposed",
     [] {
         Matrix<float> g(kRows, kOut);
         MvmScratch scratch;
         programmed().apply_transposed(numbers(kRows, kOut).view(), g.view(), {}, scratch);
     }},
    {"TileGrid::set_weights", [] { grid().set_weights(numbers(kIn, kOut).view()); }},
    {"TileGrid::program", [] { grid().program(numbers(kOut + 1, kIn).view()); }},
    {"TileGrid::set_scales", [] { grid().set_scales(numbers(2, kOut)); }},
    {"TileGrid::set_bias", [] { grid().set_bias(std::vector<float>(kOut + 1)); }},
    {"TileGrid::set_input_ranges", [] { grid().set_input_ranges({1.0f, 1.0f}); }},
    {"TileGrid::apply",
     [] {
         Matrix<float> y(kRows, kOut);
         TileGrid::Scratch scratch;
         grid().apply(numbers(kRows, kIn - 1).view(), y.view(), {}, scratch);
     }},
    {"TileGrid::apply_transposed",
     [] {
         Matrix<float> g(kRows, kIn);
         TileGrid::Scratch scratch;
         grid().apply_transposed(numbers(kRows, kIn).view(), g.view(), {}, scratch);
     }},
    {"program",
     [] {
         std::vector<float> target(4), g(3), nu(4);
         program(PcmLike{}, 25, target, g, nu, TileKey{1}, 0);
     }},
    {"at_time",
     [] {
         std::vector<float> t(4), g(3);
         at_time(PcmLike{}, 25, t, t, t, 1.0, g, TileKey{1}, 0);
     }},
    {"program_and_read",
     [] {
         std::vector<float> target(4), g(5);
         program_and_read(PcmLike{}, 25, target, 1.0, g, TileKey{1}, 0, 0);
     }},
    {"modify_weights",
     [] {
         Matrix<float> out(kOut, kIn + 1);
         modify_weights(WeightModifier{}, numbers(kOut, kIn).view(), out.view(), TileKey{1}, 0);
     }},
    {"remap_weights",
     [] {
         Matrix<float> w = numbers(kOut, kIn);
         std::vector<float> scales(kOut - 1, 1.0f);
         remap_weights(WeightRemap{}, w.view(), scales);
     }},
    {"InputRangeSums::add",
     [] { InputRangeSums().add(numbers(2, 3).view(), numbers(3, 2).view(), 1.0f); }},
    {"fake_quantize",
     [] {
         std::vector<float> x(4), y(3);
         fake_quantize(quant_grid(QuantizerConfig{}, -1, 1), x, y);
     }},
    {"Executor::run (pixels)",
     [] {
         Matrix<float> y(kRows, kOut);
         Executor(analog(), 1).run(numbers(kRows, kIn + 1).view(), y.view(), {});
     }},
    {"Executor::run (outputs)",
     [] {
         Matrix<float> y(kRows, kOut + 1);
         Executor(analog(), 1).run(numbers(kRows, kIn).view(), y.view(), {});
     }},
    {"accuracy (no labels)", [] { accuracy(numbers(kRows, kOut).view(), {}); }},
    {"accuracy (no samples)", [] { accuracy(Matrix<float>(0, kOut).view(), {}); }},
    {"initialize_input_ranges",
     [] {
         Network network = analog();
         initialize_input_ranges(network, numbers(kRows, kIn + 2).view(), 2, 1);
     }},
    {"validate_network",
     [] {
         Network network = digital();
         network.parameters.at("fc1.bias").values.push_back(0);
         validate_network(network);
     }},
    {"map_weights", [] { map_weights(Mapping{}, Matrix<float>(0, 0).view()); }},
};

TEST(Refusals, OfWrongShapes) {
    for (const ShapeCase& c : kShapes) {
        try {
            c.call();
            ADD_FAILURE() << c.name << " takes a wrong shape";
        } catch (const Error& e) {
            EXPECT_GT(std::string(e.what()).size(), 10u) << c.name;
        }
    }
}

}  // namespace
}  // namespace mho

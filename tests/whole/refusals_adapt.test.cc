// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
//
// Ranges, clips, modifiers, programming and quantisers.
#include "mho/adapt/calibration.h"
#include "mho/adapt/clip_remap.h"
#include "mho/adapt/column_ranges.h"
#include "mho/adapt/differential_evolution.h"
#include "mho/adapt/input_range.h"
#include "mho/adapt/lightning.h"
#include "mho/adapt/modified_grid.h"
#include "mho/adapt/modifier.h"
#include "mho/adapt/programmers.h"
#include "mho/adapt/quantizer.h"
#include "mho/adapt/weight_map.h"
#include "mho/tile/grid.h"
#include "refusals.h"

namespace mho::refusals {
namespace {

constexpr size_t kOut = 4;
constexpr size_t kIn = 6;
constexpr size_t kRows = 3;

const std::vector<Case> kNumbers = {
    {"quantile_of",
     [](const Bad& b) {
         std::vector<float> values = b.list(5);
         quantile_of(values, 0.9);
     }},
    {"quantile_of (share)",
     [](const Bad& b) {
         std::vector<float> values(5);
         quantile_of(values, b.scalar());
     }},
    {"RangeCalibrator::add",
     [](const Bad& b) {
         RangeCalibrator calibrator(CalibrationConfig{}, TileKey{1});
         calibrator.begin_batch();
         calibrator.add(b.matrix(kRows, kIn).view());
     }},
    {"rescale_columns",
     [](const Bad& b) {
         Matrix<float> w = numbers(kOut, kIn);
         std::vector<float> scales(kOut, 1);
         rescale_columns(w.view(), scales, b.double_list(kOut), 10);
     }},
    {"rescale_columns (bound)",
     [](const Bad& b) {
         Matrix<float> w = numbers(kOut, kIn);
         std::vector<float> scales(kOut, 1);
         rescale_columns(w.view(), scales, std::vector<double>(kOut, 1), b.scalar());
     }},
    {"evolve",
     [](const Bad& b) {
         const std::vector<double> low = {0}, high = {b.scalar()};
         DifferentialEvolution few;
         few.population = 5;
         few.generations = 2;
         evolve(few, low, high, [](std::span<const double> x) { return x[0]; });
     }},
    {"lightning_state",
     [](const Bad& b) { lightning_state(LightningLayer{}, b.matrix(kOut, kIn).view()); }},
    {"lightning_forward",
     [](const Bad& b) {
         const Matrix<float> w = numbers(kOut, kIn);
         LightningState state = lightning_state(LightningLayer{}, w.view());
         Matrix<float> y(kRows, kOut);
         lightning_forward(
             LightningLayer{}, w.view(), {}, b.matrix(kRows, kIn).view(), y.view(), state, {});
     }},
    {"lightning_backward",
     [](const Bad& b) {
         const Matrix<float> w = numbers(kOut, kIn), x = numbers(kRows, kIn);
         LightningState state = lightning_state(LightningLayer{}, w.view());
         Matrix<float> y(kRows, kOut);
         LightningRecord record;
         lightning_forward(LightningLayer{}, w.view(), {}, x.view(), y.view(), state, {}, &record);
         lightning_backward(
             LightningLayer{}, w.view(), x.view(), b.matrix(kRows, kOut).view(), state, record);
     }},
    {"set_modified_weights",
     [](const Bad& b) {
         TileGrid grid(TileConfig{}, kOut, kIn, 1, "layer");
         Matrix<float> out(kOut, kIn);
         set_modified_weights(grid, WeightModifier{}, b.matrix(kOut, kIn).view(), out.view(), 0);
     }},
    {"modify_weights",
     [](const Bad& b) {
         Matrix<float> out(kOut, kIn);
         modify_weights(WeightModifier{}, b.matrix(kOut, kIn).view(), out.view(), TileKey{1}, 0);
     }},
    {"error_after_affine",
     [](const Bad& b) {
         error_after_affine(b.matrix(kRows, kOut).view(), numbers(kRows, kOut, 1).view());
     }},
    {"program_by_pulses",
     [](const Bad& b) {
         Tile tile(TileConfig{}, kOut, kIn, TileKey{1});
         ProgrammingConfig config;
         program_by_pulses(config, tile, b.matrix(kOut, kIn).view(), 0);
     },
     0.5f,
     false},
    {"RangeEstimator::add", [](const Bad& b) { RangeEstimator(QuantizerConfig{}).add(b.list(5)); }},
    {"quant_grid", [](const Bad& b) { quant_grid(QuantizerConfig{}, -1, b.scalar()); }},
    {"quantization_error",
     [](const Bad& b) { quantization_error(quant_grid(QuantizerConfig{}, -1, 1), b.list(4)); }},
    {"quantization_cross_entropy",
     [](const Bad& b) {
         quantization_cross_entropy(quant_grid(QuantizerConfig{}, -1, 1), b.list(4), 2);
     }},
    {"fake_quantize_weights",
     [](const Bad& b) {
         Matrix<float> w = b.matrix(kOut, kIn);
         fake_quantize_weights(QuantizerConfig{}, w.view());
     }},
    {"even_pairs", [](const Bad& b) { even_pairs(b.scalar()); }},
    {"weight_error",
     [](const Bad& b) {
         weight_error(Converter{}, PcmLike{}, b.matrix(kOut, kIn).view(), {1}, TileKey{1}, 1);
     }},
    {"weight_error (time)",
     [](const Bad& b) {
         weight_error(
             Converter{}, PcmLike{}, numbers(kOut, kIn).view(), {b.scalar()}, TileKey{1}, 1);
     }},
    {"optimise_weight_map",
     [](const Bad& b) {
         WeightMapOptions options;
         options.most_weights = 8;
         options.times_s = {1};
         options.evolution.population = 5;
         options.evolution.generations = 1;
         optimise_weight_map(PcmLike{}, 25, b.matrix(kOut, kIn).view(), options);
     }},
};

TEST(Refusals, OfNumbersInAdaptation) {
    expect_refused_numbers(kNumbers);
}

const std::vector<ShapeCase> kShapes = {
    {"quantile_of nothing",
     [] {
         std::vector<float> values;
         quantile_of(values, 0.5);
     }},
    {"quantile_of (share)",
     [] {
         std::vector<float> values(5);
         quantile_of(values, 1.5);
     }},
    {"remap_weights",
     [] {
         Matrix<float> w = numbers(kOut, kIn);
         std::vector<float> scales(kOut - 1, 1.0f);
         remap_weights(WeightRemap{}, w.view(), scales);
     }},
    {"rescale_columns",
     [] {
         Matrix<float> w = numbers(kOut, kIn);
         std::vector<float> scales(kOut, 1);
         rescale_columns(w.view(), scales, std::vector<double>(kOut - 1, 1), 10);
     }},
    {"evolve (bounds)",
     [] {
         const std::vector<double> low = {0}, high = {1, 1};
         evolve({}, low, high, [](std::span<const double>) { return 0.0; });
     }},
    {"evolve (population)",
     [] {
         const std::vector<double> low = {0}, high = {1};
         DifferentialEvolution few;
         few.population = 2;
         evolve(few, low, high, [](std::span<const double>) { return 0.0; });
     }},
    {"InputRangeSums::add",
     [] { InputRangeSums().add(numbers(2, 3).view(), numbers(3, 2).view(), 1.0f); }},
    {"lightning_forward",
     [] {
         const Matrix<float> w = numbers(kOut, kIn);
         LightningState state = lightning_state(LightningLayer{}, w.view());
         Matrix<float> y(kRows, kOut + 1);
         lightning_forward(
             LightningLayer{}, w.view(), {}, numbers(kRows, kIn).view(), y.view(), state, {});
     }},
    {"lightning_backward (record)",
     [] {
         const Matrix<float> w = numbers(kOut, kIn), x = numbers(kRows, kIn);
         lightning_backward(LightningLayer{},
                            w.view(),
                            x.view(),
                            numbers(kRows, kOut).view(),
                            lightning_state(LightningLayer{}, w.view()),
                            LightningRecord{});
     }},
    {"set_modified_weights",
     [] {
         TileGrid grid(TileConfig{}, kOut, kIn, 1, "layer");
         Matrix<float> out(kOut, kIn - 1);
         set_modified_weights(grid, WeightModifier{}, numbers(kOut, kIn).view(), out.view(), 0);
     }},
    {"modify_weights",
     [] {
         Matrix<float> out(kOut, kIn + 1);
         modify_weights(WeightModifier{}, numbers(kOut, kIn).view(), out.view(), TileKey{1}, 0);
     }},
    {"error_after_affine", [] { error_after_affine(numbers(2, 3).view(), numbers(3, 2).view()); }},
    {"program_by_pulses",
     [] {
         Tile tile(TileConfig{}, kOut, kIn, TileKey{1});
         program_by_pulses(ProgrammingConfig{}, tile, numbers(kIn, kOut).view(), 0);
     }},
    {"quantize",
     [] {
         std::vector<float> x(4);
         std::vector<int> q(3);
         quantize(quant_grid(QuantizerConfig{}, -1, 1), x, q);
     }},
    {"fake_quantize",
     [] {
         std::vector<float> x(4), y(3);
         fake_quantize(quant_grid(QuantizerConfig{}, -1, 1), x, y);
     }},
    {"straight_through",
     [] {
         std::vector<float> x(4), g(4), y(3);
         straight_through(quant_grid(QuantizerConfig{}, -1, 1), x, g, y);
     }},
    {"grid_gradient",
     [] {
         std::vector<float> x(4), g(3);
         grid_gradient(quant_grid(QuantizerConfig{}, -1, 1), x, g);
     }},
    {"quantization_cross_entropy (row)",
     [] {
         quantization_cross_entropy(quant_grid(QuantizerConfig{}, -1, 1), std::vector<float>(5), 2);
     }},
    {"quantization_cross_entropy (no row)",
     [] {
         quantization_cross_entropy(quant_grid(QuantizerConfig{}, -1, 1), std::vector<float>(5), 0);
     }},
    {"weight_error (times)",
     [] { weight_error(Converter{}, PcmLike{}, numbers(2, 2).view(), {}, TileKey{1}, 1); }},
    {"weight_error (repetitions)",
     [] { weight_error(Converter{}, PcmLike{}, numbers(2, 2).view(), {1}, TileKey{1}, 0); }},
    {"optimise_weight_map of nothing",
     [] { optimise_weight_map(PcmLike{}, 25, Matrix<float>(0, 0).view()); }},
};

TEST(Refusals, OfShapesInAdaptation) {
    expect_refused_shapes(kShapes);
}

}  // namespace
}  // namespace mho::refusals

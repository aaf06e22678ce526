// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
//
// Features and cost.
#include "mho/cost/comparison.h"
#include "mho/cost/converter_models.h"
#include "mho/cost/cost.h"
#include "mho/cost/gates.h"
#include "mho/cost/layer_cost.h"
#include "mho/cost/layer_mapping.h"
#include "mho/cost/schedule.h"
#include "mho/cost/technology.h"
#include "mho/cost/update_cost.h"
#include "mho/features/attention.h"
#include "mho/features/hadamard.h"
#include "mho/features/kernel_features.h"
#include "mho/features/projection.h"
#include "mho/features/ridge.h"
#include "mho/net/zoo.h"
#include "refusals.h"

namespace mho::refusals {
namespace {

constexpr size_t kRows = 5;
constexpr size_t kIn = 4;

const Network& analog() {
    static const Network network = [] {
        InputSpec input;
        input.shape = {1, 1, 6};
        return map_to_hardware(initialize(mlp({6, 5, 4}, input), 1), HardwareSpec{});
    }();
    return network;
}

cost::Stage stage(double duration_ns,
                  std::vector<size_t> inputs = {},
                  double input_share = 1,
                  size_t copies = 1) {
    cost::Stage s;
    s.duration_ns = duration_ns;
    s.inputs = std::move(inputs);
    s.input_share = input_share;
    s.tiles = 1;
    s.copies = copies;
    return s;
}

AnalogProjection projection(float range) {
    return {hermes_core(10),
            draw_projection(ProjectionKind::kGaussian, 6, kIn, TileKey{1}),
            range,
            1,
            "features",
            0};
}

const std::vector<Case> kFeatures = {
    {"scale_for_favor", [](const Bad& b) { scale_for_favor(b.matrix(kRows, kIn).view()); }},
    {"favor_features",
     [](const Bad& b) {
         favor_features(
             FavorKind::kPositive, b.matrix(kRows, kIn).view(), numbers(kRows, 3).view());
     }},
    {"favor_features (projected)",
     [](const Bad& b) {
         favor_features(
             FavorKind::kPositive, numbers(kRows, kIn).view(), b.matrix(kRows, 3).view());
     }},
    {"softmax_attention",
     [](const Bad& b) {
         softmax_attention(b.matrix(kRows, kIn).view(), numbers(kRows, kIn).view());
     }},
    {"feature_attention",
     [](const Bad& b) {
         feature_attention(b.matrix(kRows, kIn).view(), numbers(kRows, kIn).view());
     }},
    {"linear_attention",
     [](const Bad& b) {
         linear_attention(
             numbers(kRows, kIn).view(), numbers(kRows, kIn).view(), b.matrix(kRows, 2).view());
     }},
    {"relative_error", [](const Bad& b) { relative_error(doubles(2, 2), b.double_matrix(2, 2)); }},
    {"fast_hadamard",
     [](const Bad& b) {
         std::vector<float> v = b.list(8);
         fast_hadamard(v);
     }},
    {"kernel_value",
     [](const Bad& b) { kernel_value(Kernel{}, b.list(3), std::vector<float>(3)); }},
    {"kernel_value (gamma)",
     [](const Bad& b) {
         kernel_value({KernelKind::kRbf, b.scalar()}, std::vector<float>(3), std::vector<float>(3));
     }},
    {"kernel_matrix", [](const Bad& b) { kernel_matrix(Kernel{}, b.matrix(kRows, kIn).view()); }},
    {"projection_factor", [](const Bad& b) { projection_factor({KernelKind::kRbf, b.scalar()}); }},
    {"kernel_features",
     [](const Bad& b) { kernel_features(Kernel{}, b.matrix(kRows, kIn).view()); }},
    {"kernel_features (shifts)",
     [](const Bad& b) { kernel_features(Kernel{}, numbers(kRows, kIn).view(), b.list(kIn)); }},
    {"kernel_error",
     [](const Bad& b) { kernel_error(doubles(kRows, kRows), b.matrix(kRows, kIn).view()); }},
    {"fill_truncated_normal",
     [](const Bad& b) {
         std::vector<float> out(4);
         fill_truncated_normal(TileKey{1}, 0, b.number, out);
     }},
    {"project", [](const Bad& b) { project(numbers(6, kIn), b.matrix(kRows, kIn).view()); }},
    {"AnalogProjection", [](const Bad& b) { projection(b.number); }},
    {"AnalogProjection::project",
     [](const Bad& b) { projection(1.0f).project(b.matrix(kRows, kIn).view(), {}); }},
    {"AnalogProjection::advance_to", [](const Bad& b) { projection(1.0f).advance_to(b.scalar()); }},
    {"hermes_core", [](const Bad& b) { hermes_core(b.scalar()); }},
    {"adc_bound_for",
     [](const Bad& b) { adc_bound_for(numbers(6, kIn), b.matrix(kRows, kIn).view(), 1.0f); }},
    {"adc_bound_for (margin)",
     [](const Bad& b) {
         adc_bound_for(numbers(6, kIn), numbers(kRows, kIn).view(), 1.0f, b.scalar());
     }},
    {"Ridge::add",
     [](const Bad& b) {
         Ridge(kIn, 1).add(b.matrix(kRows, kIn).view(), numbers(kRows, 1).view());
     }},
    {"Ridge::add (targets)",
     [](const Bad& b) {
         Ridge(kIn, 1).add(numbers(kRows, kIn).view(), b.matrix(kRows, 1).view());
     }},
    {"Ridge::solve",
     [](const Bad& b) {
         Ridge ridge(kIn, 1);
         ridge.add(numbers(kRows, kIn).view(), numbers(kRows, 1).view());
         ridge.solve(b.scalar());
     }},
    {"RidgeModel::predict",
     [](const Bad& b) { RidgeModel{doubles(1, kIn), {0}}.predict(b.matrix(kRows, kIn).view()); }},
    {"solve_positive",
     [](const Bad& b) {
         Matrix<double> a(2, 2), right(1, 2);
         a(0, 0) = 1;
         a(1, 1) = b.scalar();
         solve_positive(a, right);
     }},
};

TEST(Refusals, OfNumbersInFeatures) {
    expect_refused_numbers(kFeatures);
}

const std::vector<Case> kCost = {
    {"compare_adcs", [](const Bad& b) { cost::compare_adcs(8, b.scalar(), 128); }, 22},
    {"compare_adcs (rows)", [](const Bad& b) { cost::compare_adcs(8, 22, b.scalar()); }, 128},
    {"compare_adders", [](const Bad& b) { cost::compare_adders(8, b.scalar()); }, 22},
    {"murmann_energy_pj (bits)",
     [](const Bad& b) { cost::murmann_energy_pj(b.scalar(), 22, 1e8); },
     8},
    {"murmann_energy_pj (node)",
     [](const Bad& b) { cost::murmann_energy_pj(8, b.scalar(), 1e8); },
     22},
    {"murmann_energy_pj (rate)",
     [](const Bad& b) { cost::murmann_energy_pj(8, 22, b.scalar()); },
     1e8f},
    {"murmann_area_um2", [](const Bad& b) { cost::murmann_area_um2(8, 22, b.scalar()); }, 1e8f},
    {"neurosim_sar_energy_pj",
     [](const Bad& b) { cost::neurosim_sar_energy_pj(8, 22, b.scalar(), 300); },
     1e5f},
    {"zigzag_adc_energy_pj", [](const Bad& b) { cost::zigzag_adc_energy_pj(8, b.scalar()); }},
    {"zigzag_adc_area_um2", [](const Bad& b) { cost::zigzag_adc_area_um2(b.scalar()); }, 8},
    {"zigzag_adc_delay_ns", [](const Bad& b) { cost::zigzag_adc_delay_ns(8, b.scalar()); }, 128},
    {"zigzag_dac_energy_pj", [](const Bad& b) { cost::zigzag_dac_energy_pj(b.scalar(), 1); }, 8},
    {"adder_tree_full_adders",
     [](const Bad& b) { cost::adder_tree_full_adders(b.scalar(), 4); },
     8},
    {"adder", [](const Bad& b) { cost::adder(b.scalar()); }, 8},
    {"bit_line_energy_pj", [](const Bad& b) { cost::bit_line_energy_pj(b.scalar(), 8, 1); }},
    {"nominal_supply_v", [](const Bad& b) { cost::nominal_supply_v(b.scalar()); }, 22},
    {"area_scaling", [](const Bad& b) { cost::area_scaling(32, b.scalar()); }, 22},
    {"energy_scaling", [](const Bad& b) { cost::energy_scaling(32, b.scalar(), 0.8); }, 22},
    {"energy_scaling (supply)", [](const Bad& b) { cost::energy_scaling(32, 22, b.scalar()); }},
    {"converter_bits", [](const Bad& b) { cost::converter_bits(b.scalar()); }, 126},
    {"schedule", [](const Bad& b) { cost::schedule({stage(b.scalar())}, {}, 2); }},
    {"schedule (share)",
     [](const Bad& b) { cost::schedule({stage(1), stage(1, {0}, b.scalar())}, {}, 2); }},
    {"balance",
     [](const Bad& b) {
         std::vector<cost::Stage> stages = {stage(b.scalar())};
         cost::balance(stages, 4);
     }},
    {"activity_of",
     [](const Bad& b) { cost::activity_of(analog(), b.matrix(3, 6).view(), {}, 1); }},
};

TEST(Refusals, OfNumbersInCosts) {
    expect_refused_numbers(kCost);
}

const std::vector<ShapeCase> kShapes = {
    {"favor_features",
     [] { favor_features(FavorKind::kPositive, numbers(3, 2).view(), numbers(2, 2).view()); }},
    {"softmax_attention", [] { softmax_attention(numbers(3, 2).view(), numbers(3, 3).view()); }},
    {"feature_attention", [] { feature_attention(numbers(3, 2).view(), numbers(3, 3).view()); }},
    {"linear_attention",
     [] { linear_attention(numbers(3, 2).view(), numbers(3, 2).view(), numbers(2, 2).view()); }},
    {"relative_error", [] { relative_error(doubles(2, 2), doubles(2, 3)); }},
    {"fast_hadamard",
     [] {
         std::vector<float> v(6);
         fast_hadamard(v);
     }},
    {"next_power_of_two", [] { next_power_of_two(SIZE_MAX); }},
    {"reference_hadamard", [] { reference_hadamard(6); }},
    {"kernel_value", [] { kernel_value(Kernel{}, std::vector<float>(3), std::vector<float>(2)); }},
    {"kernel_features (shifts)",
     [] { kernel_features(Kernel{}, numbers(3, 4).view(), std::vector<float>(3)); }},
    {"kernel_error", [] { kernel_error(doubles(3, 3), numbers(4, 2).view()); }},
    {"draw_projection", [] { draw_projection(ProjectionKind::kGaussian, 0, 4, TileKey{1}); }},
    {"project", [] { project(numbers(6, 4), numbers(3, 5).view()); }},
    {"AnalogProjection::project", [] { projection(1).project(numbers(2, kIn + 1).view(), {}); }},
    {"adc_bound_for", [] { adc_bound_for(numbers(6, 4), numbers(3, 5).view(), 1); }},
    {"Ridge", [] { Ridge(0, 1); }},
    {"Ridge::add", [] { Ridge(4, 1).add(numbers(3, 4).view(), numbers(2, 1).view()); }},
    {"Ridge::solve (no rows)", [] { Ridge(4, 1).solve(1); }},
    {"RidgeModel::predict", [] { RidgeModel{doubles(1, 4), {0}}.predict(numbers(3, 5).view()); }},
    {"solve_positive",
     [] {
         Matrix<double> a(2, 3), right(1, 2);
         solve_positive(a, right);
     }},
    {"solve_positive (not positive)",
     [] {
         Matrix<double> a(2, 2), right(1, 2);
         solve_positive(a, right);
     }},
    {"compare_adcs", [] { cost::compare_adcs(0, 22, 128); }},
    {"nominal_supply_v", [] { cost::nominal_supply_v(-1); }},
    {"zigzag_adc_area_um2", [] { cost::zigzag_adc_area_um2(-1); }},
    {"adder", [] { cost::adder(-1); }},
    {"schedule (no samples)", [] { cost::schedule({stage(1)}, {}, 0); }},
    {"schedule (input)", [] { cost::schedule({stage(1, {0})}, {}, 1); }},
    {"schedule (copies)", [] { cost::schedule({stage(1, {}, 1, 0)}, {}, 1); }},
    {"balance (too few tiles)",
     [] {
         std::vector<cost::Stage> stages = {stage(1, {}, 1, 9)};
         cost::balance(stages, 4);
     }},
    {"place", [] { cost::place({{0, 9, 9}}, 4, 4); }},
    {"map_layer",
     [] {
         std::vector<std::string> warnings;
         cost::map_layer(Hardware{}, 0, 1, 1, cost::CostConfig{}, warnings);
     }},
    {"driven_conductance_us",
     [] {
         Activity lines;
         lines.vectors = 1;
         lines.codes = lines.squares = lines.bits = lines.driven = {1, 1};
         cost::driven_conductance_us(lines, {1.0}, {});
     }},
    {"cost::of (activity)", [] { cost::of(analog(), cost::NetworkActivity{}, cost::CostSpec{}); }},
    {"activity_of", [] { cost::activity_of(analog(), numbers(3, 5).view(), {}, 1); }},
    {"update_costs",
     [] { cost::update_costs(analog().graph, Mapping{}, AnalogSgd{}, 0, cost::UpdateCost{}); }},
};

TEST(Refusals, OfShapesInFeaturesAndCosts) {
    expect_refused_shapes(kShapes);
}

}  // namespace
}  // namespace mho::refusals

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
//
// Analyses.
#include <cmath>

#include "mho/analysis/budget.h"
#include "mho/analysis/chip_score.h"
#include "mho/analysis/data.h"
#include "mho/analysis/device_fit.h"
#include "mho/analysis/device_response.h"
#include "mho/analysis/evaluate.h"
#include "mho/analysis/least_squares.h"
#include "mho/analysis/mvm_problem.h"
#include "mho/analysis/noise_resistance.h"
#include "mho/analysis/shapley.h"
#include "mho/analysis/simulated_traces.h"
#include "mho/analysis/specs.h"
#include "mho/analysis/statistics.h"
#include "mho/analysis/sweep.h"
#include "mho/analysis/test_support.h"
#include "mho/analysis/text_data.h"
#include "mho/analysis/weight_error.h"
#include "mho/analysis/yield.h"
#include "refusals.h"

namespace mho::refusals {
namespace {

const LabelledImages& images() {
    static const LabelledImages all = pattern_images(20, 1);
    return all;
}

const RunNetworks& networks() {
    static const RunNetworks all = matched_networks(tiny_run(), images());
    return all;
}

BudgetOptions budget(double t_s) {
    BudgetOptions o;
    o.images = 4;
    o.chips = 2;
    o.orders = 2;
    o.t_s = t_s;
    return o;
}

SpecOptions specs(double t_s) {
    SpecOptions o;
    o.images = 4;
    o.chips = 1;
    o.points = 2;
    o.pairs = {{"programming noise", "drift"}};
    o.t_s = t_s;
    return o;
}

PulseTrace trace(double weight) {
    return {0, {0, 1, 1, 1, -1, -1}, {0, 0.1, 0.19, weight, 0.15, 0.05}};
}

const std::vector<Case> kAnalysis = {
    {"t_interval", [](const Bad& b) { t_interval(b.double_list(3)); }},
    {"bootstrap_interval", [](const Bad& b) { bootstrap_interval(b.double_list(3), 1, 20); }},
    {"paired_difference",
     [](const Bad& b) { paired_difference(b.double_list(3), std::vector<double>(3), 1, 20); }},
    {"chip_yield", [](const Bad& b) { chip_yield(b.double_list(3), 0.5); }},
    {"chip_yield (threshold)",
     [](const Bad& b) { chip_yield(std::vector<double>(3, 0.5), b.scalar()); }},
    {"yields_of (threshold)",
     [](const Bad& b) {
         yields_of(R"({"accuracy": {"naive": {"1 s": {"all": [0.5, 0.6]}}}})", "r", b.scalar());
     }},
    {"excess_kurtosis", [](const Bad& b) { excess_kurtosis(b.list(8)); }},
    {"normalised_accuracy", [](const Bad& b) { normalised_accuracy(b.scalar(), 0.1, 0.9); }},
    {"average_normalised_accuracy",
     [](const Bad& b) { average_normalised_accuracy({0.9, {0, 1}, {{0.9}, {b.scalar()}}}); }},
    {"tolerance",
     [](const Bad& b) {
         tolerance(std::vector<double>{1, 2}, std::vector<double>{1, b.scalar()}, 0.9);
     }},
    {"find_level",
     [](const Bad& b) { find_level([](double x) { return 1 - x; }, b.scalar(), 0.1, 1, 0.1); }},
    {"find_level (measure)",
     [](const Bad& b) {
         find_level([&](double x) { return b.number > 0.4f && b.number < 1 ? 1 - x : b.scalar(); },
                    0.5,
                    0.1,
                    1,
                    0.1);
     }},
    {"shapley_shares",
     [](const Bad& b) {
         shapley_shares(2, 2, 2, 1, [&](uint32_t c, size_t) { return c == 3 ? b.scalar() : 0.0; });
     }},
    {"error_budget (time)",
     [](const Bad& b) {
         error_budget(networks().naive, networks().floating_point, images(), 1, budget(b.scalar()));
     }},
    {"specify (time)",
     [](const Bad& b) {
         specify(networks().naive, networks().floating_point, images(), 1, specs(b.scalar()));
     },
     86400},
    {"specify (loss)",
     [](const Bad& b) {
         SpecOptions o = specs(1);
         o.loss = b.scalar();
         specify(networks().naive, networks().floating_point, images(), 1, o);
     }},
    {"ChipScore::on_chip",
     [](const Bad& b) {
         ChipScore(images(), 4, 1, 1).on_chip(networks().naive, 0, b.scalar(), 0);
     }},
    {"with_spec",
     [](const Bad& b) {
         DeviceSpec spec;
         spec.programming_noise = b.scalar() * 0.1;
         with_spec(networks().naive, spec);
     }},
    {"linear_response_device",
     [](const Bad& b) { linear_response_device(b.scalar(), 0, 0.01, 0); }},
    {"LeastSquares", [](const Bad& b) { LeastSquares(4, 2, b.scalar(), TileKey{1}); }},
    {"LeastSquares::loss",
     [](const Bad& b) { LeastSquares(4, 2, 1, TileKey{1}).loss(b.double_list(2)); }},
    {"LeastSquares::gradient",
     [](const Bad& b) {
         std::vector<double> g(2);
         LeastSquares(4, 2, 1, TileKey{1}).gradient(b.double_list(2), g);
     }},
    {"LeastSquares::penalised_minimum",
     [](const Bad& b) { LeastSquares(4, 2, 1, TileKey{1}).penalised_minimum(1, 0.1, b.scalar()); }},
    {"learn_least_squares",
     [](const Bad& b) {
         const LeastSquares problem(4, 2, 1, TileKey{1});
         const auto learner = make_learner(AnalogSgd{}, 1, 2, TileKey{1});
         learn_least_squares(problem, *learner, {3, b.scalar(), 0.1}, TileKey{2});
     }},
    {"descend_least_squares",
     [](const Bad& b) {
         descend_least_squares(LeastSquares(4, 2, 1, TileKey{1}), {3, b.scalar(), 0.1}, TileKey{2});
     }},
    {"weight_error (rule)",
     [](const Bad& b) {
         WeightErrorRun run{2, 20, 2, b.scalar()};
         weight_error(AnalogSgd{}, run, TileKey{1});
     }},
    {"matched_strength",
     [](const Bad& b) {
         matched_strength(strength_knobs()[0],
                          TileConfig{},
                          random_mvm_problem(1, "p", 0, 8, 4),
                          TileKey{1},
                          1,
                          b.scalar());
     },
     0.1f,
     false},
    {"fit_devices",
     [](const Bad& b) { fit_devices({trace(b.scalar())}, {.model = "constant step"}); },
     0.25f},
    {"traces_to_csv", [](const Bad& b) { traces_to_csv({trace(b.scalar())}); }},
    {"cross_entropy_sum",
     [](const Bad& b) { cross_entropy_sum(b.matrix(2, 4).view(), {0, 1, 2, 3}, 1); }},
};

TEST(Refusals, OfNumbersInAnalyses) {
    expect_refused_numbers(kAnalysis);
}

const std::vector<ShapeCase> kShapes = {
    {"paired_difference",
     [] { paired_difference(std::vector<double>(3), std::vector<double>(2), 1); }},
    {"chip_yield of nothing", [] { chip_yield({}, 0.5); }},
    {"yields_of", [] { yields_of("[]", "r", 0.5); }},
    {"pareto_front", [] { pareto_front({1, 2}, {1}); }},
    {"excess_kurtosis of nothing", [] { excess_kurtosis({}); }},
    {"average_normalised_accuracy", [] { average_normalised_accuracy({0.9, {0, 1}, {{0.9}}}); }},
    {"average_normalised_accuracy (clean)", [] { average_normalised_accuracy({0, {0}, {{0.9}}}); }},
    {"normalised_accuracy (chance)", [] { normalised_accuracy(0.1, 0.9, 0.9); }},
    {"tolerance", [] { tolerance(std::vector<double>{0, 1}, std::vector<double>{1}, 0.9); }},
    {"find_level", [] { find_level([](double) { return 1.0; }, 0.5, 1, 0, 0.1); }},
    {"shapley_shares (players)",
     [] { shapley_shares(99, 1, 1, 1, [](uint32_t, size_t) { return 0.0; }); }},
    {"shapley_shares (samples)",
     [] { shapley_shares(2, 0, 1, 1, [](uint32_t, size_t) { return 0.0; }); }},
    {"error_budget (images)",
     [] {
         BudgetOptions o = budget(1);
         o.images = 0;
         error_budget(networks().naive, networks().floating_point, images(), 1, o);
     }},
    {"error_budget (chips)",
     [] {
         BudgetOptions o = budget(1);
         o.chips = 0;
         error_budget(networks().naive, networks().floating_point, images(), 1, o);
     }},
    {"specify (chips)",
     [] {
         SpecOptions o = specs(1);
         o.chips = 0;
         specify(networks().naive, networks().floating_point, images(), 1, o);
     }},
    {"specify (pair)",
     [] {
         SpecOptions o = specs(1);
         o.pairs = {{"no such", "axis"}};
         specify(networks().naive, networks().floating_point, images(), 1, o);
     }},
    {"ChipScore of no images", [] { ChipScore(images(), 0, 1, 1); }},
    {"evaluate",
     [] {
         LabelledImages spoilt = images();
         spoilt.labels.clear();
         evaluate(tiny_run(), networks(), spoilt, {});
     }},
    {"check_evaluation",
     [] {
         LabelledImages spoilt = images();
         spoilt.width = 5;
         check_evaluation(tiny_run(), networks(), spoilt);
     }},
    {"pixels_of", [] { pixels_of(images(), 15, 10); }},
    {"pixels_of (overflow)", [] { pixels_of(images(), 2, SIZE_MAX); }},
    {"fit_devices of nothing", [] { fit_devices({}); }},
    {"fit_devices (lengths)", [] { fit_devices({{0, {0, 1}, {0.0}}}); }},
    {"measure_response", [] { measure_response(ConstantStep{}, {.cells = 0}); }},
    {"simulate_traces", [] { simulate_traces(ConstantStep{}, 1, -1, 1, 1, 1); }},
    {"LeastSquares", [] { LeastSquares(0, 2, 1, TileKey{1}); }},
    {"LeastSquares::loss", [] { LeastSquares(4, 2, 1, TileKey{1}).loss(std::vector<double>(3)); }},
    {"learn_least_squares",
     [] {
         const LeastSquares problem(4, 2, 1, TileKey{1});
         const auto learner = make_learner(AnalogSgd{}, 1, 3, TileKey{1});
         learn_least_squares(problem, *learner, {}, TileKey{2});
     }},
    {"weight_error (rule)", [] { weight_error(AnalogSgd{}, {0, 4, 2}, TileKey{1}); }},
    {"random_mvm_problem", [] { random_mvm_problem(1, "p", 0, 0, 4); }},
    {"mvm_error",
     [] {
         mvm_error(Tile(TileConfig{}, 3, 3, TileKey{1}), random_mvm_problem(1, "p", 0, 8, 4), 0);
     }},
    {"text_windows", [] { text_windows("short", 10, true); }},
    {"text_windows (positions)", [] { text_windows("some words", SIZE_MAX, true); }},
    {"cross_entropy_sum", [] { cross_entropy_sum(numbers(2, 4).view(), {0}, 1); }},
};

TEST(Refusals, OfShapesInAnalyses) {
    expect_refused_shapes(kShapes);
}

}  // namespace
}  // namespace mho::refusals

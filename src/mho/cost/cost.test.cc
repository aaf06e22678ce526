// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cost/cost.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "mho/net/zoo.h"
#include "mho/util/error.h"

namespace mho::cost {
namespace {

Network small_network() {
    InputSpec input;
    input.shape = {1, 8, 8};
    Graph graph{"small", input, {}};
    Conv2dOp conv;
    conv.out_channels = 4;
    conv.padding = {1, 1};
    graph.layers = {{"conv", conv, {}},
                    {"relu", ActivationOp{}, {}},
                    {"flatten", FlattenOp{}, {}},
                    {"fc", LinearOp{256, 5, true}, {}}};
    return map_to_hardware(initialize(graph, 3), {});
}

Matrix<float> pictures(size_t count, size_t pixels) {
    Matrix<float> x(count, pixels);
    for (size_t i = 0; i < x.values.size(); i++) {
        x.values[i] = 128 + 127 * std::sin(0.11f * static_cast<float>(i));
    }
    return x;
}

Report cost_of_small(const std::string& json, size_t samples = 4) {
    const Network network = small_network();
    const CostSpec spec = cost_from_json(json);
    const NetworkActivity activity =
        activity_of(network, pictures(samples, 64).view(), spec.config.activity, 1);
    return of(network, activity, spec);
}

void each_node(const Node& node, const std::function<void(const Node&)>& f) {
    f(node);
    for (const Node& part : node.parts) {
        each_node(part, f);
    }
}

TEST(Cost, EveryNumberHasItsSourceAndSumsAreTheirParts) {
    for (const char* json : {"{}",
                             R"({"preset": "isaac"})",
                             R"({"preset": "neurosim"})",
                             R"({"preset": "zigzag"})",
                             R"({"preset": "mnsim"})",
                             R"({"preset": "hermes"})",
                             R"({"preset": "cim 3d"})",
                             R"({"schedule": {"sharing": "first fit"}})",
                             R"({"schedule": {"duplication": "balanced", "tiles": 9}})"}) {
        const Report report = cost_of_small(json);
        for (const Node* root : {&report.energy, &report.latency, &report.area}) {
            each_node(*root, [&](const Node& n) {
                EXPECT_TRUE(std::isfinite(n.value) && n.value >= 0) << json << " " << n.name;
                EXPECT_FALSE(n.unit.empty()) << json << " " << n.name;
                EXPECT_TRUE(!n.source.empty() || !n.parts.empty()) << json << " " << n.name;
                EXPECT_TRUE(!n.formula.empty() || n.parts.empty()) << json << " " << n.name;
                if (n.formula == kSum) {
                    double total = 0;
                    for (const Node& part : n.parts) {
                        total += part.value;
                        EXPECT_EQ(part.unit, n.unit) << json << " " << part.name;
                    }
                    EXPECT_DOUBLE_EQ(n.value, total) << json << " " << n.name;
                }
            });
        }
        double layers = 0;
        for (const LayerCost& layer : report.layers) {
            layers += layer.energy_pj;
        }
        const double idle = find(report.energy, "power that always flows")->value;
        EXPECT_NEAR(layers + idle, report.energy.value, 1e-9 * report.energy.value) << json;
        EXPECT_NEAR(report.totals.energy_j, report.energy.value * 1e-12, 1e-25) << json;
        EXPECT_GT(report.totals.tops_per_w(), 0) << json;
    }
}

TEST(Cost, LayersAndTheirWork) {
    const Report report = cost_of_small("{}");
    ASSERT_EQ(report.layers.size(), 3u);  // flatten moves nothing
    EXPECT_EQ(report.layers[0].multiply_adds, 64 * 4 * 9);
    EXPECT_EQ(report.layers[1].tiles, 0u);
    EXPECT_EQ(report.layers[2].multiply_adds, 256 * 5);
    EXPECT_EQ(report.totals.tiles, 2u);
    EXPECT_EQ(report.timeline.stages.size(), 8u);
}

TEST(Cost, EnergyFollowsTheInputs) {
    const Network network = small_network();
    const CostSpec spec = cost_from_json("{}");
    const Matrix<float> bright = pictures(2, 64);
    Matrix<float> dark = bright;
    for (float& v : dark.values) {
        v *= 0.5f;
    }
    const auto cells = [&](const Matrix<float>& x) {
        const Report r = of(network, activity_of(network, x.view(), spec.config.activity, 1), spec);
        return find(r.energy.parts[0], "cells")->value;
    };
    EXPECT_LT(cells(dark), cells(bright));
    EXPECT_EQ(cells(Matrix<float>(2, 64)), 0);
}

TEST(Cost, ABatchCostsAsItsParts) {
    const Network network = small_network();
    const CostSpec spec = cost_from_json("{}");
    const Matrix<float> x = pictures(5, 64);
    Executor executor(network, 1);
    executor.program();
    const NetworkActivity whole = measure_activity(executor, x.view());
    NetworkActivity parts = measure_activity(executor, x.view().row_block(0, 2));
    add(parts, measure_activity(executor, x.view().row_block(2, 3)));
    // The first layer sees the same numbers; noise of later layers belongs to the sample's number,
    // which differs between the calls.
    EXPECT_EQ(whole.layers.at("conv").lines[0].codes, parts.layers.at("conv").lines[0].codes);
    EXPECT_EQ(whole.samples, parts.samples);
    const Report a = of(network, whole, spec);
    const Report b = of(network, parts, spec);
    EXPECT_DOUBLE_EQ(a.layers[0].energy_pj, b.layers[0].energy_pj);
}

TEST(Cost, AverageActivityNeedsNoSamples) {
    const Report report =
        cost_of_small(R"({"activity": {"source": "average", "mean_input": 0}})", 0);
    EXPECT_EQ(find(report.energy.parts[0], "cells")->value, 0);
    EXPECT_GT(report.totals.energy_j, 0);
}

TEST(Cost, PipelineIsFasterThanSequential) {
    const Report sequential = cost_of_small(R"({"schedule": {"mode": "sequential"}})");
    const Report pipeline = cost_of_small("{}");
    const Report lines = cost_of_small(R"({"schedule": {"mode": "line pipeline"}})");
    EXPECT_DOUBLE_EQ(sequential.totals.latency_s, sequential.totals.interval_s);
    EXPECT_LT(pipeline.totals.interval_s, sequential.totals.interval_s);
    EXPECT_LT(lines.totals.latency_s, pipeline.totals.latency_s);
}

TEST(Cost, CopiesMakeItFasterAndLarger) {
    const Report one = cost_of_small("{}");
    const Report more = cost_of_small(R"({"schedule": {"duplication": "balanced", "tiles": 9}})");
    EXPECT_GT(more.layers[0].copies, 4u);
    EXPECT_LT(more.totals.interval_s, one.totals.interval_s);
    EXPECT_GT(more.totals.area_mm2, one.totals.area_mm2);
    EXPECT_NEAR(more.totals.energy_j, one.totals.energy_j, 1e-9 * one.totals.energy_j);
}

TEST(Cost, LayersThatShareATileTakeLessArea) {
    const Report own = cost_of_small("{}");
    const Report shared = cost_of_small(R"({"schedule": {"sharing": "first fit"}})");
    EXPECT_EQ(shared.totals.tiles, 1u);
    EXPECT_LT(shared.totals.area_mm2, own.totals.area_mm2);
    EXPECT_GE(shared.totals.interval_s, own.totals.interval_s);
}

TEST(Cost, TheChipCanBeTooSmall) {
    EXPECT_THROW(cost_of_small(R"({"schedule": {"tiles": 1}})"), ConfigError);
    EXPECT_NO_THROW(cost_of_small(R"({"schedule": {"tiles": 1, "sharing": "first fit"}})"));
    EXPECT_THROW(cost_of_small(R"({"schedule": {"duplication": "balanced"}})"), ConfigError);
}

TEST(Cost, MissingActivityIsAnError) {
    const Network network = small_network();
    EXPECT_THROW(of(network, {}, {}), InputError);
    NetworkActivity empty;
    empty.samples = 1;
    EXPECT_THROW(of(network, empty, {}), InputError);
}

TEST(Cost, HermesPresetGivesItsPublishedEfficiencyOnAFullTile) {
    // A layer that fills its tile is the chip's own benchmark: 9.76 TOPS/W.
    InputSpec input;
    input.shape = {1, 16, 16};
    const Graph graph{"full", input, {{"flat", FlattenOp{}, {}}, {"fc", LinearOp{256, 256}, {}}}};
    const Network network = map_to_hardware(initialize(graph, 1), {});
    const CostSpec spec = cost_from_json(R"({"preset": "hermes"})");
    const Report report =
        of(network, activity_of(network, pictures(1, 256).view(), spec.config.activity, 1), spec);
    EXPECT_NEAR(report.totals.tops_per_w(), 9.76, 0.01);
}

}  // namespace
}  // namespace mho::cost

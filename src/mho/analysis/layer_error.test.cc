// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/layer_error.h"

#include <gtest/gtest.h>

#include <numeric>

#include "mho/analysis/test_support.h"
#include "mho/net/zoo.h"

namespace mho {
namespace {

EvaluationResult measure(const RunFile& run, const Network& network) {
    EvaluationResult result;
    const LabelledImages images = pattern_images(6, 2);
    measure_layers(run, network, pixels_of(images, 0, images.count).view(), result);
    return result;
}

EvaluationResult measure_tiny(const std::vector<std::string>& set) {
    const RunFile run = tiny_run(set);
    return measure(run, make_naive(run, build_network(run), pattern_images(32, 1)));
}

TEST(LayerError, ExactHardwareHasNone) {
    const EvaluationResult r = measure_tiny({"hardware.preset=ideal"});
    ASSERT_EQ(r.layer_errors.size(), 2u);
    for (const LayerErrorResult& l : r.layer_errors) {
        ASSERT_EQ(l.relative.size(), 2u);
        for (const double e : l.relative) {
            // 784 float32 products against another order of summation.
            EXPECT_LT(e, 1e-5) << l.layer;
        }
    }
}

TEST(LayerError, StandardHardwareHasSomeAndDriftAddsToIt) {
    const EvaluationResult r = measure_tiny({"evaluation.times[1].t_s=315360000"});
    ASSERT_EQ(r.layer_errors.size(), 2u);
    EXPECT_EQ(r.layer_errors[0].layer, "fc1");
    for (const LayerErrorResult& l : r.layer_errors) {
        // Rasch et al. (arXiv 2302.08469) report 10 to 20 % for the standard model.
        EXPECT_GT(l.relative[0], 0.02) << l.layer;
        EXPECT_LT(l.relative[0], 1.0) << l.layer;
        EXPECT_GT(l.relative[1], l.relative[0]) << l.layer;
    }
}

// The whole error of a layer whose only fault is output noise is that noise.
TEST(LayerError, OutputNoiseAloneGivesItsOwnSize) {
    const std::string off = R"(hardware={"preset": "ideal", "mapping": {"per_column": false},
        "forward": {"perfect": false, "dac": {"steps": 0, "bound": 100},
        "noise_management": {"kind": "none"}, "adc": {"steps": 0, "bound": 0},
        "weight_noise": {"kind": "none"}, "ir_drop": {"strength": 0}, "output_noise": {"std": STD}}})";
    const auto error = [&](const char* std) {
        std::string set = off;
        set.replace(set.find("STD"), 3, std);
        return measure_tiny({set}).layer_errors[0].relative[0];
    };
    EXPECT_LT(error("0"), 1e-5);
    const double small = error("0.01");
    EXPECT_GT(small, 1e-4);
    // Same noise, twice as strong.
    EXPECT_NEAR(error("0.02") / small, 2.0, 1e-3);
}

TEST(LayerError, ConvolutionsAndBiasesCount) {
    RunFile run = tiny_run({"hardware.preset=ideal"});
    Network network = initialize(lenet5({{1, 28, 28}, 1.0 / 255, {}, {}}), 3);
    const EvaluationResult r = measure(run, map_to_hardware(network, run.hardware));
    ASSERT_EQ(r.layer_errors.size(), 4u);
    for (const LayerErrorResult& l : r.layer_errors) {
        EXPECT_LT(l.relative[1], 1e-5) << l.layer;
    }
}

TEST(LayerError, HistogramsHoldEveryWeightAndDevice) {
    const EvaluationResult r = measure_tiny({});
    const size_t weights = 784 * 12 + 12 * 10;
    const auto total = [](const HistogramResult& h) {
        return std::accumulate(h.counts.begin(), h.counts.end(), 0.0);
    };
    ASSERT_EQ(r.weights.size(), 2u);
    EXPECT_EQ(r.weights[0].name, "target");
    EXPECT_EQ(r.weights[1].name, "after 1 day");
    for (const HistogramResult& h : r.weights) {
        EXPECT_EQ(total(h), weights) << h.name;
    }
    EXPECT_NE(r.weights[0].counts, r.weights[1].counts);
    ASSERT_EQ(r.conductances_us.size(), 3u);
    for (const HistogramResult& h : r.conductances_us) {
        EXPECT_EQ(h.low, 0) << h.name;
        EXPECT_NEAR(h.high, 30, 1e-9) << h.name;
    }
    // One pair of devices per weight, once they exist.
    EXPECT_EQ(total(r.conductances_us[1]), 2 * weights);
    EXPECT_EQ(total(r.conductances_us[2]), 2 * weights);
}

TEST(LayerError, DigitalNetworksHaveNoLayersToMeasure) {
    const RunFile run = tiny_run();
    const EvaluationResult r = measure(run, build_network(run));
    EXPECT_TRUE(r.layer_errors.empty() && r.weights.empty() && r.conductances_us.empty());
}

}  // namespace
}  // namespace mho

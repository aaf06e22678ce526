// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
//
// 1, 2 and 7 threads give the same bits, everywhere that threads can be chosen.
#include <gtest/gtest.h>

#include "mho/analysis/evaluate.h"
#include "mho/analysis/results.h"
#include "mho/analysis/test_support.h"
#include "mho/net/executor.h"
#include "mho/net/zoo.h"

namespace mho {
namespace {

const std::vector<size_t> kThreads = {1, 2, 7};

InputSpec picture() {
    InputSpec spec;
    spec.shape = {1, 28, 28};
    return spec;
}

TEST(Threads, OutputsOfEveryLayerKind) {
    for (const Graph& graph : {lenet5(picture()), residual_cnn(4, {4, 8}, 10, picture())}) {
        const Network network =
            map_to_hardware(fold_batch_norm(initialize(graph, 1)), HardwareSpec{});
        Executor executor(network, 3);
        executor.program();
        executor.advance_to(3600);
        Matrix<float> pixels(37, 28 * 28);
        fill_uniform(TileKey{1}, Stream::kTest, 0, 0, pixels.values);
        std::vector<Matrix<float>> outputs;
        for (const size_t threads : kThreads) {
            outputs.emplace_back(37, 10);
            executor.run(pixels.view(), outputs.back().view(), {.step = 2}, threads);
            EXPECT_EQ(outputs.back().values, outputs[0].values) << graph.name << " " << threads;
        }
    }
}

TEST(Threads, InputRanges) {
    Matrix<float> pixels(64, 28 * 28);
    fill_uniform(TileKey{1}, Stream::kTest, 0, 0, pixels.values);
    std::vector<Network> networks;
    for (const size_t threads : kThreads) {
        networks.push_back(map_to_hardware(initialize(lenet5(picture()), 1), HardwareSpec{}));
        initialize_input_ranges(networks.back(), pixels.view(), 16, 1, threads);
        EXPECT_EQ(networks.back().parameters, networks[0].parameters) << threads;
    }
}

TEST(Threads, WholeEvaluations) {
    const RunFile run = tiny_run({"evaluation.programmings=2"});
    const RunNetworks networks = matched_networks(run, pattern_images(64, 1));
    const LabelledImages test = pattern_images(50, 2);
    std::vector<std::string> results;
    for (const size_t threads : kThreads) {
        EvaluateOptions options;
        options.threads = threads;
        EvaluationResult result = evaluate(run, networks, test, options);
        result.cpu_s.clear();
        results.push_back(results_to_json(run, result, RunFacts{}));
        EXPECT_EQ(results.back(), results[0]) << threads;
    }
}

}  // namespace
}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/text_data.h"

#include <gtest/gtest.h>

#include <cmath>

#include "mho/analysis/evaluate.h"
#include "mho/analysis/results.h"
#include "mho/net/executor.h"
#include "mho/util/error.h"

namespace mho {
namespace {

TEST(TextData, WindowsAndTheSymbolsThatFollow) {
    std::string text;
    for (int i = 0; i < 100; i++) {
        text += static_cast<char>('a' + i % 7);
    }
    const LabelledImages train = text_windows(text, 8, true);
    const LabelledImages test = text_windows(text, 8, false);
    EXPECT_EQ(train.count, 11u);  // 90 characters: 11 windows of 8 with a successor each
    EXPECT_EQ(test.count, 1u);
    EXPECT_EQ(train.classes, 7u);
    ASSERT_EQ(train.labels.size(), 88u);
    for (size_t i = 0; i < 88; i++) {
        EXPECT_EQ(train.pixels[i], i % 7);
        EXPECT_EQ(train.labels[i], (i + 1) % 7);
    }
    EXPECT_EQ(test.pixels[0], 90 % 7);
    EXPECT_THROW(text_windows(text, 10, false), InputError);
    EXPECT_THROW(text_windows(text, 0, true), InputError);
}

TEST(TextData, CrossEntropy) {
    Matrix<float> logits(1, 4);
    logits.values = {0.0f, 0.0f, 1000.0f, 1000.0f + static_cast<float>(std::log(3.0))};
    EXPECT_NEAR(
        cross_entropy_sum(logits.view(), {0, 1}, 2), std::log(2.0) + std::log(4.0 / 3.0), 1e-4);
    EXPECT_THROW(cross_entropy_sum(logits.view(), {0, 2}, 2), InputError);
    EXPECT_THROW(cross_entropy_sum(logits.view(), {0}, 2), InputError);
}

TEST(TextData, ModelsAndDataMustFit) {
    const std::string text = R"("data": {"set": "text", "sequence": 16})";
    const RunFile run = parse_run_file(
        "{" + text + R"(, "network": {"model": {"model": "char lstm", "hidden": 24}}})", "test");
    EXPECT_EQ(build_network(run).graph.input.shape, (std::array<int, 3>{1, 1, 16}));
    EXPECT_THROW(
        parse_run_file("{" + text + R"(, "network": {"model": {"model": "lenet"}}})", "test"),
        ConfigError);
    EXPECT_THROW(parse_run_file(R"({"network": {"model": {"model": "small gpt"}}})", "test"),
                 ConfigError);
}

TEST(TextData, EvaluationMeasuresTheLoss) {
    std::string text;
    for (int i = 0; i < 4000; i++) {
        text += static_cast<char>('a' + i * i % 7);
    }
    const LabelledImages train = text_windows(text, 8, true);
    const LabelledImages test = text_windows(text, 8, false);
    RunFile run = parse_run_file(
        R"({"data": {"set": "text", "sequence": 8},
            "network": {"model": {"model": "char lstm", "vocabulary": 7, "embedding": 4, "hidden": 6}},
            "training": {"hardware_aware": {"batch": 8}},
            "evaluation": {"times": [{"name": "1 day", "t_s": 86400}], "programmings": 2, "images": 20,
                           "uncompensated": false, "ablation": {"enabled": false}, "error_images": 4}})",
        "test");
    RunNetworks networks;
    networks.floating_point = build_network(run);
    networks.naive = make_naive(run, networks.floating_point, train);
    networks.has_naive = true;
    EvaluateOptions options;
    const EvaluationResult result = evaluate(run, networks, test, options);
    ASSERT_TRUE(result.is_loss);
    const Executor executor(networks.floating_point, run.seed);
    Matrix<float> outputs(20, executor.output_features());
    executor.run(pixels_of(test, 0, 20).view(), outputs.view(), {});
    EXPECT_NEAR(
        result.float_accuracy, cross_entropy_sum(outputs.view(), test.labels, 8) / 160, 1e-7);
    ASSERT_EQ(result.curves.size(), 1u);
    ASSERT_EQ(result.curves[0].all[0].size(), 2u);
    EXPECT_NE(result.curves[0].all[0][0], result.curves[0].all[0][1]);
    EXPECT_NEAR(result.curves[0].all[0][0], std::log(7.0), 0.5);
    EXPECT_EQ(result.layer_errors.size(), 3u);
    options.threads = 2;
    EXPECT_EQ(evaluate(run, networks, test, options).curves[0].all, result.curves[0].all);
    EXPECT_NE(results_to_json(run, result, run_facts(1)).find("\"loss\""), std::string::npos);
}

}  // namespace
}  // namespace mho

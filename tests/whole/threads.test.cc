// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
//
// 1, 2 and 7 threads give the same bits, everywhere that threads can be chosen.
#include <gtest/gtest.h>

#include <cmath>

#include "mho/analysis/budget.h"
#include "mho/analysis/chip_score.h"
#include "mho/analysis/device_fit.h"
#include "mho/analysis/evaluate.h"
#include "mho/analysis/results.h"
#include "mho/analysis/simulated_traces.h"
#include "mho/analysis/specs.h"
#include "mho/analysis/study.h"
#include "mho/analysis/test_support.h"
#include "mho/array/wires.h"
#include "mho/net/executor.h"
#include "mho/net/matrix_training.h"
#include "mho/net/zoo.h"
#include "mho/train/pulse_rule.h"
#include "mho/train/test_support.h"

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

// A perceptron of 784 x 12 x 10 and pictures for it.
struct Perceptron {
    RunFile run = tiny_run();
    RunNetworks networks = matched_networks(run, pattern_images(64, 1));
    LabelledImages test = pattern_images(30, 2);
};

const Perceptron& perceptron() {
    static const Perceptron one;
    return one;
}

TEST(Threads, ScoresOfChips) {
    const Perceptron& p = perceptron();
    const double one = ChipScore(p.test, 30, 1, 1).on_chip(p.networks.naive, 2, 3600, 1);
    for (const size_t threads : kThreads) {
        const ChipScore score(p.test, 30, 1, threads);
        EXPECT_EQ(score.on_chip(p.networks.naive, 2, 3600, 1), one) << threads;
    }
}

TEST(Threads, Budgets) {
    const Perceptron& p = perceptron();
    std::vector<Budget> budgets;
    for (const size_t threads : kThreads) {
        BudgetOptions options;
        options.images = 20;
        options.chips = 2;
        options.orders = 2;
        options.threads = threads;
        budgets.push_back(
            error_budget(p.networks.naive, p.networks.floating_point, p.test, 1, options));
        const Budget &a = budgets[0], &b = budgets.back();
        EXPECT_EQ(b.exact, a.exact);
        EXPECT_EQ(b.all.mean, a.all.mean);
        EXPECT_EQ(b.none.mean, a.none.mean);
        ASSERT_EQ(b.shares.size(), a.shares.size());
        for (size_t i = 0; i < a.shares.size(); i++) {
            EXPECT_EQ(b.shares[i].source, a.shares[i].source);
            EXPECT_EQ(b.shares[i].shapley.mean, a.shares[i].shapley.mean);
            EXPECT_EQ(b.shares[i].shapley.low, a.shares[i].shapley.low);
            EXPECT_EQ(b.shares[i].off.mean, a.shares[i].off.mean);
            EXPECT_EQ(b.shares[i].alone.mean, a.shares[i].alone.mean);
        }
    }
}

TEST(Threads, Specifications) {
    const Perceptron& p = perceptron();
    std::vector<Specs> all;
    for (const size_t threads : kThreads) {
        SpecOptions options;
        options.images = 20;
        options.chips = 1;
        options.points = 2;
        options.loss = 0.1;
        options.pairs = {default_spec_pairs().front()};
        options.threads = threads;
        all.push_back(specify(p.networks.naive, p.networks.floating_point, p.test, 1, options));
        const Specs &a = all[0], &b = all.back();
        EXPECT_EQ(b.exact, a.exact);
        EXPECT_EQ(b.ideal, a.ideal);
        EXPECT_EQ(b.evaluations, a.evaluations);
        ASSERT_EQ(b.limits.size(), a.limits.size());
        for (size_t i = 0; i < a.limits.size(); i++) {
            EXPECT_EQ(b.limits[i].value, a.limits[i].value) << a.limits[i].axis;
        }
        ASSERT_EQ(b.pairs.size(), a.pairs.size());
        EXPECT_EQ(b.pairs.at(0).limit, a.pairs.at(0).limit);
    }
}

TEST(Threads, LearnersInMemory) {
    for (const auto& [name, config] : test::all_learners()) {
        std::vector<LearnerState> states;
        for (const size_t threads : kThreads) {
            const auto learner = make_learner(config, 19, 23, TileKey{1});
            learner->set_weights(test::normal_matrix(19, 23, 0.2f, 0).view());
            for (uint64_t step = 0; step < 4; step++) {
                UpdateCall call;
                call.rate = 0.05;
                call.key = {step, step * 9};
                call.threads = threads;
                learner->update(test::normal_matrix(9, 23, 0.5f, 2 * step + 1).view(),
                                test::normal_matrix(9, 19, 0.5f, 2 * step + 2).view(),
                                call);
                learner->end_of_batch(step);
            }
            states.push_back(learner->state());
            EXPECT_EQ(states.back().arrays, states[0].arrays) << name << " " << threads;
            EXPECT_EQ(states.back().numbers, states[0].numbers) << name << " " << threads;
        }
    }
}

TEST(Threads, PulsesOfEveryLaw) {
    for (const PulseLaw law : {PulseLaw::kPulse, PulseLaw::kSample, PulseLaw::kBatch}) {
        for (const PulsedDevice& device :
             std::vector<PulsedDevice>{ConstantStep{}, SoftBounds{}, ExpStep{}}) {
            std::vector<Matrix<float>> weights;
            for (const size_t threads : kThreads) {
                PulsedArray array(device, 37, 41, TileKey{3});
                PulseUpdate update;
                update.law = law;
                pulsed_update(array,
                              update,
                              test::normal_matrix(12, 41, 0.5f, 1).view(),
                              test::normal_matrix(12, 37, 0.5f, 2).view(),
                              0.05,
                              {1, 0},
                              threads);
                weights.push_back(test::copy_of(array.weights()));
                EXPECT_EQ(weights.back().values, weights[0].values) << threads;
            }
        }
    }
}

TEST(Threads, LayersInTraining) {
    std::vector<Matrix<float>> outputs;
    for (const size_t threads : kThreads) {
        MatrixTraining layer(Hardware{}, 1, 33, 29, 1, "layer");
        layer.load_weights(test::normal_matrix(33, 29, 0.3f, 0).view());
        outputs.emplace_back(70, 33);
        layer.forward(
            test::normal_matrix(70, 29, 0.5f, 1).view(), outputs.back().view(), {1, 0}, threads);
        EXPECT_EQ(outputs.back().values, outputs[0].values) << threads;
    }
}

TEST(Threads, WiresOfEveryInput) {
    WireConfig lines;
    lines.row_resistance = lines.column_resistance = 0.01;
    Matrix<double> conductance(40, 30);
    const Matrix<float> uniform = test::normal_matrix(40, 30, 0.3f, 1);
    for (size_t i = 0; i < conductance.values.size(); i++) {
        conductance.values[i] = std::abs(double{uniform.values[i]});
    }
    const Wires wires(lines, conductance.view());
    const EffectiveConductances one = wires.effective(1);
    for (const size_t threads : kThreads) {
        const EffectiveConductances many = wires.effective(threads);
        EXPECT_EQ(many.conductance.values, one.conductance.values) << threads;
        EXPECT_EQ(many.iterations, one.iterations) << threads;
    }
}

TEST(Threads, FitsOfDevices) {
    SoftBounds device;
    device.dw_min = 0.02;
    const std::vector<PulseTrace> traces = simulate_traces(device, 3, 40, 1, 5, 1);
    std::vector<std::vector<DeviceFit>> fits;
    for (const size_t threads : kThreads) {
        DeviceFitOptions options;
        options.threads = threads;
        fits.push_back(fit_devices(traces, options));
        ASSERT_EQ(fits.back().size(), fits[0].size());
        for (size_t i = 0; i < fits[0].size(); i++) {
            EXPECT_EQ(fits.back()[i].log_likelihood, fits[0][i].log_likelihood) << threads;
            EXPECT_EQ(fits.back()[i].residuals, fits[0][i].residuals) << threads;
        }
    }
}

// Studies cut their work into units (analysis/study_units.h): kernels on simulated chips here.
TEST(Threads, StudiesOfKernels) {
    std::vector<StudyResult> results;
    for (const size_t threads : kThreads) {
        StudyOptions options;
        options.small = true;
        options.threads = threads;
        results.push_back(find_study("kernel-approximation").run(options));
        ASSERT_EQ(results.back().rows.size(), results[0].rows.size());
        for (size_t i = 0; i < results[0].rows.size(); i++) {
            EXPECT_EQ(results.back().rows[i].measured, results[0].rows[i].measured) << threads;
            EXPECT_EQ(results.back().rows[i].value.mean, results[0].rows[i].value.mean) << threads;
        }
    }
}

}  // namespace
}  // namespace mho

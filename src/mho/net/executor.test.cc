// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/executor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <limits>

#include "mho/io/test_support.h"
#include "mho/net/test_support.h"
#include "mho/util/error.h"

namespace mho {
namespace {

// The definition of a convolution, one output at a time.
std::vector<double> reference_convolution(const Conv2dOp& op,
                                          const Shape& in,
                                          const Shape& out,
                                          const float* x,
                                          const std::vector<float>& weight,
                                          const std::vector<float>& bias) {
    std::vector<double> y;
    const int in_group = op.in_channels / op.groups;
    const int out_group = op.out_channels / op.groups;
    for (int o = 0; o < out[0]; o++) {
        for (int r = 0; r < out[1]; r++) {
            for (int c = 0; c < out[2]; c++) {
                double sum = bias.empty() ? 0.0 : double{bias[static_cast<size_t>(o)]};
                for (int i = 0; i < in_group; i++) {
                    for (int kr = 0; kr < op.kernel[0]; kr++) {
                        for (int kc = 0; kc < op.kernel[1]; kc++) {
                            const int row = r * op.stride[0] - op.padding[0] + kr * op.dilation[0];
                            const int col = c * op.stride[1] - op.padding[1] + kc * op.dilation[1];
                            if (row < 0 || row >= in[1] || col < 0 || col >= in[2]) {
                                continue;
                            }
                            const int channel = o / out_group * in_group + i;
                            const int w =
                                ((o * in_group + i) * op.kernel[0] + kr) * op.kernel[1] + kc;
                            sum += double{weight[static_cast<size_t>(w)]} *
                                   double{x[(channel * in[1] + row) * in[2] + col]};
                        }
                    }
                }
                y.push_back(sum);
            }
        }
    }
    return y;
}

TEST(Executor, ConvolutionEqualsTheNaiveReference) {
    struct Case {
        std::array<int, 2> kernel, stride, padding, dilation;
        int groups;
        bool bias;
    };
    const Case cases[] = {
        {{3, 3}, {1, 1}, {1, 1}, {1, 1}, 1, true},
        {{3, 3}, {2, 2}, {1, 1}, {1, 1}, 1, false},
        {{1, 1}, {2, 2}, {0, 0}, {1, 1}, 1, false},
        {{5, 5}, {1, 1}, {0, 0}, {1, 1}, 1, true},
        {{2, 4}, {1, 3}, {1, 2}, {2, 1}, 1, true},
        {{3, 2}, {2, 1}, {2, 1}, {1, 3}, 1, true},
        {{7, 7}, {1, 1}, {3, 3}, {1, 1}, 2, true},
        {{3, 3}, {1, 1}, {1, 1}, {1, 2}, 4, false},
        {{9, 1}, {1, 1}, {8, 0}, {1, 1}, 1, true},
    };
    const HardwareSpec ideal =
        hardware_from_json(R"({"preset": "ideal", "mapping": {"max_inputs": 20}})");
    for (const Case& c : cases) {
        const Conv2dOp op{4, 20, c.kernel, c.stride, c.padding, c.dilation, c.groups, c.bias};
        const Graph graph{"g", raw_input(4, 9, 10), {{"c", op, {}}}};
        const Network network = initialize(graph, 21);
        const Shape out = infer_shapes(graph)[0];
        const Matrix<float> pixels = normal_matrix(3, 360, 5);
        const Executor digital(network, 1);
        const Executor analog(map_to_hardware(network, ideal), 1);
        EXPECT_EQ(analog.grids("c").size(), static_cast<size_t>(c.groups));
        EXPECT_EQ(analog.grids("c")[0].layer_path(), c.groups == 1 ? "c" : "c/g0");
        const Matrix<float> y = run_all(digital, pixels);
        const Matrix<float> tiles = run_all(analog, pixels);
        const std::vector<float> bias =
            c.bias ? network.parameters.at("c.bias").values : std::vector<float>{};
        for (size_t s = 0; s < pixels.rows; s++) {
            const std::vector<double> expected = reference_convolution(
                op, {4, 9, 10}, out, pixels.row(s), network.parameters.at("c.weight").values, bias);
            ASSERT_EQ(expected.size(), y.cols);
            for (size_t i = 0; i < expected.size(); i++) {
                // Weights sum to less than sqrt(inputs) in size and inputs are below 6: the error
                // of a float sum of up to 196 terms stays below 196 * 2^-24 * 6 * 14.
                EXPECT_NEAR(y(s, i), expected[i], 1e-3);
                EXPECT_NEAR(tiles(s, i), expected[i], 1e-3);
            }
        }
    }
}

TEST(Executor, PoolingByHand) {
    const Graph graph{"g",
                      raw_input(1, 3, 4),
                      {{"max", Pool2dOp{false, {2, 2}, {1, 2}, {1, 0}}, {}},
                       {"avg", Pool2dOp{true, {3, 2}, {2, 2}, {1, 1}}, {"input"}},
                       {"all", GlobalAveragePoolOp{}, {"input"}},
                       {"f1", FlattenOp{}, {"max"}},
                       {"f2", FlattenOp{}, {"avg"}}}};
    Matrix<float> pixels(1, 12);
    pixels.values = {-1, -2, -3, -4, 5, 6, 7, 8, 9, -10, 11, -12};
    const auto output_of = [&](size_t layers, const char* last) {
        Graph part = graph;
        part.layers.resize(layers);
        part.layers.push_back({"end", ActivationOp{Activation::kTanh}, {last}});
        part.layers.back().op = FlattenOp{};
        return run_all(Executor(Network{part, {}, {}}, 1), pixels).values;
    };
    // Padding never wins a maximum.
    EXPECT_EQ(output_of(1, "max"), (std::vector<float>{-1, -3, 6, 8, 9, 11, 9, 11}));
    const auto sixth = [](double v) { return static_cast<float>(v) * (1.0f / 6.0f); };
    EXPECT_EQ(output_of(2, "avg"),
              (std::vector<float>{sixth(4), sixth(8), sixth(4), sixth(14), sixth(14), sixth(-4)}));
    EXPECT_EQ(output_of(3, "all"), (std::vector<float>{14.0f / 12.0f}));
}

TEST(Executor, ActivationsEqualTheirFormulas) {
    Matrix<float> pixels(1, 4001);
    for (size_t i = 0; i < 4001; i++) {
        pixels.values[i] = -20.0f + 0.01f * static_cast<float>(i);
    }
    const auto check = [&](Activation kind, double (*formula)(double), double relative) {
        const Graph graph{"g", raw_input(1, 1, 4001), {{"a", ActivationOp{kind}, {}}}};
        const Matrix<float> y = run_all(Executor(Network{graph, {}, {}}, 1), pixels);
        for (size_t i = 0; i < y.values.size(); i++) {
            const double expected = formula(double{pixels.values[i]});
            EXPECT_NEAR(y.values[i], expected, 1e-6 * relative + 4e-7 * std::abs(expected))
                << pixels.values[i];
        }
    };
    check(Activation::kRelu, [](double x) { return std::max(x, 0.0); }, 0);
    check(Activation::kSigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }, 0.1);
    check(Activation::kTanh, [](double x) { return std::tanh(x); }, 0);
    check(
        Activation::kGelu,
        [](double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); },
        1);
    pixels.values.assign(4001, 0.0f);
    for (const float x : {1e-6f, 1e30f, -1e30f, 0.625f}) {
        pixels.values[0] = x;
        const Graph graph{"g", raw_input(1, 1, 4001), {{"a", ActivationOp{Activation::kTanh}, {}}}};
        const float y = run_all(Executor(Network{graph, {}, {}}, 1), pixels).values[0];
        EXPECT_NEAR(y, std::tanh(x), std::abs(std::tanh(x)) * 4e-7);
    }
}

TEST(Executor, PixelsAreNormalisedPerChannel) {
    const Graph graph{"g", {{2, 1, 1}, 0.5, {1, 2}, {4, 8}}, {{"f", FlattenOp{}, {}}}};
    Matrix<float> pixels(1, 2);
    pixels.values = {10, 20};
    EXPECT_EQ(run_all(Executor(Network{graph, {}, {}}, 1), pixels).values,
              (std::vector<float>{1, 1}));
}

TEST(Executor, BuffersAreNotSharedTooEarly) {
    // `x` is read by layers far apart, flattened aliases are read twice, and one layer is read by
    // nobody.
    const Graph graph{"g",
                      raw_input(2, 1, 2),
                      {{"relu", ActivationOp{}, {}},
                       {"flat", FlattenOp{}, {"input"}},
                       {"l1", LinearOp{4, 4, true}, {"flat"}},
                       {"unused", ActivationOp{Activation::kTanh}, {"l1"}},
                       {"twice", AddOp{}, {"l1", "l1"}},
                       {"flat2", FlattenOp{}, {"relu"}},
                       {"sum", AddOp{}, {"twice", "flat2", "flat", "l1"}}}};
    const Network network = initialize(graph, 9);
    const Matrix<float> pixels = normal_matrix(4, 4, 8);
    const Matrix<float> y = run_all(Executor(network, 1), pixels);
    const std::vector<float>& w = network.parameters.at("l1.weight").values;
    const std::vector<float>& b = network.parameters.at("l1.bias").values;
    for (size_t s = 0; s < 4; s++) {
        for (size_t o = 0; o < 4; o++) {
            double l = double{b[o]};
            for (size_t i = 0; i < 4; i++) {
                l += double{w[o * 4 + i]} * double{pixels(s, i)};
            }
            const double x = double{pixels(s, o)};
            EXPECT_NEAR(y(s, o), 3 * l + std::max(x, 0.0) + x, 1e-5);
        }
    }
}

Network analog_network() {
    return map_to_hardware(
        fold_batch_norm(small_network()),
        hardware_from_json(R"({"mapping": {"max_inputs": 30, "max_outputs": 6}})"));
}

TEST(Executor, BitsDependOnNeitherThreadsNorBatchCuts) {
    const Network network = analog_network();
    Executor executor(network, 17);
    executor.program();
    executor.advance_to(86400.0);
    const Matrix<float> pixels = normal_matrix(23, 144, 6);
    const ReadKey key{3, 1000};
    const Matrix<float> one = run_all(executor, pixels, key, 1);
    for (const size_t threads : {2u, 3u, 40u}) {
        EXPECT_EQ(run_all(executor, pixels, key, threads).values, one.values) << threads;
    }
    for (const size_t cut : {1u, 4u, 9u, 16u}) {
        Matrix<float> parts(23, 5);
        for (size_t first = 0; first < 23; first += cut) {
            const size_t rows = std::min<size_t>(cut, 23 - first);
            executor.run(pixels.view().row_block(first, rows),
                         parts.view().row_block(first, rows),
                         {3, 1000 + first},
                         2);
        }
        EXPECT_EQ(parts.values, one.values) << cut;
    }
    EXPECT_NE(run_all(executor, pixels, {4, 1000}).values, one.values);
    EXPECT_NE(run_all(executor, pixels, {3, 1001}).values, one.values);
}

TEST(Executor, ChipsSeedsAndProgrammingsDiffer) {
    const Network network = analog_network();
    const Matrix<float> pixels = normal_matrix(2, 144, 6);
    const auto result = [&](uint64_t seed, uint32_t chip, uint64_t programming) {
        Executor executor(network, seed, chip);
        executor.program(programming);
        return run_all(executor, pixels).values;
    };
    const std::vector<float> base = result(1, 0, 0);
    EXPECT_EQ(result(1, 0, 0), base);
    EXPECT_NE(result(2, 0, 0), base);
    EXPECT_NE(result(1, 1, 0), base);
    EXPECT_NE(result(1, 0, 1), base);
}

Network on(const std::string& hardware) {
    return map_to_hardware(fold_batch_norm(small_network()), hardware_from_json(hardware));
}

double distance(const Network& network, const std::vector<float>& exact, const Matrix<float>& x) {
    Executor executor(network, 5);
    executor.program();
    const std::vector<float> y = run_all(executor, x).values;
    double sum = 0;
    for (size_t i = 0; i < y.size(); i++) {
        sum += std::pow(double{y[i]} - double{exact[i]}, 2);
    }
    return std::sqrt(sum);
}

// `programming` of a layer decides how Executor::program reaches the weights.
TEST(Executor, LayersAreProgrammedAsTheirHardwareSays) {
    const std::string plain = R"("forward": {"perfect": true})";
    const Matrix<float> pixels = normal_matrix(6, 144, 6);
    const std::vector<float> exact = run_all(Executor(on("{" + plain + "}"), 5), pixels).values;
    const double shot = distance(on("{" + plain + "}"), exact, pixels);
    const double descent = distance(
        on("{" + plain + R"(, "programming": {"kind": "gradient descent", "pulse_noise": 0.001,
            "read_noise": 0.001, "iterations": 60}})"),
        exact,
        pixels);
    EXPECT_LT(descent, 0.7 * shot);
    const std::string map = R"(, "programming": {"kind": "optimised map", "generations": 2,
        "population": 5}, "layers": [{"match": "res*", "digital": true}]})";
    EXPECT_GT(distance(on("{" + plain + map), exact, pixels), 0.0);
}

// Counters and their fixed-point correction stand behind every column of the layer.
TEST(Executor, LayersHaveThePeripheryOfTheirHardware) {
    const std::string array = R"("forward": {"adc": {"bound": 0, "steps": 0},
        "output_noise": {"std": 0}, "weight_noise": {"std": 0}, "ir_drop": {"strength": 0}})";
    const Matrix<float> pixels = normal_matrix(6, 144, 6);
    Executor plain(on("{" + array + "}"), 5);
    Executor counted(on("{" + array + R"(, "periphery": {"kind": "fixed point"}})"), 5);
    ASSERT_NE(counted.grids("stem")[0].periphery(0, 0), nullptr);
    const std::vector<float> a = run_all(plain, pixels).values;
    const std::vector<float> b = run_all(counted, pixels).values;
    EXPECT_NE(a, b);
    EXPECT_THROW(on(R"({"periphery": {"kind": "fixed point"}})"), ConfigError);
}

TEST(Executor, PulseWidthsBehindWiresInANetwork) {
    const Network network = on(R"({"time_ir_drop": {"enabled": true, "segments": 4, "rows": 256},
        "mapping": {"max_inputs": 256}})");
    Executor executor(network, 5);
    executor.program();
    executor.advance_to(3600);
    const Matrix<float> pixels = normal_matrix(9, 144, 6);
    const std::vector<float> one = run_all(executor, pixels).values;
    EXPECT_EQ(run_all(executor, pixels, {}, 3).values, one);
    const Network lossless = on(R"({"time_ir_drop": {"enabled": true, "segments": 4, "rows": 256,
        "strength": 0}, "mapping": {"max_inputs": 256}})");
    Executor without(lossless, 5);
    without.program();
    without.advance_to(3600);
    EXPECT_NE(run_all(without, pixels).values, one);
}

TEST(Executor, MovesKeepTheState) {
    Executor executor(analog_network(), 17);
    executor.program();
    const Matrix<float> pixels = normal_matrix(3, 144, 6);
    const std::vector<float> before = run_all(executor, pixels).values;
    const Executor moved = std::move(executor);
    EXPECT_EQ(run_all(moved, pixels).values, before);
    EXPECT_GT(moved.state_bytes(), 10000u);
    EXPECT_GE(moved.activation_bytes_per_sample(), 144 * sizeof(float));
}

TEST(Executor, ObserverSeesTheUnrolledInputs) {
    Conv2dOp op;
    op.in_channels = 2;
    op.out_channels = 2;
    op.groups = 2;
    op.padding = {1, 1};
    const Graph graph{"g", raw_input(2, 4, 4), {{"c", op, {}}}};
    Executor executor(map_to_hardware(initialize(graph, 1), {}), 1);
    const Matrix<float> pixels = normal_matrix(3, 32, 2);
    size_t rows[2] = {0, 0};
    executor.set_observer([&](const std::string& layer, size_t group, ConstFloatView x) {
        EXPECT_EQ(layer, "c");
        ASSERT_EQ(x.cols, 9u);
        for (size_t r = 0; r < x.rows; r++) {
            const size_t row = rows[group] + r;
            // The centre of a patch is the pixel itself.
            EXPECT_EQ(x(r, 4), pixels(row / 16, group * 16 + row % 16));
            if (row % 16 == 0) {
                EXPECT_EQ(x(r, 0), 0.0f);
            }
        }
        rows[group] += x.rows;
    });
    run_all(executor, pixels);
    EXPECT_EQ(rows[0], 48u);
    EXPECT_EQ(rows[1], 48u);
    Matrix<float> y(3, 32);
    EXPECT_THROW(executor.run(pixels.view(), y.view(), {}, 2), InputError);
}

TEST(Executor, RefusesWhatDoesNotFit) {
    const Network network = analog_network();
    const Executor executor(network, 1);
    Matrix<float> pixels = normal_matrix(4, 144, 6);
    Matrix<float> y(4, 5);
    EXPECT_THROW(executor.run(normal_matrix(4, 143, 6).view(), y.view(), {}), InputError);
    EXPECT_THROW(executor.run(normal_matrix(3, 144, 6).view(), y.view(), {}), InputError);
    EXPECT_THROW(executor.run(pixels.view(), y.view().column_block(0, 4), {}), InputError);
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        pixels(3, 17) = bad;
        EXPECT_THROW(executor.run(pixels.view(), y.view(), {}, 2), InputError);
    }
    EXPECT_NE(
        message_of<InputError>([&] { (void)executor.grids("fcc"); }).find("did you mean `fc`?"),
        std::string::npos);
    Network running = network;
    running.analog.at("fc").forward.noise_management.kind = NoiseManagementKind::kAverageAbsMax;
    EXPECT_THROW(Executor(running, 1), ConfigError);
    executor.run({nullptr, 0, 144}, {nullptr, 0, 5}, {});
}

TEST(Executor, ProgressCountsEverySampleOnce) {
    const Network network = small_network();
    const Executor executor(network, 1);
    const Matrix<float> pixels = normal_matrix(100, 144, 6);
    Matrix<float> y(100, 5);
    std::atomic<size_t> done{0};
    executor.run(pixels.view(), y.view(), {}, 3, [&](size_t n) { done += n; });
    EXPECT_EQ(done, 100u);
}

TEST(Accuracy, CountsTheLargestOutput) {
    Matrix<float> y(3, 2);
    y.values = {1, 0, 0, 1, 3, 2};
    EXPECT_DOUBLE_EQ(accuracy(y.view(), {9, 0, 1, 1}, 1), 2.0 / 3.0);
    EXPECT_THROW(accuracy(y.view(), {0, 1}), InputError);
    EXPECT_THROW(accuracy(y.view(), {0, 1, 0}, 1), InputError);
    EXPECT_THROW(accuracy({nullptr, 0, 2}, {}), InputError);
}

// Sample standard deviation by its definition.
double deviation(const std::vector<double>& v) {
    double mean = 0;
    for (const double x : v) {
        mean += x / static_cast<double>(v.size());
    }
    double sum = 0;
    for (const double x : v) {
        sum += (x - mean) * (x - mean);
    }
    return std::sqrt(sum / (static_cast<double>(v.size()) - 1));
}

TEST(InputRanges, FollowTheRuleForTheFirstLayer) {
    Network network = map_to_hardware(
        initialize(mlp({10, 6, 3}, raw_input(1, 2, 5)), 1),
        hardware_from_json(
            R"({"mapping": {"max_inputs": 6}, "input_range": {"init_batches": 3}})"));
    Matrix<float> pixels = normal_matrix(33, 10, 4);
    // The second batch is constant in the first piece: it does not count there.
    for (size_t r = 8; r < 16; r++) {
        std::fill_n(pixels.row(r), 5, 0.1f);
    }
    initialize_input_ranges(network, pixels.view(), 8, 5);
    const std::vector<float>& ranges = network.parameters.at("fc1.input_range").values;
    ASSERT_EQ(ranges.size(), 2u);
    for (size_t piece = 0; piece < 2; piece++) {
        double range = 3.0;
        size_t k = 0;
        for (size_t b = 0; b < 3; b++) {
            std::vector<double> entries;
            for (size_t r = 8 * b; r < 8 * b + 8; r++) {
                for (size_t i = 0; i < 5; i++) {
                    entries.push_back(double{pixels(r, piece * 5 + i)});
                }
            }
            if (piece == 0 && b == 1) {
                continue;
            }
            range = (range * static_cast<double>(k) + 3.0 * deviation(entries)) /
                    static_cast<double>(k + 1);
            k++;
        }
        EXPECT_NEAR(ranges[piece], range, 1e-6);
    }
    // The batch that sets the range of fc1 goes on with it: what fc2 saw can be replayed.
    Network replay = network;
    replay.graph.layers.resize(3);  // flatten, fc1, relu1
    for (const char* what : {"fc2.tile_weight", "fc2.scale", "fc2.bias", "fc2.input_range"}) {
        replay.parameters.erase(what);
    }
    replay.analog.erase("fc2");
    double range = 0;
    for (size_t b = 0; b < 3; b++) {
        Network so_far = map_to_hardware(
            initialize(mlp({10, 6, 3}, raw_input(1, 2, 5)), 1),
            hardware_from_json(
                R"({"mapping": {"max_inputs": 6}, "input_range": {"init_batches": 3}})"));
        initialize_input_ranges(so_far, pixels.view().row_block(0, 8 * (b + 1)), 8, 5);
        replay.parameters.at("fc1.input_range") = so_far.parameters.at("fc1.input_range");
        Matrix<float> hidden(8, 6);
        Executor(replay, 5).run(pixels.view().row_block(8 * b, 8), hidden.view(), {0, 8 * b});
        const std::vector<double> entries(hidden.values.begin(), hidden.values.end());
        range = (range * static_cast<double>(b) + 3.0 * deviation(entries)) /
                static_cast<double>(b + 1);
    }
    EXPECT_NEAR(network.parameters.at("fc2.input_range").values[0], range, 1e-5);
}

TEST(InputRanges, DoNotDependOnThreadsAndSpareDisabledLayers) {
    const HardwareSpec spec = hardware_from_json(
        R"({"mapping": {"max_inputs": 30}, "layers": [{"match": "fc", "set": {"input_range": {"enabled": false}}},
            {"match": "stem", "set": {"input_range": {"init_batches": 0, "initial": 2}}}]})");
    Network a = map_to_hardware(fold_batch_norm(small_network()), spec);
    Network b = a;
    const Matrix<float> pixels = normal_matrix(50, 144, 4);
    initialize_input_ranges(a, pixels.view(), 20, 5, 1);
    initialize_input_ranges(b, pixels.view(), 20, 5, 3);
    EXPECT_EQ(a.parameters, b.parameters);
    EXPECT_EQ(a.parameters.at("fc.input_range").values, std::vector<float>{0.0f});
    EXPECT_EQ(a.parameters.at("stem.input_range").values, std::vector<float>{2.0f});
    EXPECT_NE(a.parameters.at("res1.conv1.input_range").values[0], 3.0f);
    EXPECT_THROW(initialize_input_ranges(a, pixels.view(), 0, 5), InputError);
}

}  // namespace
}  // namespace mho

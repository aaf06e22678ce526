// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
//
// Networks.
#include "mho/net/calibrate.h"
#include "mho/net/executor.h"
#include "mho/net/matrix_training.h"
#include "mho/net/normalization.h"
#include "mho/net/quantize.h"
#include "mho/net/tile_outputs.h"
#include "mho/net/weight_noise.h"
#include "mho/net/zoo.h"
#include "refusals.h"

namespace mho::refusals {
namespace {

constexpr size_t kOut = 4;
constexpr size_t kIn = 6;
constexpr size_t kRows = 3;

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

MatrixTraining& layer() {
    static MatrixTraining one(Hardware{}, 1, kOut, kIn, 1, "layer");
    one.load_weights(numbers(kOut, kIn).view());
    return one;
}

void forward(ConstFloatView x, size_t outputs) {
    Matrix<float> y(x.rows, outputs);
    layer().forward(x, y.view(), {}, 1);
}

const std::vector<Case> kNumbers = {
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
    {"accuracy", [](const Bad& b) { accuracy(b.matrix(kRows, kOut).view(), {0, 1, 2}); }},
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
     },
     0.5f,
     false},
    {"initialize_input_ranges",
     [](const Bad& b) {
         Network network = analog();
         initialize_input_ranges(network, b.matrix(kRows, kIn).view(), 2, 1);
     }},
    {"calibrate_input_ranges",
     [](const Bad& b) {
         Network network = analog();
         calibrate_input_ranges(network, b.matrix(kRows, kIn).view());
     }},
    {"quantize_network",
     [](const Bad& b) { quantize_network(digital(), b.matrix(kRows, kIn).view()); }},
    {"observe_tile_outputs",
     [](const Bad& b) { observe_tile_outputs(analog(), b.matrix(kRows, kIn).view()); }},
    {"calibrate_column_ranges",
     [](const Bad& b) {
         Network network = analog();
         calibrate_column_ranges(network, b.matrix(kRows, kIn).view(), 3);
     }},
    {"calibrate_column_ranges (deviations)",
     [](const Bad& b) {
         Network network = analog();
         calibrate_column_ranges(network, numbers(kRows, kIn).view(), b.scalar());
     }},
    {"with_weight_noise",
     [](const Bad& b) { with_weight_noise(digital(), {.level = b.scalar()}, 1, 0); }},
    {"MatrixTraining::load_weights",
     [](const Bad& b) { layer().load_weights(b.matrix(kOut, kIn).view()); }},
    {"MatrixTraining::program",
     [](const Bad& b) { layer().program(b.matrix(kOut, kIn).view(), 0); }},
    {"MatrixTraining::load_scales",
     [](const Bad& b) {
         const std::vector<float> ranges = {1};
         layer().load_scales(b.matrix(1, kOut).view(), numbers(1, kOut).view(), ranges, {});
     }},
    {"MatrixTraining::forward", [](const Bad& b) { forward(b.matrix(kRows, kIn).view(), kOut); }},
};

TEST(Refusals, OfNumbersInNetworks) {
    expect_refused_numbers(kNumbers);
}

const std::vector<ShapeCase> kShapes = {
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
    {"accuracy (first label)", [] { accuracy(numbers(kRows, kOut).view(), {0, 1, 2}, SIZE_MAX); }},
    {"initialize_input_ranges",
     [] {
         Network network = analog();
         initialize_input_ranges(network, numbers(kRows, kIn + 2).view(), 2, 1);
     }},
    {"initialize_input_ranges (batch)",
     [] {
         Network network = analog();
         initialize_input_ranges(network, numbers(kRows, kIn).view(), 0, 1);
     }},
    {"calibrate_input_ranges",
     [] {
         Network network = analog();
         calibrate_input_ranges(network, numbers(kRows, kIn + 1).view());
     }},
    {"calibrate_input_ranges (no samples)",
     [] {
         Network network = analog();
         calibrate_input_ranges(network, Matrix<float>(0, kIn).view());
     }},
    {"quantize_network", [] { quantize_network(digital(), numbers(kRows, kIn - 1).view()); }},
    {"observe_tile_outputs", [] { observe_tile_outputs(analog(), numbers(1, kIn - 1).view()); }},
    {"set_output_ranges",
     [] {
         Executor executor(analog(), 1);
         set_output_ranges(executor, TileOutputs{{"no layer", {}}});
     }},
    {"validate_network",
     [] {
         Network network = digital();
         network.parameters.at("fc1.bias").values.push_back(0);
         validate_network(network);
     }},
    {"with_weight_noise", [] { with_weight_noise(digital(), {.level = -1}, 1, 0); }},
    {"batch_scale of nothing", [] { batch_scale(NormRule{}, {}); }},
    {"top_k_factor", [] { top_k_factor(0, 5); }},
    {"mlp", [] { initialize(mlp({6}, input()), 1); }},
    {"mlp (width)", [] { initialize(mlp({6, 0, 4}, input()), 1); }},
    {"residual_cnn", [] { initialize(residual_cnn(0, {4}, 10, input()), 1); }},
    {"resnet_cifar", [] { resnet_cifar(21, input()); }},
    {"resnet_cifar_of_width", [] { initialize(resnet_cifar_of_width(20, input(), 0), 1); }},
    {"vgg_small", [] { initialize(vgg_small(input(), 0), 1); }},
    {"symbol_input", [] { initialize(mlp({0, 4}, symbol_input(0)), 1); }},
    {"MatrixTraining", [] { MatrixTraining(Hardware{}, 0, kOut, kIn, 1, "layer"); }},
    {"MatrixTraining::load_weights", [] { layer().load_weights(numbers(kOut + 1, kIn).view()); }},
    {"MatrixTraining::program", [] { layer().program(numbers(kOut, kIn + 1).view(), 0); }},
    {"MatrixTraining::load_scales",
     [] { layer().load_scales(numbers(2, kOut).view(), numbers(1, kOut).view(), {}, {}); }},
    {"MatrixTraining::forward (inputs)", [] { forward(numbers(kRows, kIn + 1).view(), kOut); }},
    {"MatrixTraining::forward (outputs)", [] { forward(numbers(kRows, kIn).view(), kOut + 1); }},
};

TEST(Refusals, OfShapesInNetworks) {
    expect_refused_shapes(kShapes);
}

}  // namespace
}  // namespace mho::refusals

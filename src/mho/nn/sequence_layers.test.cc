// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/rnn.h>
#include <torch/types.h>

#include "mho/net/executor.h"
#include "mho/net/zoo.h"
#include "mho/nn/analog_convolutions.h"
#include "mho/nn/convert.h"
#include "mho/nn/graph_network.h"
#include "mho/nn/recurrent_layers.h"
#include "mho/util/error.h"

namespace mho {
namespace {

torch::Tensor uniform(std::vector<int64_t> shape, const std::string& name) {
    torch::Tensor t = torch::empty(shape);
    fill_uniform(make_tile_key(8, name),
                 Stream::kTest,
                 0,
                 0,
                 {t.data_ptr<float>(), static_cast<size_t>(t.numel())});
    return t * 2 - 1;
}

Hardware exact_hardware() {
    Hardware hardware;
    hardware.forward = perfect_mvm();
    hardware.backward = perfect_mvm();
    hardware.input_range.enabled = false;
    return hardware;
}

Tensor plain(const torch::Tensor& t) {
    const torch::Tensor c = t.detach().contiguous();
    std::vector<size_t> shape(c.sizes().begin(), c.sizes().end());
    return make_tensor(std::move(shape), {c.data_ptr<float>(), c.data_ptr<float>() + c.numel()});
}

void expect_close(const torch::Tensor& a,
                  const torch::Tensor& b,
                  double tolerance,
                  const std::string& what) {
    ASSERT_TRUE(a.defined() && b.defined()) << what;
    ASSERT_EQ(a.sizes(), b.sizes()) << what;
    EXPECT_LT((a - b).abs().max().item<double>(), tolerance * (1 + b.abs().max().item<double>()))
        << what;
}

// Gradients of the logical weights of an analog layer: scale * tile gradient (see AnalogLayerImpl).
torch::Tensor logical_gradient(AnalogLayerImpl& layer) {
    return layer.tile_weight.grad() * layer.scale[0].unsqueeze(1);
}

template <class Theirs>
void compare_with_torch(RecurrentKind kind, Theirs theirs) {
    AnalogRecurrent mine(kind, 5, 6, 2, exact_hardware(), "r", 1);
    auto parameters = theirs->named_parameters();
    for (int i = 0; i < 2; i++) {
        const std::string l = "_l" + std::to_string(i);
        const auto k = static_cast<size_t>(i);
        mine->input_layers[k]->set_weights(plain(parameters["weight_ih" + l]),
                                           plain(parameters["bias_ih" + l]));
        mine->hidden_layers[k]->set_weights(plain(parameters["weight_hh" + l]),
                                            plain(parameters["bias_hh" + l]));
    }
    torch::Tensor x = uniform({3, 7, 5}, "x").requires_grad_();
    torch::Tensor x2 = x.detach().clone().requires_grad_();
    const torch::Tensor direction = uniform({3, 7, 6}, "direction");
    const torch::Tensor y = mine->forward(x);
    const torch::Tensor y2 = std::get<0>(theirs->forward(x2));
    expect_close(y, y2, 1e-5, "outputs");
    (y * direction).sum().backward();
    (y2 * direction).sum().backward();
    expect_close(x.grad(), x2.grad(), 1e-5, "gradient of the inputs");
    for (int i = 0; i < 2; i++) {
        const std::string l = "_l" + std::to_string(i);
        const auto k = static_cast<size_t>(i);
        expect_close(logical_gradient(*mine->input_layers[k]),
                     parameters["weight_ih" + l].grad(),
                     2e-5,
                     "input" + l);
        expect_close(logical_gradient(*mine->hidden_layers[k]),
                     parameters["weight_hh" + l].grad(),
                     2e-5,
                     "hidden" + l);
        expect_close(mine->input_layers[k]->bias.grad(),
                     parameters["bias_ih" + l].grad(),
                     2e-5,
                     "input bias" + l);
        expect_close(mine->hidden_layers[k]->bias.grad(),
                     parameters["bias_hh" + l].grad(),
                     2e-5,
                     "hidden bias" + l);
    }
}

TEST(RecurrentLayers, PerfectHardwareEqualsTorchWithItsGradients) {
    torch::manual_seed(3);
    compare_with_torch(RecurrentKind::kRnn,
                       torch::nn::RNN(torch::nn::RNNOptions(5, 6).num_layers(2).batch_first(true)));
    compare_with_torch(
        RecurrentKind::kLstm,
        torch::nn::LSTM(torch::nn::LSTMOptions(5, 6).num_layers(2).batch_first(true)));
    compare_with_torch(RecurrentKind::kGru,
                       torch::nn::GRU(torch::nn::GRUOptions(5, 6).num_layers(2).batch_first(true)));
}

// convert() puts analog layers in the place of torch's, with their calls and results.
template <class Theirs>
void convert_and_compare(Theirs module) {
    torch::nn::Sequential net;
    net->push_back("r", module);
    const torch::Tensor x = uniform({7, 3, 5}, "x");
    const torch::NoGradGuard no_grad;
    net->eval();
    const auto before = module->forward(x);
    HardwareSpec spec;
    spec.base = exact_hardware();
    const ConvertReport report = convert(*net, spec, 3);
    EXPECT_EQ(report.analog, std::vector<std::string>{"r"});
    if constexpr (std::is_same_v<Theirs, torch::nn::LSTM>) {
        using Out = std::tuple<torch::Tensor, std::tuple<torch::Tensor, torch::Tensor>>;
        const auto after = net->forward<Out>(x);
        expect_close(std::get<0>(after), std::get<0>(before), 1e-5, "outputs");
        expect_close(
            std::get<0>(std::get<1>(after)), std::get<0>(std::get<1>(before)), 1e-5, "hidden");
        expect_close(
            std::get<1>(std::get<1>(after)), std::get<1>(std::get<1>(before)), 1e-5, "cells");
    } else {
        const auto after = net->forward<std::tuple<torch::Tensor, torch::Tensor>>(x);
        expect_close(std::get<0>(after), std::get<0>(before), 1e-5, "outputs");
        expect_close(std::get<1>(after), std::get<1>(before), 1e-5, "hidden");
    }
}

TEST(RecurrentLayers, ConvertReplacesThoseOfTorch) {
    torch::manual_seed(4);
    convert_and_compare(
        torch::nn::LSTM(torch::nn::LSTMOptions(5, 6).num_layers(2).bidirectional(true)));
    convert_and_compare(torch::nn::LSTM(torch::nn::LSTMOptions(5, 6).bias(false)));
    convert_and_compare(torch::nn::GRU(torch::nn::GRUOptions(5, 6).bidirectional(true)));
    convert_and_compare(torch::nn::RNN(torch::nn::RNNOptions(5, 6).num_layers(3)));
    HardwareSpec spec;
    spec.base = exact_hardware();
    torch::nn::Sequential relu(
        torch::nn::RNN(torch::nn::RNNOptions(5, 6).nonlinearity(torch::kReLU)));
    EXPECT_THROW(convert(*relu, spec), InputError);
    torch::nn::Sequential projected(torch::nn::LSTM(torch::nn::LSTMOptions(5, 6).proj_size(3)));
    EXPECT_THROW(convert(*projected, spec), InputError);
}

TEST(RecurrentLayers, DropoutBetweenLayersInTraining) {
    AnalogRecurrentOptions options;
    options.layers = 2;
    options.dropout = 0.5;
    AnalogLSTM lstm(5, 6, options, exact_hardware(), "d", 1);
    const torch::NoGradGuard no_grad;
    const torch::Tensor x = uniform({3, 7, 5}, "x");
    lstm->train();
    lstm->set_step(3);
    const torch::Tensor a = lstm->forward(x);
    EXPECT_TRUE(torch::equal(lstm->forward(x), a));
    lstm->set_step(4);
    EXPECT_FALSE(torch::equal(lstm->forward(x), a));
    lstm->eval();
    options.dropout = 0;
    AnalogLSTM plain_lstm(5, 6, options, exact_hardware(), "d", 1);
    EXPECT_TRUE(torch::equal(lstm->forward(x), plain_lstm->forward(x)));
    options.dropout = 1;
    EXPECT_THROW(AnalogLSTM(5, 6, options, exact_hardware()), InputError);
}

// About the given share of numbers is zero, the mean stays, and a batch can be cut.
TEST(SequenceFunctions, DropoutMask) {
    const TileKey key = make_tile_key(3, "dropout");
    const torch::Tensor ones = torch::ones({1000, 20});
    const torch::Tensor y = dropout(0.3, ones, key, 5, 0);
    const double zeros = (y == 0).sum().item<double>();
    // Binomial with n = 20000: 6 sigma = 389.
    EXPECT_NEAR(zeros, 0.3 * 20000, 389);
    EXPECT_NEAR(y.max().item<double>(), 1 / 0.7, 1e-6);
    EXPECT_TRUE(
        torch::equal(dropout(0.3, ones.narrow(0, 0, 10), key, 5, 990), y.narrow(0, 990, 10)));
    EXPECT_THROW(dropout(1.0, ones, key, 5, 0), InputError);
}

TEST(RecurrentLayers, CellLoopEqualsTheLayer) {
    // With noise: cells and layers of the same names read the same tiles at the same positions.
    for (const RecurrentKind kind :
         {RecurrentKind::kRnn, RecurrentKind::kLstm, RecurrentKind::kGru}) {
        const Hardware hardware;
        const RecurrentOp op{kind, 9, true};
        AnalogRecurrence layer(op, hardware, "c.hidden", 4);
        AnalogRecurrentCell cell(kind, 4, 9, hardware, "c", 4);
        layer->eval();
        cell->eval();
        const torch::NoGradGuard no_grad;
        const torch::Tensor x = uniform({3, 5, 4}, "cells");
        RecurrentState state = cell->zero_state(3);
        std::vector<torch::Tensor> projected;
        std::vector<torch::Tensor> outputs;
        for (int64_t p = 0; p < 5; p++) {
            cell->set_position(static_cast<uint64_t>(p), 5);
            const torch::Tensor at_position = x.select(1, p);
            projected.push_back(cell->input->forward(at_position));
            state = cell->forward(at_position, state);
            outputs.push_back(state.hidden);
        }
        EXPECT_TRUE(
            torch::equal(layer->forward(torch::stack(projected, 1)), torch::stack(outputs, 1)));
    }
}

TEST(RecurrentLayers, WrongShapesAreRefused) {
    AnalogLSTM lstm(4, 6, 1, exact_hardware());
    EXPECT_THROW(lstm->forward(torch::zeros({3, 4})), InputError);
    EXPECT_THROW(lstm->forward(torch::zeros({3, 2, 5})), InputError);
    EXPECT_THROW(lstm->forward(torch::zeros({3, 0, 4})), InputError);
    EXPECT_THROW(AnalogGRU(0, 6, 1, exact_hardware()), InputError);
    EXPECT_THROW(AnalogRNN(4, 6, 0, exact_hardware()), InputError);
    AnalogRecurrentCell cell(RecurrentKind::kLstm, 4, 6, exact_hardware());
    EXPECT_THROW(cell->forward(torch::zeros({3, 4}), cell->zero_state(2)), InputError);
}

TEST(SequenceFunctions, GradientsEqualThoseOfTorch) {
    const SelfAttentionOp op{8, 2, true};
    std::vector<torch::Tensor> mine;
    std::vector<torch::Tensor> theirs;
    for (const char* name : {"q", "k", "v"}) {
        mine.push_back(uniform({2, 5, 8}, name).requires_grad_());
        theirs.push_back(mine.back().detach().clone().requires_grad_());
    }
    const torch::Tensor direction = uniform({2, 5, 8}, "attention");
    const auto heads = [](const torch::Tensor& t) { return t.view({2, 5, 2, 4}).transpose(1, 2); };
    const torch::Tensor mask = torch::triu(torch::full({5, 5}, -1e30), 1);
    const torch::Tensor p = torch::softmax(
        torch::matmul(heads(theirs[0]), heads(theirs[1]).transpose(2, 3)) / 2.0 + mask, -1);
    const torch::Tensor y2 = torch::matmul(p, heads(theirs[2])).transpose(1, 2).flatten(2);
    const torch::Tensor y = attention(op, mine[0], mine[1], mine[2]);
    expect_close(y, y2, 1e-6, "attention");
    (y * direction).sum().backward();
    (y2 * direction).sum().backward();
    for (size_t i = 0; i < 3; i++) {
        expect_close(
            mine[i].grad(), theirs[i].grad(), 1e-6, "attention gradient " + std::to_string(i));
    }

    torch::Tensor x = (uniform({4, 3, 6}, "norm") * 3 + 1).requires_grad_();
    torch::Tensor w = uniform({6}, "w").requires_grad_();
    torch::Tensor b = uniform({6}, "b").requires_grad_();
    const torch::Tensor at_random = uniform({4, 3, 6}, "norm direction");
    const torch::Tensor n = layer_norm_rows({6, 1e-5}, x, w, b);
    const torch::Tensor n2 = torch::layer_norm(x, {6}, w, b, 1e-5);
    expect_close(n, n2, 1e-6, "layer norm");
    const auto g = torch::autograd::grad({(n * at_random).sum()}, {x, w, b});
    const auto g2 = torch::autograd::grad({(n2 * at_random).sum()}, {x, w, b});
    for (size_t i = 0; i < 3; i++) {
        expect_close(g[i], g2[i], 2e-6, "layer norm gradient " + std::to_string(i));
    }
    for (const Activation kind : {Activation::kTanh, Activation::kSigmoid, Activation::kGelu}) {
        const torch::Tensor a = activation(kind, x);
        const torch::Tensor a2 = kind == Activation::kTanh      ? torch::tanh(x)
                                 : kind == Activation::kSigmoid ? torch::sigmoid(x)
                                                                : torch::gelu(x);
        expect_close(a, a2, 1e-6, "activation");
        expect_close(torch::autograd::grad({a.sum()}, {x})[0],
                     torch::autograd::grad({a2.sum()}, {x})[0],
                     1e-6,
                     "activation gradient");
    }
}

torch::Tensor symbols(int64_t samples, int64_t positions, int vocabulary) {
    return ((uniform({samples, positions}, "symbols") + 1) / 2 * vocabulary)
        .floor()
        .clamp_max(vocabulary - 1);
}

Matrix<float> by_executor(const Network& network,
                          const torch::Tensor& x,
                          uint64_t seed,
                          ReadKey key) {
    const Executor executor(network, seed);
    Matrix<float> y(static_cast<size_t>(x.size(0)), executor.output_features());
    executor.run({x.data_ptr<float>(), y.rows, static_cast<size_t>(x.size(1))}, y.view(), key);
    return y;
}

// A layer in both directions, as RecurrentOp describes it.
Graph bidirectional() {
    return {"bidirectional",
            symbol_input(6),
            {{"embedding", EmbeddingOp{11, 5}, {}},
             {"a.input", LinearOp{5, 24, true}, {}},
             {"a.hidden", RecurrentOp{RecurrentKind::kGru, 8, true}, {}},
             {"reversed", ReverseOp{}, {"embedding"}},
             {"b.input", LinearOp{5, 24, true}, {}},
             {"b.hidden", RecurrentOp{RecurrentKind::kGru, 8, true}, {}},
             {"b", ReverseOp{}, {}},
             {"both", ConcatOp{}, {"a.hidden", "b"}},
             {"head", LinearOp{16, 11, true}, {}}}};
}

std::vector<Graph> sequence_graphs() {
    const CharRecurrentSizes sizes{11, 6, 5, 12, 2};
    return {char_recurrent(RecurrentKind::kRnn, sizes),
            char_lstm(sizes),
            char_recurrent(RecurrentKind::kGru, sizes),
            char_recurrent(RecurrentKind::kLstm, {11, 6, 5, 12, 2, 0, true}),
            char_recurrent(RecurrentKind::kRnn, {11, 6, 5, 12, 1, 0, true}),
            bidirectional(),
            small_gpt({11, 6, 12, 3, 2})};
}

TEST(SequenceNetworks, EvaluateBitForBitLikeTheExecutor) {
    for (const Graph& graph : sequence_graphs()) {
        const Network mapped = map_to_hardware(initialize(graph, 3), HardwareSpec{});
        GraphNetwork network(mapped, 11);
        network->eval();
        network->set_step(7);
        network->set_first_sample(100);
        const torch::Tensor x = symbols(9, 6, 11);
        const torch::NoGradGuard no_grad;
        const torch::Tensor y = network->forward(x).contiguous();
        const Matrix<float> want = by_executor(network->export_network(), x, 11, {7, 100});
        ASSERT_EQ(want.values.size(), static_cast<size_t>(y.numel()));
        for (size_t i = 0; i < want.values.size(); i++) {
            ASSERT_EQ(want.values[i], y.data_ptr<float>()[i]) << graph.name << " " << i;
        }
    }
}

// Digital products are torch's here: another order of the sums.
TEST(SequenceNetworks, DigitalNetworksAgreeWithTheExecutor) {
    for (const Graph& graph : sequence_graphs()) {
        const Network plain_network = initialize(graph, 3);
        GraphNetwork network(plain_network, 1);
        network->eval();
        const torch::Tensor x = symbols(4, 6, 11);
        const torch::NoGradGuard no_grad;
        const torch::Tensor y = network->forward(x).contiguous();
        const Matrix<float> want = by_executor(plain_network, x, 1, {});
        for (size_t i = 0; i < want.values.size(); i++) {
            ASSERT_NEAR(want.values[i], y.data_ptr<float>()[i], 1e-4) << graph.name;
        }
        EXPECT_EQ(network->export_network().parameters, plain_network.parameters);
    }
}

TEST(SequenceNetworks, PerfectHardwareHasTheGradientsOfTheDigitalNetwork) {
    for (const Graph& graph : sequence_graphs()) {
        HardwareSpec spec;
        spec.base = exact_hardware();
        const Network digital = initialize(graph, 5);
        GraphNetwork a(digital, 1);
        GraphNetwork b(map_to_hardware(digital, spec), 1);
        const torch::Tensor x = symbols(4, 6, 11);
        const torch::Tensor direction = uniform({4, 66}, "direction");
        (a->forward(x) * direction).sum().backward();
        (b->forward(x) * direction).sum().backward();
        auto parameters = a->named_parameters();
        for (const auto& [name, layer] : b->analog_layers()) {
            std::string key = name;
            std::replace(key.begin(), key.end(), '.', ':');
            expect_close(logical_gradient(*layer),
                         parameters[key + "_weight"].grad(),
                         1e-4,
                         graph.name + " " + name);
        }
        for (const auto& item : b->named_parameters()) {
            if (item.key().ends_with("_weight") && !item.key().ends_with("tile_weight")) {
                expect_close(item.value().grad(),
                             parameters[item.key()].grad(),
                             1e-4,
                             graph.name + " " + item.key());
            }
        }
    }
}

// Modified weights hold for the whole sequence, noise is new at every position, and the ranges of
// training are those of the initialisation in net.
TEST(SequenceNetworks, FirstBatchSetsTheRangesOfNet) {
    for (const Graph& graph : sequence_graphs()) {
        HardwareSpec spec;
        spec.base.input_range.init_batches = 1;
        const Network mapped = map_to_hardware(initialize(graph, 3), spec);
        Network other = mapped;
        const torch::Tensor x = symbols(8, 6, 11);
        initialize_input_ranges(other, {x.data_ptr<float>(), 8, 6}, 8, 2);
        GraphNetwork network(mapped, 2);
        network->train();
        network->forward(x).sum().backward();
        for (const auto& [name, tensor] : network->export_network().parameters) {
            if (name.ends_with("input_range")) {
                for (size_t i = 0; i < tensor.values.size(); i++) {
                    EXPECT_NEAR(tensor.values[i], other.parameters.at(name).values[i], 1e-4)
                        << graph.name << name;
                    EXPECT_NE(tensor.values[i], mapped.parameters.at(name).values[i]) << name;
                }
            }
        }
    }
}

TEST(AnalogConvolutions, PerfectHardwareEqualsTorch) {
    torch::manual_seed(5);
    torch::nn::Conv3d theirs(torch::nn::Conv3dOptions(4, 6, {2, 3, 3})
                                 .stride({1, 2, 1})
                                 .padding({1, 1, 0})
                                 .dilation({1, 1, 2})
                                 .groups(2));
    AnalogConv3d mine(Conv3dOp{4, 6, {2, 3, 3}, {1, 2, 1}, {1, 1, 0}, {1, 1, 2}, 2, true},
                      exact_hardware());
    mine->set_weights(plain(theirs->weight), plain(theirs->bias));
    torch::Tensor x = uniform({3, 4, 3, 5, 7}, "volume").requires_grad_();
    torch::Tensor x2 = x.detach().clone().requires_grad_();
    const torch::Tensor y = mine->forward(x);
    const torch::Tensor y2 = theirs->forward(x2);
    expect_close(y, y2, 1e-5, "volumes");
    const torch::Tensor direction = uniform(y2.sizes().vec(), "volume direction");
    (y * direction).sum().backward();
    (y2 * direction).sum().backward();
    expect_close(x.grad(), x2.grad(), 1e-5, "gradient of the volumes");
    expect_close(
        logical_gradient(*mine), theirs->weight.grad().flatten(1), 2e-5, "gradient of the weights");

    torch::nn::Conv1d signal(torch::nn::Conv1dOptions(3, 5, 4).stride(2).padding(2).dilation(2));
    AnalogConv1d analog(Conv1dSizes{3, 5, 4, 2, 2, 2, 1, true}, exact_hardware());
    analog->set_weights(plain(signal->weight), plain(signal->bias));
    const torch::Tensor s = uniform({2, 3, 20}, "signal");
    expect_close(analog->forward(s), signal->forward(s), 1e-5, "signals");
    EXPECT_THROW(analog->forward(torch::zeros({2, 3, 1, 20})), InputError);
    EXPECT_THROW(mine->forward(torch::zeros({2, 4, 9, 9})), InputError);
    EXPECT_THROW(mine->forward(torch::zeros({2, 4, 1, 1, 3})), InputError);
}

TEST(AnalogConvolutions, VolumesOfAGraphEvaluateLikeTheExecutor) {
    Graph graph;
    graph.name = "volumes";
    graph.input = {{4, 5, 6}, 1.0, {}, {}};
    graph.layers = {
        {"volume", VolumeOp{2}, {}},
        {"conv1", Conv3dOp{2, 4, {2, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 1, true}, {}},
        {"relu", ActivationOp{}, {}},
        {"conv2", Conv3dOp{4, 4, {2, 3, 2}, {1, 2, 2}, {0, 0, 0}, {1, 1, 1}, 2, true}, {}},
        {"flat", FlattenOp{}, {}},
        {"fc", LinearOp{4 * 2 * 2 * 3, 3, true}, {}}};
    const Network mapped = map_to_hardware(initialize(graph, 3), HardwareSpec{});
    GraphNetwork network(mapped, 11);
    network->eval();
    network->set_step(2);
    const torch::Tensor x = uniform({5, 120}, "volumes");
    const torch::NoGradGuard no_grad;
    const torch::Tensor y = network->forward(x).contiguous();
    const Matrix<float> want = by_executor(mapped, x, 11, {2, 0});
    for (size_t i = 0; i < want.values.size(); i++) {
        EXPECT_EQ(want.values[i], y.data_ptr<float>()[i]);
    }
}

TEST(AnalogConvolutions, ConvertReplacesSignalsAndVolumes) {
    torch::manual_seed(6);
    HardwareSpec spec;
    spec.base = exact_hardware();
    torch::nn::Sequential signals(
        torch::nn::Conv1d(torch::nn::Conv1dOptions(4, 6, 3).padding(1).stride(2).groups(2)));
    torch::nn::Sequential volumes(
        torch::nn::Conv3d(torch::nn::Conv3dOptions(2, 3, 3).padding({1, 0, 1})));
    const torch::NoGradGuard no_grad;
    for (auto& [net, x] : std::vector<std::pair<torch::nn::Sequential, torch::Tensor>>{
             {signals, uniform({3, 4, 11}, "s")}, {volumes, uniform({2, 2, 4, 5, 5}, "v")}}) {
        const torch::Tensor before = net->forward(x);
        EXPECT_EQ(convert(*net, spec).analog, std::vector<std::string>{"0"});
        expect_close(net->forward(x), before, 1e-5, "converted");
    }
    torch::nn::Sequential mirrored(torch::nn::Conv1d(
        torch::nn::Conv1dOptions(4, 6, 3).padding(1).padding_mode(torch::kReflect)));
    EXPECT_THROW(convert(*mirrored, spec), InputError);
}

// The bias as a row of the array, with the gradients of a digital bias.
TEST(AnalogBias, TrainsLikeTheDigitalOneOnExactHardware) {
    Hardware hardware = exact_hardware();
    hardware.mapping.analog_bias = true;
    torch::manual_seed(7);
    torch::nn::Conv2d theirs(torch::nn::Conv2dOptions(4, 6, 3).padding(1).stride(2).groups(2));
    AnalogConv2d mine(Conv2dOp{4, 6, {3, 3}, {2, 2}, {1, 1}, {1, 1}, 2, true}, hardware);
    EXPECT_FALSE(mine->bias.defined());
    mine->set_weights(plain(theirs->weight), plain(theirs->bias));
    EXPECT_EQ(mine->logical_weights().values.size(), 6u * 18);
    torch::Tensor x = uniform({3, 4, 7, 7}, "image").requires_grad_();
    torch::Tensor x2 = x.detach().clone().requires_grad_();
    const torch::Tensor y = mine->forward(x);
    const torch::Tensor y2 = theirs->forward(x2);
    expect_close(y, y2, 1e-5, "outputs");
    const torch::Tensor direction = uniform(y2.sizes().vec(), "bias direction");
    (y * direction).sum().backward();
    (y2 * direction).sum().backward();
    expect_close(x.grad(), x2.grad(), 1e-5, "gradient of the inputs");
    const torch::Tensor g = logical_gradient(*mine);
    expect_close(g.narrow(1, 0, 18),
                 theirs->weight.grad().reshape({6, 18}),
                 2e-5,
                 "gradient of the weights");
    expect_close(g.select(1, 18), theirs->bias.grad(), 2e-5, "gradient of the bias");
    for (size_t i = 0; i < 6; i++) {
        EXPECT_NEAR(mine->logical_bias().values[i], theirs->bias.data_ptr<float>()[i], 1e-6);
    }
}

TEST(AnalogBias, NetworksEvaluateBitForBitLikeTheExecutor) {
    for (Graph graph : sequence_graphs()) {
        HardwareSpec spec;
        spec.base.mapping.analog_bias = true;
        const Network mapped = map_to_hardware(initialize(graph, 3), spec);
        GraphNetwork network(mapped, 11);
        network->eval();
        network->set_step(7);
        const torch::Tensor x = symbols(5, 6, 11);
        const torch::NoGradGuard no_grad;
        const torch::Tensor y = network->forward(x).contiguous();
        const Network exported = network->export_network();
        EXPECT_EQ(exported.parameters, mapped.parameters);
        const Matrix<float> want = by_executor(exported, x, 11, {7, 0});
        for (size_t i = 0; i < want.values.size(); i++) {
            ASSERT_EQ(want.values[i], y.data_ptr<float>()[i]) << graph.name << " " << i;
        }
    }
}

}  // namespace
}  // namespace mho

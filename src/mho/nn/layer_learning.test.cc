// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/nn/layer_learning.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "mho/net/zoo.h"
#include "mho/nn/trainer.h"
#include "mho/random/stream.h"
#include "mho/train/test_support.h"
#include "mho/util/error.h"

namespace mho {
namespace {

// Four classes: a bright quarter on a noisy picture.
LabelledImages pictures(size_t count) {
    LabelledImages data;
    data.count = count;
    data.channels = 1;
    data.height = data.width = 8;
    data.classes = 4;
    data.source = "test";
    std::vector<float> u(count * 64);
    fill_uniform(make_tile_key(1, "pictures"), Stream::kTest, 0, 0, u);
    for (size_t i = 0; i < count; i++) {
        data.labels.push_back(static_cast<uint8_t>(i % 4));
        for (size_t p = 0; p < 64; p++) {
            const bool bright = p / 32 == i % 4 / 2 && p % 8 / 4 == i % 2;
            data.pixels.push_back(static_cast<uint8_t>(u[i * 64 + p] * 120 + (bright ? 100 : 0)));
        }
    }
    return data;
}

LabelledImages sequences(size_t count, size_t positions) {
    LabelledImages data;
    data.count = count;
    data.channels = data.height = 1;
    data.width = positions;
    data.classes = 5;
    data.source = "test";
    for (size_t i = 0; i < count * positions; i++) {
        data.pixels.push_back(static_cast<uint8_t>(i % 5));
        data.labels.push_back(static_cast<uint8_t>((i + 1) % 5));
    }
    return data;
}

Graph convolution_graph() {
    Graph graph;
    graph.name = "small";
    graph.input.shape = {1, 8, 8};
    graph.layers = {{"conv1", Conv2dOp{1, 4, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 1, true}, {}},
                    {"act1", ActivationOp{}, {}},
                    {"pool1", Pool2dOp{}, {}},
                    {"conv2", Conv2dOp{4, 6, {3, 3}, {2, 2}, {1, 1}, {1, 1}, 2, true}, {}},
                    {"act2", ActivationOp{}, {}},
                    {"flat", FlattenOp{}, {}},
                    {"fc", LinearOp{24, 4, true}, {}}};
    return graph;
}

// Exact products in both directions; two tiles where a layer has more than 10 inputs.
HardwareSpec exact_hardware(double omega) {
    HardwareSpec spec;
    spec.base.forward = perfect_mvm();
    spec.base.backward = perfect_mvm();
    spec.base.input_range.enabled = false;
    spec.base.mapping.omega = omega;
    spec.base.mapping.max_inputs = 16;
    spec.base.mapping.learn_scales = LearnedScales::kNone;
    spec.base.mapping.max_outputs = 24;
    return spec;
}

TrainConfig plain_sgd() {
    TrainConfig config;
    config.epochs = 2;
    config.batch = 8;
    config.optimizer = OptimizerKind::kSgd;
    config.learning_rate = 0.1;
    config.momentum = 0;
    return config;
}

void expect_equal_training(const Graph& graph, const LabelledImages& data, double omega) {
    SCOPED_TRACE(graph.name + ", omega " + std::to_string(omega));
    const Network start = initialize(graph, 2);
    AnalogSgd numbers;
    numbers.device = test::ideal_device();
    numbers.update = test::number_update();
    GraphNetwork in_memory(map_to_hardware(start, exact_hardware(omega)), 5);
    in_memory->learn_in_memory(numbers);
    Trainer analog(in_memory, data, plain_sgd(), 5);
    Trainer digital(GraphNetwork(start, 5), data, plain_sgd(), 5);
    analog.run();
    digital.run();
    EXPECT_LT(digital.history()[1].loss, digital.history()[0].loss);
    const Network learned = to_digital(analog.network()->export_network());
    const Network wanted = digital.network()->export_network();
    for (const auto& [name, tensor] : wanted.parameters) {
        const Tensor& got = learned.parameters.at(name);
        ASSERT_EQ(tensor.values.size(), got.values.size()) << name;
        for (size_t i = 0; i < tensor.values.size(); i++) {
            ASSERT_NEAR(tensor.values[i], got.values[i], 2e-5) << name << " " << i;
        }
    }
}

// An update that adds numbers is stochastic gradient descent: every gradient reaches its weight,
// whatever the layer, the scales and the cut into tiles.
TEST(LayerLearning, EqualsDigitalTrainingWithExactUpdates) {
    for (const double omega : {0.0, 0.5}) {
        expect_equal_training(convolution_graph(), pictures(64), omega);
        expect_equal_training(char_lstm({5, 6, 6, 10, 1}), sequences(32, 6), omega);
    }
}

HardwareSpec noisy_hardware() {
    HardwareSpec spec;
    spec.base.mapping.omega = 0;
    spec.base.mapping.max_inputs = 20;
    spec.base.input_range.enabled = false;
    spec.base.forward.noise_management.kind = NoiseManagementKind::kAbsMax;
    spec.base.forward.noise_management.threshold = 0;
    spec.base.backward = spec.base.forward;
    return spec;
}

TEST(LayerLearning, ResumesEveryLearnerBitForBit) {
    const LabelledImages images = pictures(24);
    const LabelledImages texts = sequences(16, 4);
    for (const test::NamedLearner& rule : test::all_learners()) {
        for (const bool recurrent : {false, true}) {
            SCOPED_TRACE(rule.name + (recurrent ? ", recurrent" : ""));
            const Network start = map_to_hardware(
                initialize(recurrent ? char_lstm({5, 4, 4, 6, 1}) : convolution_graph(), 2),
                noisy_hardware());
            const LabelledImages& data = recurrent ? texts : images;
            const auto network = [&] {
                GraphNetwork n(start, 5);
                n->learn_in_memory(rule.config);
                return n;
            };
            Trainer whole(network(), data, plain_sgd(), 5);
            whole.run();
            std::atomic<bool> stop{false};
            Trainer first(network(), data, plain_sgd(), 5);
            first.on_batch = [&](const Trainer::Progress& p) { stop = p.epoch + p.batch == 2; };
            EXPECT_FALSE(first.run(&stop));
            const std::string path = testing::TempDir() + "/mho-learning-test.safetensors";
            first.save(path);
            Trainer second(network(), data, plain_sgd(), 5);
            second.load(path);
            EXPECT_TRUE(second.run());
            EXPECT_EQ(second.checkpoint(), whole.checkpoint());
        }
    }
}

// Pulses on a good device learn the task.
TEST(LayerLearning, LearnsByPulses) {
    AnalogSgd sgd;
    ConstantStep device;
    device.dw_min = 0.0005;
    sgd.device = device;
    GraphNetwork network(map_to_hardware(initialize(convolution_graph(), 2), noisy_hardware()), 5);
    network->learn_in_memory(sgd);
    const LabelledImages data = pictures(200);
    TrainConfig config = plain_sgd();
    config.epochs = 5;
    Trainer trainer(network, data, config, 5);
    trainer.run();
    EXPECT_GT(trainer.history().back().accuracy, 0.9);
    for (const auto& [name, layer] : network->analog_layers()) {
        for (const Learner* l : layer->learners()) {
            EXPECT_GT(l->activity(0).pulses, 0u) << name;
        }
    }
}

// A factor of 0 leaves a layer as it is; others act on the step.
TEST(LayerLearning, RatesByLayerAndTile) {
    AnalogSgd exact;
    ConstantStep device;
    exact.device = device;
    exact.update.type = PulseType::kNone;  // W -= rate d x'
    const auto moved = [&](double factor) {
        GraphNetwork network(map_to_hardware(initialize(convolution_graph(), 2), noisy_hardware()),
                             5);
        network->learn_in_memory(exact);
        const auto& layer = network->analog_layers().at("fc");
        EXPECT_GT(layer->set_rate_factor(factor), 0u);
        EXPECT_EQ(layer->set_rate_factor(factor, 1000), 0u);
        const torch::Tensor before = layer->tile_weight.detach().clone();
        TrainConfig config = plain_sgd();
        config.epochs = 1;
        const LabelledImages data = pictures(static_cast<size_t>(config.batch));
        Trainer trainer(network, data, config, 5);
        trainer.run();  // one step
        return (layer->tile_weight.detach() - before).clone();
    };
    const torch::Tensor whole = moved(1.0);
    EXPECT_GT(whole.abs().max().item<float>(), 0);
    EXPECT_EQ(moved(0.0).abs().max().item<float>(), 0);
    EXPECT_TRUE(torch::allclose(2 * moved(0.5), whole, 1e-3, 1e-7));
    GraphNetwork plain(map_to_hardware(initialize(convolution_graph(), 2), noisy_hardware()), 5);
    EXPECT_THROW(plain->analog_layers().at("fc")->set_rate_factor(0.5), InputError);
}

TEST(LayerLearning, RefusesWhatItCannotDo) {
    GraphNetwork network(map_to_hardware(initialize(convolution_graph(), 2), noisy_hardware()), 5);
    network->learn_in_memory(AnalogSgd());
    const LabelledImages data = pictures(16);
    TrainConfig config = plain_sgd();
    config.gradient_clip = 1;
    EXPECT_THROW(Trainer(network, data, config, 5), ConfigError);
    const auto& layer = network->analog_layers().at("fc");
    EXPECT_THROW(layer->set_learner_states({}), InputError);
    GraphNetwork plain(map_to_hardware(initialize(convolution_graph(), 2), noisy_hardware()), 5);
    EXPECT_THROW(plain->analog_layers().at("fc")->learn(0.1, 0), InputError);
}

}  // namespace
}  // namespace mho

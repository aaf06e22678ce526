// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/nn/trainer.h"

#include <gtest/gtest.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>
#include <torch/types.h>

#include <cmath>
#include <filesystem>

#include "mho/net/zoo.h"
#include "mho/random/stream.h"
#include "mho/util/error.h"

namespace mho {
namespace {

// Four classes: a bright quarter on a noisy picture.
LabelledImages pictures(size_t count) {
    LabelledImages data;
    data.count = count;
    data.channels = 1;
    data.height = data.width = 12;
    data.classes = 4;
    data.source = "test";
    data.labels.resize(count);
    std::vector<float> u(count * 144);
    fill_uniform(make_tile_key(1, "pictures"), Stream::kTest, 0, 0, u);
    for (size_t i = 0; i < count; i++) {
        data.labels[i] = static_cast<uint8_t>(i % 4);
        for (size_t p = 0; p < 144; p++) {
            const bool bright = p / 72 == i % 4 / 2 && p % 12 / 6 == i % 2;
            data.pixels.push_back(static_cast<uint8_t>(u[i * 144 + p] * 120 + (bright ? 100 : 0)));
        }
    }
    return data;
}

InputSpec grey() {
    InputSpec spec;
    spec.shape = {1, 12, 12};
    return spec;
}

Network small_analog() {
    Graph graph;
    graph.name = "small";
    graph.input = grey();
    graph.layers = {{"conv1", Conv2dOp{1, 4, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 1, false}, {}},
                    {"bn1", BatchNormOp{4, 1e-5}, {}},
                    {"relu1", ActivationOp{}, {}},
                    {"pool1", Pool2dOp{}, {}},
                    {"flat", FlattenOp{}, {}},
                    {"fc", LinearOp{4 * 36, 4, true}, {}}};
    HardwareSpec spec;
    spec.base.modifier.kind = ModifierKind::kAddNormal;
    spec.base.modifier.std = 0.05;
    spec.base.input_range.init_batches = 3;
    return map_to_hardware(initialize(graph, 2), spec);
}

TrainConfig two_epochs() {
    TrainConfig config;
    config.epochs = 2;
    config.batch = 16;
    config.learning_rate = 5e-3;
    config.augmentation = AugmentationKind::kShift;
    config.max_shift = 1;
    config.label_smoothing = 0.05;
    config.gradient_clip = 5;
    config.schedule.kind = ScheduleKind::kCosine;
    return config;
}

TEST(Trainer, InputRangesTrainAlone) {
    const LabelledImages data = pictures(80);
    TrainConfig config = two_epochs();
    config.parameters = TrainedParameters::kInputRanges;
    Network start = small_analog();
    for (auto& [layer, hardware] : start.analog) {
        hardware.input_range.init_batches = 0;
        hardware.clip.value = 0.5;  // would cut the weights
    }
    Trainer trainer(GraphNetwork(start, 3), data, config, 3);
    EXPECT_TRUE(trainer.run());
    const Network after = trainer.network()->export_network();
    for (const auto& [name, tensor] : start.parameters) {
        const bool is_range = name.ends_with(".input_range");
        const bool is_statistic = name.find(".running_") != std::string::npos;
        EXPECT_EQ(after.parameters.at(name) == tensor, !is_range && !is_statistic) << name;
    }
    // What was frozen is saved and loaded as everything else.
    Trainer again(GraphNetwork(start, 3), data, config, 3);
    again.restore(trainer.checkpoint());
    EXPECT_EQ(again.network()->export_network().parameters, after.parameters);
    for (auto& [layer, hardware] : start.analog) {
        hardware.input_range.learn = false;
    }
    EXPECT_THROW(Trainer(GraphNetwork(start, 3), data, config, 3), ConfigError);
}

TEST(Trainer, TrainingLowersTheLoss) {
    const LabelledImages data = pictures(400);
    TrainConfig config = two_epochs();
    config.batch = 8;
    Trainer trainer(GraphNetwork(small_analog(), 5), data, config, 5);
    size_t batches = 0;
    trainer.on_batch = [&](const Trainer::Progress& p) { batches += p.batches == 50; };
    EXPECT_TRUE(trainer.run());
    EXPECT_EQ(batches, 100U);
    ASSERT_EQ(trainer.history().size(), 2U);
    EXPECT_LT(trainer.history()[1].loss, trainer.history()[0].loss);
    EXPECT_GT(trainer.history()[1].accuracy, 0.5);
    EXPECT_NO_THROW(validate_network(trainer.network()->export_network()));
}

TEST(Trainer, ResumedRunEndsBitForBit) {
    const LabelledImages data = pictures(70);
    const std::string path = testing::TempDir() + "/mho-trainer-test.safetensors";
    for (const OptimizerKind kind : {OptimizerKind::kAdam, OptimizerKind::kSgd}) {
        TrainConfig config = two_epochs();
        config.optimizer = kind;
        Trainer whole(GraphNetwork(small_analog(), 5), data, config, 5);
        whole.run();

        std::atomic<bool> stop{false};
        Trainer first(GraphNetwork(small_analog(), 5), data, config, 5);
        first.on_batch = [&](const Trainer::Progress& p) { stop = p.epoch == 1 && p.batch == 2; };
        EXPECT_FALSE(first.run(&stop));
        first.save(path);
        EXPECT_EQ(first.step(), whole.steps_per_epoch() + 2);

        Trainer second(GraphNetwork(small_analog(), 5), data, config, 5);
        second.load(path);
        EXPECT_TRUE(second.run());
        EXPECT_EQ(second.checkpoint(), whole.checkpoint());
        EXPECT_EQ(second.network()->export_network().parameters,
                  whole.network()->export_network().parameters);
    }
    std::filesystem::remove(path);
}

// Sequences of a circle of five symbols with jumps: the next one is known four times out of five.
LabelledImages sequences(size_t count, size_t positions) {
    LabelledImages data;
    data.count = count;
    data.channels = data.height = 1;
    data.width = positions;
    data.classes = 5;
    data.source = "test";
    std::vector<float> u(count * positions + 1);
    fill_uniform(make_tile_key(1, "sequences"), Stream::kTest, 0, 0, u);
    uint8_t symbol = 0;
    for (size_t i = 0; i < count * positions; i++) {
        data.pixels.push_back(symbol);
        symbol = static_cast<uint8_t>((symbol + (u[i] < 0.8f ? 1 : 3)) % 5);
        data.labels.push_back(symbol);
    }
    return data;
}

TEST(Trainer, SequencesTrainAndResumeBitForBit) {
    const LabelledImages data = sequences(96, 8);
    for (const Graph& graph : {char_lstm({5, 8, 6, 10, 1}),
                               char_recurrent(RecurrentKind::kGru, {5, 8, 6, 10, 1, 0.1}),
                               char_recurrent(RecurrentKind::kRnn, {5, 8, 6, 10, 1, 0, true}),
                               small_gpt({5, 8, 8, 2, 1})}) {
        HardwareSpec spec;
        spec.base.modifier.kind = ModifierKind::kAddNormal;
        spec.base.modifier.std = 0.03;
        spec.base.input_range.init_batches = 3;
        const Network start = map_to_hardware(initialize(graph, 2), spec);
        TrainConfig config;
        config.epochs = 4;
        config.batch = 8;
        config.learning_rate = 2e-2;
        config.gradient_clip = 1;
        Trainer whole(GraphNetwork(start, 5), data, config, 5);
        whole.run();
        // Guessing costs ln 5 = 1.61, the best that is possible 0.50.
        EXPECT_LT(whole.history().back().loss, 1.2) << graph.name;

        std::atomic<bool> stop{false};
        Trainer first(GraphNetwork(start, 5), data, config, 5);
        first.on_batch = [&](const Trainer::Progress& p) { stop = p.epoch == 1 && p.batch == 2; };
        EXPECT_FALSE(first.run(&stop));
        Trainer second(GraphNetwork(start, 5), data, config, 5);
        second.restore(first.checkpoint());
        EXPECT_TRUE(second.run());
        EXPECT_EQ(second.checkpoint(), whole.checkpoint()) << graph.name;

        config.augmentation = AugmentationKind::kShift;
        EXPECT_THROW(Trainer(GraphNetwork(start, 5), data, config, 5), ConfigError);
        config.augmentation = AugmentationKind::kNone;
        LabelledImages bad = data;
        bad.labels.resize(96);
        EXPECT_THROW(Trainer(GraphNetwork(start, 5), bad, config, 5), InputError);
        bad = data;
        bad.labels[3] = 5;
        EXPECT_THROW(Trainer(GraphNetwork(start, 5), bad, config, 5), InputError);
    }
}

TEST(Trainer, RefusesACheckpointOfAnotherRun) {
    const LabelledImages data = pictures(40);
    TrainConfig config = two_epochs();
    const Trainer a(GraphNetwork(small_analog(), 5), data, config, 5);
    const SafeTensors state = a.checkpoint();
    Trainer other_seed(GraphNetwork(small_analog(), 5), data, config, 6);
    EXPECT_THROW(other_seed.restore(state), InputError);
    config.learning_rate = 1;
    Trainer other_config(GraphNetwork(small_analog(), 5), data, config, 5);
    EXPECT_THROW(other_config.restore(state), InputError);
    EXPECT_THROW(other_config.restore(SafeTensors{}), InputError);
    LabelledImages bad = data;
    bad.labels[3] = 9;
    EXPECT_THROW(Trainer(GraphNetwork(small_analog(), 5), bad, config, 5), InputError);
}

TEST(Trainer, DistillationNeedsAndUsesATeacher) {
    const LabelledImages data = pictures(64);
    TrainConfig config = two_epochs();
    config.distillation = 0.5;
    Trainer lonely(GraphNetwork(small_analog(), 5), data, config, 5);
    EXPECT_THROW(lonely.run(), InputError);
    Trainer trainer(GraphNetwork(small_analog(), 5), data, config, 5);
    trainer.set_teacher(GraphNetwork(to_digital(small_analog()), 5));
    EXPECT_TRUE(trainer.run());
    EXPECT_TRUE(std::isfinite(trainer.history()[1].loss));
}

TEST(Optimizer, AgreesWithTorch) {
    for (const OptimizerKind kind :
         {OptimizerKind::kSgd, OptimizerKind::kAdam, OptimizerKind::kAdamW}) {
        TrainConfig config;
        config.optimizer = kind;
        config.weight_decay = 0.1;
        torch::Tensor theirs = torch::linspace(-1, 1, 37).requires_grad_();
        std::vector<float> mine(theirs.data_ptr<float>(), theirs.data_ptr<float>() + 37);
        std::unique_ptr<torch::optim::Optimizer> reference;
        const std::vector<torch::Tensor> list = {theirs};
        if (kind == OptimizerKind::kSgd) {
            reference = std::make_unique<torch::optim::SGD>(
                list, torch::optim::SGDOptions(0.02).momentum(config.momentum).weight_decay(0.1));
        } else if (kind == OptimizerKind::kAdam) {
            reference = std::make_unique<torch::optim::Adam>(
                list, torch::optim::AdamOptions(0.02).weight_decay(0.1));
        } else {
            reference = std::make_unique<torch::optim::AdamW>(
                list, torch::optim::AdamWOptions(0.02).weight_decay(0.1));
        }
        Optimizer own(config, {{"p", mine.data(), mine.size(), true, {}, {}}});
        for (int step = 0; step < 20; step++) {
            theirs.mutable_grad() = torch::cos(theirs.detach() * (step + 1));
            std::vector<float> gradient(37);
            const torch::Tensor at = torch::from_blob(mine.data(), {37});
            const torch::Tensor g = torch::cos(at * (step + 1));
            std::copy_n(g.data_ptr<float>(), 37, gradient.data());
            reference->step();
            own.step({gradient.data()}, 0.02);
        }
        for (size_t i = 0; i < mine.size(); i++) {
            EXPECT_NEAR(mine[i], theirs.data_ptr<float>()[i], 2e-5);
        }
    }
}

// LeNet-5 and VGG learn on hardware, not only fit together.
TEST(Trainer, ZooNetworksLearn) {
    LabelledImages data = pictures(64);
    const size_t side = 28;
    LabelledImages large = data;
    large.height = large.width = side;
    large.pixels.assign(data.count * side * side, 0);
    for (size_t i = 0; i < data.count; i++) {
        for (size_t y = 0; y < side; y++) {
            for (size_t x = 0; x < side; x++) {
                large.pixels[(i * side + y) * side + x] =
                    data.pixels[i * 144 + y * 12 / side * 12 + x * 12 / side];
            }
        }
    }
    InputSpec input;
    input.shape = {1, 28, 28};
    input.mean = {0.4};
    input.std = {0.2};
    LabelledImages small = data;
    small.height = small.width = 8;
    small.pixels.assign(data.count * 64, 0);
    for (size_t i = 0; i < data.count; i++) {
        for (size_t p = 0; p < 64; p++) {
            small.pixels[i * 64 + p] = data.pixels[i * 144 + (p / 8 * 3 / 2) * 12 + p % 8 * 3 / 2];
        }
    }
    InputSpec small_input = input;
    small_input.shape = {1, 8, 8};
    for (const bool vgg : {false, true}) {
        // A few steps: enough to see the loss fall, few enough for a test.
        const Graph graph = vgg ? vgg_small(small_input) : lenet5(input);
        HardwareSpec spec;
        spec.base.modifier.kind = ModifierKind::kAddNormal;
        spec.base.modifier.std = 0.03;
        spec.base.input_range.init_batches = 4;
        TrainConfig config;
        config.epochs = vgg ? 2 : 4;
        config.batch = 8;
        config.learning_rate = 3e-3;
        Trainer trainer(GraphNetwork(map_to_hardware(initialize(graph, 2), spec), 5),
                        vgg ? small : large,
                        config,
                        5);
        trainer.run();
        EXPECT_LT(trainer.history().back().loss, trainer.history().front().loss) << graph.name;
    }
}

TEST(Trainer, NoiseIsDrawnAnewAsOftenAsAsked) {
    Resampling r;
    EXPECT_EQ(r.draw(13, 5), 13u);
    r.every = ResampleUnit::kBatches;
    r.batches = 4;
    EXPECT_EQ(r.draw(13, 5), 3u);
    r.every = ResampleUnit::kEpoch;
    EXPECT_EQ(r.draw(13, 5), 2u);
    // With a rate of 0 nothing moves: equal draws give equal losses on equal data.
    LabelledImages data = pictures(1);
    data.count = 6;
    data.labels.assign(6, data.labels[0]);
    for (int i = 0; i < 5; i++) {
        data.pixels.insert(data.pixels.end(), data.pixels.begin(), data.pixels.begin() + 144);
    }
    Graph graph;
    graph.name = "linear";
    graph.input = grey();
    graph.layers = {{"flat", FlattenOp{}, {}}, {"fc", LinearOp{144, 4, true}, {}}};
    HardwareSpec spec;
    spec.base.modifier.kind = ModifierKind::kAddNormal;
    spec.base.modifier.std = 0.1;
    spec.base.input_range.learn = false;
    spec.base.input_range.init_batches = 0;
    spec.base.remap.kind = RemapKind::kNone;
    const auto losses = [&](const Resampling& weights, const Resampling& reads) {
        TrainConfig config;
        config.epochs = 2;
        config.batch = 2;
        config.learning_rate = 0;
        config.resample_weights = weights;
        config.resample_reads = reads;
        Trainer trainer(
            GraphNetwork(map_to_hardware(initialize(graph, 2), spec), 5), data, config, 5);
        std::vector<double> list;
        trainer.on_batch = [&](const Trainer::Progress& p) { list.push_back(p.batch_loss); };
        trainer.run();
        return list;
    };
    const Resampling batch{};
    const Resampling pairs{ResampleUnit::kBatches, 2};
    const Resampling epoch{ResampleUnit::kEpoch, 1};
    const std::vector<double> by_pairs = losses(pairs, pairs);
    ASSERT_EQ(by_pairs.size(), 6u);
    EXPECT_EQ(by_pairs[0], by_pairs[1]);
    EXPECT_NE(by_pairs[1], by_pairs[2]);
    EXPECT_EQ(by_pairs[2], by_pairs[3]);
    const std::vector<double> by_epoch = losses(epoch, epoch);
    EXPECT_EQ(by_epoch[0], by_epoch[2]);
    EXPECT_NE(by_epoch[2], by_epoch[3]);
    EXPECT_EQ(by_epoch[3], by_epoch[5]);
    // Each of the two alone keeps the other new.
    for (const std::vector<double>& mixed : {losses(epoch, batch), losses(batch, epoch)}) {
        EXPECT_NE(mixed[0], mixed[1]);
        EXPECT_NE(mixed[1], mixed[2]);
    }
}

}  // namespace
}  // namespace mho

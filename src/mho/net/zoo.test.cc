// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/zoo.h"

#include <gtest/gtest.h>

#include <cmath>

#include "mho/io/decompress.h"
#include "mho/io/file.h"
#include "mho/io/image_data.h"
#include "mho/io/safetensors.h"
#include "mho/net/test_support.h"
#include "mho/util/error.h"

namespace mho {
namespace {

const InputSpec kFashion = {{1, 28, 28}, 1.0 / 255.0, {}, {}};
const InputSpec kCifar = {{3, 32, 32}, 1.0 / 255.0, {0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}};

TEST(Zoo, SizesOfTheNetworks) {
    const NetworkSummary small = summarize(initialize(residual_cnn(32, {32, 80}, 10, kFashion), 1));
    EXPECT_LE(small.multiply_adds, 2500000u);
    // Stem at 14 x 14, a block at 7 x 7, one at 4 x 4 with its projection, the linear layer.
    EXPECT_EQ(
        small.multiply_adds,
        25u * 32 * 196 + 2 * 9 * 32 * 32 * 49 + (9 * 32 * 80 + 9 * 80 * 80 + 32 * 80) * 16 + 800);
    EXPECT_EQ(summarize(initialize(lenet5(kFashion), 1)).weights, 200u + 3200 + 32768 + 1280);
    EXPECT_EQ(summarize(initialize(mlp({784, 256, 128, 10}, kFashion), 1)).weights, 234752u);
    EXPECT_EQ(summarize(initialize(resnet_cifar(20, kCifar), 1)).weights, 270896u);
    EXPECT_EQ(summarize(initialize(resnet_cifar(32, kCifar), 1)).weights, 464432u);
}

TEST(Zoo, InitialWeightsAreUniformInTheirBounds) {
    const Network network = initialize(mlp({784, 256, 10}, kFashion), 3);
    const std::vector<float>& w = network.parameters.at("fc1.weight").values;
    double squares = 0;
    for (const float v : w) {
        ASSERT_LE(std::abs(v), 1.0f / 28.0f);
        squares += double{v} * double{v};
    }
    // Variance b^2 / 3 with a relative error of sqrt(0.8 / n): five of them are below 1 %.
    EXPECT_NEAR(squares / static_cast<double>(w.size()), 1.0 / 784 / 3, 0.01 / 784 / 3);
    EXPECT_EQ(initialize(mlp({784, 256, 10}, kFashion), 3).parameters, network.parameters);
    EXPECT_NE(initialize(mlp({784, 256, 10}, kFashion), 4).parameters, network.parameters);
}

TEST(Zoo, ImpossibleShapesAreRefused) {
    EXPECT_THROW(mlp({784}, kFashion), InputError);
    EXPECT_THROW(mlp({783, 10}, kFashion), InputError);
    EXPECT_THROW(mlp({784, 0}, kFashion), ConfigError);
    EXPECT_THROW(lenet5(kCifar), InputError);
    EXPECT_THROW(residual_cnn(0, {8}, 10, kFashion), InputError);
    EXPECT_THROW(residual_cnn(16, {}, 10, kFashion), InputError);
    EXPECT_THROW(resnet_cifar(21, kCifar), InputError);
    EXPECT_THROW(resnet_cifar(2, kCifar), InputError);
}

// Trained CIFAR-10 networks of CrossSim (sandialabs/cross-sim, BSD-3-Clause): logits of the first
// two images of the lossless test set, from the original definition in PyTorch.
struct Golden {
    int depth;
    float logits[2][10];
};
const Golden kGolden[] = {{20,
                           {{-4.2028f,
                             -4.8397f,
                             -4.8250f,
                             3.6245f,
                             -8.7700f,
                             0.0772f,
                             -2.7055f,
                             -6.8997f,
                             -6.8499f,
                             -6.4513f},
                            {-0.5406f,
                             4.8178f,
                             -10.5602f,
                             -9.4582f,
                             -10.7573f,
                             -12.6349f,
                             -10.7762f,
                             -13.2997f,
                             12.6101f,
                             -2.3176f}}},
                          {32,
                           {{-5.5161f,
                             -8.7193f,
                             -5.8907f,
                             6.5559f,
                             -7.6053f,
                             2.7418f,
                             -3.7466f,
                             -6.3475f,
                             -10.3881f,
                             -8.1264f},
                            {0.4446f,
                             4.3636f,
                             -10.1598f,
                             -9.9887f,
                             -12.8822f,
                             -13.7115f,
                             -7.6673f,
                             -11.8204f,
                             9.9124f,
                             -1.1789f}}}};

TEST(Zoo, TrainedCifarNetworksGiveTheirLogits) {
    const auto images_path = find_data("images/cifar10-lossless-test1k.bin.xz");
    const auto models = find_data("models");
    if (!images_path || !models) {
        GTEST_SKIP() << "MHO_DATA has no trained networks";
    }
    const std::string images = read_maybe_compressed(*images_path);
    Matrix<float> pixels(2, 3072);
    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < 3072; j++) {
            pixels(i, j) =
                static_cast<float>(static_cast<unsigned char>(images.at(i * 3073 + 1 + j)));
        }
    }
    for (const Golden& golden : kGolden) {
        const std::string depth = std::to_string(golden.depth);
        Network network{
            resnet_cifar(golden.depth, kCifar),
            read_safetensors(*models + "/resnet" + depth + "-cifar10.safetensors").tensors,
            {}};
        validate_network(network);
        const Matrix<float> y = run_all(Executor(network, 1), pixels);
        const Network folded = fold_batch_norm(network);
        const Matrix<float> f = run_all(Executor(folded, 1), pixels);
        const Matrix<float> ideal = run_all(
            Executor(map_to_hardware(folded, hardware_from_json(R"({"preset": "ideal"})")), 1),
            pixels);
        for (size_t i = 0; i < 2; i++) {
            for (size_t j = 0; j < 10; j++) {
                EXPECT_NEAR(y(i, j), golden.logits[i][j], 1e-3) << depth;
                EXPECT_NEAR(f(i, j), y(i, j), 1e-4) << depth;
                EXPECT_NEAR(ideal(i, j), y(i, j), 1e-3) << depth;
            }
        }
    }
}

}  // namespace
}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/study_classifiers.h"

#include <fmt/format.h>

#include <algorithm>

#include "mho/analysis/data.h"
#include "mho/analysis/run_file.h"
#include "mho/features/projection.h"
#include "mho/features/ridge.h"
#include "mho/net/calibrate.h"
#include "mho/net/zoo.h"

namespace mho {

std::optional<StudyNetwork> trained_resnet(int depth, size_t images, size_t calibration) {
    const std::string file = fmt::format("models/resnet{}-cifar10.safetensors", depth);
    if (!find_data(file) || !find_data("images/cifar10-lossless-test1k.bin.xz") ||
        !find_data("images/cifar10-lossless-train4k.bin.xz")) {
        return std::nullopt;
    }
    RunFile run;
    run.data.set = DataSet::kCifar10Lossless;
    run.network.model = ResnetCifarModel{depth};
    run.network.weights = file;
    run.network.mean = {0.485, 0.456, 0.406};
    run.network.std = {0.229, 0.224, 0.225};
    run.folder = ".";
    const LabelledImages test = load_test_images(run.data);
    LabelledImages train = load_train_images(run.data);
    const size_t count = std::min(images, test.count);
    StudyNetwork set;
    set.name = fmt::format("ResNet-{}", depth);
    set.network = fold_batch_norm(build_network(run));
    set.test = pixels_of(test, 0, count);
    set.labels.assign(test.labels.begin(),
                      test.labels.begin() + static_cast<std::ptrdiff_t>(count));
    set.calibration = pixels_of(train, 0, std::min(calibration, train.count));
    set.training = std::move(train);
    return set;
}

StudyNetwork made_up_classifier(uint64_t seed, size_t images) {
    constexpr size_t kPixels = 64;
    constexpr size_t kHidden = 96;
    constexpr size_t kClasses = 10;
    constexpr size_t kTrain = 1500;
    const TileKey key = make_tile_key(seed, "study/made-up-classifier");
    Matrix<float> centres(kClasses, kPixels);
    fill_uniform(key, Stream::kTest, 0, 0, centres.values);
    const size_t all = kTrain + images;
    Matrix<float> pixels(all, kPixels);
    fill_normal(key, Stream::kTest, 1, 0, pixels.values);
    std::vector<uint8_t> labels;
    for (size_t r = 0; r < all; r++) {
        labels.push_back(static_cast<uint8_t>(r % kClasses));
        for (size_t j = 0; j < kPixels; j++) {
            pixels(r, j) =
                std::clamp(255 * centres(r % kClasses, j) + 140 * pixels(r, j), 0.0f, 255.0f);
        }
    }
    StudyNetwork set;
    set.name = "made-up pictures";
    InputSpec input;
    input.shape = {1, 8, 8};
    set.network = initialize(mlp({kPixels, kHidden, kClasses}, input), seed);
    // The hidden layer is random; its outputs are features of a ridge regression.
    std::vector<float>& first = set.network.parameters.at("fc1.weight").values;
    std::vector<float>& bias = set.network.parameters.at("fc1.bias").values;
    Matrix<float> w(kHidden, kPixels);
    fill_normal(key, Stream::kInitialWeights, 0, 0, w.values);
    for (float& v : w.values) {
        v *= 0.2f;
    }
    first = w.values;
    std::fill(bias.begin(), bias.end(), 0.0f);
    Matrix<float> scaled = pixels;
    for (float& v : scaled.values) {
        v /= 255.0f;
    }
    Matrix<float> z = project(w, scaled.view());
    Matrix<float> targets(all, kClasses);
    for (size_t r = 0; r < all; r++) {
        for (size_t j = 0; j < kHidden; j++) {
            z(r, j) = std::max(z(r, j), 0.0f);
        }
        targets(r, labels[r]) = 1.0f;
    }
    Ridge ridge(kHidden, kClasses);
    ridge.add(z.view().row_block(0, kTrain), targets.view().row_block(0, kTrain));
    const RidgeModel model = ridge.solve(1.0);
    std::vector<float>& second = set.network.parameters.at("fc2.weight").values;
    std::copy(model.weights.values.begin(), model.weights.values.end(), second.begin());
    std::vector<float>& shift = set.network.parameters.at("fc2.bias").values;
    std::copy(model.intercept.begin(), model.intercept.end(), shift.begin());
    const auto rows = [&](size_t from, size_t count) {
        Matrix<float> m(count, kPixels);
        std::copy_n(pixels.row(from), count * kPixels, m.values.data());
        return m;
    };
    set.test = rows(kTrain, images);
    set.labels.assign(labels.begin() + kTrain, labels.end());
    set.calibration = rows(0, 200);
    LabelledImages& training = set.training;
    training.count = 400;
    training.channels = 1;
    training.height = training.width = 8;
    training.classes = kClasses;
    training.source = "made-up pictures";
    for (size_t r = 0; r < training.count; r++) {
        training.labels.push_back(labels[r]);
        for (size_t j = 0; j < kPixels; j++) {
            training.pixels.push_back(static_cast<uint8_t>(pixels(r, j)));
        }
    }
    return set;
}

double percent_right(const StudyNetwork& set, const Executor& executor, uint64_t step) {
    Matrix<float> outputs(set.test.rows, executor.output_features());
    executor.run(set.test.view(), outputs.view(), {step, 0});
    return 100 * accuracy(outputs.view(), set.labels);
}

Network on_hardware(const StudyNetwork& set,
                    const HardwareSpec& hardware,
                    const CalibrationConfig& rule) {
    Network network = map_to_hardware(set.network, hardware);
    CalibrationOptions options;
    options.rule = rule;
    calibrate_input_ranges(network, set.calibration.view(), options);
    return network;
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/studies/study_hwa_families.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "mho/analysis/noise_resistance.h"
#include "mho/analysis/text_data.h"
#include "mho/net/executor.h"
#include "mho/net/normalization.h"
#include "mho/net/zoo.h"
#include "mho/nn/train_network.h"
#include "mho/studies/study_images.h"

namespace mho {
namespace {

constexpr double kTrainingNoise = 0.06;  // of the largest weight of an output

struct TextSizes {
    int positions = 32;
    size_t train = 12000;
    size_t test = 120;
};

Data text_data(bool is_small, const TextSizes& sizes) {
    const auto cut = [](LabelledImages windows, size_t count) {
        return first_images(windows, std::min(count, windows.count));
    };
    if (is_small) {
        std::string text;
        for (int i = 0; text.size() < 6000; i++) {
            text += i % 3 == 0 ? "abcdefgh " : i % 5 == 0 ? "hello world. " : "abba cd ";
        }
        return {cut(text_windows(text, 16, true), 200), cut(text_windows(text, 16, false), 20)};
    }
    DataConfig config;
    config.set = DataSet::kText;
    config.sequence = sizes.positions;
    return {cut(load_text_windows(config, true), sizes.train),
            cut(load_text_windows(config, false), sizes.test)};
}

TrainConfig training(int epochs, int batch, double rate, bool cosine) {
    TrainConfig config;
    config.epochs = epochs;
    config.batch = batch;
    config.optimizer = OptimizerKind::kAdamW;
    config.learning_rate = rate;
    config.weight_decay = cosine ? 0.0 : 0.01;
    config.gradient_clip = 1;
    config.schedule.kind = cosine ? ScheduleKind::kCosine : ScheduleKind::kOneCycle;
    return config;
}

}  // namespace

double HwaFamily::chance_error() const {
    const auto classes = static_cast<double>(data.test.classes);
    return is_text() ? std::log(classes) : 1 - 1 / classes;
}

HardwareSpec hwa_hardware() {
    HardwareSpec spec;
    spec.base.modifier.kind = ModifierKind::kAddNormal;
    spec.base.modifier.std = kTrainingNoise;
    spec.base.input_range.init_batches = 20;
    return spec;
}

std::vector<HwaFamily> hwa_families(bool is_small) {
    const Data images = is_small ? generated_images(400, 60) : small_fashion(8000, 500);
    const Data text = text_data(is_small, {});
    const auto positions = static_cast<int>(text.test.width);
    const auto vocabulary = static_cast<int>(text.test.classes);
    const int image_batch = is_small ? 20 : 64;
    const int text_batch = is_small ? 20 : 32;
    const auto epochs = [is_small](int count) { return is_small ? 6 : count; };
    const CharRecurrentSizes lstm{
        vocabulary, positions, is_small ? 8 : 24, is_small ? 8 : 64, 1, 0, false};
    const SmallGptSizes gpt{vocabulary, positions, is_small ? 8 : 32, is_small ? 2 : 4, 2};
    const size_t calibration = is_small ? 40 : 512;
    return {{"CNN (ResNet-8)",
             resnet_cifar_of_width(8, small_image_input(), is_small ? 4 : 8),
             images,
             training(epochs(12), image_batch, 6e-3, false),
             training(epochs(8), image_batch, 2e-3, true),
             calibration},
            {"MLP",
             mlp({256, 128, 64, 10}, small_image_input()),
             images,
             training(epochs(16), image_batch, 2e-3, false),
             training(epochs(16), image_batch, 1e-3, true),
             calibration},
            {"LSTM",
             char_lstm(lstm),
             text,
             training(epochs(5), text_batch, 8e-3, false),
             training(epochs(4), text_batch, 3e-3, true),
             calibration},
            {"transformer",
             small_gpt(gpt),
             text,
             training(epochs(5), text_batch, 5e-3, false),
             training(epochs(4), text_batch, 2e-3, true),
             calibration}};
}

HwaNetworks train_family(const HwaFamily& family,
                         const StudyOptions& options,
                         StudyNetworks& networks) {
    const std::string what = fmt::format(
        "hwa-at-scale {}; {}; {} samples of {}; epochs {} + {}, batch {}, rates {} and {}, weight "
        "noise {}, seed {}",
        family.name,
        graph_to_json(family.graph),
        family.data.train.count,
        family.data.train.source,
        family.first.epochs,
        family.further.epochs,
        family.first.batch,
        family.first.learning_rate,
        family.further.learning_rate,
        kTrainingNoise,
        options.seed);
    const auto trained =
        [&](const std::string& part, const Network& start, const TrainConfig& how) {
            return networks.get(what + part, [&] {
                return train_network(start, family.data.train, how, options.seed, options.stop);
            });
        };
    const Network first =
        fold_batch_norm(trained("; first", initialize(family.graph, options.seed), family.first));
    HwaNetworks result;
    // The reference gets the same further training, so that what hardware-aware training gains is
    // not that of training longer.
    result.floating_point = trained("; further", first, family.further);
    result.direct = map_to_hardware(result.floating_point, hwa_hardware());
    initialize_input_ranges(
        result.direct,
        pixels_of(family.data.train, 0, std::min(family.calibration, family.data.train.count))
            .view(),
        static_cast<size_t>(family.further.batch),
        options.seed);
    result.hardware_aware =
        trained("; hardware-aware", map_to_hardware(first, hwa_hardware()), family.further);
    return result;
}

std::vector<double> errors_over_time(const Network& network,
                                     const LabelledImages& test,
                                     uint64_t seed,
                                     uint32_t chip,
                                     const std::vector<double>& times_s) {
    Executor executor(network, seed, chip);
    const Matrix<float> pixels = pixels_of(test, 0, test.count);
    Matrix<float> outputs(test.count, executor.output_features());
    const size_t labels = test.labels.size() / test.count;
    const auto error = [&](uint64_t step) {
        ReadKey key;
        key.step = step;
        executor.run(pixels.view(), outputs.view(), key);
        if (labels > 1) {
            return cross_entropy_sum(outputs.view(), test.labels, labels) /
                   static_cast<double>(test.labels.size());
        }
        return 1 - accuracy(outputs.view(), test.labels);
    };
    if (times_s.empty()) {
        return {error(0)};
    }
    executor.program();
    std::vector<double> errors;
    for (size_t t = 0; t < times_s.size(); t++) {
        executor.advance_to(times_s[t], t);
        errors.push_back(error(t));
    }
    return errors;
}

double mapped_kurtosis(const Network& analog) {
    double sum = 0;
    double weights = 0;
    for (const auto& [name, hardware] : analog.analog) {
        const std::vector<float>& values = analog.parameters.at(name + ".tile_weight").values;
        const auto count = static_cast<double>(values.size());
        sum += count * excess_kurtosis(values);
        weights += count;
    }
    return weights > 0 ? sum / weights : 0;
}

}  // namespace mho

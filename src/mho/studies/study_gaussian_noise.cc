// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Which networks resist Gaussian noise on their weights (Fagbohungbe and Qian, arXiv 2011.11840):
// VGG against residual networks at similar size, wide against narrow, deep against shallow.

#include <fmt/format.h>

#include "mho/net/normalization.h"
#include "mho/net/zoo.h"
#include "mho/studies/noise_bench.h"
#include "mho/studies/training_studies.h"

namespace mho {

StudyResult run_gaussian_noise_benchmark(const StudyOptions& options) {
    const bool is_small = options.small;
    const int width = is_small ? 2 : 8;
    const TrainConfig training = noise_training(is_small);
    TrainConfig plain = training;
    plain.learning_rate /= 4;
    const InputSpec input = small_image_input();
    const int depth = is_small ? 8 : 20;
    const Graph vgg = vgg_small_of_width(input, 10, width);
    const Graph residual = resnet_cifar_of_width(depth, input, width);
    const std::string residual_name = fmt::format("ResNet-{}", depth);
    const std::vector<NoiseCase> cases = {
        {"VGG-small", vgg, training, false, false},
        {residual_name, residual, training, false, false},
        {"VGG-small, no batch norm", without_batch_norm(vgg), plain, true, false},
        {residual_name + ", no batch norm", without_batch_norm(residual), plain, true, false},
        {"VGG-small of half the width",
         vgg_small_of_width(input, 10, width / 2),
         training,
         false,
         false},
        {"ResNet-8", resnet_cifar_of_width(8, input, width), training, false, false},
        {"ResNet-8, no batch norm",
         without_batch_norm(resnet_cifar_of_width(8, input, width)),
         plain,
         true,
         false},
    };
    StudyResult result;
    const std::vector<NoiseOutcome> all =
        run_noise_bench(options, "gaussian-noise-benchmark", cases, result);
    const uint64_t seed = options.seed;
    const auto row = [&](const std::string& claim, size_t better, size_t worse) {
        result.rows.push_back(
            at_least_row(fmt::format("{}: {} against {}", claim, all[better].name, all[worse].name),
                         "abstract, no figure",
                         0,
                         average_difference(all[better], all[worse], seed),
                         "points",
                         1));
    };
    row("networks of the VGG kind resist better than residual ones", 0, 1);
    row("the same without batch norms", 2, 3);
    row("redundant networks resist better", 0, 4);
    row("deeper networks resist better", 1, 5);
    row("deeper networks resist better without batch norms", 3, 6);
    result.tables.push_back(noise_table(all, seed));
    result.charts.push_back(noise_chart(all));
    return result;
}

}  // namespace mho

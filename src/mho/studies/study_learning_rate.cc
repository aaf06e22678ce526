// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// The learning rate of a digital training against accuracy and resistance to noise on the weights
// (Fagbohungbe and Qian, arXiv 2205.07856): six rates over three decades, equal epochs.

#include <fmt/format.h>

#include <algorithm>

#include "mho/net/normalization.h"
#include "mho/net/zoo.h"
#include "mho/studies/noise_bench.h"
#include "mho/studies/training_studies.h"

namespace mho {
namespace {

constexpr double kRates[] = {1e-3, 4e-3, 1.6e-2, 6.4e-2, 0.25, 1.0};
constexpr size_t kRateCount = std::size(kRates);

}  // namespace

StudyResult run_learning_rate_study(const StudyOptions& options) {
    const Graph graph = resnet_cifar_of_width(8, small_image_input(), options.small ? 2 : 8);
    const size_t trainings = options.small ? 1 : 2;
    std::vector<NoiseCase> cases;
    for (const double rate : kRates) {
        for (size_t t = 0; t < trainings; t++) {
            TrainConfig training = noise_training(options.small);
            training.optimizer = OptimizerKind::kSgd;
            training.momentum = 0.9;
            training.schedule.kind = ScheduleKind::kConstant;
            training.learning_rate = rate;
            cases.push_back({fmt::format("rate {}, training {}", rate, t + 1),
                             graph,
                             training,
                             false,
                             false,
                             t + 1});
        }
    }
    StudyResult result;
    const std::vector<NoiseOutcome> all = run_noise_bench(options, "learning-rate", cases, result);
    result.repetitions = fmt::format("ResNet-8, SGD with momentum 0.9, {} training(s) per rate; {}",
                                     trainings,
                                     result.repetitions);

    // Clean accuracy times average normalised accuracy, per training and draw, in percent.
    std::vector<std::vector<double>> products(kRateCount);
    for (size_t r = 0; r < kRateCount; r++) {
        for (size_t t = 0; t < trainings; t++) {
            const NoiseOutcome& o = all[r * trainings + t];
            for (const double average : o.average) {
                products[r].push_back(o.clean * average);
            }
        }
    }
    const auto mean_at = [&](size_t r) { return mean(products[r]); };
    size_t best = 1;
    for (size_t r = 1; r + 1 < kRateCount; r++) {
        best = mean_at(r) > mean_at(best) ? r : best;
    }
    const size_t end = mean_at(0) > mean_at(kRateCount - 1) ? 0 : kRateCount - 1;
    result.rows.push_back(at_least_row(
        fmt::format("the product of clean and average normalised accuracy has its "
                    "maximum inside the range of rates: at {} against the better end, {}",
                    kRates[best],
                    kRates[end]),
        "abstract: a sweet spot, no figure",
        0.5,
        paired_difference(products[best], products[end], options.seed),
        "points",
        1));
    result.tables.push_back(noise_table(all, options.seed));
    StudyChart chart{"A sweet spot of the learning rate", "learning rate", "[%]", true, {}};
    StudyCurve clean{"clean accuracy", {}, {}}, average{"average normalised accuracy", {}, {}},
        product{"product", {}, {}};
    for (size_t r = 0; r < kRateCount; r++) {
        double accuracy = 0;
        double kept = 0;
        for (size_t t = 0; t < trainings; t++) {
            accuracy += 100 * all[r * trainings + t].clean / static_cast<double>(trainings);
            kept += mean(all[r * trainings + t].average) / static_cast<double>(trainings);
        }
        for (StudyCurve* curve : {&clean, &average, &product}) {
            curve->x.push_back(kRates[r]);
        }
        clean.y.push_back(accuracy);
        average.y.push_back(kept);
        product.y.push_back(mean_at(r));
    }
    chart.curves = {std::move(clean), std::move(average), std::move(product)};
    result.charts.push_back(std::move(chart));
    return result;
}

}  // namespace mho

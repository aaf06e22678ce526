// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// The learning rate of a digital training against accuracy and resistance to noise on the weights
// (Fagbohungbe and Qian, arXiv 2205.07856): six rates over three decades, equal epochs.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "mho/net/normalization.h"
#include "mho/net/zoo.h"
#include "mho/studies/noise_bench.h"
#include "mho/studies/training_studies.h"

namespace mho {
namespace {

constexpr double kRates[] = {1e-3, 4e-3, 1.6e-2, 6.4e-2, 0.25, 1.0};
constexpr size_t kRateCount = std::size(kRates);
// Beyond the range of the claim: is there a maximum at all?
constexpr double kFurther[] = {4.0, 16.0};

// Networks of one set of pictures, rate by rate.
std::vector<NoiseCase> learning_rate_cases(const NoiseSet& set,
                                           const std::vector<double>& rates,
                                           size_t trainings,
                                           bool is_small) {
    const Graph graph = resnet_cifar_of_width(8, set.input, is_small ? 2 : 8);
    std::vector<NoiseCase> cases;
    for (const double rate : rates) {
        for (size_t t = 0; t < trainings; t++) {
            TrainConfig training = set.training;
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
    // Without batch norms, which make a network nearly indifferent to the size of its weights, and
    // so to the rate; one training for each rate of the claim.
    for (size_t r = 0; r < kRateCount; r++) {
        NoiseCase plain = cases[r * trainings];
        plain.name = fmt::format("rate {}, no batch norm", kRates[r]);
        plain.graph = without_batch_norm(graph);
        plain.fixup = true;
        cases.push_back(std::move(plain));
    }
    return cases;
}

// Mean product of clean and average normalised accuracy, in percent.
double product_of(const NoiseOutcome& o) {
    return o.clean * mean(o.average);
}

// Whether the same networks without batch norms have a best rate in between.
std::string without_norms(std::span<const NoiseOutcome> plain) {
    std::string text =
        "Tested: the same without batch norms, one training a rate: the products are";
    size_t best = 0;
    for (size_t r = 0; r < kRateCount; r++) {
        text += fmt::format("{} {:.1f}", r > 0 ? "," : "", product_of(plain[r]));
        best = product_of(plain[r]) > product_of(plain[best]) ? r : best;
    }
    const bool is_inside = best > 0 && best + 1 < kRateCount;
    return text + fmt::format(" % from the lowest rate to the highest, best at {}: {}.",
                              kRates[best],
                              is_inside ? "inside the range, so the norms move the best rate up"
                                        : "not inside the range either");
}

void judge_learning_rate(std::span<const NoiseOutcome> all,
                         const std::vector<double>& rates,
                         size_t trainings,
                         const std::string& data,
                         uint64_t seed,
                         StudyResult& result) {
    // Clean accuracy times average normalised accuracy, per training and draw, in percent.
    std::vector<std::vector<double>> products(rates.size());
    for (size_t r = 0; r < rates.size(); r++) {
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
                    "maximum inside the range of rates: at {} against the better end, {}{}",
                    kRates[best],
                    kRates[end],
                    data),
        "abstract: a sweet spot, no figure",
        0.5,
        paired_difference(products[best], products[end], seed),
        "points",
        1));
    StudyRow& row = result.rows.back();
    if (row.verdict != Verdict::kHolds) {
        const auto best_of_all = static_cast<size_t>(
            std::max_element(products.begin(),
                             products.end(),
                             [](const auto& a, const auto& b) { return mean(a) < mean(b); }) -
            products.begin());
        row.explanation = fmt::format(
            "the products at {} and {} are {:.1f} and {:.1f} %. Tested: "
            "rates beyond the range.",
            kRates[best],
            kRates[end],
            mean_at(best),
            mean_at(end));
        for (size_t r = kRateCount; r < rates.size(); r++) {
            row.explanation += fmt::format(" At {} the product is {:.1f} %.", rates[r], mean_at(r));
        }
        row.explanation +=
            best_of_all + 1 < rates.size()
                ? fmt::format(" So one rate is best, {}, but not inside the range asked for. ",
                              rates[best_of_all])
                : fmt::format(" It still rises at {}: no rate in between is best. ", rates.back());
        row.explanation += without_norms(all.subspan(rates.size() * trainings));
    }
    result.tables.push_back(noise_table(all, seed, data));
    StudyChart chart{"A sweet spot of the learning rate" + data, "learning rate", "[%]", true, {}};
    StudyCurve clean{"clean accuracy", {}, {}}, average{"average normalised accuracy", {}, {}},
        product{"product", {}, {}};
    for (size_t r = 0; r < rates.size(); r++) {
        double accuracy = 0;
        double kept = 0;
        for (size_t t = 0; t < trainings; t++) {
            accuracy += 100 * all[r * trainings + t].clean / static_cast<double>(trainings);
            kept += mean(all[r * trainings + t].average) / static_cast<double>(trainings);
        }
        for (StudyCurve* curve : {&clean, &average, &product}) {
            curve->x.push_back(rates[r]);
        }
        clean.y.push_back(accuracy);
        average.y.push_back(kept);
        product.y.push_back(mean_at(r));
    }
    chart.curves = {std::move(clean), std::move(average), std::move(product)};
    result.charts.push_back(std::move(chart));
}

}  // namespace

StudyResult run_learning_rate_study(const StudyOptions& options) {
    std::vector<double> rates(std::begin(kRates), std::end(kRates));
    rates.insert(rates.end(), std::begin(kFurther), std::end(kFurther));
    const std::vector<NoiseSet> sets = noise_sets(options);
    std::vector<NoiseCase> cases;
    std::vector<size_t> trainings;
    for (const NoiseSet& set : sets) {
        trainings.push_back(options.small || !trainings.empty() ? 1 : 2);
        for (NoiseCase& c : learning_rate_cases(set, rates, trainings.back(), options.small)) {
            cases.push_back(std::move(c));
        }
    }
    StudyResult result;
    const std::vector<NoiseOutcome> all = run_noise_bench(options, "learning-rate", cases, result);
    result.repetitions = fmt::format("ResNet-8, SGD with momentum 0.9, {} training(s) per rate; {}",
                                     fmt::join(trainings, " and "),
                                     result.repetitions);
    size_t first = 0;
    for (size_t i = 0; i < sets.size(); i++) {
        const size_t count = rates.size() * trainings[i] + kRateCount;
        judge_learning_rate(
            {&all[first], count}, rates, trainings[i], sets[i].data, options.seed, result);
        first += count;
    }
    return result;
}

}  // namespace mho

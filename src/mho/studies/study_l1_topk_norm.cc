// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// What the scale of the batch norms does to the resistance to noise on the weights (Fagbohungbe and
// Qian, arXiv 2205.04886), over several trainings each: one training says little about its kind.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "mho/net/normalization.h"
#include "mho/net/zoo.h"
#include "mho/studies/noise_bench.h"
#include "mho/studies/training_studies.h"

namespace mho {
namespace {

struct Kind {
    const char* name;
    NormScale scale;
};
constexpr Kind kKinds[] = {{"L2", NormScale::kL2},
                           {"L1", NormScale::kL1},
                           {"top 10", NormScale::kTopK},
                           {"range", NormScale::kRange}};

constexpr int kDepth = 8;

// Every training counts as one observation: its average over the draws.
std::vector<double> of_trainings(std::span<const NoiseOutcome> all,
                                 size_t kind,
                                 size_t trainings,
                                 bool clean) {
    std::vector<double> values;
    for (size_t t = 0; t < trainings; t++) {
        const NoiseOutcome& o = all[kind * trainings + t];
        values.push_back(clean ? 100 * o.clean : mean(o.average));
    }
    return values;
}

// Difference of the means with its t interval over trainings that share start and order.
Interval difference(const std::vector<double>& a, const std::vector<double>& b) {
    std::vector<double> d;
    for (size_t i = 0; i < a.size(); i++) {
        d.push_back(a[i] - b[i]);
    }
    return t_interval(d);
}

// Tested on the trained network: does the rule divide by anything else than L2 would?
void explain(StudyRow& row, const char* kind, const std::vector<double>& ratios) {
    if (row.verdict == Verdict::kHolds) {
        return;
    }
    const double spread = standard_deviation(ratios);
    std::string test = fmt::format(
        "tested on the trained network: what {} divides the {} channels by is {:.3f} of what L2 "
        "would divide by, with a standard deviation of {:.3f} over the channels. ",
        kind,
        ratios.size(),
        mean(ratios),
        spread);
    test += spread < 0.05 ? "A common factor goes into the weights of the norm, so both kinds are "
                            "nearly the same network, and no difference is to be expected."
                          : "So the two kinds are different networks.";
    explain_by_test(row, test);
}

std::vector<NoiseCase> l1_topk_norm_cases(const NoiseSet& set, size_t trainings, bool is_small) {
    const Graph graph = resnet_cifar_of_width(kDepth, set.input, is_small ? 2 : 8);
    std::vector<NoiseCase> cases;
    for (const Kind& kind : kKinds) {
        for (size_t t = 0; t < trainings; t++) {
            cases.push_back({fmt::format("{}, training {}", kind.name, t + 1),
                             graph,
                             set.training,
                             false,
                             t == 0,
                             t + 1,
                             {kind.scale}});
        }
    }
    return cases;
}

void judge_l1_topk_norm(std::span<const NoiseOutcome> all,
                        size_t trainings,
                        const std::string& data,
                        uint64_t seed,
                        StudyResult& result) {
    const std::vector<double> base = of_trainings(all, 0, trainings, false);
    const std::vector<double> base_clean = of_trainings(all, 0, trainings, true);
    for (size_t k = 1; k < std::size(kKinds); k++) {
        const bool claimed = kKinds[k].scale != NormScale::kRange;
        const std::string published =
            claimed ? "abstract, no figure" : "not in the paper; our further row";
        result.rows.push_back(
            at_least_row(fmt::format("{} batch norm resists at least as well as L2: difference of "
                                     "the average normalised accuracies over trainings{}",
                                     kKinds[k].name,
                                     data),
                         published,
                         0,
                         difference(of_trainings(all, k, trainings, false), base),
                         "points",
                         1));
        explain(result.rows.back(), kKinds[k].name, all[k * trainings].scale_ratio);
        result.rows.push_back(at_least_row(
            fmt::format("{} batch norm costs no accuracy without noise{}", kKinds[k].name, data),
            published,
            -1,
            difference(of_trainings(all, k, trainings, true), base_clean),
            "points",
            1));
        explain(result.rows.back(), kKinds[k].name, all[k * trainings].scale_ratio);
    }
    result.tables.push_back(noise_table(all, seed, data));
    StudyChart chart = noise_chart(all, data);
    // One curve per kind: its first training.
    std::vector<StudyCurve> curves;
    for (size_t k = 0; k < std::size(kKinds); k++) {
        curves.push_back(std::move(chart.curves[k * trainings]));
    }
    chart.curves = std::move(curves);
    result.charts.push_back(std::move(chart));
}

}  // namespace

StudyResult run_l1_topk_norm_study(const StudyOptions& options) {
    const std::vector<NoiseSet> sets = noise_sets(options);
    std::vector<NoiseCase> cases;
    std::vector<size_t> trainings;
    for (const NoiseSet& set : sets) {
        // More of the shorter ones, on CIFAR-10.
        trainings.push_back(options.small ? 2 : trainings.empty() ? 5 : 8);
        for (NoiseCase& c : l1_topk_norm_cases(set, trainings.back(), options.small)) {
            cases.push_back(std::move(c));
        }
    }
    StudyResult result;
    const std::vector<NoiseOutcome> all = run_noise_bench(options, "l1-topk-norm", cases, result);
    result.repetitions = fmt::format("{} trainings of a ResNet-{} per kind; {}",
                                     fmt::join(trainings, " and "),
                                     kDepth,
                                     result.repetitions);
    size_t first = 0;
    for (size_t i = 0; i < sets.size(); i++) {
        const size_t count = std::size(kKinds) * trainings[i];
        judge_l1_topk_norm({&all[first], count}, trainings[i], sets[i].data, options.seed, result);
        first += count;
    }
    return result;
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Batch normalisation against resistance to noise on the weights (Fagbohungbe and Qian, IEEE Access
// 10, 127728): residual networks of three depths and a VGG, each with and without batch norms.

#include <fmt/format.h>

#include "mho/net/normalization.h"
#include "mho/net/zoo.h"
#include "mho/studies/noise_bench.h"
#include "mho/studies/training_studies.h"

namespace mho {
namespace {

// With and without batch norms, in this order.
void add_pair(std::vector<NoiseCase>& cases,
              const std::string& name,
              const Graph& graph,
              bool small) {
    const TrainConfig training = noise_training(small);
    cases.push_back({name, graph, training});
    cases.push_back({name + ", no batch norm", without_batch_norm(graph), training, true});
    // Without batch norms the same rate would diverge.
    cases.back().training.learning_rate /= 4;
}

}  // namespace

StudyResult run_batch_norm_study(const StudyOptions& options) {
    const int width = options.small ? 2 : 8;
    std::vector<NoiseCase> cases;
    const std::vector<int> depths =
        options.small ? std::vector<int>{8} : std::vector<int>{8, 14, 20};
    for (const int depth : depths) {
        add_pair(cases,
                 fmt::format("ResNet-{}", depth),
                 resnet_cifar_of_width(depth, small_image_input(), width),
                 options.small);
    }
    add_pair(cases, "VGG-small", vgg_small_of_width(small_image_input(), 10, width), options.small);
    // The same networks with noise on the parameters of the norms as well, which the papers do not
    // exclude.
    for (const size_t with : {2 * (depths.size() - 1), 2 * depths.size()}) {
        NoiseCase noisy = cases[with];
        noisy.name += ", noise on the norms, too";
        noisy.norm_noise = true;
        noisy.recalibrate = false;
        cases.push_back(noisy);
    }

    StudyResult result;
    const std::vector<NoiseOutcome> all = run_noise_bench(options, "batch-norm", cases, result);
    const size_t deepest = 2 * (depths.size() - 1);
    const size_t vgg = 2 * depths.size();  // then, with noise on norms: deepest, VGG
    const uint64_t seed = options.seed;
    const auto gap = [&](size_t with) {
        std::vector<double> gaps;
        for (size_t d = 0; d < all[with].average.size(); d++) {
            gaps.push_back(all[with + 1].average[d] - all[with].average[d]);
        }
        return gaps;
    };
    result.rows.push_back(at_least_row(
        fmt::format("a deep residual network ({}) resists better without batch norms: difference "
                    "of the average normalised accuracies",
                    all[deepest].name),
        "ResNet-44: 91.95 % against 41.32 %",
        5,
        bootstrap_interval(gap(deepest), seed),
        "points",
        1));
    result.rows.push_back(at_least_row("the same for a VGG",
                                       "VGG-16: 93.80 % against 10.75 %",
                                       5,
                                       bootstrap_interval(gap(vgg), seed),
                                       "points",
                                       1));
    for (const size_t k : {size_t{0}, size_t{1}}) {
        StudyRow& row = result.rows[k];
        if (row.verdict != Verdict::kHolds) {
            const size_t with = k == 0 ? deepest : vgg;
            std::vector<double> gaps;
            for (size_t d = 0; d < all[with].average.size(); d++) {
                gaps.push_back(all[with + 1].average[d] - all[vgg + 2 + k].average[d]);
            }
            const Interval g = bootstrap_interval(gaps, seed);
            row.explanation = fmt::format(
                "tested: noise on weights and biases of the norms, which the abstracts do not "
                "exclude. With "
                "it the network with norms falls from {:.1f} to {:.1f} %, and the difference is "
                "{:.1f} points "
                "({:.1f} to {:.1f}).",
                mean(all[with].average),
                mean(all[vgg + 2 + k].average),
                g.mean,
                g.low,
                g.high);
        }
    }
    result.rows.push_back(at_least_row(
        fmt::format("the difference grows with the number of batch norms ({} against {})",
                    all[deepest].name,
                    all[0].name),
        "more layers reduce the resistance more",
        0,
        paired_difference(gap(deepest), gap(0), seed),
        "points",
        1));
    // Of the same draws, what statistics taken anew give back.
    std::vector<double> first(
        all[deepest].average.begin(),
        all[deepest].average.begin() +
            static_cast<std::ptrdiff_t>(all[deepest].average_recalibrated.size()));
    result.rows.push_back(at_least_row(
        "statistics of the batch norms taken anew under the noise (AdaBS) raise the average "
        "normalised accuracy of that network",
        "not in this paper; Joshi et al., arXiv 1906.03138",
        0,
        paired_difference(all[deepest].average_recalibrated, first, seed),
        "points",
        1));
    result.tables.push_back(noise_table(all, seed));
    result.charts.push_back(noise_chart(all));
    return result;
}

}  // namespace mho

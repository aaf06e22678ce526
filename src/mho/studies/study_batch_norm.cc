// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Batch normalisation against resistance to noise on the weights (Fagbohungbe and Qian, IEEE Access
// 10, 127728): residual networks of three depths and a VGG, each with and without batch norms.

#include <fmt/format.h>

#include <functional>

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
              const TrainConfig& training) {
    cases.push_back({name, graph, training});
    cases.push_back({name + ", no batch norm", without_batch_norm(graph), training, true});
    // Without batch norms the same rate would diverge.
    cases.back().training.learning_rate /= 4;
}

// Where the networks of one set of pictures stand; that without batch norms stands behind each.
struct BatchNormPlan {
    std::vector<int> depths;
    size_t shallow() const { return 0; }
    size_t deepest() const { return 2 * (depths.size() - 1); }
    size_t vgg() const { return 2 * depths.size(); }
    // Of the shallow network, the deepest, the VGG.
    size_t noisy_norms(size_t k) const { return vgg() + 2 + k; }
    size_t noisy_statistics(size_t k) const { return vgg() + 5 + k; }
    size_t no_number(size_t k) const { return vgg() + 8 + k; }
    size_t wide() const { return vgg() + 11; }
    size_t count() const { return wide() + 2; }
};

std::vector<NoiseCase> batch_norm_cases(const NoiseSet& set,
                                        const BatchNormPlan& plan,
                                        bool is_small) {
    const int width = is_small ? 2 : 8;
    std::vector<NoiseCase> cases;
    for (const int depth : plan.depths) {
        add_pair(cases,
                 fmt::format("ResNet-{}", depth),
                 resnet_cifar_of_width(depth, set.input, width),
                 set.training);
    }
    add_pair(cases, "VGG-small", vgg_small_of_width(set.input, 10, width), set.training);
    // The same networks with noise on the parameters of the norms as well, then on their
    // statistics, too: the papers do not exclude either, and frameworks list both among the
    // weights. There the root of a variance that noise made negative is no number, and the network
    // guesses; here such a variance is zero, or the network guesses, too.
    constexpr const char* kSuffix[] = {", noise on the norms, too",
                                       ", noise on norms and statistics, too",
                                       ", the same, guessing at negative variances"};
    for (const int step : {0, 1, 2}) {
        for (const size_t with : {plan.shallow(), plan.deepest(), plan.vgg()}) {
            NoiseCase noisy = cases[with];
            noisy.name += kSuffix[step];
            noisy.norm_noise = true;
            noisy.statistics_noise = step > 0;
            noisy.no_number_below_zero = step > 1;
            noisy.recalibrate = false;
            cases.push_back(noisy);
        }
    }
    // The shallow network with twice the channels: as many weights as the deep one, but not more
    // norms.
    add_pair(cases,
             fmt::format("ResNet-{} of twice the width", plan.depths[0]),
             resnet_cifar_of_width(plan.depths[0], set.input, 2 * width),
             set.training);
    return cases;
}

// What the batch norms of a network cost, draw by draw.
std::vector<double> gap(std::span<const NoiseOutcome> all, size_t with, size_t without) {
    std::vector<double> gaps;
    for (size_t d = 0; d < all[with].average.size(); d++) {
        gaps.push_back(all[without].average[d] - all[with].average[d]);
    }
    return gaps;
}

std::string points(const Interval& d) {
    return fmt::format("{:.1f} points ({:.1f} to {:.1f})", d.mean, d.low, d.high);
}

// `k`: as in BatchNormPlan::noisy_norms.
std::string why_no_gap(std::span<const NoiseOutcome> all,
                       const BatchNormPlan& plan,
                       size_t with,
                       size_t k,
                       uint64_t seed) {
    const auto of = [&](size_t noisy) {
        return fmt::format("{:.1f} % instead of {:.1f} %, a difference of {}",
                           mean(all[noisy].average),
                           mean(all[with].average),
                           points(bootstrap_interval(gap(all, noisy, with + 1), seed)));
    };
    return fmt::format(
        "the noise spares what the norms hold, their running means and variances above all, which "
        "frameworks list among the weights. Tested: noise on weights and biases of the norms, too: "
        "with norms {}. Noise on running means and variances, too, negative variances being zero: "
        "{}. "
        "The same where the root of a negative variance is no number, so that the network guesses: "
        "{}.",
        of(plan.noisy_norms(k)),
        of(plan.noisy_statistics(k)),
        of(plan.no_number(k)));
}

std::string why_no_growth(std::span<const NoiseOutcome> all,
                          const BatchNormPlan& plan,
                          uint64_t seed) {
    const NoiseOutcome& shallow = all[plan.shallow()];
    const NoiseOutcome& deep = all[plan.deepest()];
    const NoiseOutcome& wide = all[plan.wide()];
    const auto growth = [&](size_t of_deep, size_t of_shallow) {
        return points(paired_difference(
            gap(all, of_deep, plan.deepest() + 1), gap(all, of_shallow, plan.shallow() + 1), seed));
    };
    const Interval g = paired_difference(
        gap(all, plan.wide(), plan.wide() + 1), gap(all, plan.shallow(), plan.shallow() + 1), seed);
    return fmt::format(
        "from {} to {} the average normalised accuracy with norms goes from {:.1f} to {:.1f} %, "
        "without from {:.1f} to {:.1f} %. Tested: is it the number of norms, or that of weights? "
        "{} "
        "has {} weights ({}: {}) and as many norms as the shallow one. It reaches {:.1f} % with "
        "and "
        "{:.1f} % without; its difference minus that of the shallow one is {:.1f} points ({:.1f} "
        "to "
        "{:.1f}). Noise on running means and variances of the norms, too: the growth from shallow "
        "to deep is {}; and {} where negative variances are no numbers, of which more norms have "
        "more.",
        shallow.name,
        deep.name,
        mean(shallow.average),
        mean(deep.average),
        mean(all[plan.shallow() + 1].average),
        mean(all[plan.deepest() + 1].average),
        wide.name,
        wide.weights,
        deep.name,
        deep.weights,
        mean(wide.average),
        mean(all[plan.wide() + 1].average),
        g.mean,
        g.low,
        g.high,
        growth(plan.noisy_statistics(1), plan.noisy_statistics(0)),
        growth(plan.no_number(1), plan.no_number(0)));
}

void judge_batch_norm(std::span<const NoiseOutcome> all,
                      const BatchNormPlan& plan,
                      const std::string& data,
                      uint64_t seed,
                      StudyResult& result) {
    const NoiseOutcome& deep = all[plan.deepest()];
    const auto add = [&](StudyRow row, const std::function<std::string()>& why) {
        if (row.verdict != Verdict::kHolds) {
            row.explanation = why();
        }
        result.rows.push_back(std::move(row));
    };
    const std::vector<double> of_deep = gap(all, plan.deepest(), plan.deepest() + 1);
    add(at_least_row(fmt::format("a deep residual network ({}) resists better without batch norms: "
                                 "difference of the average normalised accuracies{}",
                                 deep.name,
                                 data),
                     "ResNet-44: 91.95 % against 41.32 %",
                     5,
                     bootstrap_interval(of_deep, seed),
                     "points",
                     1),
        [&] { return why_no_gap(all, plan, plan.deepest(), 1, seed); });
    add(at_least_row("the same for a VGG" + data,
                     "VGG-16: 93.80 % against 10.75 %",
                     5,
                     bootstrap_interval(gap(all, plan.vgg(), plan.vgg() + 1), seed),
                     "points",
                     1),
        [&] { return why_no_gap(all, plan, plan.vgg(), 2, seed); });
    add(at_least_row(
            fmt::format("the difference grows with the number of batch norms ({} against {}){}",
                        deep.name,
                        all[plan.shallow()].name,
                        data),
            "more layers reduce the resistance more",
            0,
            paired_difference(of_deep, gap(all, plan.shallow(), plan.shallow() + 1), seed),
            "points",
            1),
        [&] { return why_no_growth(all, plan, seed); });
    // Of the same draws, what statistics taken anew give back.
    const std::span<const double> first(deep.average.data(), deep.average_recalibrated.size());
    add(at_least_row(
            fmt::format(
                "statistics of the batch norms taken anew under the noise (AdaBS) raise the "
                "average normalised accuracy of that network{}",
                data),
            "not in this paper; Joshi et al., arXiv 1906.03138",
            0,
            paired_difference(deep.average_recalibrated, first, seed),
            "points",
            1),
        [] { return std::string(); });
}

}  // namespace

StudyResult run_batch_norm_study(const StudyOptions& options) {
    const BatchNormPlan plan = {.depths = options.small ? std::vector<int>{8}
                                                        : std::vector<int>{8, 14, 20}};
    const std::vector<NoiseSet> sets = noise_sets(options);
    std::vector<NoiseCase> cases;
    for (const NoiseSet& set : sets) {
        for (NoiseCase& c : batch_norm_cases(set, plan, options.small)) {
            cases.push_back(std::move(c));
        }
    }
    StudyResult result;
    const std::vector<NoiseOutcome> all = run_noise_bench(options, "batch-norm", cases, result);
    for (size_t i = 0; i < sets.size(); i++) {
        const std::span<const NoiseOutcome> of_set(&all[i * plan.count()], plan.count());
        judge_batch_norm(of_set, plan, sets[i].data, options.seed, result);
        result.tables.push_back(noise_table(of_set, options.seed, sets[i].data));
        // The networks of the claims alone.
        result.charts.push_back(noise_chart(of_set.first(plan.vgg() + 2), sets[i].data));
    }
    return result;
}

}  // namespace mho

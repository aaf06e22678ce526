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
namespace {

// Places of the networks of one set of pictures.
enum Place { kVgg, kDeep, kPlainVgg, kPlainDeep, kHalfVgg, kShallow, kPlainShallow, kAgain };
constexpr Place kTrainedAgain[] = {kPlainVgg, kPlainDeep, kPlainShallow, kVgg, kDeep, kHalfVgg};
constexpr size_t kAgainCount = std::size(kTrainedAgain);

struct GaussianPlan {
    uint64_t trainings = 0;                            // of the networks that are trained again
    size_t again(uint64_t training, size_t i) const {  // training from 2
        return kAgain + (training - 2) * kAgainCount + i;
    }
    size_t stopped() const { return kAgain + (trainings - 1) * kAgainCount; }
    size_t longer() const { return stopped() + 1; }
    size_t line() const { return stopped() + 2; }  // without shortcuts; then without norms, too
    size_t count() const { return stopped() + 4; }
};

std::vector<NoiseCase> gaussian_noise_cases(const NoiseSet& set,
                                            const GaussianPlan& plan,
                                            bool is_small) {
    const int width = is_small ? 2 : 8;
    const TrainConfig& training = set.training;
    TrainConfig slower = training;
    slower.learning_rate /= 4;
    const int depth = is_small ? 8 : 20;
    const Graph vgg = vgg_small_of_width(set.input, 10, width);
    const Graph deep = resnet_cifar_of_width(depth, set.input, width);
    const Graph shallow = resnet_cifar_of_width(8, set.input, width);
    const std::string name = fmt::format("ResNet-{}", depth);
    const Graph half = vgg_small_of_width(set.input, 10, width / 2);
    std::vector<NoiseCase> cases = {
        {"VGG-small", vgg, training, false, false},
        {name, deep, training, false, false},
        {"VGG-small, no batch norm", without_batch_norm(vgg), slower, true, false},
        {name + ", no batch norm", without_batch_norm(deep), slower, true, false},
        {"VGG-small of half the width", half, training, false, false},
        {"ResNet-8", shallow, training, false, false},
        {"ResNet-8, no batch norm", without_batch_norm(shallow), slower, true, false},
    };
    // Why claims fail: the same networks trained again, a VGG stopped early and a residual network
    // trained longer, so that their accuracies without noise come near each other.
    for (uint64_t t = 2; t <= plan.trainings; t++) {
        for (const Place i : kTrainedAgain) {
            NoiseCase again = cases[i];
            again.name += fmt::format(", training {}", t);
            again.seed = t;
            cases.push_back(again);
        }
    }
    NoiseCase stopped = cases[kPlainVgg];
    stopped.name += ", 1 epoch";
    stopped.training.epochs = 1;
    cases.push_back(stopped);
    NoiseCase longer = cases[kPlainShallow];
    longer.training.epochs *= 3;
    longer.name += fmt::format(", {} epochs", longer.training.epochs);
    cases.push_back(longer);
    // A residual network whose branches stand in a line, as the layers of a VGG do.
    const Graph line = without_shortcuts(shallow);
    cases.push_back({"ResNet-8, no shortcuts", line, training, false, false});
    cases.push_back(
        {"ResNet-8, no shortcuts, no batch norm", without_batch_norm(line), slower, true, false});
    return cases;
}

// "over 3 trainings the difference is ..."
std::string over_trainings(std::span<const NoiseOutcome> all,
                           const GaussianPlan& plan,
                           Place a,
                           Place b) {
    std::vector<const NoiseOutcome*> of_a = {&all[a]}, of_b = {&all[b]};
    for (uint64_t t = 2; t <= plan.trainings; t++) {
        for (size_t i = 0; i < kAgainCount; i++) {
            if (kTrainedAgain[i] == a) {
                of_a.push_back(&all[plan.again(t, i)]);
            } else if (kTrainedAgain[i] == b) {
                of_b.push_back(&all[plan.again(t, i)]);
            }
        }
    }
    const Interval d = difference_of_trainings(of_a, of_b);
    return fmt::format("over {} trainings the difference is {:.1f} points ({:.1f} to {:.1f})",
                       of_a.size(),
                       d.mean,
                       d.low,
                       d.high);
}

void judge_gaussian_noise(std::span<const NoiseOutcome> all,
                          const GaussianPlan& plan,
                          const std::string& data,
                          uint64_t seed,
                          StudyResult& result) {
    const auto row = [&](const std::string& claim, Place better, Place worse) -> StudyRow& {
        return result.rows.emplace_back(at_least_row(
            fmt::format("{}: {} against {}{}", claim, all[better].name, all[worse].name, data),
            "abstract, no figure",
            0,
            average_difference(all[better], all[worse], seed),
            "points",
            1));
    };
    const auto explain = [&](StudyRow& of, Place a, Place b) {
        if (of.verdict != Verdict::kHolds) {
            of.explanation = fmt::format(
                "one training says little about its kind. Tested by further trainings of both: {}.",
                over_trainings(all, plan, a, b));
        }
    };
    const auto text = [&](size_t i) {
        return fmt::format("{}: {}", all[i].name, noise_text(all[i]));
    };
    // What a VGG lacks: the same residual network with its branches in a line.
    const auto explain_vgg = [&](StudyRow& of, Place vgg, Place deep, size_t shallow, size_t line) {
        if (of.verdict == Verdict::kHolds) {
            return;
        }
        const Interval cost = average_difference(all[line], all[shallow], seed);
        of.explanation = fmt::format(
            "{}. Tested: do shortcuts, which lead past noisy layers, protect the residual "
            "networks? {}; {}: a difference of {:.1f} points ({:.1f} to {:.1f}).",
            over_trainings(all, plan, vgg, deep),
            text(shallow),
            text(line),
            cost.mean,
            cost.low,
            cost.high);
    };
    explain_vgg(row("networks of the VGG kind resist better than residual ones", kVgg, kDeep),
                kVgg,
                kDeep,
                kShallow,
                plan.line());
    StudyRow& plain = row("the same without batch norms", kPlainVgg, kPlainDeep);
    explain_vgg(plain, kPlainVgg, kPlainDeep, kPlainShallow, plan.line() + 1);
    if (plain.verdict != Verdict::kHolds) {
        plain.explanation += fmt::format(
            " And is it because the residual networks are less accurate without noise? {}; {}; "
            "stopped early, {}; trained longer, {}. It is not.",
            text(kPlainVgg),
            text(kPlainDeep),
            text(plan.stopped()),
            text(plan.longer()));
    }
    explain(row("redundant networks resist better", kVgg, kHalfVgg), kVgg, kHalfVgg);
    explain(row("deeper networks resist better", kDeep, kShallow), kDeep, kShallow);
    explain(row("deeper networks resist better without batch norms", kPlainDeep, kPlainShallow),
            kPlainDeep,
            kPlainShallow);
}

}  // namespace

StudyResult run_gaussian_noise_benchmark(const StudyOptions& options) {
    const GaussianPlan plan = {.trainings = options.small ? uint64_t{2} : uint64_t{3}};
    const std::vector<NoiseSet> sets = noise_sets(options);
    std::vector<NoiseCase> cases;
    for (const NoiseSet& set : sets) {
        for (NoiseCase& c : gaussian_noise_cases(set, plan, options.small)) {
            cases.push_back(std::move(c));
        }
    }
    StudyResult result;
    const std::vector<NoiseOutcome> all =
        run_noise_bench(options, "gaussian-noise-benchmark", cases, result);
    for (size_t i = 0; i < sets.size(); i++) {
        const std::span<const NoiseOutcome> of_set(&all[i * plan.count()], plan.count());
        judge_gaussian_noise(of_set, plan, sets[i].data, options.seed, result);
        result.tables.push_back(noise_table(of_set, options.seed, sets[i].data));
        result.charts.push_back(noise_chart(of_set.first(kAgain), sets[i].data));
    }
    return result;
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Input and conductance ranges set after training from a few samples (Lammie et al.,
// arXiv 2401.09859), on networks that were trained without hardware in mind; and beside them ranges
// that were learned with the tiles in the forward pass.

#include <fmt/format.h>

#include "mho/analysis/study_units.h"
#include "mho/studies/range_settings.h"
#include "mho/studies/training_studies.h"

namespace mho {
namespace {

constexpr const char* kRangesName = "post-training-ranges";

// Accuracies one hour after programming, [setting][chip], in percent.
struct RangeAccuracies {
    std::vector<std::vector<double>> of;
    double exact = 0;  // without hardware
    uint64_t seed = 0;

    Interval gain(RangeSetting a, RangeSetting b) const {
        return paired_difference(of[a], of[b], seed);
    }
    // Share of what the default loses that a setting wins back, chip by chip.
    Interval recovered(RangeSetting s) const {
        const double lost = exact - mean(of[kDefault]);
        std::vector<double> shares;
        for (size_t chip = 0; chip < of[s].size(); chip++) {
            shares.push_back(lost > 0 ? 100 * (of[s][chip] - of[kDefault][chip]) / lost : 100.0);
        }
        return bootstrap_interval(shares, seed);
    }
};

void judge_ranges(const RangeAccuracies& a, StudyResult& result) {
    const auto row = [&](const char* claim,
                         const char* published,
                         double low,
                         RangeSetting better,
                         RangeSetting worse) {
        result.rows.push_back(
            at_least_row(claim, published, low, a.gain(better, worse), "points", 2));
    };
    const char* const steps = "+5.3 points for both steps";
    row("both steps are better than input ranges alone", steps, 0, kBoth, kInputs);
    row("both steps are better than column ranges alone", steps, 0, kBoth, kColumns);
    row("input ranges alone are better than the default", steps, 0, kInputs, kDefault);
    row("column ranges alone are better than the default", steps, 0, kColumns, kDefault);
    result.rows.push_back(at_least_row("both steps recover this share of what the default loses",
                                       "55 % (5.3 of 9.6 points)",
                                       50.0,
                                       a.recovered(kBoth),
                                       "%",
                                       1));
    const char* const learned = "-0.1 points against learned ranges";
    row("both steps against input ranges learned with the tiles, weights frozen",
        learned,
        -0.3,
        kBoth,
        kLearned);
    row("the same on weights that were trained with the tiles, too",
        learned,
        -0.3,
        kRetrainedBoth,
        kRetrained);
    const char* const after = "+0.9 points for learned, then post-trained ranges";
    row("column ranges after learned input ranges are no worse than before, weights frozen",
        after,
        0,
        kLearnedColumns,
        kLearned);
    row("the same on weights that were trained with the tiles, too",
        after,
        0,
        kRetrainedColumns,
        kRetrained);
}

StudyTable ranges_table(const RangeAccuracies& a, const std::string& network) {
    StudyTable table{"Accuracy one hour after programming [%]",
                     {"ranges", "accuracy", "minus default"},
                     {},
                     fmt::format("{}: {:.2f} % without hardware.", network, a.exact)};
    for (size_t s = 0; s < kSettings; s++) {
        const auto setting = static_cast<RangeSetting>(s);
        const Interval v = bootstrap_interval(a.of[s], a.seed);
        const Interval d = a.gain(setting, kDefault);
        table.rows.push_back({kSettingNames[s], interval_text(v), difference_text(d)});
    }
    return table;
}

}  // namespace

StudyResult run_post_training_ranges_study(const StudyOptions& options) {
    const uint32_t chips = options.small ? 3 : 10;
    std::optional<StudyNetwork> given;
    if (!options.small) {
        given = trained_resnet(14, 1000, 128);
    }
    const StudyNetwork set = given ? std::move(*given) : made_up_classifier(options.seed);
    StudyNetworks store(options.folder.empty() || options.small ? "" : options.folder + "/trained");
    const std::vector<Network> networks = range_settings(set, options, store);
    std::vector<StudyUnit> units;
    for (size_t s = 0; s < kSettings; s++) {
        for (uint32_t chip = 0; chip < chips; chip++) {
            units.push_back(
                {fmt::format("{} {} {}", set.name, kSettingNames[s], chip), [&, s, chip] {
                     Executor executor(networks[s], options.seed, chip);
                     executor.program();
                     executor.advance_to(kHour_s);
                     return std::vector<double>{percent_right(set, executor)};
                 }});
        }
    }
    const StudyUnitResults done = run_units(options, kRangesName, units);
    RangeAccuracies accuracies;
    accuracies.seed = options.seed;
    accuracies.exact = percent_right(set, Executor(set.network, 0));
    for (size_t s = 0; s < kSettings; s++) {
        std::vector<double>& of = accuracies.of.emplace_back();
        for (uint32_t chip = 0; chip < chips; chip++) {
            of.push_back(done.values[s * chips + chip][0]);
        }
    }
    StudyResult result;
    result.earlier_s = done.earlier_s + store.earlier_s();
    result.repetitions = fmt::format("{} chips, paired, {} pictures", chips, set.test.rows);
    result.substitution = fmt::format(
        "{} instead of RoBERTa on GLUE; the standard AIMC model at one hour with 256 x 256 tiles, "
        "one conductance range per tile and an ADC of +-{}; ranges and weights learned in {} steps "
        "each of further training with the tiles instead of 20 epochs",
        given ? "the trained CIFAR-10 ResNet-14" : "a perceptron on made-up pictures",
        kRangesAdcBound,
        range_training_steps(set, options.small));
    judge_ranges(accuracies, result);
    result.tables.push_back(ranges_table(accuracies, set.name));
    return result;
}

}  // namespace mho

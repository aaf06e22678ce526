// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// The fixed-point near-memory unit (Ferro et al., arXiv 2402.07549) as the digital periphery of
// trained networks, beside float32 and half precision.

#include <fmt/format.h>

#include <algorithm>

#include "mho/analysis/study.h"
#include "mho/analysis/study_classifiers.h"
#include "mho/analysis/study_nmpu_units.h"
#include "mho/analysis/study_units.h"

namespace mho {
namespace {

constexpr const char* kNmpuName = "nmpu";

constexpr uint32_t kJudgedChips = 12;
constexpr uint32_t kSweepChips = 2;

StudyResult run_nmpu(const StudyOptions& options) {
    const uint32_t chips = options.small ? 2 : 5;
    std::vector<StudyNetwork> networks;
    if (!options.small) {
        for (const int depth : {14, 20, 32}) {
            // The first network decides on tenths of a point.
            if (auto found = trained_resnet(depth, networks.empty() ? 1000 : 300, 64)) {
                networks.push_back(std::move(*found));
            }
        }
    }
    const bool real = !networks.empty();
    if (!real) {
        networks.push_back(made_up_classifier(options.seed));
    }
    std::vector<NmpuVariant> variants = {nmpu_variant(PeripheryKind::kFloat32),
                                         nmpu_variant(PeripheryKind::kFloat16),
                                         nmpu_variant(PeripheryKind::kFixedPoint)};
    const size_t main_variants = variants.size();
    std::vector<int> scale_bits;
    std::vector<int> offset_bits;
    for (const int bits : {3, 4, 5, 6, 8, 10}) {
        if (options.small && bits != 3 && bits != 5) {
            continue;
        }
        scale_bits.push_back(bits);
        NmpuVariant v = nmpu_variant(PeripheryKind::kFixedPoint);
        v.periphery.scale_fraction_bits = bits;
        v.name = fmt::format("scale (1,{})", bits);
        variants.push_back(v);
    }
    for (const int bits : {0, 2, 4}) {
        if (options.small && bits != 0) {
            continue;
        }
        offset_bits.push_back(bits);
        NmpuVariant v = nmpu_variant(PeripheryKind::kFixedPoint);
        v.periphery.offset_fraction_bits = bits;
        v.name = fmt::format("offset (7,{})", bits);
        variants.push_back(v);
    }
    // The ReLU of the network behind the unit, whose results then have a sign.
    const size_t separate = variants.size();
    variants.push_back(nmpu_variant(PeripheryKind::kFixedPoint));
    variants.back().periphery.fold_relu = false;
    variants.back().name += ", ReLU behind it";
    // For explanations: arithmetic so wide that its codes hardly round.
    const size_t wide = variants.size();
    variants.push_back(nmpu_variant(PeripheryKind::kFixedPoint));
    variants.back().periphery.scale_fraction_bits = 10;
    variants.back().periphery.offset_fraction_bits = 4;
    variants.back().periphery.output_bits = 12;
    variants.back().periphery.offset_integer_bits = 11;
    variants.back().name = "wide: scale (1,10), offset (11,4), 12 bits";
    const size_t five = main_variants + (options.small ? 1 : 2);
    // More chips where a row decides on tenths of a point.
    const auto chips_of = [&](size_t n, size_t v) {
        const bool judged = n == 0 && (v <= main_variants || v == five || v >= separate);
        return options.small ? chips : judged ? kJudgedChips : n == 0 ? kSweepChips : chips;
    };
    CalibrationConfig rule;
    rule.quantile = 0.9995;
    struct Prepared {
        Network network;
        TileOutputs outputs;
    };
    std::vector<Prepared> prepared;
    std::vector<StudyUnit> units;
    std::vector<std::vector<std::vector<size_t>>> index;  // [network][variant][chip]
    for (const StudyNetwork& set : networks) {
        Prepared& p = prepared.emplace_back();
        p.network = on_hardware(set, nmpu_hardware(), rule);
        p.outputs = observe_tile_outputs(p.network, set.calibration.view());
    }
    for (size_t n = 0; n < networks.size(); n++) {
        index.emplace_back(variants.size());
        for (size_t v = 0; v < variants.size(); v++) {
            if (v >= main_variants && n > 0) {
                continue;  // the sweeps are those of the first network
            }
            for (uint32_t chip = 0; chip < chips_of(n, v); chip++) {
                index[n][v].push_back(units.size());
                units.push_back({fmt::format("{} {} {}", networks[n].name, variants[v].name, chip),
                                 [&, n, v, chip] {
                                     return nmpu_accuracy(networks[n],
                                                          prepared[n].outputs,
                                                          prepared[n].network,
                                                          variants[v].periphery,
                                                          options.seed,
                                                          chip);
                                 }});
            }
        }
    }
    const StudyUnitResults done = run_units(options, kNmpuName, units);
    const auto accuracies = [&](size_t n, size_t v) {
        std::vector<double> a;
        for (const size_t u : index[n][v]) {
            a.push_back(done.values[u][0]);
        }
        return a;
    };
    // a minus b, of the chips that both have.
    const auto difference = [&](size_t n, size_t a, size_t b) {
        std::vector<double> of_a = accuracies(n, a);
        std::vector<double> of_b = accuracies(n, b);
        const size_t both = std::min(of_a.size(), of_b.size());
        of_a.resize(both);
        of_b.resize(both);
        return paired_difference(of_a, of_b, options.seed);
    };
    StudyResult result;
    result.earlier_s = done.earlier_s;
    result.repetitions = fmt::format(
        "{} paired chips and {} pictures where rows judge {}, {} chips for its other widths",
        chips_of(0, 0),
        networks[0].test.rows,
        networks[0].name,
        chips_of(0, main_variants + 1));
    if (networks.size() > 1) {
        result.repetitions += fmt::format(
            "; {} chips and {} pictures for the deeper networks", chips, networks[1].test.rows);
    }
    result.substitution =
        real
            ? "the trained CIFAR-10 ResNet-14, 20 and 32 on simulated HERMES conductances one hour "
              "after "
              "programming instead of ResNet-9 and 32 on the chip; no CIFAR-100; widths between "
              "the "
              "stages chosen by mho"
            : "a perceptron on made-up pictures instead of ResNets: no CIFAR rows, whose data were "
              "not there";
    // A row that does not hold: is it the widths of the unit, or would any other rounding do?
    const std::string widths =
        widths_or_rounding(difference(0, wide, 1), difference(0, 2, wide), networks[0].name);
    const auto explain = [&] { explain_by_test(result.rows.back(), widths); };
    const auto judge = [&](const std::string& which, const Interval& against_half) {
        result.rows.push_back(number_row(
            fmt::format("accuracy of the fixed-point unit with scale (1,7) and offset (7,1) minus "
                        "that of half precision, {}",
                        which),
            "-0.12 (ResNet-9, CIFAR-10), -0.4 (ResNet-32, CIFAR-100)",
            -0.5,
            0.5,
            against_half,
            "points",
            2));
        explain();
    };
    judge(networks[0].name, difference(0, 2, 1));
    if (networks.size() > 1) {
        std::vector<double> all(chips, 0.0);
        std::string names;
        for (size_t n = 0; n < networks.size(); n++) {
            for (uint32_t chip = 0; chip < chips; chip++) {
                all[chip] += (accuracies(n, 2)[chip] - accuracies(n, 1)[chip]) /
                             static_cast<double>(networks.size());
            }
            names += (n > 0 ? ", " : "") + networks[n].name;
        }
        judge("mean over " + names, bootstrap_interval(all, options.seed));
    }
    // The knee: what one more halving of the scale's resolution costs below and above 5 bits.
    const auto loss = [&](size_t v) { return difference(0, 2, v); };
    result.rows.push_back(at_least_row(
        fmt::format(
            "accuracy falls below 5 fraction bits of the scale: loss at 3 bits against 7, {}",
            networks[0].name),
        "a knee below 5 bits",
        0.5,
        loss(main_variants),
        "points",
        2));
    explain();
    result.rows.push_back(at_most_row(fmt::format("and not yet at 5 bits, {}", networks[0].name),
                                      "a knee below 5 bits",
                                      0.5,
                                      loss(five),
                                      "points",
                                      2));
    explain();
    result.rows.push_back(at_least_row(
        fmt::format("the ReLU in the unit, where the inputs of its layer fit one tile ({}), costs "
                    "nothing against one behind it, {}",
                    layers_with_relu(prepared[0].network, variants[2].periphery),
                    networks[0].name),
        "not in the paper; our further row",
        -0.5,
        difference(0, 2, separate),
        "points",
        2));
    explain();
    const size_t pairs = size_t{512} * 256;
    result.rows.push_back(
        count_row("the unit, with a ReLU and without, equals an integer reference on all pairs of "
                  "count and scale",
                  "-",
                  "all 2^9 x 2^8",
                  pairs - differing_pairs(),
                  pairs));
    const double half = periphery_cycles(256, 1, 1);
    const double fixed = periphery_cycles(256, 64, 1);
    result.rows.push_back(
        number_row("cycles of one half-precision unit for 256 columns over those of "
                   "64 fixed-point units (mho's model, one operation a cycle; the "
                   "paper's 139x includes clock and pipeline)",
                   "139 x (not claimed here)",
                   64,
                   64,
                   {half / fixed, half / fixed, half / fixed},
                   "x",
                   0));
    StudyTable table{
        "Accuracy [%] and widths",
        {"network", "periphery", "accuracy", "minus half precision", "codes saturated"},
        {},
        "Mean over chips and its 95 % interval; differences are those of pairs."};
    StudyChart chart{
        fmt::format("Accuracy over the fraction bits of the scale, {}", networks[0].name),
        "fraction bits of the scale",
        "accuracy [%]",
        false,
        {{"fixed point", {}, {}}, {"half precision", {}, {}}}};
    for (size_t n = 0; n < networks.size(); n++) {
        for (size_t v = 0; v < variants.size(); v++) {
            if (index[n][v].empty()) {
                continue;
            }
            const Interval a = bootstrap_interval(accuracies(n, v), options.seed);
            const Interval d = difference(n, v, 1);
            double saturated = 0;
            for (const size_t u : index[n][v]) {
                saturated += done.values[u][1] / static_cast<double>(index[n][v].size());
            }
            table.rows.push_back({networks[n].name,
                                  variants[v].name,
                                  interval_text(a),
                                  difference_text(d),
                                  fmt::format("{:.2f} %", saturated)});
        }
    }
    const auto point = [&](double bits, size_t v) {
        chart.curves[0].x.push_back(bits);
        chart.curves[0].y.push_back(mean(accuracies(0, v)));
        chart.curves[1].x.push_back(bits);
        chart.curves[1].y.push_back(mean(accuracies(0, 1)));
    };
    for (size_t i = 0; i < scale_bits.size(); i++) {
        if (i > 0 && scale_bits[i - 1] < 7 && scale_bits[i] > 7) {
            point(7, 2);
        }
        point(scale_bits[i], main_variants + i);
    }
    result.tables.push_back(std::move(table));
    result.charts.push_back(std::move(chart));
    return result;
}

}  // namespace

Study nmpu_study() {
    return {kNmpuName,
            "Ferro et al., ISCAS 2024, arXiv 2402.07549",
            "A fixed-point unit near the array corrects its columns as well as half precision.",
            run_nmpu};
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Input and conductance ranges set after training from a few samples (Lammie et al.,
// arXiv 2401.09859), on networks that were trained without hardware in mind.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "mho/analysis/study.h"
#include "mho/analysis/study_classifiers.h"
#include "mho/analysis/study_units.h"
#include "mho/net/calibrate.h"
#include "mho/net/tile_outputs.h"

namespace mho {
namespace {

constexpr const char* kRangesName = "post-training-ranges";
// The tile is small, so that its ADC has to choose between noise and saturation.
constexpr double kAdcBound = 4.0;
constexpr double kDeviations = 4.0;
constexpr size_t kColumnSamples = 2;

enum RangeSetting { kDefault, kInputs, kColumns, kBoth, kSearched, kSearchedColumns, kSettings };
constexpr std::array<const char*, kSettings> kSettingNames = {"default",
                                                              "input ranges (step 1)",
                                                              "column ranges (step 2)",
                                                              "both steps",
                                                              "input ranges searched on the tiles",
                                                              "searched, then column ranges"};

HardwareSpec ranges_hardware() {
    HardwareSpec spec;
    spec.base.mapping.max_inputs = 256;
    spec.base.mapping.max_outputs = 256;
    spec.base.mapping.per_column = false;  // one range of conductances per tile, as trained
    spec.base.forward.adc.bound = kAdcBound;
    return spec;
}

CalibrationConfig quantile_rule() {
    CalibrationConfig rule;
    rule.quantile = 0.9995;
    return rule;
}

// Error of the products of a layer over its sample inputs, for one factor on its input ranges.
double layer_error(TileGrid& grid,
                   const std::vector<float>& ranges,
                   float factor,
                   ConstFloatView inputs,
                   ConstFloatView exact) {
    std::vector<float> tried = ranges;
    for (float& r : tried) {
        r *= factor;
    }
    grid.set_input_ranges(tried);
    Matrix<float> y(inputs.rows, grid.outputs());
    TileGrid::Scratch scratch;
    grid.apply(inputs, y.view(), {1, 0}, scratch);
    double error = 0;
    for (size_t r = 0; r < y.rows; r++) {
        for (size_t i = 0; i < y.cols; i++) {
            error += std::pow(double{y(r, i)} - exact(r, i), 2);
        }
    }
    return error;
}

// Stands in for learned ranges: per layer, the factor on the ranges with the smallest error of the
// analog product itself (converters and noise included) on a chip that is not among those judged.
void search_input_ranges(Network& network, const StudyNetwork& set, uint64_t seed) {
    constexpr size_t kRows = 512;
    constexpr std::array kFactors = {0.35f, 0.5f, 0.7f, 1.0f, 1.4f};
    const size_t samples = std::min<size_t>(8, set.calibration.rows);
    Executor chip(network, seed, 1000);
    struct Seen {
        std::vector<float> rows;
        size_t width = 0;
    };
    std::map<std::string, Seen> seen;
    // Inputs of the exact network: the analog one without imperfections shows them.
    Executor show(exact_analog(network), seed);
    show.set_observer([&](const std::string& layer, size_t, ConstFloatView inputs) {
        Seen& s = seen[layer];
        s.width = inputs.cols;
        const size_t stride = std::max<size_t>(1, inputs.rows / 64);
        for (size_t r = 0; r < inputs.rows && s.rows.size() < kRows * s.width; r += stride) {
            s.rows.insert(s.rows.end(), inputs.row(r), inputs.row(r) + s.width);
        }
    });
    Matrix<float> unused(samples, show.output_features());
    show.run(set.calibration.view().row_block(0, samples), unused.view(), {});
    chip.program();
    chip.advance_to(kHour_s);
    for (const std::string& layer : chip.analog_layers()) {
        TileGrid& grid = chip.grids(layer)[0];
        const Seen& s = seen.at(layer);
        const ConstFloatView inputs{s.rows.data(), s.rows.size() / s.width, s.width};
        Matrix<float> wanted(inputs.rows, grid.outputs());
        TileGrid::Scratch scratch;
        show.grids(layer)[0].apply(inputs, wanted.view(), {}, scratch);
        std::vector<float>& stored = network.parameters.at(layer + ".input_range").values;
        const std::vector<float> ranges = grid.input_ranges();
        float best = 1.0f;
        double least = INFINITY;
        for (const float factor : kFactors) {
            const double e = layer_error(grid, ranges, factor, inputs, wanted.view());
            if (e < least) {
                least = e;
                best = factor;
            }
        }
        for (float& r : stored) {
            r *= best;
        }
    }
}

std::vector<Network> settings_of(const StudyNetwork& set, uint64_t seed) {
    std::vector<Network> all(kSettings);
    // Default: the largest input of all samples sets the range.
    CalibrationConfig largest;
    largest.kind = CalibrationKind::kMax;
    all[kDefault] = on_hardware(set, ranges_hardware(), largest);
    all[kInputs] = on_hardware(set, ranges_hardware(), quantile_rule());
    all[kSearched] = all[kInputs];
    search_input_ranges(all[kSearched], set, seed);
    const ConstFloatView few =
        set.calibration.view().row_block(0, std::min(kColumnSamples, set.calibration.rows));
    for (const auto& [from, to] : {std::pair{kDefault, kColumns},
                                   std::pair{kInputs, kBoth},
                                   std::pair{kSearched, kSearchedColumns}}) {
        all[to] = all[from];
        calibrate_column_ranges(all[to], few, kDeviations);
    }
    return all;
}

StudyResult run_ranges(const StudyOptions& options) {
    const uint32_t chips = options.small ? 3 : 10;
    std::vector<StudyNetwork> sets;
    if (!options.small) {
        if (auto found = trained_resnet(14, 300, 128)) {
            sets.push_back(std::move(*found));
        }
    }
    const bool real = !sets.empty();
    if (!real) {
        sets.push_back(made_up_classifier(options.seed));
    }
    const StudyNetwork& set = sets[0];
    const std::vector<Network> networks = settings_of(set, options.seed);
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
    const auto at = [&](size_t s) {
        std::vector<double> a;
        for (uint32_t chip = 0; chip < chips; chip++) {
            a.push_back(done.values[s * chips + chip][0]);
        }
        return a;
    };
    const Executor digital(set.network, 0);
    const double exact = percent_right(set, digital);
    const auto gain = [&](size_t a, size_t b) {
        return paired_difference(at(a), at(b), options.seed);
    };
    StudyResult result;
    result.earlier_s = done.earlier_s;
    result.repetitions = fmt::format("{} chips, paired, {} pictures", chips, set.test.rows);
    result.substitution = fmt::format(
        "{} instead of RoBERTa on GLUE; the standard AIMC model at one hour with 256 x 256 tiles, "
        "one "
        "conductance range per tile and an ADC of +-{}; ranges searched layer by layer on a "
        "simulated chip stand for ranges learned in training",
        real ? "the trained CIFAR-10 ResNet-14" : "a perceptron on made-up pictures",
        kAdcBound);
    const auto clear = [&](const char* claim, size_t a, size_t b) {
        result.rows.push_back(
            at_least_row(claim, "+5.3 points for both steps", 0.0, gain(a, b), "points", 2));
    };
    clear("both steps are better than input ranges alone", kBoth, kInputs);
    clear("both steps are better than column ranges alone", kBoth, kColumns);
    clear("input ranges alone are better than the default", kInputs, kDefault);
    clear("column ranges alone are better than the default", kColumns, kDefault);
    std::vector<double> recovered;
    const std::vector<double> both = at(kBoth);
    const std::vector<double> start = at(kDefault);
    const double lost = exact - mean(start);
    for (size_t i = 0; i < both.size(); i++) {
        recovered.push_back(lost > 0 ? 100 * (both[i] - start[i]) / lost : 100.0);
    }
    result.rows.push_back(at_least_row("both steps recover this share of what the default loses",
                                       "55 % (5.3 of 9.6 points)",
                                       50.0,
                                       bootstrap_interval(recovered, options.seed),
                                       "%",
                                       1));
    result.rows.push_back(at_least_row("both steps against ranges found with the tiles simulated",
                                       "-0.1 points against learned ranges",
                                       -0.3,
                                       gain(kBoth, kSearched),
                                       "points",
                                       2));
    result.rows.push_back(at_least_row("such ranges, then column ranges, are no worse than before",
                                       "+0.9 points",
                                       0.0,
                                       gain(kSearchedColumns, kSearched),
                                       "points",
                                       2));
    StudyTable table{"Accuracy one hour after programming [%]",
                     {"ranges", "accuracy", "minus default"},
                     {},
                     fmt::format("{}: {:.2f} % without hardware.", set.name, exact)};
    for (size_t s = 0; s < kSettings; s++) {
        const Interval a = bootstrap_interval(at(s), options.seed);
        const Interval d = gain(s, kDefault);
        table.rows.push_back({kSettingNames[s],
                              fmt::format("{:.2f} ({:.2f} to {:.2f})", a.mean, a.low, a.high),
                              fmt::format("{:+.2f} ({:+.2f} to {:+.2f})", d.mean, d.low, d.high)});
    }
    result.tables.push_back(std::move(table));
    return result;
}

}  // namespace

Study post_training_ranges_study() {
    return {
        kRangesName,
        "Lammie et al., ISCAS 2024, arXiv 2401.09859",
        "Input ranges and conductance ranges set from a few samples after training recover more "
        "than half of what analog hardware costs.",
        run_ranges};
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/studies/range_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "mho/net/calibrate.h"
#include "mho/net/tile_outputs.h"
#include "mho/nn/train_network.h"

namespace mho {
namespace {

constexpr double kDeviations = 4.0;
constexpr size_t kColumnSamples = 2;

// The tiles of evaluation and training. Training starts from the calibrated ranges, and leaves
// weights in the units of their tiles.
HardwareSpec ranges_hardware() {
    HardwareSpec spec;
    Hardware& h = spec.base;
    h.mapping.max_inputs = 256;
    h.mapping.max_outputs = 256;
    h.mapping.per_column = false;  // one range of conductances per tile, as trained
    h.forward.adc.bound = kRangesAdcBound;
    h.modifier.kind = ModifierKind::kAddNormal;
    h.modifier.std = kRangesTrainingNoise;
    h.remap.kind = RemapKind::kNone;
    h.input_range.init_batches = 0;
    return spec;
}

CalibrationConfig quantile_rule() {
    CalibrationConfig rule;
    rule.quantile = 0.9995;
    return rule;
}

// Error of the products of a layer over its sample inputs, for one factor on its input ranges.
double product_error(TileGrid& grid,
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
            const double e = product_error(grid, ranges, factor, inputs, wanted.view());
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

// Hardware-aware training with the tiles in the forward pass. The rate is that of the range's own
// rule, in units of the inputs, or of the weights.
TrainConfig ranges_training(bool is_small, TrainedParameters parameters) {
    TrainConfig config;
    config.epochs = is_small ? 2 : 4;
    config.batch = 50;
    config.parameters = parameters;
    config.learning_rate = parameters == TrainedParameters::kAll ? 5e-4 : 2e-2;
    config.augmentation = AugmentationKind::kShiftAndFlip;
    config.schedule.kind = ScheduleKind::kCosine;
    return config;
}

Network trained_further(const Network& start,
                        const StudyNetwork& set,
                        TrainedParameters parameters,
                        const StudyOptions& options,
                        StudyNetworks& store) {
    const TrainConfig config = ranges_training(options.small, parameters);
    const std::string what = fmt::format(
        "post-training-ranges {}; {} trained by {} pictures, {} epochs, batch {}, rate {}, weight "
        "noise {}, ADC bound {}, seed {}",
        set.name,
        enum_name(parameters),
        set.training.count,
        config.epochs,
        config.batch,
        config.learning_rate,
        kRangesTrainingNoise,
        kRangesAdcBound,
        options.seed);
    return store.get(what, [&] {
        return train_network(start, set.training, config, options.seed, options.stop);
    });
}

}  // namespace

size_t range_training_steps(const StudyNetwork& set, bool is_small) {
    const TrainConfig config = ranges_training(is_small, TrainedParameters::kAll);
    const auto batch = static_cast<size_t>(config.batch);
    return static_cast<size_t>(config.epochs) * ((set.training.count + batch - 1) / batch);
}

std::vector<Network> range_settings(const StudyNetwork& set,
                                    const StudyOptions& options,
                                    StudyNetworks& store) {
    std::vector<Network> all(kSettings);
    // Default: the largest input of all samples sets the range.
    CalibrationConfig largest;
    largest.kind = CalibrationKind::kMax;
    all[kDefault] = on_hardware(set, ranges_hardware(), largest);
    all[kInputs] = on_hardware(set, ranges_hardware(), quantile_rule());
    all[kSearched] = all[kInputs];
    search_input_ranges(all[kSearched], set, options.seed);
    all[kLearned] =
        trained_further(all[kInputs], set, TrainedParameters::kInputRanges, options, store);
    all[kRetrained] = trained_further(all[kLearned], set, TrainedParameters::kAll, options, store);
    all[kRetrainedBoth] = all[kRetrained];
    CalibrationOptions quantile;
    quantile.rule = quantile_rule();
    calibrate_input_ranges(all[kRetrainedBoth], set.calibration.view(), quantile);
    const ConstFloatView few =
        set.calibration.view().row_block(0, std::min(kColumnSamples, set.calibration.rows));
    for (const auto& [from, to] : {std::pair{kDefault, kColumns},
                                   std::pair{kInputs, kBoth},
                                   std::pair{kSearched, kSearchedColumns},
                                   std::pair{kLearned, kLearnedColumns},
                                   std::pair{kRetrained, kRetrainedColumns},
                                   std::pair{kRetrainedBoth, kRetrainedBoth}}) {
        all[to] = all[from];
        calibrate_column_ranges(all[to], few, kDeviations);
    }
    return all;
}

}  // namespace mho

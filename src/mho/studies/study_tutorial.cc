// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// The acceptance figures of the AIHWKit tutorial (Le Gallo et al., APL Mach. Learn. 1, 041102
// (2023), arXiv 2307.09357): a device fit, training in memory by several rules, the error of a
// product, calibration of input ranges.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "mho/analysis/device_fit.h"
#include "mho/analysis/device_response.h"
#include "mho/analysis/evaluate.h"
#include "mho/analysis/mvm_problem.h"
#include "mho/analysis/simulated_traces.h"
#include "mho/analysis/study_units.h"
#include "mho/net/calibrate.h"
#include "mho/net/executor.h"
#include "mho/net/presets.h"
#include "mho/net/training_presets.h"
#include "mho/net/zoo.h"
#include "mho/nn/train_network.h"
#include "mho/studies/study_hwa_families.h"
#include "mho/studies/study_images.h"
#include "mho/studies/training_studies.h"
#include "mho/util/error.h"

namespace mho {
namespace {

// The tutorial's measured cell is a soft-bounds one; these are values of that kind.
SoftBounds tutorial_device() {
    SoftBounds device;
    device.dw_min = 0.02;
    device.up_down = 0.15;
    device.w_max = 0.8;
    device.w_min = -0.7;
    device.dw_min_std = 0.5;
    device.write_noise_std = 0.0;
    return std::get<SoftBounds>(identical_cells(device, false));
}

// Relative errors of dw_min, up_down, w_max and w_min (the asymmetry, whose scale is 1, absolute).
std::vector<double> fit_errors(uint64_t seed, size_t cells) {
    const SoftBounds truth = tutorial_device();
    const auto traces = simulate_traces(truth, cells, 200, 1, 100, seed);
    const auto fits = fit_devices(traces, {.model = "soft bounds"});
    const auto& found = std::get<SoftBounds>(fits.front().device);
    return {std::fabs(found.dw_min / truth.dw_min - 1),
            std::fabs(found.up_down - truth.up_down),
            std::fabs(found.w_max / truth.w_max - 1),
            std::fabs(found.w_min / truth.w_min - 1)};
}

struct Rule {
    std::string name;
    std::string json;
    double rate = 0.05;
};

// A device of the kind that the tutorial fits, on which plain pulsed SGD suffers.
std::vector<Rule> rules_of_tutorial() {
    const std::string device =
        R"({"model": "soft bounds", "dw_min": 0.002, "w_max": 0.6, "w_min": -0.6,
            "dw_min_std": 1.0, "dw_min_dtod": 0.3, "up_down": -0.3, "up_down_dtod": 0.05})";
    const std::string two = R"("devices": [)" + device + ", " + device + "]";
    const std::string fast = R"("auto_scale": true, "fast_rate": 0.1, "auto_granularity": 1000})";
    return {{"SGD", R"({"model": "analog sgd", "device": )" + device + "}"},
            {"TTv2",
             R"({"model": "chopped tiki-taka", "input_chop_probability": 0, )" + two + ", " + fast},
            {"AGAD", R"({"model": "agad", "input_chop_probability": 0.02, )" + two + ", " + fast},
            {"mixed precision", R"({"model": "mixed precision", "device": )" + device + "}"}};
}

// Accuracies after every epoch.
std::vector<double> learn(
    const Rule& rule, const Data& data, bool is_small, const StudyOptions& o, uint64_t seed) {
    const HardwareSpec spec = hardware_from_json(
        "{\"preset\": \"preset_io\", \"mapping\": {\"omega\": 0}, \"backward\": {\"perfect\": "
        "true}}");
    const Graph graph = mlp({256, is_small ? 12 : 64, 10}, small_image_input());
    TrainConfig config;
    config.epochs = is_small ? 2 : 8;
    config.batch = 10;
    config.optimizer = OptimizerKind::kSgd;
    config.momentum = 0;
    config.learning_rate = rule.rate;
    return train_in_memory(map_to_hardware(initialize(graph, seed), spec),
                           learner_from_json_with_presets(rule.json),
                           data.train,
                           data.test,
                           config,
                           seed,
                           o.stop);
}

// Accuracy at 1 s with ranges by each quantile.
constexpr double kQuantiles[] = {0.99995, 0.9995, 0.995, 0.95};

std::vector<double> quantile_accuracies(const Network& floating_point,
                                        const LabelledImages& train,
                                        const LabelledImages& test,
                                        uint64_t seed,
                                        uint32_t chip) {
    std::vector<double> accuracies;
    for (const double quantile : kQuantiles) {
        Network analog = map_to_hardware(floating_point, HardwareSpec{});
        CalibrationOptions options;
        options.rule.kind = CalibrationKind::kCacheQuantile;
        options.rule.quantile = quantile;
        calibrate_input_ranges(analog, pixels_of(train, 0, train.count).view(), options);
        accuracies.push_back(100 * (1 - errors_over_time(analog, test, seed, chip, {1.0})[0]));
    }
    return accuracies;
}

}  // namespace

StudyResult run_tutorial_study(const StudyOptions& options) {
    const bool is_small = options.small;
    const uint64_t seed = options.seed;
    std::vector<StudyUnit> units;
    const size_t fits = is_small ? 1 : 3;
    for (size_t i = 0; i < fits; i++) {
        units.push_back(
            {fmt::format("fit {}", i), [=] { return fit_errors(seed + i, is_small ? 1 : 5); }});
    }
    const size_t chips = is_small ? 1 : 10;
    const size_t size = is_small ? 64 : 512;
    for (size_t i = 0; i < chips; i++) {
        units.push_back(
            {fmt::format("MVM error {}", i), [=] {
                 const auto chip = static_cast<uint32_t>(i);
                 const MvmProblem p = random_mvm_problem(seed, "study/tutorial", chip, size, 128);
                 Tile tile({}, size, size, make_tile_key(seed, "study/tutorial/tile", 0, 0, chip));
                 tile.program(p.mapped.weights.view());
                 tile.advance_to(1.0);
                 return std::vector<double>{100 * mvm_error(tile, p, 0)};
             }});
    }
    const Data images = is_small ? generated_images(100, 50) : small_fashion(2000, 400);
    const size_t trainings = is_small ? 1 : 3;
    const std::vector<Rule> rules = rules_of_tutorial();
    for (const Rule& rule : rules) {
        for (size_t t = 0; t < trainings; t++) {
            units.push_back({fmt::format("{} training {}", rule.name, t),
                             [&, t] { return learn(rule, images, is_small, options, seed + t); }});
        }
    }
    // The trained ResNet-20 where the data folder has it, else an untrained small network.
    const bool given = !is_small && find_data("models").has_value();
    Network network;
    LabelledImages train, test;
    if (given) {
        RunFile run;
        run.data.set = DataSet::kCifar10Lossless;
        run.data.test_images = 100;
        run.data.train_images = 256;
        run.network.model = ResnetCifarModel{20};
        run.network.weights = find_data("models/resnet20-cifar10.safetensors").value();
        run.network.mean = {0.485, 0.456, 0.406};
        run.network.std = {0.229, 0.224, 0.225};
        network = fold_batch_norm(build_network(run));
        train = load_train_images(run.data);
        test = load_test_images(run.data);
    } else {
        network = initialize(mlp({256, 12, 10}, small_image_input()), 1);
        train = first_images(images.train, 50);
        test = first_images(images.test, 50);
    }
    const size_t quantile_chips = is_small ? 1 : 3;
    for (uint32_t chip = 0; chip < quantile_chips; chip++) {
        units.push_back({fmt::format("quantiles chip {}", chip), [&, chip] {
                             return quantile_accuracies(network, train, test, seed, chip);
                         }});
    }
    const StudyUnitResults done = run_units(options, "tutorial", units);

    StudyResult result;
    result.earlier_s = done.earlier_s;
    result.repetitions =
        fmt::format("{} fits, {} tiles, {} trainings per rule, {} chips per quantile",
                    fits,
                    chips,
                    trainings,
                    quantile_chips);
    result.substitution =
        "a simulated cell for the measured one; a 256-64-10 perceptron on Fashion-MNIST at 16 x 16 "
        "pixels for 784-256-128-10 on MNIST; CrossSim's ResNet-20 and the 100 first original test "
        "pictures of CIFAR-10 for the tutorial's ResNet-32";
    size_t at = 0;
    std::vector<double> worst;
    for (size_t i = 0; i < fits; i++, at++) {
        worst.push_back(100 * *std::max_element(done.values[at].begin(), done.values[at].end()));
    }
    result.rows.push_back(
        at_most_row("a fit recovers the parameters of a soft-bounds cell from its "
                    "response to pulses: largest error of dw_min, up_down, w_max "
                    "and w_min",
                    "parameters agree",
                    5,
                    bootstrap_interval(worst, seed),
                    "%",
                    2));
    std::vector<double> mvm;
    for (size_t i = 0; i < chips; i++, at++) {
        mvm.push_back(done.values[at][0]);
    }
    result.rows.push_back(number_row("the MVM error of a 512 x 512 tile is 13 % after 1 s",
                                     "13 %",
                                     11,
                                     16,
                                     bootstrap_interval(mvm, seed),
                                     "%",
                                     2));
    StudyTable trained{"Training in memory", {"rule", "accuracy after the last epoch [%]"}, {}, ""};
    StudyChart chart{"Training in memory", "epoch", "test accuracy [%]", false, {}};
    std::vector<std::vector<double>> last(rules.size());
    for (size_t r = 0; r < rules.size(); r++) {
        StudyCurve curve{rules[r].name, {}, {}};
        for (size_t t = 0; t < trainings; t++, at++) {
            const std::vector<double>& epochs = done.values[at];
            last[r].push_back(100 * epochs.back());
            for (size_t e = 0; e < epochs.size(); e++) {
                if (t == 0) {
                    curve.x.push_back(static_cast<double>(e + 1));
                    curve.y.push_back(0);
                }
                curve.y[e] += 100 * epochs[e] / static_cast<double>(trainings);
            }
        }
        const Interval v = t_interval(last[r]);
        trained.rows.push_back(
            {rules[r].name, fmt::format("{:.1f} ({:.1f} to {:.1f})", v.mean, v.low, v.high)});
        chart.curves.push_back(std::move(curve));
    }
    for (const size_t r : {size_t{1}, size_t{3}}) {
        std::vector<double> gain;
        for (size_t t = 0; t < trainings; t++) {
            gain.push_back(last[r][t] - last[0][t]);
        }
        result.rows.push_back(at_least_row(
            fmt::format("{} ends above plain SGD on a realistic device", rules[r].name),
            "SGD far worse after 10 epochs",
            5,
            t_interval(gain),
            "points",
            1));
    }
    StudyTable quantiles{
        "Input ranges by quantile", {"quantile", "accuracy after 1 s [%]"}, {}, ""};
    std::vector<std::vector<double>> by_quantile(std::size(kQuantiles));
    for (size_t chip = 0; chip < quantile_chips; chip++, at++) {
        for (size_t q = 0; q < std::size(kQuantiles); q++) {
            by_quantile[q].push_back(done.values[at][q]);
        }
    }
    size_t best = 1;
    for (size_t q = 0; q < std::size(kQuantiles); q++) {
        const Interval v = bootstrap_interval(by_quantile[q], seed);
        quantiles.rows.push_back({fmt::format("{}", kQuantiles[q]),
                                  fmt::format("{:.1f} ({:.1f} to {:.1f})", v.mean, v.low, v.high)});
        best =
            q > 0 && q + 1 < std::size(kQuantiles) && mean(by_quantile[q]) > mean(by_quantile[best])
                ? q
                : best;
    }
    const size_t last_quantile = std::size(kQuantiles) - 1;
    const size_t end = mean(by_quantile[0]) > mean(by_quantile[last_quantile]) ? 0 : last_quantile;
    result.rows.push_back(at_least_row(
        fmt::format("the best quantile for input ranges is neither the largest nor the smallest: "
                    "{} against {}",
                    kQuantiles[best],
                    kQuantiles[end]),
        "best at 0.9995",
        0,
        paired_difference(by_quantile[best], by_quantile[end], seed),
        "points",
        1));
    result.tables = {std::move(trained), std::move(quantiles)};
    result.charts = {std::move(chart)};
    return result;
}

}  // namespace mho

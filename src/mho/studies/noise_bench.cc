// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/studies/noise_bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "mho/analysis/evaluate.h"
#include "mho/analysis/study_networks.h"
#include "mho/analysis/study_units.h"
#include "mho/net/executor.h"
#include "mho/net/weight_noise.h"
#include "mho/net/zoo.h"
#include "mho/nn/train_network.h"
#include "mho/random/stream.h"
#include "mho/util/error.h"

namespace mho {
namespace {

constexpr size_t kParts = 10;
constexpr size_t kCalibrationBatch = 128;
constexpr size_t kColourTrain = 5000;
constexpr int kColourEpochs = 8;

// Accuracy on pictures [first, first + count).
double measure(const Network& network, const LabelledImages& images, size_t first, size_t count) {
    const Executor executor(fold_batch_norm(network), 1);
    const Matrix<float> pixels = pixels_of(images, first, count);
    Matrix<float> outputs(count, executor.output_features());
    executor.run(pixels.view(), outputs.view(), {});
    return accuracy(outputs.view(), images.labels, first);
}

Network start_of(const NoiseCase& c) {
    return c.fixup ? initialize_fixup(c.graph, c.seed) : initialize(c.graph, c.seed);
}

Network train(const NoiseCase& c, const Data& data, const StudyOptions& options) {
    try {
        return train_network(start_of(c), data.train, c.training, c.seed, options.stop, c.norm);
    } catch (const Interrupted&) {
        throw;
    } catch (const Error&) {
        return start_of(c);  // the loss was not finite any more
    }
}

std::string described(const NoiseCase& c, const Data& data) {
    const TrainConfig& t = c.training;
    return fmt::format(
        "{}; {} pictures of {}, {} epochs, batch {}, optimizer {}, rate {}, momentum "
        "{}, schedule {}, fixup {}, norm {}, seed {}",
        graph_to_json(c.graph),
        data.train.count,
        data.train.source,
        t.epochs,
        t.batch,
        enum_name(t.optimizer),
        t.learning_rate,
        t.momentum,
        enum_name(t.schedule.kind),
        c.fixup,
        norm_rule_text(c.norm),
        c.seed);
}

size_t norms_of(const Graph& graph) {
    return static_cast<size_t>(
        std::count_if(graph.layers.begin(), graph.layers.end(), [](const Layer& l) {
            return std::holds_alternative<BatchNormOp>(l.op);
        }));
}

// Its square root is no number, and so is every output.
bool has_negative_variance(const Network& network) {
    for (const Layer& layer : network.graph.layers) {
        if (std::holds_alternative<BatchNormOp>(layer.op)) {
            const std::vector<float>& v = network.parameters.at(layer.name + ".running_var").values;
            if (std::any_of(v.begin(), v.end(), [](float x) { return x < 0; })) {
                return true;
            }
        }
    }
    return false;
}

// Whether the study asks what the rule of the norms divides by.
bool has_scales(const NoiseCase& c, const Network& network) {
    return c.recalibrate && c.norm.scale != NormScale::kL2 && norms_of(network.graph) > 0;
}

bool is_colour(const NoiseCase& c) {
    return c.graph.input.shape[0] == 3;
}

// The second set of pictures gets half the draws.
size_t draws_of(const NoiseCase& c, const NoiseProtocol& protocol) {
    return is_colour(c) ? protocol.draws / 2 : protocol.draws;
}

// The units of one network: clean accuracy on parts of the pictures and on those that the noisy
// networks see, then one unit per draw of the noise with the accuracy at every level.
class Units {
  public:
    Units(const StudyOptions& options,
          const NoiseProtocol& protocol,
          const Data& data,
          const std::optional<Data>& colour)
        : options_(options), protocol_(protocol) {
        pictures_.push_back({data.test, first_images(data.train, protocol.calibration)});
        if (colour) {
            pictures_.push_back({colour->test, first_images(colour->train, protocol.calibration)});
        }
    }

    void add(const NoiseCase& c, const Network& network, std::string key) {
        units_.push_back({key + " clean", [this, &c, &network] {
                              const LabelledImages& test = of(c).test;
                              const size_t count = protocol_.clean_test / kParts;
                              std::vector<double> parts;
                              for (size_t p = 0; p < kParts; p++) {
                                  parts.push_back(measure(network, test, p * count, count));
                              }
                              parts.push_back(measure(network, test, 0, protocol_.test));
                              return parts;
                          }});
        for (size_t d = 0; d < draws_of(c, protocol_); d++) {
            units_.push_back({fmt::format("{} draw {}", key, d),
                              [this, &c, &network, d] { return levels(c, network, d, false); }});
        }
        if (c.recalibrate && norms_of(network.graph) > 0) {
            for (size_t d = 0; d < protocol_.recalibrated_draws; d++) {
                units_.push_back({fmt::format("{} recalibrated draw {}", key, d),
                                  [this, &c, &network, d] { return levels(c, network, d, true); }});
            }
        }
        if (has_scales(c, network)) {
            units_.push_back(
                {key + " scales", [this, &c, &network] { return scales(c, network); }});
        }
    }

    const std::vector<StudyUnit>& all() const { return units_; }

  private:
    struct Pictures {
        LabelledImages test;
        LabelledImages calibration;
    };
    const Pictures& of(const NoiseCase& c) const { return pictures_[is_colour(c) ? 1 : 0]; }

    // Per channel, the scale by the rule of the network over that of L2.
    std::vector<double> scales(const NoiseCase& c, const Network& network) const {
        const Network by_rule =
            with_recalibrated_norms(network, of(c).calibration, kCalibrationBatch, c.norm);
        const Network by_l2 =
            with_recalibrated_norms(network, of(c).calibration, kCalibrationBatch, {});
        std::vector<double> ratios;
        for (const Layer& layer : network.graph.layers) {
            if (!std::holds_alternative<BatchNormOp>(layer.op)) {
                continue;
            }
            const Tensor& a = by_rule.parameters.at(layer.name + ".running_var");
            const Tensor& b = by_l2.parameters.at(layer.name + ".running_var");
            for (size_t i = 0; i < a.values.size(); i++) {
                ratios.push_back(std::sqrt(double{a.values[i]} / double{b.values[i]}));
            }
        }
        return ratios;
    }

    std::vector<double> levels(const NoiseCase& c,
                               const Network& network,
                               size_t draw,
                               bool recalibrate) const {
        std::vector<double> accuracies;
        for (const double level : protocol_.levels) {
            const AdditiveNoise noise = {.level = level,
                                         .norms = c.norm_noise,
                                         .statistics = c.statistics_noise,
                                         .negative_variances = c.no_number_below_zero};
            Network noisy = with_weight_noise(network, noise, options_.seed, draw);
            if (c.no_number_below_zero && has_negative_variance(noisy)) {
                accuracies.push_back(1.0 / of(c).test.classes);
                continue;
            }
            if (recalibrate) {
                noisy =
                    with_recalibrated_norms(noisy, of(c).calibration, kCalibrationBatch, c.norm);
            }
            accuracies.push_back(measure(noisy, of(c).test, 0, protocol_.test));
        }
        return accuracies;
    }

    const StudyOptions& options_;
    const NoiseProtocol& protocol_;
    std::vector<Pictures> pictures_;  // Fashion-MNIST, CIFAR-10
    std::vector<StudyUnit> units_;
};

// [draw][level] -> sweep.
NoiseSweep sweep_of(double clean,
                    const std::vector<double>& levels,
                    const std::vector<std::vector<double>>& draws) {
    NoiseSweep sweep{clean, levels, {}};
    for (size_t l = 0; l < levels.size(); l++) {
        std::vector<double>& row = sweep.accuracy.emplace_back();
        for (const std::vector<double>& draw : draws) {
            row.push_back(draw[l]);
        }
    }
    return sweep;
}

NoiseOutcome collect(const NoiseCase& c,
                     const Network& network,
                     const NoiseProtocol& protocol,
                     const std::vector<std::vector<double>>& values,
                     size_t& next) {
    NoiseOutcome outcome;
    outcome.name = c.name;
    outcome.weights = summarize(network).weights;
    outcome.norms = norms_of(network.graph);
    outcome.parts = values[next++];
    // Normalised by the same pictures: another sample of them would differ by points.
    const double clean = outcome.parts.back();
    outcome.parts.pop_back();
    outcome.clean = mean(outcome.parts);
    const auto take = [&](size_t count) {
        std::vector<std::vector<double>> draws(
            values.begin() + static_cast<std::ptrdiff_t>(next),
            values.begin() + static_cast<std::ptrdiff_t>(next + count));
        next += count;
        return draws;
    };
    outcome.sweep = sweep_of(clean, protocol.levels, take(draws_of(c, protocol)));
    outcome.average = average_normalised_accuracy(outcome.sweep);
    if (c.recalibrate && outcome.norms > 0) {
        outcome.recalibrated = sweep_of(clean, protocol.levels, take(protocol.recalibrated_draws));
        outcome.average_recalibrated = average_normalised_accuracy(outcome.recalibrated);
    }
    if (has_scales(c, network)) {
        outcome.scale_ratio = values[next++];
    }
    return outcome;
}

std::string with_interval(const std::vector<double>& values, uint64_t seed) {
    if (values.empty()) {
        return "-";
    }
    return interval_text(bootstrap_interval(values, seed), 1);
}

}  // namespace

std::string NoiseProtocol::text() const {
    return fmt::format(
        "{} draws of the noise at {} levels from {} to {} of each layer's standard "
        "deviation ({} draws with statistics taken anew), {} test pictures ({} "
        "without noise), {} training pictures",
        draws,
        levels.size(),
        levels.front(),
        levels.back(),
        recalibrated_draws,
        test,
        clean_test,
        train);
}

std::string NoiseProtocol::substitution() const {
    return "narrow networks on Fashion-MNIST at 16 x 16 pixels instead of full ones on CIFAR-10";
}

NoiseProtocol noise_protocol(bool is_small) {
    if (is_small) {
        return {{0.05, 0.3}, 2, 1, 200, 60, 100, 64};
    }
    return {{0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4}, 20, 5, 20000, 1000, 10000, 512};
}

TrainConfig noise_training(bool is_small) {
    TrainConfig config;
    config.epochs = is_small ? 2 : 6;
    config.batch = is_small ? 20 : 64;
    config.optimizer = OptimizerKind::kAdam;
    config.learning_rate = 4e-3;
    config.schedule.kind = ScheduleKind::kOneCycle;
    return config;
}

std::vector<NoiseSet> noise_sets(const StudyOptions& options) {
    std::vector<NoiseSet> sets = {{"", small_image_input(), noise_training(options.small)}};
    if (!options.small && has_small_cifar()) {
        sets.push_back({", CIFAR-10", small_colour_input(), noise_training(false)});
        sets.back().training.epochs = kColourEpochs;
    }
    return sets;
}

std::vector<NoiseOutcome> run_noise_bench(const StudyOptions& options,
                                          const std::string& study,
                                          const std::vector<NoiseCase>& cases,
                                          StudyResult& result) {
    const NoiseProtocol protocol = noise_protocol(options.small);
    const Data data = options.small ? generated_images(protocol.train, protocol.clean_test)
                                    : small_fashion(protocol.train, protocol.clean_test);
    result.repetitions = protocol.text();
    result.substitution = protocol.substitution();
    std::optional<Data> colour;
    if (std::any_of(cases.begin(), cases.end(), is_colour)) {
        result.substitution += "; those on CIFAR-10 see JPEG copies of half the resolution";
        colour = small_cifar(kColourTrain, protocol.clean_test);
        result.repetitions += fmt::format(
            "; CIFAR-10: {} draws, {} training pictures", protocol.draws / 2, kColourTrain);
    } else if (!options.small) {
        result.substitution += "; no rows for CIFAR-10, whose data were not there";
    }
    StudyNetworks store(options.folder.empty() || options.small ? "" : options.folder + "/trained");
    std::vector<Network> networks;
    std::vector<std::string> keys;
    for (const NoiseCase& c : cases) {
        if (options.stop != nullptr && options.stop->load()) {
            throw Interrupted("the study was interrupted; `--resume` goes on from here");
        }
        const Data& pictures = is_colour(c) ? colour.value() : data;
        keys.push_back(described(c, pictures));
        networks.push_back(store.get(keys.back(), [&] { return train(c, pictures, options); }));
    }
    Units units(options, protocol, data, colour);
    for (size_t i = 0; i < cases.size(); i++) {
        const uint64_t hash = make_tile_key(0, keys[i]).value;
        units.add(cases[i], networks[i], fmt::format("{} {:016x}", cases[i].name, hash));
    }
    const StudyUnitResults done = run_units(options, study, units.all());
    result.earlier_s = store.earlier_s() + done.earlier_s;
    std::vector<NoiseOutcome> outcomes;
    size_t next = 0;
    for (size_t i = 0; i < cases.size(); i++) {
        outcomes.push_back(collect(cases[i], networks[i], protocol, done.values, next));
    }
    return outcomes;
}

StudyTable noise_table(std::span<const NoiseOutcome> outcomes,
                       uint64_t seed,
                       const std::string& data) {
    StudyTable table{"Accuracy under noise" + data,
                     {"network",
                      "weights",
                      "batch norms",
                      "clean [%]",
                      "average normalised accuracy [%]",
                      "with statistics taken anew [%]"},
                     {},
                     "Mean over draws and its 95 % interval. The accuracies at each level are not "
                     "normalised."};
    for (const double level : outcomes.front().sweep.levels) {
        table.columns.push_back(fmt::format("at {:g} % [%]", 100 * level));
    }
    for (const NoiseOutcome& o : outcomes) {
        std::vector<std::string> row = {o.name,
                                        std::to_string(o.weights),
                                        std::to_string(o.norms),
                                        fmt::format("{:.1f}", 100 * o.clean),
                                        with_interval(o.average, seed),
                                        with_interval(o.average_recalibrated, seed)};
        for (const std::vector<double>& accuracies : o.sweep.accuracy) {
            row.push_back(fmt::format("{:.1f}", 100 * mean(accuracies)));
        }
        table.rows.push_back(std::move(row));
    }
    return table;
}

StudyChart noise_chart(std::span<const NoiseOutcome> outcomes, const std::string& data) {
    StudyChart chart{"Normalised accuracy under noise on the weights" + data,
                     "noise [% of the layer's standard deviation]",
                     "accuracy / clean accuracy [%]",
                     true,
                     {}};
    for (const NoiseOutcome& o : outcomes) {
        StudyCurve curve{o.name, {}, {}};
        for (size_t l = 0; l < o.sweep.levels.size(); l++) {
            curve.x.push_back(100 * o.sweep.levels[l]);
            curve.y.push_back(100 * mean(o.sweep.accuracy[l]) / o.sweep.clean);
        }
        chart.curves.push_back(std::move(curve));
    }
    return chart;
}

Interval average_difference(const NoiseOutcome& a, const NoiseOutcome& b, uint64_t seed) {
    return paired_difference(a.average, b.average, seed);
}

Interval difference_of_trainings(const std::vector<const NoiseOutcome*>& a,
                                 const std::vector<const NoiseOutcome*>& b) {
    std::vector<double> d;
    for (size_t i = 0; i < std::min(a.size(), b.size()); i++) {
        d.push_back(mean(a[i]->average) - mean(b[i]->average));
    }
    return t_interval(d);
}

std::string noise_text(const NoiseOutcome& outcome) {
    return fmt::format("{:.1f} % without noise, {:.1f} % average normalised accuracy",
                       100 * outcome.clean,
                       mean(outcome.average));
}

}  // namespace mho

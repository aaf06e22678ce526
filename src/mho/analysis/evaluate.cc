// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/evaluate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <optional>

#include "mho/analysis/ablation.h"
#include "mho/analysis/evaluation_log.h"
#include "mho/analysis/layer_error.h"
#include "mho/analysis/statistics.h"
#include "mho/analysis/text_data.h"
#include "mho/net/calibrate.h"
#include "mho/net/calibrate_adc.h"
#include "mho/net/executor.h"
#include "mho/net/normalization.h"
#include "mho/net/quantize.h"
#include "mho/net/tile_outputs.h"
#include "mho/util/error.h"

namespace mho {

double process_cpu_s() {
    timespec t{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

namespace {
// Every image gives thousands of currents.
constexpr size_t kRangeImages = 64;
}  // namespace

void set_ranges_after_training(const RunFile& run,
                               Network& network,
                               const LabelledImages& train,
                               size_t images) {
    const ColumnRangesConfig& columns = run.evaluation.column_ranges;
    if (columns.images > 0) {
        const size_t few = std::min(static_cast<size_t>(columns.images), train.count);
        calibrate_column_ranges(network, pixels_of(train, 0, few).view(), columns.deviations);
    }
    if (needs_output_ranges(network)) {
        network = fold_batch_norm_into_scales(network);  // the unit behind the columns does it
    }
    const bool looks = needs_adc_ranges(network) || needs_output_ranges(network);
    const size_t count = std::min({images, kRangeImages, train.count});
    if (!looks || count == 0) {
        return;
    }
    const Matrix<float> pixels = pixels_of(train, 0, count);
    calibrate_adc_ranges(network, pixels.view(), run.seed);
    calibrate_output_ranges(network, pixels.view());
}

size_t calibration_images(const RunFile& run) {
    if (run.evaluation.calibration_images > 0) {
        return static_cast<size_t>(run.evaluation.calibration_images);
    }
    return static_cast<size_t>(run.hardware.base.input_range.init_batches) *
           static_cast<size_t>(run.training.hardware_aware.batch);
}

Network make_naive(const RunFile& run, const Network& floating_point, const LabelledImages& train) {
    Network naive = map_to_hardware(fold_batch_norm(floating_point), run.hardware);
    const size_t wanted = std::min(calibration_images(run), train.count);
    if (wanted > 0 && run.evaluation.calibrate) {
        calibrate_input_ranges(naive,
                               pixels_of(train, 0, wanted).view(),
                               {run.evaluation.calibration,
                                static_cast<size_t>(run.training.hardware_aware.batch),
                                run.seed});
    } else if (wanted > 0) {
        initialize_input_ranges(naive,
                                pixels_of(train, 0, wanted).view(),
                                static_cast<size_t>(run.training.hardware_aware.batch),
                                run.seed);
    }
    set_ranges_after_training(run, naive, train, wanted);
    return naive;
}

std::vector<Network> make_digital(const RunFile& run,
                                  const Network& floating_point,
                                  const LabelledImages& train) {
    std::vector<Network> networks;
    const size_t wanted = std::min(calibration_images(run), train.count);
    for (const DigitalBaseline& b : run.evaluation.digital) {
        networks.push_back(
            quantize_network(floating_point,
                             pixels_of(train, 0, wanted).view(),
                             {.weights = b.weights,
                              .activation_bits = b.activation_bits,
                              .table_bits = b.table_bits,
                              .activations = b.activations,
                              .batch = static_cast<size_t>(run.training.hardware_aware.batch),
                              .seed = run.seed}));
    }
    return networks;
}

size_t evaluation_bytes(const Network& network, size_t images, size_t threads) {
    const Executor executor(network, 0);
    // 64 samples a thread in flight; pixels and outputs of all images.
    return executor.state_bytes() + 64 * threads * executor.activation_bytes_per_sample() +
           images * sizeof(float) *
               (executor.output_features() + static_cast<size_t>(network.graph.input.shape[0]) *
                                                 static_cast<size_t>(network.graph.input.shape[1]) *
                                                 static_cast<size_t>(network.graph.input.shape[2]));
}

namespace {

// Counts CPU time of a phase while alive.
class Phase {
  public:
    Phase(EvaluationResult& result, const char* name)
        : result_(result), name_(name), start_(process_cpu_s()) {}
    ~Phase() {
        result_.cpu_s[name_] += process_cpu_s() - start_;
        result_.calls[name_]++;
    }
    Phase(const Phase&) = delete;
    Phase& operator=(const Phase&) = delete;

  private:
    EvaluationResult& result_;
    const char* name_;
    double start_;
};

class Evaluation {
  public:
    Evaluation(const RunFile& run, const LabelledImages& test, const EvaluateOptions& options)
        : test_(test), options_(options) {
        const size_t wanted = static_cast<size_t>(run.evaluation.images);
        images_ = wanted > 0 ? wanted : test.count;
        labels_ = test.labels.size() / std::max<size_t>(test.count, 1);
        pixels_ = pixels_of(test, 0, images_);
    }

    size_t images() const { return images_; }

    bool is_loss() const { return labels_ > 1; }

    // What a score (the return value of `score`) is worth over some images: the share of right
    // answers, or the mean cross-entropy.
    double value(size_t score, size_t images) const {
        const auto all = static_cast<double>(images * labels_);
        return static_cast<double>(score) / (is_loss() ? kLossUnits * all : all);
    }

    // Right answers, or the summed cross-entropy in millionths: whole numbers, for the log.
    size_t score(const Executor& executor, ReadKey key, size_t images) const {
        Matrix<float> outputs(images, executor.output_features());
        executor.run(pixels_.view().row_block(0, images),
                     outputs.view(),
                     key,
                     options_.threads,
                     options_.progress.advance);
        if (labels_ > 1) {
            const double nats = cross_entropy_sum(outputs.view(), test_.labels, labels_);
            return static_cast<size_t>(std::llround(nats * kLossUnits));
        }
        const std::vector<uint8_t> labels(
            test_.labels.begin(), test_.labels.begin() + static_cast<std::ptrdiff_t>(images));
        return static_cast<size_t>(
            std::lround(accuracy(outputs.view(), labels) * static_cast<double>(images)));
    }

    void check_stop() const {
        if (options_.stop != nullptr && options_.stop->load()) {
            throw Interrupted("stopped; finished parts are kept, continue with --resume");
        }
    }

    ConstFloatView pixels() const { return pixels_.view(); }
    const EvaluateOptions& options() const { return options_; }

  private:
    const LabelledImages& test_;
    const EvaluateOptions& options_;
    static constexpr double kLossUnits = 1e6;
    size_t images_ = 0;
    size_t labels_ = 1;  // of a sample; more than one for a text
    Matrix<float> pixels_;
};

void begin(const ProgressHooks& p, const std::string& label, size_t total) {
    if (p.begin) {
        p.begin(label, total, "images");
    }
}

void end(const ProgressHooks& p) {
    if (p.end) {
        p.end();
    }
}

bool has_compensation(const Network& network) {
    return std::any_of(network.analog.begin(), network.analog.end(), [](const auto& entry) {
        return entry.second.compensates();
    });
}

// Accuracy over times and programmings of one network; curves with and without compensation.
void over_time(const RunFile& run,
               const Network& network,
               const std::string& name,
               const Evaluation& work,
               EvaluationLog& log,
               EvaluationResult& result) {
    const std::vector<EvaluationTime>& times = run.evaluation.times;
    const auto chips = static_cast<size_t>(run.evaluation.programmings);
    std::vector<bool> modes = {true};
    if (run.evaluation.uncompensated && has_compensation(network)) {
        modes.push_back(false);
    }
    std::vector<AccuracyCurve> curves(modes.size());
    for (size_t m = 0; m < modes.size(); m++) {
        curves[m].key = name + (modes[m] ? "" : "_uncompensated");
        curves[m].all.assign(times.size(), std::vector<double>(chips));
    }
    begin(work.options().progress,
          name == "hwa" ? "hardware-aware, on chips" : name + ", on chips",
          chips * times.size() * modes.size() * work.images());
    for (size_t chip = 0; chip < chips; chip++) {
        std::optional<Executor> executor;
        for (size_t t = 0; t < times.size(); t++) {
            bool advanced = false;
            for (size_t m = 0; m < modes.size(); m++) {
                const std::string unit =
                    curves[m].key + "|" + std::to_string(chip) + "|" + times[t].name;
                if (const auto known = log.find(unit)) {
                    curves[m].all[t][chip] = work.value(*known, work.images());
                    if (work.options().progress.advance) {
                        work.options().progress.advance(work.images());
                    }
                    continue;
                }
                work.check_stop();
                if (!executor) {
                    const Phase phase(result, "program");
                    executor.emplace(network, run.seed, static_cast<uint32_t>(chip));
                    executor->program();
                }
                if (!advanced) {
                    const Phase phase(result, "drift");
                    executor->advance_to(times[t].t_s, t + 1);
                    advanced = true;
                }
                executor->use_compensation(modes[m]);
                size_t right = 0;
                {
                    const Phase phase(result, "inference");
                    right = work.score(*executor, {t + 1, 0}, work.images());
                }
                log.add(unit, right);
                curves[m].all[t][chip] = work.value(right, work.images());
            }
        }
    }
    end(work.options().progress);
    for (AccuracyCurve& c : curves) {
        result.curves.push_back(std::move(c));
    }
}

void ablate(const RunFile& run,
            const Network& network,
            const std::string& name,
            const Evaluation& work,
            EvaluationLog& log,
            EvaluationResult& result) {
    const AblationConfig& config = run.evaluation.ablation;
    const std::vector<EvaluationTime>& times = run.evaluation.times;
    size_t t = 0;
    while (times[t].name != config.time) {
        t++;
    }
    const size_t images = std::min(static_cast<size_t>(config.images), work.images());
    const auto chips = static_cast<size_t>(config.programmings);
    std::vector<NonIdeality> sources = active_non_idealities(network);
    sources.insert(sources.begin(), NonIdeality{"everything on", {}, {}});
    begin(work.options().progress, "one non-ideality off", sources.size() * chips * images);
    std::vector<std::vector<double>> all(sources.size());
    for (size_t s = 0; s < sources.size(); s++) {
        const Network changed = without(network, sources[s]);
        for (size_t chip = 0; chip < chips; chip++) {
            const std::string unit = "ablation|" + sources[s].name + "|" + std::to_string(chip);
            std::optional<size_t> right = log.find(unit);
            if (!right) {
                work.check_stop();
                Executor executor(changed, run.seed, static_cast<uint32_t>(chip));
                executor.program(0, sources[s].switches);
                executor.advance_to(times[t].t_s, t + 1);
                right = work.score(executor, {t + 1, 0}, images);
                log.add(unit, *right);
            } else if (work.options().progress.advance) {
                work.options().progress.advance(images);
            }
            all[s].push_back(work.value(*right, images));
        }
    }
    end(work.options().progress);
    result.ablation_network = name;
    result.ablation_baseline = mean(all[0]);
    for (size_t s = 1; s < sources.size(); s++) {
        std::vector<double> difference(chips);
        for (size_t chip = 0; chip < chips; chip++) {
            difference[chip] = all[s][chip] - all[0][chip];
        }
        const Interval i = t_interval(difference);
        result.ablation.push_back({sources[s].name, i.mean, i.half_width()});
    }
}

}  // namespace

void check_evaluation(const RunFile& run, const RunNetworks& networks, const LabelledImages& test) {
    if (test.count == 0) {
        throw InputError("evaluation: there are no test images");
    }
    if (static_cast<size_t>(run.evaluation.images) > test.count) {
        throw ConfigError("evaluation.images",
                          "must be at most " + std::to_string(test.count) +
                              ", the number of test images in " + test.source + ", got " +
                              std::to_string(run.evaluation.images));
    }
    const auto check = [&](const Network& network, const char* name) {
        const std::array<int, 3>& shape = network.graph.input.shape;
        if (static_cast<size_t>(shape[0]) != test.channels ||
            static_cast<size_t>(shape[1]) != test.height ||
            static_cast<size_t>(shape[2]) != test.width) {
            const auto text = [](size_t c, size_t h, size_t w) {
                return std::to_string(c) + " x " + std::to_string(h) + " x " + std::to_string(w);
            };
            throw InputError("the " + std::string(name) + " network takes images of " +
                             text(static_cast<size_t>(shape[0]),
                                  static_cast<size_t>(shape[1]),
                                  static_cast<size_t>(shape[2])) +
                             ", those of " + test.source + " are " +
                             text(test.channels, test.height, test.width));
        }
        const size_t outputs = Executor(network, run.seed).output_features();
        if (outputs < test.classes) {
            throw InputError("the " + std::string(name) + " network has " +
                             std::to_string(outputs) + " outputs, " + test.source + " has " +
                             std::to_string(test.classes) + " classes");
        }
    };
    if (!networks.digital.empty() && networks.digital.size() != run.evaluation.digital.size()) {
        throw InputError("evaluation.digital lists " +
                         std::to_string(run.evaluation.digital.size()) + " networks, got " +
                         std::to_string(networks.digital.size()));
    }
    check(networks.floating_point, "floating-point");
    if (networks.has_naive) {
        check(networks.naive, "naive");
    }
    if (networks.has_hardware_aware) {
        check(networks.hardware_aware, "hardware-aware");
    }
}

EvaluationResult evaluate(const RunFile& run,
                          const RunNetworks& networks,
                          const LabelledImages& test,
                          const EvaluateOptions& options) {
    check_evaluation(run, networks, test);
    EvaluationResult result;
    const Evaluation work(run, test, options);
    result.images = work.images();
    EvaluationLog log(options.folder, evaluation_fingerprint(run, networks), options.resume);

    result.is_loss = work.is_loss();
    const auto exact =
        [&](const Network& network, const std::string& label, const std::string& unit) {
            begin(options.progress, label, work.images());
            std::optional<size_t> right = log.find(unit);
            if (!right) {
                work.check_stop();
                const Executor executor(network, run.seed);
                right = work.score(executor, {}, work.images());
                log.add(unit, *right);
            }
            end(options.progress);
            return work.value(*right, work.images());
        };
    result.float_accuracy = exact(networks.floating_point, "floating point", "float");
    for (size_t i = 0; i < networks.digital.size(); i++) {
        const std::string& name = run.evaluation.digital[i].name;
        result.digital.push_back({name, exact(networks.digital[i], name, "digital|" + name)});
    }

    if (networks.has_naive && run.evaluation.naive) {
        over_time(run, networks.naive, "naive", work, log, result);
    }
    const bool aware = networks.has_hardware_aware && run.evaluation.hardware_aware;
    if (aware) {
        over_time(run, networks.hardware_aware, "hwa", work, log, result);
    }
    if (!aware && !networks.has_naive) {
        return result;
    }
    const Network& best = aware ? networks.hardware_aware : networks.naive;
    if (run.evaluation.ablation.enabled) {
        ablate(run, best, aware ? "hwa" : "naive", work, log, result);
    }
    if (run.evaluation.error_images > 0) {
        const size_t count =
            std::min(static_cast<size_t>(run.evaluation.error_images), work.images());
        work.check_stop();
        measure_layers(run, best, work.pixels().row_block(0, count), result);
    }
    return result;
}

}  // namespace mho

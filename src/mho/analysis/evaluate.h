// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_EVALUATE_H
#define MHO_ANALYSIS_EVALUATE_H

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "mho/analysis/run_file.h"

namespace mho {

/// Long work tells its caller how far it is. All members may be empty.
struct ProgressHooks {
    std::function<void(const std::string& label, size_t total, const std::string& unit)> begin;
    std::function<void(size_t done)> advance;  // from any thread
    std::function<void()> end;
    std::function<void(const std::string& text)> note;
};

/// The user asked to stop; everything reported as done is on disk.
class Interrupted : public Error {
  public:
    using Error::Error;
};

struct EvaluateOptions {
    size_t threads = 1;
    std::string folder = "";  // where finished units are logged (evaluation.jsonl); "" = nowhere
    bool resume = false;      // use the units that an earlier, interrupted evaluation of the same
                              // configuration has logged
    const std::atomic<bool>* stop = nullptr;
    ProgressHooks progress = {};
};

/// Accuracies of one network over times and programmings; `key` is the name in results.json.
struct AccuracyCurve {
    std::string key;
    std::vector<std::vector<double>> all;  // [time][programming]
};

struct AblationResult {
    std::string source;     // the non-ideality that was switched off
    double difference = 0;  // accuracy without it minus accuracy with everything
    double half_width = 0;  // of the 95 % interval over paired programmings
};

struct LayerErrorResult {
    std::string layer;
    std::vector<double> relative;  // [time] |analog - exact| / |exact| over the evaluation inputs
};

/// A low-precision digital network.
struct DigitalResult {
    std::string name;
    double accuracy = 0;
};

struct HistogramResult {
    std::string name;
    double low = 0;
    double high = 0;
    std::vector<double> counts;
};

struct EvaluationResult {
    bool is_loss = false;  // texts: everything below that says accuracy is the mean loss in nats
    double float_accuracy = 0;
    size_t images = 0;
    std::vector<DigitalResult> digital;
    std::vector<AccuracyCurve> curves;
    double ablation_baseline = 0;
    std::string ablation_network;
    std::vector<AblationResult> ablation;
    std::vector<LayerErrorResult> layer_errors;
    std::vector<HistogramResult> weights;
    std::vector<HistogramResult> conductances_us;
    std::map<std::string, double> cpu_s;  // per phase: program, drift, inference
    std::map<std::string, size_t> calls;  // how often each phase ran
};

/// The networks of a run: floating point, mapped as it is, retrained (the last may be absent).
struct RunNetworks {
    Network floating_point;  // digital, batch norms folded
    Network naive;
    Network hardware_aware;
    bool has_naive = false;
    bool has_hardware_aware = false;
    std::vector<Network> digital;  // one for each evaluation.digital, in its order
};

/// The networks of evaluation.digital: quantised weights, and ranges of the activations from
/// training images.
std::vector<Network> make_digital(const RunFile& run,
                                  const Network& floating_point,
                                  const LabelledImages& train);

/// Maps the floating-point network to the run's hardware and sets the input ranges from training
/// images, by evaluation.calibration where that is on, else as hardware-aware training starts.
Network make_naive(const RunFile& run, const Network& floating_point, const LabelledImages& train);

/// What a few training images set once the weights are there: conductance ranges of columns
/// (evaluation.column_ranges), then the ranges of calibrated converters (crossbar.adc_range) and of
/// counting peripheries (hardware.periphery) from the first `images` of them, 64 at most.
void set_ranges_after_training(const RunFile& run,
                               Network& network,
                               const LabelledImages& train,
                               size_t images);

/// Number of training images that make_naive looks at.
size_t calibration_images(const RunFile& run);

/// Accuracy over time of the run's networks, per-layer errors, cost of each non-ideality. The
/// result depends on the configuration alone: not on threads, nor on interruptions.
EvaluationResult evaluate(const RunFile& run,
                          const RunNetworks& networks,
                          const LabelledImages& test,
                          const EvaluateOptions& options);

/// Whether evaluate() can run: throws ConfigError or InputError when there are no or too few test
/// images, or when a network takes other images or tells fewer classes apart.
void check_evaluation(const RunFile& run, const RunNetworks& networks, const LabelledImages& test);

/// Bytes that evaluate() will need for a network, at most.
size_t evaluation_bytes(const Network& network, size_t images, size_t threads);

/// CPU seconds of this process so far.
double process_cpu_s();

}  // namespace mho

#endif  // MHO_ANALYSIS_EVALUATE_H

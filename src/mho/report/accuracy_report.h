// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_REPORT_ACCURACY_REPORT_H
#define MHO_REPORT_ACCURACY_REPORT_H

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "mho/report/histogram_chart.h"

namespace mho {

/// Everything that the accuracy page shows. Accuracies are fractions, 0 to 1; with `is_loss` they
/// are mean losses in nats per character, smaller is better. Whatever is empty, zero or NaN is left
/// out of the page; lists that are too short count as NaN.
struct AccuracyReport {
    struct Time {
        std::string label;     // "1 day"
        double seconds = 0.0;  // since programming; 0 is drawn one decade left of the next time
    };

    /// Accuracy of one network over the times, over several programmings of the chips.
    struct Curve {
        std::string name;          // "naive", "hardware-aware"; equal names share a colour
        std::vector<double> mean;  // [time]
        std::vector<double> std;   // [time], over programmings
        std::vector<std::vector<double>> all;  // [time][programming], optional
        bool compensated = false;              // with drift compensation
    };

    /// |y - y_digital| / |y_digital| of a layer's matrix product on the test inputs.
    struct LayerError {
        std::string layer;
        std::vector<double> relative;  // [time of layer_error_times]
    };

    /// What the accuracy gains when one non-ideality is switched off, all else equal.
    struct Ablation {
        std::string name;
        double difference = 0.0;  // accuracy without it minus baseline
        double half_width = std::numeric_limits<double>::quiet_NaN();  // 95 % interval of the mean
    };

    /// A digital network beside the floating-point one.
    struct Baseline {
        std::string name;  // "W4A8"
        double accuracy = std::numeric_limits<double>::quiet_NaN();
    };

    /// Loss during one training.
    struct Training {
        std::string name;
        std::vector<double> epochs;  // passes over the data so far
        std::vector<double> loss;
    };

    struct Layer {
        std::string name;
        std::string kind;   // "conv2d"
        std::string shape;  // "64 x 576"
        uint64_t tiles = 0;
        double utilisation = std::numeric_limits<double>::quiet_NaN();  // used cells / all cells
    };

    struct ConfigEntry {
        std::string path;
        std::string value;
        std::string meaning;
        std::string unit;
        std::string source;
    };

    std::string title;
    std::string subtitle;
    std::string date;

    uint64_t seed = 0;
    uint64_t threads = 0;
    uint64_t images = 0;        // test images per accuracy
    uint64_t programmings = 0;  // independent programmings behind mean and std
    std::string version;        // of mho
    std::string cpu;

    bool is_loss = false;
    double float_accuracy = std::numeric_limits<double>::quiet_NaN();
    std::vector<Baseline> digital;
    std::vector<Training> trainings;  // an epoch axis of their own, each from 0
    std::vector<Time> times;
    std::vector<Curve> curves;

    std::vector<HistogramSeries> weight_histograms;
    std::vector<HistogramSeries> conductance_histograms;  // microsiemens

    std::vector<Time> layer_error_times;  // empty: `times`
    std::vector<LayerError> layer_errors;

    double ablation_baseline = std::numeric_limits<double>::quiet_NaN();
    std::string ablation_condition;  // "hardware-aware, 1 day, compensated"
    std::vector<Ablation> ablations;

    std::vector<Layer> layers;
    std::vector<ConfigEntry> configuration;
    std::string configuration_json;
};

/// The self-contained HTML page.
std::string render(const AccuracyReport& report);

/// The accuracies as text table: a row per time, a column per curve, mean ± std in percent.
std::string terminal_summary(const AccuracyReport& report);

}  // namespace mho

#endif  // MHO_REPORT_ACCURACY_REPORT_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_STUDIES_NOISE_BENCH_H
#define MHO_STUDIES_NOISE_BENCH_H

#include <span>
#include <string>
#include <vector>

#include "mho/analysis/noise_resistance.h"
#include "mho/analysis/statistics.h"
#include "mho/analysis/study.h"
#include "mho/analysis/train_config.h"
#include "mho/net/graph.h"
#include "mho/net/normalization.h"
#include "mho/studies/study_images.h"

namespace mho {

// The protocol of Fagbohungbe and Qian (arXiv 2011.11840): train digitally, add white Gaussian
// noise to the weights, measure, repeat, average, normalise.

/// One network of a study.
struct NoiseCase {
    std::string name;  // for tables
    Graph graph;
    TrainConfig training;
    bool fixup = false;             // start parameters for networks without batch norm
    bool recalibrate = true;        // also with batch-norm statistics taken anew under the noise
    uint64_t seed = 1;              // of the start and of the order of the pictures
    NormRule norm = {};             // of the batch norms in training
    bool norm_noise = false;        // noise on weight and bias of the batch norms, too
    bool statistics_noise = false;  // and on their running means and variances
    bool no_number_below_zero = false;  // where one becomes negative the network guesses
};

struct NoiseOutcome {
    std::string name;
    size_t weights = 0;
    size_t norms = 0;             // batch norm layers
    double clean = 0;             // accuracy without noise, a share
    std::vector<double> parts;    // the same on ten parts of the test pictures
    NoiseSweep sweep;             // noise in shares of the layer's standard deviation
    NoiseSweep recalibrated;      // the same draws; no levels where there is nothing to do
    std::vector<double> average;  // average normalised accuracy per draw, in percent
    std::vector<double> average_recalibrated;
    std::vector<double> scale_ratio;  // per channel: what the norm rule divides by over what L2
                                      // would; none for L2 and where nothing is recalibrated
};

/// Levels, draws and pictures of the full form, or of the small one.
struct NoiseProtocol {
    std::vector<double> levels;
    size_t draws = 0;
    size_t recalibrated_draws = 0;
    size_t train = 0;
    size_t test = 0;  // for the noisy networks
    size_t clean_test = 0;
    size_t calibration = 0;            // training pictures for the statistics
    std::string text() const;          // for StudyResult::repetitions
    std::string substitution() const;  // for StudyResult::substitution
};
NoiseProtocol noise_protocol(bool small);

/// Adam with the one-cycle schedule, as long as the form of the study allows.
TrainConfig noise_training(bool small);

/// The pictures that a study measures on: Fashion-MNIST, and, in the full form where the data are
/// there, CIFAR-10 with half the training pictures and more epochs.
struct NoiseSet {
    std::string data;  // end of claims and titles: "" or ", CIFAR-10"
    InputSpec input;
    TrainConfig training;
};
std::vector<NoiseSet> noise_sets(const StudyOptions& options);

/// Trains all networks on Fashion-MNIST, those of three input channels on CIFAR-10 (found again by
/// later runs, studies share them), and measures them. A training that diverges ends as its start,
/// at chance.
std::vector<NoiseOutcome> run_noise_bench(const StudyOptions& options,
                                          const std::string& study,
                                          const std::vector<NoiseCase>& cases,
                                          StudyResult& result);

/// Rows and curves: network, weights, norms, clean accuracy, average normalised accuracy with and
/// without noise, accuracy at each level.
/// `data`: end of the titles, for example ", CIFAR-10".
StudyTable noise_table(std::span<const NoiseOutcome> outcomes,
                       uint64_t seed,
                       const std::string& data = "");
StudyChart noise_chart(std::span<const NoiseOutcome> outcomes, const std::string& data = "");

/// Differences of the averages draw by draw, in points.
Interval average_difference(const NoiseOutcome& a, const NoiseOutcome& b, uint64_t seed);

/// Difference of the averages over several trainings of two networks, pair by pair, with Student's
/// interval: one training says little about its kind.
Interval difference_of_trainings(const std::vector<const NoiseOutcome*>& a,
                                 const std::vector<const NoiseOutcome*>& b);

/// "87.9 % without noise, 91.2 % average normalised accuracy".
std::string noise_text(const NoiseOutcome& outcome);

}  // namespace mho

#endif  // MHO_STUDIES_NOISE_BENCH_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_STUDIES_NOISE_BENCH_H
#define MHO_STUDIES_NOISE_BENCH_H

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
    bool fixup = false;       // start parameters for networks without batch norm
    bool recalibrate = true;  // also with batch-norm statistics taken anew under the noise
    uint64_t seed = 1;        // of the start and of the order of the pictures
    NormRule norm = {};       // of the batch norms in training
    bool norm_noise = false;  // noise on weight and bias of the batch norms, too
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

/// Trains all networks (found again by later runs, studies share them), and measures them. A
/// training that diverges ends as its start, at chance.
std::vector<NoiseOutcome> run_noise_bench(const StudyOptions& options,
                                          const std::string& study,
                                          const std::vector<NoiseCase>& cases,
                                          StudyResult& result);

/// Rows and curves: network, weights, norms, clean accuracy, average normalised accuracy with and
/// without noise, accuracy at each level.
StudyTable noise_table(const std::vector<NoiseOutcome>& outcomes, uint64_t seed);
StudyChart noise_chart(const std::vector<NoiseOutcome>& outcomes);

/// Differences of the averages draw by draw, in points.
Interval average_difference(const NoiseOutcome& a, const NoiseOutcome& b, uint64_t seed);

}  // namespace mho

#endif  // MHO_STUDIES_NOISE_BENCH_H

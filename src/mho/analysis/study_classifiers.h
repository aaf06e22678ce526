// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_STUDY_CLASSIFIERS_H
#define MHO_ANALYSIS_STUDY_CLASSIFIERS_H

// Trained networks for studies that need no training of their own.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mho/adapt/calibration.h"
#include "mho/io/image_data.h"
#include "mho/net/executor.h"
#include "mho/net/network.h"

namespace mho {

struct StudyNetwork {
    std::string name;
    Network network;  // digital, batch norms folded
    Matrix<float> test;
    std::vector<uint8_t> labels;
    Matrix<float> calibration;  // other samples, used without their labels
    LabelledImages training;    // samples with labels, for what learns
};

/// A trained CIFAR-10 ResNet (CrossSim's), the first `images` of the 1,000 original test pictures
/// and `calibration` pictures of the training set; nothing where MHO_DATA has them not.
std::optional<StudyNetwork> trained_resnet(int depth, size_t images, size_t calibration);

/// For tests: a perceptron on made-up pictures of ten classes, a random hidden layer and an output
/// layer by ridge regression.
StudyNetwork made_up_classifier(uint64_t seed, size_t images = 200);

/// Percent of right answers.
double percent_right(const StudyNetwork& set, const Executor& executor, uint64_t step = 0);

/// The network on `hardware`, input ranges by the quantile of the calibration samples.
Network on_hardware(const StudyNetwork& set,
                    const HardwareSpec& hardware,
                    const CalibrationConfig& rule);

}  // namespace mho

#endif  // MHO_ANALYSIS_STUDY_CLASSIFIERS_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_STUDIES_STUDY_HWA_FAMILIES_H
#define MHO_STUDIES_STUDY_HWA_FAMILIES_H

#include <string>
#include <vector>

#include "mho/analysis/data.h"
#include "mho/analysis/study.h"
#include "mho/analysis/study_networks.h"
#include "mho/analysis/train_config.h"
#include "mho/net/hardware.h"
#include "mho/net/network.h"

namespace mho {

/// One kind of network of the study hwa-at-scale: what it learns, and how.
struct HwaFamily {
    std::string name;
    Graph graph;
    Data data;
    TrainConfig first;       // in floating point
    TrainConfig further;     // hardware-aware, and once more in floating point for the comparison
    size_t calibration = 0;  // training samples for the input ranges of direct mapping

    bool is_text() const { return data.test.labels.size() > data.test.count; }
    /// Error of guessing: 90 % for ten classes, ln(alphabet) nats for a text.
    double chance_error() const;
};

/// The networks that come out, mapped to hardware but for the first.
struct HwaNetworks {
    Network floating_point;  // digital, batch norms folded
    Network direct;
    Network hardware_aware;
};

/// CNN, MLP, LSTM and transformer. The texts come from the data folder in the full form, from a
/// generated text in the small one.
std::vector<HwaFamily> hwa_families(bool small);

/// The standard AIMC model with the weight noise of the training.
HardwareSpec hwa_hardware();

/// Trains (or finds) the networks of a family.
HwaNetworks train_family(const HwaFamily& family,
                         const StudyOptions& options,
                         StudyNetworks& networks);

/// Error on the test data: share of wrong answers, or cross-entropy in nats per character. The
/// network is read as chip `chip` at every time after one programming; a digital network is read
/// once, `times_s` empty.
std::vector<double> errors_over_time(const Network& network,
                                     const LabelledImages& test,
                                     uint64_t seed,
                                     uint32_t chip,
                                     const std::vector<double>& times_s);

/// Excess kurtosis of the logical weights of all layers that can be analog, each divided by its
/// largest magnitude per output as the mapping does: mean over layers weighted by their weights.
double mapped_kurtosis(const Network& analog);

}  // namespace mho

#endif  // MHO_STUDIES_STUDY_HWA_FAMILIES_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_STUDIES_RANGE_SETTINGS_H
#define MHO_STUDIES_RANGE_SETTINGS_H

// The settings of the study of ranges (Lammie et al., arXiv 2401.09859): one network, its input and
// column ranges set after training, searched on the tiles, or learned with the tiles.

#include <array>
#include <vector>

#include "mho/analysis/study.h"
#include "mho/analysis/study_classifiers.h"
#include "mho/analysis/study_networks.h"

namespace mho {

enum RangeSetting {
    kDefault,           // largest input, one range of conductances per tile
    kInputs,            // step 1: quantile of the inputs
    kColumns,           // step 2: columns rescaled to the ADC
    kBoth,              // both steps
    kSearched,          // input ranges searched on a simulated chip
    kSearchedColumns,   // then step 2
    kLearned,           // input ranges learned, weights frozen
    kLearnedColumns,    // then step 2
    kRetrained,         // weights and input ranges learned
    kRetrainedColumns,  // then step 2
    kRetrainedBoth,     // the same weights with both steps instead of the learned ranges
    kSettings
};
inline constexpr std::array<const char*, kSettings> kSettingNames = {
    "default",
    "input ranges (step 1)",
    "column ranges (step 2)",
    "both steps",
    "input ranges searched on the tiles",
    "searched, then column ranges",
    "input ranges learned, weights frozen",
    "learned, then column ranges",
    "weights and input ranges learned",
    "these, then column ranges",
    "these weights, both steps instead of learned ranges"};

/// The ADC's bound: the tile is small, so that its ADC has to choose between noise and saturation.
inline constexpr double kRangesAdcBound = 4.0;
/// Weight noise of hardware-aware training, in shares of the largest weight of a tile.
inline constexpr double kRangesTrainingNoise = 0.06;

/// Training steps of one of the two trainings, for StudyResult::substitution.
size_t range_training_steps(const StudyNetwork& set, bool is_small);

/// All networks, mapped, in the order of RangeSetting. Trains two of them, or finds them in
/// `store`. Throws Interrupted once options.stop is set.
std::vector<Network> range_settings(const StudyNetwork& set,
                                    const StudyOptions& options,
                                    StudyNetworks& store);

}  // namespace mho

#endif  // MHO_STUDIES_RANGE_SETTINGS_H

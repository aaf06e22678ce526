// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_STUDY_NMPU_UNITS_H
#define MHO_ANALYSIS_STUDY_NMPU_UNITS_H

// What the study of the near-memory unit measures (Ferro et al., arXiv 2402.07549).

#include <string>
#include <vector>

#include "mho/analysis/statistics.h"
#include "mho/analysis/study_classifiers.h"
#include "mho/net/tile_outputs.h"

namespace mho {

/// HERMES cells on 256 x 256 tiles, whose converters are the counters of the periphery.
HardwareSpec nmpu_hardware();

struct NmpuVariant {
    std::string name;
    DigitalPeriphery periphery;
};
/// The paper's widths in an arithmetic, named after it; counters with 2 % compression.
NmpuVariant nmpu_variant(PeripheryKind kind);

/// {accuracy of one chip one hour after programming, codes that did not fit}, both in percent.
std::vector<double> nmpu_accuracy(const StudyNetwork& set,
                                  const TileOutputs& outputs,
                                  const Network& network,
                                  const DigitalPeriphery& periphery,
                                  uint64_t seed,
                                  uint32_t chip);

/// "4 of 15 layers": those whose ReLU the unit computes.
std::string layers_with_relu(const Network& network, const DigitalPeriphery& periphery);

/// The explanation of a row that does not hold, from differences on the same chips and pictures
/// with a unit so wide that its codes hardly round: are the paper's widths the cause, or would any
/// other rounding do as much? In points.
std::string widths_or_rounding(const Interval& wide_minus_half,
                               const Interval& unit_minus_wide,
                               const std::string& network);

/// Pairs (count, scale code) that differ from the integer reference, over all 2^9 x 2^8 of them.
size_t differing_pairs();

}  // namespace mho

#endif  // MHO_ANALYSIS_STUDY_NMPU_UNITS_H

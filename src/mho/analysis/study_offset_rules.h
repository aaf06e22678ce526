// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_STUDY_OFFSET_RULES_H
#define MHO_ANALYSIS_STUDY_OFFSET_RULES_H

// Rules and devices of the weight error against the offset of the reference (Rasch et al., Nat.
// Commun. 15, 7133 (2024)): half of the study `residual-learning`.

#include <cstddef>
#include <iterator>

#include "mho/train/learner.h"

namespace mho {

enum OffsetRule {
    kTtv2,
    kChopped,
    kAgad,
    kPlain,
    kOffsetRules,
    // Two forms of c-TTv2 that test why it fails on fine devices.
    kChoppedRegularly = kOffsetRules,
    kChoppedHigh,
};
inline constexpr const char* kOffsetNames[] = {"TTv2",
                                               "c-TTv2",
                                               "AGAD",
                                               "analog SGD",
                                               "c-TTv2, a flip at every second read",
                                               "c-TTv2, threshold x 3"};
inline constexpr double kOffsets[] = {0.0, 0.05, 0.1, 0.2, 0.5};
inline constexpr size_t kOffsetCount = std::size(kOffsets);

struct OffsetResolution {
    int states;
    double fast_rate;
    int fast_length;
    int write_length;
    size_t samples;
};
// Coarser steps of the fast device need a smaller rate for the same number of pulses.
inline constexpr OffsetResolution kResolutions[] = {
    {20, 0.2, 5, 1, 100000}, {100, 1.0, 5, 1, 150000}, {1000, 5.0, 31, 5, 300000}};
inline constexpr size_t kResolutionCount = std::size(kResolutions);

/// The learner whose fast device has a reference off its symmetric point by `offset` (spread over
/// cells, in units of w_max).
LearnerConfig offset_rule(OffsetRule rule, const OffsetResolution& resolution, double offset);

}  // namespace mho

#endif  // MHO_ANALYSIS_STUDY_OFFSET_RULES_H

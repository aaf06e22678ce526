// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NET_CALIBRATE_H
#define MHO_NET_CALIBRATE_H

#include <cstddef>
#include <cstdint>

#include "mho/adapt/calibration.h"
#include "mho/net/network.h"

namespace mho {

struct CalibrationOptions {
    CalibrationConfig rule = {};
    size_t batch = 100;  // samples per batch of the moving rules
    uint64_t seed = 1;   // of the analog forward, and of the rows that `cache quantile` keeps
};

/// Sets the input ranges of all analog layers that have one (input_range.enabled) from sample
/// inputs `pixels` [samples, features], after training. `max` and `cache quantile` look at the
/// inputs of the exact network; the moving rules look at those of the analog one (exact tile
/// weights, not programmed), batch by batch with the ranges of the batches before, the first batch
/// through the exact network. A layer that saw only zeros keeps its range. Noise management of
/// calibrated layers is switched off for good: the range takes its place. Throws InputError for a
/// batch of 0, for pixels of the wrong shape or that are not finite, ConfigError for a wrong rule.
void calibrate_input_ranges(Network& network,
                            ConstFloatView pixels,
                            const CalibrationOptions& options = {});

/// The network with exact products in all analog layers and no input ranges.
Network exact_analog(const Network& network);

}  // namespace mho

#endif  // MHO_NET_CALIBRATE_H

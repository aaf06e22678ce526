// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_STEP_TABLE_H
#define MHO_DEVICE_STEP_TABLE_H

// A measured device as a table: what a pulse does at each state. The file is CSV with a header that
// names its columns, in any order:
//
//     state, up, down [, up_std, down_std]
//
// `state` ascends; `up` and `down` are the mean changes by one pulse, in the unit of the state
// (down steps positive or negative); the last two their spread from pulse to pulse. Without a
// header the columns stand in this order.

#include <optional>
#include <string>
#include <string_view>

#include "mho/device/response_models.h"

namespace mho {

struct StepTableOptions {
    /// Weights of the lowest and the highest state. Without them states are weights already, and
    /// 0 must lie between them.
    std::optional<double> w_min;
    std::optional<double> w_max;
};

/// The device of a table. dw_min becomes the mean of the up and the down step at weight 0, the
/// bounds those of the table. Unequally spaced states are interpolated onto at most 1024 equally
/// spaced ones. A table says nothing of how cells differ: all spreads over cells are 0. Throws
/// IoError naming `origin` for a malformed or impossible table, InputError for bad options.
MeasuredStep parse_step_table(std::string_view csv,
                              const std::string& origin,
                              const StepTableOptions& options = {});

/// Whether a file is such a table by its name: `.csv`, compressed or not.
bool is_step_table(std::string name);

/// The same from a file, decompressed if need be.
MeasuredStep read_step_table(const std::string& path, const StepTableOptions& options = {});

}  // namespace mho

#endif  // MHO_DEVICE_STEP_TABLE_H

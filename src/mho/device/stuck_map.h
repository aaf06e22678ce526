// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_STUCK_MAP_H
#define MHO_DEVICE_STUCK_MAP_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mho/random/stream.h"

namespace mho {

/// Defective cells of an array by place. `slice` counts the cells of a weight (as in conductance
/// files), row is the output and column the input; -1 stands for all.
struct StuckMap {
    struct Entry {
        int64_t slice = -1;
        int64_t row = -1;
        int64_t column = -1;
        double g = 0.0;      // state in units of the largest conductance
        double yield = 0.0;  // probability that the cell works nevertheless
        bool operator==(const Entry&) const = default;
    };
    std::vector<Entry> entries;

    /// Overwrites the states of cells of slice `slice`, [rows, columns]. Which cells of uncertain
    /// yield fail depends on the key and the cell alone. Entries outside of the array are for
    /// larger ones and do nothing.
    void apply(uint64_t slice, size_t rows, size_t columns, TileKey key, float* states) const;
};

/// Reads CSV with the header `slice,row,column,g` (stuck cells) or `slice,row,column,g,yield`
/// (cells that fail with probability 1 - yield); `*` in the first three columns stands for all, g
/// is 0 to 1 or `open`, `short`. Throws IoError naming `origin` and line.
StuckMap parse_stuck_map(std::string_view text, const std::string& origin);
StuckMap read_stuck_map(const std::string& path);

}  // namespace mho

#endif  // MHO_DEVICE_STUCK_MAP_H

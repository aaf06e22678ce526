// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TILE_COLUMN_PERIPHERY_H
#define MHO_TILE_COLUMN_PERIPHERY_H

#include <cstdint>
#include <span>
#include <vector>

#include "mho/random/stream.h"
#include "mho/tile/near_memory_unit.h"
#include "mho/tile/periphery_config.h"
#include "mho/util/matrix.h"

namespace mho {

/// The counters behind the columns of one tile and their digital correction. Life: count() what the
/// array gives for known inputs, calibrate() against what it should give, fold() the digital scales
/// in, then run() any output of the array.
class ColumnPeriphery {
  public:
    /// Gains and offsets of the counters are drawn from a key made of `key`, that of the tile.
    ColumnPeriphery(const DigitalPeriphery& config, size_t columns, TileKey key);

    /// Counts of array outputs `[rows, columns]`:
    /// c = clamp(rint(gain y / lsb (1 - compression (y / full scale)^2) + offset)).
    void count(ConstFloatView outputs, MatrixView<int32_t> counts) const;

    /// Least squares of wanted outputs against counts, per column: y = a c + b. Columns whose
    /// counts do not vary get the slope of an average counter.
    void calibrate(MatrixView<const int32_t> counts, ConstFloatView wanted);
    /// The same for the slope alone: drift.
    void recalibrate_slope(MatrixView<const int32_t> counts, ConstFloatView wanted);
    /// Undoes recalibrate_slope.
    void forget_drift() { slope_ = first_slope_; }

    /// Makes the affine law of every column: result = scale_j (a c + b) + shift_j. The integers of
    /// the fixed-point unit are steps of `range` / largest integer; 0 = the range of full scale.
    /// With `relu` results below 0 become 0, and the integers of the unit are unsigned.
    void fold(std::span<const float> scale,
              std::span<const float> shift,
              float range,
              bool relu = false);

    /// Array outputs `[rows, columns]` -> results, in place.
    void run(FloatView outputs, std::vector<int32_t>& counts) const;

    const std::vector<double>& slope() const { return slope_; }
    const std::vector<double>& offset() const { return offset_; }
    /// Codes of the fixed-point unit; empty for the other kinds.
    const NearMemoryCodes& codes() const { return codes_; }
    double step() const { return step_; }

  private:
    DigitalPeriphery config_;
    size_t columns_;
    double lsb_;
    std::vector<float> gain_;          // of the counters, over the average one
    std::vector<float> count_offset_;  // counts
    std::vector<double> slope_, first_slope_, offset_;
    std::vector<ColumnAffine> affine_;  // in steps
    std::vector<float> half_scale_, half_offset_;
    NearMemoryCodes codes_;
    double step_ = 1.0;
    bool relu_ = false;
};

}  // namespace mho

#endif  // MHO_TILE_COLUMN_PERIPHERY_H

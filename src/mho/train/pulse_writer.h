// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TRAIN_PULSE_WRITER_H
#define MHO_TRAIN_PULSE_WRITER_H

// A sequence of rank-1 updates that one or more arrays receive: trains are made once, in memory
// that is kept, and floating-point updates follow the same calls.

#include "mho/device/pulsed_array.h"
#include "mho/train/pulse_rule.h"

namespace mho {

class PulseWriter {
  public:
    /// `key` names the trains.
    PulseWriter(const PulseUpdate& update, TileKey key) : update_(update), key_(key) {}

    /// W -= rate d x' for rows of x [samples, cols] and d [samples, rows], which must live until
    /// the last apply.
    void prepare(ConstFloatView x, ConstFloatView d, double rate, double granularity, ReadKey key);

    /// The same where sample k writes line lines[k] alone: a column (or row) receives
    /// W -= rate `values`(k, .) (1 at the line). Trains of the other side are not drawn where their
    /// counts are binomial numbers. `values` must live until the last apply.
    void prepare_lines(bool columns,
                       std::span<const uint32_t> lines,
                       size_t line_count,
                       ConstFloatView values,
                       double rate,
                       double granularity,
                       ReadKey key);

    /// Applies samples [options.first, + count) to `array`. Law and levels are those of the update.
    /// Floating-point updates know no routing: InputError.
    PulseActivity apply(PulsedArray& array, PulseOptions options = {});

    const PulseUpdate& update() const { return update_; }

  private:
    PulseActivity apply_numbers(PulsedArray& array, const PulseOptions& options);

    PulseUpdate update_;
    TileKey key_;
    PulseTrains trains_;
    ConstFloatView x_;
    ConstFloatView d_;
    Matrix<float> one_hot_;
    double rate_ = 0;
    ReadKey read_key_;
};

/// Whether an update adds numbers instead of pulses.
bool is_floating_point(const PulseUpdate& update);

}  // namespace mho

#endif  // MHO_TRAIN_PULSE_WRITER_H

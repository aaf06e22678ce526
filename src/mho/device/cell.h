// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_CELL_H
#define MHO_DEVICE_CELL_H

// The cell of a bit-sliced crossbar: states g = G / Gmax in, noisy conductances out. Standard
// deviations of programming, G in uS (fits of CrossSim 3.2 to the published data):
//
//     pcm joshi   max(-0.00178767 G^2 + 0.07585724 G + 0.28638599, 0)      up to 25 uS
//     rram milo   max(-0.009107 G + 4.782321, 0)                           50 ... 225 uS
//     rram wan    max(1.536e-4 G^3 - 1.167e-2 G^2 + 0.2374 G + 1.053, 0)   up to 39.26 uS
//     sonos       A (1 - exp(-I / B)) nA, (A, B) by day; mean shift from a table over the current
//
// Order: state -> programming error, drift -> wear -> read disturb -> cut at 0 (or to the range).

#include <cstdint>
#include <span>
#include <string_view>

#include "mho/device/cell_config.h"
#include "mho/device/monotone_table.h"
#include "mho/random/stream.h"

namespace mho {

/// Which sources act.
struct CellSwitches {
    bool programming = true;
    bool drift = true;
};

std::string_view model_name(const CellModel& model);

class Cell {
  public:
    /// Reads the table's file if it names one. Throws ConfigError for parameters out of range,
    /// IoError for a bad table.
    explicit Cell(const CellConfig& config);

    const CellConfig& config() const { return config_; }

    /// Conductances of cells first, first + 1, ... that were programmed to `states`, `t_s` seconds
    /// ago (0 = just now), in programming number `programming`. Draws kProgramming and
    /// kDriftCoefficient. Throws InputError, naming the right ones, for times beyond the data of
    /// the model. `out` may be `states`.
    void write(std::span<const float> states,
               double t_s,
               CellSwitches switches,
               TileKey key,
               uint64_t programming,
               uint64_t first,
               std::span<float> out) const;

    /// Mean and standard deviation over cells right after programming and at `t_s`; of the first
    /// three steps of the order without wear. Units of Gmax.
    double mean(double state, double t_s) const;
    double programming_std(double state, double t_s) const;
    /// Standard deviation of one reading of a conductance g.
    double read_std(double g) const;
    bool has_read_noise() const;

    /// I-V: the current of a cell at v = V / V_read, in units of Gmax V_read, is
    /// g shape(v) + second(g) v |v| + third(g) v^3.
    double shape(double v) const;
    double second(double g) const;
    double third(double g) const;
    bool has_shape() const;
    bool has_state_dependent_iv() const;

    /// Throws InputError when the model does not hold at this time.
    void require_time(double t_s) const;

    /// The law of one cell, serial and double: `error` is the number drawn for programming (normal,
    /// or uniform minus 1/2), `drift` the normal number of the drift exponent.
    double reference(double state, double t_s, double error, double drift) const;

  private:
    double law(double state, double t_s, double error, double drift, double disturbed) const;
    double disturbed(double t_s) const;
    double worn(double g, double t_s) const;
    double table_us(const MonotoneTable& table, double g, double fallback) const;

    CellConfig config_;
    MonotoneTable mean_, std_, nu_, nu_std_, read_, curve_;
    double curve_scale_ = 1.0;
};

}  // namespace mho

#endif  // MHO_DEVICE_CELL_H

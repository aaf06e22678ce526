// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ADAPT_PROGRAMMERS_H
#define MHO_ADAPT_PROGRAMMERS_H

// Programming by repeated pulses (docs/models/programming.md): each cell read and corrected on its
// own, or the error of whole products brought down by gradient descent (Buechel et al.,
// arXiv 2305.16647).

#include <cstdint>
#include <memory>
#include <vector>

#include "mho/adapt/programming_config.h"
#include "mho/tile/tile.h"

namespace mho {

/// What happened while one tile was programmed.
struct ProgrammingTrace {
    std::vector<double> error;  // after each iteration: |a y + b - y*| / |y*| of its own inputs
                                // (gradient descent), mean |cell reading - target| (verify)
    uint64_t pulses = 0;        // given to all cells together
};

/// The cells of a tile under pulses, in units of its target weights: signed values
/// (positive device minus negative device), at most `w_max` each way.
///   w <- clamp(w + gain_cell (wanted change) + pulse_noise w_max N(0, 1))
class PulsedCells {
  public:
    /// Starts at `start`; `programming` numbers independent programmings of the tile.
    PulsedCells(const ProgrammingConfig& config,
                const Tile& tile,
                Matrix<float> start,
                float w_max,
                uint64_t programming);

    /// One pulse to every cell whose wanted change is not 0.
    void pulse(const Matrix<float>& wanted);
    /// Cells as one reading sees them: with the read noise of `config`.
    Matrix<float> reading();
    /// Products of the tile's own converters and imperfections with cells that carry read noise:
    /// x `[rows, inputs]` -> `[rows, outputs]`, column gains included.
    Matrix<float> products(ConstFloatView x);

    const Matrix<float>& weights() const { return weights_; }
    float w_max() const { return w_max_; }
    uint64_t pulses() const { return pulses_; }

  private:
    void normals(std::vector<float>& out);

    ProgrammingConfig config_;
    const Tile& tile_;
    Matrix<float> weights_;
    float w_max_;
    uint64_t programming_;
    std::vector<float> gain_;         // of cells
    std::vector<float> column_gain_;  // of the columns' converters
    uint64_t draws_ = 0;
    uint64_t pulses_ = 0;
};

/// Brings the cells to `target` in `config.kind`'s way (the pulsed kinds).
ProgrammingTrace run_verify(const ProgrammingConfig& config,
                            ConstFloatView target,
                            PulsedCells& cells);
ProgrammingTrace run_gradient(const ProgrammingConfig& config,
                              ConstFloatView target,
                              PulsedCells& cells,
                              TileKey key,
                              uint64_t programming);
ProgrammingTrace run_closed_loop(const ProgrammingConfig& config,
                                 ConstFloatView target,
                                 PulsedCells& cells,
                                 TileKey key,
                                 uint64_t programming);

/// Programs a tile by pulses: the first shot is a draw of the tile's conductance model, except that
/// the closed loop starts near zero. Afterwards the cells drift by the tile's model. Throws
/// InputError for converters other than a single pair.
ProgrammingTrace program_by_pulses(const ProgrammingConfig& config,
                                   Tile& tile,
                                   ConstFloatView target,
                                   uint64_t programming,
                                   ConductanceSwitches switches = {});

/// The programmer of a configuration; nothing for `single shot` and for `optimised map` (which
/// changes the converter of the tile, see weight_map.h).
std::unique_ptr<Programmer> make_programmer(const ProgrammingConfig& config);

/// Per-column least squares y* = a y + b of `[rows, outputs]`, then |a y + b - y*| / |y*|. What a
/// product is worth once its columns are corrected digitally.
double error_after_affine(ConstFloatView measured, ConstFloatView wanted);

}  // namespace mho

#endif  // MHO_ADAPT_PROGRAMMERS_H

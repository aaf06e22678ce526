// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TILE_ACTIVITY_H
#define MHO_TILE_ACTIVITY_H

// What the lines of a matrix saw and what hangs on them: all that energy needs from a simulation.

#include <cstdint>
#include <vector>

#include "mho/tile/grid.h"
#include "mho/util/matrix.h"

namespace mho {

/// Counts over the input vectors of a matrix, per input line. They are whole numbers of converter
/// codes, so the counts of a batch are exactly those of its parts in any cut and order.
struct Activity {
    uint64_t vectors = 0;
    uint32_t full_scale = 0;        // largest code of the input converter
    std::vector<uint64_t> codes;    // sum |code|
    std::vector<uint64_t> squares;  // sum code^2
    std::vector<uint64_t> bits;     // set bits of |code|
    std::vector<uint64_t> driven;   // vectors whose code is not 0

    size_t lines() const { return codes.size(); }
    /// Adds the counts of other vectors of the same matrix. Throws InputError when they are of
    /// another matrix or converter.
    void add(const Activity& other);
};

/// Largest code of a converter with `steps` over its range; one that does not round counts as one
/// of 2^16 - 2 steps.
uint32_t full_scale_code(double steps);

/// Adds the vectors x `[rows, inputs]` that are applied to the grid: input ranges, digital scaling
/// (the largest size of `abs max np sum` is taken as that of `abs max`) and the input converter act
/// as in TileGrid::apply, noise and rounding at random do not. On a crossbar every pass counts, in
/// units of its largest digit, while `vectors` stays that of whole inputs. Repetitions by bound
/// management are not counted.
void count_activity(const TileGrid& grid, ConstFloatView x, Activity& activity);

/// Conductance at every input line, uS: the sum over outputs and devices of the present
/// conductances. Signed quantities (converter `differential`) count by their size.
std::vector<double> line_conductances_us(const TileGrid& grid);

}  // namespace mho

#endif  // MHO_TILE_ACTIVITY_H

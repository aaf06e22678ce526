// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ADAPT_MODIFIED_GRID_H
#define MHO_ADAPT_MODIFIED_GRID_H

#include <cstdint>

#include "mho/adapt/modifier.h"
#include "mho/tile/grid.h"

namespace mho {

/// Sets the tiles of a grid to weights [outputs, inputs] as the modifier changes them (drawn from
/// each tile's key and `step`), panel by panel while they are in the cache, and leaves them in
/// `modified` too. Throws InputError for weights that are not finite.
void set_modified_weights(TileGrid& grid,
                          const WeightModifier& modifier,
                          ConstFloatView weights,
                          FloatView modified,
                          uint64_t step);

/// After an optimiser step: clips the weights [outputs, inputs] of every tile, then remaps them,
/// which folds the learned scales into those of the mapping, both [input pieces, outputs].
void clip_and_remap(const TileGrid& grid,
                    const WeightClip& clip,
                    const WeightRemap& remap,
                    FloatView weights,
                    FloatView mapping,
                    FloatView learned);

}  // namespace mho

#endif  // MHO_ADAPT_MODIFIED_GRID_H

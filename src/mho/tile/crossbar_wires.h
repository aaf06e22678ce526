// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TILE_CROSSBAR_WIRES_H
#define MHO_TILE_CROSSBAR_WIRES_H

#include "mho/array/wires.h"
#include "mho/tile/crossbar_config.h"

namespace mho {

/// The lines of a crossbar as a circuit: pairs where they are interleaved.
WireConfig lines_of(const Crossbar& crossbar);
/// Whether the lines of a slice have any resistance.
bool slice_has_wires(const Crossbar& crossbar, size_t slice);

}  // namespace mho

#endif  // MHO_TILE_CROSSBAR_WIRES_H

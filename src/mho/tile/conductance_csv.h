// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TILE_CONDUCTANCE_CSV_H
#define MHO_TILE_CONDUCTANCE_CSV_H

#include <string>
#include <string_view>

#include "mho/tile/grid.h"

namespace mho {

// Conductances as text: one line per device,
//
//     tile_row,tile_col,slice,row,column,g_us
//     0,0,0,0,0,12.5
//
// tile_row and tile_col number the tiles of a layer along its outputs and inputs; slice counts the
// devices of a weight (g+, g-, g+ of the next pair, ...); row is the output and column the input of
// the weight within its tile; g_us is the conductance in uS. All numbers count from 0.

/// The present conductances (see Tile::conductances_us), each in the shortest form that reads back
/// as the same float.
std::string format_conductances(const Tile& tile);
std::string format_conductances(const TileGrid& grid);
/// The same into a file, atomically.
void write_conductances(const std::string& path, const Tile& tile);
void write_conductances(const std::string& path, const TileGrid& grid);

/// Reads conductances, for example measured ones, into a programmed tile
/// (Tile::set_conductances_us) or into all tiles of a layer. Lines may come in any order, every
/// device exactly once. Throws IoError naming `origin` and line for a wrong header, a field that is
/// no number, a device that the tiles do not have or that came before, and a conductance outside 0
/// ... 10 g_max (below zero only with signed conductances), which usually means another unit; also,
/// with the first missing device, for a file that is not complete. Nothing is changed then.
void parse_conductances(std::string_view text, const std::string& origin, Tile& tile);
void parse_conductances(std::string_view text, const std::string& origin, TileGrid& grid);
/// The same from a file, decompressed if need be.
void read_conductances(const std::string& path, Tile& tile);
void read_conductances(const std::string& path, TileGrid& grid);

}  // namespace mho

#endif  // MHO_TILE_CONDUCTANCE_CSV_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TILE_STUCK_CELLS_H
#define MHO_TILE_STUCK_CELLS_H

#include <array>
#include <cstdint>
#include <span>

#include "mho/random/stream.h"
#include "mho/util/reflect.h"

namespace mho {

/// Where a defective cell stays.
enum class StuckAt {
    kZero,    // no conductance at all: an open cell
    kGMax,    // the largest conductance: a short
    kRandom,  // uniform between the smallest and the largest conductance
};

template <>
struct EnumNames<StuckAt> {
    static constexpr std::array<std::pair<StuckAt, std::string_view>, 3> names = {
        {{StuckAt::kZero, "zero"}, {StuckAt::kGMax, "g_max"}, {StuckAt::kRandom, "random"}}};
};

/// Defective cells of a programmed tile; yield = 1 - probability. A stuck cell neither takes
/// programming nor drifts nor fluctuates.
struct StuckCells {
    double probability = 0.0;
    StuckAt at = StuckAt::kZero;
};

template <>
struct Schema<StuckCells> {
    static constexpr std::string_view name = "StuckCells";
    static void fields(auto&& visit) {
        visit(field("probability",
                    &StuckCells::probability,
                    {.unit = "1",
                     .min = 0,
                     .max = 1,
                     .meaning = "share of cells that are stuck, the same ones at every programming "
                                "of a chip; 1 - yield",
                     .source = "arXiv 2302.08469, sensitivity to stuck devices"}));
        visit(field("at",
                    &StuckCells::at,
                    {.meaning = "conductance of a stuck cell: zero, the largest one, or a fixed "
                                "random one",
                     .source = "arXiv 2302.08469"}));
    }
};

/// Overwrites the conductances of stuck cells, numbered from `first_cell`. Which cells are stuck,
/// and where, depends on the tile key and the cell's number alone (stream kStuckCell); the cells of
/// a smaller probability are among those of a larger one. `g_min_us` below zero stands for signed
/// conductances (both polarities in one number): `g_max` then takes a random sign.
void apply_stuck_cells(const StuckCells& stuck,
                       double g_min_us,
                       double g_max_us,
                       TileKey key,
                       uint64_t first_cell,
                       std::span<float> conductances_us);

}  // namespace mho

#endif  // MHO_TILE_STUCK_CELLS_H

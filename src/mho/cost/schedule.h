// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_COST_SCHEDULE_H
#define MHO_COST_SCHEDULE_H

#include <cstddef>
#include <vector>

#include "mho/cost/cost_config.h"

namespace mho::cost {

/// A layer as the schedule sees it.
struct Stage {
    double duration_ns = 0;         // of a sample on one copy of its tiles
    std::vector<size_t> inputs;     // stages before it (lower indices)
    double input_share = 1;         // share of an input that it needs before it can start
    size_t tiles = 0;               // of one copy; 0 = digital, never copied
    size_t copies = 1;              // each takes a part of the sample's vectors
    std::vector<size_t> resources;  // physical tiles; stages that share one take turns

    double busy_ns() const { return duration_ns / static_cast<double>(copies); }
};

struct Interval {
    double start_ns = 0;
    double end_ns = 0;
};

struct Schedule {
    std::vector<std::vector<Interval>> stages;  // [sample][stage]
    double latency_ns = 0;                      // of the first sample, in the empty chip
    double interval_ns = 0;                     // between samples, once the pipeline is full
    std::vector<double> utilisation;            // share of the interval in which a stage works
    std::vector<double> tile_utilisation;       // the same for physical tiles
};

/// Follows `samples` samples through the stages, event by event: a stage starts as soon as its
/// inputs and its tiles are there, earlier samples first (the scheduler of the IBM
/// 3D-CiM-LLM-Inference-Simulator, for layers). Throws InputError for stages that do not make
/// sense.
Schedule schedule(const std::vector<Stage>& stages, ScheduleMode mode, size_t samples);

/// Copies of the slowest stages until `tiles` tiles are used up or nothing can get faster. Returns
/// the tiles used. Throws ConfigError when one copy of everything needs more.
size_t balance(std::vector<Stage>& stages, size_t tiles);

/// A piece of a matrix that goes to a tile.
struct Piece {
    size_t stage = 0;
    size_t rows = 1;
    size_t columns = 1;
};

/// Places pieces on as few tiles as first fit finds, largest first, in shelves of equal rows.
/// Returns the tile of each piece.
std::vector<size_t> place(const std::vector<Piece>& pieces, size_t tile_rows, size_t tile_columns);

}  // namespace mho::cost

#endif  // MHO_COST_SCHEDULE_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_SHAPLEY_H
#define MHO_ANALYSIS_SHAPLEY_H

// Fair shares of what several causes bring about together (L. S. Shapley, "A value for n-person
// games", 1953): the mean, over all orders of joining, of what a player adds to those before it.
// Estimated from sampled orders (Castro, Gomez, Tejada, Computers & Operations Research 36, 1726,
// 2009), each taken forwards and backwards.

#include <cstdint>
#include <functional>
#include <vector>

#include "mho/analysis/statistics.h"

namespace mho {

inline constexpr size_t kMaxShapleyPlayers = 20;

struct ShapleyShares {
    /// Of each player; the half-width joins the spread over samples (Student's t) and that over
    /// orders. Within every sample the shares sum to value(all) - value(none) exactly.
    std::vector<Interval> share;
    size_t evaluations = 0;  // different (coalition, sample) pairs that were asked for
};

/// `value(coalition, sample)`: bit p of the coalition tells whether player p takes part; samples
/// (simulated chips) are 0 ... samples - 1. Values are remembered, so a coalition costs once.
/// `orders`: number of orders, rounded up to a pair; 2 players or fewer need one pair. Throws
/// InputError for no samples, no orders or more than kMaxShapleyPlayers players.
ShapleyShares shapley_shares(size_t players,
                             size_t samples,
                             size_t orders,
                             uint64_t seed,
                             const std::function<double(uint32_t coalition, size_t sample)>& value);

}  // namespace mho

#endif  // MHO_ANALYSIS_SHAPLEY_H

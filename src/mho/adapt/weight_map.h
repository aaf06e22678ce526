// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ADAPT_WEIGHT_MAP_H
#define MHO_ADAPT_WEIGHT_MAP_H

// Weight-programming optimisation (Mackin et al., Nat. Commun. 13, 3765 (2022)): which conductances
// of a pair should hold a weight, so that noise and drift of the cells cost least.

#include <cstdint>
#include <vector>

#include "mho/adapt/differential_evolution.h"
#include "mho/array/converter_config.h"
#include "mho/device/conductance.h"
#include "mho/util/matrix.h"

namespace mho {

struct WeightMapOptions {
    int bins = 6;               // pieces of the map from 0 to the largest weight
    size_t most_weights = 512;  // of the tile, equally spaced in order, that the loss looks at
    std::vector<double> times_s = {1, 3600, 86400, 2592000, 31536000};
    DifferentialEvolution evolution = {};
};

struct WeightMap {
    CustomPair converter;
    double plain_error = 0;      // root mean square weight error over the times, of the usual pair,
    double optimised_error = 0;  // and of this map, in units of the largest weight
};

/// Root mean square error, over the times, of weights programmed by a converter and read with the
/// best common factor at each time (global drift compensation), in units of the largest weight.
/// `repetitions` independent programmings of each weight.
double weight_error(const Converter& converter,
                    const ConductanceModel& model,
                    ConstFloatView weights,
                    const std::vector<double>& times_s,
                    TileKey key,
                    size_t repetitions);

/// Finds a common-mode conductance for every size of weight (the same for both signs), piecewise
/// linear over `bins` pieces, that minimises weight_error: weight w is held by
/// g+ = w + c(|w|), g- = c(|w|). The usual pair has c = 0 and is one of the candidates, so the
/// result is never worse on the weights looked at. `g_max_us` bounds both devices.
WeightMap optimise_weight_map(const ConductanceModel& model,
                              double g_max_us,
                              ConstFloatView weights,
                              const WeightMapOptions& options = {});

}  // namespace mho

#endif  // MHO_ADAPT_WEIGHT_MAP_H

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
    int pairs = 1;              // of devices that hold a weight: 1 or 2
    size_t most_weights = 512;  // of the tile, equally spaced in order, that the loss looks at
    std::vector<double> times_s = {1, 3600, 86400, 2592000, 31536000};
    DifferentialEvolution evolution = {};
};

struct WeightMap {
    CustomPair converter;
    double plain_error = 0;      // root mean square weight error over the times, of that candidate,
    double optimised_error = 0;  // and of this map, in units of the largest weight
};

/// Two pairs of equal significance, each with half of every weight and one device at rest.
CustomPair even_pairs(double g_max_us);

/// Root mean square error, over the times, of weights programmed by a converter and read with the
/// best common factor at each time (global drift compensation), in units of the largest weight.
/// `repetitions` independent programmings of each weight.
double weight_error(const Converter& converter,
                    const ConductanceModel& model,
                    ConstFloatView weights,
                    const std::vector<double>& times_s,
                    TileKey key,
                    size_t repetitions);

/// Finds which conductances hold a weight of every size (the same for both signs), piecewise linear
/// over `bins` pieces, such that weight_error is least. One pair: g+ = w + c(|w|), g- = c(|w|). Two
/// pairs, the first with significance f in [0.1, 5]: w = f (G+ - G-) + (g+ - g-), where the share
/// of the first pair, both common modes and f are free. The usual pair (c = 0), or an even split
/// over two pairs, is one of the candidates: the result is never worse than that on the weights
/// looked at. `g_max_us` bounds all devices.
WeightMap optimise_weight_map(const ConductanceModel& model,
                              double g_max_us,
                              ConstFloatView weights,
                              const WeightMapOptions& options = {});

}  // namespace mho

#endif  // MHO_ADAPT_WEIGHT_MAP_H

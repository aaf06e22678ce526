// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ADAPT_DIFFERENTIAL_EVOLUTION_H
#define MHO_ADAPT_DIFFERENTIAL_EVOLUTION_H

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace mho {

struct DifferentialEvolution {
    int population = 40;  // at least 5
    int generations = 60;
    double mutation = 0.5;
    double recombination = 0.7;
    uint64_t seed = 1;
};

struct EvolutionResult {
    std::vector<double> best;
    double value = 0;
    std::vector<double> history;  // best value after every generation, never rising
};

/// Minimises f over a box by differential evolution, strategy best/1/bin (Storn and Price 1997):
/// a trial is best + mutation (a - b) in a random share `recombination` of its coordinates, and
/// replaces its parent when it is not worse. Starts from a Latin hypercube whose first member is
/// `start` where one is given. Coordinates that leave the box are drawn anew. Throws InputError for
/// an empty box or settings out of range.
EvolutionResult evolve(const DifferentialEvolution& settings,
                       std::span<const double> low,
                       std::span<const double> high,
                       const std::function<double(std::span<const double>)>& f,
                       std::span<const double> start = {});

}  // namespace mho

#endif  // MHO_ADAPT_DIFFERENTIAL_EVOLUTION_H

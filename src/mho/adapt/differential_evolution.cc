// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/adapt/differential_evolution.h"

#include <algorithm>
#include <cmath>

#include "mho/random/stream.h"
#include "mho/util/error.h"
#include "mho/util/finite.h"

namespace mho {
namespace {

// Uniform numbers one at a time, refilled in blocks.
class Dice {
  public:
    explicit Dice(uint64_t seed) : key_(make_tile_key(seed, "differential evolution")) {}
    double uniform() {
        if (next_ == numbers_.size()) {
            numbers_.resize(kRandomBlock);
            fill_uniform(key_, Stream::kLearner, step_++, 0, numbers_);
            next_ = 0;
        }
        return numbers_[next_++];
    }
    size_t below(size_t n) {
        return std::min(n - 1, static_cast<size_t>(uniform() * static_cast<double>(n)));
    }

  private:
    TileKey key_;
    uint64_t step_ = 0;
    std::vector<float> numbers_;
    size_t next_ = 0;
};

}  // namespace

EvolutionResult evolve(const DifferentialEvolution& settings,
                       std::span<const double> low,
                       std::span<const double> high,
                       const std::function<double(std::span<const double>)>& f,
                       std::span<const double> start) {
    const size_t n = low.size();
    if (n == 0 || high.size() != n || (!start.empty() && start.size() != n) ||
        settings.population < 5 || settings.generations < 0) {
        throw InputError(
            "differential evolution needs a box, a start inside it or none, and a "
            "population of 5 or more");
    }
    require_all_finite(low, "lower corner of a box");
    require_all_finite(high, "upper corner of a box");
    for (size_t i = 0; i < n; i++) {
        if (!(low[i] <= high[i])) {
            throw InputError("every coordinate of the box needs low <= high");
        }
    }
    Dice dice(settings.seed);
    const auto members = static_cast<size_t>(settings.population);
    const auto anywhere = [&](size_t i) { return low[i] + dice.uniform() * (high[i] - low[i]); };
    // Latin hypercube: every coordinate visits each of `members` equal slices once.
    std::vector<std::vector<double>> member(members, std::vector<double>(n));
    for (size_t i = 0; i < n; i++) {
        std::vector<size_t> slice(members);
        for (size_t m = 0; m < members; m++) {
            slice[m] = m;
        }
        for (size_t m = members; m-- > 1;) {
            std::swap(slice[m], slice[dice.below(m + 1)]);
        }
        for (size_t m = 0; m < members; m++) {
            const double at =
                (static_cast<double>(slice[m]) + dice.uniform()) / static_cast<double>(members);
            member[m][i] = low[i] + at * (high[i] - low[i]);
        }
    }
    if (!start.empty()) {
        member[0].assign(start.begin(), start.end());
    }
    std::vector<double> value;
    for (const std::vector<double>& m : member) {
        value.push_back(f(m));
    }
    size_t best = static_cast<size_t>(std::min_element(value.begin(), value.end()) - value.begin());
    EvolutionResult result;
    for (int generation = 0; generation < settings.generations; generation++) {
        for (size_t m = 0; m < members; m++) {
            const size_t a = dice.below(members);
            size_t b = dice.below(members);
            if (b == a) {
                b = (a + 1) % members;
            }
            std::vector<double> trial = member[m];
            const size_t certain = dice.below(n);
            for (size_t i = 0; i < n; i++) {
                if (i == certain || dice.uniform() < settings.recombination) {
                    trial[i] = member[best][i] + settings.mutation * (member[a][i] - member[b][i]);
                    if (!(trial[i] >= low[i] && trial[i] <= high[i])) {
                        trial[i] = anywhere(i);
                    }
                }
            }
            const double v = f(trial);
            if (v <= value[m]) {
                value[m] = v;
                member[m] = std::move(trial);
                if (v < value[best]) {
                    best = m;
                }
            }
        }
        result.history.push_back(value[best]);
    }
    result.best = member[best];
    result.value = value[best];
    return result;
}

}  // namespace mho

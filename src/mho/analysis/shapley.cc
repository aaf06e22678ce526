// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/shapley.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "mho/random/stream.h"
#include "mho/util/error.h"
#include "mho/util/finite.h"

namespace mho {
namespace {

// A random order, by sorting random keys.
std::vector<size_t> random_order(size_t players, uint64_t seed, size_t number) {
    std::vector<float> keys(players);
    fill_uniform(make_tile_key(seed, "shapley orders"), Stream::kShuffle, number, 0, keys);
    std::vector<size_t> order(players);
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(
        order.begin(), order.end(), [&](size_t a, size_t b) { return keys[a] < keys[b]; });
    return order;
}

}  // namespace

ShapleyShares shapley_shares(
    size_t players,
    size_t samples,
    size_t orders,
    uint64_t seed,
    const std::function<double(uint32_t coalition, size_t sample)>& value) {
    if (players > kMaxShapleyPlayers || samples == 0 || orders == 0) {
        throw InputError("Shapley shares: needs samples, orders and at most " +
                         std::to_string(kMaxShapleyPlayers) + " players");
    }
    std::map<std::pair<uint32_t, size_t>, double> known;
    const auto remembered = [&](uint32_t coalition, size_t sample) {
        const auto [at, is_new] = known.try_emplace({coalition, sample}, 0.0);
        if (is_new) {
            at->second = value(coalition, sample);
            require_finite_number(at->second, "value of a coalition");
        }
        return at->second;
    };
    const size_t pairs = (orders + 1) / 2;
    // gain[player][pair][sample], the mean of both directions.
    std::vector<std::vector<std::vector<double>>> gain(
        players, std::vector<std::vector<double>>(pairs, std::vector<double>(samples)));
    for (size_t pair = 0; pair < pairs; pair++) {
        std::vector<size_t> order = random_order(players, seed, pair);
        for (int direction = 0; direction < 2; direction++) {
            for (size_t sample = 0; sample < samples; sample++) {
                uint32_t coalition = 0;
                double before = remembered(coalition, sample);
                for (const size_t p : order) {
                    coalition |= 1U << p;
                    const double after = remembered(coalition, sample);
                    gain[p][pair][sample] += (after - before) / 2;
                    before = after;
                }
            }
            std::reverse(order.begin(), order.end());
        }
    }
    ShapleyShares shares;
    shares.evaluations = known.size();
    for (size_t p = 0; p < players; p++) {
        std::vector<double> of_sample(samples, 0.0);
        std::vector<double> of_pair(pairs, 0.0);
        for (size_t pair = 0; pair < pairs; pair++) {
            for (size_t s = 0; s < samples; s++) {
                of_sample[s] += gain[p][pair][s] / static_cast<double>(pairs);
                of_pair[pair] += gain[p][pair][s] / static_cast<double>(samples);
            }
        }
        const double over_samples = samples > 1 ? t_interval(of_sample).half_width() : 0.0;
        const double over_orders = pairs > 1 ? t_interval(of_pair).half_width() : 0.0;
        const double half = std::hypot(over_samples, over_orders);
        const double share = mean(of_sample);
        shares.share.push_back({share, share - half, share + half});
    }
    return shares;
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/adapt/weight_map.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "mho/array/converter.h"
#include "mho/util/error.h"
#include "mho/util/finite.h"

namespace mho {
namespace {

// Conductances of one pair at nodes of |w| from 0 to the largest: difference and common mode.
struct PairNodes {
    std::vector<double> difference_us;
    std::vector<double> common_us;
};

// The tables over equidistant weights from -1 to 1: negative weights swap the devices.
CustomPair converter_of(const std::vector<PairNodes>& pairs,
                        std::vector<double> factors,
                        double g_max_us) {
    CustomPair converter;
    converter.factors = std::move(factors);
    converter.g_plus_us.clear();
    converter.g_minus_us.clear();
    for (const PairNodes& p : pairs) {
        const size_t bins = p.common_us.size() - 1;
        std::vector<double> plus(2 * bins + 1);
        std::vector<double> minus(2 * bins + 1);
        for (size_t i = 0; i <= bins; i++) {
            const double large = p.difference_us[i] + p.common_us[i];
            plus[bins + i] = minus[bins - i] = large;
            plus[bins - i] = minus[bins + i] = p.common_us[i];
        }
        converter.g_plus_us.push_back(std::move(plus));
        converter.g_minus_us.push_back(std::move(minus));
    }
    converter.g_max_us = g_max_us;
    return converter;
}

constexpr double kLeastTop = 0.3;  // of the largest weight, as a share of what the devices can hold
constexpr double kLeastFactor = 0.1;
constexpr double kMostFactor = 5.0;

// What the search moves: the largest weight as a share of what the devices can hold; with two pairs
// the significance of the first, on a logarithmic scale, and its share of every node; common modes
// as shares of what the larger device leaves.
struct MapSpace {
    size_t bins;
    size_t pairs;
    double g_max_us;

    size_t size() const { return pairs == 1 ? 1 + nodes() : 2 + 3 * nodes(); }
    size_t nodes() const { return bins + 1; }

    std::vector<double> usual() const {
        std::vector<double> x(size(), 0.0);
        x[0] = 1.0;
        if (pairs == 2) {
            x[1] = std::log(1.0 / kLeastFactor) / std::log(kMostFactor / kLeastFactor);
            std::fill_n(x.begin() + 2, nodes(), 0.5);
        }
        return x;
    }

    CustomPair at(std::span<const double> x) const {
        const double f =
            pairs == 1 ? 1.0 : kLeastFactor * std::pow(kMostFactor / kLeastFactor, x[1]);
        const double top = x[0] * g_max_us * (pairs == 1 ? 1.0 : 1.0 + f);
        std::vector<PairNodes> held(pairs);
        for (size_t i = 0; i < nodes(); i++) {
            const double w = top * static_cast<double>(i) / static_cast<double>(bins);
            double first = w;  // in conductance of the only pair, or of the first
            if (pairs == 2) {
                // Neither pair can hold more than g_max.
                const double least = std::max(w - g_max_us, 0.0) / f;
                first =
                    std::clamp(x[2 + i] * w / f, least, std::max(least, std::min(g_max_us, w / f)));
            }
            const double rest = std::clamp(w - f * first, 0.0, g_max_us);
            const size_t commons = pairs == 1 ? 1 : 2 + nodes();
            for (size_t p = 0; p < pairs; p++) {
                const double d = std::min(p == 0 ? first : rest, g_max_us);
                held[p].difference_us.push_back(d);
                held[p].common_us.push_back(x[commons + p * nodes() + i] * (g_max_us - d));
            }
        }
        return converter_of(
            held, pairs == 1 ? std::vector<double>{1.0} : std::vector<double>{f, 1.0}, g_max_us);
    }
};

// A sample of the weights in order, the largest among them; one row.
Matrix<float> sample_of(ConstFloatView weights, size_t most) {
    std::vector<float> all;
    for (size_t r = 0; r < weights.rows; r++) {
        all.insert(all.end(), weights.row(r), weights.row(r) + weights.cols);
    }
    std::sort(all.begin(), all.end());
    if (all.size() <= most) {
        Matrix<float> m(1, all.size());
        m.values = std::move(all);
        return m;
    }
    Matrix<float> m(1, most);
    for (size_t i = 0; i < most; i++) {
        m.values[i] = all[i * (all.size() - 1) / (most - 1)];
    }
    return m;
}

}  // namespace

double weight_error(const Converter& converter,
                    const ConductanceModel& model,
                    ConstFloatView weights,
                    const std::vector<double>& times_s,
                    TileKey key,
                    size_t repetitions) {
    float w_max = 0;
    for (size_t r = 0; r < weights.rows; r++) {
        for (size_t j = 0; j < weights.cols; j++) {
            w_max = std::max(w_max, std::abs(weights(r, j)));
        }
    }
    if (w_max == 0 || times_s.empty() || repetitions == 0) {
        throw InputError("the error of weights needs weights other than 0, times and repetitions");
    }
    const Conductances targets = to_conductances(converter, weights);
    const double g_max = g_max_us(converter);
    const uint64_t cells = weights.rows * weights.cols;
    Matrix<float> now(weights.rows, weights.cols);
    double total = 0;
    for (size_t t = 0; t < times_s.size(); t++) {
        double wx = 0;
        double ww = 0;
        double xx = 0;
        for (size_t repetition = 0; repetition < repetitions; repetition++) {
            Conductances present = targets;
            for (size_t s = 0; s < present.slices.size(); s++) {
                std::vector<float>& g = present.slices[s].values;
                program_and_read(model, g_max, g, times_s[t], g, key, repetition, t, s * cells);
            }
            to_weights(converter, present, now.view());
            for (size_t r = 0; r < weights.rows; r++) {
                for (size_t j = 0; j < weights.cols; j++) {
                    const double w = weights(r, j);
                    const double x = now(r, j);
                    wx += w * x;
                    ww += w * w;
                    xx += x * x;
                }
            }
        }
        // min over a of sum (a x - w)^2.
        total += std::max(0.0, ww - (xx > 0 ? wx * wx / xx : 0.0));
    }
    const double count = static_cast<double>(cells * repetitions * times_s.size());
    return std::sqrt(total / count) / double{w_max};
}

CustomPair even_pairs(double g_max_us) {
    require_positive(g_max_us, "g_max_us");
    const MapSpace space{1, 2, g_max_us};
    return space.at(space.usual());
}

WeightMap optimise_weight_map(const ConductanceModel& model,
                              double g_max_us,
                              ConstFloatView weights,
                              const WeightMapOptions& options) {
    if (options.bins < 1 || options.bins > 1000 || options.most_weights < 2) {
        throw InputError("a weight map has 1 to 1000 bins and looks at two weights or more");
    }
    if (options.pairs < 1 || options.pairs > 2) {
        throw InputError("a weight map has one or two pairs of devices, got " +
                         std::to_string(options.pairs));
    }
    require_finite(weights, "weights of a weight map");
    const Matrix<float> sample = sample_of(weights, options.most_weights);
    const MapSpace space{
        static_cast<size_t>(options.bins), static_cast<size_t>(options.pairs), g_max_us};
    const TileKey key = make_tile_key(options.evolution.seed, "weight map");
    constexpr size_t kRepetitions = 2;
    std::vector<double> low(space.size(), 0.0);
    const std::vector<double> high(space.size(), 1.0);
    low[0] = kLeastTop;
    const std::vector<double> usual = space.usual();
    const auto loss = [&](std::span<const double> x) {
        return weight_error(space.at(x), model, sample.view(), options.times_s, key, kRepetitions);
    };
    const EvolutionResult found = evolve(options.evolution, low, high, loss, usual);
    return {space.at(found.best), loss(usual), found.value};
}

}  // namespace mho

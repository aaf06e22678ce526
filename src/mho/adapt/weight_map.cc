// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/adapt/weight_map.h"

#include <algorithm>
#include <cmath>

#include "mho/array/converter.h"
#include "mho/util/error.h"

namespace mho {
namespace {

// The tables over equidistant weights from -1 to 1 of a map with the largest weight at `top` uS and
// common modes c_0 ... c_bins.
CustomPair pair_of(std::span<const double> common_us, double top_us, double g_max_us) {
    const size_t bins = common_us.size() - 1;
    std::vector<double> plus(2 * bins + 1);
    std::vector<double> minus(2 * bins + 1);
    for (size_t i = 0; i <= bins; i++) {
        const double w = top_us * static_cast<double>(i) / static_cast<double>(bins);
        plus[bins + i] = w + common_us[i];
        minus[bins + i] = common_us[i];
        plus[bins - i] = common_us[i];
        minus[bins - i] = w + common_us[i];
    }
    CustomPair pair;
    pair.factors = {1.0};
    pair.g_plus_us = {std::move(plus)};
    pair.g_minus_us = {std::move(minus)};
    pair.g_max_us = g_max_us;
    return pair;
}

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

WeightMap optimise_weight_map(const ConductanceModel& model,
                              double g_max_us,
                              ConstFloatView weights,
                              const WeightMapOptions& options) {
    if (options.bins < 1 || options.bins > 1000 || options.most_weights < 2) {
        throw InputError("a weight map has 1 to 1000 bins and looks at two weights or more");
    }
    const Matrix<float> sample = sample_of(weights, options.most_weights);
    const auto bins = static_cast<size_t>(options.bins);
    const TileKey key = make_tile_key(options.evolution.seed, "weight map");
    constexpr size_t kRepetitions = 2;
    // Coordinates: the largest weight's own conductance as a share of g_max, then the common modes
    // as shares of what is left to the larger device.
    std::vector<double> low(bins + 2, 0.0);
    std::vector<double> high(bins + 2, 1.0);
    low[0] = 0.3;
    std::vector<double> usual(bins + 2, 0.0);
    usual[0] = 1.0;
    const auto pair_at = [&](std::span<const double> x) {
        const double top = x[0] * g_max_us;
        std::vector<double> common(bins + 1);
        for (size_t i = 0; i <= bins; i++) {
            const double w = top * static_cast<double>(i) / static_cast<double>(bins);
            common[i] = x[1 + i] * (g_max_us - w);
        }
        return pair_of(common, top, g_max_us);
    };
    const auto loss = [&](std::span<const double> x) {
        return weight_error(pair_at(x), model, sample.view(), options.times_s, key, kRepetitions);
    };
    const EvolutionResult found = evolve(options.evolution, low, high, loss, usual);
    return {pair_at(found.best), loss(usual), found.value};
}

}  // namespace mho

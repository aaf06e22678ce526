// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "mho/random/stream.h"
#include "mho/util/error.h"
#include "mho/util/finite.h"

namespace mho {

double mean(std::span<const double> values) {
    if (values.empty()) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    double sum = 0;
    for (const double v : values) {
        sum += v;
    }
    return sum / static_cast<double>(values.size());
}

double standard_deviation(std::span<const double> values) {
    if (values.size() < 2) {
        return 0.0;
    }
    const double m = mean(values);
    double sum = 0;
    for (const double v : values) {
        sum += (v - m) * (v - m);
    }
    return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

double t_quantile_975(size_t n) {
    if (n == 0) {
        return std::numeric_limits<double>::infinity();
    }
    // Exact for 1 and 2 degrees of freedom; above, the Cornish-Fisher expansion of Hill (1970,
    // Abramowitz and Stegun 26.7.5), below 0.5 % off at 3 and 0.01 % at 8.
    if (n == 1) {
        return 12.706204736;
    }
    if (n == 2) {
        return 4.302652730;
    }
    const double z = 1.959963984540054;
    const double v = static_cast<double>(n);
    const double z3 = z * z * z;
    const double z5 = z3 * z * z;
    const double z7 = z5 * z * z;
    const double z9 = z7 * z * z;
    return z + (z3 + z) / (4 * v) + (5 * z5 + 16 * z3 + 3 * z) / (96 * v * v) +
           (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * v * v * v) +
           (79 * z9 + 776 * z7 + 1482 * z5 - 1920 * z3 - 945 * z) / (92160 * v * v * v * v);
}

Interval t_interval(std::span<const double> values) {
    require_all_finite(values, "values of an interval");
    const double m = mean(values);
    if (values.size() < 2) {
        return {m, m, m};
    }
    const double half = t_quantile_975(values.size() - 1) * standard_deviation(values) /
                        std::sqrt(static_cast<double>(values.size()));
    return {m, m - half, m + half};
}

Interval bootstrap_interval(std::span<const double> values, uint64_t seed, size_t resamples) {
    require_all_finite(values, "values of an interval");
    const double m = mean(values);
    if (values.size() < 2 || resamples < 2) {
        return {m, m, m};
    }
    const TileKey key = make_tile_key(seed, "bootstrap");
    std::vector<double> means(resamples);
    std::vector<uint32_t> words(values.size());
    for (size_t r = 0; r < resamples; r++) {
        fill_words(key, Stream::kShuffle, r, 0, words);
        double sum = 0;
        for (const uint32_t w : words) {
            sum += values[(uint64_t{w} * values.size()) >> 32];
        }
        means[r] = sum / static_cast<double>(values.size());
    }
    std::sort(means.begin(), means.end());
    const auto at = [&](double share) {
        return means[static_cast<size_t>(share * static_cast<double>(resamples - 1))];
    };
    return {m, at(0.025), at(0.975)};
}

Interval paired_difference(std::span<const double> a,
                           std::span<const double> b,
                           uint64_t seed,
                           size_t resamples) {
    if (a.size() != b.size()) {
        throw InputError("a paired difference needs as many values on both sides, got " +
                         std::to_string(a.size()) + " and " + std::to_string(b.size()));
    }
    require_all_finite(a, "values of a paired difference");
    require_all_finite(b, "values of a paired difference");
    std::vector<double> differences(a.size());
    for (size_t i = 0; i < a.size(); i++) {
        differences[i] = a[i] - b[i];
    }
    return bootstrap_interval(differences, seed, resamples);
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/yield.h"

#include <algorithm>
#include <cmath>

#include "mho/analysis/results_json.h"
#include "mho/util/error.h"
#include "mho/util/finite.h"

namespace mho {

Interval chip_yield(std::span<const double> accuracies, double threshold) {
    if (accuracies.empty()) {
        throw InputError("a yield needs at least one chip");
    }
    require_all_finite(accuracies, "yield: accuracies");
    if (!std::isfinite(threshold)) {
        throw InputError("yield: the threshold must be finite, got " + std::to_string(threshold));
    }
    constexpr double kZ = 1.959963984540054;  // 97.5 % quantile of the normal distribution
    const auto n = static_cast<double>(accuracies.size());
    const auto good = static_cast<double>(std::count_if(
        accuracies.begin(), accuracies.end(), [&](double a) { return a >= threshold; }));
    const double share = good / n;
    const double middle = (share + kZ * kZ / (2 * n)) / (1 + kZ * kZ / n);
    const double half =
        kZ / (1 + kZ * kZ / n) * std::sqrt(share * (1 - share) / n + kZ * kZ / (4 * n * n));
    return {share, std::max(0.0, middle - half), std::min(1.0, middle + half)};
}

std::vector<CurveYield> yields_of(const std::string& results_json,
                                  const std::string& origin,
                                  double threshold) {
    const Json j = parse_json(results_json, origin);
    const char* key = j.is_object() && j.contains("loss") ? "loss" : "accuracy";
    if (!j.is_object() || !j.contains(key) || !j[key].is_object()) {
        throw InputError(origin + ": not the results of an evaluation (no accuracy)");
    }
    const bool is_loss = std::string_view(key) == "loss";
    std::vector<CurveYield> all;
    for (const auto& [curve, times] : j[key].items()) {
        if (!times.is_object()) {
            continue;
        }
        for (const auto& [time, entry] : times.items()) {
            std::vector<double> chips =
                chips_of(entry, is_loss, origin + ": " + curve + "." + time);
            for (double& v : chips) {
                v = is_loss ? -v : v;  // a loss is good from below
            }
            if (!chips.empty()) {
                all.push_back({curve,
                               time,
                               chips.size(),
                               chip_yield(chips, is_loss ? -threshold : threshold)});
            }
        }
    }
    if (all.empty()) {
        throw InputError(origin + ": holds no chips");
    }
    return all;
}

}  // namespace mho

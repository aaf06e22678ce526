// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/yield.h"

#include <algorithm>
#include <cmath>

#include "mho/util/error.h"

namespace mho {

Interval chip_yield(std::span<const double> accuracies, double threshold) {
    if (accuracies.empty()) {
        throw InputError("a yield needs at least one chip");
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

}  // namespace mho

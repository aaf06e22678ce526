// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/noise_resistance.h"

#include <fmt/format.h>

#include <cmath>

#include "mho/util/error.h"
#include "mho/util/finite.h"

namespace mho {

std::vector<double> average_normalised_accuracy(const NoiseSweep& sweep) {
    if (sweep.levels.empty() || sweep.accuracy.size() != sweep.levels.size() ||
        sweep.accuracy[0].empty()) {
        throw InputError("a noise sweep needs one row of accuracies for each of its levels");
    }
    for (const std::vector<double>& row : sweep.accuracy) {
        require_all_finite(row, "accuracies of a noise sweep");
    }
    if (!(sweep.clean > 0) || !std::isfinite(sweep.clean)) {
        throw InputError(fmt::format("the clean accuracy must be above 0, got {}", sweep.clean));
    }
    std::vector<double> averages(sweep.accuracy[0].size(), 0.0);
    for (const std::vector<double>& row : sweep.accuracy) {
        if (row.size() != averages.size()) {
            throw InputError("all levels of a noise sweep need equally many draws");
        }
        for (size_t d = 0; d < row.size(); d++) {
            averages[d] += 100 * row[d] / sweep.clean / static_cast<double>(sweep.levels.size());
        }
    }
    return averages;
}

double normalised_accuracy(double error, double floating_point_error, double chance_error) {
    require_finite_number(error, "normalised accuracy: error");
    require_finite_number(floating_point_error, "normalised accuracy: floating-point error");
    require_finite_number(chance_error, "normalised accuracy: error of chance");
    if (!(floating_point_error < chance_error)) {
        throw InputError(
            fmt::format("normalised accuracy: the floating-point error {} must be "
                        "below that of chance, {}",
                        floating_point_error,
                        chance_error));
    }
    return 100 * (1 - (error - floating_point_error) / (chance_error - floating_point_error));
}

double tolerance(std::span<const double> x, std::span<const double> y, double threshold) {
    if (x.empty() || x.size() != y.size()) {
        throw InputError("a tolerance needs a curve: as many values as abscissas");
    }
    require_all_finite(x, "abscissas of a tolerance");
    require_all_finite(y, "values of a tolerance");
    require_finite_number(threshold, "threshold of a tolerance");
    for (size_t i = 0; i < x.size(); i++) {
        if (!(x[i] > 0) || (i > 0 && !(x[i] > x[i - 1]))) {
            throw InputError("the abscissas of a tolerance must be positive and rising");
        }
    }
    if (!(y[0] >= threshold)) {
        return x[0];
    }
    for (size_t i = 1; i < x.size(); i++) {
        if (!(y[i] >= threshold)) {
            const double share = (y[i - 1] - threshold) / (y[i - 1] - y[i]);
            return x[i - 1] * std::pow(x[i] / x[i - 1], share);
        }
    }
    return x[x.size() - 1];
}

double find_level(const std::function<double(double)>& measure,
                  double target,
                  double low,
                  double high,
                  double precision) {
    require_finite_number(target, "target of a search");
    require_finite_number(high, "upper end of a search");
    if (!(low > 0 && low < high && precision > 0)) {
        throw InputError(fmt::format(
            "a level is searched in 0 < low < high with a precision above 0, got {}, {} and {}",
            low,
            high,
            precision));
    }
    while (high / low > 1 + precision) {
        const double middle = std::sqrt(low * high);
        if (!(middle > low && middle < high)) {
            break;
        }
        const double measured = measure(middle);
        require_finite_number(measured, "measured value of a search");
        (measured < target ? low : high) = middle;
    }
    return std::sqrt(low * high);
}

double excess_kurtosis(std::span<const float> values) {
    if (values.size() < 2) {
        throw InputError("a kurtosis needs at least two values");
    }
    require_all_finite(values, "values of a kurtosis");
    const auto n = static_cast<double>(values.size());
    double sum = 0;
    for (const float v : values) {
        sum += v;
    }
    double second = 0;
    double fourth = 0;
    for (const float v : values) {
        const double square = (v - sum / n) * (v - sum / n);
        second += square / n;
        fourth += square * square / n;
    }
    return second > 0 ? fourth / (second * second) - 3 : 0;
}

}  // namespace mho

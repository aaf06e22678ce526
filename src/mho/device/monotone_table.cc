// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/monotone_table.h"

#include <algorithm>
#include <cmath>

#include "mho/util/error.h"
#include "mho/util/finite.h"

namespace mho {

MonotoneTable::MonotoneTable(std::vector<double> x, std::vector<double> y)
    : x_(std::move(x)), y_(std::move(y)) {
    const size_t n = x_.size();
    if (n == 0 || y_.size() != n) {
        throw InputError("a table needs points, with as many values as places");
    }
    require_all_finite(x_, "places of a table");
    require_all_finite(y_, "values of a table");
    for (size_t i = 0; i + 1 < n; i++) {
        if (!(x_[i] < x_[i + 1])) {
            throw InputError("the places of a table must ascend");
        }
    }
    slope_.assign(n, 0.0);
    std::vector<double> secant(n > 1 ? n - 1 : 0);
    for (size_t i = 0; i + 1 < n; i++) {
        secant[i] = (y_[i + 1] - y_[i]) / (x_[i + 1] - x_[i]);
    }
    for (size_t i = 0; i < n && n > 1; i++) {
        if (i == 0 || i + 1 == n) {
            slope_[i] = secant[i == 0 ? 0 : n - 2];
        } else if (secant[i - 1] * secant[i] > 0) {
            slope_[i] = 0.5 * (secant[i - 1] + secant[i]);
        }
    }
    for (size_t i = 0; i + 1 < n; i++) {
        if (secant[i] == 0) {
            slope_[i] = 0;
            slope_[i + 1] = 0;
            continue;
        }
        // Inside the circle of radius 3 the cubic is monotone.
        const double a = slope_[i] / secant[i];
        const double b = slope_[i + 1] / secant[i];
        if (const double r = std::hypot(a, b); r > 3) {
            slope_[i] = 3 * a / r * secant[i];
            slope_[i + 1] = 3 * b / r * secant[i];
        }
    }
}

double MonotoneTable::operator()(double x) const {
    if (x_.empty() || !std::isfinite(x)) {
        throw InputError(x_.empty() ? "a table without points has no values"
                                    : "the place in a table must be finite");
    }
    if (x <= x_.front()) {
        return y_.front();
    }
    if (x >= x_.back()) {
        return y_.back();
    }
    const auto i = static_cast<size_t>(std::upper_bound(x_.begin(), x_.end(), x) - x_.begin()) - 1;
    const double h = x_[i + 1] - x_[i];
    const double t = (x - x_[i]) / h;
    const double u = 1 - t;
    return y_[i] * (1 + 2 * t) * u * u + y_[i + 1] * t * t * (3 - 2 * t) +
           h * (slope_[i] * t * u * u - slope_[i + 1] * t * t * u);
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/adapt/column_ranges.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "mho/util/error.h"
#include "mho/util/finite.h"

namespace mho {

std::vector<float> rescale_columns(FloatView tile_weights,
                                   std::span<float> scales,
                                   std::span<const double> expected,
                                   double adc_bound,
                                   double w_max) {
    if (scales.size() != tile_weights.rows || expected.size() != tile_weights.rows) {
        throw InputError("column ranges need one scale and one expected output per column");
    }
    if (!(adc_bound > 0) || !(w_max > 0)) {
        throw InputError("column ranges need an ADC bound and a largest weight above 0");
    }
    require_finite(tile_weights, "weights of column ranges");
    require_positive(adc_bound, "ADC bound of column ranges");
    constexpr double kNone = std::numeric_limits<double>::infinity();
    std::vector<float> factors;
    for (size_t j = 0; j < tile_weights.rows; j++) {
        if (!(expected[j] >= 0) || !std::isfinite(expected[j])) {
            throw InputError("the expected output of a column must be finite and at least 0");
        }
        double largest = 0;
        for (size_t i = 0; i < tile_weights.cols; i++) {
            largest = std::max(largest, std::abs(double{tile_weights(j, i)}));
        }
        const double by_device = largest > 0 ? w_max / largest : kNone;
        const double by_adc = expected[j] > 0 ? adc_bound / expected[j] : kNone;
        const double f = std::min(by_device, by_adc);
        factors.push_back(std::isfinite(f) ? static_cast<float>(f) : 1.0f);
        for (size_t i = 0; i < tile_weights.cols; i++) {
            tile_weights(j, i) *= factors[j];
        }
        scales[j] /= factors[j];
    }
    return factors;
}

}  // namespace mho

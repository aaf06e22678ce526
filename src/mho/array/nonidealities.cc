// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/array/nonidealities.h"

#include <algorithm>
#include <cmath>

namespace mho {

double ir_drop_position(size_t j, size_t n) {
    const double near = 1.0 - static_cast<double>(j) / static_cast<double>(n);
    return 1.0 - near * near;
}

double ir_drop_output(const IrDrop& ir, double y, double b, double s, size_t n) {
    const double a = static_cast<double>(n) / ir.wire_to_g_max * s;
    const double c = a * (a * (0.05 * a - 0.2) + 0.5);
    return y - ir.strength * c * b;
}

double offset_output(const VoltageOffset& offset,
                     const SeriesResistance& series,
                     double o,
                     double y,
                     double input_sum) {
    const auto drop = [&](double z) {
        return std::min(series.factor * std::abs(z), series.max_total);
    };
    if (offset.reference_weight == 0) {
        return (1.0 - o) * y / (1.0 + drop(y));
    }
    const double reference = -offset.reference_weight * input_sum;
    if (series.factor == 0) {
        return (1.0 - o) * y - 2.0 * o * reference;
    }
    const double sum = y + reference;
    return (1.0 - o) * sum / (1.0 + drop(sum)) - (1.0 + o) * reference / (1.0 + drop(reference));
}

double nonlinearity_gain(const NonLinearity& n, double mean_n, double series_factor, double bound) {
    if (n.slope_calibration <= 0) {
        return 1.0;
    }
    const double root = 1.0 + (mean_n + series_factor) * n.slope_calibration * bound;
    return root * root;
}

}  // namespace mho

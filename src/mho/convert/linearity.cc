// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/convert/linearity.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>

#include "mho/util/error.h"
#include "mho/util/finite.h"

namespace mho {
namespace {

constexpr int kMaxBits = 16;
constexpr int kBisections = 30;

// First looks per code; between two looks every code that both sides enclose is found by bisection.
size_t looks_per_code(int bits) {
    return bits > 12 ? 2 : 16;
}

void require_mismatch(int bits, double sigma) {
    if (bits < 1 || bits > 24) {
        throw InputError("converters have 1 to 24 bits, got " + std::to_string(bits));
    }
    require_not_negative(sigma, "mismatch of a unit capacitor");
}

}  // namespace

Linearity measure_linearity(const AdcBank& bank, size_t column) {
    const int bits = bits_of(bank.model());
    if (bits == 0 || bits > kMaxBits) {
        throw InputError("linearity is measured of converters with 2 to 16 bits");
    }
    if (column >= bank.columns()) {
        throw InputError("there is no column " + std::to_string(column));
    }
    const AdcRange range{bank.is_signed() ? -1.0 : 0.0, 1.0};
    const auto codes = static_cast<size_t>(bank.codes());
    const double width = range.high - range.low;
    const double nominal = width / static_cast<double>(codes);
    const auto code_at = [&](double x) {
        // The middle of the rounding interval stands for stochastic rounding.
        return static_cast<size_t>(bank.reference_code(column, x, range, 0.5));
    };
    std::vector<double> widths(codes, 0.0);
    const double start = range.low - 2 * nominal - 0.25 * width;
    const double end = range.high + 2 * nominal + 0.25 * width;
    const size_t points = 2 * looks_per_code(bits) * codes;
    double last_edge = start;
    const std::function<void(double, size_t, double, size_t, int)> find_edges =
        [&](double x0, size_t c0, double x1, size_t c1, int left) {
            if (c0 == c1) {
                return;
            }
            if (left == 0) {
                widths[c0] += x1 - last_edge;
                last_edge = x1;
                return;
            }
            const double middle = 0.5 * (x0 + x1);
            const size_t c = code_at(middle);
            find_edges(x0, c0, middle, c, left - 1);
            find_edges(middle, c, x1, c1, left - 1);
        };
    double x0 = start;
    size_t c0 = code_at(start);
    for (size_t i = 1; i <= points; i++) {
        const double x1 =
            start + (end - start) * static_cast<double>(i) / static_cast<double>(points);
        const size_t c1 = code_at(x1);
        find_edges(x0, c0, x1, c1, kBisections);
        x0 = x1;
        c0 = c1;
    }
    Linearity result;
    double sum = 0;
    for (size_t k = 1; k + 1 < codes; k++) {
        sum += widths[k];
    }
    const double mean = sum / static_cast<double>(codes - 2);
    if (!(mean > 0)) {
        throw InputError("the converter never leaves its outermost codes");
    }
    double inl = 0;
    result.inl.push_back(0.0);
    for (size_t k = 1; k + 1 < codes; k++) {
        const double dnl = widths[k] / mean - 1;
        inl += dnl;
        result.dnl.push_back(dnl);
        result.inl.push_back(inl);
        result.missing_codes += widths[k] < 1e-6 * mean ? 1 : 0;
        result.largest_dnl = std::max(result.largest_dnl, std::abs(dnl));
        result.largest_inl = std::max(result.largest_inl, std::abs(inl));
    }
    // Levels of the uniform converters reach both ends of the range.
    const bool inclusive = std::holds_alternative<UniformAdc>(bank.model()) ||
                           std::holds_alternative<SignMagnitudeAdc>(bank.model());
    result.gain_error = mean / (width / static_cast<double>(codes - (inclusive ? 1 : 0))) - 1;
    return result;
}

double mid_scale_inl_std(int bits, double sigma) {
    require_mismatch(bits, sigma);
    return sigma * std::sqrt(std::exp2(bits)) / 2;
}

double mid_scale_dnl_std(int bits, double sigma) {
    require_mismatch(bits, sigma);
    return sigma * std::sqrt(std::exp2(bits) - 1);
}

}  // namespace mho

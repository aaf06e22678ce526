// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/array/weight_slices.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "mho/util/error.h"

namespace mho {
namespace {

// Bits that the digits must hold: the size of a balanced weight has one less than the weight.
int digit_bits(const WeightSlicing& s) {
    return s.coding == WeightCoding::kBalanced ? s.weight_bits - 1 : s.weight_bits;
}

int ceil_div(int a, int b) {
    return (a + b - 1) / b;
}

double quantile(std::vector<float>& values, double p) {
    const auto n = static_cast<double>(values.size() - 1);
    const auto k = static_cast<std::ptrdiff_t>(std::nearbyint(p * n));
    std::nth_element(values.begin(), values.begin() + k, values.end());
    return double{values[static_cast<size_t>(k)]};
}

// States of a pair for x = w' or a signed digit over its largest value.
struct Pair {
    double plus;
    double minus;
};

Pair pair_states(const WeightSlicing& s, const CellStates& cells, double x) {
    const double span = 1 - cells.g_min;
    if (s.two_sided) {
        return {cells.g_min + span * (1 + x) / 2, cells.g_min + span * (1 - x) / 2};
    }
    // What is below half a state of the cells belongs to neither of the pair.
    const double smallest = cells.bits > 0 ? std::exp2(-(cells.bits + 1)) : 0.0;
    return {x >= smallest ? cells.g_min + span * x : cells.g_min,
            x < -smallest ? cells.g_min - span * x : cells.g_min};
}

// Offset coding without integers: lowest state used and span.
struct OffsetSpan {
    double low;
    double span;
};

OffsetSpan offset_span(const CellStates& cells) {
    double span = 1 - cells.g_min;
    if (cells.bits > 0) {
        span *= (std::exp2(cells.bits) - 2) / (std::exp2(cells.bits) - 1);
    }
    return {1 - span, span};
}

double state_step(const CellStates& cells, int digit_width) {
    const int bits = digit_width > 0 ? digit_width : cells.bits;
    return bits > 0 ? (1 - cells.g_min) / (std::exp2(bits) - 1) : 0.0;
}

void cut(const WeightSlicing& s,
         const std::vector<int>& bits,
         int value,
         std::vector<int>& digits) {
    const int half = 1 << (s.weight_bits - 1);
    int rest = value;
    int sign = 1;
    if (s.coding == WeightCoding::kBalanced) {
        sign = value < 0 ? -1 : 1;
        rest = std::abs(value);
    } else if (s.coding == WeightCoding::kOffset) {
        rest = value + half;
    } else {
        rest = value < 0 ? value + 2 * half : value;
    }
    for (size_t k = 0; k < bits.size(); k++) {
        digits[k] = sign * (rest & ((1 << bits[k]) - 1));
        rest >>= bits[k];
    }
}

void add_continuous(const WeightSlicing& s,
                    const CellStates& cells,
                    ConstFloatView weights,
                    WeightStates& to) {
    StateSlice slice;
    slice.step = state_step(cells, 0);
    slice.plus = Matrix<float>(weights.rows, weights.cols);
    const bool balanced = s.coding == WeightCoding::kBalanced;
    const auto [low, span] = offset_span(cells);
    if (balanced) {
        slice.minus = Matrix<float>(weights.rows, weights.cols);
        slice.gain = to.w_max / (1 - cells.g_min);
    } else {
        slice.gain = 2 * to.w_max / span;
        if (s.correction == OffsetCorrection::kUnitColumn) {
            slice.unit.assign(weights.cols,
                              static_cast<float>(nearest_state(cells, low + span / 2)));
        } else {
            to.input_gain = -slice.gain * (low + span / 2);
        }
    }
    for (size_t i = 0; i < weights.rows; i++) {
        for (size_t j = 0; j < weights.cols; j++) {
            const double w = std::clamp(double{weights(i, j)} / to.w_max, -1.0, 1.0);
            if (balanced) {
                const Pair p = pair_states(s, cells, w);
                slice.plus(i, j) = static_cast<float>(nearest_state(cells, p.plus));
                slice.minus(i, j) = static_cast<float>(nearest_state(cells, p.minus));
            } else {
                slice.plus(i, j) =
                    static_cast<float>(nearest_state(cells, low + span * (w + 1) / 2));
            }
        }
    }
    to.slices.push_back(std::move(slice));
}

void add_sliced(const WeightSlicing& s,
                const CellStates& cells,
                ConstFloatView weights,
                WeightStates& to) {
    const std::vector<int> bits = bits_per_slice(s);
    const double half = std::exp2(s.weight_bits - 1);
    const double largest = half - 1;
    const double span = 1 - cells.g_min;
    const bool balanced = s.coding == WeightCoding::kBalanced;
    const bool has_unit = !balanced && s.correction == OffsetCorrection::kUnitColumn;
    const std::vector<int> zero = digits_of(s, 0);
    std::vector<int> digits(bits.size());
    int shift = 0;
    for (size_t k = 0; k < bits.size(); k++) {
        StateSlice slice;
        const double top = std::exp2(bits[k]) - 1;
        const bool is_sign = s.coding == WeightCoding::kTwosComplement && k + 1 == bits.size();
        slice.gain = (is_sign ? -1 : 1) * to.w_max * std::exp2(shift) * top / (span * largest);
        slice.step = state_step(cells, bits[k]);
        slice.plus = Matrix<float>(weights.rows, weights.cols);
        if (balanced) {
            slice.minus = Matrix<float>(weights.rows, weights.cols);
        } else if (has_unit) {
            slice.unit.assign(
                weights.cols,
                static_cast<float>(nearest_state(cells, cells.g_min + span * zero[k] / top)));
        } else {
            to.input_gain -= slice.gain * cells.g_min;
        }
        shift += bits[k];
        to.slices.push_back(std::move(slice));
    }
    if (s.coding == WeightCoding::kOffset && !has_unit) {
        to.input_gain -= to.w_max * half / largest;
    }
    for (size_t i = 0; i < weights.rows; i++) {
        for (size_t j = 0; j < weights.cols; j++) {
            const double w = std::clamp(double{weights(i, j)} / to.w_max, -1.0, 1.0);
            cut(s, bits, static_cast<int>(std::nearbyint(w * largest)), digits);
            for (size_t k = 0; k < bits.size(); k++) {
                const double x = digits[k] / (std::exp2(bits[k]) - 1);
                if (balanced) {
                    // Digits lie on states; only cells with fewer states must round them.
                    CellStates exact = cells;
                    exact.bits = 0;
                    const Pair p = pair_states(s, exact, x);
                    to.slices[k].plus(i, j) = static_cast<float>(nearest_state(cells, p.plus));
                    to.slices[k].minus(i, j) = static_cast<float>(nearest_state(cells, p.minus));
                } else {
                    to.slices[k].plus(i, j) =
                        static_cast<float>(nearest_state(cells, cells.g_min + span * x));
                }
            }
        }
    }
}

}  // namespace

void WeightSlicing::check(const std::string& path, std::vector<Problem>& problems) const {
    if (weight_bits == 1) {
        problems.push_back({join_path(path, "weight_bits"),
                            "must be 0 (not rounded) or at least 2 (sign and size), got 1"});
        return;
    }
    if (weight_bits == 0) {
        if (slices > 1 || !slice_bits.empty()) {
            problems.push_back({join_path(path, "weight_bits"),
                                "must be set to cut weights into slices, for example 8"});
        }
        if (coding == WeightCoding::kTwosComplement) {
            problems.push_back({join_path(path, "weight_bits"),
                                "must be set for two's complement, for example 8"});
        }
    } else if (!slice_bits.empty()) {
        const int sum = std::accumulate(slice_bits.begin(), slice_bits.end(), 0);
        const int needed = digit_bits(*this);
        const bool exact = coding == WeightCoding::kTwosComplement;
        if (sum < needed || sum > 24 || (exact && (sum != needed || slice_bits.back() != 1))) {
            problems.push_back(
                {join_path(path, "slice_bits"),
                 exact ? "two's complement needs widths that add up to weight_bits, the last one "
                         "(the sign) 1"
                       : "must add up to at least " + std::to_string(needed) +
                             " bits (and at most 24), got " + std::to_string(sum)});
        }
    } else if (slices > (coding == WeightCoding::kBalanced ? weight_bits : digit_bits(*this))) {
        problems.push_back({join_path(path, "slices"),
                            "must be at most the number of bits, " +
                                std::to_string(digit_bits(*this)) + ", got " +
                                std::to_string(slices)});
    } else if (coding == WeightCoding::kTwosComplement && slices < 2) {
        problems.push_back({join_path(path, "slices"),
                            "must be at least 2 for two's complement: the sign has its own slice"});
    }
    if (interleaved && (coding != WeightCoding::kBalanced || !subtract_before_adc)) {
        problems.push_back({join_path(path, "interleaved"),
                            "needs balanced pairs whose currents are subtracted before the ADC"});
    }
}

std::vector<int> bits_per_slice(const WeightSlicing& s) {
    std::vector<Problem> problems;
    s.check("", problems);
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
    if (s.weight_bits == 0) {
        return {0};
    }
    if (!s.slice_bits.empty()) {
        return s.slice_bits;
    }
    std::vector<int> bits(static_cast<size_t>(s.slices));
    if (s.coding == WeightCoding::kTwosComplement) {
        const int rest = s.weight_bits - 1;
        const int parts = s.slices - 1;
        for (int k = 0; k < parts; k++) {
            bits[static_cast<size_t>(k)] = rest / parts + (k < rest % parts ? 1 : 0);
        }
        bits.back() = 1;
        return bits;
    }
    const int width = s.weight_bits % s.slices == 0 ? s.weight_bits / s.slices
                                                    : ceil_div(digit_bits(s), s.slices);
    std::fill(bits.begin(), bits.end(), width);
    return bits;
}

std::vector<int> digits_of(const WeightSlicing& s, int value) {
    const std::vector<int> bits = bits_per_slice(s);
    const int most = s.weight_bits > 0 ? 1 << (s.weight_bits - 1) : 0;
    if (value < -most || value > most) {
        throw InputError("the integer of a weight must be within " + std::to_string(most) +
                         ", got " + std::to_string(value));
    }
    std::vector<int> digits(bits.size());
    cut(s, bits, value, digits);
    return digits;
}

double nearest_state(const CellStates& cells, double g) {
    if (cells.bits == 0) {
        return g;
    }
    const double steps = std::exp2(cells.bits) - 1;
    const double span = 1 - cells.g_min;
    return cells.g_min + std::nearbyint((g - cells.g_min) / span * steps) / steps * span;
}

double weight_limit(const WeightSlicing& s, ConstFloatView weights) {
    require_finite(weights, "weights to map");
    std::vector<float> values;
    values.reserve(weights.rows * weights.cols);
    float largest = 0;
    for (size_t i = 0; i < weights.rows; i++) {
        for (size_t j = 0; j < weights.cols; j++) {
            values.push_back(weights(i, j));
            largest = std::max(largest, std::abs(weights(i, j)));
        }
    }
    double limit = double{largest};
    if (s.percentile > 1) {
        limit *= s.percentile;
    } else if (s.percentile < 1 && !values.empty()) {
        const double high = quantile(values, s.percentile);
        const double low = quantile(values, 1 - s.percentile);
        limit = std::max(std::abs(high), std::abs(low));
    }
    if (!(limit > 0)) {
        return 1.0;  // nothing but zeros
    }
    return s.power_of_two_scale ? std::exp2(std::ceil(std::log2(limit))) : limit;
}

WeightStates to_states(const WeightSlicing& s, const CellStates& cells, ConstFloatView weights) {
    require_finite(weights, "weights to map");
    if (weights.rows == 0 || weights.cols == 0) {
        throw InputError("a matrix of weights to map needs at least one row and one column");
    }
    bits_per_slice(s);  // refuses what does not fit
    WeightStates states;
    states.w_max = weight_limit(s, weights);
    if (s.weight_bits == 0) {
        add_continuous(s, cells, weights, states);
    } else {
        add_sliced(s, cells, weights, states);
    }
    return states;
}

Matrix<float> weights_of_states(const WeightStates& states) {
    if (states.slices.empty()) {
        throw InputError("the states of weights need at least one slice");
    }
    const Matrix<float>& first = states.slices[0].plus;
    for (const StateSlice& s : states.slices) {
        const auto fits = [&](const Matrix<float>& m) {
            return m.rows == first.rows && m.cols == first.cols;
        };
        if (!fits(s.plus) || (!s.minus.values.empty() && !fits(s.minus)) ||
            (!s.unit.empty() && s.unit.size() != first.cols)) {
            throw InputError("all slices of weights need matrices of one shape");
        }
    }
    Matrix<float> weights(first.rows, first.cols);
    for (size_t i = 0; i < first.rows; i++) {
        for (size_t j = 0; j < first.cols; j++) {
            double w = states.input_gain;
            for (const StateSlice& s : states.slices) {
                const double unit = s.unit.empty() ? 0.0 : double{s.unit[j]};
                const double minus = s.minus.values.empty() ? 0.0 : double{s.minus(i, j)};
                w += s.gain * (double{s.plus(i, j)} - minus - unit);
            }
            weights(i, j) = static_cast<float>(w);
        }
    }
    return weights;
}

}  // namespace mho

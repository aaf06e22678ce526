// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/array/converter_law.h"

#include <algorithm>
#include <cmath>

#include "mho/array/converter.h"
#include "mho/util/json.h"

namespace mho {
namespace {

// A form that compilers turn into vector minimum and maximum.
template <class Real>
Real clipped(Real x, Real low, Real high) {
    const Real raised = x > low ? x : low;
    return raised < high ? raised : high;
}

// Value at `position` in [0, table.size() - 1] of a table over an equidistant grid.
template <class Real>
Real table_value(std::span<const Real> table, Real position) {
    const auto last = static_cast<Real>(table.size() - 1);
    const Real p = clipped(position, Real(0), last);
    const auto i = std::min(static_cast<size_t>(p), table.size() - 2);
    return table[i] + (table[i + 1] - table[i]) * (p - static_cast<Real>(i));
}

}  // namespace

void require_valid(const Converter& converter) {
    Problems problems = std::visit([](const auto& c) { return validate(c); }, converter);
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
}

double custom_full_scale_us(const CustomPair& c) {
    double total = 0.0;
    for (size_t i = 0; i < c.factors.size(); i++) {
        total += c.factors[i] * (c.g_plus_us[i].back() - c.g_minus_us[i].back());
    }
    return total;
}

void slices_of_row(const SinglePair& c,
                   std::span<const float> weights,
                   double us_per_weight,
                   double,
                   std::span<float* const> slices) {
    const auto k = static_cast<float>(us_per_weight);
    const auto g_min = static_cast<float>(c.g_min_us);
    const auto range = static_cast<float>(c.g_max_us - c.g_min_us);
    float* plus = slices[0];
    float* minus = slices[1];
    for (size_t i = 0; i < weights.size(); i++) {
        const float w_us = weights[i] * k;
        plus[i] = clipped(w_us, 0.0f, range) + g_min;
        minus[i] = clipped(-w_us, 0.0f, range) + g_min;
    }
}

void slices_of_row(const NPair& c,
                   std::span<const float> weights,
                   double us_per_weight,
                   double,
                   std::span<float* const> slices) {
    const auto k = static_cast<float>(us_per_weight);
    const auto g_min = static_cast<float>(c.g_min_us);
    const auto range = static_cast<float>(c.g_max_us - c.g_min_us);
    double below_us = 0.0;  // what the pairs before this one hold when they are full
    for (size_t pair = 0; pair < c.factors.size(); pair++) {
        const auto below = static_cast<float>(below_us);
        const auto inverse_factor = static_cast<float>(1.0 / c.factors[pair]);
        float* plus = slices[2 * pair];
        float* minus = slices[2 * pair + 1];
        for (size_t i = 0; i < weights.size(); i++) {
            const float w_us = weights[i] * k;
            plus[i] = clipped((w_us - below) * inverse_factor, 0.0f, range) + g_min;
            minus[i] = clipped((-w_us - below) * inverse_factor, 0.0f, range) + g_min;
        }
        below_us += c.factors[pair] * (c.g_max_us - c.g_min_us);
    }
}

void slices_of_row(const CustomPair& c,
                   std::span<const float> weights,
                   double us_per_weight,
                   double,
                   std::span<float* const> slices) {
    const double steps = static_cast<double>(c.g_plus_us[0].size() - 1);
    // position = (w k + full) steps / (2 full)
    const auto slope = static_cast<float>(us_per_weight * steps / (2.0 * custom_full_scale_us(c)));
    const auto middle = static_cast<float>(steps / 2.0);
    for (size_t pair = 0; pair < c.factors.size(); pair++) {
        const std::vector<float> plus(c.g_plus_us[pair].begin(), c.g_plus_us[pair].end());
        const std::vector<float> minus(c.g_minus_us[pair].begin(), c.g_minus_us[pair].end());
        for (size_t i = 0; i < weights.size(); i++) {
            const float position = weights[i] * slope + middle;
            slices[2 * pair][i] = table_value<float>(plus, position);
            slices[2 * pair + 1][i] = table_value<float>(minus, position);
        }
    }
}

void slices_of_row(const SingleDevice& c,
                   std::span<const float> weights,
                   double us_per_weight,
                   double weight_offset,
                   std::span<float* const> slices) {
    const auto k = static_cast<float>(us_per_weight);
    const auto offset = static_cast<float>(weight_offset);
    const auto g_min = static_cast<float>(c.g_min_us);
    const auto g_max = static_cast<float>(c.g_max_us);
    for (size_t i = 0; i < weights.size(); i++) {
        slices[0][i] = clipped((weights[i] - offset) * k + g_min, g_min, g_max);
    }
}

void slices_of_row(const Fusion& c,
                   std::span<const float> weights,
                   double us_per_weight,
                   double,
                   std::span<float* const> slices) {
    const auto k = static_cast<float>(us_per_weight);
    const auto g_max = static_cast<float>(c.g_max_us);
    for (size_t i = 0; i < weights.size(); i++) {
        slices[0][i] = clipped(std::abs(weights[i] * k), 0.0f, g_max);
    }
}

void slices_of_row(const Differential& c,
                   std::span<const float> weights,
                   double us_per_weight,
                   double,
                   std::span<float* const> slices) {
    const auto k = static_cast<float>(us_per_weight);
    const auto g_max = static_cast<float>(c.g_max_us);
    for (size_t i = 0; i < weights.size(); i++) {
        slices[0][i] = clipped(weights[i] * k, -g_max, g_max);
    }
}

std::vector<double> reference_slices(const Converter& converter,
                                     double weight,
                                     double us_per_weight,
                                     double weight_offset) {
    const double w_us = weight * us_per_weight;
    std::vector<double> slices;
    const auto pair = [&](double size_us, double g_min, double g_max) {
        slices.push_back(std::clamp(size_us + g_min, g_min, g_max));
    };
    if (const auto* c = std::get_if<SinglePair>(&converter)) {
        pair(w_us, c->g_min_us, c->g_max_us);
        pair(-w_us, c->g_min_us, c->g_max_us);
    } else if (const auto* n = std::get_if<NPair>(&converter)) {
        double below = 0.0;
        for (const double f : n->factors) {
            pair((std::max(w_us, 0.0) - below) / f, n->g_min_us, n->g_max_us);
            pair((std::max(-w_us, 0.0) - below) / f, n->g_min_us, n->g_max_us);
            below += f * (n->g_max_us - n->g_min_us);
        }
    } else if (const auto* t = std::get_if<CustomPair>(&converter)) {
        const double full = custom_full_scale_us(*t);
        for (size_t i = 0; i < t->factors.size(); i++) {
            const double steps = static_cast<double>(t->g_plus_us[i].size() - 1);
            const double position = (w_us + full) / (2.0 * full) * steps;
            slices.push_back(table_value<double>(t->g_plus_us[i], position));
            slices.push_back(table_value<double>(t->g_minus_us[i], position));
        }
    } else if (const auto* s = std::get_if<SingleDevice>(&converter)) {
        pair((weight - weight_offset) * us_per_weight, s->g_min_us, s->g_max_us);
    } else if (const auto* f = std::get_if<Fusion>(&converter)) {
        pair(std::abs(w_us), 0.0, f->g_max_us);
    } else if (const auto* d = std::get_if<Differential>(&converter)) {
        slices.push_back(std::clamp(w_us, -d->g_max_us, d->g_max_us));
    } else {
        throw InputError("a converter of your own has no reference: call its law");
    }
    return slices;
}

}  // namespace mho

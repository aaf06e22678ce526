// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/array/converter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "mho/array/converter_law.h"
#include "mho/util/error.h"

namespace mho {
namespace {

// The scale of a matrix of zeros.
constexpr float kSmallestWeight = 1e-7f;

template <class... F>
struct Overloaded : F... {
    using F::operator()...;
};

float largest_size(std::span<const float> values, float start) {
    float largest = start;
    for (const float v : values) {
        const float size = std::abs(v);
        largest = size > largest ? size : largest;
    }
    return largest;
}

float largest_size(ConstFloatView weights) {
    float largest = kSmallestWeight;
    for (size_t r = 0; r < weights.rows; r++) {
        largest = largest_size(weights.row_span(r), largest);
    }
    return largest;
}

std::vector<double> per_row(ConstFloatView weights, double g_max) {
    std::vector<double> scale(weights.rows);
    for (size_t r = 0; r < weights.rows; r++) {
        scale[r] = g_max / double{largest_size(weights.row_span(r), kSmallestWeight)};
    }
    return scale;
}

Matrix<float> copy_of(ConstFloatView weights) {
    Matrix<float> copy(weights.rows, weights.cols);
    for (size_t r = 0; r < weights.rows; r++) {
        std::copy_n(weights.row(r), weights.cols, copy.row(r));
    }
    return copy;
}

const ConverterLaw& law_of(const UserConverter& c) {
    if (!c.law) {
        throw InputError(fmt::format("converter `{}` has no law: set `law` in code", c.law_name));
    }
    return *c.law;
}

void require_scale(const ConductanceScale& scale, size_t rows) {
    if (scale.us_per_weight.size() != 1 && scale.us_per_weight.size() != rows) {
        throw InputError(
            fmt::format("the conductance scale has {} numbers; 1 or one per row ({}) "
                        "would be right",
                        scale.us_per_weight.size(),
                        rows));
    }
    for (const double k : scale.us_per_weight) {
        if (!(k > 0 && k < 1e30)) {
            throw InputError(fmt::format("the conductance scale must be positive, got {}", k));
        }
    }
    if (!std::isfinite(scale.weight_offset)) {
        throw InputError("the weight offset of the conductance scale is not finite");
    }
}

// Slope of the least-squares line original = slope g + intercept; 0 for a constant g.
template <class Real>
double regression_slope(std::span<const Real> g, std::span<const Real> original) {
    const auto n = static_cast<double>(g.size());
    double mean_g = 0.0;
    double mean_w = 0.0;
    for (size_t i = 0; i < g.size(); i++) {
        mean_g += double{g[i]} / n;
        mean_w += double{original[i]} / n;
    }
    double covariance = 0.0;
    double variance = 0.0;
    for (size_t i = 0; i < g.size(); i++) {
        covariance += (g[i] - mean_g) * (original[i] - mean_w);
        variance += (g[i] - mean_g) * (g[i] - mean_g);
    }
    return variance > 0.0 ? covariance / variance : 0.0;
}

template <class Real>
Real sign_of(Real w) {
    return static_cast<Real>((w > 0) - (w < 0));
}

void fusion_to_weights(const Matrix<float>& g, const ConductanceScale& scale, FloatView out) {
    if (scale.original.rows != g.rows || scale.original.cols != g.cols) {
        throw InputError(
            "the conductance scale of `fusion` must hold the weights that were "
            "programmed, in the shape of the conductances");
    }
    for (size_t r = 0; r < g.rows; r++) {
        const float* original = scale.original.row(r);
        float* w = out.row(r);
        for (size_t c = 0; c < g.cols; c++) {
            w[c] = g(r, c) * sign_of(original[c]);
        }
        // A row of one weight has no line through it; its scale is all there is.
        const double k = g.cols == 1 ? 1.0 / scale.of_row(r)
                                     : regression_slope<float>({w, g.cols}, {original, g.cols});
        for (size_t c = 0; c < g.cols; c++) {
            w[c] *= static_cast<float>(k);
        }
    }
}

}  // namespace

std::string_view converter_name(const Converter& converter) {
    return std::visit([](const auto& c) { return Schema<std::decay_t<decltype(c)>>::name; },
                      converter);
}

std::vector<double> slice_factors(const Converter& converter) {
    const auto pairs = [](std::span<const double> factors) {
        std::vector<double> signed_factors;
        for (const double f : factors) {
            signed_factors.push_back(f);
            signed_factors.push_back(-f);
        }
        return signed_factors;
    };
    return std::visit(Overloaded{[](const SinglePair&) { return std::vector<double>{1.0, -1.0}; },
                                 [&](const NPair& c) { return pairs(c.factors); },
                                 [&](const CustomPair& c) { return pairs(c.factors); },
                                 [](const UserConverter& c) { return law_of(c).slice_factors(); },
                                 [](const auto&) { return std::vector<double>{1.0}; }},
                      converter);
}

size_t slice_count(const Converter& converter) {
    return slice_factors(converter).size();
}

double g_max_us(const Converter& converter) {
    return std::visit(Overloaded{[](const UserConverter& c) { return law_of(c).g_max_us(); },
                                 [](const auto& c) { return c.g_max_us; }},
                      converter);
}

double g_min_us(const Converter& converter) {
    return std::visit(Overloaded{[](const UserConverter& c) { return law_of(c).g_min_us(); },
                                 [](const Fusion&) { return 0.0; },
                                 [](const Differential& c) { return -c.g_max_us; },
                                 [](const auto& c) { return c.g_min_us; }},
                      converter);
}

ConductanceScale fit_scale(const Converter& converter, ConstFloatView weights) {
    require_valid(converter);
    require_finite(weights, "weights");
    const auto whole = [&](double range_us) {
        return ConductanceScale{{range_us / double{largest_size(weights)}}, 0.0, {}};
    };
    return std::visit(
        Overloaded{
            [&](const SinglePair& c) { return whole(c.g_max_us - c.g_min_us); },
            [&](const NPair& c) {
                return whole(std::accumulate(c.factors.begin(), c.factors.end(), 0.0) *
                             (c.g_max_us - c.g_min_us));
            },
            [&](const CustomPair& c) { return whole(custom_full_scale_us(c)); },
            [&](const SingleDevice& c) {
                float low = kInfinity;
                float high = -kInfinity;
                for (size_t r = 0; r < weights.rows; r++) {
                    for (const float w : weights.row_span(r)) {
                        low = w < low ? w : low;
                        high = w > high ? w : high;
                    }
                }
                if (weights.rows * weights.cols == 0) {
                    low = high = 0.0f;
                }
                const double range = std::max(double{high} - double{low}, double{kSmallestWeight});
                return ConductanceScale{{(c.g_max_us - c.g_min_us) / range}, double{low}, {}};
            },
            [&](const Fusion& c) {
                return ConductanceScale{per_row(weights, c.g_max_us), 0.0, copy_of(weights)};
            },
            [&](const Differential& c) {
                return c.per_row ? ConductanceScale{per_row(weights, c.g_max_us), 0.0, {}}
                                 : whole(c.g_max_us);
            },
            [&](const UserConverter& c) { return law_of(c).fit_scale(weights); }},
        converter);
}

Conductances to_conductances(const Converter& converter, ConstFloatView weights) {
    return to_conductances(converter, weights, fit_scale(converter, weights));
}

Conductances to_conductances(const Converter& converter,
                             ConstFloatView weights,
                             const ConductanceScale& scale) {
    require_valid(converter);
    require_finite(weights, "weights");
    require_scale(scale, weights.rows);
    Conductances result;
    result.scale = scale;
    result.slices.assign(slice_count(converter), Matrix<float>(weights.rows, weights.cols));
    if (const auto* user = std::get_if<UserConverter>(&converter)) {
        law_of(*user).to_slices(weights, scale, result.slices);
        return result;
    }
    if (std::holds_alternative<Fusion>(converter)) {
        result.scale.original = copy_of(weights);
    }
    std::visit(
        [&](const auto& c) {
            if constexpr (!std::is_same_v<std::decay_t<decltype(c)>, UserConverter>) {
                std::vector<float*> rows(result.slices.size());
                for (size_t r = 0; r < weights.rows; r++) {
                    for (size_t s = 0; s < rows.size(); s++) {
                        rows[s] = result.slices[s].row(r);
                    }
                    slices_of_row(
                        c, weights.row_span(r), scale.of_row(r), scale.weight_offset, rows);
                }
            }
        },
        converter);
    return result;
}

void to_weights(const Converter& converter, const Conductances& conductances, FloatView out) {
    to_weights(converter, conductances.slices, conductances.scale, out);
}

void to_weights(const Converter& converter,
                std::span<const Matrix<float>> slices,
                const ConductanceScale& scale,
                FloatView out) {
    const std::vector<double> factors = slice_factors(converter);
    if (slices.size() != factors.size()) {
        throw InputError(fmt::format("converter `{}` has {} slices, got {}",
                                     converter_name(converter),
                                     factors.size(),
                                     slices.size()));
    }
    for (const Matrix<float>& slice : slices) {
        if (slice.rows != out.rows || slice.cols != out.cols) {
            throw InputError(fmt::format("conductances are {} x {}, but the weights {} x {}",
                                         slice.rows,
                                         slice.cols,
                                         out.rows,
                                         out.cols));
        }
        require_finite(slice.view(), "conductances");
    }
    require_scale(scale, out.rows);
    if (const auto* user = std::get_if<UserConverter>(&converter)) {
        law_of(*user).to_weights(slices, scale, out);
        return;
    }
    if (std::holds_alternative<Fusion>(converter)) {
        fusion_to_weights(slices[0], scale, out);
        return;
    }
    const auto* single = std::get_if<SingleDevice>(&converter);
    const auto offset = static_cast<float>(single ? single->g_min_us : 0.0);
    const auto weight_offset = static_cast<float>(scale.weight_offset);
    for (size_t r = 0; r < out.rows; r++) {
        const auto k = static_cast<float>(1.0 / scale.of_row(r));
        float* w = out.row(r);
        std::fill_n(w, out.cols, 0.0f);
        for (size_t s = 0; s < slices.size(); s++) {
            const auto factor = static_cast<float>(factors[s]);
            const float* g = slices[s].row(r);
            for (size_t c = 0; c < out.cols; c++) {
                w[c] += factor * (g[c] - offset);
            }
        }
        for (size_t c = 0; c < out.cols; c++) {
            w[c] = w[c] * k + weight_offset;
        }
    }
}

double reference_weight(const Converter& converter,
                        std::span<const double> slices_us,
                        double us_per_weight,
                        double weight_offset) {
    const std::vector<double> factors = slice_factors(converter);
    const auto* single = std::get_if<SingleDevice>(&converter);
    double sum = 0.0;
    for (size_t s = 0; s < factors.size(); s++) {
        sum += factors[s] * (slices_us[s] - (single ? single->g_min_us : 0.0));
    }
    return sum / us_per_weight + weight_offset;
}

std::vector<double> reference_fusion_row(std::span<const double> g_us,
                                         std::span<const double> original) {
    std::vector<double> w(g_us.size());
    for (size_t i = 0; i < w.size(); i++) {
        w[i] = g_us[i] * sign_of(original[i]);
    }
    const double slope = regression_slope<double>(w, original);
    for (double& v : w) {
        v *= slope;
    }
    return w;
}

}  // namespace mho

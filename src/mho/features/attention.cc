// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/features/attention.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "mho/util/error.h"
#include "mho/util/finite.h"

namespace mho {
namespace {

double dot(const float* a, const float* b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += double{a[i]} * b[i];
    }
    return sum;
}

void divide_rows_by_sum(Matrix<double>& weights) {
    for (size_t i = 0; i < weights.rows; i++) {
        double sum = 0;
        for (size_t j = 0; j < weights.cols; j++) {
            sum += weights(i, j);
        }
        for (size_t j = 0; j < weights.cols; j++) {
            weights(i, j) /= sum;
        }
    }
}

}  // namespace

Matrix<float> scale_for_favor(ConstFloatView vectors) {
    require_finite(vectors, "vectors of attention");
    Matrix<float> scaled(vectors.rows, vectors.cols);
    const auto factor = static_cast<float>(std::pow(static_cast<double>(vectors.cols), -0.25));
    for (size_t r = 0; r < vectors.rows; r++) {
        for (size_t j = 0; j < vectors.cols; j++) {
            scaled(r, j) = vectors(r, j) * factor;
        }
    }
    return scaled;
}

Matrix<float> favor_features(FavorKind kind, ConstFloatView scaled, ConstFloatView projected) {
    if (scaled.rows != projected.rows || projected.cols == 0) {
        throw InputError("features of attention need one row of projections per vector");
    }
    require_finite(scaled, "vectors of attention");
    require_finite(projected, "projections of attention");
    const size_t s = projected.cols;
    Matrix<float> z(projected.rows, kind == FavorKind::kRelu ? s : 2 * s);
    const double norm = 1 / std::sqrt(static_cast<double>(s));
    for (size_t r = 0; r < z.rows; r++) {
        const float* u = projected.row(r);
        float* to = z.row(r);
        const double half = 0.5 * dot(scaled.row(r), scaled.row(r), scaled.cols);
        switch (kind) {
            case FavorKind::kPositive: {
                // One exponent, so that neither factor overflows on its own.
                const double h = norm / std::sqrt(2.0);
                for (size_t i = 0; i < s; i++) {
                    to[i] = static_cast<float>(h * std::exp(double{u[i]} - half));
                    to[s + i] = static_cast<float>(h * std::exp(-double{u[i]} - half));
                }
                break;
            }
            case FavorKind::kTrig: {
                const double h = norm * std::exp(half);
                for (size_t i = 0; i < s; i++) {
                    to[i] = static_cast<float>(h * std::sin(double{u[i]}));
                    to[s + i] = static_cast<float>(h * std::cos(double{u[i]}));
                }
                break;
            }
            case FavorKind::kRelu:
                for (size_t i = 0; i < s; i++) {
                    to[i] = static_cast<float>(norm * std::max(u[i], 0.0f));
                }
                break;
        }
    }
    return z;
}

Matrix<double> softmax_attention(ConstFloatView queries, ConstFloatView keys) {
    if (queries.cols != keys.cols || queries.cols == 0 || keys.rows == 0) {
        throw InputError("queries and keys need one common length");
    }
    require_finite(queries, "queries");
    require_finite(keys, "keys");
    Matrix<double> weights(queries.rows, keys.rows);
    const double scale = 1 / std::sqrt(static_cast<double>(queries.cols));
    for (size_t i = 0; i < queries.rows; i++) {
        double largest = -INFINITY;
        for (size_t j = 0; j < keys.rows; j++) {
            weights(i, j) = scale * dot(queries.row(i), keys.row(j), keys.cols);
            largest = std::max(largest, weights(i, j));
        }
        for (size_t j = 0; j < keys.rows; j++) {
            weights(i, j) = std::exp(weights(i, j) - largest);
        }
    }
    divide_rows_by_sum(weights);
    return weights;
}

Matrix<double> feature_attention(ConstFloatView query_features, ConstFloatView key_features) {
    if (query_features.cols != key_features.cols || key_features.rows == 0) {
        throw InputError("features of queries and keys need one common length");
    }
    require_finite(query_features, "features of queries");
    require_finite(key_features, "features of keys");
    Matrix<double> weights(query_features.rows, key_features.rows);
    for (size_t i = 0; i < weights.rows; i++) {
        for (size_t j = 0; j < weights.cols; j++) {
            weights(i, j) = dot(query_features.row(i), key_features.row(j), key_features.cols);
        }
    }
    divide_rows_by_sum(weights);
    return weights;
}

Matrix<double> linear_attention(ConstFloatView query_features,
                                ConstFloatView key_features,
                                ConstFloatView values) {
    if (query_features.cols != key_features.cols || key_features.rows != values.rows) {
        throw InputError("linear attention needs features of one length, and one value per key");
    }
    require_finite(query_features, "features of queries");
    require_finite(key_features, "features of keys");
    require_finite(values, "values of attention");
    const size_t features = key_features.cols;
    Matrix<double> sums(features, values.cols);  // K'^T V
    std::vector<double> total(features, 0.0);    // K'^T 1
    for (size_t j = 0; j < key_features.rows; j++) {
        for (size_t f = 0; f < features; f++) {
            const double k = key_features(j, f);
            total[f] += k;
            for (size_t c = 0; c < values.cols; c++) {
                sums(f, c) += k * double{values(j, c)};
            }
        }
    }
    Matrix<double> out(query_features.rows, values.cols);
    for (size_t i = 0; i < out.rows; i++) {
        double norm = 0;
        for (size_t f = 0; f < features; f++) {
            const double q = query_features(i, f);
            norm += q * total[f];
            for (size_t c = 0; c < values.cols; c++) {
                out(i, c) += q * sums(f, c);
            }
        }
        for (size_t c = 0; c < values.cols; c++) {
            out(i, c) /= norm;
        }
    }
    return out;
}

double relative_error(const Matrix<double>& exact, const Matrix<double>& approximate) {
    if (exact.values.size() != approximate.values.size() || exact.rows != approximate.rows) {
        throw InputError("an error needs two matrices of one shape");
    }
    require_all_finite(exact.values, "exact values of an error");
    require_all_finite(approximate.values, "approximate values of an error");
    double difference = 0;
    double norm = 0;
    for (size_t i = 0; i < exact.values.size(); i++) {
        const double d = exact.values[i] - approximate.values[i];
        difference += d * d;
        norm += exact.values[i] * exact.values[i];
    }
    return std::sqrt(difference / norm);
}

}  // namespace mho

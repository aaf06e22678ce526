// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/features/ridge.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "mho/util/error.h"
#include "mho/util/finite.h"

namespace mho {
namespace {

constexpr size_t kBlock = 512;
constexpr size_t kColumns = 128;
constexpr size_t kMostFeatures = size_t{1} << 14;  // a Gram matrix of 2 GiB

// Sums over n rows -> the model. Centring takes the intercept out of the equations.
RidgeModel from_sums(Matrix<double> gram,
                     Matrix<double> products,
                     const std::vector<double>& sum,
                     const std::vector<double>& target_sum,
                     size_t rows,
                     double lambda) {
    if (rows == 0) {
        throw InputError("a ridge regression needs at least one row");
    }
    if (!(lambda > 0) || !std::isfinite(lambda)) {
        throw InputError("the ridge must be above 0 and finite, got " + std::to_string(lambda));
    }
    const auto n = static_cast<double>(rows);
    for (size_t i = 0; i < gram.rows; i++) {
        for (size_t j = 0; j < gram.cols; j++) {
            gram(i, j) -= sum[i] * sum[j] / n;
        }
        gram(i, i) += lambda;
    }
    for (size_t o = 0; o < products.rows; o++) {
        for (size_t j = 0; j < products.cols; j++) {
            products(o, j) -= target_sum[o] * sum[j] / n;
        }
    }
    solve_positive(gram, products);
    RidgeModel model{std::move(products), {}};
    for (size_t o = 0; o < model.weights.rows; o++) {
        double shift = target_sum[o];
        for (size_t j = 0; j < model.weights.cols; j++) {
            shift -= model.weights(o, j) * sum[j];
        }
        model.intercept.push_back(shift / n);
    }
    return model;
}

}  // namespace

Matrix<double> RidgeModel::predict(ConstFloatView features) const {
    if (features.cols != weights.cols) {
        throw InputError("the model takes " + std::to_string(weights.cols) + " features, got " +
                         std::to_string(features.cols));
    }
    if (intercept.size() != weights.rows) {
        throw InputError("the model needs one intercept for each of its outputs");
    }
    require_finite(features, "features");
    Matrix<double> y(features.rows, weights.rows);
    for (size_t r = 0; r < features.rows; r++) {
        const float* z = features.row(r);
        for (size_t o = 0; o < weights.rows; o++) {
            const double* w = weights.row(o);
            double sum = intercept[o];
            for (size_t j = 0; j < weights.cols; j++) {
                sum += w[j] * double{z[j]};
            }
            y(r, o) = sum;
        }
    }
    return y;
}

Ridge::Ridge(size_t features, size_t outputs) : features_(features), outputs_(outputs) {
    if (features == 0 || outputs == 0 || features > kMostFeatures || outputs > kMostFeatures) {
        throw InputError("a ridge regression takes 1 to 16384 features and outputs, got " +
                         std::to_string(features) + " and " + std::to_string(outputs));
    }
    gram_ = Matrix<double>(features, features);
    products_ = Matrix<double>(outputs, features);
    sum_.assign(features, 0.0);
    target_sum_.assign(outputs, 0.0);
}

void Ridge::add(ConstFloatView features, ConstFloatView targets) {
    if (features.cols != features_ || targets.cols != outputs_ || features.rows != targets.rows) {
        throw InputError("rows of a ridge regression must be [rows, " + std::to_string(features_) +
                         "] and [rows, " + std::to_string(outputs_) + "]");
    }
    require_finite(features, "features");
    require_finite(targets, "targets");
    for (size_t first = 0; first < features.rows; first += kBlock) {
        const size_t count = std::min(kBlock, features.rows - first);
        add_block(features.row_block(first, count), targets.row_block(first, count));
    }
    rows_ += features.rows;
}

void Ridge::add_block(ConstFloatView z, ConstFloatView y) {
    Matrix<float> transposed(features_, z.rows);
    for (size_t r = 0; r < z.rows; r++) {
        for (size_t j = 0; j < features_; j++) {
            transposed(j, r) = z(r, j);
            sum_[j] += double{z(r, j)};
        }
        for (size_t o = 0; o < outputs_; o++) {
            const double target = y(r, o);
            target_sum_[o] += target;
            double* to = products_.row(o);
            for (size_t j = 0; j < features_; j++) {
                to[j] += target * double{z(r, j)};
            }
        }
    }
    // The lower triangle suffices: column blocks, each with the rows from its own first on.
    for (size_t first = 0; first < features_; first += kColumns) {
        const size_t width = std::min(kColumns, features_ - first);
        packed_.pack(transposed.view().row_block(first, width));
        const ConstFloatView rows = transposed.view().row_block(first, features_ - first);
        const size_t stride = packed_.row_stride();
        block_.resize(rows.rows * stride);
        ProductSums sums;
        sums.plain = block_.data();
        sums.stride = stride;
        multiply(packed_, ProductSet::kPlain, rows, nullptr, sums, scratch_);
        for (size_t i = 0; i < rows.rows; i++) {
            const float* from = block_.data() + i * stride;
            double* to = gram_.row(first + i) + first;
            for (size_t j = 0; j < width; j++) {
                to[j] += double{from[j]};
            }
        }
    }
}

RidgeModel Ridge::solve(double lambda) const {
    Matrix<double> gram = gram_;
    for (size_t i = 0; i < features_; i++) {
        for (size_t j = i + 1; j < features_; j++) {
            gram(i, j) = gram(j, i);
        }
    }
    return from_sums(std::move(gram), products_, sum_, target_sum_, rows_, lambda);
}

void solve_positive(Matrix<double>& a, Matrix<double>& right) {
    const size_t n = a.rows;
    if (a.cols != n || right.cols != n) {
        throw InputError("a system of equations needs a square matrix and right sides of its size");
    }
    require_all_finite(a.values, "matrix of the equations");
    require_all_finite(right.values, "right sides of the equations");
    // A = U^T U by rows: the inner loop adds a multiple of a row to a row, no sums to reorder.
    for (size_t k = 0; k < n; k++) {
        double* pivot = a.row(k);
        if (!(pivot[k] > 0) || !std::isfinite(pivot[k])) {
            throw InputError(
                "the equations have no unique solution: the matrix is not positive "
                "definite at row " +
                std::to_string(k));
        }
        const double root = 1 / std::sqrt(pivot[k]);
        for (size_t j = k; j < n; j++) {
            pivot[j] *= root;
        }
        for (size_t i = k + 1; i < n; i++) {
            const double factor = pivot[i];
            double* row = a.row(i);
            for (size_t j = i; j < n; j++) {
                row[j] -= factor * pivot[j];
            }
        }
    }
    for (size_t s = 0; s < right.rows; s++) {
        double* x = right.row(s);
        for (size_t k = 0; k < n; k++) {  // U^T y = b
            x[k] /= a(k, k);
            for (size_t j = k + 1; j < n; j++) {
                x[j] -= x[k] * a(k, j);
            }
        }
        for (size_t k = n; k-- > 0;) {  // U x = y
            double sum = x[k];
            for (size_t j = k + 1; j < n; j++) {
                sum -= a(k, j) * x[j];
            }
            x[k] = sum / a(k, k);
        }
    }
}

RidgeModel reference_ridge(ConstFloatView features, ConstFloatView targets, double lambda) {
    if (features.rows != targets.rows) {
        throw InputError("a ridge regression needs one target per row of features");
    }
    const size_t f = features.cols;
    Matrix<double> gram(f, f);
    Matrix<double> products(targets.cols, f);
    std::vector<double> sum(f, 0.0);
    std::vector<double> target_sum(targets.cols, 0.0);
    for (size_t r = 0; r < features.rows; r++) {
        for (size_t i = 0; i < f; i++) {
            sum[i] += double{features(r, i)};
            for (size_t j = 0; j < f; j++) {
                gram(i, j) += double{features(r, i)} * features(r, j);
            }
            for (size_t o = 0; o < targets.cols; o++) {
                products(o, i) += double{targets(r, o)} * features(r, i);
            }
        }
        for (size_t o = 0; o < targets.cols; o++) {
            target_sum[o] += double{targets(r, o)};
        }
    }
    return from_sums(std::move(gram), std::move(products), sum, target_sum, features.rows, lambda);
}

}  // namespace mho

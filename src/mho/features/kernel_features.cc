// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/features/kernel_features.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "mho/features/projection.h"
#include "mho/util/error.h"
#include "mho/util/finite.h"

namespace mho {
namespace {

int order_of(KernelKind kind) {
    return kind == KernelKind::kArcCos0 ? 0 : kind == KernelKind::kArcCos1 ? 1 : 2;
}

// J_n of Cho and Saul (2009), equation 3.
double arc_cosine_angle(int order, double theta) {
    const double rest = std::numbers::pi - theta;
    const double s = std::sin(theta);
    const double c = std::cos(theta);
    switch (order) {
        case 0:
            return rest;
        case 1:
            return s + rest * c;
        default:
            return 3 * s * c + rest * (1 + 2 * c * c);
    }
}

void require_kernel(const Kernel& kernel) {
    require_not_negative(kernel.gamma, "gamma of a kernel");
}

double value_of(const Kernel& kernel, std::span<const float> x, std::span<const float> y) {
    double xx = 0;
    double yy = 0;
    double xy = 0;
    double distance = 0;
    for (size_t i = 0; i < x.size(); i++) {
        const double a = x[i];
        const double b = y[i];
        xx += a * a;
        yy += b * b;
        xy += a * b;
        distance += (a - b) * (a - b);
    }
    if (kernel.kind == KernelKind::kRbf) {
        return std::exp(-kernel.gamma * distance);
    }
    const double lengths = std::sqrt(xx * yy);
    const double theta =
        lengths > 0 ? std::acos(std::clamp(xy / lengths, -1.0, 1.0)) : std::numbers::pi / 2;
    const int n = order_of(kernel.kind);
    return std::pow(lengths, n) * arc_cosine_angle(n, theta) / std::numbers::pi;
}

}  // namespace

double kernel_value(const Kernel& kernel, std::span<const float> x, std::span<const float> y) {
    if (x.size() != y.size()) {
        throw InputError("a kernel compares vectors of one length, got " +
                         std::to_string(x.size()) + " and " + std::to_string(y.size()));
    }
    require_all_finite(x, "first vector of a kernel");
    require_all_finite(y, "second vector of a kernel");
    require_kernel(kernel);
    return value_of(kernel, x, y);
}

Matrix<double> kernel_matrix(const Kernel& kernel, ConstFloatView rows) {
    require_finite(rows, "vectors of a kernel");
    require_kernel(kernel);
    Matrix<double> k(rows.rows, rows.rows);
    for (size_t i = 0; i < rows.rows; i++) {
        for (size_t j = 0; j <= i; j++) {
            k(i, j) = value_of(kernel, rows.row_span(i), rows.row_span(j));
            k(j, i) = k(i, j);
        }
    }
    return k;
}

double projection_factor(const Kernel& kernel) {
    require_kernel(kernel);
    return kernel.kind == KernelKind::kRbf ? std::sqrt(2 * kernel.gamma) : 1.0;
}

size_t features_per_projection(const Kernel& kernel) {
    return kernel.kind == KernelKind::kRbf ? 2 : 1;
}

Matrix<float> kernel_features(const Kernel& kernel,
                              ConstFloatView projected,
                              std::span<const float> shifts) {
    const size_t s = projected.cols;
    const bool rbf = kernel.kind == KernelKind::kRbf;
    if (s == 0 || (!shifts.empty() && (!rbf || shifts.size() != s))) {
        throw InputError(
            "features need at least one projection, and one shift for each or none "
            "(arc-cosine kernels: none)");
    }
    require_finite(projected, "projections of a kernel");
    require_all_finite(shifts, "shifts of a kernel");
    Matrix<float> z(projected.rows, s * features_per_projection(kernel));
    const float norm = std::sqrt((rbf ? 1.0f : 2.0f) / static_cast<float>(s));
    for (size_t r = 0; r < projected.rows; r++) {
        const float* u = projected.row(r);
        float* to = z.row(r);
        if (rbf) {
            for (size_t i = 0; i < s; i++) {
                const float angle = shifts.empty() ? u[i] : u[i] + shifts[i];
                to[i] = norm * std::cos(angle);
                to[s + i] = norm * std::sin(angle);
            }
            continue;
        }
        const int n = order_of(kernel.kind);
        for (size_t i = 0; i < s; i++) {
            const float power = n == 0 ? 1.0f : n == 1 ? u[i] : u[i] * u[i];
            to[i] = u[i] > 0 ? norm * power : 0.0f;
        }
    }
    return z;
}

double kernel_error(const Matrix<double>& exact, ConstFloatView features) {
    if (exact.rows != features.rows || exact.cols != features.rows || features.rows == 0) {
        throw InputError("an error needs the kernel of all pairs of rows of the features");
    }
    require_all_finite(exact.values, "values of a kernel");
    require_finite(features, "features of a kernel");
    Matrix<float> z(features.rows, features.cols);
    for (size_t r = 0; r < z.rows; r++) {
        std::copy_n(features.row(r), z.cols, z.row(r));
    }
    const Matrix<float> products = project(z, z.view());
    double difference = 0;
    double norm = 0;
    for (size_t i = 0; i < exact.values.size(); i++) {
        const double d = exact.values[i] - double{products.values[i]};
        difference += d * d;
        norm += exact.values[i] * exact.values[i];
    }
    return std::sqrt(difference / norm);
}

}  // namespace mho

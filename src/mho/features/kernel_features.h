// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_FEATURES_KERNEL_FEATURES_H
#define MHO_FEATURES_KERNEL_FEATURES_H

// Kernels k(x, y), and maps z with z(x) . z(y) ~ k(x, y) that need one product with a random
// matrix (Rahimi and Recht 2007; Cho and Saul 2009; arXiv 2411.03375). Formulas:
// docs/models/features.md.

#include <array>
#include <span>
#include <string_view>

#include "mho/random/stream.h"
#include "mho/util/matrix.h"
#include "mho/util/reflect.h"

namespace mho {

enum class KernelKind {
    kRbf,      // exp(-gamma |x - y|^2)
    kArcCos0,  // (1 / pi) (|x| |y|)^n J_n(angle between x and y)
    kArcCos1,
    kArcCos2,
};

template <>
struct EnumNames<KernelKind> {
    static constexpr std::array<std::pair<KernelKind, std::string_view>, 4> names = {
        {{KernelKind::kRbf, "rbf"},
         {KernelKind::kArcCos0, "arccos 0"},
         {KernelKind::kArcCos1, "arccos 1"},
         {KernelKind::kArcCos2, "arccos 2"}}};
};

struct Kernel {
    KernelKind kind = KernelKind::kRbf;
    double gamma = 0.05;  // rbf: 1 / squared input units
};

/// The kernel itself, in double. Arc-cosine kernels of a zero vector are those of a right angle.
double kernel_value(const Kernel& kernel, std::span<const float> x, std::span<const float> y);
/// All pairs of rows `[rows, rows]`.
Matrix<double> kernel_matrix(const Kernel& kernel, ConstFloatView rows);

/// What the random matrix of draw_projection is multiplied by: sqrt(2 gamma) for rbf, else 1.
double projection_factor(const Kernel& kernel);

/// Features per row of the random matrix: 2 (cos and sin) for rbf, else 1.
size_t features_per_projection(const Kernel& kernel);

/// z(x) from u = W x (already times projection_factor), `[rows, s]` -> `[rows, features]`:
///   rbf       [cos(u + b), sin(u + b)] / sqrt(s)
///   arccos n  sqrt(2 / s) u^n where u > 0, else 0
/// `shifts` b has s entries or none (arccos: none); any b gives the same products, as both sine and
/// cosine are kept.
Matrix<float> kernel_features(const Kernel& kernel,
                              ConstFloatView projected,
                              std::span<const float> shifts = {});

/// |K - Z Z^T| / |K| (Frobenius), K = kernel_matrix of the rows that gave the features.
double kernel_error(const Matrix<double>& exact, ConstFloatView features);

}  // namespace mho

#endif  // MHO_FEATURES_KERNEL_FEATURES_H

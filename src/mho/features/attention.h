// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_FEATURES_ATTENTION_H
#define MHO_FEATURES_ATTENTION_H

// Attention as a kernel method: softmax attention weighs values by the kernel exp(q . k / sqrt(d)),
// which random features replace by a product (Choromanski et al., arXiv 2009.14794: Performer,
// FAVOR+). Formulas: docs/models/features.md.

#include <array>
#include <string_view>
#include <utility>

#include "mho/util/matrix.h"
#include "mho/util/reflect.h"

namespace mho {

enum class FavorKind {
    kPositive,  // exp(u), exp(-u), times exp(-|x|^2 / 2) / sqrt(2)
    kTrig,      // sin(u), cos(u), times exp(|x|^2 / 2)
    kRelu,      // relu(u): another kernel than softmax's
};

template <>
struct EnumNames<FavorKind> {
    static constexpr std::array<std::pair<FavorKind, std::string_view>, 3> names = {
        {{FavorKind::kPositive, "positive"},
         {FavorKind::kTrig, "trigonometric"},
         {FavorKind::kRelu, "relu"}}};
};

/// Queries or keys divided by d^(1/4): the product of two of them is q . k / sqrt(d).
Matrix<float> scale_for_favor(ConstFloatView vectors);

/// Feature map of scaled vectors x `[rows, d]` from their random projections u = W x `[rows, s]`:
/// `[rows, 2 s]` (relu: `[rows, s]`), with the factor 1 / sqrt(s).
Matrix<float> favor_features(FavorKind kind, ConstFloatView scaled, ConstFloatView projected);

/// Softmax attention weights in double: row i holds exp(q_i . k_j / sqrt(d)) / sum over j. Queries
/// and keys `[rows, d]`, not scaled.
Matrix<double> softmax_attention(ConstFloatView queries, ConstFloatView keys);

/// The weights that features stand for: q'_i . k'_j / sum over j.
Matrix<double> feature_attention(ConstFloatView query_features, ConstFloatView key_features);

/// D^-1 Q' (K'^T V) with D = diag(Q' (K'^T 1)): attention without its quadratic matrix. In double,
/// `[queries, values' columns]`. Throws InputError for wrong shapes.
Matrix<double> linear_attention(ConstFloatView query_features,
                                ConstFloatView key_features,
                                ConstFloatView values);

/// |A - A'| / |A| (Frobenius).
double relative_error(const Matrix<double>& exact, const Matrix<double>& approximate);

}  // namespace mho

#endif  // MHO_FEATURES_ATTENTION_H

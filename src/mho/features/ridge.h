// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_FEATURES_RIDGE_H
#define MHO_FEATURES_RIDGE_H

#include <cstddef>
#include <vector>

#include "mho/kernels/product.h"
#include "mho/util/matrix.h"

namespace mho {

/// y = W z + c.
struct RidgeModel {
    Matrix<double> weights;  // [outputs, features]
    std::vector<double> intercept;

    /// Rows of features `[rows, features]` -> `[rows, outputs]`.
    Matrix<double> predict(ConstFloatView features) const;
};

/// Ridge regression with an intercept that is not shrunk: minimises
/// sum |y - W z - c|^2 + lambda |W|^2. Rows come in any number of pieces; only sums are kept.
///
/// Products Z^T Z are summed in float32 over blocks of 512 rows, blocks in double; the system of
/// equations is solved in double (float32 there would lose the small eigenvalues that lambda
/// decides on).
class Ridge {
  public:
    /// Throws InputError for no features, no outputs, or more than 2^14 features.
    Ridge(size_t features, size_t outputs);

    /// Features `[rows, features]` and targets `[rows, outputs]`. Throws InputError for wrong
    /// shapes and numbers that are not finite.
    void add(ConstFloatView features, ConstFloatView targets);

    /// Throws InputError for no rows, lambda <= 0 or not finite, and when the equations have no
    /// solution in double precision.
    RidgeModel solve(double lambda) const;

    size_t rows() const { return rows_; }

  private:
    void add_block(ConstFloatView features, ConstFloatView targets);

    size_t features_;
    size_t outputs_;
    size_t rows_ = 0;
    Matrix<double> gram_;             // sum z z^T, lower triangle
    Matrix<double> products_;         // [outputs, features] sum y z
    std::vector<double> sum_;         // sum z
    std::vector<double> target_sum_;  // sum y
    PackedMatrix packed_;
    AlignedFloats block_;
    ProductScratch scratch_;
};

/// Solves A X = B for the rows of `right` `[sides, n]` with a symmetric positive definite A
/// `[n, n]` (Cholesky; A is overwritten by its factor). Throws InputError if A is not positive
/// definite.
void solve_positive(Matrix<double>& a, Matrix<double>& right);

/// The same fit with all sums in double, row by row.
RidgeModel reference_ridge(ConstFloatView features, ConstFloatView targets, double lambda);

}  // namespace mho

#endif  // MHO_FEATURES_RIDGE_H

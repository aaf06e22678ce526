// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_STUDY_KERNEL_ATTENTION_H
#define MHO_ANALYSIS_STUDY_KERNEL_ATTENTION_H

#include <string>

#include "mho/features/projection.h"
#include "mho/util/matrix.h"

namespace mho {

/// Softmax attention of one head of random queries and keys, and its approximation by positive
/// random features (FAVOR+) of structured projections on a HERMES core.
class AttentionTrial {
  public:
    /// `tokens` queries and keys each, normal with standard deviation `vector_std`, drawn by the
    /// key of `path` + "/attention".
    AttentionTrial(
        const std::string& path, uint64_t seed, uint32_t draw, size_t tokens, float vector_std);

    /// Queries, then keys, as the projections take them [2 * tokens, features].
    const Matrix<float>& inputs() const { return inputs_; }
    /// Largest size of an input.
    float range() const { return range_; }
    TileKey key() const { return key_; }

    /// The projection of m features per input, drawn by the key of `path`.
    Matrix<float> projection(const std::string& path, size_t m) const;
    /// The same on a chip, an hour after programming.
    AnalogProjection chip(const std::string& path, const Matrix<float>& projection) const;

    /// Relative error of the attention weights made of projected inputs.
    double error(const Matrix<float>& projected) const;

  private:
    uint64_t seed_;
    uint32_t draw_;
    size_t tokens_;
    TileKey key_;
    Matrix<float> inputs_;
    float range_ = 0;
    Matrix<double> exact_;
};

}  // namespace mho

#endif  // MHO_ANALYSIS_STUDY_KERNEL_ATTENTION_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/study_kernel_attention.h"

#include <algorithm>
#include <cmath>

#include "mho/analysis/study.h"
#include "mho/features/attention.h"

namespace mho {

namespace {
constexpr size_t kHead = 64;  // features of an attention head
}  // namespace

AttentionTrial::AttentionTrial(
    const std::string& path, uint64_t seed, uint32_t draw, size_t tokens, float vector_std)
    : seed_(seed),
      draw_(draw),
      tokens_(tokens),
      key_(make_tile_key(seed, path + "/attention", 0, 0, draw)) {
    Matrix<float> vectors(2 * tokens, kHead);
    fill_normal(key_, Stream::kTest, 0, 0, vectors.values);
    for (float& v : vectors.values) {
        v *= vector_std;
    }
    exact_ = softmax_attention(vectors.view().row_block(0, tokens),
                               vectors.view().row_block(tokens, tokens));
    inputs_ = scale_for_favor(vectors.view());
    for (const float v : inputs_.values) {
        range_ = std::max(range_, std::abs(v));
    }
}

Matrix<float> AttentionTrial::projection(const std::string& path, size_t m) const {
    return draw_projection(
        ProjectionKind::kStructured, m * kHead - 1, kHead, make_tile_key(seed_, path, 0, 0, draw_));
}

AnalogProjection AttentionTrial::chip(const std::string& path,
                                      const Matrix<float>& projection) const {
    AnalogProjection chip(hermes_core(adc_bound_for(projection, inputs_.view(), range_)),
                          projection,
                          range_,
                          seed_,
                          path,
                          draw_);
    chip.advance_to(kHour_s);
    return chip;
}

double AttentionTrial::error(const Matrix<float>& projected) const {
    const Matrix<float> z = favor_features(FavorKind::kPositive, inputs_.view(), projected.view());
    return relative_error(
        exact_,
        feature_attention(z.view().row_block(0, tokens_), z.view().row_block(tokens_, tokens_)));
}

}  // namespace mho

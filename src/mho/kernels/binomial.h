// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_KERNELS_BINOMIAL_H
#define MHO_KERNELS_BINOMIAL_H

// Binomial numbers by inversion: the smallest n whose cumulative probability exceeds a uniform
// number. What a cell counts whose line fires alone in every slot of a train.

#include <cstddef>
#include <cstdint>
#include <span>

namespace mho {

/// More trials than this would let (1 - p)^trials leave the range of float32.
inline constexpr uint32_t kMostBinomialTrials = 64;

/// counts[i] ~ Binomial(trials, min(p[i], 1)) for uniforms[i] in [0, 1), p[i] >= 0 and trials <=
/// kMostBinomialTrials. Probabilities of single counts are right to a relative error of 4e-7
/// trials.
void draw_binomial(uint32_t trials,
                   std::span<const float> p,
                   std::span<const float> uniforms,
                   std::span<float> counts);

namespace twin {
void draw_binomial(uint32_t trials,
                   std::span<const float> p,
                   std::span<const float> uniforms,
                   std::span<float> counts);
}

}  // namespace mho

#endif  // MHO_KERNELS_BINOMIAL_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ADAPT_MODIFIER_H
#define MHO_ADAPT_MODIFIER_H

#include <cstdint>
#include <memory>

#include "mho/adapt/adapt_config.h"
#include "mho/random/stream.h"
#include "mho/util/matrix.h"

namespace mho {

// Weights w of one tile become, with A = max |w| (relative_to_max; 0 counts as 1) or assumed_max,
// rho = |w| / A, xi fresh standard normals, U uniforms, step = 2 / steps, round() half away from
// zero, q(v) = step * round(v / step [+ U - 1/2]) and sigma(rho) = sum_k coefficients_us[k] rho^k /
// g_max_us:
//
//   discretize                      A q(w / A)
//   multiplicative normal           w (1 + std A xi)
//   additive normal                 w + std A xi
//   discretize and additive normal  A q(w / A) + std A xi
//   dorefa                          q(tanh(w) |dorefa_clip / tanh(A)|)
//   polynomial                      w + std A sigma(rho) xi
//   programming noise               sign(w) |w + std A sigma(rho) xi|, sign(0) = +
//   pcm noise                       programming, stuck cells, drift and 1/f noise of a phase-change
//   cell, below drop connect, copy, none        w
//
// After any of them a weight becomes 0 with drop_probability, and with keep_last_column the last
// column is the original one (and does not count in A).
//
// pcm noise: g = w g_max / A; |g| below pcm_zero_threshold c_0 std becomes 0; with the three
// probabilities, in this order, g becomes 0, moves by +-g_max, becomes sign(g) U g_max; |g| <=
// g_max; programmed g_p = g + std sum_k c_k rho^k xi; with t = pcm_t_inference_s + t0 > t0 drifted
// g_d = g_p (t / t0)^-|s xi|, s = clamp(-0.0125 ln rho_p - 0.0059, 0.008, 0.045) (the mean drift
// counts as compensated); read g_f = g_d + std |g_d| Q sqrt(ln((t + 250 ns) / 500 ns)) xi, Q =
// min(0.0088 / max(rho_p^0.65, 1e-3), 0.2); w' = sign(w) |g_f| A / g_max.
//
// Sources: Joshi et al. 2020; Rasch et al., arXiv 2302.08469; Zhou et al., arXiv 1606.06160
// (dorefa); aihwkit 1.2.0. Element (r, c) draws number r * columns + c; the further draws of pcm
// noise follow in planes of rows * columns numbers.

/// Modified weights of one tile, `[outputs, inputs]`, drawn with (key, step). `out` may be
/// `tile_weights`. Throws InputError for shapes that differ and for weights that are not finite.
void modify_weights(const WeightModifier& modifier,
                    ConstFloatView tile_weights,
                    FloatView out,
                    TileKey key,
                    uint64_t step);

/// modify_weights() for some rows at a time, so that they can be used while they are in the cache.
class WeightModification {
  public:
    /// `tile_weights` must outlive this. Throws InputError for weights that are not finite.
    WeightModification(const WeightModifier& modifier,
                       ConstFloatView tile_weights,
                       TileKey key,
                       uint64_t step);
    ~WeightModification();
    WeightModification(const WeightModification&) = delete;
    WeightModification& operator=(const WeightModification&) = delete;
    /// The rows of the result from `first` on, as many as `rows` has. They may be those of the
    /// weights.
    void write(size_t first, FloatView rows);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// The same laws, serial and in double precision, on the same draws.
void reference_modify_weights(const WeightModifier& modifier,
                              ConstFloatView tile_weights,
                              MatrixView<double> out,
                              TileKey key,
                              uint64_t step);

/// Whether modified weights differ from the weights at all.
bool modifies(const WeightModifier& modifier);

}  // namespace mho

#endif  // MHO_ADAPT_MODIFIER_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_KERNELS_PASSES_H
#define MHO_KERNELS_PASSES_H

// Passes over rows that a training step makes beside its products. Each is one operation after the
// other per element, without fused multiply-adds, so that a plain loop gives the same bits.

#include <cstddef>
#include <cstdint>

namespace mho {

/// out = a + factor * b. `out` may be `a`.
void add_scaled_row(const float* a, const float* b, float factor, size_t n, float* out);

/// out = e * scale, 0 where `mask` is not 0; `mask` may be null.
void masked_scale_row(
    const float* e, const float* scale, const uint8_t* mask, size_t n, float* out);

/// sums += x.
void add_row(const float* x, size_t n, float* sums);

/// out = min(max(x, -bound), bound), not a number where x is none.
void clamp_row(const float* x, float bound, size_t n, float* out);

/// clamp_row in place; memory that keeps its values is not written.
void clamp_in_place(float* x, float bound, size_t n);

/// d = 0 where |x| > range.
void clear_outside_row(const float* x, float range, size_t n, float* d);

inline constexpr size_t kDoubleLanes = 8;

/// Adds x and x^2 in double to the lanes: element i to lane i modulo 8. n must be a multiple of 8.
void add_moments(const float* x, size_t n, double* sums, double* squares);

/// Sum of a * b in double over 8 lanes (element i in lane i modulo 8), the lanes added in order.
double dot_row(const float* a, const float* b, size_t n);

/// What the gradient of an input range needs of a row of inputs x with gradients d.
struct RangeRow {
    double shrink = 0;   // sum of min(d, 0) where x >= range
    double grow = 0;     // sum of max(d, 0) where x <= -range
    size_t outside = 0;  // elements that are not |x| < range
};

/// A row is summed in float over 16 lanes (element i in lane i modulo 16), the lanes in double, in
/// order: a relative error below n / 16 * 2^-24 of the sum, for all terms have one sign.
RangeRow range_row_sums(const float* x, const float* d, float range, size_t n);

namespace twin {
void add_scaled_row(const float* a, const float* b, float factor, size_t n, float* out);
void masked_scale_row(
    const float* e, const float* scale, const uint8_t* mask, size_t n, float* out);
void add_row(const float* x, size_t n, float* sums);
void clamp_row(const float* x, float bound, size_t n, float* out);
void clear_outside_row(const float* x, float range, size_t n, float* d);
void add_moments(const float* x, size_t n, double* sums, double* squares);
double dot_row(const float* a, const float* b, size_t n);
RangeRow range_row_sums(const float* x, const float* d, float range, size_t n);
}  // namespace twin

}  // namespace mho

#endif  // MHO_KERNELS_PASSES_H

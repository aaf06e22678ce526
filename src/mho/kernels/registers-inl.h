// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Ways through numbers in registers that several files with vector code take. Included once per
// target.

#if defined(MHO_KERNELS_REGISTERS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef MHO_KERNELS_REGISTERS_INL_H
#undef MHO_KERNELS_REGISTERS_INL_H
#else
#define MHO_KERNELS_REGISTERS_INL_H
#endif

#include <hwy/highway.h>

#include <cstddef>

HWY_BEFORE_NAMESPACE();
namespace mho {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Calls `body(tag, index)` for whole registers, then for single elements: the law of an element
// does not depend on where it stands.
template <class F>
HWY_INLINE void over_row(size_t n, F&& body) {
    const hn::ScalableTag<float> d;
    const hn::CappedTag<float, 1> d1;
    const size_t lanes = hn::Lanes(d);
    size_t i = 0;
    for (; i + lanes <= n; i += lanes) {
        body(d, i);
    }
    for (; i < n; i++) {
        body(d1, i);
    }
}

// Transposes 4 x 4 numbers: rows in, columns out.
template <class D4, class V4 = hn::Vec<D4>>
HWY_INLINE void transpose(D4 d, V4 (&m)[4]) {
    const hn::Repartition<double, D4> d64;
    const auto a = hn::BitCast(d64, hn::InterleaveLower(d, m[0], m[1]));
    const auto b = hn::BitCast(d64, hn::InterleaveLower(d, m[2], m[3]));
    const auto c = hn::BitCast(d64, hn::InterleaveUpper(d, m[0], m[1]));
    const auto e = hn::BitCast(d64, hn::InterleaveUpper(d, m[2], m[3]));
    m[0] = hn::BitCast(d, hn::InterleaveLower(d64, a, b));
    m[1] = hn::BitCast(d, hn::InterleaveUpper(d64, a, b));
    m[2] = hn::BitCast(d, hn::InterleaveLower(d64, c, e));
    m[3] = hn::BitCast(d, hn::InterleaveUpper(d64, c, e));
}

// Columns k to k + 3 of 4 or 8 rows, as many as a register of D8 has lanes: one row a lane.
template <class D8, size_t kRows = hn::MaxLanes(D8()), class V8 = hn::Vec<D8>>
HWY_INLINE void load_transposed(D8 d, const float* const* rows, size_t k, V8 (&m)[4]) {
    for (size_t r = 0; r < 4; r++) {
        if constexpr (kRows == 8) {
            // The halves are transposed each for itself, so that they end up side by side.
            const hn::Half<D8> half;
            m[r] = hn::Combine(d, hn::LoadU(half, rows[r + 4] + k), hn::LoadU(half, rows[r] + k));
        } else {
            m[r] = hn::LoadU(d, rows[r] + k);
        }
    }
    transpose(d, m);
}

}  // namespace HWY_NAMESPACE
}  // namespace mho
HWY_AFTER_NAMESPACE();

#endif  // MHO_KERNELS_REGISTERS_INL_H

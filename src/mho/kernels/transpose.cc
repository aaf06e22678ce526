// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/kernels/transpose.h"

#include "mho/util/error.h"
#include "mho/util/shape_text.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "mho/kernels/transpose.cc"
// clang-format off: this order is the law of Highway
#include "mho/util/simd.h"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "mho/kernels/registers-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace mho {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void Transpose(const ConstFloatView& from, const FloatView& to) {
    const hn::CappedTag<float, 8> d;
    constexpr size_t kRows = hn::MaxLanes(hn::CappedTag<float, 8>());
    // A cache line of a result at once: what is written is seldom in the first level.
    constexpr size_t kLine = 16;
    const size_t whole_rows = from.rows / kLine * kLine;
    const size_t whole_cols = from.cols / 4 * 4;
    for (size_t r = 0; r < whole_rows; r += kLine) {
        const float* rows[kLine];
        for (size_t i = 0; i < kLine; i++) {
            rows[i] = from.row(r + i);
        }
        for (size_t c = 0; c < whole_cols; c += 4) {
            for (size_t first = 0; first < kLine; first += kRows) {
                hn::Vec<decltype(d)> m[4];
                load_transposed(d, rows + first, c, m);
                for (size_t i = 0; i < 4; i++) {
                    hn::StoreU(m[i], d, to.row(c + i) + r + first);
                }
            }
        }
    }
    for (size_t r = 0; r < from.rows; r++) {
        for (size_t c = r < whole_rows ? whole_cols : 0; c < from.cols; c++) {
            to(c, r) = from(r, c);
        }
    }
}

}  // namespace HWY_NAMESPACE
}  // namespace mho
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mho {

HWY_EXPORT(Transpose);

void transpose(ConstFloatView from, FloatView to) {
    if (to.rows != from.cols || to.cols != from.rows) {
        throw InputError("transpose: a matrix " + shape_text(from.rows, from.cols) +
                         " does not become " + shape_text(to.rows, to.cols));
    }
    HWY_DYNAMIC_DISPATCH(Transpose)(from, to);
}

}  // namespace mho
#endif

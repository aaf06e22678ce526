// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/kernels/outer_sum.h"

#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "mho/kernels/outer_sum.cc"
// clang-format off: this order is the law of Highway
#include "mho/util/simd.h"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace mho {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using SumF = hn::ScalableTag<float>;
constexpr size_t kRegisters = 4;  // of columns
constexpr size_t kRows = 4;       // whose sums stay in registers together

// kR rows, kC registers of columns from `column` on.
template <size_t kR, size_t kC>
HWY_INLINE void add_block(const ConstFloatView& d,
                          const ConstFloatView& x,
                          const FloatView& sum,
                          size_t row,
                          size_t column) {
    const SumF f;
    const size_t lanes = hn::Lanes(f);
    hn::Vec<SumF> total[kR][kC];
    const float* factors[kR];
    for (size_t r = 0; r < kR; r++) {
        factors[r] = d.row(row + r);
        for (size_t c = 0; c < kC; c++) {
            total[r][c] = hn::LoadU(f, sum.row(row + r) + column + c * lanes);
        }
    }
    for (size_t s = 0; s < x.rows; s++) {
        const float* from = x.row(s) + column;
        for (size_t r = 0; r < kR; r++) {
            const auto factor = hn::Set(f, factors[r][s]);
            for (size_t c = 0; c < kC; c++) {
                total[r][c] = hn::MulAdd(factor, hn::LoadU(f, from + c * lanes), total[r][c]);
            }
        }
    }
    for (size_t r = 0; r < kR; r++) {
        for (size_t c = 0; c < kC; c++) {
            hn::StoreU(total[r][c], f, sum.row(row + r) + column + c * lanes);
        }
    }
}

template <size_t kR>
HWY_INLINE void add_rows(const ConstFloatView& d,
                         const ConstFloatView& x,
                         const FloatView& sum,
                         size_t row) {
    const size_t lanes = hn::Lanes(SumF());
    size_t c = 0;
    for (; c + kRegisters * lanes <= x.cols; c += kRegisters * lanes) {
        add_block<kR, kRegisters>(d, x, sum, row, c);
    }
    for (; c + lanes <= x.cols; c += lanes) {
        add_block<kR, 1>(d, x, sum, row, c);
    }
    for (; c < x.cols; c++) {
        for (size_t r = row; r < row + kR; r++) {
            for (size_t s = 0; s < x.rows; s++) {
                sum(r, c) = std::fma(d(r, s), x(s, c), sum(r, c));
            }
        }
    }
}

void AddOuterProducts(const ConstFloatView& d, const ConstFloatView& x, const FloatView& sum) {
    size_t r = 0;
    for (; r + kRows <= sum.rows; r += kRows) {
        add_rows<kRows>(d, x, sum, r);
    }
    for (; r < sum.rows; r++) {
        add_rows<1>(d, x, sum, r);
    }
}

}  // namespace HWY_NAMESPACE
}  // namespace mho
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mho {

HWY_EXPORT(AddOuterProducts);

void add_outer_products(ConstFloatView d, ConstFloatView x, FloatView sum) {
    HWY_DYNAMIC_DISPATCH(AddOuterProducts)(d, x, sum);
}

namespace twin {

void add_outer_products(ConstFloatView d, ConstFloatView x, FloatView sum) {
    for (size_t s = 0; s < x.rows; s++) {
        for (size_t r = 0; r < sum.rows; r++) {
            for (size_t c = 0; c < x.cols; c++) {
                sum(r, c) = std::fma(d(r, s), x(s, c), sum(r, c));
            }
        }
    }
}

}  // namespace twin
}  // namespace mho
#endif

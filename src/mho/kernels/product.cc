// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/kernels/product.h"

#include <algorithm>
#include <cstdlib>
#include <new>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "mho/kernels/product.cc"
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

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// How many sums a set has, which of them multiply |w| instead of w, and where each goes.
template <ProductSet kSet>
struct SetTraits;
template <>
struct SetTraits<ProductSet::kPlain> {
    static constexpr size_t kSums = 1;
    static constexpr bool kAbsolute[4] = {false, false, false, false};
};
template <>
struct SetTraits<ProductSet::kSquares> {
    static constexpr size_t kSums = 2;
    static constexpr bool kAbsolute[4] = {false, true, false, false};
};
template <>
struct SetTraits<ProductSet::kIrDrop> {
    static constexpr size_t kSums = 3;
    static constexpr bool kAbsolute[4] = {false, false, true, false};
};
template <>
struct SetTraits<ProductSet::kAll> {
    static constexpr size_t kSums = 4;
    static constexpr bool kAbsolute[4] = {false, false, true, true};
};

// Register blocking: kSums * kRows * kVectors accumulators plus the weights must fit into the 32
// registers of AVX-512 or the 16 of AVX2, and about 8 independent accumulators hide the latency of
// an FMA on two ports. More vectors per row lower the number of broadcasts.
constexpr bool kWide = HWY_TARGET <= HWY_AVX3;
template <ProductSet kSet>
constexpr size_t rows_per_block() {
    switch (kSet) {
        case ProductSet::kPlain:
            return kWide ? 12 : 6;
        case ProductSet::kSquares:
            return kWide ? 6 : 6;
        case ProductSet::kIrDrop:
            return kWide ? 4 : 4;
        case ProductSet::kAll:
            return kWide ? 3 : 3;
    }
}
template <ProductSet kSet>
constexpr size_t vectors_per_block() {
    return kWide ? 2 : (kSet == ProductSet::kPlain ? 2 : 1);
}

// The operands of one input for the rows in the lanes of `v`: one store per sum.
template <ProductSet kSet, class D4, class V4 = hn::Vec<D4>>
HWY_INLINE void store_operands(D4 d, V4 v, float q, size_t rows, float* HWY_RESTRICT to) {
    hn::StoreU(v, d, to);
    if constexpr (kSet == ProductSet::kSquares) {
        hn::StoreU(hn::Mul(v, v), d, to + rows);
    }
    if constexpr (kSet == ProductSet::kIrDrop) {
        hn::StoreU(hn::Mul(v, hn::Set(d, q)), d, to + rows);
        hn::StoreU(hn::Abs(v), d, to + 2 * rows);
    }
    if constexpr (kSet == ProductSet::kAll) {
        hn::StoreU(hn::Mul(v, hn::Set(d, q)), d, to + rows);
        hn::StoreU(hn::Mul(v, v), d, to + 2 * rows);
        hn::StoreU(hn::Abs(v), d, to + 3 * rows);
    }
}

constexpr bool uses_position(ProductSet set) {
    return set == ProductSet::kIrDrop || set == ProductSet::kAll;
}

// Floats that a store of 4 operands may reach past the end of a block.
constexpr size_t kPackSlack = 4;

// One panel of weights, transposed; missing outputs zero. Whether all are finite.
bool PackPanel(ConstFloatView w, float* HWY_RESTRICT to) {
    const hn::CappedTag<float, 8> d;
    constexpr size_t kRows = hn::MaxLanes(hn::CappedTag<float, 8>());
    constexpr size_t kPanel = PackedMatrix::kPanel;
    const size_t whole = w.cols / 4 * 4;
    // A few cache lines of the rows after each other: rows a power of two apart share few sets of
    // the first level, and a line that is left before its end is gone (half of the time for 512
    // inputs, three quarters for 1024).
    constexpr size_t kRun = 64;
    HWY_ALIGN static constexpr float kMissing[kRun] = {};
    // Zero times a number is zero, times infinity and NaN it is NaN and stays so.
    const auto zero = hn::Zero(d);
    hn::Vec<decltype(d)> check[4] = {zero, zero, zero, zero};
    for (size_t run = 0; run < whole; run += kRun) {
        const size_t length = HWY_MIN(kRun, whole - run);
        for (size_t o = 0; o < kPanel; o += kRows) {
            const float* rows[kRows];
            for (size_t r = 0; r < kRows; r++) {
                rows[r] = o + r < w.rows ? w.row(o + r) + run : kMissing;
            }
            for (size_t k = 0; k < length; k += 4) {
                hn::Vec<decltype(d)> m[4];
                load_transposed(d, rows, k, m);
                for (size_t i = 0; i < 4; i++) {
                    check[i] = hn::MulAdd(m[i], zero, check[i]);
                    hn::Store(m[i], d, to + (run + k + i) * kPanel + o);
                }
            }
        }
    }
    float rest = 0;
    for (size_t k = whole; k < w.cols; k++) {
        for (size_t o = 0; o < kPanel; o++) {
            const float v = o < w.rows ? w(o, k) : 0.0f;
            to[k * kPanel + o] = v;
            rest += v * 0.0f;
        }
    }
    const auto all = hn::Add(hn::Add(check[0], check[1]), hn::Add(check[2], check[3]));
    return hn::AllTrue(d, hn::Eq(all, zero)) && rest == 0;
}

// x of a block of rows: for each input, for each sum, the operands of the rows one after the other.
template <ProductSet kSet, size_t kRows>
void pack_inputs(ConstFloatView x, size_t first_row, const float* q, float* HWY_RESTRICT to) {
    constexpr size_t kStep = SetTraits<kSet>::kSums * kRows;
    const size_t inputs = x.cols;
    size_t done = 0;
    if constexpr (kRows >= 3) {
        // Four rows at a time through 4 x 4 transpositions. Groups overlap where 4 does not divide
        // the rows (6 = 0..3 and 2..5). Of 3 rows the last is taken twice: its copy lands where the
        // next operand is stored afterwards.
        const hn::Full128<float> d;
        done = inputs / 4 * 4;
        for (size_t k = 0; k < done; k += 4) {
            for (size_t first = 0; first < kRows;) {
                hn::Vec<decltype(d)> column[4];
                for (size_t r = 0; r < 4; r++) {
                    column[r] = hn::LoadU(d, x.row(first_row + HWY_MIN(first + r, kRows - 1)) + k);
                }
                transpose(d, column);
                for (size_t i = 0; i < 4; i++) {
                    store_operands<kSet>(d,
                                         column[i],
                                         uses_position(kSet) ? q[k + i] : 0.0f,
                                         kRows,
                                         to + (k + i) * kStep + first);
                }
                first = kRows > 4 && first + 4 < kRows ? HWY_MIN(first + 4, kRows - 4) : kRows;
            }
        }
    }
    const hn::CappedTag<float, 1> one;
    for (size_t k = done; k < inputs; k++) {
        for (size_t r = 0; r < kRows; r++) {
            store_operands<kSet>(one,
                                 hn::Set(one, x(first_row + r, k)),
                                 uses_position(kSet) ? q[k] : 0.0f,
                                 kRows,
                                 to + k * kStep + r);
        }
    }
}

// The inner product of kRows rows with kVectors registers of outputs.
template <ProductSet kSet, size_t kRows, size_t kVectors>
HWY_INLINE void block_product(const float* HWY_RESTRICT w,
                              const float* HWY_RESTRICT x,
                              size_t inputs,
                              float* const* out,
                              size_t stride) {
    constexpr size_t kSums = SetTraits<kSet>::kSums;
    const D d;
    const size_t lanes = hn::Lanes(d);
    V sum[kSums][kRows][kVectors];
    HWY_UNROLL(4)
    for (size_t s = 0; s < kSums; s++) {
        HWY_UNROLL(12)
        for (size_t r = 0; r < kRows; r++) {
            HWY_UNROLL(8)
            for (size_t v = 0; v < kVectors; v++) {
                sum[s][r][v] = hn::Zero(d);
            }
        }
    }
    for (size_t k = 0; k < inputs; k++) {
        V weight[kVectors];
        V absolute[kVectors];
        HWY_UNROLL(8)
        for (size_t v = 0; v < kVectors; v++) {
            // Small row blocks span several panels, which lie inputs * 32 floats apart.
            const size_t column = v * lanes;
            const float* p = w + column % PackedMatrix::kPanel +
                             column / PackedMatrix::kPanel * PackedMatrix::kPanel * inputs;
            weight[v] = hn::Load(d, p);
            absolute[v] = hn::Abs(weight[v]);
        }
        HWY_UNROLL(4)
        for (size_t s = 0; s < kSums; s++) {
            HWY_UNROLL(12)
            for (size_t r = 0; r < kRows; r++) {
                const V value = hn::Set(d, x[s * kRows + r]);
                HWY_UNROLL(8)
                for (size_t v = 0; v < kVectors; v++) {
                    const V factor = SetTraits<kSet>::kAbsolute[s] ? absolute[v] : weight[v];
                    sum[s][r][v] = hn::MulAdd(factor, value, sum[s][r][v]);
                }
            }
        }
        w += PackedMatrix::kPanel;
        x += kSums * kRows;
    }
    HWY_UNROLL(4)
    for (size_t s = 0; s < kSums; s++) {
        HWY_UNROLL(12)
        for (size_t r = 0; r < kRows; r++) {
            HWY_UNROLL(8)
            for (size_t v = 0; v < kVectors; v++) {
                hn::StoreU(sum[s][r][v], d, out[s] + r * stride + v * lanes);
            }
        }
    }
}

template <ProductSet kSet, size_t kRows, size_t kVectors>
void all_panels(const PackedMatrix& weights,
                const float* packed_x,
                size_t blocks,
                float* const* out,
                size_t stride) {
    constexpr size_t kSums = SetTraits<kSet>::kSums;
    const size_t lanes = hn::Lanes(D());
    const size_t inputs = weights.inputs();
    const size_t width = kVectors * lanes;  // a divisor or a multiple of a panel
    // Registers that hold only padding are skipped: a layer with 16 outputs uses half a panel.
    const size_t total = (weights.outputs() + lanes - 1) / lanes * lanes;
    for (size_t column = 0; column < total; column += width) {
        const bool narrow = kVectors > 1 && column + width > total;
        for (size_t b = 0; b < blocks; b++) {
            const float* x = packed_x + b * kSums * kRows * inputs;
            const auto weights_at = [&](size_t c) {
                return weights.panel(c / PackedMatrix::kPanel) + c % PackedMatrix::kPanel;
            };
            float* to[kSums];
            const auto set_outputs = [&](size_t c) {
                for (size_t s = 0; s < kSums; s++) {
                    to[s] = out[s] + b * kRows * stride + c;
                }
            };
            if (HWY_UNLIKELY(narrow)) {
                // The last panels do not fill the block: one register at a time.
                for (size_t c = column; c < total; c += lanes) {
                    set_outputs(c);
                    block_product<kSet, kRows, 1>(weights_at(c), x, inputs, to, stride);
                }
            } else {
                set_outputs(column);
                block_product<kSet, kRows, kVectors>(weights_at(column), x, inputs, to, stride);
            }
        }
    }
}

template <ProductSet kSet, size_t kRows, size_t kVectors>
void run_rows(const PackedMatrix& weights,
              ConstFloatView x,
              const float* q,
              float* const* out,
              size_t stride,
              size_t& row,
              ProductScratch& memory) {
    constexpr size_t kSums = SetTraits<kSet>::kSums;
    const size_t blocks = (x.rows - row) / kRows;
    if (blocks == 0) {
        return;
    }
    AlignedFloats& scratch = memory.packed_inputs;
    scratch.resize(blocks * kRows * kSums * x.cols + kPackSlack);
    for (size_t b = 0; b < blocks; b++) {
        pack_inputs<kSet, kRows>(
            x, row + b * kRows, q, scratch.data() + b * kRows * kSums * x.cols);
    }
    float* to[kSums];
    for (size_t s = 0; s < kSums; s++) {
        to[s] = out[s] + row * stride;
    }
    all_panels<kSet, kRows, kVectors>(weights, scratch.data(), blocks, to, stride);
    row += blocks * kRows;
}

template <ProductSet kSet>
void MultiplySet(const PackedMatrix& weights,
                 ConstFloatView x,
                 const float* q,
                 float* const* out,
                 size_t stride,
                 ProductScratch& scratch) {
    constexpr size_t kRows = rows_per_block<kSet>();
    constexpr size_t kVectors = vectors_per_block<kSet>();
    // Few rows take more registers of outputs, so that the accumulators still hide the latency.
    constexpr size_t kFew = kWide && kSet == ProductSet::kPlain ? 4 : kVectors;
    constexpr size_t kPerPanel = PackedMatrix::kPanel / hn::MaxLanes(D());
    size_t row = 0;
    run_rows<kSet, kRows, kVectors>(weights, x, q, out, stride, row, scratch);
    if constexpr (kRows > 4) {
        run_rows<kSet, 4, kFew>(weights, x, q, out, stride, row, scratch);
    }
    if constexpr (kRows > 2) {
        run_rows<kSet, 2, kFew>(weights, x, q, out, stride, row, scratch);
    }
    // A single row is bound by reading the weights: many outputs at once keep the adders busy.
    constexpr size_t kMany = kSet == ProductSet::kPlain ? 4 * kPerPanel : kPerPanel;
    run_rows<kSet, 1, (kMany > 8 ? 8 : kMany)>(weights, x, q, out, stride, row, scratch);
}

void Multiply(const PackedMatrix& weights,
              ProductSet set,
              ConstFloatView x,
              const float* q,
              ProductSums sums,
              ProductScratch& scratch) {
    float* const plain[] = {sums.plain};
    float* const squares[] = {sums.plain, sums.squares};
    float* const ir_drop[] = {sums.plain, sums.position, sums.absolute};
    float* const all[] = {sums.plain, sums.position, sums.squares, sums.absolute};
    switch (set) {
        case ProductSet::kPlain:
            return MultiplySet<ProductSet::kPlain>(weights, x, q, plain, sums.stride, scratch);
        case ProductSet::kSquares:
            return MultiplySet<ProductSet::kSquares>(weights, x, q, squares, sums.stride, scratch);
        case ProductSet::kIrDrop:
            return MultiplySet<ProductSet::kIrDrop>(weights, x, q, ir_drop, sums.stride, scratch);
        case ProductSet::kAll:
            return MultiplySet<ProductSet::kAll>(weights, x, q, all, sums.stride, scratch);
    }
}

bool IsWide() {
    return kWide;
}

}  // namespace HWY_NAMESPACE
}  // namespace mho
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mho {
HWY_EXPORT(Multiply);
HWY_EXPORT(PackPanel);
HWY_EXPORT(IsWide);

namespace {
constexpr std::align_val_t kAlignment{64};
}

void AlignedFloats::Free::operator()(float* p) const {
    ::operator delete[](p, kAlignment);
}

void AlignedFloats::resize(size_t size) {
    if (size > capacity_) {
        data_.reset(static_cast<float*>(::operator new[](size * sizeof(float), kAlignment)));
        capacity_ = size;
    }
    size_ = size;
}

void PackedMatrix::resize(size_t outputs, size_t inputs) {
    outputs_ = outputs;
    inputs_ = inputs;
    values_.resize(panels() * kPanel * inputs_);
}

bool PackedMatrix::pack_panel(size_t p, ConstFloatView rows) {
    return HWY_DYNAMIC_DISPATCH(PackPanel)(rows, values_.data() + p * kPanel * inputs_);
}

void PackedMatrix::pack(ConstFloatView w) {
    resize(w.rows, w.cols);
    for (size_t p = 0; p < panels(); p++) {
        pack_panel(p, w.row_block(p * kPanel, std::min(kPanel, outputs_ - p * kPanel)));
    }
}

namespace {
// The weights of one input in a panel; mostly as many as the compiler knows.
void copy_line(const float* from, size_t count, float* to) {
    if (count == PackedMatrix::kPanel) {
        std::copy_n(from, PackedMatrix::kPanel, to);
    } else {
        std::copy_n(from, count, to);
    }
}
}  // namespace

void PackedMatrix::copy_column(size_t input, float* to) const {
    for (size_t first = 0; first < outputs_; first += kPanel, to += kPanel) {
        copy_line(panel(first / kPanel) + input * kPanel, std::min(kPanel, outputs_ - first), to);
    }
}

void PackedMatrix::pack_transposed(ConstFloatView w) {
    resize(w.cols, w.rows);
    for (size_t p = 0; p < panels(); p++) {
        float* to = values_.data() + p * kPanel * inputs_;
        const size_t valid = std::min(kPanel, outputs_ - p * kPanel);
        for (size_t k = 0; k < inputs_; k++, to += kPanel) {
            copy_line(w.row(k) + p * kPanel, valid, to);
            std::fill_n(to + valid, kPanel - valid, 0.0f);
        }
    }
}

void multiply(const PackedMatrix& weights,
              ProductSet set,
              ConstFloatView x,
              const float* position_weights,
              ProductSums out,
              ProductScratch& scratch) {
    if (x.rows == 0 || weights.empty()) {
        return;
    }
    HWY_DYNAMIC_DISPATCH(Multiply)
    (weights, set, x, position_weights, out, scratch);
}

bool product_is_wide() {
    return HWY_DYNAMIC_DISPATCH(IsWide)();
}

}  // namespace mho
#endif  // HWY_ONCE

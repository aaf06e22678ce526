// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_KERNELS_PRODUCT_H
#define MHO_KERNELS_PRODUCT_H

#include <cstddef>
#include <memory>
#include <vector>

#include "mho/util/matrix.h"

namespace mho {

/// Floats on a 64-byte boundary, so that one register load never crosses a cache line.
class AlignedFloats {
  public:
    AlignedFloats() = default;
    explicit AlignedFloats(size_t size) { resize(size); }
    /// Contents are undefined after a call that grows the buffer.
    void resize(size_t size);
    float* data() { return data_.get(); }
    const float* data() const { return data_.get(); }
    size_t size() const { return size_; }

  private:
    struct Free {
        void operator()(float* p) const;
    };
    std::unique_ptr<float[], Free> data_;
    size_t size_ = 0;
    size_t capacity_ = 0;
};

/// A weight matrix laid out for the product: panels of 32 outputs, inside a panel input by input,
/// missing outputs of the last panel zero. Reading it in order is all that the product does.
class PackedMatrix {
  public:
    static constexpr size_t kPanel = 32;

    PackedMatrix() = default;
    /// Takes weights `[out, in]`.
    void pack(ConstFloatView weights);
    /// Takes weights `[in, out]`: the product with the transpose.
    void pack_transposed(ConstFloatView weights);
    /// Panel by panel, for weights that are made on the way: room first (contents undefined), then
    /// the outputs of every panel, `[32 or what is left, in]`. pack_panel: whether all of them are
    /// finite.
    void resize(size_t outputs, size_t inputs);
    bool pack_panel(size_t p, ConstFloatView rows);

    size_t outputs() const { return outputs_; }
    size_t inputs() const { return inputs_; }
    size_t panels() const { return (outputs_ + kPanel - 1) / kPanel; }
    /// Weights of panel p: `[inputs][32]`.
    const float* panel(size_t p) const { return values_.data() + p * kPanel * inputs_; }
    /// The weights of one input, `[outputs]`: two cache lines a panel.
    void copy_column(size_t input, float* to) const;
    bool empty() const { return outputs_ == 0 || inputs_ == 0; }
    /// Distance between rows of sums with room for whole registers (ProductSums::stride).
    static constexpr size_t row_stride(size_t outputs) { return (outputs + 15) / 16 * 16; }
    size_t row_stride() const { return row_stride(outputs_); }
    size_t bytes() const { return values_.size() * sizeof(float); }

  private:
    size_t outputs_ = 0;
    size_t inputs_ = 0;
    AlignedFloats values_;
};

/// The sums over inputs that the non-idealities of a crossbar need. All share one pass over the
/// weights (spec of each: array/nonidealities.h).
enum class ProductSet {
    kPlain,    // y = sum w x
    kSquares,  // y, and sum |w| x^2           (read noise that grows with sqrt |w|)
    kIrDrop,   // y, sum w x q_j, sum |w| |x|  (IR drop; q_j is the position weight of input j)
    kAll,      // y, sum w x q_j, sum |w| x^2, sum |w| |x|
};

/// Where the sums go: row-major `[rows, outputs]`, all with the same distance between rows. The
/// rows must have room for whole registers: stride >= PackedMatrix::row_stride(outputs).
struct ProductSums {
    float* plain = nullptr;
    float* position = nullptr;
    float* squares = nullptr;
    float* absolute = nullptr;
    size_t stride = 0;
};

/// Scratch memory of one thread, kept between calls.
struct ProductScratch {
    AlignedFloats packed_inputs;
};

/// Computes the sums of `set` for the rows of x, `[rows, inputs]`. `position_weights` (length
/// inputs) is read for kIrDrop and kAll. Each sum runs over the inputs in order, one fused
/// multiply-add each: equal bits on every target, for any number of rows per call.
/// |error| <= inputs * 2^-24 * sum |w x|, to first order.
void multiply(const PackedMatrix& weights,
              ProductSet set,
              ConstFloatView x,
              const float* position_weights,
              ProductSums out,
              ProductScratch& scratch);

/// Whether a register of the product holds 16 numbers here: twice the speed of 8.
bool product_is_wide();

namespace twin {
/// The scalar twin: plain loops with std::fma on unpacked weights `[out, in]`; equal bits.
void multiply(ConstFloatView weights,
              ProductSet set,
              ConstFloatView x,
              const float* position_weights,
              ProductSums out);
}  // namespace twin

/// Serial double-precision product y = x W^T, `[rows, in] x [out, in] -> [rows, out]`.
void reference_multiply(ConstFloatView weights, ConstFloatView x, MatrixView<double> y);

}  // namespace mho

#endif  // MHO_KERNELS_PRODUCT_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_UTIL_MATRIX_H
#define MHO_UTIL_MATRIX_H

#include <cstddef>
#include <span>
#include <type_traits>
#include <vector>

namespace mho {

/// A row-major view of somebody else's numbers. Row r, column c is `data[r * stride + c]`.
template <class T>
struct MatrixView {
    T* data = nullptr;
    size_t rows = 0;
    size_t cols = 0;
    size_t stride = 0;  // distance between rows, >= cols

    MatrixView() = default;
    MatrixView(T* d, size_t r, size_t c) : data(d), rows(r), cols(c), stride(c) {}
    MatrixView(T* d, size_t r, size_t c, size_t s) : data(d), rows(r), cols(c), stride(s) {}
    /// A view of mutable numbers serves where a constant one is wanted.
    template <class U>
        requires(std::is_const_v<T> && std::is_same_v<const U, T> && !std::is_const_v<U>)
    MatrixView(const MatrixView<U>& o)  // NOLINT(google-explicit-constructor)
        : data(o.data), rows(o.rows), cols(o.cols), stride(o.stride) {}

    T* row(size_t r) const { return data + r * stride; }
    T& operator()(size_t r, size_t c) const { return data[r * stride + c]; }
    std::span<T> row_span(size_t r) const { return {row(r), cols}; }
    /// Rows [first, first + count).
    MatrixView row_block(size_t first, size_t count) const {
        return {data + first * stride, count, cols, stride};
    }
    /// Columns [first, first + count).
    MatrixView column_block(size_t first, size_t count) const {
        return {data + first, rows, count, stride};
    }
};

using FloatView = MatrixView<float>;
using ConstFloatView = MatrixView<const float>;

/// A row-major matrix that owns its numbers.
template <class T>
struct Matrix {
    size_t rows = 0;
    size_t cols = 0;
    std::vector<T> values;

    Matrix() = default;
    Matrix(size_t r, size_t c, T fill = T{}) : rows(r), cols(c), values(r * c, fill) {}

    T* row(size_t r) { return values.data() + r * cols; }
    const T* row(size_t r) const { return values.data() + r * cols; }
    T& operator()(size_t r, size_t c) { return values[r * cols + c]; }
    const T& operator()(size_t r, size_t c) const { return values[r * cols + c]; }
    MatrixView<T> view() { return {values.data(), rows, cols}; }
    MatrixView<const T> view() const { return {values.data(), rows, cols}; }
};

/// Throws InputError naming `what` when a number is NaN or infinite (first offending position).
void require_finite(ConstFloatView m, const char* what);

}  // namespace mho

#endif  // MHO_UTIL_MATRIX_H

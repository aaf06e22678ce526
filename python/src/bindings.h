// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_PYTHON_BINDINGS_H
#define MHO_PYTHON_BINDINGS_H

// What all files of the Python module share. One file binds one subject; module.cc calls them all.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/function.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "mho/util/matrix.h"

namespace nb = nanobind;

namespace mho::python {

using FloatArray = nb::ndarray<nb::numpy, float, nb::c_contig>;
using DoubleArray = nb::ndarray<nb::numpy, double, nb::c_contig>;

/// An array of the caller (T: float or double): NumPy, a CPU tensor of torch, anything with DLPack.
/// Nothing is copied where the numbers lie in rows of T; NumPy arrays of other types and lists are
/// converted (one copy). Tensors of other types are refused, for a silent copy could lose their
/// gradient or their device.
template <class T>
class InputOf {
  public:
    /// `what`: name of the argument, for messages.
    InputOf(nb::handle object, const char* what);
    MatrixView<const T> view() const { return view_; }
    /// A vector: one row.
    bool is_vector() const { return is_vector_; }
    std::span<const T> span() const;
    const std::vector<size_t>& shape() const { return shape_; }

  private:
    nb::object keep_;
    nb::ndarray<const T, nb::device::cpu> array_;
    MatrixView<const T> view_;
    std::vector<size_t> shape_;
    bool is_vector_ = false;
    const char* what_;
};
using Input = InputOf<float>;
using DoubleInput = InputOf<double>;

/// An array to be written: float32, writable, rows without gaps between numbers.
class Output {
  public:
    Output(nb::handle object, const char* what);
    FloatView view() const { return view_; }

  private:
    nb::ndarray<float, nb::device::cpu> array_;
    FloatView view_;
};

/// A new NumPy array that owns its numbers.
FloatArray to_numpy(std::vector<float>&& values, const std::vector<size_t>& shape);
FloatArray to_numpy(Matrix<float>&& matrix);
DoubleArray to_numpy(std::vector<double>&& values);
DoubleArray to_numpy(Matrix<double>&& matrix);
/// A copy in rows without gaps.
template <class T>
Matrix<std::remove_const_t<T>> matrix_of(MatrixView<T> view) {
    Matrix<std::remove_const_t<T>> m(view.rows, view.cols);
    for (size_t r = 0; r < m.rows; r++) {
        std::copy_n(view.row(r), m.cols, m.row(r));
    }
    return m;
}

/// 0 = all processors of this process.
size_t thread_count(int threads);

/// Numbers that torch holds, by address: ten times less overhead than an array object.
inline float* pointer(uintptr_t address) {
    return reinterpret_cast<float*>(address);
}

/// Copies numbers to an address of the caller, or nowhere where that is 0.
template <class T>
void give(const std::vector<T>& from, uintptr_t to) {
    if (to != 0) {
        std::transform(
            from.begin(), from.end(), pointer(to), [](T v) { return static_cast<float>(v); });
    }
}

// One function per subject.
void bind_errors(nb::module_& m);
void bind_schema(nb::module_& m);
void bind_hardware(nb::module_& m);
void bind_tile(nb::module_& m);
void bind_device(nb::module_& m);
void bind_pulses(nb::module_& m);
void bind_wires(nb::module_& m);
void bind_converters(nb::module_& m);
void bind_features(nb::module_& m);
void bind_network(nb::module_& m);
void bind_analysis(nb::module_& m);
void bind_cost(nb::module_& m);
void bind_budgets(nb::module_& m);
void bind_sweep(nb::module_& m);
void bind_layer(nb::module_& m);
void bind_lightning(nb::module_& m);
void bind_noise(nb::module_& m);

}  // namespace mho::python

#endif  // MHO_PYTHON_BINDINGS_H

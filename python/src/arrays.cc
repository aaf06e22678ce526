// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "bindings.h"
#include "mho/util/error.h"
#include "mho/util/threads.h"

namespace mho::python {

namespace {

bool is_tensor(nb::handle object) {
    return nb::hasattr(object, "requires_grad");
}

std::string kind_of(nb::handle object) {
    std::string text = nb::cast<std::string>(nb::str(nb::object(object.type().attr("__name__"))));
    if (nb::hasattr(object, "dtype")) {
        text += " of " + nb::cast<std::string>(nb::str(nb::object(object.attr("dtype"))));
    }
    return text;
}

// Rows and columns of an array whose numbers lie without gaps in each row; false for other strides.
template <class T, class A>
bool rows_of(const A& array, MatrixView<T>& view) {
    const size_t dims = array.ndim();
    if (dims == 0) {
        return false;
    }
    const size_t cols = array.shape(dims - 1);
    if (cols > 1 && array.stride(dims - 1) != 1) {
        return false;
    }
    size_t rows = 1;
    for (size_t d = 0; d + 1 < dims; d++) {
        rows *= array.shape(d);
    }
    size_t stride = cols;
    if (dims >= 2 && rows > 1) {
        const int64_t inner = array.stride(dims - 2);
        if (inner < static_cast<int64_t>(cols)) {
            return false;
        }
        stride = static_cast<size_t>(inner);
        int64_t expected = inner;
        for (size_t d = dims - 1; d-- > 0;) {
            if (array.shape(d) > 1 && array.stride(d) != expected) {
                return false;
            }
            expected *= static_cast<int64_t>(array.shape(d));
        }
    }
    view = {array.data(), rows, cols, stride};
    return true;
}

}  // namespace

template <class T>
InputOf<T>::InputOf(nb::handle object, const char* what) : what_(what) {
    constexpr const char* kType = sizeof(T) == 4 ? "float32" : "float64";
    const bool tensor = is_tensor(object);
    if (tensor && nb::cast<bool>(object.attr("requires_grad"))) {
        throw InputError(
            fmt::format("{}: the tensor requires a gradient, which this call does not record; pass "
                        "tensor.detach(), or use the layers of mho.torch",
                        what));
    }
    if (!nb::try_cast(object, array_, false) || !rows_of<const T>(array_, view_)) {
        if (tensor) {
            throw InputError(fmt::format("{}: expected a contiguous {} tensor on the CPU, got {}",
                                         what,
                                         kType,
                                         kind_of(object)));
        }
        const nb::module_ numpy = nb::module_::import_("numpy");
        try {
            keep_ = numpy.attr("ascontiguousarray")(object, numpy.attr(kType));
        } catch (nb::python_error&) {
            throw InputError(
                fmt::format("{}: expected an array of numbers, got {}", what, kind_of(object)));
        }
        if (!nb::try_cast(keep_, array_, false) || !rows_of<const T>(array_, view_)) {
            throw InputError(
                fmt::format("{}: expected an array of numbers, got {}", what, kind_of(object)));
        }
    }
    is_vector_ = array_.ndim() == 1;
    for (size_t d = 0; d < array_.ndim(); d++) {
        shape_.push_back(array_.shape(d));
    }
}

template <class T>
std::span<const T> InputOf<T>::span() const {
    if (view_.rows > 1 && view_.stride != view_.cols) {
        throw InputError(fmt::format("{}: expected a contiguous array", what_));
    }
    return {view_.data, view_.rows * view_.cols};
}

template class InputOf<float>;
template class InputOf<double>;

Output::Output(nb::handle object, const char* what) {
    if (is_tensor(object) && nb::cast<bool>(object.attr("requires_grad"))) {
        throw InputError(fmt::format(
            "{}: a tensor that requires a gradient cannot be written to; pass tensor.detach()",
            what));
    }
    if (!nb::try_cast(object, array_, false) || !rows_of<float>(array_, view_)) {
        throw InputError(fmt::format(
            "{}: expected a writable, contiguous float32 array, got {}", what, kind_of(object)));
    }
}

FloatArray to_numpy(std::vector<float>&& values, const std::vector<size_t>& shape) {
    auto* owned = new std::vector<float>(std::move(values));
    const nb::capsule owner(owned,
                            [](void* p) noexcept { delete static_cast<std::vector<float>*>(p); });
    return {owned->data(), shape.size(), shape.data(), owner};
}

FloatArray to_numpy(Matrix<float>&& matrix) {
    return to_numpy(std::move(matrix.values), {matrix.rows, matrix.cols});
}

DoubleArray to_numpy(std::vector<double>&& values) {
    auto* owned = new std::vector<double>(std::move(values));
    const nb::capsule owner(owned,
                            [](void* p) noexcept { delete static_cast<std::vector<double>*>(p); });
    const size_t size = owned->size();
    return {owned->data(), {size}, owner};
}

DoubleArray to_numpy(Matrix<double>&& matrix) {
    auto* owned = new std::vector<double>(std::move(matrix.values));
    const nb::capsule owner(owned,
                            [](void* p) noexcept { delete static_cast<std::vector<double>*>(p); });
    return {owned->data(), {matrix.rows, matrix.cols}, owner};
}

size_t thread_count(int threads) {
    if (threads < 0) {
        throw InputError("threads: must be at least 0 (0 = all), got " + std::to_string(threads));
    }
    return threads == 0 ? available_threads() : static_cast<size_t>(threads);
}

}  // namespace mho::python

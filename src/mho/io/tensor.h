// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_IO_TENSOR_H
#define MHO_IO_TENSOR_H

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace mho {

/// Numbers with a shape, row-major (the last index runs fastest). An empty shape is a scalar.
struct Tensor {
    std::vector<size_t> shape;
    std::vector<float> values;

    /// How many numbers the shape holds; throws InputError if that overflows.
    size_t count() const;
    bool operator==(const Tensor&) const = default;
};

/// Throws InputError when the shape does not hold exactly `values.size()` numbers.
Tensor make_tensor(std::vector<size_t> shape, std::vector<float> values);

/// The product of a shape, or nothing if it does not fit into size_t.
std::optional<size_t> shape_count(const std::vector<size_t>& shape);

/// "[16, 3, 3]".
std::string shape_text(const std::vector<size_t>& shape);

}  // namespace mho

#endif  // MHO_IO_TENSOR_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/io/tensor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "mho/util/error.h"

namespace mho {

std::optional<size_t> shape_count(const std::vector<size_t>& shape) {
    size_t count = 1;
    for (const size_t extent : shape) {
        if (__builtin_mul_overflow(count, extent, &count)) {
            return std::nullopt;
        }
    }
    return count;
}

std::string shape_text(const std::vector<size_t>& shape) {
    return fmt::format("[{}]", fmt::join(shape, ", "));
}

size_t Tensor::count() const {
    const std::optional<size_t> count = shape_count(shape);
    if (!count) {
        throw InputError(fmt::format("a tensor of shape {} is too large", shape_text(shape)));
    }
    return *count;
}

Tensor make_tensor(std::vector<size_t> shape, std::vector<float> values) {
    Tensor tensor{std::move(shape), std::move(values)};
    if (tensor.count() != tensor.values.size()) {
        throw InputError(fmt::format("a tensor of shape {} needs {} values, got {}",
                                     shape_text(tensor.shape),
                                     tensor.count(),
                                     tensor.values.size()));
    }
    return tensor;
}

}  // namespace mho

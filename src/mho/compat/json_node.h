// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_COMPAT_JSON_NODE_H
#define MHO_COMPAT_JSON_NODE_H

// Strict reading of foreign JSON (configuration objects, golden records): every access checks kind
// and bounds and throws a ConfigError with the path of what is wrong. Internal: it exposes
// nlohmann/json, so only .cc files and internal headers include it.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mho/util/json.h"
#include "mho/util/matrix.h"

namespace mho {

/// A JSON value with the path that led to it. Refers to the document, which must outlive it.
class JsonNode {
  public:
    JsonNode(const Json& json, std::string path) : json_(&json), path_(std::move(path)) {}

    const Json& json() const { return *json_; }
    const std::string& path() const { return path_; }
    bool is_null() const { return json_->is_null(); }
    bool is_list() const { return json_->is_array(); }
    bool is_object() const { return json_->is_object(); }

    /// Whether this is an object with that key.
    bool has(std::string_view key) const;
    /// Whether it has the key, with a value other than null.
    bool has_value(std::string_view key) const;
    /// The value of a key; throws when this is no object or lacks the key.
    JsonNode at(std::string_view key) const;
    std::vector<std::string> keys() const;

    /// Number of entries of a list.
    size_t size() const;
    JsonNode entry(size_t i) const;

    /// A number; the strings "inf", "-inf" and "nan" count as the numbers they name.
    double number() const;
    /// A finite number that fits into float32.
    float finite_float() const;
    int64_t integer(int64_t low, int64_t high) const;
    bool boolean() const;
    std::string text() const;

    /// A number, or a list of numbers, or nested lists of numbers in row-major order.
    std::vector<double> flat_numbers() const;
    /// A list of finite numbers.
    std::vector<float> floats() const;
    /// A list of equally long lists of numbers. An empty list is a matrix without rows, with
    /// `cols_if_empty` columns. `allow_non_finite` for results, never for inputs.
    Matrix<float> matrix(size_t cols_if_empty = 0, bool allow_non_finite = false) const;
    /// The same with the shape it must have.
    Matrix<float> matrix_of(size_t rows, size_t cols, bool allow_non_finite = false) const;

    /// Throws a ConfigError at this path.
    [[noreturn]] void fail(const std::string& message) const;

  private:
    void append_numbers(std::vector<double>& out, int depth) const;

    const Json* json_;
    std::string path_;
};

}  // namespace mho

#endif  // MHO_COMPAT_JSON_NODE_H

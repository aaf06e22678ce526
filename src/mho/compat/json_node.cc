// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/compat/json_node.h"

#include <cmath>
#include <limits>

namespace mho {
namespace {

constexpr int kMaxDepth = 8;  // of nested lists of numbers

// json_kind prints the number or string itself; lists and objects only by their kind.
std::string kind_of(const Json& j) {
    return json_kind(j).substr(0, 80);
}

// To float32; what is too large becomes infinite.
float narrowed(double value) {
    constexpr double kLargest = std::numeric_limits<float>::max();
    if (std::isfinite(value) && std::abs(value) > kLargest) {
        return static_cast<float>(std::copysign(kInfinity, value));
    }
    return static_cast<float>(value);
}

}  // namespace

void JsonNode::fail(const std::string& message) const {
    throw ConfigError(path_, message);
}

bool JsonNode::has(std::string_view key) const {
    return json_->is_object() && json_->contains(std::string(key));
}

bool JsonNode::has_value(std::string_view key) const {
    return has(key) && !(*json_)[std::string(key)].is_null();
}

JsonNode JsonNode::at(std::string_view key) const {
    if (!json_->is_object()) {
        fail("expected an object { ... }, got " + kind_of(*json_));
    }
    const auto it = json_->find(std::string(key));
    if (it == json_->end()) {
        throw ConfigError(join_path(path_, key), "is missing");
    }
    return {*it, join_path(path_, key)};
}

std::vector<std::string> JsonNode::keys() const {
    if (!json_->is_object()) {
        fail("expected an object { ... }, got " + kind_of(*json_));
    }
    std::vector<std::string> names;
    for (const auto& [key, value] : json_->items()) {
        names.push_back(key);
    }
    return names;
}

size_t JsonNode::size() const {
    if (!json_->is_array()) {
        fail("expected a list [ ... ], got " + kind_of(*json_));
    }
    return json_->size();
}

JsonNode JsonNode::entry(size_t i) const {
    if (i >= size()) {
        fail("has only " + std::to_string(size()) + " entries");
    }
    return {(*json_)[i], path_ + "[" + std::to_string(i) + "]"};
}

double JsonNode::number() const {
    if (json_->is_number()) {
        return json_->get<double>();
    }
    if (json_->is_string()) {
        const auto& word = json_->get_ref<const std::string&>();
        if (word == "inf" || word == "-inf") {
            return word == "inf" ? kInfinity : -kInfinity;
        }
        if (word == "nan") {
            return std::numeric_limits<double>::quiet_NaN();
        }
    }
    fail("expected a number, got " + kind_of(*json_));
}

float JsonNode::finite_float() const {
    const double value = number();
    if (!std::isfinite(value) || std::abs(value) > std::numeric_limits<float>::max()) {
        fail("must be a finite number within the range of float32, got " + kind_of(*json_));
    }
    return static_cast<float>(value);
}

int64_t JsonNode::integer(int64_t low, int64_t high) const {
    if (!json_->is_number()) {
        fail("expected an integer, got " + kind_of(*json_));
    }
    const double value = json_->get<double>();
    if (value != std::floor(value) || value < static_cast<double>(low) ||
        value > static_cast<double>(high)) {
        fail("must be an integer from " + std::to_string(low) + " to " + std::to_string(high) +
             ", got " + kind_of(*json_));
    }
    return static_cast<int64_t>(value);
}

bool JsonNode::boolean() const {
    if (!json_->is_boolean()) {
        fail("expected true or false, got " + kind_of(*json_));
    }
    return json_->get<bool>();
}

std::string JsonNode::text() const {
    if (!json_->is_string()) {
        fail("expected a string, got " + kind_of(*json_));
    }
    return json_->get<std::string>();
}

void JsonNode::append_numbers(std::vector<double>& out, int depth) const {
    if (!json_->is_array()) {
        out.push_back(number());
        return;
    }
    if (depth >= kMaxDepth) {
        fail("lists are nested too deeply");
    }
    for (size_t i = 0; i < json_->size(); i++) {
        const Json& each = (*json_)[i];
        // The path of an entry is only built where it is needed: files hold many numbers.
        if (each.is_number()) {
            out.push_back(each.get<double>());
        } else {
            entry(i).append_numbers(out, depth + 1);
        }
    }
}

std::vector<double> JsonNode::flat_numbers() const {
    std::vector<double> out;
    append_numbers(out, 0);
    return out;
}

std::vector<float> JsonNode::floats() const {
    std::vector<float> out;
    out.reserve(size());
    for (size_t i = 0; i < size(); i++) {
        out.push_back(entry(i).finite_float());
    }
    return out;
}

Matrix<float> JsonNode::matrix(size_t cols_if_empty, bool allow_non_finite) const {
    const size_t rows = size();
    if (rows == 0) {
        return {0, cols_if_empty};
    }
    const size_t cols = entry(0).size();
    Matrix<float> m(rows, cols);
    for (size_t r = 0; r < rows; r++) {
        const JsonNode row = entry(r);
        if (row.size() != cols) {
            row.fail("has " + std::to_string(row.size()) + " entries, the rows before have " +
                     std::to_string(cols));
        }
        for (size_t c = 0; c < cols; c++) {
            m(r, c) =
                allow_non_finite ? narrowed(row.entry(c).number()) : row.entry(c).finite_float();
        }
    }
    return m;
}

Matrix<float> JsonNode::matrix_of(size_t rows, size_t cols, bool allow_non_finite) const {
    Matrix<float> m = matrix(cols, allow_non_finite);
    if (m.rows != rows || m.cols != cols) {
        fail("must be a matrix of " + std::to_string(rows) + " x " + std::to_string(cols) +
             " numbers, got " + std::to_string(m.rows) + " x " + std::to_string(m.cols));
    }
    return m;
}

}  // namespace mho

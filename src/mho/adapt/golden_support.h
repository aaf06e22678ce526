// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ADAPT_GOLDEN_SUPPORT_H
#define MHO_ADAPT_GOLDEN_SUPPORT_H

// For tests: records of tests/data/golden (format and tolerances: tests/data/README.md).

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "mho/util/matrix.h"

namespace mho::golden {

inline nlohmann::json records(const std::string& category) {
    std::ifstream file(std::string(MHO_TEST_DATA) + "/golden/" + category + ".json");
    return nlohmann::json::parse(file).at("records");
}

inline Matrix<float> matrix(const nlohmann::json& rows) {
    Matrix<float> m(rows.size(), rows.at(0).size());
    for (size_t r = 0; r < m.rows; r++) {
        for (size_t c = 0; c < m.cols; c++) {
            m(r, c) = rows.at(r).at(c).get<float>();
        }
    }
    return m;
}

/// Equality within `tolerance` of the largest recorded number.
inline void expect_near(ConstFloatView got, const nlohmann::json& rows, double tolerance) {
    const Matrix<float> want = matrix(rows);
    ASSERT_EQ(got.rows, want.rows);
    ASSERT_EQ(got.cols, want.cols);
    double largest = 0;
    for (float v : want.values) {
        largest = std::max(largest, std::abs(static_cast<double>(v)));
    }
    for (size_t r = 0; r < want.rows; r++) {
        for (size_t c = 0; c < want.cols; c++) {
            EXPECT_NEAR(got(r, c), want(r, c), tolerance * largest) << "at " << r << ", " << c;
        }
    }
}

}  // namespace mho::golden

#endif  // MHO_ADAPT_GOLDEN_SUPPORT_H

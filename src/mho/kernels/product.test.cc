// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/kernels/product.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "mho/random/stream.h"
#include "mho/util/simd_test_support.h"

namespace mho {
namespace {

constexpr ProductSet kSets[] = {
    ProductSet::kPlain, ProductSet::kSquares, ProductSet::kIrDrop, ProductSet::kAll};

Matrix<float> normal_matrix(size_t rows, size_t cols, uint64_t step) {
    Matrix<float> m(rows, cols);
    fill_normal({1}, Stream::kTest, step, 0, m.values);
    return m;
}

// The four sums of one call; a canary fills what must not be touched.
struct Sums {
    Sums(size_t rows, size_t outputs)
        : stride(PackedMatrix::row_stride(outputs)),
          plain(rows * stride, 99.0f),
          position(plain),
          squares(plain),
          absolute(plain) {}
    ProductSums view() {
        return {plain.data(), position.data(), squares.data(), absolute.data(), stride};
    }
    size_t stride;
    std::vector<float> plain, position, squares, absolute;
};

bool same_rows(const std::vector<float>& a,
               const std::vector<float>& b,
               size_t rows,
               size_t outputs,
               size_t stride) {
    const size_t bytes = outputs * sizeof(float);
    for (size_t r = 0; r < rows; r++) {
        if (std::memcmp(a.data() + r * stride, b.data() + r * stride, bytes) != 0) {
            return false;
        }
    }
    return true;
}

void expect_twin(size_t outputs, size_t inputs, size_t rows, bool transposed) {
    const Matrix<float> w = normal_matrix(outputs, inputs, 1);
    const Matrix<float> x = normal_matrix(rows, inputs, 2);
    const Matrix<float> q = normal_matrix(1, inputs, 3);
    PackedMatrix packed;
    if (transposed) {
        Matrix<float> t(inputs, outputs);
        for (size_t o = 0; o < outputs; o++) {
            for (size_t k = 0; k < inputs; k++) {
                t(k, o) = w(o, k);
            }
        }
        packed.pack_transposed(t.view());
    } else {
        packed.pack(w.view());
    }
    ProductScratch scratch;
    for (const ProductSet set : kSets) {
        Sums kernel(rows, outputs);
        Sums scalar(rows, outputs);
        multiply(packed, set, x.view(), q.values.data(), kernel.view(), scratch);
        twin::multiply(w.view(), set, x.view(), q.values.data(), scalar.view());
        for (const auto member : {&Sums::plain, &Sums::position, &Sums::squares, &Sums::absolute}) {
            ASSERT_TRUE(same_rows(kernel.*member, scalar.*member, rows, outputs, kernel.stride))
                << outputs << " x " << inputs << ", rows " << rows << ", set "
                << static_cast<int>(set);
        }
    }
}

TEST(Multiply, EqualsItsTwinForEveryNumberOfRows) {
    on_all_targets([] {
        for (size_t rows = 1; rows <= 27; rows++) {
            expect_twin(37, 13, rows, false);
        }
    });
}

TEST(Multiply, EqualsItsTwinForOddSizes) {
    on_all_targets([] {
        for (const size_t outputs :
             {1u, 7u, 15u, 16u, 17u, 31u, 32u, 33u, 48u, 65u, 129u, 200u, 300u}) {
            for (const size_t inputs : {1u, 2u, 3u, 4u, 5u, 16u, 63u, 130u}) {
                for (const size_t rows : {1u, 2u, 5u, 13u}) {
                    expect_twin(outputs, inputs, rows, (outputs + inputs + rows) % 3 == 0);
                }
            }
        }
    });
}

TEST(Multiply, ReadsRowsWithAStride) {
    const Matrix<float> w = normal_matrix(10, 6, 1);
    const Matrix<float> x = normal_matrix(5, 11, 2);
    PackedMatrix packed;
    packed.pack(w.view());
    ProductScratch scratch;
    Sums kernel(5, 10);
    Sums scalar(5, 10);
    const ConstFloatView part = x.view().column_block(3, 6);
    multiply(packed, ProductSet::kPlain, part, nullptr, kernel.view(), scratch);
    twin::multiply(w.view(), ProductSet::kPlain, part, nullptr, scalar.view());
    EXPECT_TRUE(same_rows(kernel.plain, scalar.plain, 5, 10, kernel.stride));
}

TEST(Multiply, StaysWithinItsErrorBound) {
    const size_t outputs = 70, inputs = 513, rows = 9;
    const Matrix<float> w = normal_matrix(outputs, inputs, 1);
    const Matrix<float> x = normal_matrix(rows, inputs, 2);
    PackedMatrix packed;
    packed.pack(w.view());
    ProductScratch scratch;
    Sums sums(rows, outputs);
    multiply(packed, ProductSet::kPlain, x.view(), nullptr, sums.view(), scratch);
    Matrix<double> exact(rows, outputs);
    reference_multiply(w.view(), x.view(), exact.view());
    for (size_t r = 0; r < rows; r++) {
        for (size_t o = 0; o < outputs; o++) {
            double magnitude = 0;
            for (size_t k = 0; k < inputs; k++) {
                magnitude += std::abs(double{w(o, k)} * x(r, k));
            }
            ASSERT_LE(std::abs(sums.plain[r * sums.stride + o] - exact(r, o)),
                      static_cast<double>(inputs) * 0x1p-24 * magnitude);
        }
    }
}

TEST(Multiply, DoesNothingForNothing) {
    PackedMatrix packed;
    ProductScratch scratch;
    multiply(packed, ProductSet::kPlain, {nullptr, 0, 0}, nullptr, {}, scratch);
    const Matrix<float> w = normal_matrix(3, 4, 1);
    packed.pack(w.view());
    multiply(packed, ProductSet::kAll, {nullptr, 0, 4}, nullptr, {}, scratch);
    EXPECT_EQ(packed.outputs(), 3u);
    EXPECT_EQ(packed.inputs(), 4u);
    EXPECT_EQ(packed.panels(), 1u);
}

TEST(PackedMatrix, PadsPanelsWithZeros) {
    const Matrix<float> w = normal_matrix(35, 3, 1);
    PackedMatrix packed;
    packed.pack(w.view());
    ASSERT_EQ(packed.panels(), 2u);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(packed.panel(0)) % 64, 0u);
    for (size_t k = 0; k < 3; k++) {
        for (size_t o = 0; o < 64; o++) {
            const float expected = o < 35 ? w(o, k) : 0.0f;
            ASSERT_EQ(packed.panel(o / 32)[k * 32 + o % 32], expected);
        }
    }
}

TEST(PackedMatrix, SeesEveryWeightThatIsNotFinite) {
    on_all_targets([] {
        // Whole groups of four inputs and a rest, and a panel that misses outputs.
        for (const size_t outputs : {size_t{32}, size_t{13}}) {
            for (const size_t inputs : {size_t{3}, size_t{70}}) {
                Matrix<float> w(outputs, inputs, -0.0f);
                w.values[0] = std::numeric_limits<float>::max();
                w.values[1] = std::numeric_limits<float>::denorm_min();
                PackedMatrix packed;
                packed.resize(outputs, inputs);
                EXPECT_TRUE(packed.pack_panel(0, w.view()));
                for (size_t i = 2; i < w.values.size(); i++) {
                    for (const float bad : {std::numeric_limits<float>::infinity(),
                                            -std::numeric_limits<float>::infinity(),
                                            std::numeric_limits<float>::quiet_NaN()}) {
                        const float good = std::exchange(w.values[i], bad);
                        ASSERT_FALSE(packed.pack_panel(0, w.view())) << i;
                        w.values[i] = good;
                    }
                }
            }
        }
    });
}

}  // namespace
}  // namespace mho

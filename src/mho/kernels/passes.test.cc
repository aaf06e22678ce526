// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/kernels/passes.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include "mho/random/stream.h"
#include "mho/util/simd_test_support.h"

namespace mho {
namespace {

constexpr size_t kMost = 70;

std::vector<float> normals(uint64_t row, size_t n) {
    std::vector<float> x(n);
    fill_normal({11}, Stream::kTest, row, 0, x);
    return x;
}

// Bits, so that numbers that are not one compare as well.
template <class T>
std::vector<uint64_t> bits(const std::vector<T>& x) {
    std::vector<uint64_t> all;
    for (const T v : x) {
        if constexpr (sizeof(T) == 4) {
            all.push_back(std::bit_cast<uint32_t>(v));
        } else {
            all.push_back(std::bit_cast<uint64_t>(v));
        }
    }
    return all;
}

// Every pass at every length up to four registers and a rest, on all targets.
template <class F>
void at_all_lengths(F&& compare) {
    on_all_targets([&] {
        for (size_t n = 0; n <= kMost; n++) {
            compare(n);
        }
    });
}

TEST(Passes, SumsAndProductsEqualTheirTwins) {
    const std::vector<float> a = normals(1, kMost);
    const std::vector<float> b = normals(2, kMost);
    at_all_lengths([&](size_t n) {
        std::vector<float> mine = normals(3, kMost);
        std::vector<float> plain = mine;
        add_scaled_row(a.data(), b.data(), 0.37f, n, mine.data());
        twin::add_scaled_row(a.data(), b.data(), 0.37f, n, plain.data());
        ASSERT_EQ(bits(mine), bits(plain)) << n;
        add_row(a.data(), n, mine.data());
        twin::add_row(a.data(), n, plain.data());
        ASSERT_EQ(bits(mine), bits(plain)) << n;
        add_scaled_row(mine.data(), b.data(), -1.5f, n, mine.data());
        twin::add_scaled_row(plain.data(), b.data(), -1.5f, n, plain.data());
        ASSERT_EQ(bits(mine), bits(plain)) << n;
    });
}

TEST(Passes, MasksEqualTheirTwins) {
    std::vector<float> x = normals(4, kMost);
    const std::vector<float> scale = normals(5, kMost);
    std::vector<uint8_t> mask(kMost);
    for (size_t i = 0; i < kMost; i++) {
        mask[i] = i % 3 == 0 ? static_cast<uint8_t>(1 + i) : uint8_t{0};
    }
    x[3] = INFINITY;
    x[21] = -INFINITY;
    x[22] = NAN;
    at_all_lengths([&](size_t n) {
        for (const uint8_t* m :
             {static_cast<const uint8_t*>(mask.data()), static_cast<const uint8_t*>(nullptr)}) {
            std::vector<float> mine(kMost, 7), plain(kMost, 7);
            masked_scale_row(x.data(), scale.data(), m, n, mine.data());
            twin::masked_scale_row(x.data(), scale.data(), m, n, plain.data());
            ASSERT_EQ(bits(mine), bits(plain)) << n;
        }
        std::vector<float> mine = scale, plain = scale;
        clear_outside_row(x.data(), 0.5f, n, mine.data());
        twin::clear_outside_row(x.data(), 0.5f, n, plain.data());
        ASSERT_EQ(bits(mine), bits(plain)) << n;
        clamp_row(x.data(), 0.5f, n, mine.data());
        twin::clamp_row(x.data(), 0.5f, n, plain.data());
        ASSERT_EQ(bits(mine), bits(plain)) << n;
    });
}

TEST(Passes, MomentsEqualTheirTwin) {
    const std::vector<float> x = normals(6, kMost);
    at_all_lengths([&](size_t n) {
        if (n % kDoubleLanes != 0) {
            return;
        }
        std::vector<double> s(kDoubleLanes, 0.25), q(kDoubleLanes, 0.5);
        std::vector<double> s2 = s, q2 = q;
        add_moments(x.data(), n, s.data(), q.data());
        twin::add_moments(x.data(), n, s2.data(), q2.data());
        ASSERT_EQ(bits(s), bits(s2)) << n;
        ASSERT_EQ(bits(q), bits(q2)) << n;
    });
}

TEST(Passes, DotsAndSumsForRangesEqualTheirTwins) {
    std::vector<float> x = normals(7, kMost);
    const std::vector<float> d = normals(8, kMost);
    x[5] = NAN;
    x[30] = 0.5f;
    x[31] = -0.5f;
    at_all_lengths([&](size_t n) {
        const double dot = dot_row(d.data(), d.data(), n);
        ASSERT_EQ(dot, twin::dot_row(d.data(), d.data(), n)) << n;
        for (const float range : {0.5f, 1.5f, 9.0f}) {
            const RangeRow mine = range_row_sums(x.data(), d.data(), range, n);
            const RangeRow plain = twin::range_row_sums(x.data(), d.data(), range, n);
            ASSERT_EQ(mine.shrink, plain.shrink) << n;
            ASSERT_EQ(mine.grow, plain.grow) << n;
            ASSERT_EQ(mine.outside, plain.outside) << n;
        }
    });
    // By hand.
    const std::vector<float> a = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    ASSERT_EQ(dot_row(a.data(), a.data(), 10), 385.0);
    const std::vector<float> g = {-1, -2, 3, -4, 5, 6, -7, 8, -9, 10};
    const std::vector<float> in = {2, 3, 2, 1, -2, -3, -2, -1, 0, 0};
    const RangeRow sums = range_row_sums(in.data(), g.data(), 2.0f, 10);
    ASSERT_EQ(sums.shrink, -3.0);  // where x >= 2: -1, -2
    ASSERT_EQ(sums.grow, 11.0);    // where x <= -2: 5, 6
    ASSERT_EQ(sums.outside, 6u);
}

TEST(Passes, ClampingInPlaceKeepsWhatIsNotANumber) {
    std::vector<float> x = normals(9, kMost);
    x[3] = NAN;
    x[40] = -INFINITY;
    at_all_lengths([&](size_t n) {
        std::vector<float> mine = x, plain = x;
        clamp_in_place(mine.data(), 0.5f, n);
        twin::clamp_row(x.data(), 0.5f, n, plain.data());
        ASSERT_EQ(bits(mine), bits(plain)) << n;
    });
}

}  // namespace
}  // namespace mho

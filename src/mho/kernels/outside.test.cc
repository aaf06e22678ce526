// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/kernels/outside.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "mho/random/stream.h"
#include "mho/util/simd_test_support.h"

namespace mho {
namespace {

TEST(FindOutside, EqualsItsTwinAtEveryLength) {
    std::vector<float> x(100);
    fill_normal({5}, Stream::kTest, 0, 0, x);
    x[17] = NAN;
    x[40] = INFINITY;
    x[41] = -1.0f;
    on_all_targets([&] {
        for (const float range : {0.0f, 0.1f, 1.0f, 2.5f, 100.0f}) {
            for (size_t n = 0; n <= x.size(); n++) {
                std::vector<uint32_t> a(100, 7), b(100, 7);
                ASSERT_EQ(find_outside(x.data(), n, range, a.data()),
                          twin::find_outside(x.data(), n, range, b.data()));
                ASSERT_EQ(a, b) << range << " " << n;
            }
        }
    });
}

}  // namespace
}  // namespace mho

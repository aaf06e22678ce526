// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/util/staggered.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <utility>

namespace mho {
namespace {

uintptr_t place(const StaggeredFloats& v) {
    return reinterpret_cast<uintptr_t>(v.data()) % 4096;
}

TEST(Staggered, ArraysBeginAtDifferentLinesOfAPage) {
    const std::vector<StaggeredFloats> arrays(8, StaggeredFloats(1 << 10, 1.0f));
    std::set<uintptr_t> places;
    for (const StaggeredFloats& a : arrays) {
        EXPECT_EQ(place(a) % 64, 0u);
        places.insert(place(a));
    }
    EXPECT_EQ(places.size(), arrays.size());
}

TEST(Staggered, BehavesAsAVector) {
    StaggeredFloats a{1, 2, 3};
    a.resize(5000, 4.0f);
    const StaggeredFloats copy = a;
    EXPECT_EQ(copy, a);
    const StaggeredFloats moved = std::move(a);
    EXPECT_EQ(moved, copy);
    EXPECT_EQ(moved[4999], 4.0f);
    EXPECT_TRUE(StaggeredFloats().empty());
}

TEST(Staggered, RefusesWhatNoMachineHas) {
    StaggeredAllocator<float> allocator;
    EXPECT_THROW(allocator.allocate(std::numeric_limits<size_t>::max() / 4), std::bad_alloc);
}

}  // namespace
}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/io/tensor.h"

#include <gtest/gtest.h>

#include <limits>

#include "mho/util/error.h"

namespace mho {
namespace {

TEST(Tensor, Count) {
    EXPECT_EQ((Tensor{{}, {}}.count()), 1u);
    EXPECT_EQ((Tensor{{2, 3, 4}, {}}.count()), 24u);
    EXPECT_EQ((Tensor{{2, 0}, {}}.count()), 0u);
    const size_t huge = std::numeric_limits<size_t>::max() / 2;
    EXPECT_THROW((Tensor{{huge, 3}, {}}.count()), InputError);
    EXPECT_FALSE(shape_count({huge, 3}));
    EXPECT_EQ(shape_count({huge, 2}), huge * 2);
}

TEST(Tensor, MakeChecksTheCount) {
    EXPECT_EQ(make_tensor({2, 1}, {1.0f, 2.0f}).values[1], 2.0f);
    EXPECT_EQ(make_tensor({}, {5.0f}).count(), 1u);
    EXPECT_THROW(make_tensor({2, 2}, {1.0f}), InputError);
    EXPECT_THROW(make_tensor({}, {}), InputError);
    EXPECT_EQ(shape_text({16, 3, 3}), "[16, 3, 3]");
    EXPECT_EQ(shape_text({}), "[]");
}

}  // namespace
}  // namespace mho

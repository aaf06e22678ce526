// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/util/error.h"

#include <gtest/gtest.h>

namespace mho {
namespace {

const std::vector<std::string> kKnown = {"forward", "backward", "conductance", "adc"};

TEST(NearestName, FindsTypingErrors) {
    EXPECT_EQ(nearest_name("forwrad", kKnown), "forward");
    EXPECT_EQ(nearest_name("conductanse", kKnown), "conductance");
    EXPECT_EQ(nearest_name("dac", kKnown), "adc");
    EXPECT_EQ(nearest_name("forward", kKnown), "forward");
}

TEST(NearestName, KeepsQuietWhenNothingIsNear) {
    EXPECT_EQ(nearest_name("temperature", kKnown), "");
    EXPECT_EQ(nearest_name("x", {}), "");
}

TEST(Suggestion, NamesTheNearestOrListsAll) {
    EXPECT_EQ(suggestion("bakward", kKnown), ", did you mean `backward`?");
    EXPECT_EQ(suggestion("temperature", kKnown), "; known: forward, backward, conductance, adc");
}

TEST(JoinPath, LeavesOutAnEmptyParent) {
    EXPECT_EQ(join_path("a.b", "c"), "a.b.c");
    EXPECT_EQ(join_path("", "c"), "c");
}

TEST(ConfigError, ListsEveryProblemOnItsLine) {
    const ConfigError error({{"a.b", "must be 1"}, {"", "not valid"}, {"c", "unknown key"}});
    EXPECT_STREQ(error.what(), "a.b: must be 1\nnot valid\nc: unknown key");
    ASSERT_EQ(error.problems().size(), 3u);
    EXPECT_EQ(error.problems()[2].path, "c");
    EXPECT_STREQ(ConfigError("p", "m").what(), "p: m");
}

TEST(Errors, AreCaughtAsErrorAndAsStdException) {
    EXPECT_THROW(throw IoError("file"), Error);
    EXPECT_THROW(throw InputError("input"), Error);
    EXPECT_THROW(throw ConfigError("p", "m"), std::exception);
}

}  // namespace
}  // namespace mho

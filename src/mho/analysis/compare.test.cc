// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/compare.h"

#include <gtest/gtest.h>

#include <cmath>

#include "mho/util/error.h"

namespace mho {
namespace {

std::string results(const std::string& seed,
                    const std::string& chips,
                    const std::string& more = "") {
    return "{\"name\": \"n\", \"seed\": " + seed +
           ", \"images\": 100, \"programmings\": 4, \"accuracy\": {\"float\": 0.95, \"naive\": "
           "{\"1 s\": {\"mean\": 0, \"all\": [" +
           chips + "]}}" + more + "}}";
}

TEST(Compare, PairsChipsOfEqualSeeds) {
    const std::string a = results("1", "0.80, 0.85, 0.90, 0.95");
    const std::string b = results("1", "0.81, 0.86, 0.91, 0.96");
    const RunComparison c = compare_results(a, "a", b, "b");
    ASSERT_EQ(c.rows.size(), 1U);
    EXPECT_TRUE(c.paired);
    // Chips differ by 0.15, pairs by exactly 0.01.
    EXPECT_NEAR(c.rows[0].difference.mean, 0.01, 1e-12);
    EXPECT_NEAR(c.rows[0].difference.half_width(), 0.0, 1e-12);
    EXPECT_TRUE(c.rows[0].differs);
    EXPECT_NEAR(c.rows[0].first, 0.875, 1e-12);
    // The same numbers from other seeds do not differ: Welch's interval is as wide as the spread.
    const RunComparison u = compare_results(a, "a", results("2", "0.81, 0.86, 0.91, 0.96"), "b");
    EXPECT_FALSE(u.paired);
    EXPECT_EQ(u.why_not_paired, "the seeds differ");
    EXPECT_FALSE(u.rows[0].differs);
    // s^2 / n of both 0.0041667 / 4; 6 degrees of freedom: t = 2.4469.
    EXPECT_NEAR(u.rows[0].difference.half_width(), 2.4469 * std::sqrt(2 * 0.00416667 / 4), 1e-4);
}

TEST(Compare, SaysWhatIsMissing) {
    const std::string a = results("1", "0.8", ", \"hwa\": {\"1 s\": {\"all\": [0.9]}}");
    const std::string b = results("1", "0.8", ", \"tt\": {\"1 s\": {\"all\": [0.9]}}");
    const RunComparison c = compare_results(a, "a", b, "b");
    ASSERT_EQ(c.notes.size(), 2U);
    EXPECT_EQ(c.notes[0], "`hwa` is only in a");
    EXPECT_EQ(c.notes[1], "`tt` is only in b");
}

TEST(Compare, Errors) {
    const std::string good = results("1", "0.8");
    EXPECT_THROW(compare_results("{}", "a", good, "b"), InputError);
    EXPECT_THROW(compare_results(good, "a", "[1]", "b"), InputError);
    EXPECT_THROW(compare_results(good, "a", "{", "b"), ConfigError);
    EXPECT_THROW(compare_results(good, "a", R"({"loss": {"float": 1}})", "b"), InputError);
    EXPECT_THROW(compare_results(good, "a", R"({"accuracy": {"float": 1}})", "b"), InputError);
    EXPECT_THROW(compare_results(good, "a", R"({"accuracy": {"float": "x"}})", "b"), InputError);
    EXPECT_THROW(
        compare_results(good, "a", R"({"accuracy": {"float": 1, "naive": {"1 s": 3}}})", "b"),
        InputError);
}

}  // namespace
}  // namespace mho

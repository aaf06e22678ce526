// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/io/delimited.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "mho/io/image_data.h"
#include "mho/io/test_support.h"
#include "mho/util/error.h"

namespace mho {
namespace {

using Texts = std::vector<std::string>;

TEST(Delimited, LabelLast) {
    const LabelledTable table = parse_delimited("x,y,class\r\n1,2.5,g\r\n\r\n-3,4,h", "f");
    EXPECT_EQ(table.features.rows, 2u);
    EXPECT_EQ(table.features.values, (std::vector<double>{1, 2.5, -3, 4}));
    EXPECT_EQ(table.labels, (Texts{"g", "h"}));
    EXPECT_EQ(table.feature_names, (Texts{"x", "y"}));
}

TEST(Delimited, LabelFirst) {
    const LabelledTable table = parse_delimited(
        "T\t1\t2\nI\t3\t4\n", "f", {.separator = '\t', .has_header = false, .label_first = true});
    EXPECT_EQ(table.features(1, 0), 3);
    EXPECT_EQ(table.labels, (Texts{"T", "I"}));
    EXPECT_TRUE(table.feature_names.empty());
}

TEST(Delimited, Refusals) {
    const auto refusal = [](std::string_view text) {
        return message_of<IoError>([&] { parse_delimited(text, "the file"); });
    };
    EXPECT_TRUE(contains(refusal("h,l\nx,a\n"), "`the file`, line 2, column 1"));
    EXPECT_TRUE(contains(refusal("h,l\nnan,a\n"), "finite"));
    EXPECT_TRUE(contains(refusal("h,l\n1,a\n1,2,a\n"), "line 3: 3 columns"));
    EXPECT_TRUE(contains(refusal("h;l\n1;a\n"), "separator"));
    EXPECT_TRUE(contains(refusal("h,l\n"), "no examples"));
    EXPECT_TRUE(contains(refusal(""), "no examples"));
}

TEST(Delimited, RealTables) {
    const auto letters = find_data("kernels/letter-recognition.data.xz");
    const auto magic = find_data("kernels/magic04.data.xz");
    const auto skin = find_data("kernels/Skin_NonSkin.txt.xz");
    if (!letters || !magic || !skin) {
        GTEST_SKIP() << "MHO_DATA has no tables";
    }
    const auto count = [](const LabelledTable& table, const char* label) {
        return std::count(table.labels.begin(), table.labels.end(), label);
    };
    const LabelledTable a = read_delimited(*letters, {.label_first = true});
    EXPECT_EQ(a.features.rows, 20'000u);
    EXPECT_EQ(a.features.cols, 16u);
    EXPECT_EQ(*std::max_element(a.features.values.begin(), a.features.values.end()), 15);
    const LabelledTable b = read_delimited(*magic);
    EXPECT_EQ(b.features.cols, 10u);
    EXPECT_EQ(count(b, "g"), 12'332);
    EXPECT_EQ(count(b, "h"), 6'688);
    const LabelledTable c = read_delimited(*skin, {.separator = '\t'});
    EXPECT_EQ(c.feature_names, (Texts{"B", "G", "R"}));
    EXPECT_EQ(count(c, "1"), 50'859);
    EXPECT_EQ(count(c, "2"), 194'198);
}

}  // namespace
}  // namespace mho

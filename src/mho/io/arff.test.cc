// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/io/arff.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "mho/io/image_data.h"
#include "mho/io/test_support.h"
#include "mho/util/error.h"

namespace mho {
namespace {

using Texts = std::vector<std::string>;

const std::string kHead =
    "% comment\r\n@RELATION 'a b'\r\n\r\n@attribute x NUMERIC\r\n@Attribute 'y z' real\r\n"
    "@ATTRIBUTE class {a,'b c', d}\r\n@DATA\r\n";

std::string refusal(const std::string& text) {
    return message_of<IoError>([&] { parse_arff(text, "the file"); });
}

TEST(Arff, ReadsDenseRows) {
    const LabelledTable table = parse_arff(kHead + "1,2.5,a\r\n% comment\r\n-3 , 4, 'b c'", "f");
    EXPECT_EQ(table.features.values, (std::vector<double>{1, 2.5, -3, 4}));
    EXPECT_EQ(table.labels, (Texts{"a", "b c"}));
    EXPECT_EQ(table.feature_names, (Texts{"x", "y z"}));
}

TEST(Arff, OtherLabelTypes) {
    EXPECT_EQ(parse_arff("@attribute x integer\n@attribute y{0,1}\n@data\n1,0\n", "f").labels,
              Texts{"0"});
    EXPECT_EQ(parse_arff("@attribute x real\n@attribute y string\n@data\n1,\"t\"\n", "f").labels,
              Texts{"t"});
    EXPECT_EQ(parse_arff("@attribute x real\n@attribute y real\n@data\n1,2.50\n", "f").labels,
              Texts{"2.50"});
}

TEST(Arff, Refusals) {
    EXPECT_TRUE(contains(refusal(kHead + "1,2\n"), "`the file`, line 8: 2 values"));
    EXPECT_TRUE(contains(refusal(kHead + "1,x,a\n"), "line 8, column 2"));
    EXPECT_TRUE(contains(refusal(kHead + "1,2,e\n"), "not a declared value"));
    EXPECT_TRUE(contains(refusal(kHead + "1,?,a\n"), "missing value"));
    EXPECT_TRUE(contains(refusal(kHead + "{0 1}\n"), "sparse"));
    EXPECT_TRUE(contains(refusal(kHead), "no examples"));
    EXPECT_TRUE(contains(refusal(""), "before @data"));
    EXPECT_TRUE(contains(refusal("1,2\n"), "not @relation"));
    EXPECT_TRUE(contains(refusal("@attribute x real\n@data\n1\n"), "at least one feature"));
    EXPECT_TRUE(contains(refusal("@attribute x string\n@attribute y real\n@data\na,1\n"),
                         "`x` is not numeric"));
    for (const char* line : {"@attribute",
                             "@attribute x",
                             "@attribute 'x real",
                             "@attribute x date",
                             "@attribute x {a,b",
                             "@attribute {a}",
                             "@attribute '' real",
                             "@attribute x {"}) {
        EXPECT_TRUE(contains(refusal(line), "line 1")) << line;
    }
}

TEST(Arff, TruncationNeverCrashes) {
    const std::string text = kHead + "1,2.5,a\r\n";
    for (size_t size = 0; size < text.size(); size++) {
        try {
            parse_arff(text.substr(0, size), "f");
            EXPECT_GE(size, text.size() - 2);  // only the line end is missing
        } catch (const IoError&) {
            SUCCEED() << "refused, which is as good";
        }
    }
}

TEST(Arff, EegEyeState) {
    const auto path = find_data("kernels/eeg-eye-state.arff.xz");
    if (!path) {
        GTEST_SKIP() << "MHO_DATA has no tables";
    }
    const LabelledTable table = read_arff(*path);
    EXPECT_EQ(table.features.rows, 14'980u);
    EXPECT_EQ(table.features.cols, 14u);
    EXPECT_EQ(table.feature_names.front(), "AF3");
    EXPECT_EQ(table.features(0, 0), 4329.23);
    EXPECT_EQ(std::count(table.labels.begin(), table.labels.end(), "1"), 6'723);
}

}  // namespace
}  // namespace mho

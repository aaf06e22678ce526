// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/io/libsvm.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "mho/io/image_data.h"
#include "mho/io/test_support.h"
#include "mho/util/error.h"

namespace mho {
namespace {

TEST(Libsvm, FillsADenseTable) {
    const LabelledTable table =
        parse_libsvm("-1.0 2:0.5 4:-1e-3\n# a comment\n+1 1:3 # more\r\n\n2.5\n", "f");
    EXPECT_EQ(table.features.rows, 3u);
    EXPECT_EQ(table.features.cols, 4u);
    EXPECT_EQ(table.features.values,
              (std::vector<double>{0, 0.5, 0, -1e-3, 3, 0, 0, 0, 0, 0, 0, 0}));
    EXPECT_EQ(table.labels, (std::vector<std::string>{"-1", "1", "2.5"}));
    EXPECT_EQ(parse_libsvm("1 1:1", "f", 5).features.cols, 5u);
}

TEST(Libsvm, Refusals) {
    const auto refusal = [](std::string_view text, size_t features = 0) {
        return message_of<IoError>([&] { parse_libsvm(text, "the file", features); });
    };
    EXPECT_TRUE(contains(refusal("1 1:1\nx 1:1\n"), "`the file`, line 2: the label"));
    for (const char* entry :
         {"1", "1:", ":1", ":", "a:1", "1:a", "1:1:1", "-1:1", "1:nan", "1.0:1"}) {
        EXPECT_TRUE(contains(refusal(std::string("1 ") + entry), "index:value")) << entry;
    }
    EXPECT_TRUE(contains(refusal("1 0:1"), "ascend from 1"));
    EXPECT_TRUE(contains(refusal("1 2:1 2:1"), "index 2 after 2"));
    EXPECT_TRUE(contains(refusal("1 6:1", 5), "only 5 features"));
    EXPECT_TRUE(contains(refusal(""), "no examples"));
    EXPECT_TRUE(contains(refusal("1\n"), "no examples with features"));
    EXPECT_TRUE(contains(refusal("1 18446744073709551615:1\n"), "dense"));
    EXPECT_TRUE(contains(refusal("1 100000000:1\n1 1:1\n"), "dense"));
}

TEST(Libsvm, Ijcnn1) {
    const auto path = find_data("kernels/ijcnn1.trn.bz2");
    if (!path) {
        GTEST_SKIP() << "MHO_DATA has no tables";
    }
    const LabelledTable table = read_libsvm(*path);
    EXPECT_EQ(table.features.rows, 49'990u);
    EXPECT_EQ(table.features.cols, 22u);
    EXPECT_EQ(std::count(table.labels.begin(), table.labels.end(), "-1"), 45'137);
    EXPECT_EQ(std::count(table.labels.begin(), table.labels.end(), "1"), 4'853);
    EXPECT_EQ(table.features(0, 5), 1);
    EXPECT_EQ(table.features(0, 10), -0.731854);
}

}  // namespace
}  // namespace mho

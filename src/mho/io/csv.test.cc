// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/io/csv.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "mho/io/file.h"
#include "mho/io/test_support.h"
#include "mho/util/error.h"

namespace mho {
namespace {

using Rows = std::vector<std::vector<double>>;

std::string refusal(std::string_view text, const CsvFormat& format = {}) {
    return message_of<IoError>([&] { parse_csv(text, "the file", format); });
}

TEST(Csv, RoundTripIsExact) {
    CsvTable table;
    table.header = {"first", "second one"};
    uint64_t bits = 1;
    for (int i = 0; i < 2000; i++) {
        std::vector<double> row;
        for (int c = 0; c < 2; c++) {
            bits = bits * 6364136223846793005u + 1442695040888963407u;
            const double value = std::bit_cast<double>(bits);
            row.push_back(std::isfinite(value) ? value : 0.0);
        }
        table.rows.push_back(row);
    }
    using Limits = std::numeric_limits<double>;
    table.rows.push_back({Limits::denorm_min(), Limits::max()});
    table.rows.push_back({Limits::infinity(), -Limits::infinity()});
    table.rows.push_back({0.1f, 1.0 / 3.0});
    for (const char separator : {',', ';', '\t'}) {
        const std::string text = format_csv(table, separator);
        EXPECT_EQ(parse_csv(text, "f", {.separator = separator, .has_header = true}), table);
    }
    EXPECT_TRUE(std::signbit(parse_csv(format_csv({{}, {{-0.0}}}), "f").rows[0][0]));
    EXPECT_TRUE(std::isnan(parse_csv(format_csv({{}, {{std::nan("")}}}), "f").rows[0][0]));
}

TEST(Csv, ExactText) {
    EXPECT_EQ(format_csv({{"a", "b"}, {{1, 0.5}, {-2, 1e100}}}), "a,b\n1,0.5\n-2,1e+100\n");
    EXPECT_EQ(format_csv({}), "");
}

TEST(Csv, Tolerates) {
    EXPECT_EQ(parse_csv("\xef\xbb\xbf 1 , +2\r\n\r\n3,4", "f").rows, (Rows{{1, 2}, {3, 4}}));
    EXPECT_EQ(parse_csv("1  2\n 3 4 \n", "f", {.separator = ' '}).rows, (Rows{{1, 2}, {3, 4}}));
    EXPECT_EQ(parse_csv("", "f").rows, Rows{});
    const CsvTable named = parse_csv("x, y z\n", "f", {.has_header = true});
    EXPECT_EQ(named.header, (std::vector<std::string>{"x", "y z"}));
    EXPECT_TRUE(named.rows.empty());
}

TEST(Csv, NamesLineAndColumn) {
    EXPECT_TRUE(contains(refusal("1,2\n3,x\n"), "`the file`, line 2, column 2: `x`"));
    EXPECT_TRUE(contains(refusal("1,2\n\n3\n"), "line 3: 1 columns, but the lines before have 2"));
    EXPECT_TRUE(contains(refusal("a,b\n1,2\n"), "is this a header line?"));
    EXPECT_TRUE(contains(refusal("1,,2\n"), "line 1, column 2"));
    EXPECT_TRUE(contains(refusal("1,1e999\n"), "line 1, column 2"));
    EXPECT_TRUE(contains(refusal("a,b\n1\n", {.has_header = true}), "line 2"));
    EXPECT_TRUE(contains(refusal("", {.has_header = true}), "empty"));
    EXPECT_TRUE(contains(refusal("1;2\n"), "`1;2` is not a number"));
    EXPECT_TRUE(contains(refusal(std::string("1,\0\n", 4)), "column 2"));
}

TEST(Csv, RefusesToWriteNonsense) {
    EXPECT_THROW(format_csv({{}, {{1, 2}, {3}}}), InputError);
    EXPECT_THROW(format_csv({{}, {{}}}), InputError);
    EXPECT_THROW(format_csv({{"a"}, {{1, 2}}}), InputError);
    EXPECT_THROW(format_csv({{"a,b"}, {}}), InputError);
    EXPECT_THROW(format_csv({{"a\n"}, {}}), InputError);
    EXPECT_THROW(format_csv({{""}, {}}), InputError);
    for (const char separator : {'1', '.', 'e', '-', '\n', '\0'}) {
        EXPECT_THROW(format_csv({{}, {{1}}}, separator), InputError);
        EXPECT_THROW(parse_csv("1", "f", {.separator = separator}), InputError);
    }
}

TEST(Csv, Files) {
    const ScratchFolder scratch;
    write_csv(scratch.file("x"), {{}, {{1, 2}}}, ';');
    EXPECT_EQ(read_file(scratch.file("x")), "1;2\n");
    EXPECT_EQ(read_csv(scratch.file("x"), {.separator = ';'}).rows, (Rows{{1, 2}}));
}

}  // namespace
}  // namespace mho

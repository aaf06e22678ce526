// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/io/scan.h"

#include <gtest/gtest.h>

#include <cmath>

namespace mho {
namespace {

std::vector<std::string> lines_of(std::string_view text) {
    LineScanner scanner(text);
    std::vector<std::string> lines;
    std::string_view line;
    while (scanner.next(line)) {
        lines.emplace_back(line);
        EXPECT_EQ(scanner.number(), lines.size());
    }
    return lines;
}

TEST(Scan, Lines) {
    using Lines = std::vector<std::string>;
    EXPECT_EQ(lines_of(""), Lines{});
    EXPECT_EQ(lines_of("a"), Lines{"a"});
    EXPECT_EQ(lines_of("a\r\n\nb\n"), (Lines{"a", "", "b"}));
    EXPECT_EQ(lines_of("\xef\xbb\xbf"
                       "a\n"),
              Lines{"a"});
}

TEST(Scan, Splits) {
    using Parts = std::vector<std::string_view>;
    EXPECT_EQ(split(" a ,b,, c", ','), (Parts{"a", "b", "", "c"}));
    EXPECT_EQ(split("", ','), Parts{""});
    EXPECT_EQ(split("a\tb", '\t'), (Parts{"a", "b"}));
    EXPECT_EQ(split_blanks(" a \t b  "), (Parts{"a", "b"}));
    EXPECT_EQ(split_blanks(" "), Parts{});
    EXPECT_EQ(trim("\t x y "), "x y");
}

TEST(Scan, Numbers) {
    EXPECT_EQ(parse_number("+2.5e-3"), 2.5e-3);
    EXPECT_EQ(parse_number("-1"), -1.0);
    EXPECT_EQ(parse_number(".5"), 0.5);
    EXPECT_TRUE(std::isnan(parse_number("nan").value_or(0)));
    EXPECT_TRUE(std::isinf(parse_number("-inf").value_or(0)));
    for (const char* bad :
         {"", "+", "-", "+-1", "++1", "1 ", " 1", "1,5", "0x10", "1e", "1e999", "a"}) {
        EXPECT_FALSE(parse_number(bad)) << bad;
    }
    EXPECT_EQ(parse_index("18446744073709551615"), ~uint64_t{0});
    for (const char* bad : {"", "-1", "+1", "1.0", "18446744073709551616"}) {
        EXPECT_FALSE(parse_index(bad)) << bad;
    }
    EXPECT_EQ(number_text(-1.0), "-1");
    EXPECT_EQ(number_text(0.1), "0.1");
    EXPECT_EQ(number_text(-2.2250738585072014e-308), "-2.2250738585072014e-308");
}

TEST(Scan, Excerpt) {
    EXPECT_EQ(excerpt("a\x01\xff"), "a??");
    EXPECT_EQ(excerpt(std::string(41, 'x')), std::string(40, 'x') + "...");
}

}  // namespace
}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/report/table.h"

#include <gtest/gtest.h>

#include <sstream>

#include "mho/report/text.h"
#include "mho/report/xml_check.h"
#include "mho/util/error.h"

namespace mho {
namespace {

Table sample() {
    Table table("Layers");
    table.column("name").column("mid", Align::kCenter).column("size", Align::kRight, "kΩ");
    table.row({"µ-layer", "a", "12"}).row({"層", "bcd", "1 000 ± 5"});
    table.separator().row({"sum", "", "1"}).footnote("a note");
    return table;
}

TEST(Table, TextAlignsByDisplayWidth) {
    EXPECT_EQ(sample().text(),
              "Layers\n"
              "\n"
              "name     mid  size [kΩ]\n"
              "───────────────────────\n"
              "µ-layer   a          12\n"
              "層       bcd  1 000 ± 5\n"
              "───────────────────────\n"
              "sum                   1\n"
              "\n"
              "a note\n");
}

TEST(Table, LongTextsAreWrappedToTheTerminal) {
    Table table;
    table.column("name").column("n", Align::kRight).column("about");
    table.row({"a-long-name", "1 000", "one two three four five"});
    table.row({"b", "2", "層層 six"}).footnote("some words that are longer");
    EXPECT_EQ(table.text(30),
              "name            n  about\n"
              "─────────────────────────────\n"
              "a-long-     1 000  one two\n"
              "name               three four\n"
              "                   five\n"
              "b               2  層層 six\n"
              "\n"
              "some words that are longer\n");
    EXPECT_EQ(table.text(200), table.text());
    // Widths at which nothing fits: every character still comes out, right-aligned cells whole.
    for (size_t most = 1; most < 30; most++) {
        const std::string text = table.text(most);
        EXPECT_NE(text.find("1 000"), std::string::npos) << most;
        EXPECT_EQ(count_of(text, "e"), count_of(table.text(), "e")) << most;
    }
}

TEST(Table, MarkdownEscapesAndPads) {
    Table table;
    table.column("a|b").column("c", Align::kRight).column("d", Align::kCenter);
    table.row({"x*y_z", "<b>", "1\n2"});
    EXPECT_EQ(table.markdown(),
              "| a\\|b    |      c |  d  |\n"
              "| ------- | -----: | :-: |\n"
              "| x\\*y\\_z | &lt;b> | 1 2 |\n");
}

TEST(Table, MarkdownRowsHaveEqualWidth) {
    std::istringstream lines(sample().markdown());
    std::string line;
    size_t rows = 0;
    size_t width = 0;
    while (std::getline(lines, line)) {
        if (line.starts_with("|")) {
            width = rows == 0 ? display_width(line) : width;
            EXPECT_EQ(display_width(line), width) << line;
            rows++;
        }
    }
    EXPECT_EQ(rows, 5u);
}

TEST(Table, HtmlIsWellFormedAndEscaped) {
    Table table("a < b");
    table.column("x & y", Align::kRight, "\"unit\"").row({"<script>alert('1')</script>"});
    table.footnote("<note>");
    const std::string html = table.html();
    EXPECT_EQ(xml_problem(html), "");
    EXPECT_EQ(html.find("<script"), std::string::npos);
    EXPECT_NE(html.find("&lt;script&gt;"), std::string::npos);
    EXPECT_EQ(count_of(sample().html(), "<tr"), 4u);
    EXPECT_EQ(count_of(sample().html(), "<tr class=\"group\">"), 1u);
}

TEST(Table, NoControlCharactersInText) {
    Table table;
    table.column("a").row({"x\x1B[2J\ny"});
    EXPECT_EQ(table.text(), "a\n───────\nx [2J y\n");
    table.footnote("b\x9B c");  // not UTF-8; some terminals take the byte for an escape
    EXPECT_EQ(table.text(80), table.text());
    EXPECT_EQ(table.text(80).find('\x9B'), std::string::npos);
}

TEST(Table, EmptyTables) {
    EXPECT_EQ(Table().text(), "");
    EXPECT_EQ(Table().markdown(), "");
    EXPECT_EQ(Table().html(), "");
    Table no_rows;
    no_rows.column("a");
    EXPECT_EQ(no_rows.text(), "a\n─\n");
    EXPECT_EQ(xml_problem(no_rows.html()), "");
}

TEST(Table, RefusesWrongShapes) {
    Table table;
    table.column("a");
    EXPECT_THROW(table.row({"1", "2"}), InputError);
    table.row({"1"});
    EXPECT_THROW(table.column("b"), InputError);
}

}  // namespace
}  // namespace mho

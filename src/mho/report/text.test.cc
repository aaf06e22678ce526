// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/report/text.h"

#include <gtest/gtest.h>

#include "mho/report/xml_check.h"

namespace mho {
namespace {

TEST(XmlCheck, FindsWhatIsBroken) {
    EXPECT_EQ(xml_problem("<a b=\"1\"><c/>t &amp; u</a>"), "");
    for (const char* broken : {"<a>",
                               "<a></b>",
                               "<a b=1></a>",
                               "<a>&nbsp;</a>",
                               "<a>x > y</a>",
                               "<a/><b/>",
                               "<a b=\"1\" b=\"2\"/>",
                               "<a",
                               "<a b=\"<\"/>",
                               "x<a/>",
                               "",
                               "<a><b></a></b>",
                               "<a>< b</a>"}) {
        EXPECT_NE(xml_problem(broken), "") << broken;
    }
}

TEST(EscapeXml, Markup) {
    EXPECT_EQ(escape_xml("a<b & \"c\" > 'd'"), "a&lt;b &amp; &quot;c&quot; &gt; &#39;d&#39;");
    EXPECT_EQ(escape_xml("µS ± 層 😀\n"), "µS ± 層 😀\n");
}

TEST(EscapeXml, ReplacesWhatXmlForbids) {
    EXPECT_EQ(escape_xml(std::string("a\0\x1B[b", 5)), "a\uFFFD\uFFFD[b");
    EXPECT_EQ(escape_xml("\xFFz"), "\uFFFDz");
    EXPECT_EQ(escape_xml("\xC0\xAF"), "\uFFFD\uFFFD");                 // overlong '/'
    EXPECT_EQ(escape_xml("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");       // surrogate
    EXPECT_EQ(escape_xml("\xE2\x82"), "\uFFFD\uFFFD");                 // cut
    EXPECT_EQ(escape_xml("\xF4\x90\x80\x80").substr(0, 3), "\uFFFD");  // above U+10FFFF
    EXPECT_EQ(escape_xml("\xEF\xBF\xBF"), "\uFFFD");                   // U+FFFF
}

TEST(OneLine, NoTextMovesTheCursor) {
    EXPECT_EQ(one_line("a\nb\tc\x1B[2Jd\re\u202Ef"), "a b c [2Jd e f");
}

TEST(DisplayWidth, CountsColumns) {
    EXPECT_EQ(display_width("abc"), 3u);
    EXPECT_EQ(display_width("µS ±"), 4u);
    EXPECT_EQ(display_width("層"), 2u);
    EXPECT_EQ(display_width("e\u0301"), 1u);
    EXPECT_EQ(display_width("\xFF\xFF"), 2u);
    EXPECT_EQ(display_width(""), 0u);
}

TEST(Truncate, KeepsTheWidth) {
    EXPECT_EQ(truncate("hardware", 8), "hardware");
    EXPECT_EQ(truncate("hardware", 5), "hard…");
    EXPECT_EQ(truncate("層層層", 4), "層…");
    EXPECT_EQ(truncate("ab", 0), "");
}

TEST(WrapText, BreaksAtSpacesThenInsideWords) {
    const auto lines = wrap_text("drift variability between devices", 10.0, 100.0);
    ASSERT_GT(lines.size(), 1u);
    std::string joined;
    for (const auto& line : lines) {
        EXPECT_LE(text_width_px(line, 10.0), 100.0) << line;
        joined += (joined.empty() ? "" : " ") + line;
    }
    EXPECT_EQ(joined, "drift variability between devices");
    const auto path = wrap_text("hardware.forward.adc.bits", 10.0, 70.0);
    ASSERT_GT(path.size(), 1u);
    EXPECT_EQ(path[0].back(), '.');
    EXPECT_EQ(wrap_text("", 10.0, 100.0), std::vector<std::string>{""});
    EXPECT_EQ(wrap_text("abc", 10.0, 0.0).size(), 3u);
}

TEST(FitText, EndsInAnEllipsis) {
    EXPECT_EQ(fit_text("short", 10.0, 100.0), "short");
    const std::string cut = fit_text("a very long layer name", 10.0, 60.0);
    EXPECT_TRUE(cut.ends_with("…"));
    EXPECT_LE(text_width_px(cut, 10.0), 60.0 + 5.0);
}

}  // namespace
}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/report/html.h"

#include <gtest/gtest.h>

#include "mho/report/bar_chart.h"
#include "mho/report/xml_check.h"

namespace mho {
namespace {

TEST(HtmlPage, EverythingIsEscapedAndWellFormed) {
    const std::string evil = "</p><script>alert(\"1\")</script>&\x01\xFF";
    BarChart chart;
    chart.title = evil;
    chart.bars = {{evil, 1.0, 0.1, evil}};
    Table table(evil);
    table.column(evil).row({evil}).footnote(evil);
    HtmlPage page(evil, evil);
    page.heading(evil).subheading(evil).paragraph(evil).paragraph(evil, evil);
    page.cards({{evil, evil, evil}, {"1", "one", ""}}).cards({});
    page.figure(full_figure(chart, evil)).grid({half_figure(chart), half_figure(chart)}).grid({});
    page.table(table).details(evil, evil).details(evil, table).footer(evil);
    const std::string html = page.str();
    EXPECT_EQ(xml_problem(html), "");
    EXPECT_EQ(html.find("<script"), std::string::npos);
    EXPECT_EQ(count_of(html, "<svg"), 6u);
    EXPECT_EQ(count_of(html, "<details>"), 2u);
}

TEST(HtmlPage, IsSelfContainedAndFitsPhonesAndDarkRooms) {
    const std::string html = HtmlPage("title").str();
    EXPECT_EQ(xml_problem(html), "");
    for (const char* loads : {"http", "src=", "href=", "url(", "@import", "<script"}) {
        EXPECT_EQ(html.find(loads), std::string::npos) << loads;
    }
    EXPECT_EQ(count_of(html, "<style>"), 1u);
    EXPECT_NE(html.find("prefers-color-scheme:dark"), std::string::npos);
    EXPECT_NE(html.find("name=\"viewport\""), std::string::npos);
    EXPECT_EQ(html.find("<footer>"), std::string::npos);
    EXPECT_EQ(html.find("class=\"subtitle\""), std::string::npos);
}

TEST(HtmlPage, PreformattedTextKeepsItsLines) {
    HtmlPage page("t");
    page.details("JSON", "{\n  \"a\": 1\n}");
    EXPECT_NE(page.str().find("<pre>{\n  &quot;a&quot;: 1\n}</pre>"), std::string::npos);
}

}  // namespace
}  // namespace mho

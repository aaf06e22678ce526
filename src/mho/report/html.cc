// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/report/html.h"

#include "mho/report/text.h"

namespace mho {

namespace {

/// Colours of series: Okabe and Ito, darkened on white and lightened on black until each has a
/// contrast of at least 3:1 (WCAG 2.1, 1.4.11) with the surface.
constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--page:#f6f7f9;--surface:#fff;--fg:#1b2129;--muted:#59636e;
--grid:#e6e9ee;--axis:#8c959f;--border:#dfe3e8;--accent:#0067a3;--s1:#0072b2;--s2:#d55e00;
--s3:#008c66;--s4:#b5548f;--s5:#b57c00;--s6:#3a93c8;--s7:#857d00;--s8:#6b7280}
@media (prefers-color-scheme:dark){:root{--page:#0f1318;--surface:#171c23;--fg:#e8ecf1;
--muted:#9ba6b2;--grid:#2a313b;--axis:#6a7582;--border:#2a313b;--accent:#62b5ea;--s1:#4aa8e8;
--s2:#ff8b3d;--s3:#2fc79b;--s4:#e291c2;--s5:#f0b429;--s6:#8fd0f5;--s7:#d8cf4a;--s8:#a3adba}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--fg);font:16px/1.55 system-ui,-apple-system,
"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main,header,footer{max-width:1080px;margin:0 auto;padding:0 20px}
header{padding-top:36px}
h1{font-size:1.9rem;line-height:1.2;letter-spacing:-.015em;margin:0}
.subtitle{color:var(--muted);margin:.35rem 0 0}
h2{font-size:1.3rem;line-height:1.3;letter-spacing:-.01em;margin:2.6rem 0 .5rem}
h3{font-size:1.05rem;margin:1.6rem 0 .4rem}
p{margin:.4rem 0 .9rem;max-width:72ch}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(200px,1fr));gap:14px;
margin:24px 0 18px}
.card,figure,.table,details{background:var(--surface);border:1px solid var(--border);
border-radius:12px}
.card{padding:16px 18px}
.card b{display:block;overflow-wrap:anywhere;font-size:1.85rem;line-height:1.15;font-weight:650;letter-spacing:-.02em;
font-variant-numeric:tabular-nums;white-space:nowrap}
.card b.words{font-size:1.3rem;white-space:normal}
.card span{display:block;margin-top:6px;font-size:.92rem;line-height:1.35}
.card small{display:block;color:var(--muted);font-size:.82rem;line-height:1.35;margin-top:3px}
figure{margin:14px 0;padding:18px 20px}
figure svg{display:block;max-width:100%;height:auto}
figcaption{color:var(--muted);font-size:.88rem;line-height:1.45;margin-top:10px}
.narrow{display:none}
.grid{display:grid;grid-template-columns:1fr 1fr;gap:14px;margin:14px 0}
.grid figure{margin:0}
.table{overflow-x:auto;margin:14px 0;padding:6px 0 2px}
table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600;padding:8px 20px 4px}
th,td{padding:7px 14px;text-align:left;vertical-align:top;border-top:1px solid var(--grid)}
th:first-child,td:first-child{padding-left:20px;min-width:7.5em}
th:last-child,td:last-child{padding-right:20px}
thead th{border-top:0;color:var(--muted);font-weight:600;vertical-align:bottom}
tr.group td{border-top-color:var(--axis)}
td.w{min-width:17em}
.unit{font-weight:400}
.r{text-align:right}
td.r,td.n{white-space:nowrap}
.c{text-align:center}
.note{color:var(--muted);font-size:.85rem;margin:6px 20px 8px;max-width:none}
details{margin:14px 0;padding:12px 20px}
summary{cursor:pointer;font-weight:600;color:var(--accent)}
details .table{border:0;border-radius:0;margin:8px -20px 0}
pre{margin:12px 0 2px;overflow-x:auto;font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,
monospace;tab-size:4}
footer{color:var(--muted);font-size:.85rem;padding:28px 20px 44px}
@media (max-width:860px){.grid{grid-template-columns:minmax(0,1fr)}}
@media (max-width:700px){.wide+.narrow{display:block;max-width:520px;margin:0 auto}
.wide:not(:only-of-type){display:none}
main,header,footer{padding-left:14px;padding-right:14px}header{padding-top:24px}
h1{font-size:1.5rem}.cards{grid-template-columns:1fr 1fr;gap:10px}.card{padding:12px 12px}
.card b{font-size:1.4rem}figure{padding:14px 10px}details{padding:12px 14px}
details .table{margin:8px -14px 0}th,td{padding:7px 10px}th:first-child,td:first-child{
padding-left:14px}}
@media print{body{background:#fff}figure,.card,.table{break-inside:avoid}}
)css";

std::string element(std::string_view tag, std::string_view text) {
    return "<" + std::string(tag) + ">" + escape_xml(text) + "</" + std::string(tag) + ">\n";
}

std::string figure_html(const Figure& figure) {
    std::string out = "<figure>\n<div class=\"wide\">" + figure.wide_svg + "</div>\n";
    if (!figure.narrow_svg.empty()) {
        out += "<div class=\"narrow\">" + figure.narrow_svg + "</div>\n";
    }
    if (!figure.caption.empty()) {
        out += element("figcaption", figure.caption);
    }
    return out + "</figure>\n";
}

}  // namespace

HtmlPage::HtmlPage(std::string_view title, std::string_view subtitle)
    : title_(title), subtitle_(subtitle) {}

HtmlPage& HtmlPage::heading(std::string_view text) {
    body_ += element("h2", text);
    return *this;
}

HtmlPage& HtmlPage::subheading(std::string_view text) {
    body_ += element("h3", text);
    return *this;
}

HtmlPage& HtmlPage::paragraph(std::string_view text) {
    body_ += element("p", text);
    return *this;
}

HtmlPage& HtmlPage::paragraph(std::string_view subject, std::string_view text) {
    body_ += "<p><b>" + escape_xml(subject) + "</b> " + escape_xml(text) + "</p>\n";
    return *this;
}

HtmlPage& HtmlPage::cards(const std::vector<KeyFigure>& figures) {
    if (figures.empty()) {
        return *this;
    }
    body_ += "<div class=\"cards\">\n";
    for (const KeyFigure& f : figures) {
        // A name in the place of a number may take two lines.
        constexpr size_t kMostDigits = 12;
        const char* open = f.number.size() > kMostDigits ? "<b class=\"words\">" : "<b>";
        body_ += std::string("<div class=\"card\">") + open + escape_xml(f.number) + "</b><span>" +
                 escape_xml(f.caption) + "</span>";
        if (!f.detail.empty()) {
            body_ += "<small>" + escape_xml(f.detail) + "</small>";
        }
        body_ += "</div>\n";
    }
    body_ += "</div>\n";
    return *this;
}

HtmlPage& HtmlPage::figure(const Figure& figure) {
    body_ += figure_html(figure);
    return *this;
}

HtmlPage& HtmlPage::grid(const std::vector<Figure>& figures) {
    if (figures.empty()) {
        return *this;
    }
    body_ += "<div class=\"grid\">\n";
    for (const Figure& f : figures) {
        body_ += figure_html(f);
    }
    body_ += "</div>\n";
    return *this;
}

HtmlPage& HtmlPage::table(const Table& table) {
    body_ += table.html();
    return *this;
}

HtmlPage& HtmlPage::details(std::string_view summary, std::string_view text) {
    body_ += "<details>" + element("summary", summary) + "<pre>" + escape_xml(text) +
             "</pre></details>\n";
    return *this;
}

HtmlPage& HtmlPage::details(std::string_view summary, const Table& table) {
    body_ += "<details>" + element("summary", summary) + table.html() + "</details>\n";
    return *this;
}

HtmlPage& HtmlPage::footer(std::string_view text) {
    footer_ = text;
    return *this;
}

std::string HtmlPage::str() const {
    std::string out =
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"/>\n";
    out += element("title", title_);
    out += "<style>" + std::string(kStyle) + "</style>\n</head>\n<body>\n<header>\n";
    out += element("h1", title_);
    if (!subtitle_.empty()) {
        out += "<p class=\"subtitle\">" + escape_xml(subtitle_) + "</p>\n";
    }
    out += "</header>\n<main>\n" + body_ + "</main>\n";
    if (!footer_.empty()) {
        out += element("footer", footer_);
    }
    return out + "</body>\n</html>\n";
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_REPORT_HTML_H
#define MHO_REPORT_HTML_H

#include <string>
#include <string_view>
#include <vector>

#include "mho/report/table.h"

namespace mho {

/// A big number with a caption: {"91.82 %", "hardware-aware after 1 day", "± 0.05"}.
struct KeyFigure {
    std::string number;
    std::string caption;
    std::string detail;  // small, below the caption; may be empty
};

/// A chart in two layouts: text in an SVG shrinks with the drawing, so a phone gets its own.
struct Figure {
    std::string wide_svg;
    std::string narrow_svg;  // empty: the wide one serves phones too
    std::string caption;
};

inline constexpr int kFullFigure_px = 1000;
inline constexpr int kHalfFigure_px = 480;
inline constexpr int kPhoneFigure_px = 340;

/// A figure over the whole width of the page from any chart (anything with svg(width)).
template <class Chart>
Figure full_figure(const Chart& chart, std::string caption = "") {
    return {chart.svg(kFullFigure_px), chart.svg(kPhoneFigure_px), std::move(caption)};
}

/// A figure for half of the width, to be put into HtmlPage::grid.
template <class Chart>
Figure half_figure(const Chart& chart, std::string caption = "") {
    return {chart.svg(kHalfFigure_px), chart.svg(kPhoneFigure_px), std::move(caption)};
}

/// A self-contained HTML page (no scripts, nothing loaded), light and dark by the reader's setting,
/// readable on a phone. All texts are escaped; svg strings are taken as they are.
class HtmlPage {
  public:
    explicit HtmlPage(std::string_view title, std::string_view subtitle = "");

    HtmlPage& heading(std::string_view text);
    HtmlPage& subheading(std::string_view text);
    HtmlPage& paragraph(std::string_view text);
    /// A paragraph that begins with what it is about, in bold.
    HtmlPage& paragraph(std::string_view subject, std::string_view text);
    HtmlPage& cards(const std::vector<KeyFigure>& figures);
    HtmlPage& figure(const Figure& figure);

    /// Figures side by side in two columns, below each other on narrow screens.
    HtmlPage& grid(const std::vector<Figure>& figures);

    HtmlPage& table(const Table& table);

    /// A folded section with preformatted text.
    HtmlPage& details(std::string_view summary, std::string_view text);

    /// A folded section with a table.
    HtmlPage& details(std::string_view summary, const Table& table);

    /// The last line of the page.
    HtmlPage& footer(std::string_view text);

    std::string str() const;

  private:
    std::string title_;
    std::string subtitle_;
    std::string body_;
    std::string footer_;
};

}  // namespace mho

#endif  // MHO_REPORT_HTML_H

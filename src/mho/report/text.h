// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_REPORT_TEXT_H
#define MHO_REPORT_TEXT_H

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mho {

/// Any byte string as text for XML and HTML, content or double-quoted attribute: the five markup
/// characters become entities; bytes that are no UTF-8 and characters that XML 1.0 (section 2.2)
/// forbids become U+FFFD.
std::string escape_xml(std::string_view text);

/// One line for a terminal: control characters (escape sequences, line ends, tabs) become spaces
/// and broken UTF-8 becomes U+FFFD, so that no text can move the cursor.
std::string one_line(std::string_view text);

/// Columns that a terminal uses: 0 for combining marks, 2 for East Asian wide characters and emoji,
/// else 1 per code point (a coarse form of Unicode Standard Annex 11).
size_t display_width(std::string_view text);

/// The first code points of `text` that fit into `columns`; ends in an ellipsis when cut.
std::string truncate(std::string_view text, size_t columns);

/// Estimated width of `text` in a proportional sans-serif font of `font_px`, in pixels. SVG has no
/// layout engine, so charts have to reserve room for labels by such an estimate.
double text_width_px(std::string_view text, double font_px);

/// `text`, or its beginning and an ellipsis, in at most `width_px`.
std::string fit_text(std::string_view text, double font_px, double width_px);

/// Lines of at most `width_px`, broken at spaces; longer words are broken after `_ . / -`, else
/// anywhere. At least one line.
std::vector<std::string> wrap_text(std::string_view text, double font_px, double width_px);

/// The same in at most `columns` of a terminal (display_width).
std::vector<std::string> wrap_columns(std::string_view text, size_t columns);

}  // namespace mho

#endif  // MHO_REPORT_TEXT_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/report/table.h"

#include <algorithm>
#include <string_view>

#include "mho/report/text.h"
#include "mho/util/error.h"

namespace mho {

namespace {

std::string padded(const std::string& text, size_t width, Align align) {
    const size_t used = display_width(text);
    const size_t free = width > used ? width - used : 0;
    const size_t left = align == Align::kRight ? free : align == Align::kCenter ? free / 2 : 0;
    return std::string(left, ' ') + text + std::string(free - left, ' ');
}

std::string repeated(std::string_view unit, size_t times) {
    std::string out;
    for (size_t i = 0; i < times; i++) {
        out += unit;
    }
    return out;
}

/// Escapes what Markdown would take as markup inside a table cell.
std::string markdown_text(std::string_view text) {
    std::string out;
    for (const char c : one_line(text)) {
        if (c == '<') {
            out += "&lt;";
            continue;
        }
        if (c == '&') {
            out += "&amp;";
            continue;
        }
        if (std::string_view("\\|*_`[]~").find(c) != std::string_view::npos) {
            out += '\\';
        }
        out += c;
    }
    return out;
}

std::string html_class(Align align) {
    return align == Align::kRight ? " class=\"r\"" : align == Align::kCenter ? " class=\"c\"" : "";
}

/// Short cells ("10 years", "64 x 576") must not be broken; long ones are, but not into columns of
/// single words where the table scrolls anyway.
std::string cell_class(Align align, const std::string& cell) {
    if (align != Align::kLeft) {
        return html_class(align);
    }
    const size_t width = display_width(cell);
    return width <= 16 ? " class=\"n\"" : width > 40 ? " class=\"w\"" : "";
}

constexpr std::string_view kGap = "  ";  // between columns

using Cells = std::vector<std::vector<std::string>>;

std::vector<size_t> widths_of(const Cells& cells, size_t least) {
    std::vector<size_t> widths(cells.empty() ? 0 : cells[0].size(), least);
    for (const auto& row : cells) {
        for (size_t i = 0; i < row.size(); i++) {
            widths[i] = std::max(widths[i], display_width(row[i]));
        }
    }
    return widths;
}

size_t longest_word(std::string_view text) {
    size_t longest = 0;
    while (!text.empty()) {
        const size_t end = std::min(text.find(' '), text.size());
        longest = std::max(longest, display_width(text.substr(0, end)));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return longest;
}

/// Widths that fit into `room`: the widest limit for all columns that may be wrapped (`least` is
/// below `widths`), and the least widths where no limit is narrow enough.
void fit(std::vector<size_t>& widths, const std::vector<size_t>& least, size_t room) {
    size_t limit = *std::max_element(widths.begin(), widths.end());
    const auto at = [&](size_t i) { return std::max(least[i], std::min(widths[i], limit)); };
    const auto total = [&] {
        size_t sum = 0;
        for (size_t i = 0; i < widths.size(); i++) {
            sum += at(i);
        }
        return sum;
    };
    while (limit > 1 && total() > room) {
        limit--;
    }
    for (size_t i = 0; i < widths.size(); i++) {
        widths[i] = at(i);
    }
}

/// A row as one line, or several where texts are wider than their columns.
std::string lines_of(const std::vector<std::string>& row,
                     const std::vector<size_t>& widths,
                     const std::vector<Align>& aligns) {
    std::vector<std::vector<std::string>> wrapped;
    size_t lines = 1;
    for (size_t i = 0; i < row.size(); i++) {
        wrapped.push_back(display_width(row[i]) <= widths[i] ? std::vector{row[i]}
                                                             : wrap_columns(row[i], widths[i]));
        lines = std::max(lines, wrapped.back().size());
    }
    std::string out;
    for (size_t l = 0; l < lines; l++) {
        std::string line;
        for (size_t i = 0; i < row.size(); i++) {
            const std::string part = l < wrapped[i].size() ? wrapped[i][l] : "";
            line += (i == 0 ? "" : std::string(kGap)) + padded(part, widths[i], aligns[i]);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + "\n";
    }
    return out;
}

}  // namespace

Table& Table::column(std::string name, Align align, std::string unit) {
    if (!rows_.empty()) {
        throw InputError("Table: add all columns before the first row (column `" + name + "`)");
    }
    columns_.push_back({std::move(name), align, std::move(unit)});
    return *this;
}

Table& Table::row(std::vector<std::string> cells) {
    if (cells.size() != columns_.size()) {
        throw InputError("Table: the row has " + std::to_string(cells.size()) +
                         " cells, the table has " + std::to_string(columns_.size()) + " columns");
    }
    rows_.push_back(std::move(cells));
    return *this;
}

Table& Table::separator() {
    if (separators_.empty() || separators_.back() != rows_.size()) {
        separators_.push_back(rows_.size());
    }
    return *this;
}

Table& Table::footnote(std::string text) {
    footnotes_.push_back(std::move(text));
    return *this;
}

std::string Table::text(size_t most) const {
    Cells cells(1);
    for (const Column& c : columns_) {
        cells[0].push_back(one_line(c.header()));
    }
    for (const auto& row : rows_) {
        auto& line = cells.emplace_back();
        std::transform(row.begin(), row.end(), std::back_inserter(line), [](const auto& cell) {
            return one_line(cell);
        });
    }
    std::vector<size_t> widths = widths_of(cells, 1);
    std::vector<size_t> least = widths;
    std::vector<Align> aligns;
    for (size_t i = 0; i < columns_.size(); i++) {
        aligns.push_back(columns_[i].align);
        if (most > 0 && aligns[i] == Align::kLeft) {
            size_t longest = 1;
            for (const auto& row : cells) {
                longest = std::max(longest, longest_word(row[i]));
            }
            least[i] = std::min({widths[i], longest, std::max<size_t>(most / 3, 1)});
        }
    }
    if (most > 0 && !columns_.empty()) {
        const size_t gaps = kGap.size() * (columns_.size() - 1);
        fit(widths, least, most > gaps ? most - gaps : 0);
    }
    size_t total = 0;
    for (const size_t width : widths) {
        total += width + kGap.size();
    }
    const std::string rule = total == 0 ? "" : repeated("\u2500", total - kGap.size()) + "\n";

    std::string out = title_.empty() ? "" : one_line(title_) + "\n\n";
    for (size_t r = 0; r < cells.size() && !columns_.empty(); r++) {
        if (r > 1 &&
            std::find(separators_.begin(), separators_.end(), r - 1) != separators_.end()) {
            out += rule;
        }
        out += lines_of(cells[r], widths, aligns);
        if (r == 0) {
            out += rule;
        }
    }
    for (const std::string& note : footnotes_) {
        out += &note == &footnotes_.front() ? "\n" : "";
        const std::string text = one_line(note);
        for (const std::string& line : most > 0 ? wrap_columns(text, most) : std::vector{text}) {
            out += line + "\n";
        }
    }
    return out;
}

std::string Table::markdown() const {
    Cells cells(1);
    for (const Column& c : columns_) {
        cells[0].push_back(markdown_text(c.header()));
    }
    for (const auto& row : rows_) {
        auto& line = cells.emplace_back();
        std::transform(row.begin(), row.end(), std::back_inserter(line), markdown_text);
    }
    const std::vector<size_t> widths = widths_of(cells, 3);

    std::string out = title_.empty() ? "" : "**" + markdown_text(title_) + "**\n\n";
    for (size_t r = 0; r < cells.size() && !columns_.empty(); r++) {
        for (size_t i = 0; i < cells[r].size(); i++) {
            out += "| " + padded(cells[r][i], widths[i], columns_[i].align) + " ";
        }
        out += "|\n";
        for (size_t i = 0; r == 0 && i < columns_.size(); i++) {
            const Align align = columns_[i].align;
            out += std::string("| ") + (align == Align::kCenter ? ":" : "-") +
                   std::string(widths[i] - 2, '-') + (align == Align::kLeft ? "- " : ": ");
        }
        out += r == 0 ? "|\n" : "";
    }
    for (const std::string& note : footnotes_) {
        out += "\n" + markdown_text(note) + "\n";
    }
    return out;
}

std::string Table::html() const {
    if (columns_.empty()) {
        return "";
    }
    std::string out = "<div class=\"table\"><table>\n";
    if (!title_.empty()) {
        out += "<caption>" + escape_xml(title_) + "</caption>\n";
    }
    out += "<thead><tr>";
    for (const Column& c : columns_) {
        out += "<th scope=\"col\"" + html_class(c.align) + ">" + escape_xml(c.name);
        if (!c.unit.empty()) {
            out += " <span class=\"unit\">" + escape_xml(c.unit) + "</span>";
        }
        out += "</th>";
    }
    out += "</tr></thead>\n<tbody>\n";
    for (size_t r = 0; r < rows_.size(); r++) {
        const bool line = std::find(separators_.begin(), separators_.end(), r) != separators_.end();
        out += line && r > 0 ? "<tr class=\"group\">" : "<tr>";
        for (size_t i = 0; i < rows_[r].size(); i++) {
            out += "<td" + cell_class(columns_[i].align, rows_[r][i]) + ">" +
                   escape_xml(rows_[r][i]) + "</td>";
        }
        out += "</tr>\n";
    }
    out += "</tbody></table>";
    for (const std::string& note : footnotes_) {
        out += "<p class=\"note\">" + escape_xml(note) + "</p>";
    }
    return out + "</div>\n";
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_REPORT_TABLE_H
#define MHO_REPORT_TABLE_H

#include <string>
#include <vector>

namespace mho {

enum class Align { kLeft, kRight, kCenter };

/// A table of texts that prints itself for a terminal, for Markdown and for HTML. Cells hold any
/// text; each output form escapes what it must. Numbers: format_mean_std and friends in numbers.h.
///
///     Table table("Accuracy");
///     table.column("time").column("naive", Align::kRight, "%");
///     table.row({"1 day", format_mean_std(89.12, 0.21)});
///     std::cout << table.text();
class Table {
  public:
    explicit Table(std::string title = "") : title_(std::move(title)) {}

    /// Adds a column; its unit is printed with the name: "naive [%]". InputError when rows exist.
    Table& column(std::string name, Align align = Align::kLeft, std::string unit = "");

    /// Adds a row. InputError when the number of cells differs from the number of columns.
    Table& row(std::vector<std::string> cells);

    /// A line across the table before the next row, to group rows.
    Table& separator();

    /// A remark printed below the table; several are printed one below the other.
    Table& footnote(std::string text);

    const std::string& title() const { return title_; }
    size_t columns() const { return columns_.size(); }
    size_t rows() const { return rows_.size(); }

    /// Aligned columns with a rule below the header, each line ended by '\n'. Columns count by
    /// display_width, so any UTF-8 keeps the alignment. Trailing blanks are left out. `most`: width
    /// of a terminal in columns, 0 for no limit: long texts (left-aligned cells) are wrapped to
    /// fit, but no word is broken that is shorter than a third of the line.
    std::string text(size_t most = 0) const;

    /// A table of GitHub Flavored Markdown, padded so that the source is readable too.
    std::string markdown() const;

    /// <div class="table"><table>...</table></div>: the outer box scrolls on narrow screens.
    std::string html() const;

  private:
    struct Column {
        std::string name;
        Align align;
        std::string unit;
        std::string header() const { return unit.empty() ? name : name + " [" + unit + "]"; }
    };

    std::string title_;
    std::vector<Column> columns_;
    std::vector<std::vector<std::string>> rows_;
    std::vector<size_t> separators_;  // index of the row that follows the line
    std::vector<std::string> footnotes_;
};

}  // namespace mho

#endif  // MHO_REPORT_TABLE_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_REPORT_HEATMAP_H
#define MHO_REPORT_HEATMAP_H

#include <string>
#include <vector>

namespace mho {

/// A matrix as coloured cells, with the numbers in the cells when they fit, and a colour legend.
/// Matrices of more than 128 rows or columns are drawn as means of blocks.
struct Heatmap {
    std::string title;
    std::string description;
    std::string row_label;                  // what the rows are, "layer"
    std::string column_label;               // what the columns are, "time since programming"
    std::string value_label;                // what the colours are, "relative error"
    std::vector<std::string> row_names;     // empty, or one per row
    std::vector<std::string> column_names;  // empty, or one per column
    size_t rows = 0;
    size_t columns = 0;
    std::vector<double> values;  // row-major [rows, columns]; not finite: an empty dashed cell
    bool percent = false;
    bool diverging = false;  // colours symmetric around zero
    int decimals = 1;

    /// An <svg> element laid out for `width` pixels, 240 to 4000. InputError when the sizes of
    /// `values` or the names do not match.
    std::string svg(int width = 760) const;
};

}  // namespace mho

#endif  // MHO_REPORT_HEATMAP_H

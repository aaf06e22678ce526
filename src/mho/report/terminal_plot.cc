// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/report/terminal_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "mho/report/axis.h"
#include "mho/report/numbers.h"
#include "mho/report/text.h"

namespace mho {
namespace {

constexpr size_t kDotsWide = 2;
constexpr size_t kDotsHigh = 4;

// Bits of U+2800 for a dot at (column, row) of a character (Unicode Standard, Braille Patterns).
constexpr uint8_t kDotBits[kDotsHigh][kDotsWide] = {
    {0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};

class DotCanvas {
  public:
    DotCanvas(size_t columns, size_t lines)
        : columns_(columns), lines_(lines), dots_(columns * lines), letters_(columns * lines) {}

    // Dot coordinates, y downwards; outside is left out.
    void dot(double x, double y) {
        if (x < 0 || y < 0 || x >= static_cast<double>(columns_ * kDotsWide) ||
            y >= static_cast<double>(lines_ * kDotsHigh)) {
            return;
        }
        const auto column = static_cast<size_t>(x);
        const auto row = static_cast<size_t>(y);
        dots_[row / kDotsHigh * columns_ + column / kDotsWide] |=
            kDotBits[row % kDotsHigh][column % kDotsWide];
    }

    void segment(double x1, double y1, double x2, double y2) {
        const double steps =
            std::clamp(std::ceil(std::max(std::abs(x2 - x1), std::abs(y2 - y1))), 1.0, 4096.0);
        for (double k = 0; k <= steps; k++) {
            dot(x1 + (x2 - x1) * k / steps, y1 + (y2 - y1) * k / steps);
        }
    }

    void letter(double x, double y, char c) {
        const auto column =
            static_cast<size_t>(std::clamp(x / kDotsWide, 0.0, static_cast<double>(columns_ - 1)));
        const auto row =
            static_cast<size_t>(std::clamp(y / kDotsHigh, 0.0, static_cast<double>(lines_ - 1)));
        letters_[row * columns_ + column] = c;
    }

    std::string line(size_t row) const {
        std::string text;
        for (size_t c = 0; c < columns_; c++) {
            const char letter = letters_[row * columns_ + c];
            const uint8_t bits = dots_[row * columns_ + c];
            if (letter != '\0') {
                text += letter;
            } else if (bits == 0) {
                text += ' ';
            } else {  // U+2800 + bits in UTF-8
                text += '\xe2';
                text += static_cast<char>(0xa0 | (bits >> 6));
                text += static_cast<char>(0x80 | (bits & 0x3f));
            }
        }
        text.erase(text.find_last_not_of(' ') + 1);
        return text;
    }

  private:
    size_t columns_;
    size_t lines_;
    std::vector<uint8_t> dots_;
    std::vector<char> letters_;
};

}  // namespace

std::string TerminalPlot::text() const {
    const size_t width = std::clamp<size_t>(columns, 8, 400);
    const size_t height = std::clamp<size_t>(lines, 2, 200);
    DataRange x_range;
    DataRange y_range;
    for (const Curve& c : curves) {
        for (size_t i = 0; i < std::min(c.x.size(), c.y.size()); i++) {
            if (plottable(c.x[i]) && plottable(c.y[i])) {
                x_range.include(c.x[i]);
                y_range.include(c.y[i]);
            }
        }
    }
    if (x_range.empty()) {
        return "(no data)\n";
    }
    const AxisScale x(
        x_range.lo(), x_range.hi(), 0.5, static_cast<double>(width * kDotsWide) - 0.5);
    const AxisScale y(
        y_range.lo(), y_range.hi(), static_cast<double>(height * kDotsHigh) - 0.5, 0.5);
    DotCanvas canvas(width, height);
    std::string names;
    for (size_t k = 0; k < curves.size(); k++) {
        const Curve& c = curves[k];
        bool pen_down = false;
        double last_x = 0;
        double last_y = 0;
        for (size_t i = 0; i < std::min(c.x.size(), c.y.size()); i++) {
            if (!plottable(c.x[i]) || !plottable(c.y[i])) {
                pen_down = false;
                continue;
            }
            const double px = x.px(c.x[i]);
            const double py = y.px(c.y[i]);
            pen_down ? canvas.segment(last_x, last_y, px, py) : canvas.dot(px, py);
            last_x = px;
            last_y = py;
            pen_down = true;
        }
        const char letter = static_cast<char>('a' + k % 26);
        if (pen_down && curves.size() > 1) {
            canvas.letter(last_x, last_y, letter);
            names += fmt::format("{}{}: {}", names.empty() ? "" : "   ", letter, one_line(c.name));
        }
    }
    const std::string top = format_number(y.hi(), 3);
    const std::string bottom = format_number(y.lo(), 3);
    const size_t margin = std::max(display_width(top), display_width(bottom));
    const auto padded = [&](const std::string& label) {
        return std::string(margin - display_width(label), ' ') + label;
    };
    std::string out = y_label.empty() ? "" : one_line(y_label) + "\n";
    for (size_t row = 0; row < height; row++) {
        const std::string label = row == 0 ? top : row + 1 == height ? bottom : "";
        out += padded(label) + " \u2502" + canvas.line(row) + "\n";
    }
    out += padded("") + " \u2514";
    for (size_t c = 0; c < width; c++) {
        out += "\u2500";
    }
    const std::string left = format_number(x.lo(), 4);
    const std::string right = format_number(x.hi(), 4);
    std::string axis = left;
    const size_t label_width = display_width(x_label);
    const size_t used = display_width(left) + display_width(right);
    const size_t gap = width > used ? width - used : 1;
    if (label_width + 2 <= gap) {
        const size_t before = (gap - label_width) / 2;
        axis += std::string(before, ' ') + one_line(x_label) +
                std::string(gap - label_width - before, ' ');
    } else {
        axis += std::string(gap, ' ');
    }
    out += "\n" + padded("") + "  " + axis + right + "\n";
    return out + (names.empty() ? "" : padded("") + "  " + names + "\n");
}

}  // namespace mho

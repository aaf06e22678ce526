// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/report/text.h"

#include <algorithm>
#include <iterator>

namespace mho {

namespace {

constexpr char32_t kReplacement = 0xFFFD;

/// The code point that begins at `at`, which moves behind it. Overlong forms, surrogates and cut
/// sequences give U+FFFD and consume one byte.
char32_t next_code_point(std::string_view text, size_t& at) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(at);
    if (first < 0x80) {
        at++;
        return first;
    }
    size_t length = 0;
    char32_t value = 0;
    char32_t smallest = 0;
    if (first >= 0xC2 && first < 0xE0) {
        length = 2, value = first & 0x1F, smallest = 0x80;
    } else if (first >= 0xE0 && first < 0xF0) {
        length = 3, value = first & 0x0F, smallest = 0x800;
    } else if (first >= 0xF0 && first < 0xF5) {
        length = 4, value = first & 0x07, smallest = 0x10000;
    }
    if (length == 0 || at + length > text.size()) {
        at++;
        return kReplacement;
    }
    for (size_t i = 1; i < length; i++) {
        if ((byte(at + i) & 0xC0) != 0x80) {
            at++;
            return kReplacement;
        }
        value = (value << 6) | (byte(at + i) & 0x3F);
    }
    if (value < smallest || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) {
        at++;
        return kReplacement;
    }
    at += length;
    return value;
}

void append_utf8(std::string& out, char32_t c) {
    const auto put = [&](char32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (c < 0x80) {
        put(c);
    } else if (c < 0x800) {
        put(0xC0 | (c >> 6));
        put(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        put(0xE0 | (c >> 12));
        put(0x80 | ((c >> 6) & 0x3F));
        put(0x80 | (c & 0x3F));
    } else {
        put(0xF0 | (c >> 18));
        put(0x80 | ((c >> 12) & 0x3F));
        put(0x80 | ((c >> 6) & 0x3F));
        put(0x80 | (c & 0x3F));
    }
}

bool is_control(char32_t c) {
    // C0, DEL, C1, the line and paragraph separators and the marks that reverse the direction.
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x2028 && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069);
}

size_t columns_of(char32_t c) {
    struct Range {
        char32_t first;
        char32_t last;
    };
    static constexpr Range kZero[] = {{0x0300, 0x036F},
                                      {0x0483, 0x0489},
                                      {0x0591, 0x05BD},
                                      {0x0610, 0x061A},
                                      {0x064B, 0x065F},
                                      {0x1AB0, 0x1AFF},
                                      {0x1DC0, 0x1DFF},
                                      {0x200B, 0x200F},
                                      {0x20D0, 0x20FF},
                                      {0xFE00, 0xFE0F},
                                      {0xFE20, 0xFE2F},
                                      {0xFEFF, 0xFEFF}};
    static constexpr Range kWide[] = {{0x1100, 0x115F},
                                      {0x2E80, 0x303E},
                                      {0x3041, 0x33FF},
                                      {0x3400, 0x4DBF},
                                      {0x4E00, 0x9FFF},
                                      {0xA000, 0xA4CF},
                                      {0xAC00, 0xD7A3},
                                      {0xF900, 0xFAFF},
                                      {0xFE30, 0xFE6F},
                                      {0xFF00, 0xFF60},
                                      {0xFFE0, 0xFFE6},
                                      {0x1F300, 0x1F64F},
                                      {0x1F680, 0x1F6FF},
                                      {0x1F900, 0x1F9FF},
                                      {0x20000, 0x3FFFD}};
    const auto within = [c](const Range& r) { return c >= r.first && c <= r.last; };
    if (std::any_of(std::begin(kZero), std::end(kZero), within)) {
        return 0;
    }
    return std::any_of(std::begin(kWide), std::end(kWide), within) ? 2 : 1;
}

/// Advance of a character in em, by class, from the widest of the common sans-serif fonts (DejaVu
/// Sans): too much room is harmless, too little cuts text off.
double em_of(char32_t c) {
    constexpr std::string_view kNarrow = "iljtfr.,:;'|!()[]/ I";
    constexpr std::string_view kBroad = "mwMWQO@%";
    if (c < 0x80) {
        const char ascii = static_cast<char>(c);
        if (kNarrow.find(ascii) != std::string_view::npos) {
            return 0.37;
        }
        if (kBroad.find(ascii) != std::string_view::npos) {
            return 0.93;
        }
        return ascii >= 'A' && ascii <= 'Z' ? 0.71 : 0.62;
    }
    return 0.66 * static_cast<double>(columns_of(c));
}

}  // namespace

std::string escape_xml(std::string_view text) {
    std::string out;
    out.reserve(text.size() + text.size() / 8);
    for (size_t at = 0; at < text.size();) {
        const char32_t c = next_code_point(text, at);
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            default: {
                const bool forbidden = (c < 0x20 && c != '\t' && c != '\n' && c != '\r') ||
                                       c == 0xFFFE || c == 0xFFFF || (c >= 0x7F && c < 0xA0);
                append_utf8(out, forbidden ? kReplacement : c);
            }
        }
    }
    return out;
}

std::string one_line(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (size_t at = 0; at < text.size();) {
        const char32_t c = next_code_point(text, at);
        append_utf8(out, is_control(c) ? U' ' : c);
    }
    return out;
}

size_t display_width(std::string_view text) {
    size_t columns = 0;
    for (size_t at = 0; at < text.size();) {
        columns += columns_of(next_code_point(text, at));
    }
    return columns;
}

std::string truncate(std::string_view text, size_t columns) {
    if (display_width(text) <= columns) {
        return std::string(text);
    }
    std::string out;
    size_t used = 1;  // the ellipsis
    for (size_t at = 0; at < text.size();) {
        const size_t begin = at;
        used += columns_of(next_code_point(text, at));
        if (used > columns) {
            break;
        }
        out.append(text.substr(begin, at - begin));
    }
    return columns == 0 ? "" : out + "\u2026";
}

double text_width_px(std::string_view text, double font_px) {
    double em = 0.0;
    for (size_t at = 0; at < text.size();) {
        em += em_of(next_code_point(text, at));
    }
    return em * font_px;
}

std::string fit_text(std::string_view text, double font_px, double width_px) {
    if (text_width_px(text, font_px) <= width_px) {
        return std::string(text);
    }
    std::string out;
    double used_px = font_px;  // the ellipsis
    for (size_t at = 0; at < text.size();) {
        const size_t begin = at;
        used_px += em_of(next_code_point(text, at)) * font_px;
        if (used_px > width_px) {
            break;
        }
        out += text.substr(begin, at - begin);
    }
    return out + "\u2026";
}

namespace {

// `width_of` a code point, in the units of `room`.
template <class WidthOf>
std::vector<std::string> wrap(std::string_view text, double room, const WidthOf& width_of) {
    const auto width = [&](std::string_view part) {
        double sum = 0;
        for (size_t at = 0; at < part.size();) {
            sum += width_of(next_code_point(part, at));
        }
        return sum;
    };
    // Bytes of the current line up to and including its last space, and its last possible break
    // inside a word, which is taken only where there is no space.
    std::vector<std::string> lines;
    std::string line;
    size_t space = 0;
    size_t inside = 0;
    double used = 0.0;
    for (size_t at = 0; at < text.size();) {
        const size_t begin = at;
        const char32_t c = next_code_point(text, at);
        if (is_control(c) || c == ' ') {
            if (!line.empty()) {
                line += ' ';
                used += width_of(U' ');
                space = line.size();
            }
            continue;
        }
        const std::string_view glyph = text.substr(begin, at - begin);
        const double glyph_width = width_of(c);
        if (!line.empty() && used + glyph_width > room) {
            const size_t cut = space > 0 ? space : inside > 0 ? inside : line.size();
            std::string head = line.substr(0, cut);
            head.erase(head.find_last_not_of(' ') + 1);
            lines.push_back(std::move(head));
            line.erase(0, cut);
            used = width(line);
            space = 0;
            inside = inside > cut ? inside - cut : 0;
        }
        line += glyph;
        used += glyph_width;
        if (c == '_' || c == '.' || c == '/' || c == '-') {
            inside = line.size();
        }
    }
    line.erase(line.find_last_not_of(' ') + 1);
    if (!line.empty() || lines.empty()) {
        lines.push_back(std::move(line));
    }
    return lines;
}

}  // namespace

std::vector<std::string> wrap_text(std::string_view text, double font_px, double width_px) {
    return wrap(text, width_px, [font_px](char32_t c) { return em_of(c) * font_px; });
}

std::vector<std::string> wrap_columns(std::string_view text, size_t columns) {
    return wrap(text, static_cast<double>(columns), [](char32_t c) {
        return static_cast<double>(columns_of(c));
    });
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/io/scan.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace mho {
namespace {

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

template <class T>
std::optional<T> parse_whole(std::string_view text) {
    T value{};
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && stop == text.data() + text.size() ? std::optional<T>(value)
                                                                     : std::nullopt;
}

}  // namespace

LineScanner::LineScanner(std::string_view text) : rest_(text) {
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
    if (rest_.starts_with(kByteOrderMark)) {
        rest_.remove_prefix(kByteOrderMark.size());
    }
}

bool LineScanner::next(std::string_view& line) {
    if (rest_.empty()) {
        return false;
    }
    const size_t end = rest_.find('\n');
    line = rest_.substr(0, end);
    rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
    if (line.ends_with('\r')) {
        line.remove_suffix(1);
    }
    number_++;
    return true;
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_blank(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (true) {
        const size_t end = text.find(separator);
        parts.push_back(trim(text.substr(0, end)));
        if (end == std::string_view::npos) {
            return parts;
        }
        text.remove_prefix(end + 1);
    }
}

std::vector<std::string_view> split_blanks(std::string_view text) {
    std::vector<std::string_view> parts;
    while (true) {
        text = trim(text);
        if (text.empty()) {
            return parts;
        }
        const auto end = std::find_if(text.begin(), text.end(), is_blank);
        const size_t length = static_cast<size_t>(end - text.begin());
        parts.push_back(text.substr(0, length));
        text.remove_prefix(length);
    }
}

std::optional<double> parse_number(std::string_view text) {
    // std::from_chars takes a minus sign but no plus sign.
    if (text.size() > 1 && text[0] == '+' && text[1] != '-') {
        text.remove_prefix(1);
    }
    return parse_whole<double>(text);
}

std::optional<uint64_t> parse_index(std::string_view text) {
    return parse_whole<uint64_t>(text);
}

std::string number_text(double value) {
    std::array<char, 32> buffer;  // the shortest form of a double has at most 24 characters
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
    return std::string(buffer.data(), end);
}

std::string excerpt(std::string_view text) {
    constexpr size_t kLength = 40;
    std::string shown(text.substr(0, kLength));
    for (char& c : shown) {
        if (c < ' ' || c > '~') {
            c = '?';
        }
    }
    return text.size() > kLength ? shown + "..." : shown;
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/report/numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mho {

namespace {

std::string fixed(double value, int decimals) {
    std::string text = fmt::format("{:.{}f}", value, std::clamp(decimals, 0, 15));
    // "-0.00" says nothing that "0.00" does not.
    if (text[0] == '-' && text.find_first_of("123456789") == std::string::npos) {
        text.erase(0, 1);
    }
    if (text[0] == '-') {
        text.replace(0, 1, "\u2212");
    }
    return text;
}

}  // namespace

std::string format_mean_std(double mean, double std, int decimals) {
    if (!std::isfinite(mean)) {
        return std::string(kNoValue);
    }
    if (!std::isfinite(std)) {
        return fixed(mean, decimals);
    }
    return fixed(mean, decimals) + " \u00B1 " + fixed(std, decimals);
}

std::string format_percent(double fraction, int decimals) {
    return std::isfinite(fraction) ? fixed(100.0 * fraction, decimals) + " %"
                                   : std::string(kNoValue);
}

std::string format_percent_mean_std(double mean, double std, int decimals) {
    return std::isfinite(mean) ? format_mean_std(100.0 * mean, 100.0 * std, decimals) + " %"
                               : std::string(kNoValue);
}

std::string format_points(double difference, int decimals) {
    if (!std::isfinite(difference)) {
        return std::string(kNoValue);
    }
    std::string text = fixed(100.0 * difference, decimals);
    if (difference > 0.0 && text.find_first_of("123456789") != std::string::npos) {
        text.insert(0, "+");
    }
    return text;
}

std::string format_count(unsigned long long count) {
    const std::string digits = std::to_string(count);
    std::string out;
    for (size_t i = 0; i < digits.size(); i++) {
        if (i > 0 && (digits.size() - i) % 3 == 0) {
            out += "\u00A0";
        }
        out += digits[i];
    }
    return out;
}

std::string format_number(double value, int digits) {
    if (!std::isfinite(value)) {
        return std::string(kNoValue);
    }
    std::string text =
        fmt::format("{:.{}g}", value == 0.0 ? 0.0 : value, std::clamp(digits, 1, 17));
    if (text[0] == '-') {
        text.replace(0, 1, "\u2212");
    }
    return text;
}

}  // namespace mho

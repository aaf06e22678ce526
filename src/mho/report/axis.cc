// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/report/axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "mho/report/numbers.h"

namespace mho {

namespace {

std::string power_of_ten(int exponent) {
    static constexpr const char* kDigits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    std::string text = exponent < 0 ? "10⁻" : "10";
    for (const char c : std::to_string(std::abs(exponent))) {
        text += kDigits[c - '0'];
    }
    return text;
}

}  // namespace

bool plottable(double value) {
    return std::isfinite(value) && std::fabs(value) < 1e100;
}

void DataRange::include(double value) {
    if (plottable(value)) {
        lo_ = empty_ ? value : std::min(lo_, value);
        hi_ = empty_ ? value : std::max(hi_, value);
        empty_ = false;
    }
}

void DataRange::include(const std::vector<double>& values) {
    for (const double value : values) {
        include(value);
    }
}

AxisScale::AxisScale(double lo, double hi, double from_px, double to_px, bool logarithmic)
    : lo_(lo), hi_(hi), from_px_(from_px), to_px_(to_px), logarithmic_(logarithmic) {
    if (!plottable(lo_) || !plottable(hi_) || (logarithmic_ && (lo_ <= 0.0 || hi_ <= 0.0))) {
        lo_ = logarithmic_ ? 1.0 : 0.0;
        hi_ = logarithmic_ ? 10.0 : 1.0;
    }
    if (lo_ > hi_) {
        std::swap(lo_, hi_);
    }
    if (logarithmic_) {
        lo_ = std::max(lo_, 1e-99);
        hi_ = std::max(hi_, 1e-99);
        if (hi_ / lo_ < 1.0 + 1e-9) {
            lo_ /= 2.0;
            hi_ *= 2.0;
        }
    } else if (hi_ - lo_ <= 1e-9 * std::max(std::fabs(lo_), std::fabs(hi_)) || hi_ == lo_) {
        const double half = std::max(0.05 * std::fabs(lo_), lo_ == 0.0 ? 1.0 : 1e-90);
        lo_ -= half;
        hi_ += half;
    }
}

double AxisScale::px(double value) const {
    if (!plottable(value) || (logarithmic_ && value <= 0.0)) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    const double share =
        logarithmic_ ? std::log(value / lo_) / std::log(hi_ / lo_) : (value - lo_) / (hi_ - lo_);
    return from_px_ + share * (to_px_ - from_px_);
}

std::vector<AxisTick> nice_ticks(double lo, double hi, int count, bool percent) {
    std::vector<AxisTick> ticks;
    if (!plottable(lo) || !plottable(hi) || !(hi > lo)) {
        return ticks;
    }
    const double factor = percent ? 100.0 : 1.0;
    const double raw = factor * (hi - lo) / std::clamp(count, 1, 50);
    const double power = std::floor(std::log10(raw));
    double step = std::pow(10.0, power);
    for (const double candidate : {2.0, 5.0, 10.0}) {
        const double other = candidate * std::pow(10.0, power);
        // Nearest in ratio: between 2 and 5 the border is sqrt(10).
        step = std::fabs(std::log(other / raw)) < std::fabs(std::log(step / raw)) ? other : step;
    }
    const double first = std::ceil(factor * lo / step - 1e-9);
    const double last = std::floor(factor * hi / step + 1e-9);
    // Doubles cannot tell neighbouring ticks apart when the range is tiny against the values.
    if (!(std::fabs(first) < 1e12 && std::fabs(last) < 1e12) || last - first > 200.0) {
        return ticks;
    }
    const double magnitude = std::max(std::fabs(lo), std::fabs(hi)) * factor;
    const int decimals = std::max(0, -static_cast<int>(std::floor(std::log10(step) + 1e-9)));
    for (double k = first; k <= last; k += 1.0) {
        const double at = k * step;
        std::string label = magnitude >= 1e6 || decimals > 5 ? format_number(at, 6)
                                                             : fmt::format("{:.{}f}", at, decimals);
        if (label[0] == '-') {
            label.replace(0, 1, k == 0.0 ? "" : "\u2212");
        }
        ticks.push_back({at / factor, label + (percent ? " %" : "")});
    }
    return ticks;
}

std::vector<AxisTick> log_ticks(double lo, double hi, int count, bool percent) {
    std::vector<AxisTick> ticks;
    if (!plottable(lo) || !plottable(hi) || lo <= 0.0 || !(hi > lo)) {
        return ticks;
    }
    const double factor = percent ? 100.0 : 1.0;
    const int first = static_cast<int>(std::ceil(std::log10(factor * lo) - 1e-9));
    const int last = static_cast<int>(std::floor(std::log10(factor * hi) + 1e-9));
    const std::string unit = percent ? " %" : "";
    // One or two powers alone would leave a reader to guess what lies between them.
    if (last - first < 2 && first >= -2 && last <= 4) {
        for (int e = first - 1; e <= last; e++) {
            for (const double part : {1.0, 2.0, 5.0}) {
                const double at = part * std::pow(10.0, e);
                if (at >= factor * lo * (1 - 1e-9) && at <= factor * hi * (1 + 1e-9)) {
                    ticks.push_back({at / factor, format_number(at, 6) + unit});
                }
            }
        }
        if (ticks.size() <= static_cast<size_t>(std::max(1, count))) {
            return ticks;
        }
        ticks.clear();
    }
    const int stride = std::max(1, (last - first) / std::max(1, count) + 1);
    for (int e = first; e <= last; e += stride) {
        const double at = std::pow(10.0, e);
        const std::string label = e >= -3 && e <= 4 ? format_number(at, 6) : power_of_ten(e);
        ticks.push_back({at / factor, label + unit});
    }
    return ticks;
}

std::vector<AxisTick> time_ticks(double lo_s, double hi_s) {
    constexpr double kDay_s = 86400.0;
    static const AxisTick kAll[] = {{1.0, "1 s"},
                                    {60.0, "1 min"},
                                    {3600.0, "1 h"},
                                    {kDay_s, "1 day"},
                                    {30.0 * kDay_s, "1 month"},
                                    {365.0 * kDay_s, "1 year"},
                                    {3650.0 * kDay_s, "10 years"}};
    std::vector<AxisTick> ticks;
    for (const AxisTick& tick : kAll) {
        if (tick.at >= lo_s * 0.999 && tick.at <= hi_s * 1.001) {
            ticks.push_back(tick);
        }
    }
    return ticks;
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/report/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>

#include "mho/report/numbers.h"
#include "mho/report/terminal.h"
#include "mho/report/text.h"

namespace mho {

namespace {

constexpr double kTerminalInterval_s = 0.1;
constexpr std::string_view kEraseLine = "\r\033[K";

double steady_seconds() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration<double>(now).count();
}

/// Cells filled in eighths, so that the bar moves smoothly.
std::string bar(double fraction, size_t width) {
    static constexpr const char* kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    const auto eighths = static_cast<size_t>(fraction * static_cast<double>(width * 8));
    std::string out;
    for (size_t i = 0; i < eighths / 8; i++) {
        out += "█";
    }
    out += kEighths[eighths % 8];
    const size_t used = (eighths + 7) / 8;
    return out + std::string(width - std::min(width, used), ' ');
}

std::string rate_text(double per_s) {
    return per_s >= 100.0 ? format_count(static_cast<unsigned long long>(std::min(per_s, 1e18)))
                          : fmt::format("{:.{}f}", per_s, per_s >= 10.0 ? 1 : 2);
}

}  // namespace

std::string format_duration(double seconds) {
    if (!std::isfinite(seconds) || std::fabs(seconds) > 1e15) {
        return std::string(kNoValue);
    }
    if (seconds < 0.0) {
        return "\u2212" + format_duration(-seconds);
    }
    if (seconds < 9.95) {
        return fmt::format("{:.{}f} s", seconds, seconds < 0.995 ? 2 : 1);
    }
    const auto s = static_cast<uint64_t>(std::llround(seconds));
    if (s < 60) {
        return fmt::format("{} s", s);
    }
    if (s < 3600) {
        return fmt::format("{} min {:02} s", s / 60, s % 60);
    }
    const uint64_t minutes = static_cast<uint64_t>(std::llround(seconds / 60.0));
    if (minutes < 24 * 60) {
        return fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
    }
    const uint64_t hours = static_cast<uint64_t>(std::llround(seconds / 3600.0));
    return fmt::format("{} d {:02} h", hours / 24, hours % 24);
}

Progress::Progress(std::string_view label,
                   uint64_t total,
                   std::string_view unit,
                   ProgressOutput output)
    : label_(one_line(label)),
      total_(total),
      unit_(one_line(unit)),
      output_(std::move(output)),
      terminal_(output_.is_terminal >= 0
                    ? output_.is_terminal > 0
                    : output_.stream == nullptr && terminal_columns(STDERR_FILENO) > 0) {
    if (output_.stream == nullptr) {
        output_.stream = &std::cerr;
    }
    if (!output_.clock_s) {
        output_.clock_s = steady_seconds;
    }
    start_s_ = output_.clock_s();
    next_s_ = start_s_ + (terminal_ ? 0.0 : output_.plain_interval_s);
}

Progress::~Progress() {
    // A stream that throws must not end the program while an exception is on its way.
    try {
        const std::lock_guard lock(mutex_);
        if (bar_visible_) {
            *output_.stream << "\n" << std::flush;
        }
    } catch (...) {
    }
}

size_t Progress::columns() const {
    if (output_.columns > 0) {
        return output_.columns;
    }
    const size_t columns = terminal_columns(STDERR_FILENO);
    return columns > 0 ? columns : 80;
}

std::string Progress::status(double now_s, bool final, size_t columns) const {
    const uint64_t done = done_.load(std::memory_order_relaxed);
    const double elapsed_s = std::max(0.0, now_s - start_s_);
    const double fraction =
        total_ == 0 ? 0.0 : std::min(1.0, static_cast<double>(done) / static_cast<double>(total_));
    std::string text;
    if (total_ > 0) {
        text = fmt::format("{:3.0f} %", std::floor(100.0 * fraction));
    } else {
        text = format_count(done) + (unit_.empty() ? "" : " " + unit_);
    }
    if (elapsed_s > 0.0 && done > 0) {
        const double rate = static_cast<double>(done) / elapsed_s;
        text += "  " + rate_text(rate) + (unit_.empty() ? "/s" : " " + unit_ + "/s");
    }
    text += "  " + format_duration(elapsed_s);
    if (!final && fraction > 0.0 && fraction < 1.0) {
        text += ", " + format_duration(elapsed_s * (1.0 - fraction) / fraction) + " left";
    }
    if (columns == 0) {
        return label_ + "  " + text;
    }
    const size_t fixed = display_width(label_) + display_width(text) + 6;
    if (total_ == 0 || fixed + 5 > columns) {
        return truncate(label_ + "  " + text, columns);
    }
    return label_ + "  \u2595" + bar(fraction, std::min<size_t>(30, columns - fixed)) + "\u258F " +
           text;
}

bool Progress::wants_redraw(double now_s) const {
    return now_s >= next_s_.load(std::memory_order_relaxed);
}

void Progress::redraw(double now_s) {
    if (!terminal_ && total_ > 0 && done_.load(std::memory_order_relaxed) >= total_) {
        return;  // the line of finish() follows
    }
    if (terminal_) {
        *output_.stream << kEraseLine << status(now_s, false, columns()) << std::flush;
        bar_visible_ = true;
        next_s_ = now_s + kTerminalInterval_s;
    } else {
        *output_.stream << status(now_s, false, 0) << "\n" << std::flush;
        next_s_ = now_s + output_.plain_interval_s;
    }
}

void Progress::advance(uint64_t n) {
    done_.fetch_add(n, std::memory_order_relaxed);
    const double now_s = output_.clock_s();
    if (!wants_redraw(now_s)) {
        return;
    }
    // Who finds the stream busy goes on working: somebody else is drawing.
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (lock.owns_lock() && !finished_ && wants_redraw(now_s)) {
        redraw(now_s);
    }
}

void Progress::note(std::string_view text) {
    const std::lock_guard lock(mutex_);
    const bool bar = bar_visible_;
    *output_.stream << (bar ? kEraseLine : "") << one_line(text) << "\n";
    if (bar) {
        redraw(output_.clock_s());
    }
    *output_.stream << std::flush;
}

void Progress::finish() {
    const std::lock_guard lock(mutex_);
    if (finished_) {
        return;
    }
    finished_ = true;
    *output_.stream << (terminal_ ? kEraseLine : "")
                    << status(output_.clock_s(), true, terminal_ ? columns() : 0) << "\n"
                    << std::flush;
    bar_visible_ = false;
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_REPORT_PROGRESS_H
#define MHO_REPORT_PROGRESS_H

#include <atomic>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <mutex>
#include <string>
#include <string_view>

namespace mho {

/// "0.42 s", "12 s", "2 min 05 s", "3 h 07 min", "2 d 04 h"; kNoValue when not finite.
std::string format_duration(double seconds);

/// Where Progress writes; the defaults are right for a program, tests inject all of it.
struct ProgressOutput {
    std::ostream* stream = nullptr;  // null: std::cerr
    /// -1: a terminal if standard error is one and `stream` is null; 0: no; 1: yes.
    int is_terminal = -1;
    size_t columns = 0;               // width of the terminal; 0: ask it, else 80
    double plain_interval_s = 5;      // least time between two lines outside a terminal
    std::function<double()> clock_s;  // monotonic seconds; empty: std::chrono::steady_clock
};

/// Progress of one long step. On a terminal a bar that is redrawn in place at most ten times a
/// second; elsewhere (pipe, log file) plain lines without control characters: one every
/// `plain_interval_s` at most, one at the end. All members may be called from any thread.
///
///     Progress progress("hwa, 1 day", images, "images");
///     for (...) { ...; progress.advance(batch); }
///     progress.finish();
class Progress {
  public:
    /// `total` = 0: unknown, then neither percentage nor remaining time is shown.
    Progress(std::string_view label,
             uint64_t total,
             std::string_view unit = "",
             ProgressOutput output = {});

    /// Leaves the terminal on a fresh line when finish() was not called (an exception passes).
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void advance(uint64_t n = 1);

    /// Prints one line of text above the bar, at once.
    void note(std::string_view text);

    /// Prints the final line with the total time and mean rate; later calls do nothing.
    void finish();

  private:
    bool wants_redraw(double now_s) const;
    std::string status(double now_s, bool final, size_t columns) const;
    void redraw(double now_s);
    size_t columns() const;

    std::string label_;
    uint64_t total_;
    std::string unit_;
    ProgressOutput output_;
    bool terminal_;
    double start_s_;
    std::atomic<uint64_t> done_{0};
    std::atomic<double> next_s_;
    std::mutex mutex_;  // guards the stream and the two flags below
    bool bar_visible_ = false;
    bool finished_ = false;
};

}  // namespace mho

#endif  // MHO_REPORT_PROGRESS_H

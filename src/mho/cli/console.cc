// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cli/console.h"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <sstream>
#include <utility>

#include "mho/report/progress.h"
#include "mho/report/table.h"
#include "mho/report/terminal.h"
#include "mho/util/error.h"

namespace mho {

Console::Console(bool quiet, std::ostream& err) : quiet_(quiet), err_(err) {}
Console::~Console() = default;

ProgressHooks Console::hooks() {
    if (quiet_) {
        return {};
    }
    ProgressHooks h;
    h.begin = [this](const std::string& label, size_t total, const std::string& unit) {
        ProgressOutput output;
        output.stream = &err_ == &std::cerr ? nullptr : &err_;
        progress_ = std::make_unique<Progress>(label, total, unit, std::move(output));
    };
    h.advance = [this](size_t done) {
        if (progress_) {
            progress_->advance(done);
        }
    };
    h.end = [this] {
        if (progress_) {
            progress_->finish();
            progress_.reset();
        }
    };
    h.note = [this](const std::string& text) {
        if (progress_) {
            progress_->note(text);
        } else {
            err_ << text << "\n";
        }
    };
    return h;
}

void print(const Table& table, std::ostream& out) {
    out << table.text(&out == &std::cout ? terminal_columns(STDOUT_FILENO) : 0);
}

std::string format_bytes(size_t bytes) {
    const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    auto value = static_cast<double>(bytes);
    size_t unit = 0;
    while (value >= 1024 && unit < 4) {
        value /= 1024;
        unit++;
    }
    return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, units[unit]);
}

void check_memory(size_t bytes, const ProgressHooks& hooks) {
    size_t available = 0;
    std::ifstream info("/proc/meminfo");
    for (std::string line; std::getline(info, line);) {
        if (line.starts_with("MemAvailable:")) {
            std::istringstream fields(line.substr(13));
            fields >> available;
            available *= 1024;
        }
    }
    if (hooks.note) {
        hooks.note("memory needed: about " + format_bytes(bytes));
    }
    if (available > 0 && bytes > available) {
        throw InputError("this run needs about " + format_bytes(bytes) + " of memory, but only " +
                         format_bytes(available) +
                         " are free; use fewer images or threads, or a smaller network");
    }
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/step_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "mho/device/constants.h"
#include "mho/io/csv.h"
#include "mho/io/file.h"
#include "mho/io/scan.h"
#include "mho/util/error.h"

namespace mho {
namespace {

constexpr size_t kMostStepRows = 1'000'000;
constexpr double kLargest = 1e6;  // range of weights and steps of a device
constexpr double kEvenSpacing = 1e-6;

constexpr std::array<std::string_view, 5> kNames = {"state", "up", "down", "up_std", "down_std"};
constexpr size_t kRequired = 3;

// Columns of a table; the spreads may be missing.
struct Columns {
    std::array<std::vector<double>, kNames.size()> values;
    std::vector<double>& state() { return values[0]; }
    std::vector<double>& up() { return values[1]; }
    std::vector<double>& down() { return values[2]; }
};

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) {
        return static_cast<char>(std::tolower(c));
    });
    return out;
}

char separator_of(std::string_view line) {
    for (const char c : {';', '\t', ','}) {
        if (line.find(c) != std::string_view::npos) {
            return c;
        }
    }
    return ',';
}

// The place of every named column; the header may hold others, which are left out.
std::array<std::optional<size_t>, kNames.size()> places(const CsvTable& table,
                                                        const std::string& origin) {
    std::array<std::optional<size_t>, kNames.size()> at;
    for (size_t i = 0; i < kNames.size(); i++) {
        for (size_t c = 0; c < table.header.size(); c++) {
            if (lower(table.header[c]) != kNames[i]) {
                continue;
            }
            if (at[i]) {
                throw IoError(fmt::format("`{}`: two columns are called `{}`", origin, kNames[i]));
            }
            at[i] = c;
        }
        if (!at[i] && table.header.empty() && !table.rows.empty() &&
            i < table.rows.front().size()) {
            at[i] = i;
        }
        if (!at[i] && i < kRequired) {
            throw IoError(fmt::format(
                "`{}`: no column `{}`; a step table has the columns state, up, down and, if the "
                "spread is known, up_std and down_std",
                origin,
                kNames[i]));
        }
    }
    if (at[3].has_value() != at[4].has_value()) {
        throw IoError(fmt::format(
            "`{}`: the columns up_std and down_std must both be given, or neither", origin));
    }
    return at;
}

Columns read_columns(std::string_view csv, const std::string& origin) {
    LineScanner lines(csv);
    std::string_view first;
    while (lines.next(first) && trim(first).empty()) {
    }
    CsvFormat format;
    format.separator = separator_of(first);
    const std::vector<std::string_view> fields = split(first, format.separator);
    format.has_header = !fields.empty() && !parse_number(fields.front());
    const CsvTable table = parse_csv(csv, origin, format);
    if (table.rows.size() < 2 || table.rows.size() > kMostStepRows) {
        throw IoError(fmt::format("`{}`: a step table needs 2 to {} rows, got {}",
                                  origin,
                                  kMostStepRows,
                                  table.rows.size()));
    }
    const auto at = places(table, origin);
    Columns columns;
    for (size_t i = 0; i < kNames.size(); i++) {
        if (!at[i]) {
            continue;
        }
        for (size_t r = 0; r < table.rows.size(); r++) {
            const double v = table.rows[r][*at[i]];
            if (!(std::abs(v) <= kLargest)) {
                throw IoError(fmt::format("`{}`, row {}: `{}` is {}; it must be within +-{}",
                                          origin,
                                          r + 1,
                                          kNames[i],
                                          v,
                                          kLargest));
            }
            if (i >= kRequired && v < 0) {
                throw IoError(fmt::format("`{}`, row {}: `{}` is {}; a spread cannot be negative",
                                          origin,
                                          r + 1,
                                          kNames[i],
                                          v));
            }
            if (i == 0 && r > 0 && !(v > columns.state().back())) {
                throw IoError(fmt::format("`{}`, row {}: states must ascend, {} follows {}",
                                          origin,
                                          r + 1,
                                          v,
                                          columns.state().back()));
            }
            columns.values[i].push_back(v);
        }
    }
    // Instruments give the change of the state, which is negative for down pulses.
    double sum = 0;
    for (const double v : columns.down()) {
        sum += v;
    }
    if (sum < 0) {
        for (double& v : columns.down()) {
            v = -v;
        }
    }
    return columns;
}

// `values` over ascending `x`, at `at`.
double interpolate(const std::vector<double>& x, const std::vector<double>& values, double at) {
    const auto upper = std::upper_bound(x.begin(), x.end(), at);
    const auto i = static_cast<size_t>(
        std::clamp<ptrdiff_t>(upper - x.begin() - 1, 0, static_cast<ptrdiff_t>(x.size()) - 2));
    const double t = std::clamp((at - x[i]) / (x[i + 1] - x[i]), 0.0, 1.0);
    return (1 - t) * values[i] + t * values[i + 1];
}

size_t nodes_for(const std::vector<double>& state) {
    double smallest = state.back() - state.front();
    const double range = smallest;
    double largest = 0;
    for (size_t i = 1; i < state.size(); i++) {
        smallest = std::min(smallest, state[i] - state[i - 1]);
        largest = std::max(largest, state[i] - state[i - 1]);
    }
    if (state.size() <= kMostNodes && largest - smallest <= kEvenSpacing * range) {
        return state.size();
    }
    const double wanted = std::ceil(range / smallest) + 1;
    return static_cast<size_t>(std::clamp(
        wanted, static_cast<double>(std::min(state.size(), kMostNodes)), double{kMostNodes}));
}

}  // namespace

MeasuredStep parse_step_table(std::string_view csv,
                              const std::string& origin,
                              const StepTableOptions& options) {
    if (options.w_min.has_value() != options.w_max.has_value()) {
        throw InputError("w_min and w_max of a step table go together");
    }
    Columns columns = read_columns(csv, origin);
    const double first = columns.state().front();
    const double last = columns.state().back();
    const double w_min = options.w_min.value_or(first);
    const double w_max = options.w_max.value_or(last);
    if (!(w_min <= 0 && w_max >= 0 && w_min < w_max) || std::abs(w_min) > kLargest ||
        w_max > kLargest) {
        const std::string range = fmt::format("{} to {}", w_min, w_max);
        if (options.w_min) {
            throw InputError("the weights " + range + " must be a range around 0");
        }
        throw IoError(fmt::format(
            "`{}`: the states run from {}, but weights run around 0: say which weights the lowest "
            "and the highest state stand for (w_min, w_max)",
            origin,
            range));
    }
    const double weight_per_state = (w_max - w_min) / (last - first);
    const double zero = first - w_min / weight_per_state;
    const double dw_min = 0.5 * weight_per_state *
                          (interpolate(columns.state(), columns.up(), zero) +
                           interpolate(columns.state(), columns.down(), zero));
    if (!(dw_min >= 1e-9 && dw_min <= 1e3)) {
        throw IoError(fmt::format(
            "`{}`: the mean of the up and the down step at weight 0 is {}; it must be positive "
            "(are up and down exchanged?)",
            origin,
            dw_min));
    }
    MeasuredStep device;
    device.dw_min = dw_min;
    device.w_min = w_min;
    device.w_max = w_max;
    device.dw_min_dtod = device.up_down_dtod = device.w_max_dtod = device.w_min_dtod = 0.0;
    const size_t nodes = nodes_for(columns.state());
    const std::array<std::vector<double>*, 4> targets = {
        &device.mean_up, &device.mean_down, &device.std_up, &device.std_down};
    for (size_t k = 0; k < targets.size(); k++) {
        const std::vector<double>& values = columns.values[k + 1];
        targets[k]->assign(nodes, 0.0);
        for (size_t i = 0; i < nodes && !values.empty(); i++) {
            const double at =
                first + (last - first) * static_cast<double>(i) / static_cast<double>(nodes - 1);
            (*targets[k])[i] = interpolate(columns.state(), values, at) * weight_per_state / dw_min;
            if (!(std::abs((*targets[k])[i]) <= kLargest)) {
                throw IoError(fmt::format(
                    "`{}`: steps differ by more than a factor of {} from that at weight 0",
                    origin,
                    kLargest));
            }
        }
    }
    return device;
}

bool is_step_table(std::string name) {
    for (const char* end : {".gz", ".bz2", ".xz"}) {
        if (name.ends_with(end)) {
            name.erase(name.rfind('.'));
        }
    }
    return name.ends_with(".csv");
}

MeasuredStep read_step_table(const std::string& path, const StepTableOptions& options) {
    return parse_step_table(read_maybe_compressed(path, kMaxTextBytes), path, options);
}

}  // namespace mho

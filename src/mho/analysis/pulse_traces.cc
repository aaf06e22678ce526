// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/pulse_traces.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "mho/io/csv.h"
#include "mho/io/file.h"
#include "mho/util/error.h"

namespace mho {
namespace {

constexpr double kMostPulses = 1000;  // between two readings
constexpr size_t kMostRows = 2'000'000;
constexpr size_t kMostCells = 10'000;
constexpr size_t kFewestReadings = 10;
constexpr double kLargestWeight = 1e6;
constexpr uint64_t kMaxFile = uint64_t{256} << 20;

std::optional<size_t> column(const CsvTable& table, std::string_view name) {
    for (size_t c = 0; c < table.header.size(); c++) {
        std::string header = table.header[c];
        std::transform(header.begin(), header.end(), header.begin(), [](unsigned char letter) {
            return static_cast<char>(std::tolower(letter));
        });
        if (header == name) {
            return c;
        }
    }
    return std::nullopt;
}

}  // namespace

std::vector<PulseTrace> parse_pulse_traces(std::string_view csv,
                                           const std::string& origin,
                                           const PulseTraceOptions& options) {
    if (!std::isfinite(options.zero) || !std::isfinite(options.scale) || options.scale == 0) {
        throw InputError("zero and scale of a trace must be finite numbers, scale not 0");
    }
    CsvFormat format;
    format.has_header = true;
    const std::string_view first = csv.substr(0, csv.find('\n'));
    format.separator = first.find(';') != std::string_view::npos    ? ';'
                       : first.find('\t') != std::string_view::npos ? '\t'
                                                                    : ',';
    const CsvTable table = parse_csv(csv, origin, format);
    const auto pulses = column(table, "pulses");
    const auto weight = column(table, "weight");
    const auto cell = column(table, "cell");
    if (!pulses || !weight) {
        throw IoError(
            fmt::format("`{}`: no column `{}`; a header names the columns [cell,] pulses, weight",
                        origin,
                        pulses ? "weight" : "pulses"));
    }
    if (table.rows.size() > kMostRows) {
        throw IoError(fmt::format("`{}`: more than {} readings", origin, kMostRows));
    }
    std::vector<PulseTrace> traces;
    std::map<double, size_t> place;
    for (size_t r = 0; r < table.rows.size(); r++) {
        const std::vector<double>& row = table.rows[r];
        const auto fail = [&](std::string_view name, double value, const char* wanted) {
            throw IoError(fmt::format(
                "`{}`, reading {}: `{}` is {}; it must be {}", origin, r + 1, name, value, wanted));
        };
        const double n = row[*pulses];
        const double w = (row[*weight] - options.zero) * options.scale;
        const double id = cell ? row[*cell] : 0.0;
        if (!(std::abs(n) <= kMostPulses) || n != std::floor(n)) {
            fail("pulses", n, "a whole number from -1000 to 1000");
        }
        if (!(std::abs(w) <= kLargestWeight)) {
            fail("weight", w, "within +-1e6");
        }
        if (!std::isfinite(id)) {
            fail("cell", id, "a number");
        }
        const auto [it, is_new] = place.try_emplace(id, traces.size());
        if (is_new) {
            if (traces.size() == kMostCells) {
                throw IoError(fmt::format("`{}`: more than {} cells", origin, kMostCells));
            }
            traces.emplace_back().cell = id;
        }
        PulseTrace& trace = traces[it->second];
        trace.pulses.push_back(static_cast<int>(n));
        trace.weight.push_back(w);
    }
    if (traces.empty()) {
        throw IoError(fmt::format("`{}` holds no readings", origin));
    }
    for (const PulseTrace& t : traces) {
        const auto ups =
            std::count_if(t.pulses.begin() + 1, t.pulses.end(), [](int n) { return n > 0; });
        const auto downs =
            std::count_if(t.pulses.begin() + 1, t.pulses.end(), [](int n) { return n < 0; });
        if (t.weight.size() < kFewestReadings || ups < 4 || downs < 4) {
            throw IoError(fmt::format(
                "`{}`, cell {}: {} readings after up pulses and {} after down pulses; at least {} "
                "readings with four of each direction are needed",
                origin,
                t.cell,
                ups,
                downs,
                kFewestReadings));
        }
    }
    return traces;
}

std::vector<PulseTrace> read_pulse_traces(const std::string& path,
                                          const PulseTraceOptions& options) {
    return parse_pulse_traces(read_maybe_compressed(path, kMaxFile), path, options);
}

}  // namespace mho

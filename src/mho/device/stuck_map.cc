// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/stuck_map.h"

#include <fmt/format.h>

#include <algorithm>

#include "mho/io/file.h"
#include "mho/io/scan.h"
#include "mho/util/error.h"

namespace mho {
namespace {

constexpr std::string_view kHeader = "slice,row,column,g";
constexpr size_t kMaxEntries = 4'000'000;
constexpr uint64_t kMaxMapFile = uint64_t{128} << 20;

[[noreturn]] void fail(const std::string& origin, size_t line, const std::string& message) {
    throw IoError(fmt::format("`{}`, line {}: {}", origin, line, message));
}

int64_t index(std::string_view text, const char* what, const std::string& origin, size_t line) {
    if (text == "*") {
        return -1;
    }
    const std::optional<uint64_t> n = parse_index(text);
    if (!n || *n > uint64_t{1} << 31) {
        fail(origin,
             line,
             fmt::format("{} must be a whole number from 0 or `*`, got `{}`", what, excerpt(text)));
    }
    return static_cast<int64_t>(*n);
}

double share(std::string_view text, const char* what, const std::string& origin, size_t line) {
    const std::optional<double> v = parse_number(text);
    if (!v || !(*v >= 0 && *v <= 1)) {
        fail(origin, line, fmt::format("{} must be 0 to 1, got `{}`", what, excerpt(text)));
    }
    return *v;
}

}  // namespace

void StuckMap::apply(
    uint64_t slice, size_t rows, size_t columns, TileKey key, float* states) const {
    std::vector<float> luck;
    for (const Entry& e : entries) {
        if (e.slice >= 0 && static_cast<uint64_t>(e.slice) != slice) {
            continue;
        }
        const size_t r0 = e.row < 0 ? 0 : static_cast<size_t>(e.row);
        const size_t r1 = e.row < 0 ? rows : std::min(rows, r0 + 1);
        const size_t c0 = e.column < 0 ? 0 : static_cast<size_t>(e.column);
        const size_t c1 = e.column < 0 ? columns : std::min(columns, c0 + 1);
        if (e.yield > 0 && luck.empty()) {
            luck.resize(rows * columns);
            fill_uniform(key, Stream::kStuckCell, 1 + slice, 0, luck);
        }
        for (size_t r = r0; r < r1; r++) {
            for (size_t c = c0; c < c1; c++) {
                if (e.yield <= 0 || luck[r * columns + c] >= static_cast<float>(e.yield)) {
                    states[r * columns + c] = static_cast<float>(e.g);
                }
            }
        }
    }
}

StuckMap parse_stuck_map(std::string_view text, const std::string& origin) {
    StuckMap map;
    LineScanner lines(text);
    std::string_view line;
    size_t columns = 0;
    while (lines.next(line)) {
        if (trim(line).empty()) {
            continue;
        }
        const std::vector<std::string_view> fields = split(line, ',');
        const size_t at = lines.number();
        if (columns == 0) {
            const bool has_yield = fields.size() == 5 && fields[4] == "yield";
            if (fields.size() != (has_yield ? 5 : 4) || fields[0] != "slice" ||
                fields[1] != "row" || fields[2] != "column" || fields[3] != "g") {
                fail(origin,
                     at,
                     fmt::format("the header must be `{0}` or `{0},yield`, got `{1}`",
                                 kHeader,
                                 excerpt(line)));
            }
            columns = fields.size();
            continue;
        }
        if (fields.size() != columns) {
            fail(origin, at, fmt::format("{} columns expected, got {}", columns, fields.size()));
        }
        StuckMap::Entry e;
        e.slice = index(fields[0], "slice", origin, at);
        e.row = index(fields[1], "row", origin, at);
        e.column = index(fields[2], "column", origin, at);
        e.g = fields[3] == "open"    ? 0.0
              : fields[3] == "short" ? 1.0
                                     : share(fields[3], "g (in units of g_max)", origin, at);
        e.yield = columns == 5 ? share(fields[4], "yield", origin, at) : 0.0;
        if (map.entries.size() == kMaxEntries) {
            fail(origin, at, fmt::format("more than {} cells", kMaxEntries));
        }
        map.entries.push_back(e);
    }
    if (columns == 0) {
        throw IoError(fmt::format("`{}` is empty; the header `{}` was expected", origin, kHeader));
    }
    return map;
}

StuckMap read_stuck_map(const std::string& path) {
    return parse_stuck_map(read_maybe_compressed(path, kMaxMapFile), path);
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/cell_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "mho/io/csv.h"
#include "mho/io/file.h"
#include "mho/io/scan.h"
#include "mho/util/error.h"
#include "mho/util/json.h"

namespace mho {
namespace {

constexpr size_t kMostCellRows = 100'000;
constexpr uint64_t kMaxTableFile = uint64_t{16} << 20;

struct Column {
    const char* name;
    std::vector<double> TableCell::* values;
    double low, high;
};
constexpr Column kColumns[] = {{"state_us", &TableCell::state_us, 0, 1e6},
                               {"mean_us", &TableCell::mean_us, 0, 1e6},
                               {"std_us", &TableCell::std_us, 0, 1e6},
                               {"nu", &TableCell::nu, -1, 1},
                               {"nu_std", &TableCell::nu_std, 0, 1},
                               {"read_us", &TableCell::read_us, 0, 1e6},
                               {"voltage_v", &TableCell::voltage_v, 0, 100},
                               {"current", &TableCell::current, 0, 1e12}};

void require_ascending(const std::vector<double>& values,
                       const std::string& path,
                       std::vector<Problem>& problems) {
    for (size_t i = 1; i < values.size(); i++) {
        if (!(values[i] > values[i - 1])) {
            problems.push_back(
                {fmt::format("{}[{}]", path, i),
                 fmt::format(
                     "must be above the one before it ({}), got {}", values[i - 1], values[i])});
            return;
        }
    }
}

TableCell from_json_text(std::string_view text, const std::string& origin) {
    TableCell cell;
    Problems problems;
    Json j;
    try {
        j = parse_json(text, origin);
        read_struct(j, cell, "", problems, {"model", "name", "about", "source"});
    } catch (const ConfigError& e) {
        throw IoError(e.what());
    }
    if (!cell.file.empty() || !cell.iv_file.empty()) {
        problems.push_back({"file", "a table file cannot name another file"});
    }
    if (!problems.empty()) {
        throw IoError(fmt::format("`{}`: {} {}", origin, problems[0].path, problems[0].message));
    }
    return cell;
}

}  // namespace

void TableCell::check(const std::string& path, std::vector<Problem>& problems) const {
    if (!file.empty() && state_us.empty()) {
        return;  // read when the cell is made
    }
    if (state_us.size() < 2 || state_us.size() > kMostCellRows) {
        problems.push_back({join_path(path, "state_us"),
                            fmt::format("a table needs 2 to {} states (or `file`), got {}",
                                        kMostCellRows,
                                        state_us.size())});
        return;
    }
    require_ascending(state_us, join_path(path, "state_us"), problems);
    for (const Column& c : kColumns) {
        const std::vector<double>& values = this->*(c.values);
        if (c.values == &TableCell::voltage_v || c.values == &TableCell::current) {
            continue;
        }
        if (!values.empty() && values.size() != state_us.size()) {
            problems.push_back(
                {join_path(path, c.name),
                 fmt::format(
                     "needs one entry per state ({}), got {}", state_us.size(), values.size())});
        }
    }
    if (voltage_v.size() != current.size() || voltage_v.size() == 1) {
        problems.push_back({join_path(path, "current"),
                            fmt::format("an I-V curve has at least two points with a voltage and a "
                                        "current each, got {} and {}",
                                        voltage_v.size(),
                                        current.size())});
        return;
    }
    require_ascending(voltage_v, join_path(path, "voltage_v"), problems);
    if (!voltage_v.empty() && (voltage_v[0] != 0 || current[0] != 0)) {
        problems.push_back({join_path(path, "voltage_v"), "the I-V curve must begin at 0 V and 0"});
    }
}

TableCell parse_cell_table(std::string_view text,
                           const std::string& origin,
                           const TableCell& base) {
    const std::string_view body = trim(text.substr(0, std::min<size_t>(text.size(), 64)));
    TableCell cell = base;
    cell.file.clear();
    cell.iv_file.clear();
    if (body.starts_with("{")) {
        cell = from_json_text(text, origin);
    } else {
        CsvFormat format;
        format.has_header = true;
        const CsvTable table = parse_csv(text, origin, format);
        if (table.rows.size() < 2 || table.rows.size() > kMostCellRows) {
            throw IoError(fmt::format("`{}`: a cell table needs 2 to {} rows, got {}",
                                      origin,
                                      kMostCellRows,
                                      table.rows.size()));
        }
        std::vector<std::string> seen;
        for (size_t c = 0; c < table.header.size(); c++) {
            const std::string name(trim(table.header[c]));
            const auto* column = std::find_if(std::begin(kColumns),
                                              std::end(kColumns),
                                              [&](const Column& k) { return name == k.name; });
            if (column == std::end(kColumns)) {
                std::vector<std::string> known;
                for (const Column& k : kColumns) {
                    known.emplace_back(k.name);
                }
                throw IoError(fmt::format("`{}`: column `{}` is not known{}",
                                          origin,
                                          excerpt(name),
                                          suggestion(name, known)));
            }
            if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
                throw IoError(fmt::format("`{}`: two columns are called `{}`", origin, name));
            }
            seen.push_back(name);
            std::vector<double>& to = cell.*(column->values);
            to.clear();
            for (size_t r = 0; r < table.rows.size(); r++) {
                const double v = table.rows[r][c];
                if (!(v >= column->low && v <= column->high)) {
                    throw IoError(fmt::format("`{}`, row {}: `{}` must be {} to {}, got {}",
                                              origin,
                                              r + 1,
                                              name,
                                              column->low,
                                              column->high,
                                              v));
                }
                to.push_back(v);
            }
        }
    }
    std::vector<Problem> problems;
    cell.check("", problems);
    if (!problems.empty()) {
        throw IoError(fmt::format("`{}`: {}: {}", origin, problems[0].path, problems[0].message));
    }
    return cell;
}

TableCell read_cell_table(const std::string& path, const TableCell& base) {
    return parse_cell_table(read_maybe_compressed(path, kMaxTableFile), path, base);
}

}  // namespace mho

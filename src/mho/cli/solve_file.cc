// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cli/solve_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "mho/array/converter.h"
#include "mho/cli/run_folder.h"
#include "mho/io/file.h"
#include "mho/net/executor.h"
#include "mho/tile/crossbar_wires.h"
#include "mho/tile/sliced_tile.h"
#include "mho/util/json.h"

namespace mho {
namespace {

// The file of a circuit.
struct SolveFile {
    std::vector<std::vector<double>> conductance;
    std::vector<std::vector<double>> negative;
    std::vector<double> voltage;
    std::string run;
    std::string layer;
    int tile_row = 0;
    int tile_column = 0;
    int slice = 0;
    int chip = 0;
    double time_s = 0.0;
    std::optional<double> wire_resistance;
    std::optional<double> row_resistance;
    std::optional<double> column_resistance;
    std::optional<double> driver_resistance;
    std::optional<double> sense_resistance;
    std::optional<WireTopology> topology;
    double curvature = 0.0;
    double tolerance = 1e-14;

    void check(const std::string& path, Problems& problems) const;
};

void check_shape(const std::vector<std::vector<double>>& m,
                 size_t columns,
                 const std::string& path,
                 Problems& problems) {
    for (size_t i = 0; i < m.size(); i++) {
        if (m[i].size() != columns) {
            problems.push_back({path + "[" + std::to_string(i) + "]",
                                "every row needs " + std::to_string(columns) +
                                    " numbers, one for each column, got " +
                                    std::to_string(m[i].size())});
            return;
        }
    }
}

void SolveFile::check(const std::string& path, Problems& problems) const {
    const bool has_matrix = !conductance.empty();
    if (has_matrix == !run.empty()) {
        problems.push_back({join_path(path, "conductance"),
                            "give either `conductance`, one list for each word line, or `run` and "
                            "`layer`"});
        return;
    }
    if (!has_matrix) {
        if (layer.empty()) {
            problems.push_back({join_path(path, "layer"), "which layer of the run?"});
        }
        if (!negative.empty()) {
            problems.push_back(
                {join_path(path, "negative"), "comes from the run: slice `slice` + 1"});
        }
        return;
    }
    if (conductance[0].empty()) {
        problems.push_back({join_path(path, "conductance[0]"), "needs at least one number"});
        return;
    }
    const size_t columns = conductance[0].size();
    check_shape(conductance, columns, join_path(path, "conductance"), problems);
    check_shape(negative, columns, join_path(path, "negative"), problems);
    const WireTopology lines = topology.value_or(WireTopology::kInputLine);
    if (has_pairs(lines) ? negative.size() != conductance.size() : !negative.empty()) {
        problems.push_back({join_path(path, "negative"),
                            has_pairs(lines)
                                ? "topology `" + std::string(enum_name(lines)) +
                                      "` needs the conductances of the negative cells, as many "
                                      "rows as `conductance`"
                                : "negative cells need a topology of pairs"});
    }
    if (voltage.size() != conductance.size()) {
        problems.push_back({join_path(path, "voltage"),
                            "needs " + std::to_string(conductance.size()) +
                                " numbers, one for each word line, got " +
                                std::to_string(voltage.size())});
    }
    for (size_t i = 0; has_supply_lines(lines) && i < voltage.size(); i++) {
        if (!(voltage[i] >= 0 && voltage[i] <= 1)) {
            problems.push_back({join_path(path, "voltage[" + std::to_string(i) + "]"),
                                "gates a cell with this topology: must be 0 to 1"});
        }
    }
}

Matrix<double> matrix_of(const std::vector<std::vector<double>>& rows) {
    Matrix<double> m(rows.size(), rows.empty() ? 0 : rows[0].size());
    for (size_t i = 0; i < m.rows; i++) {
        std::copy(rows[i].begin(), rows[i].end(), m.row(i));
    }
    return m;
}

// One slice of a programmed tile, in g_max; word lines are inputs.
Matrix<double> slice_of(const Tile& tile, const std::vector<Matrix<float>>& slices, int slice) {
    if (static_cast<size_t>(slice) >= slices.size()) {
        throw ConfigError("slice",
                          "a weight of this layer has " + std::to_string(slices.size()) +
                              " devices, numbered from 0; there is no " + std::to_string(slice));
    }
    const Matrix<float>& g = slices[static_cast<size_t>(slice)];
    const double g_max = tile.g_max_us();
    Matrix<double> m(g.cols, g.rows);
    for (size_t i = 0; i < m.rows; i++) {
        for (size_t j = 0; j < m.cols; j++) {
            m(i, j) = std::max(0.0, static_cast<double>(g(j, i))) / g_max;
        }
    }
    return m;
}

// The layer's own lines and cells, but for what the file gives.
void take_crossbar(const SolveFile& f, const Crossbar& crossbar, SolveProblem& p) {
    const auto device = static_cast<size_t>(f.slice);
    const size_t slice = crossbar.weights.coding == WeightCoding::kBalanced ? device / 2 : device;
    WireConfig lines = lines_of(crossbar);
    if (!slice_has_wires(crossbar, slice)) {
        lines = {.topology = lines.topology};
    }
    const auto take = [](bool given, auto of_layer, auto& to) { to = given ? to : of_layer; };
    take(f.topology.has_value(), lines.topology, p.wires.topology);
    take(f.row_resistance || f.wire_resistance, lines.row_resistance, p.wires.row_resistance);
    take(f.column_resistance || f.wire_resistance,
         lines.column_resistance,
         p.wires.column_resistance);
    take(f.driver_resistance.has_value(), lines.driver_resistance, p.wires.driver_resistance);
    take(f.sense_resistance.has_value(), lines.sense_resistance, p.wires.sense_resistance);
    const Cell cell(crossbar.cell);
    if (f.curvature == 0 && (cell.has_shape() || cell.has_state_dependent_iv())) {
        p.law = cell_law(cell);
    }
    p.notes.push_back("lines and cells as the run has them, where the file says nothing");
}

void take_layer(const SolveFile& f, const std::string& origin, SolveProblem& p) {
    const std::filesystem::path folder = std::filesystem::path(origin).parent_path();
    const std::string run_path =
        std::filesystem::path(f.run).is_absolute() || std::filesystem::exists(f.run)
            ? f.run
            : (folder / f.run).string();
    const LoadedRun loaded = load_run(run_path, {});
    const bool aware = loaded.networks.has_hardware_aware;
    if (!aware && !loaded.networks.has_naive) {
        throw ConfigError("run", run_path + " has no network on analog hardware");
    }
    Executor executor(aware ? loaded.networks.hardware_aware : loaded.networks.naive,
                      loaded.run.seed,
                      static_cast<uint32_t>(f.chip));
    const std::vector<std::string> layers = executor.analog_layers();
    if (std::find(layers.begin(), layers.end(), f.layer) == layers.end()) {
        throw ConfigError("layer", "unknown layer `" + f.layer + "`" + suggestion(f.layer, layers));
    }
    executor.program();
    if (f.time_s > 0) {
        executor.advance_to(f.time_s, 1);
    }
    const TileGrid& grid = executor.grids(f.layer)[0];
    if (static_cast<size_t>(f.tile_row) >= grid.output_pieces()) {
        throw ConfigError("tile_row",
                          "the layer has " + std::to_string(grid.output_pieces()) +
                              " rows of tiles, numbered from 0");
    }
    if (static_cast<size_t>(f.tile_column) >= grid.input_pieces()) {
        throw ConfigError("tile_column",
                          "the layer has " + std::to_string(grid.input_pieces()) +
                              " columns of tiles, numbered from 0");
    }
    const Tile& tile =
        grid.tile(static_cast<size_t>(f.tile_row), static_cast<size_t>(f.tile_column));
    const std::vector<Matrix<float>> slices = tile.conductances_us();
    const Crossbar& crossbar = tile.config().crossbar;
    if (crossbar.enabled) {
        take_crossbar(f, crossbar, p);
    }
    p.conductance = slice_of(tile, slices, f.slice);
    if (has_pairs(p.wires.topology)) {
        p.negative = slice_of(tile, slices, f.slice + 1);
    }
    if (p.voltage.empty()) {
        p.voltage.assign(p.conductance.rows, 1.0);
        p.notes.push_back("no `voltage`: all inputs at 1");
    } else if (p.voltage.size() != p.conductance.rows) {
        throw ConfigError("voltage",
                          "needs " + std::to_string(p.conductance.rows) +
                              " numbers, one for each word line of the tile, got " +
                              std::to_string(p.voltage.size()));
    }
    p.title = fmt::format("layer {} of {}, tile ({}, {}), slice {}{}",
                          f.layer,
                          run_path,
                          f.tile_row,
                          f.tile_column,
                          f.slice,
                          has_pairs(p.wires.topology) ? " and the next" : "");
}

}  // namespace

template <>
struct Schema<SolveFile> {
    static constexpr std::string_view name = "SolveFile";
    static void fields(auto&& visit) {
        constexpr double kMaxResistance = 1e6;
        visit(
            field("conductance", &SolveFile::conductance, {.unit = "g_max", .min = 0, .max = 1e6}));
        visit(field("negative", &SolveFile::negative, {.unit = "g_max", .min = 0, .max = 1e6}));
        visit(field("voltage", &SolveFile::voltage, {.min = -1e6, .max = 1e6}));
        visit(field("run", &SolveFile::run, {}));
        visit(field("layer", &SolveFile::layer, {}));
        visit(field("tile_row", &SolveFile::tile_row, {.min = 0}));
        visit(field("tile_column", &SolveFile::tile_column, {.min = 0}));
        visit(field("slice", &SolveFile::slice, {.min = 0}));
        visit(field("chip", &SolveFile::chip, {.min = 0}));
        visit(field("time_s", &SolveFile::time_s, {.unit = "s", .min = 0, .max = 1e12}));
        visit(field(
            "wire_resistance", &SolveFile::wire_resistance, {.min = 0, .max = kMaxResistance}));
        visit(
            field("row_resistance", &SolveFile::row_resistance, {.min = 0, .max = kMaxResistance}));
        visit(field(
            "column_resistance", &SolveFile::column_resistance, {.min = 0, .max = kMaxResistance}));
        visit(field(
            "driver_resistance", &SolveFile::driver_resistance, {.min = 0, .max = kMaxResistance}));
        visit(field(
            "sense_resistance", &SolveFile::sense_resistance, {.min = 0, .max = kMaxResistance}));
        visit(field("topology", &SolveFile::topology, {}));
        visit(field("curvature", &SolveFile::curvature, {.min = 0, .max = 50}));
        visit(field("tolerance", &SolveFile::tolerance, {.min = 1e-15, .max = 0.1}));
    }
};

SolveProblem read_solve_file(const std::string& path) {
    SolveFile f;
    read_struct_or_throw(parse_json(read_file(path), path), f, "");
    SolveProblem p;
    p.wires.topology = f.topology.value_or(WireTopology::kInputLine);
    p.wires.row_resistance = f.row_resistance.value_or(f.wire_resistance.value_or(0.0));
    p.wires.column_resistance = f.column_resistance.value_or(f.wire_resistance.value_or(0.0));
    p.wires.driver_resistance = f.driver_resistance.value_or(0.0);
    p.wires.sense_resistance = f.sense_resistance.value_or(0.0);
    p.voltage = f.voltage;
    p.curvature = f.curvature;
    p.tolerance = f.tolerance;
    if (f.run.empty()) {
        p.conductance = matrix_of(f.conductance);
        p.negative = matrix_of(f.negative);
        p.title = std::filesystem::path(path).filename().string();
    } else {
        take_layer(f, path, p);
    }
    return p;
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Categories exact_pulses, pulse_noise, device_tables, response and temporal: what single pulses,
// the construction and time do to the cells of an array.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "mho/analysis/verify_cells_internal.h"

namespace mho {
namespace {

constexpr double kCurveLimit = 1e-5;
constexpr int64_t kMaxPulses = 1'000'000;
constexpr size_t kMaxCells = 4'000'000;  // of one array
constexpr double kMaxCellPulses = 2e10;  // cells times pulses of one record
constexpr size_t kTableRows = 200;
constexpr size_t kResponseColumns = 40;
constexpr size_t kOwnTiles = 60;  // where cells of one tile are not independent

std::vector<float> start_weights(const JsonNode& record) {
    const JsonNode node = record.at("inputs").at("start_weights");
    std::vector<float> starts = node.floats();
    if (starts.empty()) {
        node.fail("must name at least one start weight");
    }
    return starts;
}

void check_work(const JsonNode& record, size_t cells, size_t tiles, int64_t pulses) {
    const double work = static_cast<double>(cells) * static_cast<double>(tiles) *
                        static_cast<double>(std::max<int64_t>(pulses, 1));
    if (cells > kMaxCells || work > kMaxCellPulses) {
        record.fail(
            fmt::format("{} arrays of {} cells with {} pulses are too many", tiles, cells, pulses));
    }
}

// {up, down} of `inputs.pulses_up_then_down`.
std::pair<int64_t, int64_t> up_then_down(const JsonNode& record) {
    const JsonNode node = record.at("inputs").at("pulses_up_then_down");
    if (node.size() != 2) {
        node.fail("must hold the number of up pulses and that of down pulses");
    }
    return {node.entry(0).integer(0, kMaxPulses), node.entry(1).integer(0, kMaxPulses)};
}

// Numbers of pulses at which something was recorded, ascending.
std::vector<int64_t> pulse_marks(const JsonNode& node, int64_t most) {
    std::vector<int64_t> marks;
    for (size_t i = 0; i < node.size(); i++) {
        marks.push_back(node.entry(i).integer(0, most));
        if (i > 0 && marks[i] <= marks[i - 1]) {
            node.entry(i).fail("the numbers must ascend");
        }
    }
    return marks;
}

// The number of pulses or calls in the name of a statistics entry, behind `prefix`.
std::optional<int64_t> number_in(const std::string& key, std::string_view prefix) {
    const std::string digits = key.starts_with(prefix) ? key.substr(prefix.size()) : "";
    if (digits.empty() || digits.size() > 7 ||
        digits.find_first_not_of("0123456789") != std::string::npos) {
        return std::nullopt;
    }
    return std::stoll(digits);
}

// Entries of `stats` by their number, and the tiles they were recorded on.
struct Entries {
    std::map<int64_t, std::string> keys;
    RecordedTiles shape;
    void add(const JsonNode& stats, const std::string& key, int64_t number) {
        keys[number] = key;
        const RecordedTiles each = recorded_tiles(stats.at(key));
        shape.tiles = std::max(shape.tiles, each.tiles);
        shape.cells_per_tile = std::max(shape.cells_per_tile, each.cells_per_tile);
    }
    int64_t most() const { return keys.rbegin()->first; }
};

// Slopes over a cell's own bound, which may be close to 0.
bool has_heavy_slopes(const RecordDevice& device) {
    const auto* single = std::get_if<PulsedDevice>(&device);
    if (single == nullptr) {
        return true;
    }
    const auto* linear = std::get_if<LinearStep>(single);
    return linear == nullptr || !linear->mean_bound_reference;
}

// A table of the record by its name. Without drift the coefficients are no table of ours.
std::vector<float> table_of(const RecordCells& cells,
                            const JsonNode& stats,
                            const std::string& name) {
    const auto named = [&](const std::vector<std::string>& names) {
        return std::find(names.begin(), names.end(), name) != names.end();
    };
    if (const Learner* learner = cells.learner()) {
        if (named(learner->table_names())) {
            return learner->table(name).values;
        }
    } else if (named(cells.array().table_names())) {
        return cells.array().table(name).values;
    }
    const ConstFloatView w = cells.weights();
    // Sums and running means of compounds are empty at first, whatever we call them.
    for (const char* buffer :
         {"buffered_FP_weight", "running_mean_weight", "past_mean_weight", "hidden_weights_chi"}) {
        if (name.starts_with(buffer)) {
            return std::vector<float>(w.rows * w.cols, 0.0F);
        }
    }
    if (name.starts_with("drift_nu")) {
        return std::vector<float>(
            w.rows * w.cols,
            static_cast<float>(common_parameters(cells.array().device()).drift.nu));
    }
    stats.at(name).fail("the device has no such table");
}

}  // namespace

void verify_exact_pulses(const JsonNode& record, Comparison& c) {
    const RecordDevice device = read_record_device(record, c.notes);
    const std::vector<float> starts = start_weights(record);
    const auto [up, down] = up_then_down(record);
    const JsonNode exact = record.at("exact");
    const std::vector<int64_t> marks = pulse_marks(exact.at("pulse"), up + down);
    const JsonNode curve = exact.at("weight");
    const Matrix<float> shape = curve.matrix_of(marks.size(), starts.size(), true);
    constexpr size_t kColumns = 2;  // the last column may be a bias that is pulsed otherwise
    check_work(record, starts.size() * kColumns, 1, up + down);
    RecordCells cells(device, starts.size(), kColumns, verify_key("exact pulses"));
    cells.set(rows_of(starts, kColumns).view());
    std::vector<double> recorded = curve.flat_numbers();
    const double limit = kCurveLimit * largest(recorded, 1.0);
    int64_t done = 0;
    for (size_t k = 0; k < marks.size(); k++) {
        for (; done < marks[k]; done++) {
            cells.pulse(done < up);
        }
        for (size_t s = 0; s < starts.size(); s++) {
            c.value(cells.weights()(s, 0),
                    recorded[k * shape.cols + s],
                    limit,
                    fmt::format("start {}, pulse {}", starts[s], marks[k]));
        }
    }
    c.compared("weights");
}

void verify_pulse_noise(const JsonNode& record, Comparison& c) {
    const RecordDevice device = read_record_device(record, c.notes);
    const std::vector<float> starts = start_weights(record);
    const JsonNode stats = record.at("stats");
    for (const std::string& key : stats.keys()) {
        if (!number_in(key, "up_") && !number_in(key, "down_")) {
            stats.at(key).fail("expected the name up_K or down_K with a number of pulses K");
        }
    }
    for (const bool up : {true, false}) {
        Entries entries;
        for (const std::string& key : stats.keys()) {
            if (const auto count = number_in(key, up ? "up_" : "down_")) {
                entries.add(stats, key, *count);
            }
        }
        if (entries.keys.empty()) {
            continue;
        }
        const RecordedTiles shape = entries.shape;
        const size_t cols = shape.cells_per_tile;
        check_work(record, starts.size() * cols, shape.tiles, entries.most());
        std::map<int64_t, std::vector<std::vector<float>>> change;
        for (size_t t = 0; t < shape.tiles; t++) {
            RecordCells cells(
                device,
                starts.size(),
                cols,
                verify_key(up ? "pulse noise up" : "pulse noise down", static_cast<uint32_t>(t)));
            cells.set(rows_of(starts, cols).view());
            Matrix<float> before(starts.size(), cols);
            for (size_t r = 0; r < starts.size(); r++) {
                std::copy_n(cells.weights().row(r), cols, before.row(r));
            }
            int64_t done = 0;
            for (const auto& [count, key] : entries.keys) {
                for (; done < count; done++) {
                    cells.pulse(up);
                }
                append_cells(change[count], cells.weights(), &before);
            }
        }
        StatisticsRule rule;
        if (shares_draws(device)) {
            rule.own_tiles = rule.recorded_tiles = shape.tiles;
        }
        for (const auto& [count, key] : entries.keys) {
            compare_statistics(c, samples_of(change[count]), stats.at(key), key, rule);
        }
    }
}

void verify_device_tables(const JsonNode& record, Comparison& c) {
    const RecordDevice device = read_record_device(record, c.notes);
    const JsonNode stats = record.at("stats");
    size_t n = 2;
    for (const std::string& key : stats.keys()) {
        n = std::max(n, repetitions(stats.at(key)));
    }
    const size_t rows = std::min(n, kTableRows);
    const size_t cols = (n + rows - 1) / rows;
    check_work(record, rows * cols, 1, 1);
    const RecordCells cells(device, rows, cols, verify_key("device tables"));
    // The random start weights of the original are no table.
    const auto is_start = [](const std::string& name) {
        return name.starts_with("persistent_weights") ||
               (name.starts_with("hidden_weights") && name != "hidden_weights_chi");
    };
    const auto is_slope = [](const std::string& name) { return name.starts_with("slope_"); };
    const bool heavy = has_heavy_slopes(device);
    std::map<std::string, std::vector<float>> tables;
    for (const std::string& key : stats.keys()) {
        if (is_start(key)) {
            continue;
        }
        tables[key] = table_of(cells, stats, key);
        StatisticsRule rule;
        rule.quantiles_only = heavy && is_slope(key);
        compare_statistics(c, samples_of({tables[key]}), stats.at(key), key, rule);
    }
    if (!record.has_value("correlation")) {
        return;
    }
    const JsonNode correlation = record.at("correlation");
    const JsonNode order = correlation.at("order");
    const JsonNode matrix = correlation.at("matrix");
    if (matrix.size() == 0) {
        return;  // a single table varies
    }
    std::vector<size_t> kept;
    std::vector<std::vector<float>> columns;
    for (size_t i = 0; i < order.size(); i++) {
        const std::string name = order.entry(i).text();
        if (is_start(name) || (heavy && is_slope(name))) {
            continue;
        }
        kept.push_back(i);
        if (!tables.contains(name)) {
            order.entry(i).fail("no table of that name is in `stats`");
        }
        columns.push_back(tables[name]);
    }
    compare_correlation(c, samples_of(columns), matrix, static_cast<double>(n), {}, "tables", kept);
    c.compared("correlation");
}

void verify_response(const JsonNode& record, Comparison& c) {
    const RecordDevice device = read_record_device(record, c.notes);
    const auto [up, down] = up_then_down(record);
    const JsonNode stats = record.at("stats");
    const std::vector<int64_t> marks = pulse_marks(record.at("inputs").at("pulse"), up + down);
    float start = 0.0F;
    if (record.at("inputs").has_value("start_weight")) {
        start = record.at("inputs").at("start_weight").finite_float();
    }
    const RecordedTiles shape = recorded_tiles(stats);
    const size_t cols = std::min(kResponseColumns, shape.cells_per_tile);
    const size_t rows = (shape.cells_per_tile + cols - 1) / cols;
    StatisticsRule rule;
    size_t tiles = shape.tiles;
    if (shares_draws(device)) {
        tiles = std::max(tiles, kOwnTiles);
        rule.own_tiles = tiles;
        rule.recorded_tiles = shape.tiles;
    }
    check_work(record, rows * cols, tiles, up + down);
    std::vector<std::vector<float>> columns(marks.size());
    for (size_t t = 0; t < tiles; t++) {
        RecordCells cells(device, rows, cols, verify_key("response", static_cast<uint32_t>(t)));
        cells.set(Matrix<float>(rows, cols, start).view());
        int64_t done = 0;
        for (size_t k = 0; k < marks.size(); k++) {
            for (; done < marks[k]; done++) {
                cells.pulse(done < up);
            }
            for (size_t r = 0; r < rows; r++) {
                const auto row = cells.weights().row_span(r);
                columns[k].insert(columns[k].end(), row.begin(), row.end());
            }
        }
    }
    compare_statistics(c, samples_of(columns), stats, "weights along the train", rule);
}

void verify_temporal(const JsonNode& record, Comparison& c) {
    const RecordDevice device = read_record_device(record, c.notes);
    const std::vector<float> starts = start_weights(record);
    const JsonNode inputs = record.at("inputs");
    const JsonNode stats = record.at("stats");
    const std::string what = inputs.at("what").text();
    if (what != "decay" && what != "diffuse" && what != "reset" && what != "drift") {
        inputs.at("what").fail("must be decay, diffuse, reset or drift");
    }
    const double probability = inputs.has_value("prob") ? inputs.at("prob").number() : 1.0;
    if (!(probability >= 0 && probability <= 1)) {
        inputs.at("prob").fail("must be a probability");
    }
    const double delta_ms = what == "drift" ? inputs.at("delta_t").number() : 0.0;
    Entries entries;
    for (const std::string& key : stats.keys()) {
        const auto calls = number_in(key, "");
        if (!calls) {
            stats.at(key).fail("expected the number of calls as its name");
        }
        entries.add(stats, key, *calls);
    }
    if (entries.keys.empty()) {
        stats.fail("holds nothing to compare");
    }
    const RecordedTiles shape = entries.shape;
    const size_t cols = shape.cells_per_tile;
    check_work(record, starts.size() * cols, shape.tiles, entries.most());
    std::map<int64_t, std::vector<std::vector<float>>> weights;
    for (size_t t = 0; t < shape.tiles; t++) {
        RecordCells cells(
            device, starts.size(), cols, verify_key("temporal", static_cast<uint32_t>(t)));
        cells.set(rows_of(starts, cols).view());
        int64_t done = 0;
        for (const auto& [calls, key] : entries.keys) {
            for (; done < calls; done++) {
                what == "decay"     ? cells.decay()
                : what == "diffuse" ? cells.diffuse()
                : what == "reset"   ? cells.reset(probability)
                                    : cells.drift(delta_ms);
            }
            append_cells(weights[calls], cells.weights());
        }
    }
    for (const auto& [calls, key] : entries.keys) {
        compare_statistics(
            c, samples_of(weights[calls]), stats.at(key), fmt::format("after {} calls", calls));
    }
}

}  // namespace mho

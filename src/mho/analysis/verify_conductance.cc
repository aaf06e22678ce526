// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Categories conductance, weight_noise, converters and drift_compensation: programmed weights.

#include <fmt/format.h>

#include <algorithm>

#include "mho/analysis/verify_internal.h"
#include "mho/tile/tile.h"

namespace mho {
namespace {

constexpr double kConverterLimit = 1e-6;  // of the largest
constexpr size_t kConductanceSamples = 40'000;
constexpr size_t kProgrammings = 6'000;
constexpr size_t kCompensations = 1'000;

// Time of an entry "... at NAME": its own `t`, else the number and unit in the name.
double time_of(const JsonNode& stats, const std::string& key, const std::string& name) {
    const JsonNode node = stats.at(key);
    if (node.has_value("t")) {
        return node.at("t").number();
    }
    char* end = nullptr;
    const double number = std::strtod(name.c_str(), &end);
    std::string unit(end);
    unit.erase(0, unit.find_first_not_of(' '));
    if (unit.size() > 1 && unit.ends_with('s')) {
        unit.pop_back();
    }
    constexpr double kDay = 86400.0;
    const std::vector<std::pair<std::string, double>> units = {{"s", 1.0},
                                                               {"second", 1.0},
                                                               {"min", 60.0},
                                                               {"minute", 60.0},
                                                               {"h", 3600.0},
                                                               {"hour", 3600},
                                                               {"day", kDay},
                                                               {"week", 7 * kDay},
                                                               {"month", 30 * kDay},
                                                               {"year", 365 * kDay}};
    for (const auto& [word, seconds] : units) {
        if (end != name.c_str() && word == unit) {
            return number * seconds;
        }
    }
    node.fail("has no `t`, and its name is no number with one of the units s, min, h, day, year");
}

// Entries "PREFIX at TIME" with their times.
std::vector<std::pair<std::string, double>> timed_entries(const JsonNode& stats,
                                                          const std::string& prefix) {
    std::vector<std::pair<std::string, double>> entries;
    for (const std::string& key : stats.keys()) {
        if (key.starts_with(prefix)) {
            entries.emplace_back(key, time_of(stats, key, key.substr(prefix.size())));
        }
    }
    return entries;
}

// Every entry must be one that the procedure names: an unknown one would go unchecked.
void require_known(const JsonNode& stats,
                   const std::vector<std::string>& fixed,
                   const std::string& prefix) {
    for (const std::string& key : stats.keys()) {
        if (!key.starts_with(prefix) && std::find(fixed.begin(), fixed.end(), key) == fixed.end()) {
            stats.at(key).fail("unknown statistics for this category");
        }
    }
}

size_t most_repetitions(const JsonNode& stats) {
    size_t n = 2;
    for (const std::string& key : stats.keys()) {
        n = std::max(n, repetitions(stats.at(key)));
    }
    return n;
}

TileConfig bare_tile(const NoiseModel& model) {
    TileConfig config;
    config.mapping.omega = 0.0;
    config.mapping.learn_scales = LearnedScales::kNone;
    config.forward = perfect_mvm();
    config.converter = model.converter;
    config.conductance = model.conductance;
    config.drift_compensation = DriftCompensationKind::kNone;
    config.renormalise_programmed = true;  // decision 21: the law of the original
    return config;
}

}  // namespace

void verify_conductance(const JsonNode& record, Comparison& c) {
    const NoiseModel model = read_noise_model(record.at("config"), c.notes);
    const double g_max = g_max_us(model.converter);
    const std::vector<float> targets = record.at("inputs").at("targets_uS").floats();
    const JsonNode stats = record.at("stats");
    require_known(stats, {"programmed", "drift_coefficient"}, "at ");
    const size_t n =
        own_repetitions(most_repetitions(stats), kConductanceSamples, 4 * targets.size());
    const size_t cells = n * targets.size();
    std::vector<float> target(cells);
    for (size_t i = 0; i < cells; i++) {
        target[i] = targets[i % targets.size()];
    }
    const TileKey key = verify_key("conductance");
    Samples programmed(n, targets.size());
    Samples nu(n, targets.size());
    program(model.conductance, g_max, target, programmed.values, nu.values, key, 0);
    if (stats.has("programmed")) {
        compare_statistics(c, programmed, stats.at("programmed"), "programmed");
    }
    if (stats.has("drift_coefficient")) {
        // Where there is no coefficient, the original hands on the target.
        const bool none = std::holds_alternative<ReramWan2022>(model.conductance) ||
                          std::holds_alternative<ReramCmo>(model.conductance);
        Samples given = nu;
        if (none) {
            given.values = target;
        }
        compare_statistics(c, given, stats.at("drift_coefficient"), "drift_coefficient");
    }
    uint64_t read_step = 0;
    Samples now(n, targets.size());
    for (const auto& [name, t] : timed_entries(stats, "at ")) {
        at_time(model.conductance,
                g_max,
                target,
                programmed.values,
                nu.values,
                t,
                now.values,
                key,
                ++read_step);
        compare_statistics(c, now, stats.at(name), name);
    }
}

void verify_weight_noise(const JsonNode& record, Comparison& c) {
    const NoiseModel model = read_noise_model(record.at("config"), c.notes);
    const Matrix<float> w = weights_of(record);
    const JsonNode stats = record.at("stats");
    require_known(stats, {"programmed"}, "at ");
    const auto entries = timed_entries(stats, "at ");
    const size_t cells = w.rows * w.cols;
    const size_t n =
        own_repetitions(most_repetitions(stats), kProgrammings, cells * (entries.size() + 1));
    Samples programmed(n, cells);
    std::vector<Samples> later(entries.size(), Samples(n, cells));
    Tile tile(bare_tile(model), w.rows, w.cols, verify_key("weight noise"));
    for (size_t k = 0; k < n; k++) {
        tile.program(w.view(), k);
        const Matrix<float> start = tile.weights();
        std::copy(start.values.begin(), start.values.end(), programmed.row(k));
        for (size_t e = 0; e < entries.size(); e++) {
            tile.advance_to(entries[e].second, n + k * entries.size() + e);
            const Matrix<float> now = tile.weights();
            std::copy(now.values.begin(), now.values.end(), later[e].row(k));
        }
    }
    if (stats.has("programmed")) {
        compare_statistics(c, programmed, stats.at("programmed"), "programmed");
    }
    for (size_t e = 0; e < entries.size(); e++) {
        compare_statistics(c, later[e], stats.at(entries[e].first), entries[e].first);
    }
}

void verify_converters(const JsonNode& record, Comparison& c) {
    const Converter converter = read_converter(record.at("config"), c.notes);
    const Matrix<float> w = weights_of(record);
    const JsonNode exact = record.at("exact");
    const Conductances g = to_conductances(converter, w.view());

    const JsonNode recorded = exact.at("conductances_uS");
    // A list of slices, or the one slice itself.
    const bool one = recorded.size() > 0 && recorded.entry(0).is_list() &&
                     (recorded.entry(0).size() == 0 || !recorded.entry(0).entry(0).is_list());
    const size_t slices = one ? 1 : recorded.size();
    if (slices != g.slices.size()) {
        recorded.fail(
            fmt::format("holds {} slices, the converter has {}", slices, g.slices.size()));
    }
    double most = 0;
    std::vector<std::vector<double>> values;
    for (size_t s = 0; s < slices; s++) {
        const JsonNode slice = one ? recorded : recorded.entry(s);
        slice.matrix_of(w.rows, w.cols, true);
        values.push_back(slice.flat_numbers());
        most = largest(values.back(), most);
    }
    for (size_t s = 0; s < slices; s++) {
        c.list(g.slices[s].values,
               values[s],
               kConverterLimit * most,
               fmt::format("conductances_uS[{}]", s));
    }
    c.compared("conductances");

    const JsonNode parameters = exact.at("parameters");
    if (parameters.has_value("scale_ratio")) {
        const std::vector<double> ratio = parameters.at("scale_ratio").flat_numbers();
        std::vector<float> own(g.scale.us_per_weight.begin(), g.scale.us_per_weight.end());
        if (own.size() == 1 && ratio.size() == w.rows) {
            own.resize(w.rows, own[0]);
        }
        c.list(own, ratio, kConverterLimit * largest(ratio), "scale_ratio");
        c.compared("scale");
    }
    if (parameters.has_value("min")) {
        const double recorded_min = parameters.at("min").number();
        c.value(g.scale.weight_offset,
                recorded_min,
                kConverterLimit * std::abs(recorded_min) + 1e-9,
                "min");
    }
    Matrix<float> back(w.rows, w.cols);
    to_weights(converter, g, back.view());
    const JsonNode weights = exact.at("weights");
    weights.matrix_of(w.rows, w.cols, true);
    const std::vector<double> recorded_weights = weights.flat_numbers();
    c.list(back.values,
           recorded_weights,
           kConverterLimit * largest(recorded_weights, 1e-30),
           "weights");
    c.compared("weights");
}

void verify_drift_compensation(const JsonNode& record, Comparison& c) {
    const Hardware hardware = read_rpu_config(record.at("config"), c.notes);
    const Matrix<float> w = weights_of(record);
    const JsonNode stats = record.at("stats");
    require_known(stats, {"baseline"}, "factor at ");
    const auto entries = timed_entries(stats, "factor at ");
    TileConfig config = hardware;
    config.mapping.omega = 0.0;
    if (config.drift_compensation == DriftCompensationKind::kNone) {
        record.at("config").fail("without `drift_compensation` there is nothing to compare");
    }
    const bool per_column = config.drift_compensation == DriftCompensationKind::kPerColumn;
    const size_t factors = per_column ? w.rows : 1;
    const size_t n =
        own_repetitions(most_repetitions(stats), kCompensations, factors * (entries.size() + 1));
    Samples baseline(n, factors);
    std::vector<Samples> later(entries.size(), Samples(n, factors));
    for (size_t k = 0; k < n; k++) {
        // A new tile each time, as in the original: its tables enter the read-out.
        Tile tile(config, w.rows, w.cols, verify_key("compensation", static_cast<uint32_t>(k)));
        tile.program(w.view(), k);
        for (size_t i = 0; i < factors; i++) {
            baseline(k, i) = static_cast<float>(tile.baseline().at(i));
        }
        for (size_t e = 0; e < entries.size(); e++) {
            tile.advance_to(entries[e].second, 1 + e);
            std::copy_n(tile.compensation().begin(), factors, later[e].row(k));
        }
    }
    if (stats.has("baseline")) {
        compare_statistics(c, baseline, stats.at("baseline"), "baseline");
    }
    for (size_t e = 0; e < entries.size(); e++) {
        compare_statistics(c, later[e], stats.at(entries[e].first), entries[e].first);
    }
}

}  // namespace mho

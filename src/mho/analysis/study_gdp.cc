// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Gradient-descent programming (Buechel et al., arXiv 2305.16647) beside cell-by-cell program and
// verify, on tiles whose pulses, readings, wires and converters are imperfect.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "mho/adapt/programmers.h"
#include "mho/adapt/weight_map.h"
#include "mho/analysis/study.h"
#include "mho/analysis/study_classifiers.h"
#include "mho/analysis/study_units.h"
#include "mho/features/projection.h"

namespace mho {
namespace {

constexpr const char* kGdpName = "gdp";
constexpr double kDay = 86400;

enum Weights { kGaussian, kSparse, kLowRank, kUniform, kTrained, kWeightKinds };
constexpr std::array<const char*, kWeightKinds> kWeightNames = {
    "Gaussian", "10 % sparse", "low rank 8", "uniform", "trained"};
enum Way {
    kShot,
    kVerify12,
    kVerify8,
    kGdp,
    kVerify8Gdp,
    kVerify12Gdp,
    kGdpDay,
    kVerify8Day,
    kClosedLoop,
    kWays
};
constexpr std::array<const char*, kWays> kWayNames = {"single shot",
                                                      "verify, 12-bit ideal reading",
                                                      "verify, 8-bit ADC",
                                                      "GDP, 8-bit ADC",
                                                      "8-bit verify, then GDP",
                                                      "12-bit verify, then GDP",
                                                      "GDP, after a day",
                                                      "verify, 8-bit, after a day",
                                                      "closed loop, 8-bit ADC"};

TileConfig tile_config(double adc_bound) {
    TileConfig c;
    c.forward.adc.bound = adc_bound;
    c.forward.ir_drop.strength = 3.0;
    // The read noise of cells is drawn by the programmer and by the conductance model.
    c.forward.weight_noise = {WeightNoiseKind::kNone, 0.0};
    return c;
}

// One set of parameters for all weights.
ProgrammingConfig gradient_config() {
    ProgrammingConfig c;
    c.kind = ProgrammingKind::kGradient;
    c.column_gain_spread = 0.05;
    return c;
}

ProgrammingConfig verify_config(bool ideal) {
    ProgrammingConfig c = gradient_config();
    c.kind = ProgrammingKind::kVerify;
    c.verify_margin = ideal ? 0.02 : 0.04;
    c.cell_read_steps = ideal ? 4094 : 0;
    return c;
}

// The loop of aihwkit's program_weights: its rate and tolerance.
ProgrammingConfig closed_loop_config() {
    ProgrammingConfig c = gradient_config();
    c.kind = ProgrammingKind::kClosedLoop;
    c.rate = 0.1;
    c.rate_decay = 0;
    c.tolerance = 0.01;
    return c;
}

// Rows of the layers of a mapped network, the last layers first, as many as a square tile takes;
// narrow layers are filled up with zeros, small networks begin anew. `first`: rows left out.
Matrix<float> trained_weights(const Network& mapped, size_t size, size_t first) {
    std::vector<std::vector<float>> rows;
    const auto take = [&](size_t least_inputs) {
        for (auto it = mapped.graph.layers.rbegin(); it != mapped.graph.layers.rend(); ++it) {
            if (!mapped.is_analog(it->name)) {
                continue;
            }
            const Tensor& w = mapped.parameters.at(it->name + ".tile_weight");
            const size_t inputs = w.shape[1];
            for (size_t r = 0; inputs >= least_inputs && r < w.shape[0]; r++) {
                const float* row = w.values.data() + r * inputs;
                rows.emplace_back(row, row + std::min(inputs, size));
            }
        }
    };
    take(size);
    if (rows.empty()) {
        take(1);
    }
    Matrix<float> weights(size, size);
    for (size_t r = 0; r < size; r++) {
        const std::vector<float>& row = rows[(first + r) % rows.size()];
        std::copy(row.begin(), row.end(), weights.row(r));
    }
    return weights;
}

Matrix<float> draw_weights(size_t kind, size_t size, TileKey key) {
    Matrix<float> w(size, size);
    if (kind == kUniform) {
        fill_uniform(key, Stream::kTest, 0, 0, w.values);
        for (float& v : w.values) {
            v = 2 * v - 1;
        }
        return w;
    }
    if (kind == kLowRank) {
        constexpr size_t kRank = 8;
        Matrix<float> a(size, kRank);
        Matrix<float> b(size, kRank);
        fill_normal(key, Stream::kTest, 0, 0, a.values);
        fill_normal(key, Stream::kTest, 1, 0, b.values);
        w = project(b, a.view());
        for (float& v : w.values) {
            v *= 0.25f / std::sqrt(static_cast<float>(kRank));
        }
    } else {
        fill_normal(key, Stream::kTest, 0, 0, w.values);
        std::vector<float> keep(w.values.size());
        fill_uniform(key, Stream::kTest, 1, 0, keep);
        for (size_t i = 0; i < keep.size(); i++) {
            w.values[i] *= kind == kSparse && keep[i] >= 0.1f ? 0.0f : 0.25f;
        }
    }
    for (float& v : w.values) {
        v = std::clamp(v, -1.0f, 1.0f);
    }
    return w;
}

// |a y + b - y*| / |y*| on inputs that programming never saw.
double held_out_error(const Tile& tile, const Matrix<float>& weights, TileKey key) {
    Matrix<float> x(512, weights.cols);
    fill_uniform(key, Stream::kTest, 7, 0, x.values);
    for (float& v : x.values) {
        v = 2 * v - 1;
    }
    Matrix<float> y(x.rows, weights.rows);
    MvmScratch scratch;
    tile.apply(x.view(), y.view(), {}, scratch);
    return 100 * error_after_affine(y.view(), project(weights, x.view()).view());
}

std::vector<double> measure(const Network& trained,
                            size_t kind,
                            size_t size,
                            uint64_t seed,
                            uint32_t chip,
                            int iterations) {
    const std::string path = fmt::format("{}/{}", kGdpName, kWeightNames[kind]);
    const TileKey draws = make_tile_key(seed, path, 0, 0, chip);
    const Matrix<float> weights = kind == kTrained ? trained_weights(trained, size, chip * 64)
                                                   : draw_weights(kind, size, draws);
    // The range of the ADC is set for the weights, so that it does not saturate.
    Matrix<float> probe(256, size);
    fill_uniform(draws, Stream::kTest, 6, 0, probe.values);
    for (float& v : probe.values) {
        v = 2 * v - 1;
    }
    float largest = 0;
    for (const float v : project(weights, probe.view()).values) {
        largest = std::max(largest, std::abs(v));
    }
    const double bound = std::max(10.0, 1.1 * double{largest});
    Tile tile(tile_config(bound), size, size, make_tile_key(seed, path + "/tile", 0, 0, chip));
    std::vector<double> values(kWays);
    const auto error = [&] { return held_out_error(tile, weights, draws); };
    ProgrammingConfig gradient = gradient_config();
    gradient.iterations = iterations;
    tile.program(weights.view());
    values[kShot] = error();
    for (const bool ideal : {true, false}) {
        ProgrammingConfig verify = verify_config(ideal);
        program_by_pulses(verify, tile, weights.view(), 0);
        values[ideal ? kVerify12 : kVerify8] = error();
        if (!ideal) {
            tile.advance_to(kDay);
            values[kVerify8Day] = error();
        }
        verify.kind = ProgrammingKind::kVerifyThenGradient;
        verify.iterations = iterations;
        program_by_pulses(verify, tile, weights.view(), 0);
        values[ideal ? kVerify12Gdp : kVerify8Gdp] = error();
    }
    ProgrammingConfig loop = closed_loop_config();
    loop.iterations = iterations;
    program_by_pulses(loop, tile, weights.view(), 0);
    values[kClosedLoop] = error();
    const ProgrammingTrace trace = program_by_pulses(gradient, tile, weights.view(), 0);
    values[kGdp] = error();
    tile.advance_to(kDay);
    values[kGdpDay] = error();
    for (const double e : trace.error) {
        values.push_back(100 * e);
    }
    if (kind == kTrained) {
        // What GDP is short of: iterations, or pulses for small changes?
        for (const double threshold : {gradient.threshold, gradient.threshold / 2}) {
            ProgrammingConfig longer = gradient;
            longer.iterations = 2 * iterations;
            longer.rate_decay = 2 * gradient.rate_decay;
            longer.threshold = threshold;
            program_by_pulses(longer, tile, weights.view(), 0);
            values.push_back(error());
        }
    }
    return values;
}

// Accuracy of a network of which every tile is programmed by `config`.
double network_accuracy(const StudyNetwork& set,
                        const Network& network,
                        const ProgrammingConfig& config,
                        uint64_t seed,
                        uint32_t chip) {
    Executor executor(network, seed, chip);
    executor.program(0, {}, make_programmer(config).get());
    return percent_right(set, executor);
}

// Means over windows of ten iterations that do not rise, of those there are.
std::pair<size_t, size_t> falling(const std::vector<double>& descent) {
    std::vector<double> windows;
    for (size_t i = 0; i + 10 <= descent.size(); i += 10) {
        windows.push_back(mean({descent.data() + i, 10}));
    }
    size_t down = 0;
    for (size_t i = 1; i < windows.size(); i++) {
        down += windows[i] <= 1.01 * windows[i - 1] ? 1 : 0;
    }
    return {down, windows.empty() ? 0 : windows.size() - 1};
}

// Maps from weights to conductances, judged with draws that no search has seen.
enum Map {
    kOnePair,
    kOnePairSearched,
    kTwoPairsEven,
    kTwoPairsSearched,
    kCommon1,
    kCommon2,
    kCommon5,
    kMaps
};
constexpr std::array<const char*, kMaps> kMapNames = {"one pair, one device at rest",
                                                      "one pair, optimised",
                                                      "two pairs, weights halved",
                                                      "two pairs, optimised",
                                                      "one pair, common mode 1 uS",
                                                      "one pair, common mode 2 uS",
                                                      "one pair, common mode 5 uS"};
constexpr double kGMaxUs = 25.0;
constexpr std::array<double, 2> kMapTimes = {1.0, 2592000.0};

CustomPair pair_with_common(double common_us) {
    CustomPair pair;
    pair.g_plus_us = {{common_us, common_us, kGMaxUs}};
    pair.g_minus_us = {{kGMaxUs, common_us, common_us}};
    pair.g_max_us = kGMaxUs;
    return pair;
}

// [time][chip][map].
std::vector<double> map_errors(const StudyOptions& options, size_t size, uint32_t chips) {
    WeightMapOptions search;
    search.evolution.seed = options.seed;
    search.evolution.generations = options.small ? 5 : 200;
    search.evolution.population = options.small ? 8 : 100;
    const Matrix<float> w = draw_weights(kGaussian, size, make_tile_key(options.seed, "gdp/map"));
    std::vector<Converter> maps(kMaps);
    maps[kOnePair] = SinglePair{};
    maps[kOnePairSearched] = optimise_weight_map(PcmLike{}, kGMaxUs, w.view(), search).converter;
    search.pairs = 2;
    maps[kTwoPairsEven] = even_pairs(kGMaxUs);
    maps[kTwoPairsSearched] = optimise_weight_map(PcmLike{}, kGMaxUs, w.view(), search).converter;
    maps[kCommon1] = pair_with_common(1.0);
    maps[kCommon2] = pair_with_common(2.0);
    maps[kCommon5] = pair_with_common(5.0);
    std::vector<double> errors;
    for (const double t_s : kMapTimes) {
        for (uint32_t chip = 0; chip < chips; chip++) {
            const TileKey key = make_tile_key(options.seed, "gdp/map/judge", 0, 0, chip);
            for (const Converter& map : maps) {
                errors.push_back(weight_error(map, PcmLike{}, w.view(), {t_s}, key, 1));
            }
        }
    }
    return errors;
}

void judge_maps(const StudyOptions& options,
                const std::vector<double>& errors,
                uint32_t chips,
                StudyResult& result) {
    const auto of = [&](size_t time, Map map) {
        std::vector<double> v;
        for (uint32_t chip = 0; chip < chips; chip++) {
            v.push_back(errors[(time * chips + chip) * kMaps + map]);
        }
        return v;
    };
    const auto saved = [&](size_t time, Map than) {
        std::vector<double> share = of(time, kTwoPairsSearched);
        const std::vector<double> other = of(time, than);
        for (size_t k = 0; k < share.size(); k++) {
            share[k] = 100 * (1 - share[k] / other[k]);
        }
        return bootstrap_interval(share, options.seed);
    };
    constexpr std::array<const char*, 2> kWhen = {"right after programming", "after a month"};
    constexpr std::array<const char*, 2> kPublished = {"39 %", "17 %"};
    for (size_t time = 0; time < 2; time++) {
        result.rows.push_back(at_least_row(
            fmt::format(
                "an optimised map to two pairs of devices lowers the weight error {}, against "
                "one pair with a device at rest (Mackin et al. 2022)",
                kWhen[time]),
            kPublished[time],
            0.0,
            saved(time, kOnePair),
            "%",
            1));
    }
    for (size_t time = 0; time < 2; time++) {
        result.rows.push_back(at_least_row(
            fmt::format("the same {}, against weights halved over the same four devices",
                        kWhen[time]),
            "not in the paper; our further row",
            0.0,
            saved(time, kTwoPairsEven),
            "%",
            1));
    }
    StudyTable table{
        "Root mean square error of weights by the map to conductances [% of the largest]",
        {"map", "1 s", "1 month"},
        {},
        "One pair has nothing to gain: noise of programming and reading grows with the "
        "conductance, so every common mode costs (last three lines), and the search returns "
        "the usual pair. Two pairs average the noise of four devices."};
    for (size_t map = 0; map < kMaps; map++) {
        std::vector<std::string> row = {kMapNames[map]};
        for (size_t time = 0; time < 2; time++) {
            const Interval e = bootstrap_interval(of(time, static_cast<Map>(map)), options.seed);
            row.push_back(
                fmt::format("{:.3f} ({:.3f} to {:.3f})", 100 * e.mean, 100 * e.low, 100 * e.high));
        }
        table.rows.push_back(std::move(row));
    }
    result.tables.push_back(std::move(table));
}

StudyResult run_gdp(const StudyOptions& options) {
    const uint32_t chips = options.small ? 2 : 5;
    const size_t size = options.small ? 64 : 256;
    const int iterations = options.small ? 60 : 150;
    std::optional<StudyNetwork> found;
    if (!options.small) {
        found = trained_resnet(14, 300, 64);
    }
    const bool real = found.has_value();
    const StudyNetwork set = real ? std::move(*found) : made_up_classifier(options.seed);
    HardwareSpec hardware;
    hardware.base.mapping.max_inputs = 256;
    hardware.base.mapping.max_outputs = 256;
    hardware.base.mapping.per_column = true;
    hardware.base.forward.ir_drop.strength = 3.0;
    CalibrationConfig rule;
    rule.quantile = 0.9995;
    const Network mapped = on_hardware(set, hardware, rule);

    std::vector<StudyUnit> units;
    for (size_t kind = 0; kind < kWeightKinds; kind++) {
        for (uint32_t chip = 0; chip < chips; chip++) {
            units.push_back({fmt::format("{} {}", kWeightNames[kind], chip), [&, kind, chip] {
                                 return measure(mapped, kind, size, options.seed, chip, iterations);
                             }});
        }
    }
    const size_t first_network = units.size();
    for (const bool gradient : {false, true}) {
        for (uint32_t chip = 0; chip < chips; chip++) {
            units.push_back({fmt::format("{} {} {}", set.name, gradient ? "GDP" : "verify", chip),
                             [&, gradient, chip] {
                                 ProgrammingConfig config =
                                     gradient ? gradient_config() : verify_config(false);
                                 config.iterations = iterations;
                                 return std::vector<double>{
                                     network_accuracy(set, mapped, config, options.seed, chip)};
                             }});
        }
    }
    const size_t map_unit = units.size();
    units.push_back({"weight maps", [&] { return map_errors(options, size, chips); }});
    const StudyUnitResults done = run_units(options, kGdpName, units);
    const auto at = [&](size_t kind, size_t way) {
        std::vector<double> v;
        for (uint32_t chip = 0; chip < chips; chip++) {
            v.push_back(done.values[kind * chips + chip][way]);
        }
        return v;
    };
    const auto ratio = [&](size_t kind, size_t a, size_t b) {
        std::vector<double> r;
        for (uint32_t chip = 0; chip < chips; chip++) {
            const std::vector<double>& v = done.values[kind * chips + chip];
            r.push_back(100 * (1 - v[a] / v[b]));
        }
        return bootstrap_interval(r, options.seed);
    };
    StudyResult result;
    result.earlier_s = done.earlier_s;
    result.repetitions = fmt::format(
        "{} tiles of {} x {} for each kind of weights, {} iterations, 512 held-out inputs",
        chips,
        size,
        size,
        iterations);
    result.substitution = fmt::format(
        "simulated phase-change cells (noise per pulse 3 % of g_max, log-normal gain 0.3, 1 % read "
        "noise, wires three times as resistive as usual) instead of the chip; pulse law, step "
        "sizes "
        "and numbers of iterations are mho's; {} instead of ResNet-9",
        real ? "the trained CIFAR-10 ResNet-14" : "a perceptron on made-up pictures");
    for (const size_t kind : {kGaussian, kSparse, kLowRank, kTrained}) {
        result.rows.push_back(at_least_row(
            fmt::format("GDP with an 8-bit ADC has less product error than verify with it, {} "
                        "weights: relative reduction",
                        kWeightNames[kind]),
            "significantly reduced",
            15.0,
            ratio(kind, kGdp, kVerify8),
            "%",
            1));
    }
    result.rows.push_back(at_least_row("the same for uniform weights (ADC range set for them)",
                                       "not in the paper; our further row",
                                       15,
                                       ratio(kUniform, kGdp, kVerify8),
                                       "%",
                                       1));
    for (const size_t kind : {kGaussian, kSparse, kLowRank, kTrained}) {
        result.rows.push_back(
            at_least_row(fmt::format("GDP with an 8-bit ADC against verify with 12-bit ideal cell "
                                     "readings, {} weights: relative reduction",
                                     kWeightNames[kind]),
                         "no high-resolution ADC needed",
                         -10.0,
                         ratio(kind, kGdp, kVerify12),
                         "%",
                         1));
        if (kind == kTrained && result.rows.back().verdict != Verdict::kHolds) {
            const auto text = [](const Interval& i) {
                return fmt::format("{:.1f} % ({:.1f} to {:.1f})", i.mean, i.low, i.high);
            };
            const size_t further = kWays + static_cast<size_t>(iterations);
            result.rows.back().explanation = fmt::format(
                "most trained weights are small, and GDP leaves their errors alone: it fires no "
                "pulse for a wanted change below {}. Tested, relative reduction: twice the "
                "iterations {}; these and pulses from half that change on {}. The converter is not "
                "what is missing: GDP with it from where 12-bit verify ended, {}.",
                gradient_config().threshold,
                text(ratio(kind, further, kVerify12)),
                text(ratio(kind, further + 1, kVerify12)),
                text(ratio(kind, kVerify12Gdp, kVerify12)));
        }
    }
    result.rows.push_back(
        at_least_row(fmt::format("GDP with an 8-bit ADC against the closed loop with it (aihwkit's "
                                 "program_weights), {} weights: relative reduction",
                                 kWeightNames[kTrained]),
                     "not in the paper; our further row",
                     0.0,
                     ratio(kTrained, kGdp, kClosedLoop),
                     "%",
                     1));
    std::vector<double> gain;
    for (uint32_t chip = 0; chip < chips; chip++) {
        gain.push_back(done.values[first_network + chips + chip][0] -
                       done.values[first_network + chip][0]);
    }
    result.rows.push_back(at_least_row(
        fmt::format("accuracy of {} programmed by GDP minus by 8-bit verify", set.name),
        "+1.26 points (ResNet-9 on two cores)",
        0.0,
        bootstrap_interval(gain, options.seed),
        "points",
        2));
    size_t down = 0;
    size_t windows = 0;
    StudyChart chart{
        "Error of the products while GDP runs", "iteration", "relative error [%]", false, {}};
    for (size_t kind = 0; kind < kWeightKinds; kind++) {
        StudyCurve curve{kWeightNames[kind], {}, {}};
        std::vector<double> descent(static_cast<size_t>(iterations), 0.0);
        for (uint32_t chip = 0; chip < chips; chip++) {
            const std::vector<double>& v = done.values[kind * chips + chip];
            for (size_t i = 0; i < descent.size(); i++) {
                descent[i] += v[kWays + i] / static_cast<double>(chips);
            }
        }
        const auto [d, w] = falling(descent);
        down += d;
        windows += w;
        for (size_t i = 0; i < descent.size(); i += 3) {
            curve.x.push_back(static_cast<double>(i));
            curve.y.push_back(descent[i]);
        }
        chart.curves.push_back(std::move(curve));
    }
    result.rows.push_back(
        count_row("the error falls over the iterations (means of ten, mean over "
                  "tiles, 1 % tolerance)",
                  "-",
                  "every step of every kind of weights",
                  down,
                  windows));
    judge_maps(options, done.values[map_unit], chips, result);
    StudyTable table{
        "Error of the product on held-out inputs, after the best affine correction of "
        "each column [%]",
        {"way"},
        {},
        real ? "Mean over tiles and its 95 % interval. Trained: rows of the last layers of the "
               "ResNet-14, others on every tile."
             : "Mean over tiles and its 95 % interval."};
    for (const char* name : kWeightNames) {
        table.columns.emplace_back(name);
    }
    for (size_t way = 0; way < kWays; way++) {
        std::vector<std::string> row = {kWayNames[way]};
        for (size_t kind = 0; kind < kWeightKinds; kind++) {
            const Interval e = bootstrap_interval(at(kind, way), options.seed);
            row.push_back(interval_text(e, 1));
        }
        table.rows.push_back(std::move(row));
    }
    result.tables.push_back(std::move(table));
    result.charts.push_back(std::move(chart));
    return result;
}

}  // namespace

Study gdp_study() {
    return {
        kGdpName,
        "Buechel et al., IEDM 2022, arXiv 2305.16647",
        "Programming by gradient descent on the error of products beats cell-by-cell program and "
        "verify, and needs no high-resolution ADC.",
        run_gdp};
}

}  // namespace mho

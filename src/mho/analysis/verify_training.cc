// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Categories update_law and toy: pulses of rank-1 updates, and learners at work.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>

#include "mho/analysis/noise_resistance.h"
#include "mho/analysis/verify_cells_internal.h"
#include "mho/train/pulse_rule.h"

namespace mho {
namespace {

constexpr double kHistogramSlack = 1e-3;
constexpr size_t kExactRepetitions = 32;
constexpr size_t kRepetitions = 60'000;
constexpr size_t kLargestMatrix = 1'000'000;
// Two lines share a train where the recorded generator repeats itself after this many numbers.
constexpr uint32_t kDefectiveLength = 31;

constexpr size_t kToySeeds = 120;
constexpr double kToyStdFactor = 2.2;
constexpr double kToyFinalStdLimit = 0.2;
constexpr double kSameStd = 1e-7;
constexpr double kRareKurtosis = 10.0;  // of 24 or more seeds: about three of them differ
constexpr int64_t kMaxToySteps = 100'000;
constexpr double kMaxToyWork = 1e10;  // seeds x steps x cells

struct UpdateRecord {
    PulseUpdate update;
    PulsedDevice device;
    double rate = 0.0;
    std::vector<float> x;
    std::vector<float> d;
};

UpdateRecord read_update_record(const JsonNode& record, TranslationNotes& notes) {
    const JsonNode config = record.at("config");
    const JsonNode inputs = record.at("inputs");
    UpdateRecord r{read_update(config.at("update"), notes),
                   read_pulsed_device(config.at("device"), notes),
                   config.at("lr").number(),
                   inputs.at("x").floats(),
                   inputs.at("d").floats()};
    if (r.x.empty() || r.d.empty() || r.x.size() * r.d.size() > kLargestMatrix) {
        inputs.fail("x and d must hold between 1 and a million elements in all");
    }
    return r;
}

// Pulses of every cell in `n` repetitions of the one update.
Samples count_pulses(const UpdateRecord& r, size_t n) {
    const size_t rows = r.d.size();
    const size_t cols = r.x.size();
    PulsedArray array(r.device, rows, cols, verify_key("update law"));
    const Matrix<float> zero(rows, cols);
    const double dw_min = common_parameters(with_derived_parameters(r.device)).dw_min;
    Samples counts(n, rows * cols);
    const ConstFloatView x{r.x.data(), 1, cols};
    const ConstFloatView d{r.d.data(), 1, rows};
    for (size_t k = 0; k < n; k++) {
        array.set_weights(zero.view(), 2 * k);
        pulsed_update(array, r.update, x, d, r.rate, ReadKey{2 * k + 1, 0});
        const ConstFloatView w = array.weights();
        for (size_t i = 0; i < rows; i++) {
            for (size_t j = 0; j < cols; j++) {
                counts(k, i * cols + j) = static_cast<float>(std::rint(w(i, j) / dw_min));
            }
        }
    }
    return counts;
}

// The element whose spread the recorded generator gets wrong, if there is one: the last column's
// train and the first row's depend on each other.
std::optional<size_t> defective_element(const UpdateRecord& r) {
    const auto largest_of = [](const std::vector<float>& v) {
        float most = 0;
        for (const float each : v) {
            most = std::max(most, std::abs(each));
        }
        return most;
    };
    const bool stochastic = r.update.type == PulseType::kStochastic ||
                            r.update.type == PulseType::kStochasticCompressed;
    const TrainScale scale = train_scale(
        r.update, std::abs(r.rate), granularity(r.device), largest_of(r.x), largest_of(r.d));
    if (!stochastic || scale.length != kDefectiveLength) {
        return std::nullopt;
    }
    return r.x.size() - 1;
}

void compare_histogram(Comparison& c,
                       const Samples& own,
                       const JsonNode& histogram,
                       double recorded_n,
                       const StatisticsRule& rule) {
    const auto n = static_cast<double>(own.rows);
    std::map<int, std::vector<double>> recorded;
    for (const std::string& key : histogram.keys()) {
        char* end = nullptr;
        const double value = std::strtod(key.c_str(), &end);
        if (end == key.c_str() || *end != '\0' || std::abs(value) > 1e9) {
            histogram.at(key).fail("the name of a share must be a number of pulses");
        }
        std::vector<double>& shares = recorded[static_cast<int>(value)];
        shares = histogram.at(key).flat_numbers();
        if (shares.size() != own.cols) {
            histogram.at(key).fail(fmt::format("must hold {} shares", own.cols));
        }
    }
    std::vector<std::map<int, double>> share(own.cols);
    for (size_t r = 0; r < own.rows; r++) {
        for (size_t i = 0; i < own.cols; i++) {
            const int value = static_cast<int>(own(r, i));
            share[i][value] += 1.0 / n;
            recorded.try_emplace(value, own.cols, 0.0);  // a count that was never seen there
        }
    }
    for (const auto& [value, shares] : recorded) {
        for (size_t i = 0; i < own.cols; i++) {
            if (!rule.compares_spread_of(i)) {
                continue;
            }
            const double mine = share[i].contains(value) ? share[i][value] : 0.0;
            const double p = std::max(shares[i], mine);
            const double spread = std::sqrt(std::max(p * (1 - p), 0.0) * (1 / recorded_n + 1 / n));
            c.value(mine,
                    shares[i],
                    kSigmas * spread + kHistogramSlack,
                    fmt::format("element {}, share of {} pulses", i, value));
        }
    }
    c.compared("histogram");
}

double column_std(const Samples& s, size_t column) {
    const auto n = static_cast<double>(s.rows);
    double mean = 0;
    for (size_t r = 0; r < s.rows; r++) {
        mean += s(r, column) / n;
    }
    double sum = 0;
    for (size_t r = 0; r < s.rows; r++) {
        sum += std::pow(s(r, column) - mean, 2);
    }
    return std::sqrt(sum / (n - 1));
}

double column_excess_kurtosis(const Samples& s, size_t column) {
    std::vector<float> values(s.rows);
    for (size_t r = 0; r < s.rows; r++) {
        values[r] = s(r, column);
    }
    return excess_kurtosis(values);
}

// How far apart the spreads of a loss are, as a share of what is allowed: a factor, in either
// order. Where a few seeds make all of the spread, as when devices are hardly ever written, others
// may have none, and the error of a standard deviation at that kurtosis is the limit.
double toy_spread_share(
    const Samples& losses, size_t k, double recorded, double recorded_kurtosis, size_t recorded_n) {
    const double own = column_std(losses, k);
    const double larger = std::max(own, recorded);
    const double smaller = std::min(own, recorded);
    if (larger <= kSameStd) {
        return 0.0;
    }
    double share = std::log(larger / smaller) / std::log(kToyStdFactor);
    const double kurtosis = std::max(recorded_kurtosis, column_excess_kurtosis(losses, k));
    if (kurtosis > kRareKurtosis) {
        const double error =
            larger *
            std::sqrt((kurtosis + 2) / 4 *
                      (1 / static_cast<double>(recorded_n) + 1 / static_cast<double>(losses.rows)));
        share = std::min(share, (larger - smaller) / (kSigmas * error));
    }
    return share;
}

// One least-squares problem: losses at the marked steps, and the final W - W*.
void run_toy(const LearnerConfig& config,
             double rate,
             const Matrix<float>& target,
             double label_noise,
             const std::vector<int64_t>& marks,
             uint32_t seed,
             float* losses,
             float* deviation) {
    const size_t rows = target.rows;
    const size_t cols = target.cols;
    const TileKey key = verify_key("toy", seed);
    const auto learner = make_learner(config, rows, cols, key);
    learner->set_weights(Matrix<float>(rows, cols).view());
    Matrix<float> x(1, cols);
    Matrix<float> error(1, rows);
    size_t mark = 0;
    for (uint64_t step = 0; step <= static_cast<uint64_t>(marks.back()); step++) {
        const ConstFloatView w = learner->weights();
        for (; mark < marks.size() && static_cast<uint64_t>(marks[mark]) == step; mark++) {
            double sum = 0;
            for (size_t i = 0; i < rows; i++) {
                for (size_t j = 0; j < cols; j++) {
                    sum += std::pow(static_cast<double>(w(i, j)) - target(i, j), 2);
                }
            }
            losses[mark] = static_cast<float>(sum / static_cast<double>(rows * cols));
        }
        fill_normal(key, Stream::kInitialWeights, step, 0, x.values);
        fill_normal(key, Stream::kShuffle, step, 0, error.values);
        for (size_t i = 0; i < rows; i++) {
            double e = label_noise * error(0, i);
            for (size_t j = 0; j < cols; j++) {
                e += (static_cast<double>(w(i, j)) - target(i, j)) * x(0, j);
            }
            error(0, i) = static_cast<float>(e);
        }
        UpdateCall call;
        call.rate = rate;
        call.key.step = step;
        learner->update(x.view(), error.view(), call);
    }
    const ConstFloatView w = learner->weights();
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < cols; j++) {
            deviation[i * cols + j] = w(i, j) - target(i, j);
        }
    }
}

}  // namespace

void verify_update_law(const JsonNode& record, Comparison& c) {
    const UpdateRecord r = read_update_record(record, c.notes);
    const size_t cells = r.x.size() * r.d.size();
    if (record.has_value("exact")) {
        const std::vector<double> recorded = record.at("exact").at("counts").flat_numbers();
        const Samples counts = count_pulses(r, kExactRepetitions);
        const double limit = 1e-6 * largest(recorded, 1.0);
        for (size_t k = 0; k < counts.rows; k++) {
            c.list({counts.row(k), cells}, recorded, limit, fmt::format("repetition {}", k));
        }
        c.compared("counts");
        return;
    }
    const JsonNode stats = record.at("stats");
    const Samples counts =
        count_pulses(r, own_repetitions(repetitions(stats), cells <= 64 ? kRepetitions : 0, cells));
    StatisticsRule rule;
    if (const std::optional<size_t> element = defective_element(r)) {
        rule.means_only = {*element};
    }
    compare_statistics(c, counts, stats, "counts", rule);
    if (stats.has_value("histogram")) {
        compare_histogram(
            c, counts, stats.at("histogram"), static_cast<double>(repetitions(stats)), rule);
    }
}

void verify_toy(const JsonNode& record, Comparison& c) {
    const LearnerConfig config = read_learner(record.at("config").at("rpu"), c.notes);
    const double rate = record.at("config").at("lr").number();
    const JsonNode inputs = record.at("inputs");
    const Matrix<float> target = inputs.at("W_star").matrix();
    const double label_noise = inputs.at("label_noise").number();
    if (inputs.has_value("W_start") && inputs.at("W_start").number() != 0.0) {
        inputs.at("W_start").fail("must be 0");
    }
    const JsonNode stats = record.at("stats");
    std::vector<int64_t> marks;
    for (size_t i = 0; i < inputs.at("step").size(); i++) {
        marks.push_back(inputs.at("step").entry(i).integer(0, kMaxToySteps));
    }
    if (marks.empty() || !std::is_sorted(marks.begin(), marks.end())) {
        inputs.at("step").fail("must hold ascending numbers of steps");
    }
    const size_t cells = target.rows * target.cols;
    const auto steps = static_cast<size_t>(marks.back()) + 1;
    if (cells == 0 ||
        static_cast<double>(cells) * static_cast<double>(steps * kToySeeds) > kMaxToyWork) {
        inputs.fail("the problem is empty or too large");
    }
    Samples losses(kToySeeds, marks.size());
    Samples deviations(kToySeeds, cells);
    for (size_t seed = 0; seed < kToySeeds; seed++) {
        run_toy(config,
                rate,
                target,
                label_noise,
                marks,
                static_cast<uint32_t>(seed),
                losses.row(seed),
                deviations.row(seed));
    }
    StatisticsRule means;
    means.means_only.resize(std::max(marks.size(), cells));
    std::iota(means.means_only.begin(), means.means_only.end(), size_t{0});
    compare_statistics(c, losses, stats.at("loss"), "loss", means);
    const JsonNode recorded_std = stats.at("loss").at("std");
    std::optional<JsonNode> recorded_kurtosis;
    if (stats.at("loss").has_value("excess_kurtosis")) {
        recorded_kurtosis = stats.at("loss").at("excess_kurtosis");
    }
    for (size_t k = 0; k < marks.size(); k++) {
        const double theirs = recorded_std.entry(k).number();
        const double kurtosis = recorded_kurtosis ? recorded_kurtosis->entry(k).number() : 0.0;
        c.share(toy_spread_share(losses, k, theirs, kurtosis, repetitions(stats.at("loss"))),
                fmt::format("loss at step {}: std {:.4g}, recorded {:.4g}",
                            marks[k],
                            column_std(losses, k),
                            theirs));
    }
    const JsonNode final_stats = stats.at("final_weight_minus_target");
    compare_statistics(c, deviations, final_stats, "final deviation", means);
    double mine = 0;
    double theirs = 0;
    const std::vector<double> recorded = final_stats.at("std").flat_numbers();
    for (size_t i = 0; i < cells; i++) {
        const double s = column_std(deviations, i);
        mine += s * s;
        theirs += recorded[i] * recorded[i];
    }
    mine = std::sqrt(mine / static_cast<double>(cells));
    theirs = std::sqrt(theirs / static_cast<double>(cells));
    c.value(mine, theirs, kToyFinalStdLimit * theirs, "root mean square of the final std");
}
}  // namespace mho

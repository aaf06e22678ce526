// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// The tolerances of the golden data: five standard errors of both sides, plus what is known about
// the recorded generator (a table of 32768 normal numbers per tile: spreads are off by up to 1 %).

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "mho/analysis/verify_internal.h"

namespace mho {
namespace {

constexpr double kRelativeFloor = 2e-6;  // float32 results, printed with six digits
constexpr double kAbsoluteFloor = 1e-7;
constexpr double kStdSlack = 0.01;
constexpr double kQuantileSlack = 0.005;
constexpr double kValueSlack = 1e-5;  // a value may sit on a converter code or on a bound
constexpr double kLowestQuantile = 0.01;
constexpr double kHighestQuantile = 0.99;
constexpr double kLargestKurtosis = 50.0;
constexpr double kRareSpread = 2.0;  // of the product of two; at most 1.42 for normal numbers

struct Moments {
    double mean = 0;
    double std = 0;
    double excess_kurtosis = 0;
};

Moments moments_of(const std::vector<float>& values) {
    const auto n = static_cast<double>(values.size());
    Moments m;
    for (const float v : values) {
        m.mean += v;
    }
    m.mean /= n;
    double second = 0;
    double fourth = 0;
    for (const float v : values) {
        const double square = (v - m.mean) * (v - m.mean);
        second += square;
        fourth += square * square;
    }
    m.std = n > 1 ? std::sqrt(second / (n - 1)) : 0.0;
    m.excess_kurtosis = second > 0 ? fourth * n / (second * second) - 3.0 : 0.0;
    return m;
}

// Five standard errors of the difference of an own and a recorded average over tiles, from the
// spread of `value(sample)` averaged over each own tile.
template <class F>
double tile_limit(const StatisticsRule& rule, size_t samples, F&& value) {
    const size_t per_tile = samples / rule.own_tiles;
    const auto tiles = static_cast<double>(rule.own_tiles);
    double sum = 0;
    double squares = 0;
    for (size_t t = 0; t < rule.own_tiles; t++) {
        double average = 0;
        for (size_t r = t * per_tile; r < (t + 1) * per_tile; r++) {
            average += value(r);
        }
        average /= static_cast<double>(per_tile);
        sum += average;
        squares += average * average;
    }
    const double variance = std::max(squares - sum * sum / tiles, 0.0) / std::max(tiles - 1, 1.0);
    return kSigmas * std::sqrt(variance * (1 / tiles + 1 / static_cast<double>(std::max<size_t>(
                                                               rule.recorded_tiles, 1))));
}

// A column of recorded numbers, one per variable. A statistic of one variable may be a bare number.
std::vector<double> recorded_list(const JsonNode& stats,
                                  const std::string& name,
                                  size_t variables) {
    const JsonNode node = stats.at(name);
    std::vector<double> values;
    if (node.is_list()) {
        for (size_t i = 0; i < node.size(); i++) {
            const JsonNode each = node.entry(i);
            values.push_back(each.is_null() ? std::numeric_limits<double>::quiet_NaN()
                                            : each.number());
        }
    } else {
        values.push_back(node.number());
    }
    if (values.size() != variables) {
        node.fail("must hold " + std::to_string(variables) + " numbers, one per variable, got " +
                  std::to_string(values.size()));
    }
    return values;
}

void compare_quantiles(Comparison& c,
                       const std::vector<float>& column,
                       const StatisticsRule& rule,
                       const JsonNode& quantiles,
                       size_t variable,
                       size_t variables,
                       double recorded_n,
                       double recorded_std,
                       double recorded_mean_error,
                       const std::string& where) {
    std::vector<float> sorted = column;
    std::sort(sorted.begin(), sorted.end());
    const auto n = static_cast<double>(sorted.size());
    // Shares of own samples below a value, and up to it.
    const auto share_below = [&](double x) {
        const auto end = std::lower_bound(
            sorted.begin(), sorted.end(), x, [](float v, double limit) { return v < limit; });
        return static_cast<double>(end - sorted.begin()) / n;
    };
    const auto share_up_to = [&](double x) {
        const auto end = std::upper_bound(
            sorted.begin(), sorted.end(), x, [](double limit, float v) { return limit < v; });
        return static_cast<double>(end - sorted.begin()) / n;
    };
    for (const std::string& key : quantiles.keys()) {
        char* end = nullptr;
        const double q = std::strtod(key.c_str(), &end);
        if (end == key.c_str() || *end != '\0' || !(q >= 0 && q <= 1)) {
            quantiles.at(key).fail("the name of a quantile must be a probability");
        }
        const double value = recorded_list(quantiles, key, variables)[variable];
        if (q < kLowestQuantile || q > kHighestQuantile) {
            continue;
        }
        if (!std::isfinite(value)) {
            c.share(kInfinity, where + ", quantile " + key + " is recorded as not finite");
            continue;
        }
        const double slack = kValueSlack * (std::abs(value) + recorded_std);
        double sampling = kSigmas * std::sqrt(q * (1 - q) * (1 / recorded_n + 1 / n));
        if (rule.own_tiles > 0) {
            sampling = std::max(sampling, tile_limit(rule, column.size(), [&](size_t r) {
                                    return column[r] < value ? 1.0 : 0.0;
                                }));
        }
        const double limit = sampling +
                             (recorded_std > 0 ? 2 * recorded_mean_error / recorded_std : 0.0) +
                             kQuantileSlack;
        const double above = share_below(value - slack) - q;
        const double below = q - share_up_to(value + slack);
        c.share(std::max({above, below, 0.0}) / limit, where + ", quantile " + key);
    }
}

}  // namespace

bool StatisticsRule::compares_spread_of(size_t variable) const {
    return std::find(means_only.begin(), means_only.end(), variable) == means_only.end();
}

void Comparison::share(double of_limit, const std::string& where) {
    count_++;
    const bool worse = !(of_limit <= worst_);  // also for NaN
    if (worse || worst_at_.empty()) {
        worst_ = std::isnan(of_limit) ? kInfinity : of_limit;
        worst_at_ = where;
    }
}

void Comparison::value(double own, double recorded, double limit, const std::string& where) {
    const bool same = own == recorded || (std::isnan(own) && std::isnan(recorded));
    const double of_limit = same ? 0.0 : std::abs(own - recorded) / limit;
    if (of_limit <= worst_ && !worst_at_.empty()) {
        count_++;  // without building the text: most values end here
        return;
    }
    share(of_limit, fmt::format("{}: {:.7g}, recorded {:.7g}", where, own, recorded));
}

void Comparison::list(std::span<const float> own,
                      std::span<const double> recorded,
                      double limit,
                      const std::string& what) {
    for (size_t i = 0; i < own.size() && i < recorded.size(); i++) {
        value(own[i], recorded[i], limit, fmt::format("{}[{}]", what, i));
    }
    if (own.size() != recorded.size()) {
        share(kInfinity,
              fmt::format("{}: {} values, recorded {}", what, own.size(), recorded.size()));
    }
}

void Comparison::compared(const std::string& what) {
    what_.push_back(what);
}

std::string Comparison::text() const {
    std::string text;
    for (size_t i = 0; i < what_.size(); i++) {
        text += (i == 0 ? "" : ", ") + what_[i];
    }
    return fmt::format(
        "{} ({} value{})", text.empty() ? "nothing" : text, count_, count_ == 1 ? "" : "s");
}

Matrix<float> weights_of(const JsonNode& record) {
    const JsonNode node = record.at("inputs").at("W");
    Matrix<float> w = node.matrix();
    if (w.rows == 0 || w.cols == 0) {
        node.fail("must have at least one row and one column");
    }
    return w;
}

double largest(std::span<const double> values, double floor) {
    double most = floor;
    for (const double v : values) {
        most = std::isfinite(v) ? std::max(most, std::abs(v)) : most;
    }
    return most;
}

void compare_correlation(Comparison& c,
                         const Samples& own,
                         const JsonNode& recorded,
                         double recorded_n,
                         const StatisticsRule& rule,
                         const std::string& what,
                         const std::vector<size_t>& kept) {
    const size_t variables = own.cols;
    if (kept.empty() && recorded.size() != variables) {
        recorded.fail("must be a matrix of " + std::to_string(variables) + " rows");
    }
    const auto place = [&](size_t i) { return kept.empty() ? i : kept[i]; };
    const auto n = static_cast<double>(own.rows);
    std::vector<double> mean(variables, 0.0);
    for (size_t r = 0; r < own.rows; r++) {
        for (size_t i = 0; i < variables; i++) {
            mean[i] += own(r, i) / n;
        }
    }
    Matrix<double> products(variables, variables);
    Matrix<double> squares(variables, variables);
    std::vector<double> centred(variables);
    for (size_t r = 0; r < own.rows; r++) {
        for (size_t i = 0; i < variables; i++) {
            centred[i] = own(r, i) - mean[i];
        }
        for (size_t i = 0; i < variables; i++) {
            for (size_t j = 0; j < i; j++) {
                const double product = centred[i] * centred[j];
                products(i, j) += product;
                squares(i, j) += product * product;
            }
            products(i, i) += centred[i] * centred[i];
        }
    }
    for (size_t i = 0; i < variables; i++) {
        const JsonNode row = recorded.entry(place(i));
        if (row.size() != recorded.size()) {
            row.fail("must hold " + std::to_string(recorded.size()) + " numbers");
        }
        for (size_t j = 0; j < i; j++) {
            const double norm = std::sqrt(products(i, i) * products(j, j));
            // A constant variable has no correlation; the moments already say whether it may be
            // one.
            const JsonNode entry = row.entry(place(j));
            if (entry.is_null() || !(norm > 0) || !rule.compares_spread_of(i) ||
                !rule.compares_spread_of(j)) {
                continue;
            }
            // Where events are rare, a handful of coincidences decides.
            const double spread = std::sqrt(std::max(
                squares(i, j) * n / (norm * norm) - std::pow(products(i, j) / norm, 2), 0.0));
            double limit = rule.correlation_limit;
            if (spread > kRareSpread) {
                limit = std::max(limit, kSigmas * spread * std::sqrt(1 / n + 1 / recorded_n));
            }
            if (rule.own_tiles > 0) {
                limit =
                    std::max(limit, tile_limit(rule, own.rows, [&](size_t r) {
                                 return (own(r, i) - mean[i]) * (own(r, j) - mean[j]) * n / norm;
                             }));
            }
            c.value(products(i, j) / norm,
                    entry.number(),
                    limit,
                    fmt::format("{}, correlation of {} and {}", what, i, j));
        }
    }
}

size_t repetitions(const JsonNode& stats) {
    return static_cast<size_t>(stats.at("n").integer(2, kMaxRepetitions));
}

size_t own_repetitions(size_t recorded, size_t at_least, size_t variables) {
    const size_t n = std::max(recorded, at_least);
    if (variables > 0 && n > kMaxSampleValues / variables) {
        throw InputError(fmt::format("{} repetitions of {} values are too many", n, variables));
    }
    return n;
}

void compare_statistics(Comparison& c,
                        const Samples& own,
                        const JsonNode& stats,
                        const std::string& what,
                        const StatisticsRule& rule) {
    const auto n = static_cast<double>(repetitions(stats));
    const auto own_n = static_cast<double>(own.rows);
    const size_t variables = own.cols;
    const std::vector<double> mean = recorded_list(stats, "mean", variables);
    const std::vector<double> std = recorded_list(stats, "std", variables);
    std::vector<double> kurtosis(variables, 0.0);
    if (stats.has_value("excess_kurtosis")) {
        kurtosis = recorded_list(stats, "excess_kurtosis", variables);
    }
    std::vector<double> mean_error;
    if (stats.has_value("mean_error")) {
        mean_error = recorded_list(stats, "mean_error", variables);
    }
    std::vector<float> column(own.rows);
    for (size_t i = 0; i < variables; i++) {
        const std::string where = variables == 1 ? what : fmt::format("{}, variable {}", what, i);
        if (!std::isfinite(mean[i]) || !std::isfinite(std[i])) {
            // One repetition outside the domain of the original's law (a logarithm of a negative
            // number) spoils its moments: nothing is known about this variable.
            c.notes.push_back(
                {TranslationNote::Kind::kDropped, where, "not compared: recorded as not finite"});
            continue;
        }
        for (size_t r = 0; r < own.rows; r++) {
            column[r] = own(r, i);
        }
        const Moments m = moments_of(column);
        const double error = mean_error.empty() ? std[i] / std::sqrt(n) : mean_error[i];
        const double own_error = m.std / std::sqrt(own_n);
        const double floor = kRelativeFloor * std::abs(mean[i]) + kAbsoluteFloor;
        double mean_limit = kSigmas * std::sqrt(error * error + own_error * own_error);
        const double k = std::max(std::isnan(kurtosis[i]) ? 0.0 : kurtosis[i], m.excess_kurtosis);
        double std_limit =
            kSigmas * std::sqrt(std::max(k + 2, 0.0) / 4 * (1 / n + 1 / own_n)) * std[i];
        if (rule.own_tiles > 0) {
            mean_limit = std::max(mean_limit, tile_limit(rule, own.rows, [&](size_t r) {
                                      return static_cast<double>(column[r]);
                                  }));
            // From the error of the variance to that of its root.
            const double variance_limit = tile_limit(rule, own.rows, [&](size_t r) {
                return (column[r] - m.mean) * (column[r] - m.mean);
            });
            std_limit = std::max(std_limit, m.std > 0 ? variance_limit / (2 * m.std) : 0.0);
        }
        if (!rule.quantiles_only) {
            c.value(m.mean, mean[i], mean_limit + floor, where + ", mean");
        }
        if (!rule.compares_spread_of(i)) {
            continue;
        }
        if (!rule.quantiles_only && k <= kLargestKurtosis) {
            c.value(m.std, std[i], std_limit + kStdSlack * std[i] + floor, where + ", std");
        }
        if (stats.has_value("quantiles")) {
            compare_quantiles(c,
                              column,
                              rule,
                              stats.at("quantiles"),
                              i,
                              variables,
                              n,
                              std[i],
                              mean_error.empty() ? 0.0 : error,
                              where);
        }
    }
    if (stats.has_value("correlation")) {
        compare_correlation(c, own, stats.at("correlation"), n, rule, what);
    }
    c.compared(what);
}

}  // namespace mho

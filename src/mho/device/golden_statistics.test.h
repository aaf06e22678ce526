// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_GOLDEN_STATISTICS_TEST_H
#define MHO_DEVICE_GOLDEN_STATISTICS_TEST_H

// Compares own samples with recorded statistics of another simulator. Bounds of five standard
// errors of both sides plus the known imperfection of the recorded generator (a table of 32768
// normals: its spread is off by up to 1 %).

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace mho {

inline nlohmann::json golden_records(const std::string& category) {
    std::ifstream file(std::string(MHO_TEST_DATA) + "/golden/" + category + ".json");
    return nlohmann::json::parse(file).at("records");
}

inline nlohmann::json golden_record(const std::string& category, const std::string& id) {
    for (const auto& record : golden_records(category)) {
        if (record.at("id") == category + "/" + id) {
            return record;
        }
    }
    throw std::runtime_error("no golden record " + id);
}

struct Moments {
    double mean = 0;
    double deviation = 0;
    double excess_kurtosis = 0;
};

inline Moments moments(const std::vector<float>& values) {
    const auto n = static_cast<double>(values.size());
    Moments m;
    for (const float v : values) {
        m.mean += v / n;
    }
    double second = 0;
    double fourth = 0;
    for (const float v : values) {
        const double square = (v - m.mean) * (v - m.mean);
        second += square / n;
        fourth += square * square / n;
    }
    m.deviation = std::sqrt(second * n / (n - 1));
    m.excess_kurtosis = second > 0 ? fourth / (second * second) - 3.0 : 0.0;
    return m;
}

/// `stats` is a record's {n, mean, std, excess_kurtosis, quantiles}, `i` the variable.
inline void expect_statistics(std::vector<float> own,
                              const nlohmann::json& stats,
                              size_t i,
                              const std::string& what) {
    const double n = stats.at("n");
    const auto own_n = static_cast<double>(own.size());
    const double mean = stats.at("mean")[i];
    const double deviation = stats.at("std")[i];
    const double error = stats.contains("mean_error") && !stats.at("mean_error").is_null()
                             ? stats.at("mean_error")[i].get<double>()
                             : deviation / std::sqrt(n);
    const auto& recorded_kurtosis = stats.at("excess_kurtosis")[i];
    const Moments m = moments(own);
    const double kurtosis = std::max(
        recorded_kurtosis.is_null() ? 0.0 : recorded_kurtosis.get<double>(), m.excess_kurtosis);
    EXPECT_NEAR(m.mean,
                mean,
                5 * std::sqrt(error * error + m.deviation * m.deviation / own_n) +
                    2e-6 * std::abs(mean) + 1e-7)
        << what << ": mean of variable " << i;
    if (kurtosis <= 50) {
        EXPECT_NEAR(m.deviation,
                    deviation,
                    (5 * std::sqrt((kurtosis + 2) / 4 * (1 / n + 1 / own_n)) + 0.01) * deviation +
                        2e-6 * std::abs(mean) + 1e-7)
            << what << ": standard deviation of variable " << i;
    }
    std::sort(own.begin(), own.end());
    for (const auto& [key, values] : stats.at("quantiles").items()) {
        const double q = std::stod(key);
        if (q < 0.01 || q > 0.99) {
            continue;
        }
        const double value = values[i];
        const double slack = 1e-5 * (std::abs(value) + deviation);
        const auto share_below = [&](double x) {
            const auto above = std::lower_bound(
                own.begin(), own.end(), x, [](float v, double limit) { return v < limit; });
            return static_cast<double>(above - own.begin()) / own_n;
        };
        const double limit = 5 * std::sqrt(q * (1 - q) * (1 / n + 1 / own_n)) +
                             (deviation > 0 ? 2 * error / deviation : 0.0) + 0.005;
        EXPECT_LE(share_below(value - slack), q + limit)
            << what << ": quantile " << key << " of " << i;
        EXPECT_GE(share_below(value + slack), q - limit)
            << what << ": quantile " << key << " of " << i;
    }
}

}  // namespace mho

#endif  // MHO_DEVICE_GOLDEN_STATISTICS_TEST_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/array/converter_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mho {
namespace {

// Beyond this the tables of a custom pair do not give back the weight that was put in.
constexpr double kInvertible = 1e-4;

void check_range(double g_max_us,
                 double g_min_us,
                 const std::string& path,
                 std::vector<Problem>& problems) {
    if (g_min_us >= g_max_us) {
        problems.push_back(
            {join_path(path, "g_min_us"),
             fmt::format("must be below g_max_us ({}), got {}", g_max_us, g_min_us)});
    }
}

void check_factors(const std::vector<double>& factors,
                   const std::string& path,
                   std::vector<Problem>& problems) {
    if (factors.empty() || factors.size() > 64) {
        problems.push_back({join_path(path, "factors"),
                            fmt::format("must have 1 to 64 numbers, got {}", factors.size())});
    }
}

}  // namespace

void SinglePair::check(const std::string& path, std::vector<Problem>& problems) const {
    check_range(g_max_us, g_min_us, path, problems);
}

void NPair::check(const std::string& path, std::vector<Problem>& problems) const {
    check_range(g_max_us, g_min_us, path, problems);
    check_factors(factors, path, problems);
}

void SingleDevice::check(const std::string& path, std::vector<Problem>& problems) const {
    check_range(g_max_us, g_min_us, path, problems);
}

void CustomPair::check(const std::string& path, std::vector<Problem>& problems) const {
    check_range(g_max_us, g_min_us, path, problems);
    check_factors(factors, path, problems);
    const size_t problems_before = problems.size();
    const size_t points = g_plus_us.empty() ? 0 : g_plus_us[0].size();
    for (const auto& [name, tables] :
         {std::pair{"g_plus_us", &g_plus_us}, std::pair{"g_minus_us", &g_minus_us}}) {
        const std::string here = join_path(path, name);
        if (tables->size() != factors.size()) {
            problems.push_back(
                {here,
                 fmt::format(
                     "must have one table per pair ({}), got {}", factors.size(), tables->size())});
        }
        for (size_t i = 0; i < tables->size(); i++) {
            const auto& table = (*tables)[i];
            if (table.size() != points || points < 2) {
                problems.push_back({fmt::format("{}[{}]", here, i),
                                    fmt::format("every table must have the same number of points, "
                                                "at least 2; the first has {}, this {}",
                                                points,
                                                table.size())});
            }
            if (std::any_of(table.begin(), table.end(), [&](double g) {
                    return !(g >= g_min_us && g <= g_max_us);
                })) {
                problems.push_back(
                    {fmt::format("{}[{}]", here, i),
                     fmt::format(
                         "must lie between g_min_us ({}) and g_max_us ({})", g_min_us, g_max_us)});
            }
        }
    }
    if (problems.size() != problems_before || factors.empty()) {
        return;
    }
    // Between the points all is linear, so it is enough to look at the points.
    std::vector<double> total(points, 0.0);
    double largest = 0.0;
    for (size_t p = 0; p < points; p++) {
        for (size_t i = 0; i < factors.size(); i++) {
            total[p] += factors[i] * (g_plus_us[i][p] - g_minus_us[i][p]);
        }
        largest = std::max(largest, std::abs(total[p]));
    }
    for (size_t p = 0; p < points; p++) {
        const double expected =
            largest * (2.0 * static_cast<double>(p) / static_cast<double>(points - 1) - 1.0);
        if (!(std::abs(total[p] - expected) <= kInvertible * largest) || largest == 0.0) {
            problems.push_back(
                {path,
                 fmt::format("the tables cannot be inverted: at point {} the pairs add up to "
                             "{} uS instead of {} uS (sum of factor (g_plus - g_minus) must "
                             "rise linearly from -{} to {})",
                             p,
                             total[p],
                             expected,
                             largest,
                             largest)});
            return;
        }
    }
}

void UserConverter::check(const std::string& path, std::vector<Problem>& problems) const {
    if (!law) {
        problems.push_back(
            {path, "a converter of your own cannot be read from a file: set `law` in code"});
    }
}

}  // namespace mho

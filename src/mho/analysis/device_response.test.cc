// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/device_response.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "mho/util/error.h"

namespace mho {
namespace {

TEST(DeviceResponse, NominalCurveFollowsTheRecursion) {
    SoftBounds d;
    d.dw_min = 0.01;
    d.w_max = 0.8;
    d.w_min = -0.4;
    d.up_down = 0.3;  // the down step is 0.007
    const DeviceResponse r = measure_response(d, {.pulses = 100, .cells = 50});
    ASSERT_EQ(r.pulse.front(), 0);
    ASSERT_EQ(r.pulse.back(), 200);
    double w = 0;
    size_t at = 0;
    for (int k = 0; k <= 200; k++) {
        if (k > 0) {
            w += k <= 100 ? 0.01 * (1 - w / 0.8) : -0.007 * (1 - w / -0.4);
        }
        if (at < r.pulse.size() && r.pulse[at] == k) {
            EXPECT_NEAR(r.nominal[at], w, 1e-5) << k;
            at++;
        }
    }
    EXPECT_EQ(at, r.pulse.size());
    // 0.01 (1 - w / 0.8) = 0.007 (1 + w / 0.4)
    EXPECT_NEAR(r.symmetric_point, 0.003 / (0.01 / 0.8 + 0.007 / 0.4), 1e-3);
    EXPECT_NEAR(r.granularity, 0.01, 1e-12);
    EXPECT_NEAR(r.states, 120, 1e-9);
}

TEST(DeviceResponse, BandsHoldTheirSpread) {
    ConstantStep d;
    d.dw_min = 0.001;
    d.w_max = 10.0;
    d.w_min = -10.0;
    d.dw_min_std = 0.5;
    d.dw_min_dtod = 0.2;
    d.up_down_dtod = 0.0;
    const DeviceResponse r = measure_response(d, {.pulses = 100, .cells = 4000});
    const size_t tip =
        static_cast<size_t>(std::find(r.pulse.begin(), r.pulse.end(), 100.0) - r.pulse.begin());
    // Quantiles of 5 and 95 % of normal laws: 1.645 standard deviations.
    const double cycle = 0.001 * 0.5 * 10;
    const double cells = std::hypot(cycle, 0.001 * 0.2 * 100);
    EXPECT_NEAR((r.cycle.high[tip] - r.cycle.low[tip]) / 2, 1.645 * cycle, 0.12 * 1.645 * cycle);
    EXPECT_NEAR((r.spread.high[tip] - r.spread.low[tip]) / 2, 1.645 * cells, 0.12 * 1.645 * cells);
    EXPECT_NEAR(r.spread.mean[tip], 0.1, 6 * cells / std::sqrt(4000.0));
    EXPECT_EQ(r.nominal.front(), 0.0);
    EXPECT_EQ(r.symmetric_point, 0.0);  // symmetric everywhere
    EXPECT_EQ(r.cells.size(), 5U);
}

TEST(DeviceResponse, AlternatingPulsesFindTheSymmetricPoint) {
    SoftBounds d;
    d.dw_min = 0.01;
    d.up_down = 0.3;
    d.w_max = d.dw_min_std = 0.5;
    d.w_min = -0.5;
    d = std::get<SoftBounds>(identical_cells(d, false));
    const DeviceResponse r = measure_response(d, {.pulses = 50, .cells = 200});
    const double expected = 0.003 / (0.01 / 0.5 + 0.007 / 0.5);
    double sum = 0;
    for (const double p : r.symmetric_points) {
        sum += p / 200;
    }
    // Half a step above: readings after up and after down pulses alternate around it. A cell's
    // estimate scatters by less than 0.03.
    EXPECT_NEAR(sum, expected, 0.012);
}

TEST(DeviceResponse, IdenticalCellsKeepTheNoise) {
    MeasuredStep m;
    m.write_noise_std = 2.0;
    m.stuck_probability = 0.1;
    const auto same = std::get<MeasuredStep>(identical_cells(m, false));
    EXPECT_EQ(same.dw_min_dtod, 0.0);
    EXPECT_EQ(same.w_max_dtod, 0.0);
    EXPECT_EQ(same.stuck_probability, 0.0);
    EXPECT_EQ(same.write_noise_std, 2.0);
    EXPECT_EQ(same.std_up, m.std_up);
    const auto quiet = std::get<MeasuredStep>(identical_cells(m, true));
    EXPECT_EQ(quiet.write_noise_std, 0.0);
    EXPECT_EQ(quiet.std_up, std::vector<double>{0.0});
    EXPECT_EQ(quiet.dw_min, m.dw_min);
}

TEST(DeviceResponse, RefusesAbsurdRequests) {
    EXPECT_THROW(measure_response(ConstantStep{}, {.pulses = 2'000'000}), InputError);
    EXPECT_THROW(measure_response(ConstantStep{}, {.cells = 1}), InputError);
    EXPECT_THROW(measure_response(ConstantStep{}, {.pulses = 1'000'000, .cells = 100'000}),
                 InputError);
    ConstantStep bad;
    bad.dw_min = std::numeric_limits<double>::quiet_NaN();
    EXPECT_THROW(measure_response(bad), ConfigError);
    // One pulse, and a device without states to speak of.
    EXPECT_EQ(measure_response(ConstantStep{}, {.pulses = 1, .cells = 2}).pulse.size(), 3U);
}

}  // namespace
}  // namespace mho

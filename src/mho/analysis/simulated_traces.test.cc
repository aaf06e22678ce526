// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/simulated_traces.h"

#include <gtest/gtest.h>

#include "mho/util/error.h"

namespace mho {
namespace {

TEST(SimulatedTraces, ReadAfterEveryPulseAndSurviveTheFile) {
    ConstantStep device;
    device.dw_min = 0.01;
    device.dw_min_std = 0;
    device.dw_min_dtod = 0;
    device.up_down_dtod = 0;
    device.w_max_dtod = device.w_min_dtod = 0;
    const auto traces = simulate_traces(device, 2, 3, 2, 2, 1);
    ASSERT_EQ(traces.size(), 2u);
    EXPECT_EQ(traces[0].pulses,
              (std::vector<int>{0, 1, 1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1, 1, -1, 1, -1}));
    EXPECT_NEAR(traces[1].weight[3], 0.03, 1e-6);
    EXPECT_NEAR(traces[1].weight.back(), 0, 1e-6);
    const auto back = parse_pulse_traces(traces_to_csv(traces), "x");
    ASSERT_EQ(back.size(), 2u);
    EXPECT_EQ(back[1].pulses, traces[1].pulses);
    EXPECT_EQ(back[1].weight, traces[1].weight);
    EXPECT_THROW(simulate_traces(device, 0, 3, 2, 2, 1), InputError);
}

}  // namespace
}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// The batch level of constant steps near a bound, where only parts of a batch, samples or pulses
// may be drawn together, against pulses one by one.

#include <gtest/gtest.h>

#include <cmath>

#include "mho/device/pulsed_array.h"

namespace mho {
namespace {

constexpr size_t kRows = 160;
constexpr size_t kCols = 256;
const TileKey kKey = make_tile_key(11, "pulsed array batch test");

// Every line fires in every slot; the signs of samples alternate in blocks, so that cells wander
// to the bound and back: all cells see the same pulses.
PulseTrains equal_trains(size_t samples, uint32_t length) {
    PulseTrains t;
    t.samples = samples;
    t.rows = kRows;
    t.cols = kCols;
    t.length.assign(samples, length);
    const auto lines = [&](size_t n, bool signs) {
        LineTrains l;
        l.lines = n;
        l.stride = (n + 15) / 16 * 16;
        l.words_per_sample = 1;
        l.bits.assign(samples * l.stride, (1u << length) - 1);
        l.negative.assign(samples * l.stride, 0);
        for (size_t s = 0; signs && s < samples; s++) {
            const bool down = s % 12 >= 7;
            std::fill_n(l.negative.data() + s * l.stride, l.stride, down ? ~0u : 0u);
        }
        return l;
    };
    t.row_lines = lines(kRows, false);
    t.col_lines = lines(kCols, true);
    return t;
}

struct Moments {
    double mean = 0;
    double deviation = 0;
    double at_bound = 0;  // share of cells on it
};

Moments run(float start, PulseLaw law, PulseActivity& did) {
    ConstantStep device;
    device.dw_min_dtod = device.up_down_dtod = device.w_max_dtod = device.w_min_dtod = 0;
    PulsedArray a(device, kRows, kCols, kKey);
    a.set_weights(Matrix<float>(kRows, kCols, start).view(), 0);
    PulseOptions o;
    o.law = law;
    did = a.apply(equal_trains(40, 4), 1, o);
    Moments m;
    const double cells = kRows * kCols;
    const auto high = static_cast<float>(device.w_max);
    for (const bool second : {false, true}) {
        for (size_t r = 0; r < kRows; r++) {
            for (size_t c = 0; c < kCols; c++) {
                const double w = a.weights()(r, c);
                if (second) {
                    m.deviation += (w - m.mean) * (w - m.mean) / cells;
                    m.at_bound += a.weights()(r, c) >= high ? 1 / cells : 0;
                } else {
                    m.mean += w / cells;
                }
            }
        }
    }
    m.deviation = std::sqrt(m.deviation);
    return m;
}

TEST(BatchLevel, FollowsThePulsesUpToABound) {
    const double cells = kRows * kCols;
    for (const float below : {0.0f, 0.004f, 0.02f, 0.035f, 0.05f, 0.2f}) {
        const auto start = static_cast<float>(ConstantStep{}.w_max) - below;
        PulseActivity jumps;
        PulseActivity pulses;
        const Moments a = run(start, PulseLaw::kSample, jumps);
        const Moments b = run(start, PulseLaw::kPulse, pulses);
        // Five standard errors of two samples of this size.
        const double error = 5 * std::sqrt(2 / cells);
        EXPECT_NEAR(a.mean, b.mean, error * b.deviation + 1e-6) << below;
        EXPECT_NEAR(a.deviation, b.deviation, error * b.deviation) << below;
        EXPECT_NEAR(a.at_bound, b.at_bound, error * 0.5) << below;
        EXPECT_EQ(jumps.pulses, pulses.pulses) << below;
        EXPECT_LT(jumps.normals, pulses.normals) << below;
    }
}

TEST(BatchLevel, CountsPulsesOnEveryLevel) {
    ConstantStep device;
    PulsedArray a(device, kRows, kCols, kKey);
    a.count_pulses(true);
    a.set_weights(Matrix<float>(kRows, kCols, 0.55f).view(), 0);
    const PulseTrains trains = equal_trains(40, 4);
    a.apply(trains, 1, {});
    size_t ups = 0;
    for (size_t s = 0; s < trains.samples; s++) {
        ups += s % 12 >= 7 ? 0 : 4;
    }
    for (size_t r = 0; r < kRows; r++) {
        for (size_t c = 0; c < kCols; c++) {
            ASSERT_EQ(a.up_pulses()(r, c), ups);
            ASSERT_EQ(a.down_pulses()(r, c), 4 * trains.samples - ups);
        }
    }
}

}  // namespace
}  // namespace mho

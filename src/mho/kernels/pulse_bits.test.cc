// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/kernels/pulse_bits.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <vector>

#include "mho/util/simd_test_support.h"

namespace mho {
namespace {

const TileKey kKey = make_tile_key(9, "pulse bits");

struct Thresholds {
    std::vector<uint32_t> below;
    std::vector<uint32_t> always;
};

Thresholds thresholds(const std::vector<double>& p) {
    Thresholds t;
    for (const double each : p) {
        t.below.push_back(pulse_threshold(each).below);
        t.always.push_back(pulse_threshold(each).always);
    }
    return t;
}

TEST(PulseBits, EqualTheirScalarTwinOnEveryTarget) {
    std::vector<double> p(64, 0.0);
    for (size_t i = 0; i < 32; i++) {
        p[i] = 0.04 * static_cast<double>(i);  // some above 1; lines 32 to 63 never fire
    }
    p[50] = 0.5;
    const Thresholds t = thresholds(p);
    for (const uint32_t length : {1u, 5u, 31u, 32u, 33u, 100u}) {
        std::vector<uint32_t> expected((length + 31) / 32 * 64);
        twin::draw_pulse_bits(
            kKey, Stream::kPulseTrainInput, 3, t.below, t.always, length, expected);
        on_all_targets([&] {
            std::vector<uint32_t> bits(expected.size());
            draw_pulse_bits(kKey, Stream::kPulseTrainInput, 3, t.below, t.always, length, bits);
            EXPECT_EQ(bits, expected) << length << " slots";
        });
    }
}

TEST(PulseBits, FireWithTheirProbability) {
    const std::vector<double> p = {
        0.0, 1e-3, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0, 1.5, 0.3, 0.6, 0.2, 0.8, 0.4};
    const Thresholds t = thresholds(p);
    const uint32_t length = 32;
    const int repeats = 4000;
    std::vector<uint64_t> fired(p.size());
    std::vector<uint32_t> bits(p.size());
    for (int k = 0; k < repeats; k++) {
        draw_pulse_bits(kKey,
                        Stream::kPulseTrainInput,
                        static_cast<uint64_t>(k),
                        t.below,
                        t.always,
                        length,
                        bits);
        for (size_t i = 0; i < p.size(); i++) {
            fired[i] += static_cast<uint64_t>(std::popcount(bits[i]));
        }
    }
    const double n = repeats * double{length};
    for (size_t i = 0; i < p.size(); i++) {
        const double expected = std::min(p[i], 1.0);
        // Five standard errors over 16 lines: a false alarm once in 1e5 runs of other seeds.
        EXPECT_NEAR(static_cast<double>(fired[i]) / n,
                    expected,
                    5.5 * std::sqrt(expected * (1 - expected) / n))
            << p[i];
    }
}

TEST(PulseBits, SlotsAreIndependent) {
    const Thresholds t = thresholds(std::vector<double>(16, 0.5));
    std::vector<uint32_t> bits(16);
    int same = 0;
    int lines = 0;
    const int repeats = 2000;
    for (int k = 0; k < repeats; k++) {
        draw_pulse_bits(
            kKey, Stream::kPulseTrainError, static_cast<uint64_t>(k), t.below, t.always, 32, bits);
        for (size_t i = 0; i < 16; i++) {
            // Equal neighbours in time, and equal bits of neighbouring lines.
            same += std::popcount(~(bits[i] ^ (bits[i] >> 1)) & 0x7fffffffu);
            lines += std::popcount(~(bits[i] ^ bits[(i + 1) % 16]));
        }
    }
    const double n = repeats * 16.0 * 31.0;
    EXPECT_NEAR(same / n, 0.5, 5 * 0.5 / std::sqrt(n));
    EXPECT_NEAR(lines / (repeats * 16.0 * 32.0), 0.5, 5 * 0.5 / std::sqrt(n));
}

}  // namespace
}  // namespace mho

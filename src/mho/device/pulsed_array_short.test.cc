// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Short, sparse trains among longer ones: rows that fire in one slot, blocks of columns without a
// pulse, cells that wait before the next row begins, and rows that share numbers by eight and
// by 32.

#include <gtest/gtest.h>

#include <algorithm>

#include "mho/device/pulsed_array.h"
#include "mho/util/simd_test_support.h"

namespace mho {
namespace {

const TileKey kKey = make_tile_key(8, "short trains test");
constexpr size_t kRows = 75;
constexpr size_t kCols = 300;
constexpr size_t kSamples = 7;

std::vector<PulsedDevice> models() {
    SoftBoundsReference reference;
    reference.reference_std = 0.05;
    SoftBounds coarse;
    coarse.dw_min = 0.1;  // jumps are not allowed: pulse by pulse
    PiecewiseStep pieces;
    pieces.piecewise_up = {1.2, 0.9, 0.3};
    pieces.piecewise_down = {0.2, 0.8, 1.1};
    SoftBounds written;
    written.write_noise_std = 0.5;
    return {ConstantStep{}, SoftBounds{}, coarse, reference, ExpStep{}, PowStep{}, pieces, written};
}

// A line fires in a slot with probability 1/8, and of every 64 lines 32 never fire in the short
// samples but the third; that one is dense, the fourth and the last are long.
PulseTrains sparse_trains() {
    PulseTrains t;
    t.samples = kSamples;
    t.rows = kRows;
    t.cols = kCols;
    t.length = {5, 8, 5, 20, 1, 4, 31};
    uint64_t draw = 0;
    const auto lines = [&](size_t n) {
        LineTrains l;
        l.lines = n;
        l.stride = (n + 15) / 16 * 16;
        l.words_per_sample = 1;
        l.bits.assign(kSamples * l.stride, 0);
        l.negative.assign(kSamples * l.stride, 0);
        std::vector<uint32_t> words(4);
        for (size_t s = 0; s < kSamples; s++) {
            for (size_t i = 0; i < n; i++, draw += 4) {
                fill_words(kKey, Stream::kTest, 0, draw, words);
                const uint32_t bits = s == 2 ? words[0] | words[1] : words[0] & words[1] & words[2];
                const bool silent = s != 2 && t.length[s] <= 8 && i % 64 >= 16 && i % 64 < 48;
                l.sample_bits(s)[i] = silent ? 0 : bits & ((1u << t.length[s]) - 1);
                l.negative[s * l.stride + i] = words[3] & 1 ? ~0u : 0u;
            }
        }
        return l;
    };
    t.row_lines = lines(kRows);
    t.col_lines = lines(kCols);
    return t;
}

PulsedArray fresh(const PulsedDevice& device) {
    PulsedArray a(device, kRows, kCols, kKey);
    Matrix<float> w(kRows, kCols);
    fill_uniform(kKey, Stream::kTest, 1, 0, w.values);
    for (float& v : w.values) {
        v = 0.8f * v - 0.4f;
    }
    a.set_weights(w.view(), 0);
    return a;
}

std::vector<float> weights_of(const PulsedArray& a) {
    std::vector<float> v;
    for (size_t r = 0; r < kRows; r++) {
        v.insert(v.end(), a.weights().row(r), a.weights().row(r) + kCols);
    }
    return v;
}

TEST(ShortTrains, EqualTheScalarTwinOnEveryTarget) {
    const PulseTrains trains = sparse_trains();
    for (const PulsedDevice& device : models()) {
        for (const PulseLaw law : {PulseLaw::kPulse, PulseLaw::kSample}) {
            PulseOptions options;
            options.law = law;
            options.batch_level = false;
            PulseOptions plain = options;
            plain.scalar_twin = true;
            PulsedArray expected = fresh(device);
            expected.apply(trains, 3, plain);
            on_all_targets([&] {
                PulsedArray a = fresh(device);
                a.apply(trains, 3, options);
                EXPECT_EQ(weights_of(expected), weights_of(a)) << model_name(device);
            });
        }
    }
}

TEST(ShortTrains, SameBitsForThreadsCutsAndLooks) {
    const PulseTrains trains = sparse_trains();
    const std::vector<WeightTap> taps = {{0, 2}, {2, 18}, {2, 0}, {6, 3}, {7, 3}};
    for (const PulsedDevice& device : models()) {
        PulsedArray whole = fresh(device);
        PulseOptions options;
        options.batch_level = false;
        options.threads = 3;
        std::vector<float> seen(taps.size() * kRows);
        options.taps = taps;
        options.tapped = seen.data();
        const PulseActivity did = whole.apply(trains, 3, options);
        PulsedArray parts = fresh(device);
        PulseActivity sum;
        std::vector<float> wanted;
        size_t done = 0;
        for (const WeightTap& tap : taps) {
            PulseOptions part;
            part.batch_level = false;
            part.first = done;
            part.count = tap.after - done;
            sum.add(parts.apply(trains, 3, part));
            done = tap.after;
            for (size_t r = 0; r < kRows; r++) {
                wanted.push_back(parts.weights()(r, tap.line));
            }
        }
        EXPECT_EQ(wanted, seen) << model_name(device);
        EXPECT_EQ(weights_of(parts), weights_of(whole)) << model_name(device);
        EXPECT_EQ(sum.pulses, did.pulses);
        EXPECT_EQ(sum.normals, did.normals);
        EXPECT_EQ(sum.pulse_cells, did.pulse_cells);
    }
}

}  // namespace
}  // namespace mho

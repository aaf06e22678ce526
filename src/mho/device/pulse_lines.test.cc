// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/pulse_lines.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "mho/util/simd_test_support.h"

namespace mho {
namespace {

const TileKey kKey = make_tile_key(6, "pulse lines test");

std::vector<PulsedDevice> models() {
    LinearStep linear;
    linear.gamma_up = 0.4;
    linear.gamma_down = 0.7;
    linear.multiplicative_noise = false;
    SoftBoundsReference reference;
    reference.reference_std = 0.05;
    reference.subtract_symmetry_point = true;
    PiecewiseStep pieces;
    pieces.piecewise_up = {1.2, 0.9, 0.3};
    pieces.piecewise_down = {0.2, 0.8, 1.1};
    ExponentialResponse exponential;
    exponential.gamma = 2.0;
    SoftBounds coarse;
    coarse.dw_min = 0.1;  // jumps are not allowed: pulse by pulse
    return {ConstantStep{},
            linear,
            SoftBounds{},
            coarse,
            reference,
            ExpStep{},
            PowStep{},
            pieces,
            exponential};
}

// Writes of lines with counts from -most to most; every fifth is empty.
PulseTrains line_trains(bool columns,
                        const std::vector<uint32_t>& lines,
                        size_t rows,
                        size_t cols,
                        int most,
                        uint64_t draw = 0) {
    const size_t n = lines.size();
    const size_t size = columns ? rows : cols;
    PulseTrains t;
    t.counting = PulseCounting::kProduct;
    t.samples = n;
    t.rows = rows;
    t.cols = cols;
    t.length.assign(n, static_cast<uint32_t>(most));
    t.row_values.assign(n * rows, 0.0f);
    t.col_values.assign(n * cols, 0.0f);
    std::vector<float> u(size);
    for (size_t s = 0; s < n; s++) {
        const uint32_t line = lines[s];
        t.first_row.push_back(columns ? 0 : line);
        t.last_row.push_back(columns ? static_cast<uint32_t>(rows) : line + 1);
        t.first_group.push_back(columns ? line / 16 : 0);
        t.last_group.push_back(columns ? line / 16 + 1 : static_cast<uint32_t>((cols + 15) / 16));
        float* hot = columns ? &t.col_values[s * cols] : &t.row_values[s * rows];
        float* counts = columns ? &t.row_values[s * rows] : &t.col_values[s * cols];
        hot[line] = s % 2 == 0 ? 1.0f : -1.0f;
        fill_uniform(kKey, Stream::kTest, draw, s * size, u);
        for (size_t i = 0; i < size; i++) {
            counts[i] = std::nearbyint((2 * u[i] - 1) * static_cast<float>(most));
        }
        if (s % 5 == 4) {
            t.length[s] = 0;
        }
    }
    return t;
}

std::vector<float> after(const PulsedDevice& device,
                         const PulseTrains& trains,
                         const PulseOptions& options,
                         size_t cut = 0) {
    PulsedArray a(device, trains.rows, trains.cols, kKey);
    a.count_pulses(true);
    Matrix<float> w(trains.rows, trains.cols);
    fill_uniform(kKey, Stream::kTest, 999, 0, w.values);
    for (float& v : w.values) {
        v = 0.8f * v - 0.4f;
    }
    a.set_weights(w.view(), 0);
    PulseOptions part = options;
    part.count = cut > 0 ? cut : SIZE_MAX;
    a.apply(trains, 3, part);
    if (cut > 0) {
        part.first = cut;
        part.count = SIZE_MAX;
        a.apply(trains, 3, part);
    }
    std::vector<float> v;
    for (size_t r = 0; r < trains.rows; r++) {
        for (size_t c = 0; c < trains.cols; c++) {
            v.push_back(a.weights()(r, c));
            v.push_back(static_cast<float>(a.up_pulses()(r, c)));
            v.push_back(static_cast<float>(a.down_pulses()(r, c)));
        }
    }
    return v;
}

// Neighbours, jumps and repetitions.
const std::vector<uint32_t> kLines = {3, 4, 5, 6, 7, 7, 8, 2, 0, 1, 2, 15, 16, 17, 18, 3};

TEST(PulseLines, EqualTheirScalarTwinOnEveryTarget) {
    for (const bool columns : {true, false}) {
        const PulseTrains trains =
            line_trains(columns, kLines, columns ? 21 : 19, columns ? 19 : 37, 12);
        size_t model = 0;
        for (const PulsedDevice& device : models()) {
            SCOPED_TRACE(model++);
            for (const PulseLaw law : {PulseLaw::kSample, PulseLaw::kPulse}) {
                for (const bool frozen : {false, true}) {
                    PulseOptions options;
                    options.law = law;
                    options.frozen_response = frozen;
                    options.scalar_twin = true;
                    const std::vector<float> expected = after(device, trains, options);
                    options.scalar_twin = false;
                    on_all_targets(
                        [&] { EXPECT_EQ(expected, after(device, trains, options)) << columns; });
                }
            }
        }
    }
}

TEST(PulseLines, SameBitsForThreadsAndCuts) {
    for (const bool columns : {true, false}) {
        const PulseTrains trains = line_trains(columns, kLines, 40, 50, 9);
        for (const PulsedDevice& device : models()) {
            const std::vector<float> expected = after(device, trains, {});
            PulseOptions options;
            options.threads = 3;
            EXPECT_EQ(expected, after(device, trains, options));
            EXPECT_EQ(expected, after(device, trains, {}, 3));
            EXPECT_EQ(expected, after(device, trains, options, 13));
        }
    }
}

TEST(PulseLines, LooksSeeTheWeightsBetweenSamples) {
    constexpr size_t kRows = 20;
    constexpr size_t kCols = 24;
    for (const bool columns : {true, false}) {
        const PulseTrains trains = line_trains(columns, kLines, kRows, kCols, 3);
        const std::vector<WeightTap> taps = {{0, 3}, {1, 3}, {6, 7}, {6, 8}, {16, 2}};
        const size_t size = columns ? kRows : kCols;
        std::vector<float> tapped(taps.size() * size);
        PulseOptions options;
        options.taps = taps;
        options.tap_columns = columns;
        options.tapped = tapped.data();
        PulsedArray whole(SoftBounds{}, kRows, kCols, kKey);
        whole.apply(trains, 3, options);
        for (size_t k = 0; k < taps.size(); k++) {
            PulsedArray cut(SoftBounds{}, kRows, kCols, kKey);
            PulseOptions part;
            part.count = taps[k].after;
            cut.apply(trains, 3, part);
            for (size_t i = 0; i < size; i++) {
                const size_t line = taps[k].line;
                EXPECT_EQ(columns ? cut.weights()(i, line) : cut.weights()(line, i),
                          tapped[k * size + i])
                    << k;
            }
        }
    }
}

// The counts arrive, whatever the path: cells with write noise take the general one.
TEST(PulseLines, CountsAreWhatTheTrainsSay) {
    constexpr size_t kRows = 9;
    constexpr size_t kCols = 33;
    LinearStep exact;  // without slopes: constant steps
    exact.gamma_up_dtod = exact.gamma_down_dtod = exact.w_max_dtod = exact.w_min_dtod = 0;
    exact.dw_min_dtod = exact.dw_min_std = exact.up_down_dtod = 0;
    exact.w_max = 10;
    exact.w_min = -10;
    LinearStep noisy = exact;
    noisy.write_noise_std = 1.0;
    for (const bool columns : {true, false}) {
        const std::vector<uint32_t> lines = {2, 3, 3, 8, 0};
        const PulseTrains trains = line_trains(columns, lines, kRows, kCols, 6);
        for (const LinearStep& device : {exact, noisy}) {
            PulsedArray a(device, kRows, kCols, kKey);
            const PulseActivity did = a.apply(trains, 0);
            uint64_t pulses = 0;
            for (size_t r = 0; r < kRows; r++) {
                for (size_t c = 0; c < kCols; c++) {
                    double sum = 0;
                    for (size_t s = 0; s < trains.samples; s++) {
                        const double n = double{trains.row_values[s * kRows + r]} *
                                         trains.col_values[s * kCols + c] *
                                         (trains.length[s] > 0 ? 1 : 0);
                        sum += n;
                        pulses += static_cast<uint64_t>(std::abs(n));
                    }
                    EXPECT_NEAR(sum * 0.001, a.hidden_weights()(r, c), 1e-6);
                }
            }
            EXPECT_EQ(pulses, did.pulses);
        }
    }
}

// One jump for n pulses against n pulses: the same mean and spread, and numbers of different cells
// and samples that know nothing of each other.
TEST(PulseLines, JumpsHaveTheMomentsOfTheirPulses) {
    constexpr size_t kRows = 400;
    constexpr size_t kCols = 400;
    std::vector<uint32_t> lines(kCols);
    std::iota(lines.begin(), lines.end(), 0u);
    SoftBounds same;
    same.dw_min_dtod = same.up_down_dtod = same.w_max_dtod = same.w_min_dtod = 0;
    same.dw_min_std = 0.3;
    PulseTrains trains = line_trains(true, lines, kRows, kCols, 1);
    std::fill(trains.length.begin(), trains.length.end(), 12u);
    std::fill(trains.row_values.begin(), trains.row_values.end(), 12.0f);
    for (size_t s = 0; s < kCols; s++) {
        trains.col_values[s * kCols + s] = 1.0f;
    }
    double mean[2];
    double deviation[2];
    for (const PulseLaw law : {PulseLaw::kSample, PulseLaw::kPulse}) {
        PulsedArray a(same, kRows, kCols, kKey);
        PulseOptions options;
        options.law = law;
        const PulseActivity did = a.apply(trains, 1, options);
        constexpr double kCells = double{kRows} * kCols;
        EXPECT_EQ(law == PulseLaw::kSample ? 0u : uint64_t{kRows} * kCols, did.pulse_cells);
        double sum = 0;
        double squares = 0;
        double neighbours = 0;
        const double middle = a.weights()(0, 0);
        for (size_t r = 0; r < kRows; r++) {
            for (size_t c = 0; c < kCols; c++) {
                const double v = a.weights()(r, c) - middle;
                sum += v;
                squares += v * v;
            }
        }
        const auto k = static_cast<size_t>(law == PulseLaw::kSample ? 0 : 1);
        mean[k] = middle + sum / kCells;
        deviation[k] = std::sqrt(squares / kCells - (sum / kCells) * (sum / kCells));
        for (size_t r = 0; r + 1 < kRows; r++) {
            for (size_t c = 0; c + 1 < kCols; c++) {
                neighbours += (a.weights()(r, c) - mean[k]) *
                              (a.weights()(r + 1, c) + a.weights()(r, c + 1) - 2 * mean[k]);
            }
        }
        // Six standard errors.
        EXPECT_LT(std::abs(neighbours / kCells),
                  6 * std::sqrt(2.0 / kCells) * deviation[k] * deviation[k]);
    }
    const double error = deviation[1] * std::sqrt(2.0 / (double{kRows} * kCols));
    EXPECT_NEAR(mean[1], mean[0], 6 * error);
    EXPECT_NEAR(deviation[1], deviation[0], 6 * error);
}

}  // namespace
}  // namespace mho

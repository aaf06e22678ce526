// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "law_errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "mho/device/pulsed_array.h"
#include "mho/device/pulsed_device.h"
#include "mho/random/stream.h"

namespace mho::bench {
namespace {

constexpr size_t kRows = 200;
constexpr size_t kCols = 1008;

// Pulses of a batch: samples of equal length, each up or down.
struct Pattern {
    const char* name;
    uint32_t pulses;  // of a sample
    std::vector<bool> up;
};

std::vector<Pattern> patterns() {
    std::vector<bool> ordered(16);
    std::vector<bool> alternating(16);
    for (size_t s = 0; s < 16; s++) {
        ordered[s] = s < 8;
        alternating[s] = s % 2 == 0;
    }
    return {{"3 up", 3, {true}},
            {"30 up", 30, {true}},
            {"30 down", 30, {false}},
            {"64 up, then 64 down", 8, ordered},
            {"8 up, 8 down, eight times", 8, alternating}};
}

LineTrains lines_of(size_t count, const Pattern& p, bool carries_sign) {
    LineTrains l;
    l.lines = count;
    l.stride = (count + 15) / 16 * 16;
    l.words_per_sample = 1;
    l.bits.assign(p.up.size() * l.stride, 0);
    l.negative.assign(p.up.size() * l.stride, 0);
    for (size_t s = 0; s < p.up.size(); s++) {
        const auto at = static_cast<std::ptrdiff_t>(s * l.stride);
        std::fill_n(l.bits.begin() + at, count, (1u << p.pulses) - 1);
        if (carries_sign && !p.up[s]) {
            std::fill_n(l.negative.begin() + at, count, ~0u);
        }
    }
    return l;
}

struct Moments {
    double mean = 0, std = 0, skewness = 0;
};

Moments measure(const PulsedDevice& device, float start, const Pattern& p, PulseLaw law) {
    PulsedArray a(device, kRows, kCols, make_tile_key(3, "law errors"));
    a.set_weights(Matrix<float>(kRows, kCols, start).view(), 0);
    PulseTrains t;
    t.samples = p.up.size();
    t.rows = kRows;
    t.cols = kCols;
    t.length.assign(p.up.size(), p.pulses);
    t.row_lines = lines_of(kRows, p, false);
    t.col_lines = lines_of(kCols, p, true);
    PulseOptions o;
    o.law = law;
    a.apply(t, 5, o);
    Moments m;
    double powers[3] = {};
    const auto each = [&](const auto& f) {
        for (size_t r = 0; r < kRows; r++) {
            for (size_t c = 0; c < kCols; c++) {
                f(double{a.weights()(r, c)} - double{start});
            }
        }
    };
    constexpr double kCells = double{kRows} * kCols;
    each([&](double x) { powers[0] += x / kCells; });
    each([&](double x) {
        const double d = x - powers[0];
        powers[1] += d * d / kCells;
        powers[2] += d * d * d / kCells;
    });
    m.mean = powers[0];
    m.std = std::sqrt(powers[1]);
    m.skewness = m.std > 0 ? powers[2] / (powers[1] * m.std) : 0;
    return m;
}

struct Model {
    const char* name;
    PulsedDevice device;
    bool sums;  // law `batch` is its own for these; for others it is `sample`
};

std::vector<Model> models() {
    PiecewiseStep pieces;
    pieces.piecewise_up = pieces.piecewise_down = {1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4};
    LinearStep linear;
    linear.gamma_up = linear.gamma_down = 0.5;
    linear.gamma_up_dtod = linear.gamma_down_dtod = 0;
    return {{"constant step", ConstantStep{}, true},
            {"linear step", linear, true},
            {"soft bounds", SoftBounds{}, true},
            {"soft bounds, reference", SoftBoundsReference{}, true},
            {"exponential step", ExpStep{}, false},
            {"power step", PowStep{}, false},
            {"piecewise step", pieces, false},
            {"power response", PowerResponse{}, false},
            {"exponential response", ExponentialResponse{}, false}};
}

}  // namespace

void print_law_errors() {
    fmt::print(
        "| model | start | pulses | mean | std | skew | `sample`: mean, std, skew | `batch`: mean, "
        "std, "
        "skew |\n| --- | ---: | --- | ---: | ---: | ---: | --- | --- |\n");
    for (auto [name, device, sums] : models()) {
        PulsedCell& cell = common_parameters(device);
        cell.dw_min_dtod = cell.up_down_dtod = cell.w_max_dtod = cell.w_min_dtod = 0;
        for (const float start : {-0.3f, 0.4f, 0.58f}) {
            for (const Pattern& p : patterns()) {
                const Moments exact = measure(device, start, p, PulseLaw::kPulse);
                const auto against = [&](PulseLaw law) {
                    const Moments m = measure(device, start, p, law);
                    return fmt::format("{:+.3f} s, x {:.3f}, {:+.3f}",
                                       (m.mean - exact.mean) / exact.std,
                                       m.std / exact.std,
                                       m.skewness - exact.skewness);
                };
                fmt::print("| {} | {:g} | {} | {:.5f} | {:.5f} | {:+.3f} | {} | {} |\n",
                           name,
                           start,
                           p.name,
                           exact.mean,
                           exact.std,
                           exact.skewness,
                           against(PulseLaw::kSample),
                           sums ? against(PulseLaw::kBatch) : "as `sample`");
            }
        }
    }
}

}  // namespace mho::bench

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/pulsed_array.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "mho/device/pulse_reference.h"
#include "mho/util/error.h"
#include "mho/util/simd_test_support.h"

namespace mho {
namespace {

const TileKey kKey = make_tile_key(5, "pulsed array test");

class HalfStep : public StepLaw {
  public:
    float pulse(float w, bool up, float step, float, float, float normal) const override {
        return w + (up ? 0.5f : -0.5f) * step * (1 + 0.1f * normal);
    }
};

// Every model of the kernels, with parameters that use all of its terms.
std::vector<PulsedDevice> all_models() {
    LinearStep linear;
    linear.gamma_up = 0.4;
    linear.gamma_down = 0.7;
    LinearStep additive = linear;
    additive.multiplicative_noise = false;
    additive.write_noise_std = 2.0;
    SoftBoundsReference reference;
    reference.reference_std = 0.05;
    reference.subtract_symmetry_point = true;
    reference.up_down_dtod = 0.2;
    ExpStep complex_noise;
    complex_noise.dw_min_std_add = 0.002;
    complex_noise.dw_min_std_slope = 0.01;
    PiecewiseStep pieces;
    pieces.piecewise_up = {1.2, 0.9, 0.3};
    pieces.piecewise_down = {0.2, 0.8, 1.1};
    PowerResponse power;
    power.gamma = 0.5;
    power.reference_std = 0.02;
    ExponentialResponse exponential;
    exponential.gamma = 2.0;
    MeasuredStep measured;
    measured.mean_up = {1.5, 1.0, 0.2};
    measured.mean_down = {0.3, 1.0, 1.4};
    measured.std_up = {0.5, 0.3, 0.1};
    measured.std_down = {0.1, 0.2, 0.6};
    SoftBounds coarse;
    coarse.dw_min = 0.1;  // jumps are not allowed: pulse by pulse
    return {ConstantStep{},
            linear,
            additive,
            SoftBounds{},
            coarse,
            reference,
            SoftBoundsPmax{},
            ExpStep{},
            complex_noise,
            PowStep{},
            PowStepReference{},
            pieces,
            power,
            exponential,
            measured};
}

// Trains with random bits: `samples` samples of `length` slots, density about a quarter.
PulseTrains random_trains(size_t samples, size_t rows, size_t cols, uint32_t length) {
    PulseTrains t;
    t.samples = samples;
    t.rows = rows;
    t.cols = cols;
    t.length.assign(samples, length);
    uint64_t draw = 0;
    const auto lines = [&](size_t n) {
        LineTrains l;
        l.lines = n;
        l.stride = (n + 15) / 16 * 16;
        l.words_per_sample = (length + 31) / 32;
        l.bits.assign(samples * l.words_per_sample * l.stride, 0);
        l.negative.assign(samples * l.stride, 0);
        std::vector<uint32_t> words(3);
        for (size_t s = 0; s < samples; s++) {
            for (size_t i = 0; i < n; i++) {
                for (size_t w = 0; w < l.words_per_sample; w++) {
                    fill_words(kKey, Stream::kTest, length, draw, words);
                    draw += 3;
                    const uint32_t left = length - static_cast<uint32_t>(32 * w);
                    const uint32_t mask = left >= 32 ? ~0u : (1u << left) - 1;
                    l.sample_bits(s)[w * l.stride + i] = (words[0] | words[1]) & mask;
                    l.negative[s * l.stride + i] = words[2] & 1 ? ~0u : 0u;
                }
            }
        }
        return l;
    };
    t.row_lines = lines(rows);
    t.col_lines = lines(cols);
    return t;
}

Matrix<float> start_weights(size_t rows, size_t cols) {
    Matrix<float> w(rows, cols);
    fill_uniform(kKey, Stream::kTest, 77, 0, w.values);
    for (float& v : w.values) {
        v = 0.8f * v - 0.4f;
    }
    return w;
}

std::vector<float> values_of(ConstFloatView m) {
    std::vector<float> v;
    for (size_t r = 0; r < m.rows; r++) {
        v.insert(v.end(), m.row(r), m.row(r) + m.cols);
    }
    return v;
}

std::vector<float> after(const PulsedDevice& device,
                         const PulseTrains& trains,
                         const PulseOptions& options,
                         bool count = false) {
    PulsedArray a(device, trains.rows, trains.cols, kKey);
    a.count_pulses(count);
    a.set_weights(start_weights(trains.rows, trains.cols).view(), 0);
    a.apply(trains, 3, options);
    std::vector<float> v = values_of(a.weights());
    const std::vector<float> hidden = values_of(a.hidden_weights());
    v.insert(v.end(), hidden.begin(), hidden.end());
    for (size_t r = 0; count && r < trains.rows; r++) {
        for (size_t c = 0; c < trains.cols; c++) {
            v.push_back(static_cast<float>(a.up_pulses()(r, c)));
            v.push_back(static_cast<float>(a.down_pulses()(r, c)));
        }
    }
    return v;
}

TEST(PulseKernel, EqualsItsScalarTwinOnEveryTarget) {
    for (const PulsedDevice& device : all_models()) {
        for (const size_t cols : {1, 16, 37}) {
            for (const uint32_t length : {7u, 31u, 40u}) {
                const PulseTrains trains = random_trains(3, 3, cols, length);
                for (const PulseLaw law : {PulseLaw::kPulse, PulseLaw::kSample}) {
                    PulseOptions o;
                    o.law = law;
                    o.batch_level = false;
                    o.routing =
                        cols == 37 && length == 31 ? PulseRouting::kDownAsUp : PulseRouting::kBoth;
                    o.frozen_response = length == 40;
                    const bool count = cols == 16;
                    PulseOptions plain = o;
                    plain.scalar_twin = true;
                    const std::vector<float> expected = after(device, trains, plain, count);
                    on_all_targets([&] {
                        EXPECT_EQ(after(device, trains, o, count), expected)
                            << model_name(device) << ", " << cols << " columns, " << length
                            << " slots";
                    });
                }
            }
        }
    }
}

TEST(PulsedArray, FollowsTheReferencePulseByPulse) {
    for (PulsedDevice device : all_models()) {
        common_parameters(device).dw_min_std = 0;
        if (auto* m = std::get_if<MeasuredStep>(&device)) {
            m->std_up = m->std_down = {0, 0, 0};
        }
        if (auto* e = std::get_if<ExpStep>(&device)) {
            e->dw_min_std_add = e->dw_min_std_slope = 0;
        }
        std::visit(
            [](auto& d) {
                if constexpr (requires { d.write_noise_std; }) {
                    d.write_noise_std = 0;
                }
            },
            device);
        PulsedArray a(device, 4, 5, kKey);
        a.set_weights(start_weights(4, 5).view(), 0);
        const auto cell = [&](size_t r, size_t c) {
            const auto get = [&](const char* name, double missing) {
                for (const std::string& known : a.table_names()) {
                    if (known == name) {
                        return double{a.table(name)(r, c)};
                    }
                }
                return missing;
            };
            CellParameters p;
            p.min_bound = get("min_bound", 0);
            p.max_bound = get("max_bound", 0);
            p.step_up = get("dwmin_up", 0);
            p.step_down = get("dwmin_down", 0);
            p.slope_up = get("slope_up", 0);
            p.slope_down = get("slope_down", 0);
            p.gamma_up = get("gamma_up", 1);
            p.gamma_down = get("gamma_down", 1);
            p.reference = get("reference", 0);
            return p;
        };
        for (const bool up : {true, false}) {
            Matrix<double> w(4, 5);
            for (size_t i = 0; i < w.values.size(); i++) {
                w.values[i] = a.weights()(i / 5, i % 5);
            }
            const int pulses = 60;
            for (int k = 0; k < pulses; k++) {
                a.pulse_all(up, static_cast<uint64_t>(k));
                for (size_t r = 0; r < 4; r++) {
                    for (size_t c = 0; c < 5; c++) {
                        w(r, c) = reference_after_pulse(
                            with_derived_parameters(device), cell(r, c), w(r, c), up, 0.0);
                    }
                }
            }
            for (size_t r = 0; r < 4; r++) {
                for (size_t c = 0; c < 5; c++) {
                    // A float step errs by half an ulp of the weight, below 1e-7, plus the
                    // polynomials of the response.
                    EXPECT_NEAR(a.weights()(r, c), w(r, c), pulses * 2e-7)
                        << model_name(device) << (up ? " up" : " down");
                }
            }
        }
    }
}

TEST(PulsedArray, SameBitsForThreadsAndBatchSplits) {
    const PulseTrains whole = random_trains(6, 19, 21, 20);
    for (const PulsedDevice& device : all_models()) {
        for (const PulseLaw law : {PulseLaw::kPulse, PulseLaw::kSample}) {
            PulseOptions o;
            o.law = law;
            o.batch_level = false;
            const std::vector<float> expected = after(device, whole, o);
            o.threads = 3;
            EXPECT_EQ(after(device, whole, o), expected) << model_name(device);
            PulsedArray a(device, 19, 21, kKey);
            a.set_weights(start_weights(19, 21).view(), 0);
            for (const auto& [first, count] : {std::pair<size_t, size_t>{0, 1}, {1, 3}, {4, 2}}) {
                o.first = first;
                o.count = count;
                a.apply(whole, 3, o);
            }
            std::vector<float> split = values_of(a.weights());
            const std::vector<float> hidden = values_of(a.hidden_weights());
            split.insert(split.end(), hidden.begin(), hidden.end());
            EXPECT_EQ(split, expected) << model_name(device);
        }
    }
}

TEST(PulsedArray, TheBatchLevelOfConstantStepsIsTheSameForAnyThreads) {
    const PulseTrains trains = random_trains(6, 19, 21, 20);
    for (const PulseLaw law : {PulseLaw::kSample, PulseLaw::kBatch}) {
        PulseOptions o;
        o.law = law;
        const std::vector<float> expected = after(ConstantStep{}, trains, o);
        o.threads = 3;
        EXPECT_EQ(after(ConstantStep{}, trains, o), expected);
    }
}

TEST(PulsedArray, LooksSeeTheWeightsBetweenSamples) {
    const PulseTrains trains = random_trains(4, 5, 18, 12);
    for (const bool columns : {true, false}) {
        PulsedArray a(SoftBounds{}, 5, 18, kKey);
        PulseOptions o;
        const std::vector<WeightTap> taps = {{0, 2}, {2, 4}, {2, 0}, {4, 3}};
        std::vector<float> seen(taps.size() * (columns ? 5 : 18));
        o.taps = taps;
        o.tap_columns = columns;
        o.tapped = seen.data();
        a.apply(trains, 1, o);
        PulsedArray b(SoftBounds{}, 5, 18, kKey);
        size_t done = 0;
        for (size_t t = 0; t < taps.size(); t++) {
            PulseOptions part;
            part.first = done;
            part.count = taps[t].after - done;
            b.apply(trains, 1, part);
            done = taps[t].after;
            for (size_t i = 0; i < (columns ? 5u : 18u); i++) {
                const float expected =
                    columns ? b.weights()(i, taps[t].line) : b.weights()(taps[t].line, i);
                EXPECT_EQ(seen[t * (columns ? 5 : 18) + i], expected);
            }
        }
        EXPECT_EQ(values_of(a.weights()), values_of(b.weights()));
    }
}

// Mean and spread of the change of identical cells by a train of n equal pulses.
struct Change {
    double mean = 0;
    double deviation = 0;
    double skewness = 0;
};

Change change_of(PulsedDevice device, float start, int pulses, bool up, const PulseOptions& o) {
    PulsedCell& p = common_parameters(device);
    p.dw_min_dtod = p.up_down_dtod = p.w_max_dtod = p.w_min_dtod = 0;
    const size_t rows = 50;
    const size_t cols = 800;
    PulsedArray a(device, rows, cols, kKey);
    a.set_weights(Matrix<float>(rows, cols, start).view(), 0);
    PulseTrains t = random_trains(1, rows, cols, static_cast<uint32_t>(pulses));
    std::fill(t.row_lines.bits.begin(), t.row_lines.bits.end(), (1u << pulses) - 1);
    std::fill(t.col_lines.bits.begin(), t.col_lines.bits.end(), (1u << pulses) - 1);
    std::fill(t.row_lines.negative.begin(), t.row_lines.negative.end(), 0u);
    std::fill(t.col_lines.negative.begin(), t.col_lines.negative.end(), up ? 0u : ~0u);
    a.apply(t, 9, o);
    Change c;
    const auto n = static_cast<double>(rows * cols);
    const std::vector<float> w = values_of(a.weights());
    for (const float v : w) {
        c.mean += (v - start) / n;
    }
    double third = 0;
    for (const float v : w) {
        const double d = v - start - c.mean;
        c.deviation += d * d / n;
        third += d * d * d / n;
    }
    c.deviation = std::sqrt(c.deviation);
    c.skewness = c.deviation > 0 ? third / std::pow(c.deviation, 3) : 0;
    return c;
}

TEST(PulseLaws, JumpsHaveTheMomentsOfTheirPulses) {
    for (const PulsedDevice& device : all_models()) {
        if (write_noise_of(device) != nullptr && write_noise_of(device)->write_noise_std > 0) {
            continue;
        }
        for (const float start : {-0.3f, 0.0f, 0.25f}) {
            for (const int pulses : {2, 6, 20}) {
                for (const bool up : {true, false}) {
                    PulseOptions o;
                    o.batch_level = false;
                    o.law = PulseLaw::kPulse;
                    const Change exact = change_of(device, start, pulses, up, o);
                    o.law = PulseLaw::kSample;
                    const Change jump = change_of(device, start, pulses, up, o);
                    // 40000 cells each: 5 standard errors of both, and what linearisation may do
                    // (docs/models/pulse-laws.md).
                    const double n = 40000;
                    EXPECT_NEAR(jump.mean,
                                exact.mean,
                                5 * std::hypot(exact.deviation, jump.deviation) / std::sqrt(n) +
                                    2e-3 * std::abs(exact.mean) + 1e-7)
                        << model_name(device) << " " << start << " " << pulses << " " << up;
                    EXPECT_NEAR(jump.deviation,
                                exact.deviation,
                                (5 * std::sqrt(1 / n) + 5e-3) * exact.deviation + 1e-7)
                        << model_name(device) << " " << start << " " << pulses << " " << up;
                    EXPECT_NEAR(jump.skewness, exact.skewness, 0.15)
                        << model_name(device) << " " << start << " " << pulses << " " << up;
                }
            }
        }
    }
}

TEST(PulseLaws, TheBatchLawAgreesWithPulsesInMeanAndSpread) {
    const PulseTrains trains = random_trains(8, 60, 400, 16);
    for (PulsedDevice device : {PulsedDevice(ConstantStep{}),
                                PulsedDevice(SoftBounds{}),
                                PulsedDevice(SoftBoundsReference{})}) {
        PulseOptions o;
        o.law = PulseLaw::kPulse;
        const std::vector<float> pulse = after(device, trains, o);
        o.law = PulseLaw::kBatch;
        const std::vector<float> batch = after(device, trains, o);
        double difference = 0;
        double square = 0;
        double spread = 0;
        const size_t n = 60 * 400;
        const Matrix<float> start = start_weights(60, 400);
        for (size_t i = 0; i < n; i++) {
            difference += (batch[i] - pulse[i]) / double{n};
            square += (batch[i] - pulse[i]) * (batch[i] - pulse[i]) / double{n};
            spread += (pulse[i] - start.values[i]) * (pulse[i] - start.values[i]) / double{n};
        }
        // Both are the same cells and counts with independent noise.
        EXPECT_NEAR(difference, 0.0, 5 * std::sqrt(square / n)) << model_name(device);
        EXPECT_LT(square, 0.25 * spread) << model_name(device);
    }
}

TEST(PulsedArray, ConstantStepsAddVariances) {
    ConstantStep device;
    device.dw_min_std = 0.5;
    PulseOptions o;
    const Change c = change_of(device, 0.0f, 25, true, o);
    EXPECT_NEAR(c.mean, 25 * 0.001, 5 * 0.001 * 0.5 * 5 / 200.0);
    EXPECT_NEAR(c.deviation, 0.001 * 0.5 * 5, 5 * 0.0025 / std::sqrt(2 * 40000.0));
}

TEST(PulsedArray, TablesFollowTheirSpreads) {
    SoftBounds device;
    device.up_down = -0.3;
    const PulsedArray a(device, 200, 200, kKey);
    const auto moments = [&](const char* name) {
        const std::vector<float> v = a.table(name).values;
        double mean = 0;
        double square = 0;
        for (const float x : v) {
            mean += x / static_cast<double>(v.size());
        }
        for (const float x : v) {
            square += (x - mean) * (x - mean) / static_cast<double>(v.size());
        }
        return std::pair(mean, std::sqrt(square));
    };
    // |N(0.7, 0.3)| and N(1, 0.3) of dw_min; folding moves the mean of the first by 1e-3.
    const double error = 5 * 0.0003 / 200;
    EXPECT_NEAR(moments("dwmin_down").first, 0.001, error + 1e-6);
    EXPECT_NEAR(moments("dwmin_up").first, 0.0007, error + 2e-6);
    EXPECT_NEAR(moments("dwmin_up").second, 0.0003, error + 2e-6);
    EXPECT_NEAR(moments("max_bound").first, 0.6, 5 * 0.18 / 200 + 1e-3);
    EXPECT_NEAR(moments("min_bound").second, 0.18, 5 * 0.18 / 280 + 2e-3);
}

TEST(PulsedArray, SoftBoundsPmaxReachesTheEndsOfItsRange) {
    SoftBoundsPmax device;
    device.dw_min_dtod = device.dw_min_std = device.up_down_dtod = 0;
    device.w_max_dtod = device.w_min_dtod = 0;
    PulsedArray a(device, 1, 1, kKey);
    a.set_weights(Matrix<float>(1, 1, -1.0f).view(), 0);
    for (int k = 0; k < 1000; k++) {
        a.pulse_all(true, 0);
    }
    EXPECT_NEAR(a.weights()(0, 0), 1.0, 1e-3);
    for (int k = 0; k < 1000; k++) {
        a.pulse_all(false, 0);
    }
    EXPECT_NEAR(a.weights()(0, 0), -1.0, 1e-3);
}

TEST(PulsedArray, HiddenStepsNeedSeveralPulsesAndUsersLawsAct) {
    HiddenStep hidden;
    hidden.hidden_states = 4;
    hidden.dw_min_dtod = hidden.dw_min_std = hidden.hidden_dw_min_dtod = 0;
    hidden.up_down_dtod = hidden.hidden_up_down_dtod = 0;
    PulsedArray a(hidden, 2, 3, kKey);
    std::vector<float> seen;
    for (int k = 0; k < 10; k++) {
        a.pulse_all(true, 0);
        seen.push_back(a.weights()(1, 2));
    }
    // The hidden state passes 1 at the fifth pulse.
    EXPECT_EQ(seen[3], 0.0f);
    EXPECT_NEAR(seen[4], 0.004f, 1e-7);
    EXPECT_NEAR(seen[9], 0.008f, 1e-7);

    UserStep user;
    EXPECT_THROW(PulsedArray(user, 1, 1, kKey), ConfigError);
    user.law = std::make_shared<HalfStep>();
    user.dw_min_dtod = user.up_down_dtod = 0;
    PulsedArray b(user, 3, 4, kKey);
    b.pulse_all(false, 0);
    EXPECT_NEAR(b.weights()(0, 0), -0.0005f, 0.0003f);
}

TEST(PulsedArray, DecayDiffusionResetClipAndDrift) {
    ConstantStep device;
    device.lifetime = 10;
    device.reset = 0.1;
    device.diffusion = 0.01;
    device.w_max_dtod = device.w_min_dtod = 0;
    device.drift.nu = 0.1;
    PulsedArray a(device, 100, 100, kKey);
    a.set_weights(Matrix<float>(100, 100, 0.3f).view(), 0);
    a.decay(1.0, 1);
    EXPECT_NEAR(a.weights()(4, 5), 0.1 + 0.2 * 0.9, 1e-6);
    a.diffuse(2);
    double mean = 0;
    double square = 0;
    for (const float w : values_of(a.weights())) {
        mean += (w - 0.28) / 1e4;
        square += (w - 0.28) * (w - 0.28) / 1e4;
    }
    EXPECT_NEAR(mean, 0, 5 * 0.01 / 100);
    EXPECT_NEAR(std::sqrt(square), 0.01, 5 * 0.01 / 141);
    a.set_weights(Matrix<float>(100, 100, 0.3f).view(), 3);
    a.reset_columns(98, 4, 1.0, 4);
    EXPECT_EQ(a.weights()(0, 50), 0.3f);
    EXPECT_NEAR(a.weights()(0, 99), 0.1, 0.06);
    EXPECT_NEAR(a.weights()(0, 1), 0.1, 0.06);
    a.clip(0.2, 5);
    EXPECT_EQ(a.weights()(0, 50), 0.2f);
    a.drift(1000.0, 6);
    EXPECT_NEAR(a.weights()(0, 50), 0.2 * std::pow(1000.0, -0.1), 1e-6);
    a.drift(1000.0, 7);
    EXPECT_NEAR(a.weights()(0, 50), 0.2 * std::pow(2000.0, -0.1), 1e-6);
}

// What is seen has one draw of write noise, however often the exact weight drifted.
TEST(PulsedArray, DriftDoesNotAddUpWriteNoise) {
    SoftBoundsReference device;
    device.w_max_dtod = device.w_min_dtod = device.reference_std = 0;
    device.dw_min = 0.01;
    device.write_noise_std = 2;
    device.drift.nu = 0.1;
    PulsedArray a(device, 100, 100, kKey);
    a.set_weights(Matrix<float>(100, 100, 0.3f).view(), 0);
    for (uint64_t k = 1; k <= 4; k++) {
        a.drift(5.0, k);
        const double wanted = 0.3 * std::pow(5.0 * static_cast<double>(k), -0.1);
        double mean = 0;
        double square = 0;
        for (const float w : values_of(a.weights())) {
            mean += (w - wanted) / 1e4;
            square += (w - wanted) * (w - wanted) / 1e4;
        }
        EXPECT_NEAR(mean, 0, 5 * 0.02 / 100);
        EXPECT_NEAR(std::sqrt(square), 0.02, 5 * 0.02 / 141);
        EXPECT_NEAR(a.hidden_weights()(3, 4), wanted, 1e-6);
    }
}

TEST(PulsedArray, PinkDiffusionHasLongMemory) {
    ConstantStep device;
    device.pink_diffusion = 1e-4;
    device.w_max = 10;
    device.w_min = -10;
    PulsedArray a(device, 20, 20, kKey);
    std::vector<double> variance;
    for (int k = 1; k <= 64; k++) {
        a.diffuse(static_cast<uint64_t>(k));
        if (k == 4 || k == 64) {
            double v = 0;
            for (const float w : values_of(a.weights())) {
                v += w * w / 400.0;
            }
            variance.push_back(v);
        }
    }
    // A random walk would grow sixteenfold from step 4 to step 64; flicker noise grows with the
    // logarithm of time.
    EXPECT_GT(variance[1], 1.2 * variance[0]);
    EXPECT_LT(variance[1], 8 * variance[0]);
}

TEST(PulsedArray, StateComesBackBitForBit) {
    const PulseTrains trains = random_trains(2, 5, 6, 12);
    for (PulsedDevice device : all_models()) {
        common_parameters(device).drift.nu = 0.1;
        PulsedArray a(device, 5, 6, kKey);
        a.count_pulses(true);
        a.set_table("dwmin_up", Matrix<float>(5, 6, 0.002f).view());
        a.apply(trains, 1);
        a.drift(5.0, 2);
        PulsedArray b(device, 5, 6, kKey);
        b.set_state(a.state());
        a.apply(trains, 3);
        b.apply(trains, 3);
        a.drift(5.0, 4);
        b.drift(5.0, 4);
        EXPECT_EQ(a.state(), b.state()) << model_name(device);
    }
    PulsedArray a(SoftBounds{}, 2, 2, kKey);
    auto state = a.state();
    state["weight"].pop_back();
    EXPECT_THROW(a.set_state(state), InputError);
    state = a.state();
    state["nonsense"] = {};
    EXPECT_THROW(a.set_state(state), InputError);
}

TEST(PulsedArray, RefusesWhatCannotBeRight) {
    EXPECT_THROW(PulsedArray(SoftBounds{}, 0, 3, kKey), InputError);
    EXPECT_THROW(PulsedArray(SoftBounds{}, size_t{1} << 40, 3, kKey), InputError);
    ConstantStep bad;
    bad.dw_min = -1;
    EXPECT_THROW(PulsedArray(bad, 2, 2, kKey), ConfigError);
    PulsedArray a(SoftBounds{}, 2, 3, kKey);
    EXPECT_THROW(a.set_weights(Matrix<float>(3, 2).view(), 0), InputError);
    EXPECT_THROW(a.set_weights(Matrix<float>(2, 3, NAN).view(), 0), InputError);
    EXPECT_THROW(a.apply(random_trains(1, 3, 3, 4), 0), InputError);
    EXPECT_THROW(a.table("nonsense"), InputError);
    EXPECT_THROW(a.reset_columns(3, 1, 1.0, 0), InputError);
    EXPECT_THROW(a.drift(-1, 0), InputError);
    EXPECT_THROW(a.drift(NAN, 0), InputError);
}

}  // namespace
}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/tile/mvm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>

#include "mho/tile/test_support.h"
#include "mho/util/error.h"
#include "mho/util/threads.h"

namespace mho {
namespace {

constexpr TileKey kKey{0xabcdef};
constexpr size_t kOutputs = 37;
constexpr size_t kInputs = 41;
constexpr size_t kRows = 70;  // more than one chunk

Matrix<float> normal_matrix(size_t rows, size_t cols, uint64_t step, float scale) {
    Matrix<float> m(rows, cols);
    fill_normal({9}, Stream::kTest, step, 0, m.values);
    for (float& v : m.values) {
        v *= scale;
    }
    return m;
}

Matrix<float> weights() {
    return normal_matrix(kOutputs, kInputs, 1, 0.3f);
}

Matrix<float> inputs(size_t rows = kRows) {
    Matrix<float> x = normal_matrix(rows, kInputs, 2, 0.6f);
    std::fill_n(x.row(1), kInputs, 0.0f);  // nothing to amplify
    for (size_t j = 0; j < kInputs; j++) {
        x(2, j) = -std::abs(x(2, j));  // no positive entry
    }
    return x;
}

// Everything off: a plain product that the cases below change.
MvmConfig quiet() {
    MvmConfig c;
    c.dac = {.bound = 0, .steps = 0};
    c.adc = {.bound = 0, .steps = 0};
    c.output_noise.std = 0;
    c.weight_noise.kind = WeightNoiseKind::kNone;
    c.ir_drop.strength = 0;
    c.noise_management.kind = NoiseManagementKind::kNone;
    return c;
}

// Converters, noise and absolute-maximum scaling.
MvmConfig noisy() {
    MvmConfig c = quiet();
    c.dac = {.bound = 1, .steps = 126};
    c.adc = {.bound = 6, .steps = 510};
    c.output_noise.std = 0.06;
    c.noise_management.kind = NoiseManagementKind::kAbsMax;
    c.noise_management.threshold = 0;
    return c;
}

struct Case {
    std::string name;
    MvmConfig config;
};

std::vector<Case> cases() {
    std::vector<Case> all;
    const auto add = [&](const std::string& name,
                         const MvmConfig& base,
                         const std::function<void(MvmConfig&)>& change) {
        all.push_back({name, base});
        change(all.back().config);
    };
    add("quiet", quiet(), [](MvmConfig&) {});
    add("perfect", quiet(), [](MvmConfig& c) { c.perfect = true, c.output_scale = 1.7; });
    add("standard", MvmConfig{}, [](MvmConfig&) {});
    add("noisy", noisy(), [](MvmConfig&) {});
    add("output scale", noisy(), [](MvmConfig& c) { c.output_scale = -2.5; });
    add("input noise", quiet(), [](MvmConfig& c) { c.dac.noise_std = 0.1; });
    add("stochastic rounding", noisy(), [](MvmConfig& c) {
        c.dac.stochastic_rounding = c.adc.stochastic_rounding = true;
    });
    add("asymmetries", noisy(), [](MvmConfig& c) {
        c.dac.asymmetry = 0.1;
        c.adc.asymmetry = -0.2;
    });
    add("additive weight noise", quiet(), [](MvmConfig& c) {
        c.weight_noise = {WeightNoiseKind::kAdditive, 0.05};
    });
    add("pcm weight noise", quiet(), [](MvmConfig& c) {
        c.weight_noise = {WeightNoiseKind::kPcmRead, 0.05};
    });
    add("ir drop", quiet(), [](MvmConfig& c) { c.ir_drop = {1.0, 500.0}; });
    add("ir drop and weight noise", quiet(), [](MvmConfig& c) {
        c.ir_drop = {2.0, 300.0};
        c.weight_noise = {WeightNoiseKind::kPcmRead, 0.05};
    });
    add("spread of output noise", quiet(), [](MvmConfig& c) { c.output_noise = {0.1, 0.3}; });
    add("s-shape", quiet(), [](MvmConfig& c) {
        c.adc.bound = 8;
        c.output_nonlinearity = {0.3, 0.2, 0.5};
    });
    add("offset", quiet(), [](MvmConfig& c) { c.voltage_offset = {0.1, -0.8, false}; });
    add("offset without reference", quiet(), [](MvmConfig& c) {
        c.voltage_offset = {0.1, 0, true};
    });
    add("series resistance", quiet(), [](MvmConfig& c) { c.series_resistance = {0.05, 0.2}; });
    add("offset and resistance", quiet(), [](MvmConfig& c) {
        c.voltage_offset.std = 0.1;
        c.series_resistance = {0.05, 0.2};
        c.adc.bound = 5;
        c.output_nonlinearity = {0, 0, 0.5};
    });
    add("series resistance alone", quiet(), [](MvmConfig& c) {
        c.voltage_offset.reference_weight = 0;
        c.series_resistance = {0.05, 3.4e38};
    });
    for (const MvmMode mode : {MvmMode::kSeparate, MvmMode::kSeparateDigitalSum}) {
        const std::string tail = ", " + std::string(enum_name(mode));
        add("standard" + tail, MvmConfig{}, [&](MvmConfig& c) { c.mode = mode; });
        add("read asymmetry" + tail, noisy(), [&](MvmConfig& c) {
            c.mode = mode;
            c.read_asymmetry_spread = 0.2;
            c.weight_noise = {WeightNoiseKind::kAdditive, 0.02};
        });
        add("bound management" + tail, noisy(), [&](MvmConfig& c) {
            c.mode = mode;
            c.adc.bound = 0.9;
            c.bound_management.kind = BoundManagementKind::kIterative;
        });
    }
    for (const auto& [kind, name] : EnumNames<NoiseManagementKind>::names) {
        for (const auto& [bound, bound_name] : EnumNames<BoundManagementKind>::names) {
            add(std::string(name) + " / " + std::string(bound_name), noisy(), [&](MvmConfig& c) {
                c.noise_management.kind = kind;
                c.noise_management.threshold = kind == NoiseManagementKind::kConstant ? 1.3 : 1.1;
                c.bound_management.kind = bound;
                c.adc.bound = 1.1;
            });
        }
    }
    add("zero inputs with input noise", noisy(), [](MvmConfig& c) { c.dac.noise_std = 0.05; });
    add("few rounds", noisy(), [](MvmConfig& c) {
        c.adc.bound = 0.1;
        c.bound_management = {BoundManagementKind::kIterative, 3.0, 0.25, true, false};
    });
    add("no dac rounding, many rounds", noisy(), [](MvmConfig& c) {
        c.dac.steps = 0;
        c.adc.bound = 0.4;
        c.bound_management.kind = BoundManagementKind::kIterative;
    });
    for (const bool compatible : {false, true}) {
        add(std::string("positive bound only") + (compatible ? ", compatible" : ""),
            noisy(),
            [&](MvmConfig& c) {
                c.adc.bound = 0.9;
                c.bound_management = {
                    BoundManagementKind::kIterative, 1000.0, 0.25, false, compatible};
            });
    }
    return all;
}

struct Result {
    Matrix<float> y{kRows, kOutputs};
    std::vector<uint8_t> clipped = std::vector<uint8_t>(kRows * kOutputs, 9);
};

struct Options {
    bool backward = false;
    float range_scale = 0;
    size_t batch = kRows;  // rows per call
    size_t threads = 1;
};

Result run(const MvmConfig& config,
           const Matrix<float>& w,
           const Matrix<float>& x,
           Options o = {}) {
    Mvm mvm(config, w.rows, w.cols, kKey);
    mvm.set_asymmetric_weights(w.view());
    PackedMatrix packed;
    packed.pack(w.view());
    Result result;
    RunningAbsMax running;
    std::vector<MvmScratch> scratch(o.threads);
    const size_t pieces = (x.rows + o.batch - 1) / o.batch;
    parallel_for(o.threads, pieces, [&](size_t piece, size_t worker) {
        const size_t first = piece * o.batch;
        const size_t count = std::min(o.batch, x.rows - first);
        MvmCall call;
        call.key = {3, 100 + first};
        call.backward = o.backward;
        call.range_scale = o.range_scale;
        call.running = &running;
        call.clipped = result.clipped.data() + first * w.rows;
        mvm.run(packed,
                x.view().row_block(first, count),
                result.y.view().row_block(first, count),
                call,
                scratch[worker]);
    });
    return result;
}

void expect_reference(const Case& test, Options o) {
    const Matrix<float> w = weights();
    const Matrix<float> x = inputs();
    const Result kernel = run(test.config, w, x, o);
    Matrix<double> exact(kRows, kOutputs);
    RunningAbsMax running;
    MvmCall call;
    call.key = {3, 100};
    call.backward = o.backward;
    call.range_scale = o.range_scale;
    call.running = &running;
    const Mvm mvm(test.config, kOutputs, kInputs, kKey);
    reference_mvm(test.config, mvm.tables(), w.view(), x.view(), exact.view(), kKey, call);
    double row_sum = 0;
    for (size_t i = 0; i < kOutputs; i++) {
        double sum = 0;
        for (size_t j = 0; j < kInputs; j++) {
            sum += std::abs(w(i, j));
        }
        row_sum = std::max(row_sum, sum);
    }
    const double gain = std::abs(test.config.output_scale);
    const double step = converter_step(test.config.adc.bound, test.config.adc.steps);
    size_t other_codes = 0;
    for (size_t b = 0; b < kRows; b++) {
        float largest = 1.0f;
        for (size_t j = 0; j < kInputs; j++) {
            largest = std::max(largest, std::abs(x(b, j)));
        }
        // One rounding per input of the sum and about 30 of the stages around it, each relative to
        // the largest sum of magnitudes; input noise, asymmetry and worst-case scaling stay below
        // a factor of 4.
        const double tolerance = 4 * (kInputs + 30) * 0x1p-24 * row_sum * largest * gain;
        for (size_t i = 0; i < kOutputs; i++) {
            const double error = std::abs(kernel.y(b, i) - exact(b, i));
            if (error > tolerance && !test.config.perfect && step > 0) {
                // A value next to a tie may take the neighbouring code. The rescaling factor is at
                // most the largest input times the last reduction (16 by the DAC's resolution).
                other_codes++;
                ASSERT_LE(error, step * 16 * 4 * largest * gain) << test.name << " row " << b;
                continue;
            }
            ASSERT_LE(error, tolerance) << test.name << ", row " << b << ", output " << i;
        }
    }
    EXPECT_LE(other_codes, kRows * kOutputs / 250) << test.name;
}

TEST(Mvm, EqualsTheReference) {
    for (const Case& test : cases()) {
        expect_reference(test, {});
    }
}

TEST(Mvm, EqualsTheReferenceBackward) {
    for (const Case& test : cases()) {
        expect_reference(test, {.backward = true});
    }
}

TEST(Mvm, EqualsTheReferenceWithAnInputRange) {
    for (const Case& test : cases()) {
        expect_reference(test, {.range_scale = 1.0f / 0.9f});
    }
}

TEST(Mvm, DoesNotDependOnBatchesOrThreads) {
    const Matrix<float> w = weights();
    const Matrix<float> x = inputs();
    for (const Case& test : cases()) {
        if (test.config.noise_management.kind == NoiseManagementKind::kAverageAbsMax) {
            continue;  // a running average depends on the order by nature
        }
        const Result whole = run(test.config, w, x);
        for (const Options& o : {Options{.batch = 1},
                                 Options{.batch = 7, .threads = 2},
                                 Options{.batch = 64, .threads = 3}}) {
            const Result split = run(test.config, w, x, o);
            EXPECT_TRUE(same_bits(whole.y, split.y)) << test.name << ", batch " << o.batch;
            EXPECT_EQ(whole.clipped, split.clipped) << test.name << ", batch " << o.batch;
        }
    }
}

TEST(Mvm, IsThePlainProductWithoutImperfections) {
    const Matrix<float> w = weights();
    const Matrix<float> x = inputs();
    MvmConfig perfect = quiet();
    perfect.perfect = true;
    EXPECT_TRUE(same_bits(run(perfect, w, x).y, run(quiet(), w, x).y));
}

TEST(Mvm, MoreBitsAreNeverWorse) {
    const Matrix<float> w = weights();
    const Matrix<float> x = inputs();
    const Matrix<float> exact = run(quiet(), w, x).y;
    double last = INFINITY;
    for (int bits = 3; bits <= 12; bits++) {
        MvmConfig c = noisy();
        c.output_noise.std = 0;
        c.dac.steps = std::exp2(bits) - 2;
        c.adc = {.bound = 20, .steps = std::exp2(bits) - 2};
        const Matrix<float> y = run(c, w, x).y;
        double error = 0;
        for (size_t i = 0; i < y.values.size(); i++) {
            error += std::pow(y.values[i] - exact.values[i], 2);
        }
        EXPECT_LT(error, last) << bits;
        last = error;
    }
}

TEST(Mvm, OneNoiseSourceNeverMovesTheDrawsOfAnother) {
    // Without converters the sources add up, so the difference that a source makes must be the same
    // whether the others act or not.
    const Matrix<float> w = weights();
    const Matrix<float> x = inputs();
    const std::vector<std::function<void(MvmConfig&)>> sources = {
        [](MvmConfig& c) { c.output_noise.std = 0.06; },
        [](MvmConfig& c) { c.weight_noise = {WeightNoiseKind::kPcmRead, 0.02}; },
        [](MvmConfig& c) { c.ir_drop = {0.0, 500.0}; }};
    for (size_t s = 0; s < 2; s++) {
        MvmConfig alone = quiet();
        sources[s](alone);
        MvmConfig both = alone;
        sources[1 - s](both);
        MvmConfig other = quiet();
        sources[1 - s](other);
        const Matrix<float> a = run(alone, w, x).y;
        const Matrix<float> none = run(quiet(), w, x).y;
        const Matrix<float> ab = run(both, w, x).y;
        const Matrix<float> b = run(other, w, x).y;
        double moved = 0;
        for (size_t i = 0; i < a.values.size(); i++) {
            const float effect = a.values[i] - none.values[i];
            ASSERT_NEAR(effect, ab.values[i] - b.values[i], 4e-6);
            moved = std::max(moved, double{std::abs(effect)});
        }
        EXPECT_GT(moved, 0.01);
    }
}

TEST(Mvm, StepsSamplesAndKeysRedrawTheNoise) {
    const Matrix<float> w = weights();
    const Matrix<float> x = inputs();
    PackedMatrix packed;
    packed.pack(w.view());
    MvmScratch scratch;
    const auto with = [&](TileKey key, ReadKey read) {
        const Mvm mvm(noisy(), kOutputs, kInputs, key);
        Matrix<float> y(kRows, kOutputs);
        MvmCall call;
        call.key = read;
        mvm.run(packed, x.view(), y.view(), call, scratch);
        return y;
    };
    const Matrix<float> base = with(kKey, {1, 0});
    EXPECT_TRUE(same_bits(base, with(kKey, {1, 0})));
    EXPECT_FALSE(same_bits(base, with(kKey, {2, 0})));
    EXPECT_FALSE(same_bits(base, with(kKey, {1, 1})));
    EXPECT_FALSE(same_bits(base, with(backward_key(kKey), {1, 0})));
}

TEST(Mvm, MarksWhatTheAdcCut) {
    const Matrix<float> w = weights();
    const Matrix<float> x = inputs();
    MvmConfig c = quiet();
    const Matrix<float> exact = run(c, w, x).y;
    c.adc.bound = 0.8;
    const Result r = run(c, w, x);
    size_t cut = 0;
    for (size_t i = 0; i < exact.values.size(); i++) {
        const bool beyond = std::abs(exact.values[i]) > 0.8f;
        ASSERT_EQ(r.clipped[i], beyond ? 1 : 0);
        ASSERT_EQ(r.y.values[i], beyond ? std::copysign(0.8f, exact.values[i]) : exact.values[i]);
        cut += beyond;
    }
    EXPECT_GT(cut, 100u);
}

TEST(Mvm, ZeroInputsGiveZeroOutputsUnderScaling) {
    const Result r = run(noisy(), weights(), inputs());
    for (size_t i = 0; i < kOutputs; i++) {
        EXPECT_EQ(r.y(1, i), 0.0f);
        EXPECT_EQ(r.clipped[kOutputs + i], 0);
    }
}

TEST(Mvm, TinyInputsStayFinite) {
    const Matrix<float> w = weights();
    for (const float tiny : {1e-38f, 1e-40f, 1e-45f}) {
        Matrix<float> x(kRows, kInputs, tiny);
        x(0, 0) = 0.0f;
        MvmConfig c = noisy();
        c.dac = {.bound = 0, .steps = 0};
        for (const float v : run(c, w, x).y.values) {
            ASSERT_TRUE(std::isfinite(v)) << tiny;
        }
    }
}

TEST(Mvm, RefusesWhatDoesNotFit) {
    const Matrix<float> w = weights();
    PackedMatrix packed;
    packed.pack(w.view());
    const Mvm mvm(noisy(), kOutputs, kInputs, kKey);
    MvmScratch scratch;
    Matrix<float> x(3, kInputs), y(3, kOutputs), narrow(3, 2), short_y(2, kOutputs);
    EXPECT_THROW(mvm.run(packed, narrow.view(), y.view(), {}, scratch), InputError);
    EXPECT_THROW(mvm.run(packed, x.view(), narrow.view(), {}, scratch), InputError);
    EXPECT_THROW(mvm.run(packed, x.view(), short_y.view(), {}, scratch), InputError);
    EXPECT_THROW(mvm.run({}, x.view(), y.view(), {}, scratch), InputError);
    MvmCall late;
    late.key.step = uint64_t{1} << 56;
    EXPECT_THROW(mvm.run(packed, x.view(), y.view(), late, scratch), InputError);
    EXPECT_THROW(Mvm(noisy(), 0, 3, kKey), InputError);
    EXPECT_THROW(Mvm(noisy(), 3, 0, kKey), InputError);
    MvmConfig average = noisy();
    average.noise_management.kind = NoiseManagementKind::kAverageAbsMax;
    const Mvm needs_running(average, kOutputs, kInputs, kKey);
    EXPECT_THROW(needs_running.run(packed, x.view(), y.view(), {}, scratch), InputError);
    MvmTables wrong;
    wrong.voltage_offset.resize(3);
    Mvm fresh(noisy(), kOutputs, kInputs, kKey);
    EXPECT_THROW(fresh.set_tables(wrong), InputError);
}

TEST(MvmConfig, ChecksAcrossFields) {
    std::vector<Problem> problems;
    MvmConfig c = noisy();
    c.dac.bound = 2;
    c.read_asymmetry_spread = 0.1;
    c.check("m", problems);
    ASSERT_EQ(problems.size(), 2u);
    EXPECT_EQ(problems[0].path, "m.dac.bound");
    EXPECT_EQ(problems[1].path, "m.read_asymmetry_spread");
    problems.clear();
    MvmConfig{}.check("m", problems);
    EXPECT_TRUE(problems.empty());
}

// With a digital sum each polarity meets its own ADC. In aihwkit's order of tests a low cut of the
// second does not excuse a high cut of the first.
TEST(Mvm, DigitalSumTestsEachHalfOnItsOwn) {
    MvmConfig c = quiet();
    c.mode = MvmMode::kSeparateDigitalSum;
    c.adc = {.bound = 0.5, .steps = 0};
    c.bound_management.kind = BoundManagementKind::kIterative;
    c.bound_management.test_negative_bound = false;
    c.bound_management.compatible_test = true;
    Matrix<float> w(1, 2);
    w.values = {-1.0f, -0.8f};
    Matrix<float> x(1, 2), y(1, 1);
    x.values = {-1.0f, 1.0f};  // halves +1 and -0.8; without a further round 0.5 - 0.5
    PackedMatrix packed;
    packed.pack(w.view());
    const Mvm mvm(c, 1, 2, kKey);
    MvmScratch scratch;
    mvm.run(packed, x.view(), y.view(), {}, scratch);
    EXPECT_FLOAT_EQ(y(0, 0), 0.2f);
    Matrix<double> reference(1, 1);
    reference_mvm(c, mvm.tables(), w.view(), x.view(), reference.view(), kKey, {});
    EXPECT_NEAR(reference(0, 0), 0.2, 1e-7);
}

}  // namespace
}  // namespace mho

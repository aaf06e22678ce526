// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// The distribution of every noise source of the analog product. Deviates beyond six standard errors
// have probability 2e-9 each; the file compares fewer than 100.

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "mho/tile/mvm.h"

namespace mho {
namespace {

constexpr size_t kOutputs = 3;
constexpr size_t kInputs = 4;
constexpr size_t kSamples = 1 << 17;
constexpr float kWeights[kOutputs][kInputs] = {
    {0.5f, -0.25f, 0.125f, 0.9f}, {-0.7f, 0.3f, 0.0f, 0.45f}, {0.2f, -1.0f, 0.6f, -0.05f}};
constexpr float kVector[kInputs] = {0.6f, -0.3f, 1.0f, 0.15f};
constexpr double kSigmas = 6;

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

// The same vector many times: samples [kSamples][kOutputs].
Matrix<float> samples(const MvmConfig& config, TileKey key = {77}) {
    const Mvm mvm(config, kOutputs, kInputs, key);
    PackedMatrix packed;
    packed.pack({&kWeights[0][0], kOutputs, kInputs});
    Matrix<float> x(kSamples, kInputs);
    for (size_t b = 0; b < kSamples; b++) {
        std::copy_n(kVector, kInputs, x.row(b));
    }
    Matrix<float> y(kSamples, kOutputs);
    MvmScratch scratch;
    mvm.run(packed, x.view(), y.view(), {}, scratch);
    return y;
}

double product(size_t i) {
    double y = 0;
    for (size_t j = 0; j < kInputs; j++) {
        y += double{kWeights[i][j]} * kVector[j];
    }
    return y;
}

// Output i must be Gaussian with this mean and standard deviation.
void expect_gaussian(const Matrix<float>& y, size_t i, double mean, double std) {
    double m1 = 0, m2 = 0, m3 = 0, m4 = 0, tail = 0;
    for (size_t b = 0; b < kSamples; b++) {
        const double z = (y(b, i) - mean) / std;
        m1 += z / kSamples;
        m2 += z * z / kSamples;
        m3 += z * z * z / kSamples;
        m4 += z * z * z * z / kSamples;
        tail += std::abs(z) > 3 ? 1 : 0;
    }
    const double unit = kSigmas / std::sqrt(double{kSamples});
    EXPECT_LT(std::abs(m1), unit) << "mean of output " << i;
    EXPECT_LT(std::abs(m2 - 1), unit * std::sqrt(2.0)) << "variance of output " << i;
    EXPECT_LT(std::abs(m3), unit * std::sqrt(15.0)) << "skew of output " << i;
    EXPECT_LT(std::abs(m4 - 3), unit * std::sqrt(96.0)) << "kurtosis of output " << i;
    const double expected = kSamples * std::erfc(3 / std::sqrt(2.0));
    EXPECT_LT(std::abs(tail - expected), kSigmas * std::sqrt(expected)) << "tail of output " << i;
}

double correlation(const Matrix<float>& y, size_t a, size_t b, double std_a, double std_b) {
    double sum = 0;
    for (size_t s = 0; s < kSamples; s++) {
        sum += (y(s, a) - product(a)) * (y(s, b) - product(b));
    }
    return sum / (kSamples * std_a * std_b);
}

void expect_independent(const Matrix<float>& y, const std::function<double(size_t)>& std) {
    for (size_t i = 0; i < kOutputs; i++) {
        const size_t j = (i + 1) % kOutputs;
        EXPECT_LT(std::abs(correlation(y, i, j, std(i), std(j))),
                  kSigmas / std::sqrt(double{kSamples}));
    }
}

TEST(OutputNoise, IsGaussianAndIndependent) {
    MvmConfig c = quiet();
    c.output_noise.std = 0.06;
    const Matrix<float> y = samples(c);
    for (size_t i = 0; i < kOutputs; i++) {
        expect_gaussian(y, i, product(i), 0.06);
    }
    expect_independent(y, [](size_t) { return 0.06; });
}

TEST(WeightNoise, AdditiveHasTheNormOfTheInput) {
    MvmConfig c = quiet();
    c.weight_noise = {WeightNoiseKind::kAdditive, 0.05};
    const Matrix<float> y = samples(c);
    double norm = 0;
    for (const float v : kVector) {
        norm += double{v} * v;
    }
    const double std = 0.05 * std::sqrt(norm);
    for (size_t i = 0; i < kOutputs; i++) {
        expect_gaussian(y, i, product(i), std);
    }
    expect_independent(y, [&](size_t) { return std; });
}

TEST(WeightNoise, PcmReadGrowsWithTheRootOfTheWeight) {
    MvmConfig c = quiet();
    c.weight_noise = {WeightNoiseKind::kPcmRead, 0.05};
    const Matrix<float> y = samples(c);
    const auto std = [](size_t i) {
        double sum = 0;
        for (size_t j = 0; j < kInputs; j++) {
            sum += std::abs(double{kWeights[i][j]}) * kVector[j] * kVector[j];
        }
        return 0.05 * std::sqrt(sum);
    };
    for (size_t i = 0; i < kOutputs; i++) {
        expect_gaussian(y, i, product(i), std(i));
    }
    expect_independent(y, std);
}

TEST(InputNoise, IsSharedByTheOutputs) {
    MvmConfig c = quiet();
    c.dac.noise_std = 0.1;
    const Matrix<float> y = samples(c);
    const auto covariance = [](size_t a, size_t b) {
        double sum = 0;
        for (size_t j = 0; j < kInputs; j++) {
            sum += double{kWeights[a][j]} * kWeights[b][j];
        }
        return 0.01 * sum;
    };
    for (size_t i = 0; i < kOutputs; i++) {
        expect_gaussian(y, i, product(i), std::sqrt(covariance(i, i)));
    }
    for (size_t i = 0; i < kOutputs; i++) {
        const size_t j = (i + 1) % kOutputs;
        const double std_i = std::sqrt(covariance(i, i));
        const double std_j = std::sqrt(covariance(j, j));
        const double expected = covariance(i, j) / (std_i * std_j);
        // The estimate has variance (1 + r^2) / n with known means and deviations.
        EXPECT_NEAR(correlation(y, i, j, std_i, std_j),
                    expected,
                    kSigmas * std::sqrt((1 + expected * expected) / kSamples));
    }
}

TEST(StochasticRounding, IsUnbiasedWithTheVarianceOfItsRemainder) {
    MvmConfig c = quiet();
    c.adc = {.bound = 2, .steps = 10, .stochastic_rounding = true};
    const Matrix<float> y = samples(c);
    for (size_t i = 0; i < kOutputs; i++) {
        const double step = converter_step(2, 10);
        const double code = product(i) / step;
        const double p = code - std::floor(code);
        double mean = 0;
        for (size_t b = 0; b < kSamples; b++) {
            const double got = y(b, i) / step;
            ASSERT_NEAR(got, std::floor(code) + (got > std::floor(code) + 0.5 ? 1 : 0), 1e-5);
            mean += got / kSamples;
        }
        EXPECT_NEAR(mean, code, kSigmas * std::sqrt(p * (1 - p) / kSamples) + 1e-6);
    }
}

TEST(StochasticRounding, OfTheInputIsUnbiased) {
    MvmConfig c = quiet();
    c.dac = {.bound = 1, .steps = 10, .stochastic_rounding = true};
    const Matrix<float> y = samples(c);
    for (size_t i = 0; i < kOutputs; i++) {
        double mean = 0;
        double variance = 0;
        for (size_t j = 0; j < kInputs; j++) {
            const double code = kVector[j] / 0.2;
            const double p = code - std::floor(code);
            variance += std::pow(0.2 * kWeights[i][j], 2) * p * (1 - p);
        }
        for (size_t b = 0; b < kSamples; b++) {
            mean += double{y(b, i)} / kSamples;
        }
        EXPECT_NEAR(mean, product(i), kSigmas * std::sqrt(variance / kSamples) + 1e-6);
    }
}

TEST(BoundManagement, RedrawsTheNoiseOfEveryRound) {
    // All outputs pass in the second round only; the noise must be that of two independent draws:
    // standard deviation std x reduction, no share of the first draw.
    MvmConfig c = quiet();
    c.output_noise.std = 0.01;
    c.adc.bound = 0.6;
    c.bound_management.kind = BoundManagementKind::kIterative;
    const Matrix<float> y = samples(c);
    MvmConfig first = quiet();
    first.output_noise.std = 0.01;
    const Matrix<float> once = samples(first);
    expect_gaussian(y, 0, product(0), 0.02);
    double sum = 0;
    for (size_t b = 0; b < kSamples; b++) {
        sum += (y(b, 0) - product(0)) / 0.02 * (once(b, 0) - product(0)) / 0.01;
    }
    EXPECT_LT(std::abs(sum / kSamples), kSigmas / std::sqrt(double{kSamples}));
}

// Tables drawn once per tile.
constexpr size_t kLines = 1 << 17;

TEST(Tables, OutputNoiseSpread) {
    MvmConfig c = quiet();
    c.output_noise = {0.06, 0.2};
    const MvmTables t = draw_mvm_tables(c, kLines, 1, {5});
    double mean = 0, square = 0;
    for (const float v : t.output_noise_std) {
        ASSERT_GE(v, 0.0f);
        mean += v / double{kLines};
        square += double{v} * v / kLines;
    }
    // |1 + 0.2 xi| folds with probability 3e-7.
    EXPECT_NEAR(mean, 0.06, kSigmas * 0.012 / std::sqrt(double{kLines}));
    EXPECT_NEAR(std::sqrt(square - mean * mean), 0.012, kSigmas * 0.012 / std::sqrt(2.0 * kLines));
}

TEST(Tables, VoltageOffset) {
    for (const bool compatible : {false, true}) {
        MvmConfig c = quiet();
        c.voltage_offset = {0.1, -1, compatible};
        const MvmTables t = draw_mvm_tables(c, kLines, 1, {6});
        double zeros = 0, negative = 0, square = 0;
        for (const float v : t.voltage_offset) {
            zeros += v == 0;
            negative += v < 0;
            square += double{v} * v;
        }
        EXPECT_NEAR(zeros / kLines, 0.5, kSigmas * 0.5 / std::sqrt(double{kLines}));
        EXPECT_NEAR(negative / kLines,
                    compatible ? 0.25 : 0.0,
                    compatible ? kSigmas * 0.44 / std::sqrt(double{kLines}) : 0.0);
        // Half of the lines have mean square std^2: variance of the mean square (3/2 - 1/4) std^4.
        EXPECT_NEAR(square / kLines, 0.005, kSigmas * 0.01 * std::sqrt(1.25 / kLines));
    }
}

TEST(Tables, NonlinearityAndCalibration) {
    MvmConfig c = quiet();
    c.adc.bound = 12;
    c.output_nonlinearity = {0.6, 0.2, 0.5};
    const MvmTables t = draw_mvm_tables(c, kLines, 1, {7});
    double mean = 0;
    for (const float v : t.nonlinearity) {
        mean += v / double{kLines};
    }
    EXPECT_NEAR(mean, 0.05, kSigmas * 0.01 / std::sqrt(double{kLines}));
    // Slope 1 on average at half the bound: gain / (1 + n y)^2 = 1.
    EXPECT_NEAR(t.nonlinearity_gain, std::pow(1 + mean * 0.5 * 12, 2), 1e-5);
}

TEST(Tables, ReadAsymmetry) {
    MvmConfig c = quiet();
    c.mode = MvmMode::kSeparate;
    c.read_asymmetry_spread = 0.1;
    const MvmTables t = draw_mvm_tables(c, 256, 512, {8});
    ASSERT_EQ(t.read_asymmetry.size(), 256u * 512);
    double mean = 0;
    for (const float v : t.read_asymmetry) {
        mean += v / double{kLines};
    }
    EXPECT_NEAR(mean, 1.0, kSigmas * 0.1 / std::sqrt(double{kLines}));
}

TEST(Tables, AreEmptyWhereNothingIsDrawn) {
    const MvmTables t = draw_mvm_tables(MvmConfig{}, 10, 10, {1});
    EXPECT_TRUE(t.output_noise_std.empty() && t.voltage_offset.empty() && t.nonlinearity.empty() &&
                t.read_asymmetry.empty());
    EXPECT_EQ(t.nonlinearity_gain, 1.0f);
}

}  // namespace
}  // namespace mho

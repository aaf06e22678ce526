// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/train/line_reader.h"

#include <gtest/gtest.h>

#include "mho/train/cell_learner_config.h"
#include "mho/util/error.h"

namespace mho {
namespace {

constexpr size_t kRows = 37;
constexpr size_t kCols = 21;
constexpr TileKey kKey{0x1234567};

Matrix<float> some_weights() {
    Matrix<float> w(kRows, kCols);
    fill_normal(kKey, Stream::kTest, 0, 0, w.values);
    return w;
}

MvmConfig everything() {
    MvmConfig c = line_read_mvm();
    c.dac.stochastic_rounding = true;
    c.dac.steps = 30;
    c.dac.asymmetry = 0.2;
    c.adc.stochastic_rounding = true;
    c.adc.asymmetry = 0.1;
    c.adc.bound = 1.5;
    c.output_noise.std = 0.06;
    c.output_noise.spread = 0.2;
    c.weight_noise.kind = WeightNoiseKind::kPcmRead;
    c.weight_noise.std = 0.05;
    c.ir_drop.strength = 3;
    c.ir_drop.wire_to_g_max = 50;
    c.output_nonlinearity.strength = 0.3;
    c.output_nonlinearity.spread = 0.2;
    c.voltage_offset.std = 0.05;
    c.series_resistance.factor = 0.1;
    c.output_scale = 1.7;
    return c;
}

// The read of a line must have the bits of the product with a one-hot vector.
void expect_product_of_one_hot(const MvmConfig& config, bool columns) {
    const Matrix<float> w = some_weights();
    LineReader reader(config, kRows, kCols, columns, kKey);
    const std::vector<uint32_t> lines = {3, 0, 20, 3};
    const uint64_t number = (uint64_t{5} << 20) - 2;  // the reads stand in two steps
    Matrix<float> got(lines.size(), reader.outputs());
    reader.read_matrix(w.view(), lines, got.view(), number);

    Matrix<float> turned(reader.outputs(), reader.lines());
    for (size_t i = 0; i < turned.rows; i++) {
        for (size_t j = 0; j < turned.cols; j++) {
            turned(i, j) = columns ? w(i, j) : w(j, i);
        }
    }
    Mvm mvm(config, turned.rows, turned.cols, columns ? kKey : backward_key(kKey));
    mvm.set_asymmetric_weights(turned.view());
    PackedMatrix packed;
    packed.pack(turned.view());
    MvmScratch scratch;
    for (size_t k = 0; k < lines.size(); k++) {
        Matrix<float> x(1, turned.cols);
        x(0, lines[k]) = 1;
        Matrix<float> y(1, turned.rows);
        MvmCall call;
        call.key = {(number + k) >> 20, (number + k) & 0xfffff};
        call.backward = !columns;
        mvm.run(packed, x.view(), y.view(), call, scratch);
        for (size_t i = 0; i < turned.rows; i++) {
            ASSERT_EQ(y(0, i), got(k, i)) << "read " << k << ", output " << i;
        }
    }
}

TEST(LineReader, EqualsTheProductOfAOneHotVector) {
    for (const bool columns : {true, false}) {
        SCOPED_TRACE(columns);
        expect_product_of_one_hot(perfect_mvm(), columns);
        expect_product_of_one_hot(line_read_mvm(), columns);
        expect_product_of_one_hot(everything(), columns);
        MvmConfig additive = everything();
        additive.weight_noise.kind = WeightNoiseKind::kAdditive;
        additive.voltage_offset.reference_weight = 0;
        expect_product_of_one_hot(additive, columns);
    }
}

TEST(LineReader, ReadsTheWholeMatrixWhereNoiseReachesEveryLine) {
    for (const bool columns : {true, false}) {
        MvmConfig noisy = everything();
        noisy.dac.noise_std = 0.1;
        EXPECT_TRUE(LineReader(noisy, kRows, kCols, columns, kKey).needs_matrix());
        expect_product_of_one_hot(noisy, columns);
        MvmConfig apart = everything();
        apart.mode = MvmMode::kSeparate;
        apart.read_asymmetry_spread = 0.1;
        expect_product_of_one_hot(apart, columns);
    }
}

TEST(LineReader, RefusesManagedReads) {
    MvmConfig managed = line_read_mvm();
    managed.noise_management.kind = NoiseManagementKind::kAbsMax;
    EXPECT_THROW(LineReader(managed, 2, 2, true, kKey), ConfigError);
    LineReader reader(line_read_mvm(), kRows, kCols, true, kKey);
    Matrix<float> wrong(1, kCols);
    const std::vector<uint32_t> lines = {0};
    EXPECT_THROW(reader.read(lines, wrong.view(), 0), InputError);
}

}  // namespace
}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/tile/sliced_tile.h"

#include <gtest/gtest.h>

#include <cmath>

#include "mho/array/wires.h"
#include "mho/tile/tile.h"
#include "mho/util/error.h"

namespace mho {
namespace {

const TileKey kKey = make_tile_key(7, "sliced test");

Matrix<float> golden_weights() {
    Matrix<float> w(3, 4);
    w.values = {0.5f, -0.25f, 0.1f, 0.9f, -0.7f, 0.3f, 0, 0.45f, 0.2f, -1, 0.6f, -0.05f};
    return w;
}

Matrix<float> golden_inputs() {
    Matrix<float> x(1, 4);
    x.values = {0.6f, -0.3f, 1.0f, 0.15f};
    return x;
}

Crossbar plain() {
    Crossbar c;
    c.enabled = true;
    c.cell.on_off_ratio = 10;
    c.input.coding = InputCoding::kAnalog;
    return c;
}

MvmCall ranged(uint64_t first = 0) {
    MvmCall call;
    call.range_scale = 1.0f;
    call.key = {5, first};
    return call;
}

Matrix<float> run(const Crossbar& c, const Matrix<float>& w, const Matrix<float>& x) {
    SlicedTile tile(c, {}, w.rows, w.cols, kKey);
    tile.write(w.view(), 0, {}, 0);
    Matrix<float> y(x.rows, w.rows);
    MvmScratch scratch;
    tile.apply(x.view(), y.view(), ranged(), scratch);
    return y;
}

void expect_golden(const Crossbar& c, const std::vector<double>& golden, double tolerance = 6e-7) {
    const Matrix<float> y = run(c, golden_weights(), golden_inputs());
    for (size_t i = 0; i < golden.size(); i++) {
        EXPECT_NEAR(double{y(0, i)}, golden[i], tolerance) << i;
    }
}

// Golden numbers: golden/oracles/core_mapping.py and converters.py.
TEST(SlicedTile, GoldenProducts) {
    Crossbar c = plain();
    expect_golden(c, {0.61, -0.4425, 1.0125});
    c.cell.bits = 3;
    expect_golden(c, {0.7, -0.45, 0.9571429});
    c.weights.coding = WeightCoding::kOffset;
    c.cell.bits = 4;
    expect_golden(c, {0.7, -0.45, 0.9571429});
    c = plain();
    c.input.bits = 4;
    c.input.coding = InputCoding::kUniform;
    expect_golden(c, {0.6633333, -0.43, 1.0433333});
    c.input.coding = InputCoding::kSignMagnitude;
    expect_golden(c, {0.5857143, -0.4214286, 0.9928571});
    c.input.bits = 8;
    for (const int bits : {1, 2, 3}) {
        for (const auto accumulation : {Accumulation::kDigital, Accumulation::kAnalog}) {
            c.input.slice_bits = bits;
            c.input.accumulation = accumulation;
            expect_golden(c, {0.6086614, -0.4413386, 1.0114173});
        }
    }
}

TEST(SlicedTile, GoldenBitSlices) {
    for (const auto coding :
         {WeightCoding::kBalanced, WeightCoding::kOffset, WeightCoding::kTwosComplement}) {
        for (const auto correction : {OffsetCorrection::kDigital, OffsetCorrection::kUnitColumn}) {
            for (const int slices : {2, 3, 4, 8}) {
                Crossbar c = plain();
                c.weights.coding = coding;
                c.weights.correction = correction;
                c.weights.weight_bits = 8;
                c.weights.slices = slices;
                expect_golden(c, {0.6149606, -0.4429134, 1.0094488}, 2e-6);
            }
        }
    }
}

TEST(SlicedTile, GoldenConverters) {
    // The currents are (1 - g_min) y; the range is +-2.
    const auto check = [](const AdcModel& adc, const std::vector<double>& golden) {
        Crossbar c = plain();
        c.adc = adc;
        c.adc_range.rule = AdcRangeRule::kCalibrated;
        c.adc_range.limits = {2.0};
        const Matrix<float> y = run(c, golden_weights(), golden_inputs());
        for (size_t i = 0; i < 3; i++) {
            EXPECT_NEAR(double{y(0, i)} * 0.9, golden[i], 5e-7);
        }
    };
    check(UniformAdc{6}, {0.5396825, -0.4126984, 0.9206349});
    check(SignMagnitudeAdc{6}, {0.5806452, -0.3870968, 0.9032258});
    check(SarAdc{6}, {0.53125, -0.40625, 0.90625});
    check(RampAdc{6}, {0.53125, -0.40625, 0.90625});
    check(PipelineAdc{6}, {0.53125, -0.40625, 0.90625});
    check(CyclicAdc{6}, {0.53125, -0.40625, 0.90625});
}

// All weight codes against all input codes: with a converter whose step is the smallest current,
// nothing is lost in any combination that lies on the grid. A wrong code would be off by at least
// 1 / 105; what is left is the float32 rounding of a range of 2048 steps.
TEST(SlicedTile, EveryCombinationOnTheGridIsExact) {
    constexpr int kWeightBits = 4;
    constexpr int kInputBits = 4;
    const int w_top = (1 << (kWeightBits - 1)) - 1;
    const auto outputs = static_cast<size_t>(2 * w_top + 1);
    Matrix<float> w(outputs, 2);
    for (int v = -w_top; v <= w_top; v++) {
        w(static_cast<size_t>(v + w_top), 0) = static_cast<float>(v) / static_cast<float>(w_top);
        w(static_cast<size_t>(v + w_top), 1) =
            static_cast<float>(-w_top + (3 * v + 40) % (2 * w_top + 1)) / static_cast<float>(w_top);
    }
    size_t combinations = 0;
    for (const bool is_signed : {true, false}) {
        const int x_top = (1 << (kInputBits - (is_signed ? 1 : 0))) - 1;
        const int x_low = is_signed ? -x_top : 0;
        Matrix<float> x(static_cast<size_t>(x_top - x_low + 1), 2);
        for (int v = x_low; v <= x_top; v++) {
            x(static_cast<size_t>(v - x_low), 0) =
                static_cast<float>(v) / static_cast<float>(x_top);
            x(static_cast<size_t>(v - x_low), 1) =
                static_cast<float>(x_low + (5 * (v - x_low) + 3) % (x_top - x_low + 1)) /
                static_cast<float>(x_top);
        }
        for (const auto coding :
             {WeightCoding::kBalanced, WeightCoding::kOffset, WeightCoding::kTwosComplement}) {
            for (const auto correction :
                 {OffsetCorrection::kDigital, OffsetCorrection::kUnitColumn}) {
                for (int slices = 1; slices <= kWeightBits; slices++) {
                    for (const int input_slice : {0, 1, 2, 3}) {
                        for (const int variant : {0, 1, 2, 3}) {
                            Crossbar c = plain();
                            c.weights.coding = coding;
                            c.weights.correction = correction;
                            c.weights.weight_bits = kWeightBits;
                            c.weights.slices = slices;
                            c.weights.two_sided = variant == 1;
                            c.weights.subtract_before_adc = variant != 2;
                            c.weights.interleaved =
                                variant == 3 && coding == WeightCoding::kBalanced;
                            c.input.coding = InputCoding::kSignMagnitude;
                            c.input.bits = kInputBits;
                            c.input.is_signed = is_signed;
                            c.input.slice_bits = input_slice;
                            // A finite ratio adds a current off the grid to single cells.
                            const bool pairs =
                                coding == WeightCoding::kBalanced && variant != 1 && variant != 2;
                            c.cell.on_off_ratio = pairs ? 10 : 0;
                            SarAdc sar;
                            sar.bits = 11;
                            sar.mid_tread = true;
                            c.adc = sar;
                            c.adc_range.rule = AdcRangeRule::kGranular;
                            try {
                                bits_per_slice(c.weights);
                            } catch (const ConfigError&) {
                                continue;
                            }
                            if (variant == 1 && coding == WeightCoding::kBalanced) {
                                c.weights.subtract_before_adc = true;
                            }
                            const Matrix<float> y = run(c, w, x);
                            combinations++;
                            for (size_t r = 0; r < x.rows; r++) {
                                for (size_t i = 0; i < outputs; i++) {
                                    const float exact = x(r, 0) * w(i, 0) + x(r, 1) * w(i, 1);
                                    ASSERT_NEAR(y(r, i), exact, 5e-4f)
                                        << enum_name(coding) << " slices " << slices << " input "
                                        << input_slice << " variant " << variant << " signed "
                                        << is_signed;
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    EXPECT_GT(combinations, 500u);
}

// The kernel against the readable reference, with everything on. An ideal converter: no code can
// tip over. |error| <= inputs 2^-23 sum |g v| per column and slice, times the gain of the slices.
TEST(SlicedTile, KernelEqualsReference) {
    constexpr size_t kOut = 21;
    constexpr size_t kIn = 37;
    constexpr size_t kRows = 70;
    Matrix<float> w(kOut, kIn);
    Matrix<float> x(kRows, kIn);
    fill_normal(kKey, Stream::kTest, 0, 0, w.values);
    fill_normal(kKey, Stream::kTest, 1, 0, x.values);
    for (int variant = 0; variant < 8; variant++) {
        Crossbar c = plain();
        c.weights.weight_bits = 8;
        c.weights.slices = 3;
        c.input.coding = InputCoding::kSignMagnitude;
        c.input.slice_bits = variant % 2 == 0 ? 2 : 0;
        GenericCell noisy;
        noisy.read = 0.01;
        c.cell.model = noisy;
        if (variant == 1) {
            c.weights.coding = WeightCoding::kOffset;
            c.weights.correction = OffsetCorrection::kUnitColumn;
        } else if (variant == 2) {
            c.weights.coding = WeightCoding::kTwosComplement;
        } else if (variant == 3) {
            c.column_limit = 0.4;
        } else if (variant == 4) {
            c.input.accumulation = Accumulation::kAnalog;
        } else if (variant == 5) {
            c.weights.subtract_before_adc = false;
            c.input.relative_noise = 0.02;
        } else if (variant == 6) {
            c.cell.model = RramMiloCell{};
            c.cell.g_max_us = 225;
            c.cell.on_off_ratio = 4.5;
        } else if (variant == 7) {
            c.cell.model = CubicCell{};
        }
        SlicedTile tile(c, {}, kOut, kIn, kKey);
        tile.write(w.view(), 0, {}, 0);
        MvmCall call = ranged(11);
        call.range_scale = 0.5f;
        Matrix<float> y(kRows, kOut);
        Matrix<double> exact(kRows, kOut);
        MvmScratch scratch;
        tile.apply(x.view(), y.view(), call, scratch);
        tile.reference(x.view(), exact.view(), call);
        // Gains of slices and passes add up to about 2 (1 + 1 / R) w_max; currents are at most kIn.
        const double bound = 4 * 3.5 * kIn * kIn * std::exp2(-24);
        for (size_t k = 0; k < y.values.size(); k++) {
            ASSERT_NEAR(double{y.values[k]}, exact.values[k], bound) << "variant " << variant;
        }
    }
}

TEST(SlicedTile, ConvertedKernelEqualsReferenceButForTies) {
    constexpr size_t kOut = 24;
    constexpr size_t kIn = 50;
    constexpr size_t kRows = 40;
    Matrix<float> w(kOut, kIn);
    Matrix<float> x(kRows, kIn);
    fill_normal(kKey, Stream::kTest, 2, 0, w.values);
    fill_normal(kKey, Stream::kTest, 3, 0, x.values);
    SarAdc sar;
    sar.capacitor_sigma = 0.02;
    sar.comparator_sigma = 0.003;
    for (const AdcModel& adc :
         {AdcModel{sar}, AdcModel{UniformAdc{8, Rounding::kStochastic}}, AdcModel{PipelineAdc{}}}) {
        Crossbar c = plain();
        c.cell.model = GenericCell{};
        c.weights.weight_bits = 8;
        c.weights.slices = 4;
        c.input.coding = InputCoding::kSignMagnitude;
        c.adc = adc;
        SlicedTile tile(c, {}, kOut, kIn, kKey);
        tile.write(w.view(), 0, {}, 0);
        Matrix<float> y(kRows, kOut);
        Matrix<double> exact(kRows, kOut);
        MvmScratch scratch;
        MvmCall call = ranged();
        call.range_scale = 0.4f;
        tile.apply(x.view(), y.view(), call, scratch);
        tile.reference(x.view(), exact.view(), call);
        size_t different = 0;
        for (size_t k = 0; k < y.values.size(); k++) {
            different += std::abs(double{y.values[k]} - exact.values[k]) > 1e-3 ? 1 : 0;
        }
        EXPECT_LE(different, 2u) << model_name(adc);
    }
}

// Wires inside a tile: the sum over slices and polarities of what each array gives behind its own
// wires, every input vector solved on its own; and Ohm's law again where the lines conduct well.
TEST(SlicedTile, WiresOfATileAreThoseOfItsArrays) {
    constexpr size_t kIn = 24;
    constexpr size_t kOut = 10;
    Matrix<float> w(kOut, kIn);
    fill_uniform(kKey, Stream::kTest, 1, 0, w.values);
    Matrix<float> x(3, kIn);
    fill_uniform(kKey, Stream::kTest, 2, 0, x.values);
    for (auto* m : {&w, &x}) {
        for (float& v : m->values) {
            v = 2 * v - 1;
        }
    }
    for (const bool interleaved : {false, true}) {
        for (const std::vector<int>& ideal : {std::vector<int>{}, std::vector<int>{0}}) {
            Crossbar c = plain();
            c.weights.weight_bits = 5;
            c.weights.slice_bits = {2, 2};
            c.weights.interleaved = interleaved;
            c.wires = {.row_resistance = 2e-3,
                       .column_resistance = 3e-3,
                       .driver_resistance = 0.01,
                       .sense_resistance = 0.02,
                       .ideal_slices = ideal};
            SlicedTile tile(c, {}, kOut, kIn, kKey);
            tile.write(w.view(), 0, {}, 0);
            Matrix<float> y(3, kOut);
            MvmScratch scratch;
            tile.apply(x.view(), y.view(), ranged(), scratch);

            const WeightStates states = to_states(c.weights, {0.1, 0}, w.view());
            const std::vector<Matrix<float>> g = tile.conductances_us();
            for (size_t r = 0; r < x.rows; r++) {
                std::vector<double> sum(kOut, 0.0);
                for (size_t s = 0; s < 2; s++) {
                    Matrix<double> cells[2] = {Matrix<double>(kIn, kOut),
                                               Matrix<double>(kIn, kOut)};
                    for (size_t side = 0; side < 2; side++) {
                        for (size_t i = 0; i < kOut; i++) {
                            for (size_t j = 0; j < kIn; j++) {
                                cells[side](j, i) = double{g[2 * s + side](i, j)} / c.cell.g_max_us;
                            }
                        }
                    }
                    WireConfig lines{.row_resistance = 2e-3,
                                     .column_resistance = 3e-3,
                                     .driver_resistance = 0.01,
                                     .sense_resistance = 0.02};
                    if (!ideal.empty() && s == 0) {
                        lines = {};
                    }
                    const std::vector<double> v(x.row(r), x.row(r) + kIn);
                    const double gain = states.slices[s].gain;
                    if (interleaved) {
                        lines.topology = WireTopology::kInputLinePairs;
                        const auto i = Wires(lines, cells[0].view(), cells[1].view()).solve(v);
                        for (size_t o = 0; o < kOut; o++) {
                            sum[o] += gain * i.currents[o];
                        }
                    } else {
                        const auto plus = Wires(lines, cells[0].view()).solve(v);
                        const auto minus = Wires(lines, cells[1].view()).solve(v);
                        for (size_t o = 0; o < kOut; o++) {
                            sum[o] += gain * (plus.currents[o] - minus.currents[o]);
                        }
                    }
                }
                for (size_t o = 0; o < kOut; o++) {
                    EXPECT_NEAR(double{y(r, o)}, sum[o], 2e-5) << interleaved << ideal.size();
                }
            }
            // Without resistance the same tile gives more.
            c.wires = {};
            const Matrix<float> without = run(c, w, x);
            double lost = 0;
            for (size_t i = 0; i < y.values.size(); i++) {
                lost += std::abs(without.values[i]) - std::abs(y.values[i]);
            }
            EXPECT_GT(lost, 0.5) << interleaved;
        }
    }
}

TEST(SlicedTile, RowsDoNotDependOnTheBatch) {
    Crossbar c = plain();
    GenericCell noisy;
    noisy.read = 0.02;
    c.cell.model = noisy;
    c.adc = UniformAdc{6, Rounding::kStochastic};
    c.input.relative_noise = 0.01;
    Matrix<float> w(5, 9);
    Matrix<float> x(130, 9);
    fill_normal(kKey, Stream::kTest, 4, 0, w.values);
    fill_uniform(kKey, Stream::kTest, 5, 0, x.values);
    SlicedTile tile(c, {}, 5, 9, kKey);
    tile.write(w.view(), 0, {}, 0);
    MvmScratch scratch;
    Matrix<float> all(130, 5);
    tile.apply(x.view(), all.view(), ranged(), scratch);
    for (const size_t first : {size_t{0}, size_t{64}, size_t{129}}) {
        Matrix<float> one(1, 5);
        tile.apply(x.view().row_block(first, 1), one.view(), ranged(first), scratch);
        EXPECT_TRUE(std::equal(one.values.begin(), one.values.end(), all.row(first)));
    }
}

// Read noise enters through its variance: std sqrt(sum (sigma_+^2 + sigma_-^2) x^2) / (1 - g_min).
TEST(SlicedTile, ReadNoiseHasTheRightSpread) {
    Crossbar c = plain();
    GenericCell noisy;
    noisy.programming = 0;
    noisy.read = 0.05;
    c.cell.model = noisy;
    constexpr size_t kRows = 20000;
    Matrix<float> x(kRows, 4);
    for (size_t r = 0; r < kRows; r++) {
        std::copy_n(golden_inputs().row(0), 4, x.row(r));
    }
    const Matrix<float> y = run(c, golden_weights(), x);
    double square = 0;
    for (size_t r = 0; r < kRows; r++) {
        square += std::pow(double{y(r, 0)} - 0.61, 2) / kRows;
    }
    const double norm = std::sqrt(0.36 + 0.09 + 1 + 0.0225);
    const double wanted = 0.05 * std::sqrt(2.0) * norm / 0.9;
    EXPECT_NEAR(std::sqrt(square) / wanted, 1, 6 / std::sqrt(2.0 * kRows));
}

TEST(SlicedTile, MoreBitsAreNeverWorse) {
    Matrix<float> w(16, 64);
    Matrix<float> x(50, 64);
    fill_normal(kKey, Stream::kTest, 6, 0, w.values);
    fill_uniform(kKey, Stream::kTest, 7, 0, x.values);
    double last = 1e9;
    Crossbar c = plain();
    const Matrix<float> exact = run(c, w, x);
    for (int bits = 4; bits <= 12; bits++) {
        SarAdc sar;
        sar.bits = bits;
        sar.mid_tread = true;
        c.adc = sar;
        const Matrix<float> y = run(c, w, x);
        double error = 0;
        for (size_t k = 0; k < y.values.size(); k++) {
            error += std::pow(double{y.values[k]} - double{exact.values[k]}, 2);
        }
        EXPECT_LT(error, last) << bits;
        last = error;
    }
}

TEST(SlicedTile, InputsWithoutRangeAreScaledByTheirLargest) {
    const Crossbar c = plain();
    SlicedTile tile(c, {}, 3, 4, kKey);
    tile.write(golden_weights().view(), 0, {}, 0);
    Matrix<float> x(2, 4);
    for (size_t j = 0; j < 4; j++) {
        x(0, j) = 37 * golden_inputs()(0, j);
    }
    Matrix<float> y(2, 3);
    MvmScratch scratch;
    tile.apply(x.view(), y.view(), {}, scratch);
    EXPECT_NEAR(y(0, 0), 37 * 0.61f, 1e-4f);
    EXPECT_EQ(y(1, 0), 0.0f);  // nothing in, nothing out
}

TEST(SlicedTile, UnsignedInputsAreCutAtZero) {
    Crossbar c = plain();
    c.input.is_signed = false;
    const Matrix<float> y = run(c, golden_weights(), golden_inputs());
    EXPECT_NEAR(y(0, 0), 0.61f - 0.075f, 1e-6f);
}

TEST(SlicedTile, ConductancesComeBackAsTheyWereWritten) {
    Crossbar c = plain();
    c.weights.weight_bits = 8;
    c.weights.slices = 2;
    c.cell.model = GenericCell{};
    SlicedTile tile(c, {}, 3, 4, kKey);
    tile.write(golden_weights().view(), 0, {}, 0);
    const std::vector<Matrix<float>> g = tile.conductances_us();
    ASSERT_EQ(g.size(), 4u);
    const Matrix<float> w = tile.weights();
    SlicedTile other(c, {}, 3, 4, make_tile_key(8, "other"));
    other.write(golden_weights().view(), 0, {}, 0);
    EXPECT_NE(other.weights().values, w.values);
    other.set_conductances_us(g);
    for (size_t k = 0; k < w.values.size(); k++) {
        EXPECT_NEAR(other.weights().values[k], w.values[k], 1e-5f);
    }
    EXPECT_THROW(other.set_conductances_us({g[0]}), InputError);
}

TEST(SlicedTile, StuckCellsReachTheProduct) {
    Crossbar c = plain();
    StuckCells stuck;
    stuck.probability = 1;
    stuck.at = StuckAt::kGMax;
    SlicedTile tile(c, stuck, 3, 4, kKey);
    tile.write(golden_weights().view(), 0, {}, 0);
    for (const float w : tile.weights().values) {
        EXPECT_EQ(w, 0.0f);  // both of a pair are stuck at the same state
    }
}

// CrossSim's rule for offset slices: a power of two of cells, widened such that steps fall on
// multiples of the smallest current.
TEST(SlicedTile, RangeOfOffsetSlices) {
    Crossbar c = plain();
    c.weights.coding = WeightCoding::kOffset;
    c.weights.weight_bits = 8;
    c.weights.slices = 4;  // two bits each
    c.input.coding = InputCoding::kSignMagnitude;
    c.input.bits = 8;
    c.adc = SarAdc{.bits = 8};
    const SlicedTile tile(c, {}, 3, 24, kKey);
    const double high = 32.0 * (4.0 / 3.0) * (254.0 / 256.0) * (128.0 / 127.0);  // 24 -> 2^5
    EXPECT_NEAR(tile.adc_range(0).high, high, 1e-9);
    EXPECT_NEAR(tile.adc_range(0).low, -high, 1e-9);
    c.input.is_signed = false;
    const SlicedTile positive(c, {}, 3, 24, kKey);
    EXPECT_NEAR(
        positive.adc_range(3).high, 32.0 * (4.0 / 3.0) * (255.0 / 256.0) * (256.0 / 255.0), 1e-9);
    EXPECT_EQ(positive.adc_range(3).low, 0.0);
}

TEST(SlicedTile, ColumnsSaturateAtTheirLimit) {
    Crossbar c = plain();
    c.cell.on_off_ratio = 0;
    c.column_limit = 5;
    Matrix<float> w(2, 8, 1.0f);
    for (size_t j = 0; j < 8; j++) {
        w(1, j) = j < 3 ? 1.0f : 0.0f;
    }
    const Matrix<float> x(1, 8, 1.0f);
    const Matrix<float> y = run(c, w, x);
    EXPECT_NEAR(y(0, 0), 5.0f, 1e-5);  // of 8
    EXPECT_NEAR(y(0, 1), 3.0f, 1e-5);
}

// Standard deviation of a product with noise on every voltage; 4000 readings, six standard errors.
TEST(SlicedTile, VoltageNoiseHasTheRightSpread) {
    Crossbar c = plain();
    c.cell.on_off_ratio = 0;
    c.input.relative_noise = 0.1;
    constexpr size_t kReads = 4000;
    Matrix<float> w(1, 4);
    w.values = {0.5f, -0.25f, 1.0f, 0.75f};
    Matrix<float> x(kReads, 4);
    double variance = 0;
    double mean = 0;
    for (size_t j = 0; j < 4; j++) {
        const float v = 0.2f * static_cast<float>(j + 1);
        for (size_t r = 0; r < kReads; r++) {
            x(r, j) = v;
        }
        mean += double{w(0, j)} * double{v};
        variance += std::pow(0.1 * double{w(0, j)} * double{v}, 2);
    }
    const Matrix<float> y = run(c, w, x);
    double sum = 0;
    double square = 0;
    for (const float v : y.values) {
        sum += double{v} - mean;
        square += std::pow(double{v} - mean, 2);
    }
    const double std = std::sqrt(variance);
    EXPECT_NEAR(sum / kReads, 0.0, 6 * std / std::sqrt(double{kReads}));
    EXPECT_NEAR(std::sqrt(square / kReads), std, 6 * std / std::sqrt(2.0 * kReads));
}

TEST(SlicedTile, RefusesWhatDoesNotFit) {
    const auto refused = [](auto&& change) {
        Crossbar c = plain();
        change(c);
        EXPECT_THROW(SlicedTile(c, {}, 3, 4, kKey), ConfigError);
    };
    refused([](Crossbar& c) { c.adc_range.rule = AdcRangeRule::kGranular; });
    refused([](Crossbar& c) { c.input.slice_bits = 1; });
    refused([](Crossbar& c) { c.weights.slices = 3; });
    refused([](Crossbar& c) { c.cell.on_off_ratio = 0.5; });
    refused([](Crossbar& c) {
        c.weights.subtract_before_adc = false;
        c.weights.interleaved = true;
    });
    SlicedTile tile(plain(), {}, 3, 4, kKey);
    EXPECT_THROW(tile.write(Matrix<float>(2, 2).view(), 0, {}, 0), InputError);
}

TEST(SlicedTile, ATileUsesItsCrossbar) {
    TileConfig config;
    config.crossbar = plain();
    config.crossbar.weights.weight_bits = 8;
    config.crossbar.weights.slices = 2;
    Tile tile(config, 3, 4, kKey);
    tile.set_weights(golden_weights().view());
    Matrix<float> y(1, 3);
    MvmScratch scratch;
    tile.apply(golden_inputs().view(), y.view(), ranged(), scratch);
    EXPECT_NEAR(y(0, 0), 0.6149606f, 1e-6f);
    tile.program(golden_weights().view());
    tile.advance_to(1e6);
    tile.apply(golden_inputs().view(), y.view(), ranged(), scratch);
    EXPECT_NEAR(y(0, 0), 0.6149606f, 1e-6f);
    EXPECT_EQ(tile.devices(), 4u);
    EXPECT_EQ(tile.conductances_us().size(), 4u);
    EXPECT_EQ(tile.g_max_us(), 100.0);
}

}  // namespace
}  // namespace mho

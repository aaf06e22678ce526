// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/tile/tile.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "mho/device/golden_statistics.test.h"
#include "mho/tile/test_support.h"
#include "mho/util/error.h"

namespace mho {
namespace {

constexpr TileKey kKey{31};
constexpr size_t kOutputs = 20;
constexpr size_t kInputs = 50;

Matrix<float> test_weights(size_t rows = kOutputs, size_t cols = kInputs) {
    Matrix<float> w(rows, cols);
    fill_uniform({3}, Stream::kTest, 1, 0, w.values);
    for (float& v : w.values) {
        v = 2 * v - 1;
    }
    return w;
}

Matrix<float> test_inputs(size_t rows, size_t cols = kInputs) {
    Matrix<float> x(rows, cols);
    fill_uniform({3}, Stream::kTest, 2, 0, x.values);
    for (float& v : x.values) {
        v = 2 * v - 1;
    }
    return x;
}

TileConfig perfect() {
    TileConfig c;
    c.forward = perfect_mvm();
    return c;
}

Matrix<float> applied(const Tile& tile, const Matrix<float>& x, uint64_t step = 0) {
    Matrix<float> y(x.rows, tile.outputs());
    MvmScratch scratch;
    MvmCall call;
    call.key.step = step;
    tile.apply(x.view(), y.view(), call, scratch);
    return y;
}

double mean_abs(const Matrix<float>& m) {
    double sum = 0;
    for (const float v : m.values) {
        sum += std::abs(v);
    }
    return sum / static_cast<double>(m.values.size());
}

TEST(Tile, ExactWeightsGiveTheExactProduct) {
    Tile tile(perfect(), kOutputs, kInputs, kKey);
    const Matrix<float> w = test_weights();
    tile.set_weights(w.view());
    EXPECT_TRUE(same_bits(tile.weights(), w));
    EXPECT_FALSE(tile.is_programmed());
    EXPECT_TRUE(tile.compensation().empty());
    const Matrix<float> x = test_inputs(5);
    Matrix<double> exact(5, kOutputs);
    reference_multiply(w.view(), x.view(), exact.view());
    const Matrix<float> y = applied(tile, x);
    for (size_t i = 0; i < y.values.size(); i++) {
        EXPECT_NEAR(y.values[i], exact.values[i], kInputs * 0x1p-24 * kInputs);
    }
}

TEST(Tile, TransposedProductIsTheTranspose) {
    Tile tile(perfect(), kOutputs, kInputs, kKey);
    const Matrix<float> w = test_weights();
    tile.set_weights(w.view());
    const Matrix<float> d = test_inputs(3, kOutputs);
    Matrix<float> g(3, kInputs), prepared(3, kInputs);
    MvmScratch scratch;
    tile.apply_transposed(d.view(), g.view(), {}, scratch);
    tile.prepare_backward();
    tile.apply_transposed(d.view(), prepared.view(), {}, scratch);
    EXPECT_TRUE(same_bits(g, prepared));
    for (size_t b = 0; b < 3; b++) {
        for (size_t j = 0; j < kInputs; j++) {
            double sum = 0;
            for (size_t i = 0; i < kOutputs; i++) {
                sum += double{w(i, j)} * d(b, i);
            }
            EXPECT_NEAR(g(b, j), sum, kOutputs * 0x1p-24 * kOutputs);
        }
    }
    // New weights must not meet the old transposed ones.
    Matrix<float> zero(kOutputs, kInputs);
    tile.set_weights(zero.view());
    tile.apply_transposed(d.view(), g.view(), {}, scratch);
    EXPECT_EQ(mean_abs(g), 0);
}

TEST(Tile, ProgrammingAddsNoiseAndReplays) {
    Tile tile(perfect(), kOutputs, kInputs, kKey);
    const Matrix<float> w = test_weights();
    tile.program(w.view(), 1);
    EXPECT_TRUE(tile.is_programmed());
    EXPECT_TRUE(same_bits(tile.target(), w));
    const Matrix<float> first = tile.weights();
    double error = 0;
    for (size_t i = 0; i < w.values.size(); i++) {
        error += std::pow(first.values[i] - w.values[i], 2);
    }
    error = std::sqrt(error / static_cast<double>(w.values.size()));
    // Programming noise of PCM: 0.26 to 1.1 uS of 25 uS.
    EXPECT_GT(error, 0.01);
    EXPECT_LT(error, 0.06);
    tile.program(w.view(), 2);
    EXPECT_FALSE(same_bits(tile.weights(), first));
    tile.program(w.view(), 1);
    EXPECT_TRUE(same_bits(tile.weights(), first));
    tile.program(w.view(), 1, {.programming = false});
    for (size_t i = 0; i < w.values.size(); i++) {
        EXPECT_NEAR(tile.weights().values[i], w.values[i], 1e-6);
    }
}

TEST(Tile, SwitchesTurnSourcesOffWithoutMovingTheOthers) {
    const Matrix<float> w = test_weights();
    const auto at = [&](ConductanceSwitches s, double t) {
        Tile tile(perfect(), kOutputs, kInputs, kKey);
        tile.program(w.view(), 0, s);
        tile.advance_to(t, 4);
        return tile.weights();
    };
    const ConductanceSwitches only_programming{.drift = false, .read = false};
    // Drift and read noise off: time does nothing.
    EXPECT_TRUE(same_bits(at(only_programming, 0), at(only_programming, 1e6)));
    // Pure drift shrinks every weight.
    const Matrix<float> drifted = at({.programming = false, .read = false}, 1e6);
    for (size_t i = 0; i < w.values.size(); i++) {
        EXPECT_LE(std::abs(drifted.values[i]), std::abs(w.values[i]) + 1e-6);
    }
    EXPECT_LT(mean_abs(drifted), 0.8 * mean_abs(w));
}

TEST(Tile, TimeMovesInAnyOrder) {
    const Matrix<float> w = test_weights();
    Tile tile(perfect(), kOutputs, kInputs, kKey);
    tile.program(w.view());
    tile.advance_to(3600, 1);
    const Matrix<float> hour = tile.weights();
    tile.advance_to(86400 * 365.0, 2);
    const Matrix<float> year = tile.weights();
    EXPECT_LT(mean_abs(year), mean_abs(hour));
    tile.advance_to(3600, 1);
    EXPECT_TRUE(same_bits(tile.weights(), hour));
    tile.advance_to(3600, 2);
    EXPECT_FALSE(same_bits(tile.weights(), hour));
    EXPECT_EQ(tile.time_s(), 3600);
}

TEST(Tile, CompensationHoldsTheMeanOutput) {
    const Matrix<float> w = test_weights();
    for (const DriftCompensationKind kind : {DriftCompensationKind::kGlobal,
                                             DriftCompensationKind::kGlobalExactReference,
                                             DriftCompensationKind::kPerColumn}) {
        TileConfig c = perfect();
        c.drift_compensation = kind;
        Tile tile(c, kOutputs, kInputs, kKey);
        tile.program(w.view());
        Matrix<float> unit(kInputs, kInputs);
        for (size_t j = 0; j < kInputs; j++) {
            unit(j, j) = 1;
        }
        const double before = kind == DriftCompensationKind::kGlobalExactReference
                                  ? mean_abs(w)
                                  : mean_abs(applied(tile, unit));
        tile.advance_to(86400 * 365.0);
        tile.use_compensation(false);
        EXPECT_LT(mean_abs(applied(tile, unit)), 0.8 * before);
        tile.use_compensation(true);
        EXPECT_NEAR(mean_abs(applied(tile, unit)), before, 1e-5 * before);
        const bool column = kind == DriftCompensationKind::kPerColumn;
        ASSERT_EQ(tile.compensation().size(), column ? kOutputs : 1u);
        for (const float factor : tile.compensation()) {
            EXPECT_GT(factor, 1.1f);
        }
    }
}

TEST(Tile, WithoutCompensationThereIsNoFactor) {
    TileConfig c = perfect();
    c.drift_compensation = DriftCompensationKind::kNone;
    Tile tile(c, kOutputs, kInputs, kKey);
    tile.program(test_weights().view());
    tile.advance_to(1e5);
    EXPECT_TRUE(tile.compensation().empty());
}

TEST(Tile, AnEmptyTileDoesNotDivideByZero) {
    for (const auto kind : {DriftCompensationKind::kGlobal, DriftCompensationKind::kPerColumn}) {
        TileConfig c = perfect();
        c.drift_compensation = kind;
        Tile tile(c, kOutputs, kInputs, kKey);
        tile.program(Matrix<float>(kOutputs, kInputs).view(), 0, {false, false, false});
        tile.advance_to(1e8);
        for (const float factor : tile.compensation()) {
            EXPECT_EQ(factor, 1.0f);
        }
    }
}

TEST(Tile, StateRestoresExactly) {
    const Matrix<float> w = test_weights();
    const Matrix<float> x = test_inputs(9);
    Tile tile(TileConfig{}, kOutputs, kInputs, kKey);
    const auto expect_restored = [&] {
        Tile other(TileConfig{}, kOutputs, kInputs, kKey);
        other.restore(tile.state());
        EXPECT_TRUE(same_bits(other.weights(), tile.weights()));
        EXPECT_EQ(other.compensation(), tile.compensation());
        EXPECT_TRUE(same_bits(applied(other, x, 8), applied(tile, x, 8)));
        EXPECT_EQ(other.time_s(), tile.time_s());
    };
    tile.set_weights(w.view());
    expect_restored();
    tile.program(w.view(), 5, {.read = false});
    expect_restored();
    tile.advance_to(12345.0, 6);
    tile.use_compensation(false);
    expect_restored();
    tile.use_compensation(true);
    expect_restored();
}

TEST(Tile, ConductancesBelongToThePresent) {
    Tile tile(TileConfig{}, kOutputs, kInputs, kKey);
    tile.program(test_weights().view());
    const auto now = tile.conductances_us();
    ASSERT_EQ(now.size(), 2u);
    tile.advance_to(1e6);
    const auto later = tile.conductances_us();
    EXPECT_LT(mean_abs(later[0]), mean_abs(now[0]));
    for (const Matrix<float>& slice : later) {
        for (const float g : slice.values) {
            ASSERT_GE(g, 0.0f);
            ASSERT_TRUE(std::isfinite(g));
        }
    }
}

TEST(Tile, ReadoutsDoNotShareNoiseWithProducts) {
    Tile tile(TileConfig{}, kOutputs, kInputs, kKey);
    tile.set_weights(test_weights().view());
    EXPECT_NE(tile.readout(1), tile.readout(2));
    EXPECT_EQ(tile.readout(1), tile.readout(1));
    MvmCall call;
    call.key.step = uint64_t{1} << 55;  // the steps of read-outs
    MvmScratch scratch;
    Matrix<float> x = test_inputs(1), y(1, kOutputs);
    EXPECT_THROW(tile.apply(x.view(), y.view(), call, scratch), InputError);
}

TEST(Tile, RefusesWhatIsWrong) {
    Tile tile(TileConfig{}, kOutputs, kInputs, kKey);
    MvmScratch scratch;
    Matrix<float> x = test_inputs(2), y(2, kOutputs), d(2, kOutputs), g(2, kInputs);
    EXPECT_THROW(tile.set_weights(test_weights(3, 4).view()), InputError);
    EXPECT_THROW(tile.program(test_weights(3, 4).view()), InputError);
    EXPECT_THROW(tile.advance_to(1), InputError);
    EXPECT_THROW(tile.apply(y.view(), y.view(), {}, scratch), InputError);
    EXPECT_THROW(tile.apply_transposed(x.view(), g.view(), {}, scratch), InputError);
    x(1, 3) = std::numeric_limits<float>::quiet_NaN();
    EXPECT_THROW(tile.apply(x.view(), y.view(), {}, scratch), InputError);
    d(0, 0) = std::numeric_limits<float>::infinity();
    EXPECT_THROW(tile.apply_transposed(d.view(), g.view(), {}, scratch), InputError);
    Matrix<float> w = test_weights();
    w(0, 0) = std::numeric_limits<float>::infinity();
    EXPECT_THROW(tile.program(w.view()), InputError);
    tile.program(test_weights().view());
    EXPECT_THROW(tile.advance_to(-1), InputError);
    EXPECT_THROW(tile.advance_to(std::numeric_limits<double>::quiet_NaN()), InputError);
    EXPECT_THROW(tile.advance_to(1, uint64_t{1} << 54), InputError);
    EXPECT_THROW(Tile(TileConfig{}, 0, 4, kKey), InputError);
}

TEST(Tile, WeightsMadeOnTheWayAreThoseGivenAtOnce) {
    Tile tile(perfect(), kOutputs, kInputs, kKey), other(perfect(), kOutputs, kInputs, kKey);
    const Matrix<float> w = test_weights();
    tile.set_weights(w.view());
    Matrix<float> rows(PackedMatrix::kPanel, kInputs);
    other.set_weights_from([&](size_t first, size_t count) -> ConstFloatView {
        std::copy_n(w.row(first), count * kInputs, rows.values.data());
        return rows.view().row_block(0, count);
    });
    EXPECT_TRUE(same_bits(tile.weights(), other.weights()));
    EXPECT_THROW(other.set_weights_from([&](size_t, size_t) { return rows.view(); }), InputError);
}

TEST(Tile, HasZerosAfterWeightsThatAreNotFinite) {
    Tile tile(perfect(), kOutputs, kInputs, kKey);
    Matrix<float> w = test_weights();
    tile.set_weights(w.view());
    w(kOutputs - 1, kInputs - 1) = INFINITY;
    EXPECT_THROW(tile.set_weights(w.view()), InputError);
    EXPECT_EQ(mean_abs(tile.weights()), 0);
}

TEST(Tile, PulseWidthsBehindWires) {
    TileConfig c;
    c.time_ir_drop.enabled = true;
    c.time_ir_drop.segments = 5;
    c.time_ir_drop.strength = 1000;
    c.forward.output_noise.std = 0;
    c.forward.adc = {.bound = 0, .steps = 0};
    c.drift_compensation = DriftCompensationKind::kNone;
    Tile tile(c, kOutputs, kInputs, kKey);
    tile.program(test_weights().view());
    const Matrix<float> x = test_inputs(4);
    MvmCall call;
    call.range_scale = 0.8f;
    MvmScratch scratch;
    Matrix<float> y(4, kOutputs);
    tile.apply(x.view(), y.view(), call, scratch);
    // The array of the tile's own conductances, scale of the mapping included.
    const Conductances mapped = to_conductances(c.converter, test_weights().view());
    Conductances now = mapped;
    now.slices = tile.conductances_us();
    Matrix<double> scaled(4, kInputs);
    for (size_t i = 0; i < x.values.size(); i++) {
        scaled.values[i] = double{std::min(std::max(x.values[i] * 0.8f, -1.0f), 1.0f)};
    }
    const Matrix<double> want =
        reference_time_ir_drop(c.time_ir_drop, c.converter, now, scaled.view());
    for (size_t i = 0; i < y.values.size(); i++) {
        EXPECT_NEAR(y.values[i], want.values[i], 0.05);  // a tick of its converter
    }
    // Output noise and converter of `forward` follow, pass by pass; batches may be cut.
    c.forward.output_noise.std = 0.04;
    c.forward.adc = {.bound = 10, .steps = 254};
    c.time_ir_drop.input = PulseInput::kBitWise;
    Tile noisy(c, kOutputs, kInputs, kKey);
    noisy.program(test_weights().view());
    noisy.advance_to(86400);
    Matrix<float> all(4, kOutputs);
    Matrix<float> parts(4, kOutputs);
    noisy.apply(x.view(), all.view(), call, scratch);
    for (const size_t first : {size_t{0}, size_t{3}}) {
        const size_t rows = first == 0 ? 3 : 1;
        call.key.first_sample = first;
        noisy.apply(
            x.view().row_block(first, rows), parts.view().row_block(first, rows), call, scratch);
    }
    EXPECT_TRUE(same_bits(all, parts));
    double distance = 0;
    for (size_t i = 0; i < all.values.size(); i++) {
        distance += std::abs(all.values[i] - y.values[i]);
    }
    EXPECT_GT(distance, 0.1);
    c.time_ir_drop.segments = 7;  // does not divide 50 rows
    Tile wrong(c, kOutputs, kInputs, kKey);
    EXPECT_THROW(wrong.set_weights(test_weights().view()), ConfigError);
}

TEST(Tile, CountsItsBytes) {
    Tile tile(TileConfig{}, kOutputs, kInputs, kKey);
    tile.program(test_weights().view());
    // Targets and packed weights (one panel of 32 outputs).
    EXPECT_GE(tile.bytes(), (kOutputs + 32) * kInputs * sizeof(float));
    EXPECT_LT(tile.bytes(), 2 * (kOutputs + 32) * kInputs * sizeof(float));
}

// Against recorded statistics. Their law converts programmed weights a second time.
void expect_recorded(const nlohmann::json& record) {
    const std::string id = record.at("id");
    const auto& settings = record.at("config");
    const std::string rule = settings.at("drift_compensation").at("class");
    const DriftCompensationKind kind =
        rule == "PerColumnDriftCompensation" ? DriftCompensationKind::kPerColumn
        : rule == "GlobalDriftCompensation"  ? DriftCompensationKind::kGlobal
                                             : DriftCompensationKind::kGlobalExactReference;
    const auto& law = settings.at("noise_model");
    const auto& rows = record.at("inputs").at("W");
    Matrix<float> w(rows.size(), rows[0].size());
    for (size_t i = 0; i < w.rows; i++) {
        for (size_t j = 0; j < w.cols; j++) {
            w(i, j) = rows[i][j];
        }
    }
    TileConfig c;
    c.forward.perfect = settings.at("forward").at("is_perfect");
    c.forward.dac.steps = 126;
    c.forward.adc = {.bound = 12, .steps = 510};
    c.forward.output_noise.std = 0.06;
    c.forward.weight_noise.kind = WeightNoiseKind::kNone;
    c.forward.ir_drop.strength = 0;
    c.forward.noise_management = {NoiseManagementKind::kAbsMax, 0.0};
    c.forward.bound_management.kind = BoundManagementKind::kIterative;
    c.drift_compensation = kind;
    c.renormalise_programmed = true;
    if (law.at("class") == "HermesNoiseModel") {
        Hermes cells;
        cells.devices = law.value("num_devices", 2);
        c.conductance = cells;
        c.converter = SinglePair{.g_max_us = law.at("g_converter").at("g_max")};
    }
    const std::vector<std::pair<std::string, double>> times = {{"1 s", 1},
                                                               {"20 s", 20},
                                                               {"1 h", 3600},
                                                               {"1 day", 86400},
                                                               {"30 days", 30 * 86400.0},
                                                               {"1 year", 365 * 86400.0},
                                                               {"10 years", 3650 * 86400.0}};
    const size_t columns = kind == DriftCompensationKind::kPerColumn ? w.rows : 1;
    constexpr uint64_t kChips = 600;
    std::vector<std::vector<std::vector<float>>> factors(times.size(),
                                                         std::vector<std::vector<float>>(columns));
    for (uint64_t chip = 0; chip < kChips; chip++) {
        const TileKey key = make_tile_key(11, "golden", 0, 0, static_cast<uint32_t>(chip));
        Tile tile(c, w.rows, w.cols, key);
        tile.program(w.view());
        for (size_t t = 0; t < times.size(); t++) {
            tile.advance_to(times[t].second, t);
            for (size_t i = 0; i < columns; i++) {
                factors[t][i].push_back(tile.compensation()[i]);
            }
        }
    }
    for (size_t t = 0; t < times.size(); t++) {
        const auto& stats = record.at("stats").at("factor at " + times[t].first);
        for (size_t i = 0; i < columns; i++) {
            expect_statistics(factors[t][i], stats, i, id + " at " + times[t].first);
        }
    }
}

TEST(TileGolden, CompensationAgreesWithRecords) {
    const auto records = golden_records("drift_compensation");
    EXPECT_GE(records.size(), 2u);
    for (const auto& record : records) {
        expect_recorded(record);
    }
}

}  // namespace
}  // namespace mho

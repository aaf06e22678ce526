// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/convert/adc_bank.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "mho/convert/linearity.h"
#include "mho/util/error.h"

namespace mho {
namespace {

const TileKey kKey = make_tile_key(1, "adc test");
constexpr AdcRange kRange{-2.0, 2.0};

std::vector<AdcModel> ideal_circuits(int bits) {
    SarAdc sar;
    sar.bits = bits;
    SarAdc plain = sar;
    plain.split = false;
    plain.sign_capacitors = false;
    RampAdc ramp;
    ramp.bits = bits;
    PipelineAdc pipeline;
    pipeline.bits = bits;
    CyclicAdc cyclic;
    cyclic.bits = bits;
    return {sar, plain, ramp, pipeline, cyclic};
}

std::vector<AdcModel> imperfect(int bits) {
    std::vector<AdcModel> list;
    for (AdcModel m : ideal_circuits(bits)) {
        std::visit(
            [&](auto& a) {
                if constexpr (requires { a.capacitor_sigma; }) {
                    a.capacitor_sigma = 0.03;
                    a.comparator_sigma = 0.01;
                    a.gain_db = 50;
                }
            },
            m);
        list.push_back(m);
    }
    CcoAdc cco;
    cco.bits = bits;
    cco.gain_sigma = 0.05;
    cco.compression = 0.3;
    list.emplace_back(cco);
    LogarithmicAdc log;
    log.bits = bits;
    list.emplace_back(log);
    return list;
}

// Golden numbers: golden/oracles/converters.py, spec of CrossSim's converters.
TEST(AdcBank, GoldenValuesOfIdealConverters) {
    const std::vector<double> y = {0.549, -0.39825, 0.91125};
    const auto check = [&](const AdcModel& model,
                           const std::vector<double>& values,
                           const std::vector<int64_t>& codes) {
        const AdcBank bank(model, 3, true, kKey);
        std::vector<float> row(y.begin(), y.end());
        bank.convert_row(row, kRange, nullptr);
        for (size_t i = 0; i < 3; i++) {
            EXPECT_NEAR(bank.reference(i, y[i], kRange), values[i], 5e-8) << model_name(model);
            EXPECT_EQ(bank.reference_code(i, y[i], kRange), codes[i]) << model_name(model);
            EXPECT_NEAR(double{row[i]}, values[i], 3e-7) << model_name(model);
        }
    };
    check(UniformAdc{6}, {0.5396825397, -0.4126984127, 0.9206349206}, {40, 25, 46});
    check(SignMagnitudeAdc{6}, {0.5806451613, -0.3870967742, 0.9032258065}, {40, 25, 45});
    for (const AdcModel& model : ideal_circuits(6)) {
        check(model, {0.53125, -0.40625, 0.90625}, {40, 25, 46});
    }
}

TEST(AdcBank, IdealCircuitsGiveTheSameCodesEverywhere) {
    for (const int bits : {2, 5, 8}) {
        const double n = std::exp2(bits);
        for (const AdcModel& model : ideal_circuits(bits)) {
            const AdcBank bank(model, 1, true, kKey);
            for (int i = 0; i <= 4201; i++) {
                const double x = -2.1 + i * 0.001 + 1e-7;
                const double floor_law = std::clamp(std::floor((x / 2 + 1) / 2 * n), 0.0, n - 1);
                ASSERT_EQ(bank.reference_code(0, x, kRange), static_cast<int64_t>(floor_law))
                    << model_name(model) << " " << bits << " bit at " << x;
            }
        }
    }
}

TEST(AdcBank, MidTreadMakesZeroACode) {
    for (AdcModel model : ideal_circuits(6)) {
        std::visit(
            [](auto& a) {
                if constexpr (requires { a.mid_tread; }) {
                    a.mid_tread = true;
                }
            },
            model);
        const AdcBank bank(model, 1, true, kKey);
        for (const double x : {-0.03, 0.0, 0.03}) {
            EXPECT_EQ(bank.reference(0, x, kRange), 0.0);
            std::vector<float> row = {static_cast<float>(x)};
            bank.convert_row(row, kRange, nullptr);
            EXPECT_EQ(row[0], 0.0f);
        }
        EXPECT_DOUBLE_EQ(bank.reference(0, 0.04, kRange), 0.0625);
    }
}

TEST(AdcBank, CountsItsCodes) {
    const std::vector<std::pair<AdcModel, size_t>> cases = {{UniformAdc{5}, 32},
                                                            {SignMagnitudeAdc{5}, 31},
                                                            {CcoAdc{5}, 31},
                                                            {LogarithmicAdc{5, 1.0}, 31},
                                                            {SarAdc{5}, 32}};
    for (const auto& [model, wanted] : cases) {
        const AdcBank bank(model, 1, true, kKey);
        std::set<double> values;
        for (int i = -30000; i <= 30000; i++) {
            values.insert(bank.reference(0, i * 1e-4, kRange));
        }
        EXPECT_EQ(values.size(), wanted) << model_name(model);
        EXPECT_EQ(static_cast<size_t>(bank.codes()), wanted) << model_name(model);
    }
}

// The fast form against the law: equal but for inputs within float32 rounding of an edge.
TEST(AdcBank, RowsEqualTheReference) {
    for (const bool is_signed : {true, false}) {
        std::vector<AdcModel> models = imperfect(7);
        for (const AdcModel& m : ideal_circuits(7)) {
            models.push_back(m);
        }
        for (const Rounding r : {Rounding::kNearest, Rounding::kFloor, Rounding::kStochastic}) {
            models.emplace_back(UniformAdc{7, r});
            models.emplace_back(SignMagnitudeAdc{7, r});
        }
        models.emplace_back(IdealAdc{});
        const AdcRange range{is_signed ? -2.0 : 0.0, 2.0};
        constexpr size_t kColumns = 37;
        for (const AdcModel& model : models) {
            const AdcBank bank(model, kColumns, is_signed, kKey);
            size_t different = 0;
            for (uint64_t step = 0; step < 50; step++) {
                std::vector<float> row(kColumns);
                fill_uniform(kKey, Stream::kTest, step, 0, row);
                std::vector<float> uniforms(kColumns);
                fill_uniform(kKey, Stream::kTest, step, 4096, uniforms);
                for (float& x : row) {
                    x = is_signed ? 4.6f * x - 2.3f : 2.6f * x - 0.3f;
                }
                std::vector<float> y = row;
                bank.convert_row(y, range, uniforms.data());
                for (size_t c = 0; c < kColumns; c++) {
                    const double exact =
                        bank.reference(c, double{row[c]}, range, double{uniforms[c]});
                    different += std::abs(exact - double{y[c]}) > 1e-5 ? 1 : 0;
                }
            }
            EXPECT_LE(different, 1u) << model_name(model) << " signed " << is_signed;
        }
    }
}

TEST(AdcBank, SarEqualsTheNearestEdgeForMonotoneLevels) {
    SarAdc sar;
    sar.bits = 8;
    sar.capacitor_sigma = 0.005;
    sar.sign_capacitors = false;
    sar.split = false;
    const std::vector<double> normals = {0.3, -1.2, 0.5, 1.1, -0.4, 0.2, 0.9, -0.6};
    CapacitorDac dac{8, 0.005, 0, false, false};
    const std::vector<double> edges = dac_edges(dac, normals);
    ASSERT_TRUE(std::is_sorted(edges.begin() + 1, edges.end()));
    const std::vector<double> transitions = sar_transitions(edges, 8);
    for (int i = -50; i < 1050; i++) {
        const double u = i * 0.001;
        const auto brute = std::upper_bound(edges.begin() + 1, edges.end(), u) - edges.begin() - 1;
        EXPECT_EQ(sar_code(edges, u, 8), brute);
        EXPECT_EQ(std::upper_bound(transitions.begin(), transitions.end(), u) - transitions.begin(),
                  brute);
    }
}

TEST(AdcBank, SarTransitionsFollowTheSearchThroughNonMonotoneLevels) {
    CapacitorDac dac{6, 0.6, 0, true, true};
    const std::vector<double> normals = {1.2, -0.8, 2.0, -1.5, 0.4};
    const std::vector<double> edges = dac_edges(dac, normals);
    ASSERT_FALSE(std::is_sorted(edges.begin() + 1, edges.end()));
    const std::vector<double> t = sar_transitions(edges, 6);
    for (int i = -200; i < 1400; i++) {
        const double u = i * 0.001 + 1e-6;
        EXPECT_EQ(sar_code(edges, u, 6), std::upper_bound(t.begin(), t.end(), u) - t.begin());
    }
}

// 1.5-bit stages forgive comparator offsets below a quarter of the reference.
TEST(AdcBank, StagesTolerateComparatorOffsets) {
    StageChain exact;
    StageChain shifted;
    for (int s = 0; s < 7; s++) {
        exact.stages.push_back(make_stage(1, 1, 0, 0, -0.25, 0.25));
        const double o = s % 2 == 0 ? 0.2 : -0.2;
        shifted.stages.push_back(make_stage(1, 1, 0, 0, -0.25 + o, 0.25 - o));
    }
    for (int i = -999; i < 999; i++) {
        const double v = i * 0.001 + 3e-5;
        EXPECT_EQ(stage_code(exact, v), stage_code(shifted, v)) << v;
    }
    shifted.flash = 0.3;  // the last comparator is not forgiven
    int different = 0;
    for (int i = -999; i < 999; i++) {
        different += stage_code(exact, i * 0.001 + 3e-5) != stage_code(shifted, i * 0.001 + 3e-5);
    }
    EXPECT_GT(different, 100);
}

// Not so in CrossSim 3.2, where all groups share one draw.
TEST(AdcBank, EveryConverterHasItsOwnMismatch) {
    for (const AdcModel& model : imperfect(8)) {
        if (std::holds_alternative<LogarithmicAdc>(model)) {
            continue;
        }
        const size_t group = group_size_of(model);
        const AdcBank bank(model, 4 * group, true, kKey);
        const auto sweep = [&](size_t column) {
            std::vector<double> values;
            for (int i = -190; i < 190; i++) {
                values.push_back(bank.reference(column, i * 0.01 + 0.003, kRange));
            }
            return values;
        };
        EXPECT_NE(sweep(0), sweep(group)) << model_name(model);
        if (group > 1) {
            EXPECT_EQ(sweep(0), sweep(group - 1)) << model_name(model);
        }
    }
}

TEST(AdcBank, StochasticRoundingIsUnbiased) {
    const AdcBank bank(SignMagnitudeAdc{4, Rounding::kStochastic}, 1, true, kKey);
    constexpr size_t kDraws = 20000;
    std::vector<float> uniforms(kDraws);
    fill_uniform(kKey, Stream::kTest, 9, 0, uniforms);
    double sum = 0;
    for (const float u : uniforms) {
        sum += bank.reference(0, 0.5, kRange, double{u});
    }
    // One step is 4 / 14; its standard deviation at most half a step; six sigma.
    EXPECT_NEAR(sum / kDraws, 0.5, 6 * 0.5 * 4.0 / 14 / std::sqrt(double{kDraws}));
}

TEST(AdcBank, QuantisationErrorIsThatOfTheory) {
    SarAdc sar;
    sar.bits = 8;
    const AdcBank bank(sar, 1, true, kKey);
    double sum = 0;
    constexpr int kPoints = 100000;
    for (int i = 0; i < kPoints; i++) {
        const double x = -2 + 4 * (i + 0.5) / kPoints;
        const double e = bank.reference(0, x, kRange) - x;
        sum += e * e;
    }
    const double step = 4.0 / 256;
    EXPECT_NEAR(sum / kPoints, step * step / 12, 1e-3 * step * step / 12);
}

TEST(AdcBank, RangeOfAStep) {
    for (const AdcModel& model : {AdcModel{UniformAdc{6}}, AdcModel{SarAdc{6}}}) {
        for (const bool is_signed : {true, false}) {
            const AdcBank bank(model, 1, is_signed, kKey);
            const AdcRange range = range_of_step(model, 0.25, is_signed);
            EXPECT_DOUBLE_EQ(bank.value_of_code(5, range) - bank.value_of_code(4, range), 0.25);
        }
    }
    EXPECT_THROW(range_of_step(UniformAdc{6}, 0.0, true), InputError);
}

TEST(AdcBank, RefusesWhatItCannotDo) {
    EXPECT_THROW(AdcBank(UniformAdc{1}, 1, true, kKey), ConfigError);
    const AdcBank bank(UniformAdc{6}, 2, true, kKey);
    std::vector<float> row(3);
    EXPECT_THROW(bank.convert_row(row, kRange, nullptr), InputError);
    EXPECT_THROW(bank.reference(2, 0.0, kRange), InputError);
    EXPECT_THROW(measure_linearity(AdcBank(IdealAdc{}, 1, true, kKey), 0), InputError);
}

TEST(Linearity, IdealConvertersHaveNone) {
    for (const AdcModel& model : ideal_circuits(7)) {
        const Linearity l = measure_linearity(AdcBank(model, 1, true, kKey), 0);
        EXPECT_LT(l.largest_dnl, 1e-5) << model_name(model);
        EXPECT_LT(l.largest_inl, 1e-4) << model_name(model);
        EXPECT_EQ(l.missing_codes, 0u);
        EXPECT_NEAR(l.gain_error, 0, 1e-6);
        EXPECT_EQ(l.dnl.size(), 126u);
        EXPECT_NEAR(l.inl.back(), 0, 1e-9);
    }
}

// sigma sqrt(2^b) / 2 and sigma sqrt(2^b - 1) at mid-scale of a binary array.
TEST(Linearity, MidScaleErrorsOfABinaryArrayAreThoseOfTheory) {
    SarAdc sar;
    sar.bits = 8;
    sar.capacitor_sigma = 0.02;
    sar.sign_capacitors = false;
    sar.split = false;
    sar.group_size = 1;
    constexpr size_t kConverters = 400;
    const AdcBank bank(sar, kConverters, true, kKey);
    double inl = 0;
    double dnl = 0;
    for (size_t c = 0; c < kConverters; c++) {
        const Linearity l = measure_linearity(bank, c);
        // The edge of code 128, where the largest capacitor takes over from all others.
        inl += l.inl[127] * l.inl[127];
        dnl += l.dnl[126] * l.dnl[126];
    }
    // Six standard errors of a standard deviation from 400 converters.
    const double bound = 6 / std::sqrt(2.0 * kConverters);
    EXPECT_NEAR(std::sqrt(dnl / kConverters) / mid_scale_dnl_std(8, 0.02), 1, bound);
    EXPECT_NEAR(std::sqrt(inl / kConverters) / mid_scale_inl_std(8, 0.02), 1, bound);
}

TEST(Linearity, FindsMissingCodes) {
    SarAdc sar;
    sar.bits = 8;
    sar.capacitor_sigma = 0.3;
    sar.group_size = 1;
    sar.split = false;
    size_t missing = 0;
    const AdcBank bank(sar, 10, true, kKey);
    for (size_t c = 0; c < 10; c++) {
        missing += measure_linearity(bank, c).missing_codes;
    }
    EXPECT_GT(missing, 0u);
}

}  // namespace
}  // namespace mho

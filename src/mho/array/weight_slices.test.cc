// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/array/weight_slices.h"

#include <gtest/gtest.h>

#include <cmath>

namespace mho {
namespace {

Matrix<float> matrix(std::vector<std::vector<float>> rows) {
    Matrix<float> m(rows.size(), rows[0].size());
    for (size_t i = 0; i < m.rows; i++) {
        std::copy(rows[i].begin(), rows[i].end(), m.row(i));
    }
    return m;
}

const Matrix<float> kW =
    matrix({{0.5f, -0.25f, 0.1f, 0.9f}, {-0.7f, 0.3f, 0.0f, 0.45f}, {0.2f, -1.0f, 0.6f, -0.05f}});
const std::vector<double> kX = {0.6, -0.3, 1.0, 0.15};

// y = W x from currents, as the header states the way back.
std::vector<double> product(const WeightStates& states, const std::vector<double>& x) {
    std::vector<double> y(states.slices[0].plus.rows, 0.0);
    for (size_t i = 0; i < y.size(); i++) {
        for (size_t j = 0; j < x.size(); j++) {
            y[i] += states.input_gain * x[j];
            for (const StateSlice& s : states.slices) {
                double g = double{s.plus(i, j)};
                g -= s.minus.values.empty() ? 0.0 : double{s.minus(i, j)};
                g -= s.unit.empty() ? 0.0 : double{s.unit[j]};
                y[i] += s.gain * g * x[j];
            }
        }
    }
    return y;
}

void expect_golden(const WeightSlicing& w, const CellStates& cells, std::vector<double> golden) {
    const std::vector<double> y = product(to_states(w, cells, kW.view()), kX);
    for (size_t i = 0; i < 3; i++) {
        EXPECT_NEAR(y[i], golden[i], 5e-7) << i;
    }
}

// Golden numbers: golden/oracles/core_mapping.py.
TEST(WeightSlices, GoldenProducts) {
    WeightSlicing w;
    expect_golden(w, {0.1, 0}, {0.61, -0.4425, 1.0125});
    expect_golden(w, {0.1, 3}, {0.7, -0.45, 0.9571429});
    // 0.1, 0.3 and 0.9 lie between two states; the golden number decides them in double.
    Matrix<float> nudged = kW;
    nudged(0, 2) -= 1e-6f;
    nudged(0, 3) += 1e-6f;
    nudged(1, 1) -= 1e-6f;
    const std::vector<double> y = product(to_states(w, {0.1, 4}, nudged.view()), kX);
    EXPECT_NEAR(y[0], 0.6066667, 5e-7);
    EXPECT_NEAR(y[1], -0.41, 5e-7);
    EXPECT_NEAR(y[2], 1.01, 5e-7);
    w.two_sided = true;
    expect_golden(w, {0.1, 0}, {0.61, -0.4425, 1.0125});
    expect_golden(w, {0.1, 3}, {0.5928571, -0.4928571, 1.0785714});
    expect_golden(w, {0.1, 4}, {0.5366667, -0.47, 1.01});
    w = {};
    w.coding = WeightCoding::kOffset;
    expect_golden(w, {0.1, 0}, {0.61, -0.4425, 1.0125});
    // CrossSim gives 14/15 of it: it forgets the state that it left out.
    expect_golden(w, {0.1, 4}, {0.7, -0.45, 0.9571429});
    w.correction = OffsetCorrection::kUnitColumn;
    expect_golden(w, {0.1, 4}, {0.7, -0.45, 0.9571429});
}

TEST(WeightSlices, GoldenSlicedProductsOfEverySplit) {
    for (const auto coding :
         {WeightCoding::kBalanced, WeightCoding::kOffset, WeightCoding::kTwosComplement}) {
        for (const auto correction : {OffsetCorrection::kDigital, OffsetCorrection::kUnitColumn}) {
            for (const int slices : {2, 3, 4, 7, 8}) {
                WeightSlicing w;
                w.coding = coding;
                w.correction = correction;
                w.weight_bits = 8;
                w.slices = slices;
                expect_golden(w, {0.1, 0}, {0.6149606, -0.4429134, 1.0094488});
            }
        }
    }
}

TEST(WeightSlices, GoldenDigits) {
    const auto rows = [](int slices, WeightCoding coding) {
        WeightSlicing w;
        w.coding = coding;
        w.weight_bits = 8;
        w.slices = slices;
        std::vector<std::vector<int>> digits(static_cast<size_t>(slices));
        for (const float x : {0.5f, -0.25f, 0.1f, 0.9f}) {
            const std::vector<int> d =
                digits_of(w, static_cast<int>(std::nearbyint(double{x} * 127)));
            for (size_t k = 0; k < d.size(); k++) {
                digits[k].push_back(d[k]);
            }
        }
        return digits;
    };
    using Rows = std::vector<std::vector<int>>;
    EXPECT_EQ(rows(2, WeightCoding::kBalanced), (Rows{{0, 0, 13, 2}, {4, -2, 0, 7}}));
    EXPECT_EQ(rows(3, WeightCoding::kBalanced), (Rows{{0, 0, 5, 2}, {0, -4, 1, 6}, {1, 0, 0, 1}}));
    EXPECT_EQ(rows(2, WeightCoding::kOffset), (Rows{{0, 0, 13, 2}, {12, 6, 8, 15}}));
}

// Every code of every coding and split, odd splits and ratios included, comes back exactly.
TEST(WeightSlices, AllCodesComeBack) {
    for (const auto coding :
         {WeightCoding::kBalanced, WeightCoding::kOffset, WeightCoding::kTwosComplement}) {
        for (const int bits : {3, 5, 8}) {
            std::vector<std::vector<int>> splits = {{}};
            if (bits == 8 && coding != WeightCoding::kTwosComplement) {
                splits.insert(splits.end(), {{1, 2, 5}, {3, 1, 1, 3}, {8}, {5, 5}});
            } else if (bits == 8) {
                splits.insert(splits.end(), {{2, 2, 2, 1, 1}, {4, 3, 1}});
            }
            const int most = coding == WeightCoding::kBalanced ? bits - 1 : bits;
            const int least = coding == WeightCoding::kTwosComplement ? 2 : 1;
            for (int slices = least; slices <= most; slices++) {
                for (const std::vector<int>& split : splits) {
                    for (const double g_min : {0.0, 0.1}) {
                        for (const bool unit : {false, true}) {
                            WeightSlicing w;
                            w.coding = coding;
                            w.weight_bits = bits;
                            w.slices = slices;
                            w.slice_bits = split;
                            w.correction =
                                unit ? OffsetCorrection::kUnitColumn : OffsetCorrection::kDigital;
                            const int top = (1 << (bits - 1)) - 1;
                            Matrix<float> codes(1, static_cast<size_t>(2 * top + 1));
                            for (int v = -top; v <= top; v++) {
                                codes(0, static_cast<size_t>(v + top)) =
                                    static_cast<float>(v) / static_cast<float>(top);
                            }
                            const WeightStates states = to_states(w, {g_min, 0}, codes.view());
                            const Matrix<float> back = weights_of_states(states);
                            for (int v = -top; v <= top; v++) {
                                const double w_int =
                                    double{back(0, static_cast<size_t>(v + top))} * top;
                                ASSERT_NEAR(w_int, v, 2e-4);
                            }
                        }
                    }
                }
            }
        }
    }
}

// Weights on the grid of the cells are exact without slices too.
TEST(WeightSlices, WeightsOnTheGridOfTheCellsAreExact) {
    for (const auto coding : {WeightCoding::kBalanced, WeightCoding::kOffset}) {
        for (int bits = 2; bits <= 8; bits++) {
            const int top =
                coding == WeightCoding::kBalanced ? (1 << bits) - 1 : (1 << (bits - 1)) - 1;
            Matrix<float> codes(1, static_cast<size_t>(2 * top + 1));
            for (int v = -top; v <= top; v++) {
                codes(0, static_cast<size_t>(v + top)) =
                    static_cast<float>(v) / static_cast<float>(top);
            }
            WeightSlicing w;
            w.coding = coding;
            const Matrix<float> back = weights_of_states(to_states(w, {0.1, bits}, codes.view()));
            for (size_t k = 0; k < codes.values.size(); k++) {
                ASSERT_NEAR(back.values[k], codes.values[k], 1e-6f);
            }
        }
    }
}

TEST(WeightSlices, LimitFollowsPercentileAndHeadRoom) {
    Matrix<float> w(1, 101);
    for (size_t i = 0; i <= 100; i++) {
        w(0, i) = static_cast<float>(i) / 100 - 0.2f;  // -0.2 ... 0.8
    }
    WeightSlicing s;
    EXPECT_NEAR(weight_limit(s, w.view()), 0.8, 1e-6);
    s.percentile = 0.9;
    EXPECT_NEAR(weight_limit(s, w.view()), 0.7, 1e-6);
    s.percentile = 1.5;
    EXPECT_NEAR(weight_limit(s, w.view()), 1.2, 1e-6);
    s.percentile = 1.0;
    s.power_of_two_scale = true;
    EXPECT_EQ(weight_limit(s, w.view()), 1.0);
    EXPECT_EQ(weight_limit(s, Matrix<float>(2, 2).view()), 1.0);
}

TEST(WeightSlices, RefusesWhatDoesNotFit) {
    const auto refused = [](auto&& change) {
        WeightSlicing s;
        s.weight_bits = 8;
        change(s);
        EXPECT_THROW(bits_per_slice(s), ConfigError);
    };
    refused([](WeightSlicing& s) { s.weight_bits = 1; });
    refused([](WeightSlicing& s) { s.weight_bits = 0, s.slices = 2; });
    refused([](WeightSlicing& s) { s.slices = 9; });
    refused([](WeightSlicing& s) { s.slice_bits = {3, 3}; });
    refused([](WeightSlicing& s) {
        s.coding = WeightCoding::kTwosComplement;
        s.slice_bits = {4, 4};
    });
    refused([](WeightSlicing& s) {
        s.coding = WeightCoding::kOffset;
        s.interleaved = true;
    });
}

}  // namespace
}  // namespace mho

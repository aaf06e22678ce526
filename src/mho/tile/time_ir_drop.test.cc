// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/tile/time_ir_drop.h"

#include <gtest/gtest.h>

#include <cmath>

#include "mho/random/stream.h"
#include "mho/util/error.h"

namespace mho {
namespace {

constexpr size_t kOutputs = 6;
constexpr size_t kInputs = 16;

Matrix<float> numbers(size_t rows, size_t cols, uint64_t step, float scale) {
    Matrix<float> m(rows, cols);
    fill_uniform(make_tile_key(3, "time ir drop"), Stream::kTest, step, 0, m.values);
    for (float& v : m.values) {
        v = scale * (2 * v - 1);
    }
    return m;
}

Matrix<double> in_double(const Matrix<float>& m) {
    Matrix<double> d(m.rows, m.cols);
    for (size_t i = 0; i < m.values.size(); i++) {
        d.values[i] = static_cast<double>(m.values[i]);
    }
    return d;
}

TimeIrDrop without_ticks() {
    TimeIrDrop c;
    c.adc_ghz = 0;
    return c;
}

TEST(TimeIrDrop, EqualsTheReference) {
    const Matrix<float> w = numbers(kOutputs, kInputs, 1, 1.0F);
    const Matrix<float> x = numbers(5, kInputs, 2, 1.2F);  // some are clipped
    for (const Converter& converter : {Converter(SinglePair{}), Converter(NPair{{1.0, 0.25}})}) {
        const Conductances g = to_conductances(converter, w.view());
        for (const PulseInput input :
             {PulseInput::kOnePass, PulseInput::kSplit, PulseInput::kBitWise}) {
            for (const bool sum : {false, true}) {
                for (const int rows : {0, 24}) {
                    TimeIrDrop c = without_ticks();
                    c.input = input;
                    c.plain_sum = sum;
                    c.rows = rows;
                    c.strength = 1000;  // a drop that is seen
                    c.time_resolution = 2;
                    Matrix<float> y(5, kOutputs);
                    TimeIrDropArray(c, converter, g).apply(x.view(), y.view());
                    const Matrix<double> want =
                        reference_time_ir_drop(c, converter, g, in_double(x).view());
                    for (size_t i = 0; i < y.values.size(); i++) {
                        EXPECT_NEAR(y.values[i], want.values[i], 2e-5);
                    }
                }
            }
        }
    }
}

// Without wires, ticks and leak, and with the plain sum, every way to send the input gives the
// product of weights and rounded inputs.
TEST(TimeIrDrop, WithoutWiresItIsTheProduct) {
    const Matrix<float> w = numbers(kOutputs, kInputs, 3, 0.5F);
    const Matrix<float> x = numbers(4, kInputs, 4, 1.0F);
    const Conductances g = to_conductances(SinglePair{}, w.view());
    for (const PulseInput input :
         {PulseInput::kOnePass, PulseInput::kSplit, PulseInput::kBitWise}) {
        TimeIrDrop c = without_ticks();
        c.input = input;
        c.plain_sum = true;
        c.strength = 0;
        c.read_voltage = 0.4;
        const Matrix<double> y = reference_time_ir_drop(c, SinglePair{}, g, in_double(x).view());
        for (size_t r = 0; r < x.rows; r++) {
            for (size_t o = 0; o < kOutputs; o++) {
                double want = 0.0;
                for (size_t j = 0; j < kInputs; j++) {
                    want += static_cast<double>(w(o, j)) * std::rint(x(r, j) * 63.0) / 63.0;
                }
                EXPECT_NEAR(y(r, o), want, 1e-6);
            }
        }
    }
}

// One cell pair, one step of input: charges by hand. g+ = 20, g- = 5 uS; 63 steps; the wire is half
// a segment, 0.5 * 1e-6 * 0.15 Mohm.
TEST(TimeIrDrop, ByHand) {
    Conductances g;
    g.slices = {Matrix<float>(2, 1, 20.0F), Matrix<float>(2, 1, 5.0F)};
    g.scale.us_per_weight = {25.0};
    TimeIrDrop c = without_ticks();
    c.segments = 1;
    Matrix<double> x(1, 1, 10.0 / 63.0);
    const double r = 1.0 / 25.0 + 0.5e-6 * 0.15;
    const double idle = (0.4 - 0.4005) / r;
    const double on = (0.4 + 0.2 * 15.0 / 25.0 - 0.4005) / r;
    // 10 samples on; first repeated, falling edge: 10.5 on, 53.5 idle.
    const double charge = 10.5 * on + 53.5 * idle;
    EXPECT_NEAR(
        reference_time_ir_drop(c, SinglePair{}, g, x.view())(0, 0), charge / 25 / 0.2 / 63, 1e-9);
    c.adc_ghz = 6.24;
    const double ticks = std::trunc(charge / 100 * 6.24) * 100 / 6.24;
    EXPECT_NEAR(
        reference_time_ir_drop(c, SinglePair{}, g, x.view())(0, 0), ticks / 25 / 0.2 / 63, 1e-12);
}

TEST(TimeIrDrop, WiresLoseCurrentAndEndsDiffer) {
    // All cells alike: even and odd outputs are mirror images; inputs near the read-out lose less.
    Conductances g;
    g.slices = {Matrix<float>(2, 16, 20.0F), Matrix<float>(2, 16, 0.0F)};
    g.scale.us_per_weight = {20.0};
    TimeIrDrop c = without_ticks();
    c.read_voltage = 0.4;
    c.strength = 2000;
    Matrix<double> x(2, 16, 0.0);
    x(0, 0) = x(1, 15) = 1.0;
    const Matrix<double> y = reference_time_ir_drop(c, SinglePair{}, g, x.view());
    EXPECT_NEAR(y(0, 0), y(1, 1), 1e-12);
    EXPECT_NEAR(y(0, 1), y(1, 0), 1e-12);
    EXPECT_LT(y(0, 0), 0.97 * y(1, 0));  // input 0 is far from the read-out of even outputs
    double before = 2.0;
    for (const double strength : {0.0, 10.0, 100.0, 1000.0, 1e5}) {
        c.strength = strength;
        const double now = reference_time_ir_drop(c, SinglePair{}, g, x.view())(0, 0);
        EXPECT_LT(now, before);
        before = now;
    }
}

TEST(TimeIrDrop, Errors) {
    const Matrix<float> w = numbers(kOutputs, kInputs, 1, 1.0F);
    const Conductances g = to_conductances(SinglePair{}, w.view());
    const auto problem = [&](const TimeIrDrop& c) {
        try {
            const TimeIrDropArray array(c, SinglePair{}, g, "x");
        } catch (const ConfigError& e) {
            return std::string(e.what());
        }
        return std::string();
    };
    TimeIrDrop c;
    c.segments = 5;
    EXPECT_NE(problem(c).find("x.segments"), std::string::npos);
    c = {};
    c.rows = 8;
    EXPECT_NE(problem(c).find("x.rows"), std::string::npos);
    c = {};
    c.steps = 100;
    EXPECT_EQ(problem(c), "");
    c.input = PulseInput::kBitWise;
    EXPECT_NE(problem(c).find("x.steps"), std::string::npos);
    c = {};
    c.input = PulseInput::kSplit;
    c.split_bits = 6;
    EXPECT_NE(problem(c).find("x.split_bits"), std::string::npos);
    EXPECT_THROW(TimeIrDropArray({}, SingleDevice{}, to_conductances(SingleDevice{}, w.view())),
                 InputError);
    const TimeIrDropArray array({}, SinglePair{}, g);
    Matrix<float> x(1, kInputs), y(1, kOutputs + 1);
    EXPECT_THROW(array.apply(x.view(), y.view()), InputError);
}

}  // namespace
}  // namespace mho

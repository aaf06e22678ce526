// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/tile/compensation_law.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>

#include "mho/tile/tile.h"
#include "mho/util/error.h"

namespace mho {
namespace {

constexpr size_t kOutputs = 6;
constexpr size_t kInputs = 70;

Matrix<float> test_weights() {
    Matrix<float> w(kOutputs, kInputs);
    fill_uniform({5}, Stream::kTest, 1, 0, w.values);
    for (float& v : w.values) {
        v = 2 * v - 1;
    }
    return w;
}

// The built-in rule per column, written by a user.
class PerColumn : public CompensationLaw {
  public:
    std::vector<double> read(ConstFloatView outputs) const override {
        std::vector<double> sums(outputs.cols, 0.0);
        for (size_t r = 0; r < outputs.rows; r++) {
            for (size_t i = 0; i < outputs.cols; i++) {
                sums[i] += std::abs(outputs(r, i));
            }
        }
        for (double& s : sums) {
            s = std::max(s / static_cast<double>(outputs.rows), 1e-4);
        }
        return sums;
    }
    std::vector<double> factors(std::span<const double> baseline,
                                std::span<const double> present) const override {
        std::vector<double> f;
        for (size_t i = 0; i < baseline.size(); i++) {
            f.push_back(baseline[i] / present[i]);
        }
        return f;
    }
};

// Gives back what a test wants.
class Fixed : public CompensationLaw {
  public:
    Fixed(std::vector<double> read, std::vector<double> factors)
        : read_(std::move(read)), factors_(std::move(factors)) {}
    std::vector<double> read(ConstFloatView) const override { return read_; }
    std::vector<double> factors(std::span<const double>, std::span<const double>) const override {
        return factors_;
    }

  private:
    std::vector<double> read_;
    std::vector<double> factors_;
};

TEST(CompensationLaw, AUsersLawEqualsTheBuiltInOne) {
    TileConfig built_in;
    built_in.drift_compensation = DriftCompensationKind::kPerColumn;
    TileConfig users;
    users.drift_compensation = DriftCompensationKind::kNone;
    users.user_compensation = std::make_shared<PerColumn>();
    EXPECT_TRUE(users.compensates());
    Tile a(built_in, kOutputs, kInputs, {4});
    Tile b(users, kOutputs, kInputs, {4});
    for (Tile* t : {&a, &b}) {
        t->program(test_weights().view(), 2);
        t->advance_to(1e6, 5);
    }
    ASSERT_EQ(b.compensation().size(), kOutputs);
    EXPECT_EQ(a.compensation(), b.compensation());
    EXPECT_EQ(a.baseline(), b.baseline());
    EXPECT_EQ(a.readout(9), b.readout(9));
    Matrix<float> x(3, kInputs, 0.25f), ya(3, kOutputs), yb(3, kOutputs);
    MvmScratch scratch;
    a.apply(x.view(), ya.view(), {}, scratch);
    b.apply(x.view(), yb.view(), {}, scratch);
    EXPECT_EQ(ya.values, yb.values);
    // And it is part of the state.
    Tile c(users, kOutputs, kInputs, {4});
    c.restore(b.state());
    EXPECT_EQ(c.compensation(), b.compensation());
}

TEST(CompensationLaw, OneFactorAndNoneBeforeTimePasses) {
    TileConfig config;
    config.user_compensation =
        std::make_shared<Fixed>(std::vector<double>{}, std::vector<double>{2.0});
    Tile tile(config, kOutputs, kInputs, {4});
    tile.program(test_weights().view());
    EXPECT_EQ(tile.compensation(), std::vector<float>{1.0f});
    tile.advance_to(5.0);
    EXPECT_EQ(tile.compensation(), std::vector<float>{2.0f});
}

TEST(CompensationLaw, WrongResultsAreRefused) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    TileConfig config;
    config.user_compensation =
        std::make_shared<Fixed>(std::vector<double>{1.0}, std::vector<double>{1.0, 2.0});
    Tile two(config, kOutputs, kInputs, {4});
    two.program(test_weights().view());
    EXPECT_THROW(two.advance_to(1.0), InputError);
    config.user_compensation =
        std::make_shared<Fixed>(std::vector<double>{1.0}, std::vector<double>{nan});
    Tile bad(config, kOutputs, kInputs, {4});
    bad.program(test_weights().view());
    EXPECT_THROW(bad.advance_to(1.0), InputError);
    config.user_compensation =
        std::make_shared<Fixed>(std::vector<double>{nan}, std::vector<double>{1.0});
    Tile worse(config, kOutputs, kInputs, {4});
    EXPECT_THROW(worse.program(test_weights().view()), InputError);
}

TEST(MeasuredConductances, ReplaceTheSimulatedOnes) {
    Tile tile(TileConfig{}, kOutputs, kInputs, {4});
    std::vector<Matrix<float>> measured(2, Matrix<float>(kOutputs, kInputs, 5.0f));
    EXPECT_THROW(tile.set_conductances_us(measured), InputError);  // not programmed
    tile.program(test_weights().view());
    const Matrix<float> simulated = tile.weights();
    measured[0].values[3] = 25.0f;
    tile.set_conductances_us(measured);
    EXPECT_EQ(tile.conductances_us()[0].values, measured[0].values);
    EXPECT_FLOAT_EQ(tile.weights().values[0], 0.0f);
    EXPECT_NEAR(tile.weights().values[3], 0.8, 0.01);
    EXPECT_NE(tile.compensation()[0], 1.0f);  // measured again
    Tile other(TileConfig{}, kOutputs, kInputs, {4});
    other.restore(tile.state());
    EXPECT_EQ(other.weights().values, tile.weights().values);
    EXPECT_EQ(other.compensation(), tile.compensation());
    tile.program(test_weights().view());
    EXPECT_EQ(tile.weights().values, simulated.values);
    measured.pop_back();
    EXPECT_THROW(tile.set_conductances_us(measured), InputError);
    measured.emplace_back(kOutputs, kInputs + 1);
    EXPECT_THROW(tile.set_conductances_us(measured), InputError);
    measured[1] = Matrix<float>(kOutputs, kInputs, std::numeric_limits<float>::infinity());
    EXPECT_THROW(tile.set_conductances_us(measured), InputError);
    EXPECT_EQ(tile.weights().values, simulated.values);
}

}  // namespace
}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "mho/train/learner.h"
#include "mho/train/test_support.h"

namespace mho {
namespace {

constexpr TileKey kKey{59};
constexpr size_t kRows = 3;
constexpr size_t kCols = 4;
constexpr double kRate = 0.05;

ResidualLearning numbers(ResidualVersion version) {
    ResidualLearning c;
    c.devices = {test::ideal_device(), test::ideal_device()};
    c.update = test::number_update();
    c.transfer_update = test::number_update();
    c.transfer_read = perfect_mvm();
    c.transfer_in_batches = false;
    c.version = version;
    return c;
}

// Both versions against the equations of the paper, one column a vector.
TEST(ResidualLearning, FollowsTheEquations) {
    for (const ResidualVersion version : {ResidualVersion::kV1, ResidualVersion::kV2}) {
        ResidualLearning c = numbers(version);
        c.transfer_rate = 2;
        auto learner = make_learner(c, kRows, kCols, kKey);
        const Matrix<float> reference = test::normal_matrix(kRows, kCols, 0.2f, 500);
        learner->set_table("reference", reference.view());
        learner->set_weights(Matrix<float>(kRows, kCols, 0.3f).view());
        Matrix<double> p(kRows, kCols);
        Matrix<double> w(kRows, kCols, 0.3);
        Matrix<double> h(kRows, kCols);
        const double b = 2 * kRate;
        for (uint64_t step = 1; step <= 80; step++) {
            const Matrix<float> x = test::normal_matrix(1, kCols, 0.3f, 2 * step);
            const Matrix<float> d = test::normal_matrix(1, kRows, 0.3f, 2 * step + 1);
            UpdateCall call;
            call.rate = kRate;
            call.key = {step, 0};
            learner->update(x.view(), d.view(), call);
            const size_t line = (step - 1) % kCols;
            for (size_t r = 0; r < kRows; r++) {
                for (size_t col = 0; col < kCols; col++) {
                    p(r, col) -= kRate * double{d(0, r)} * x(0, col);
                }
                if (version == ResidualVersion::kV1) {
                    w(r, line) += b * p(r, line);
                    continue;
                }
                h(r, line) = (1 - b) * h(r, line) + b * p(r, line);
                if (std::abs(h(r, line)) >= 0.001) {
                    const double sign = std::copysign(1.0, h(r, line));
                    h(r, line) -= sign * 0.001;
                    w(r, line) += sign * 0.001;
                }
            }
            for (size_t r = 0; r < kRows; r++) {
                for (size_t col = 0; col < kCols; col++) {
                    ASSERT_NEAR(w(r, col) + 0.4 * p(r, col), learner->weights()(r, col), 1e-5)
                        << "after update " << step;
                }
            }
        }
    }
}

// The residual is counted from the symmetric point of its device: where pulses balance, it is 0.
TEST(ResidualLearning, StartsAtTheSymmetricPoint) {
    SoftBounds device;
    device.dw_min = 0.01;
    device.up_down = -0.3;
    ResidualLearning c;
    c.devices = {device, device};
    c.zero_shift_pulses = 1000;
    auto learner = make_learner(c, kRows, kCols, kKey);
    learner->set_weights(Matrix<float>(kRows, kCols, 0.1f).view());
    const Matrix<float> reference = learner->table("reference");
    for (size_t r = 0; r < kRows; r++) {
        for (size_t col = 0; col < kCols; col++) {
            EXPECT_LT(reference(r, col), 0.0f);
            EXPECT_EQ(reference(r, col), learner->device(0).weights()(r, col));
            EXPECT_NEAR(0.1, learner->weights()(r, col), 1e-6);
        }
    }
}

// The least-squares problem of arXiv 2502.06309 in small: linear response with its symmetric point
// at c tau, noisy gradients. Loss of the iterate averaged over the second half.
double least_squares_loss(const LearnerConfig& config) {
    constexpr size_t kUnknowns = 8;
    constexpr size_t kEquations = 16;
    constexpr size_t kSteps = 8000;
    const Matrix<float> a = test::normal_matrix(kEquations, kUnknowns, 1.0f, 1);
    const Matrix<float> solution = test::normal_matrix(1, kUnknowns, 0.5f, 2);
    const Matrix<float> noise = test::normal_matrix(kSteps, kUnknowns, 0.5f, 3);
    // Rows of the learner are unknowns of one output: x = gradient, d = 1.
    auto learner = make_learner(config, 1, kUnknowns, kKey);
    const auto residual = [&](const auto& w, size_t e) {
        double sum = 0;
        for (size_t i = 0; i < kUnknowns; i++) {
            sum += a(e, i) * (double{w[i]} - solution(0, i));
        }
        return sum;
    };
    const Matrix<float> one(1, 1, 1.0f);
    std::vector<double> mean(kUnknowns, 0.0);
    Matrix<float> gradient(1, kUnknowns);
    for (size_t step = 0; step < kSteps; step++) {
        const float* w = learner->weights().row(0);
        std::copy_n(noise.row(step), kUnknowns, gradient.row(0));
        for (size_t e = 0; e < kEquations; e++) {
            const double r = residual(w, e);
            for (size_t i = 0; i < kUnknowns; i++) {
                gradient(0, i) += static_cast<float>(r * a(e, i) / kEquations);
            }
        }
        UpdateCall call;
        call.rate = 0.02;
        call.key = {step, 0};
        learner->update(gradient.view(), one.view(), call);
        for (size_t i = 0; i < kUnknowns && step >= kSteps / 2; i++) {
            mean[i] += learner->weights()(0, i) / (kSteps / 2.0);
        }
    }
    double loss = 0;
    for (size_t e = 0; e < kEquations; e++) {
        loss += residual(mean, e) * residual(mean, e) / (2.0 * kEquations);
    }
    return loss;
}

TEST(ResidualLearning, IsExactWhereAnalogSgdAndTikiTakaAreNot) {
    SoftBounds device;
    device.dw_min = 5e-4;
    device.dw_min_dtod = 0;
    device.up_down_dtod = 0;
    device.w_max = 3.5;
    device.w_min = -3.5;
    device.w_max_dtod = 0;
    device.w_min_dtod = 0;
    device.up_down = 0.3;
    device.asymmetry_law = AsymmetryLaw::kSymmetric;
    AnalogSgd sgd;
    sgd.device = device;
    const double plain = least_squares_loss(sgd);

    ResidualLearning rl;
    rl.devices = {device, device};
    rl.transfer_columns = false;  // the row of all unknowns at once
    rl.transfer_in_batches = false;
    rl.transfer_rate = 0.02;
    rl.scale_transfer_rate = false;
    rl.transfer_read = perfect_mvm();
    rl.gamma = 0;
    const double tiki_taka = least_squares_loss(rl);
    rl.gamma = 0.4;
    rl.zero_shift_pulses = 20000;
    const double v1 = least_squares_loss(rl);
    rl.version = ResidualVersion::kV2;
    const double v2 = least_squares_loss(rl);
    EXPECT_LT(v1, plain / 10) << "analog SGD " << plain << ", Tiki-Taka " << tiki_taka;
    EXPECT_LT(v2, plain / 10);
    EXPECT_LT(v1, tiki_taka / 10);
    RecordProperty("losses",
                   std::to_string(plain) + " " + std::to_string(tiki_taka) + " " +
                       std::to_string(v1) + " " + std::to_string(v2));
}

}  // namespace
}  // namespace mho

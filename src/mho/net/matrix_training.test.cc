// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/matrix_training.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "mho/util/error.h"

namespace mho {
namespace {

Matrix<float> numbers(size_t rows, size_t cols, uint64_t seed, float size = 1.0f) {
    Matrix<float> m(rows, cols);
    fill_uniform(make_tile_key(seed, "test"), Stream::kTest, 0, 0, m.values);
    for (float& v : m.values) {
        v = size * (2 * v - 1);
    }
    return m;
}

Hardware exact_hardware() {
    Hardware h;
    h.forward = perfect_mvm();
    h.mapping.max_inputs = 6;
    h.mapping.learn_scales = LearnedScales::kPerColumn;
    h.input_range.decay = 0.0;
    h.input_range.init_batches = 0;
    return h;
}

// A layer of two groups and two pieces, its parameters, and a pass over five rows.
struct Pass {
    static constexpr size_t kGroups = 2, kOutputs = 3, kInputs = 10, kRows = 5;
    MatrixTraining layer;
    Matrix<float> weights = numbers(kGroups * kOutputs, kInputs, 1);
    Matrix<float> mapping = numbers(2, kGroups* kOutputs, 2);
    Matrix<float> learned = numbers(2, kGroups* kOutputs, 3);
    std::vector<float> ranges = {0.7f, 0.8f, 0.9f, 0.6f};
    std::vector<float> bias = {1, 2, 3, 4, 5, 6};
    Matrix<float> x = numbers(kRows, kGroups* kInputs, 4);
    std::vector<uint8_t> clipped = std::vector<uint8_t>(2 * kRows * kGroups * kOutputs);
    std::vector<float> sums = std::vector<float>(2 * kRows * kGroups * kOutputs);

    explicit Pass(const Hardware& hardware = exact_hardware())
        : layer(hardware, kGroups, kOutputs, kInputs, 7, "fc") {
        for (float& s : mapping.values) {
            s = 0.5f + std::fabs(s);
        }
    }
    Matrix<float> forward(size_t threads = 1) {
        layer.load_weights(weights.view());
        layer.load_scales(mapping.view(), learned.view(), ranges, bias);
        Matrix<float> y(kRows, kGroups * kOutputs);
        layer.forward(x.view(), y.view(), {3, 0}, threads, clipped.data(), sums.data());
        return y;
    }
    double loss(const Matrix<float>& direction) {
        const Matrix<float> y = forward();
        double sum = 0;
        for (size_t i = 0; i < y.values.size(); i++) {
            sum += static_cast<double>(y.values[i]) * static_cast<double>(direction.values[i]);
        }
        return sum;
    }
};

TEST(MatrixTraining, ForwardIsTheSumOverPiecesOfScaledProductsOfCutInputs) {
    Pass p;
    const Matrix<float> y = p.forward();
    for (size_t b = 0; b < Pass::kRows; b++) {
        for (size_t o = 0; o < y.cols; o++) {
            const size_t g = o / Pass::kOutputs;
            double sum = static_cast<double>(p.bias[o]);
            for (size_t i = 0; i < Pass::kInputs; i++) {
                const size_t piece = i < 5 ? 0 : 1;
                const float r = p.ranges[2 * g + piece];
                const float v = std::clamp(p.x(b, g * Pass::kInputs + i), -r, r);
                sum += static_cast<double>(v * p.weights(o, i) * p.mapping(piece, o) *
                                           p.learned(piece, o));
            }
            EXPECT_NEAR(y(b, o), sum, 1e-5);
        }
    }
}

TEST(MatrixTraining, GradientsAgreeWithFiniteDifferences) {
    Pass p;
    const Matrix<float> direction = numbers(Pass::kRows, 6, 5);
    p.forward();
    const size_t block = Pass::kRows * 6;
    std::vector<float> for_weights(2 * block), for_inputs(2 * block);
    MatrixSums sums = p.layer.begin_backward(direction.view(),
                                             p.x.view(),
                                             p.weights.view(),
                                             p.clipped.data(),
                                             p.sums.data(),
                                             true,
                                             for_weights.data(),
                                             for_inputs.data());
    // The two products of the caller.
    Matrix<float> gradient(Pass::kRows, 2 * Pass::kInputs);
    Matrix<float> weight_gradient(6, Pass::kInputs);
    Matrix<float> cut(Pass::kRows, 2 * Pass::kInputs);
    p.layer.cut_inputs(p.x.view(), cut.view());
    for (size_t b = 0; b < Pass::kRows; b++) {
        for (size_t o = 0; o < 6; o++) {
            const size_t g = o / Pass::kOutputs;
            for (size_t i = 0; i < Pass::kInputs; i++) {
                const size_t at = (i < 5 ? 0 : 1) * block + b * 6 + o;
                gradient(b, g * Pass::kInputs + i) += for_inputs[at] * p.weights(o, i);
                weight_gradient(o, i) += for_weights[at] * cut(b, g * Pass::kInputs + i);
            }
        }
    }
    p.layer.end_backward(p.x.view(), gradient.view(), sums);
    const Matrix<float> learned = p.layer.learned_gradient(sums);
    constexpr float kStep = 1e-2f;
    const auto difference = [&](float& v) {
        const float before = v;
        v = before + kStep;
        const double up = p.loss(direction);
        v = before - kStep;
        const double down = p.loss(direction);
        v = before;
        return (up - down) / (2 * static_cast<double>(kStep));
    };
    for (size_t i = 0; i < p.x.values.size(); i += 3) {
        // Not where the step crosses the range.
        const size_t column = i % 20;
        const float r = p.ranges[column / 10 * 2 + (column % 10 < 5 ? 0 : 1)];
        if (std::fabs(std::fabs(p.x.values[i]) - r) > 2 * kStep) {
            EXPECT_NEAR(gradient.values[i], difference(p.x.values[i]), 1e-3) << i;
        }
    }
    for (size_t i = 0; i < p.learned.values.size(); i++) {
        EXPECT_NEAR(learned.values[i], difference(p.learned.values[i]), 1e-3) << i;
    }
    for (size_t i = 0; i < p.weights.values.size(); i += 2) {
        // dL/dw = scale dL/dV; the gradient given is dL/dV / scale.
        const size_t o = i / Pass::kInputs;
        const size_t piece = i % Pass::kInputs < 5 ? 0 : 1;
        const double scale = static_cast<double>(p.mapping(piece, o));
        EXPECT_NEAR(
            weight_gradient.values[i] * scale * scale, difference(p.weights.values[i]), 1e-3);
    }
    double bias = 0;
    for (size_t b = 0; b < Pass::kRows; b++) {
        bias += static_cast<double>(direction(b, 2));
    }
    EXPECT_NEAR(sums.bias[2], bias, 1e-6);
}

TEST(MatrixTraining, FewInputsOutsideNeedNoProduct) {
    Pass p;
    const Matrix<float> direction = numbers(Pass::kRows, 6, 5);
    p.x = numbers(Pass::kRows, 20, 4, 0.5f);
    p.ranges = {0.7f, 0.7f, 0.7f, 0.7f};
    p.x(2, 1) = 0.9f;
    p.forward();
    std::vector<float> for_weights(2 * Pass::kRows * 6), for_inputs(2 * Pass::kRows * 6);
    const auto begin = [&](bool wants) {
        return p.layer.begin_backward(direction.view(),
                                      p.x.view(),
                                      p.weights.view(),
                                      p.clipped.data(),
                                      p.sums.data(),
                                      wants,
                                      for_weights.data(),
                                      wants ? for_inputs.data() : nullptr);
    };
    // 25 inputs of a piece: one of them is more than 1 in 32, so the caller must make the product.
    MatrixSums few = begin(false);
    EXPECT_EQ(few.wants_product, (std::vector<uint8_t>{1, 0, 0, 0}));
    EXPECT_EQ(few.outside, (std::vector<uint8_t>{1, 0, 0, 0}));
}

TEST(MatrixTraining, ResultsDoNotDependOnThreads) {
    Hardware h;
    h.input_range.init_batches = 0;
    MatrixTraining layer(h, 1, 20, 30, 7, "fc");
    const Matrix<float> weights = numbers(20, 30, 1);
    const Matrix<float> ones(1, 20, 1.0f);
    const std::vector<float> ranges = {1.0f};
    layer.load_weights(weights.view());
    layer.load_scales(ones.view(), ones.view(), ranges, {});
    const Matrix<float> x = numbers(500, 30, 2);
    Matrix<float> one(500, 20), four(500, 20);
    layer.forward(x.view(), one.view(), {1, 0}, 1);
    layer.forward(x.view(), four.view(), {1, 0}, 4);
    EXPECT_EQ(one.values, four.values);
    layer.program(weights.view(), 0);
    layer.advance_to(100.0, 1);
    TileGrid grid(h, 20, 30, 7, "fc");
    grid.program(weights.view(), 0);
    grid.advance_to(100.0, 1);
    EXPECT_EQ(layer.weights().values, grid.weights().values);
}

TEST(MatrixTraining, RefusesWrongSizes) {
    EXPECT_THROW(MatrixTraining(Hardware{}, 0, 1, 1, 0, "fc"), InputError);
    MatrixTraining layer(Hardware{}, 1, 2, 3, 0, "fc");
    Matrix<float> x(4, 5), y(4, 2), one(1, 2);
    const std::vector<float> ranges = {1.0f};
    EXPECT_THROW(layer.forward(x.view(), y.view(), {}, 1), InputError);
    EXPECT_THROW(layer.load_scales(x.view(), one.view(), ranges, {}), InputError);
    EXPECT_THROW(layer.load_weights(y.view()), InputError);
}

}  // namespace
}  // namespace mho

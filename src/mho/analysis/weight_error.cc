// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/weight_error.h"

#include <algorithm>
#include <cmath>

#include "mho/util/error.h"
#include "mho/util/finite.h"

namespace mho {
namespace {

void fill_scaled(TileKey key, uint64_t step, double scale, double limit, Matrix<float>& m) {
    fill_normal(key, Stream::kTest, step, 0, m.values);
    for (float& v : m.values) {
        v = static_cast<float>(std::clamp(scale * double{v}, -limit, limit));
    }
}

}  // namespace

double weight_error(const LearnerConfig& rule, const WeightErrorRun& run, TileKey key) {
    if (run.size == 0 || run.batch == 0 || run.samples < 10 * run.batch) {
        throw InputError("weight error: a size, a batch and ten batches of samples are needed");
    }
    require_finite_number(run.rate, "weight error: rate");
    require_not_negative(run.target_std, "weight error: target_std");
    require_not_negative(run.target_limit, "weight error: target_limit");
    require_not_negative(run.error_noise_std, "weight error: error_noise_std");
    const size_t n = run.size;
    Matrix<float> target(n, n);
    fill_scaled(key, 0, run.target_std, run.target_limit, target);
    double power = 0;
    for (const float v : target.values) {
        power += double{v} * v;
    }
    auto learner = make_learner(rule, n, n, key);
    learner->set_weights(Matrix<float>(n, n, 0.0f).view());

    Matrix<float> inputs(run.batch, n);
    Matrix<float> errors(run.batch, n);
    Matrix<float> noise(run.batch, n);
    const size_t batches = run.samples / run.batch;
    const size_t tail = batches - batches / 10;
    double error = 0;
    for (size_t b = 0; b < batches; b++) {
        fill_scaled(key, 2 * b + 1, 1.0 / 3, 1.0, inputs);
        fill_scaled(key, 2 * b + 2, run.error_noise_std, 1e30, noise);
        const ConstFloatView w = learner->weights();
        for (size_t s = 0; s < run.batch; s++) {
            for (size_t r = 0; r < n; r++) {
                double sum = noise(s, r);
                for (size_t c = 0; c < n; c++) {
                    sum += (double{w(r, c)} - target(r, c)) * inputs(s, c);
                }
                errors(s, r) = static_cast<float>(sum);
            }
        }
        UpdateCall call;
        call.rate = run.rate;
        call.key = {b, 0};
        learner->update(inputs.view(), errors.view(), call);
        learner->end_of_batch(b);
        if (b >= tail) {
            const ConstFloatView now = learner->weights();
            for (size_t r = 0; r < n; r++) {
                for (size_t c = 0; c < n; c++) {
                    const double difference = double{now(r, c)} - target(r, c);
                    error += difference * difference / static_cast<double>(batches - tail);
                }
            }
        }
    }
    return std::sqrt(error / power);
}

}  // namespace mho

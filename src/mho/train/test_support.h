// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TRAIN_TEST_SUPPORT_H
#define MHO_TRAIN_TEST_SUPPORT_H

// Devices, gradients and comparisons for the tests of learners.

#include <cmath>
#include <string>
#include <vector>

#include "mho/train/learner.h"

namespace mho::test {

/// A device without spreads, cycle noise or close bounds: every pulse is dw_min.
inline ConstantStep ideal_device(double dw_min = 0.001) {
    ConstantStep d;
    d.dw_min = dw_min;
    d.dw_min_dtod = 0;
    d.dw_min_std = 0;
    d.up_down_dtod = 0;
    d.w_max = 100;
    d.w_min = -100;
    d.w_max_dtod = 0;
    d.w_min_dtod = 0;
    return d;
}

/// An update that adds numbers.
inline PulseUpdate number_update() {
    PulseUpdate u;
    u.type = PulseType::kNone;
    return u;
}

/// Standard normal numbers [rows, cols] times `scale`, different for every `step`.
inline Matrix<float> normal_matrix(size_t rows, size_t cols, float scale, uint64_t step) {
    Matrix<float> m(rows, cols);
    fill_normal(TileKey{99}, Stream::kTest, step, 0, m.values);
    for (float& v : m.values) {
        v *= scale;
    }
    return m;
}

/// A copy of a view.
inline Matrix<float> copy_of(ConstFloatView v) {
    Matrix<float> m(v.rows, v.cols);
    for (size_t r = 0; r < v.rows; r++) {
        for (size_t c = 0; c < v.cols; c++) {
            m(r, c) = v(r, c);
        }
    }
    return m;
}

/// One learner of every kind, with everything noisy and every option in use somewhere.
struct NamedLearner {
    std::string name;
    LearnerConfig config;
};

inline std::vector<NamedLearner> all_learners() {
    SoftBounds soft;
    soft.dw_min = 0.004;
    soft.up_down = -0.2;
    soft.diffusion = 1e-4;
    soft.lifetime = 1e4;
    SoftBounds noisy = soft;
    noisy.write_noise_std = 0.5;
    ConstantStep step;
    step.dw_min = 0.003;
    SoftBoundsReference shifted;
    shifted.dw_min = 0.003;
    shifted.subtract_symmetry_point = true;

    std::vector<NamedLearner> list;
    const auto add = [&](const char* name, auto config) {
        config.update.batch_level = false;
        list.push_back({name, config});
    };
    AnalogSgd sgd;
    sgd.device = noisy;
    add("analog sgd", sgd);
    sgd.device = step;
    sgd.update.type = PulseType::kMeanCount;
    add("analog sgd, mean count", sgd);

    VectorCell cell;
    cell.devices = {soft, step, noisy};
    add("vector cell, all", cell);
    cell.policy = VectorPolicy::kSingleSequential;
    cell.first_device = 1;
    add("vector cell, sequential", cell);
    cell.policy = VectorPolicy::kSingleRandom;
    cell.gammas = {0.5, 1.0, -0.25};
    add("vector cell, random", cell);
    ReferencePair pair;
    pair.devices = {soft, step};
    add("reference pair", pair);

    OneSided one;
    one.device = soft;
    one.refresh_every = 5;
    one.refresh_in_batches = false;
    one.refresh_upper = 0.1;
    one.refresh_lower = 0.01;
    one.refresh_update.batch_level = false;
    add("one-sided", one);
    one.copy_inverted = true;
    add("one-sided, mirrored", one);

    TikiTaka tt;
    tt.devices = {soft, shifted};
    tt.transfer_in_batches = false;
    tt.transfer_every = 2;
    tt.transfer_update.batch_level = false;
    add("tiki-taka", tt);
    tt.devices = {soft, shifted, step};
    tt.gamma = 0.3;
    tt.transfer_columns = false;
    tt.reads_per_transfer = 2;
    tt.transfer_every_levels = {1, 3, 0};
    tt.random_line = true;
    add("tiki-taka, three devices by rows", tt);
    tt.random_line = false;
    tt.transfer_columns = true;
    tt.reset_probability = 0.5;
    tt.self_transfer = true;
    tt.transfer_every_levels = {2, 3, 4};
    tt.transfer_read.dac.noise_std = 0.01;
    add("tiki-taka, cut at every transfer", tt);

    BufferedTikiTaka buffered;
    buffered.devices = {soft, step};
    buffered.transfer_in_batches = false;
    buffered.transfer_rate = 5;
    buffered.transfer_update.batch_level = false;
    add("tiki-taka v2", buffered);
    buffered.forget_buffer = false;
    buffered.transfer_columns = false;
    buffered.gamma = 0.5;
    buffered.transfer_update.desired_length = 4;
    add("tiki-taka v2, rows", buffered);

    ChoppedTikiTaka chopped;
    chopped.devices = {soft, step};
    chopped.transfer_update.batch_level = false;
    chopped.input_chop_probability = 0.3;
    chopped.output_chop_probability = 0.2;
    chopped.transfer_rate = 5;
    chopped.gamma = 0.2;
    add("chopped tiki-taka", chopped);
    chopped.auto_scale = true;
    chopped.fast_rate = 0.5;
    chopped.transfer_columns = false;
    chopped.correct_gradient_magnitudes = true;
    chopped.forget_buffer = false;
    chopped.transfer_every = -0.01;
    add("chopped tiki-taka, auto scale by rows", chopped);

    Agad agad;
    agad.devices = {soft, step};
    agad.transfer_update.batch_level = false;
    agad.input_chop_probability = 0.5;
    agad.transfer_rate = 5;
    add("agad", agad);
    agad.input_chop_random = true;
    agad.auto_scale = true;
    agad.fast_rate = 0.5;
    agad.significance_gate = true;
    agad.correct_accumulation = true;
    agad.forget_buffer = false;
    agad.buffer_cap = 2;
    add("agad, all options", agad);

    ResidualLearning residual;
    residual.devices = {soft, shifted};
    residual.transfer_in_batches = false;
    residual.zero_shift_pulses = 40;
    residual.transfer_update.batch_level = false;
    add("residual learning", residual);
    residual.version = ResidualVersion::kV2;
    residual.transfer_rate = 8;
    residual.devices = {soft, soft};
    add("residual learning v2", residual);

    MixedPrecision mixed;
    mixed.device = soft;
    mixed.transfer_every = 0.25;
    add("mixed precision", mixed);
    mixed.x_bins = 9;
    mixed.d_bins = 7;
    mixed.rows_per_transfer = 3;
    mixed.random_row = true;
    add("mixed precision, quantised", mixed);
    return list;
}

}  // namespace mho::test

#endif  // MHO_TRAIN_TEST_SUPPORT_H

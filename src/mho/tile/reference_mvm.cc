// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// The analog product one vector at a time in double precision, in the order of docs/models/mvm.md.

#include <algorithm>
#include <cmath>

#include "mho/tile/mvm.h"

namespace mho {
namespace {

// One normal or uniform number of a stream, at its element.
double normal(TileKey key, Stream stream, uint64_t step, uint64_t element) {
    float v = 0;
    twin::fill_normal(key, stream, step, element, {&v, 1});
    return v;
}

double uniform(TileKey key, Stream stream, uint64_t step, uint64_t element) {
    float v = 0;
    twin::fill_uniform(key, stream, step, element, {&v, 1});
    return v;
}

class ReferenceRow {
  public:
    ReferenceRow(const MvmConfig& c,
                 const MvmTables& t,
                 ConstFloatView w,
                 TileKey key,
                 const MvmCall& call,
                 uint64_t sample)
        : c_(c), t_(t), w_(w), key_(key), call_(call), sample_(sample) {}

    // What the array does to the product of one polarity.
    double array_output(size_t i,
                        const std::vector<double>& v,
                        uint64_t step,
                        bool asymmetric) const {
        const size_t n = w_.cols;
        double y = 0, position = 0, absolute = 0, squares = 0, input_sum = 0, norm = 0;
        for (size_t j = 0; j < n; j++) {
            double w = w_(i, j);
            if (asymmetric && !t_.read_asymmetry.empty()) {
                w = static_cast<float>(w) * t_.read_asymmetry[i * n + j];
            }
            y += w * v[j];
            position += w * v[j] * ir_drop_position(j, n);
            absolute += std::abs(w) * std::abs(v[j]);
            squares += std::abs(w) * v[j] * v[j];
            input_sum += v[j];
            norm += v[j] * v[j];
        }
        if (c_.ir_drop.strength > 0) {
            y = ir_drop_output(c_.ir_drop, y, position, absolute, n);
        }
        if (c_.voltage_offset.std > 0 || c_.series_resistance.factor > 0) {
            const double o = t_.voltage_offset.empty() ? 0.0 : t_.voltage_offset[i];
            y = offset_output(c_.voltage_offset, c_.series_resistance, o, y, input_sum);
        }
        if (c_.weight_noise.kind != WeightNoiseKind::kNone && c_.weight_noise.std > 0) {
            const double variance =
                c_.weight_noise.kind == WeightNoiseKind::kPcmRead ? squares : norm;
            y += c_.weight_noise.std * std::sqrt(variance) *
                 normal(key_, Stream::kWeightNoise, step, sample_ * w_.rows + i);
        }
        return y;
    }

    // Read-out, converter, bound test.
    double converted(size_t i, double y, uint64_t step, OutputFlags& flags) const {
        if (!t_.nonlinearity.empty()) {
            y = t_.nonlinearity_gain * y / (1.0 + std::abs(t_.nonlinearity[i] * y));
        }
        y *= y < 0 ? 1.0 - c_.adc.asymmetry : 1.0;
        if (c_.output_noise.std > 0) {
            const double std =
                t_.output_noise_std.empty() ? c_.output_noise.std : t_.output_noise_std[i];
            y += std * normal(key_, Stream::kOutputNoise, step, sample_ * w_.rows + i);
        }
        const float grid = converter_step(c_.adc.bound, c_.adc.steps);
        auto level = static_cast<float>(y);
        if (grid > 0) {
            const double offset =
                c_.adc.stochastic_rounding
                    ? uniform(key_, Stream::kAdcRounding, step, sample_ * w_.rows + i) - 0.5
                    : 0.0;
            const double code = std::nearbyint(y / grid + offset);
            y = code * grid;
            level = static_cast<float>(code) * grid;
        }
        if (c_.adc.bound > 0) {
            // In float32, as the law demands: the highest code may lie one last bit above the
            // bound.
            if (std::abs(level) > static_cast<float>(c_.adc.bound)) {
                (y > 0 ? flags.above : flags.below) = true;
                flags.last_is_below = y < 0;
            }
            y = std::clamp(y, -c_.adc.bound, c_.adc.bound);
        }
        return y;
    }

    std::vector<double> inputs(const float* x, float scale, uint64_t step) const {
        const size_t n = w_.cols;
        std::vector<double> v(n);
        const float grid = converter_step(c_.dac.bound, c_.dac.steps);
        for (size_t j = 0; j < n; j++) {
            const uint64_t element = sample_ * n + j;
            const float offset =
                c_.dac.stochastic_rounding && grid > 0
                    ? static_cast<float>(uniform(key_, Stream::kDacRounding, step, element)) - 0.5f
                    : 0.0f;
            v[j] = convert_value(x[j] * scale, grid, static_cast<float>(c_.dac.bound), offset);
            if (c_.dac.noise_std > 0) {
                v[j] += c_.dac.noise_std * normal(key_, Stream::kInputNoise, step, element);
            }
            v[j] *= v[j] < 0 ? 1.0 - c_.dac.asymmetry : 1.0;
        }
        return v;
    }

    float worst_case(const float* x, float capped) const {
        double positive = 0, negative = 0;
        for (size_t j = 0; j < w_.cols; j++) {
            (x[j] > 0 ? positive : negative) += std::abs(x[j]);
        }
        double q = std::max(positive, negative) * c_.noise_management.assumed_w_max /
                   (c_.adc.bound > 0 ? c_.adc.bound : 1.0);
        const double grid = converter_step(c_.dac.bound, c_.dac.steps);
        if (grid > 0) {
            q = std::min(q, capped / grid * c_.bound_management.max_resolution);
        }
        return std::max(capped, static_cast<float>(q));
    }

    float factor(const float* x, RunningAbsMax* running) const {
        const NoiseManagement& nm = c_.noise_management;
        float largest = 0;
        float highest = x[0];
        for (size_t j = 0; j < w_.cols; j++) {
            largest = std::max(largest, std::abs(x[j]));
            highest = std::max(highest, x[j]);
        }
        const auto cap = [&](float v) {
            return nm.threshold > 0 ? std::min(v, static_cast<float>(nm.threshold)) : v;
        };
        switch (nm.kind) {
            case NoiseManagementKind::kNone:
                return 1.0f;
            case NoiseManagementKind::kAbsMax:
                return cap(largest);
            case NoiseManagementKind::kMax:
                return cap(highest);
            case NoiseManagementKind::kConstant:
                return nm.threshold > 0 ? static_cast<float>(nm.threshold) : 1.0f;
            case NoiseManagementKind::kAverageAbsMax: {
                const auto decay = static_cast<float>(nm.decay);
                running->value = running->value < 0
                                     ? largest
                                     : running->value * (1.0f - decay) + decay * largest;
                return running->value;
            }
            case NoiseManagementKind::kAbsMaxNpSum:
                return worst_case(x, cap(largest));
        }
        return 1.0f;
    }

    void run(const float* x, double* y) const {
        const size_t n = w_.cols;
        const size_t m = w_.rows;
        const bool scaled = c_.noise_management.kind != NoiseManagementKind::kNone;
        const bool managed =
            !call_.backward && c_.bound_management.kind != BoundManagementKind::kNone;
        float alpha = factor(x, call_.running);
        if (scaled && !mvm_detail::can_scale(alpha) && (c_.dac.noise_std <= 0 || call_.backward)) {
            std::fill_n(y, m, 0.0);
            return;
        }
        const float dac_step = converter_step(c_.dac.bound, c_.dac.steps);
        float reduction = 0.5f;
        for (unsigned round = 0;; round++) {
            reduction *= 2;
            if (round == 1 &&
                c_.bound_management.kind == BoundManagementKind::kIterativeWorstCase &&
                c_.noise_management.kind != NoiseManagementKind::kAbsMaxNpSum) {
                float largest = 0;
                for (size_t j = 0; j < n; j++) {
                    largest = std::max(largest, std::abs(x[j]));
                }
                const auto threshold = static_cast<float>(c_.noise_management.threshold);
                alpha =
                    worst_case(x, scaled && threshold > 0 ? std::min(largest, threshold) : largest);
                reduction = 1;
            }
            float scale = scaled && mvm_detail::can_scale(alpha) ? 1.0f / alpha : 1.0f;
            scale = managed ? scale / reduction : scale;
            const uint64_t step = mvm_detail::inner_step(call_.key.step, round, 0);
            const std::vector<double> v = inputs(x, scale, step);
            OutputFlags flags;
            OutputFlags first_half;
            const double rescale = c_.output_scale / static_cast<double>(scale);
            for (size_t i = 0; i < m; i++) {
                if (c_.mode == MvmMode::kOnePass) {
                    y[i] = converted(i, array_output(i, v, step, false), step, flags);
                } else {
                    const uint64_t other = mvm_detail::inner_step(call_.key.step, round, 1);
                    std::vector<double> positive = v, negative = v;
                    for (size_t j = 0; j < n; j++) {
                        positive[j] = v[j] < 0 ? 0.0 : v[j];
                        negative[j] = v[j] < 0 ? v[j] : 0.0;
                    }
                    const double low = array_output(i, negative, other, true);
                    const double high = array_output(i, positive, step, false);
                    y[i] = c_.mode == MvmMode::kSeparate ? converted(i, low + high, step, flags)
                                                         : converted(i, low, other, first_half) +
                                                               converted(i, high, step, flags);
                }
                y[i] *= rescale;
            }
            const BoundManagement& bm = c_.bound_management;
            const auto exceeds = [&](const OutputFlags& f) {
                if (!bm.test_negative_bound && bm.compatible_test && f.above && f.below) {
                    return !f.last_is_below;
                }
                return f.above || (bm.test_negative_bound && f.below);
            };
            // Each half of a digital sum has met its own ADC, and its own test.
            const bool exceeded = exceeds(first_half) || exceeds(flags);
            if (!managed || !exceeded || std::floor(reduction) > bm.max_factor ||
                (dac_step > 0 && reduction > bm.max_resolution / dac_step)) {
                return;
            }
        }
    }

  private:
    const MvmConfig& c_;
    const MvmTables& t_;
    ConstFloatView w_;
    TileKey key_;
    const MvmCall& call_;
    uint64_t sample_;
};

}  // namespace

void reference_mvm(const MvmConfig& config,
                   const MvmTables& tables,
                   ConstFloatView weights,
                   ConstFloatView x,
                   MatrixView<double> y,
                   TileKey key,
                   const MvmCall& call) {
    std::vector<float> row(x.cols);
    for (size_t b = 0; b < x.rows; b++) {
        std::copy_n(x.row(b), x.cols, row.data());
        if (call.range_scale > 0) {
            for (float& v : row) {
                v = std::clamp(v * call.range_scale, -1.0f, 1.0f);
            }
        }
        if (config.perfect) {
            for (size_t i = 0; i < weights.rows; i++) {
                double sum = 0;
                for (size_t j = 0; j < weights.cols; j++) {
                    sum += static_cast<double>(weights(i, j)) * row[j];
                }
                y(b, i) = sum * config.output_scale;
            }
            continue;
        }
        ReferenceRow(config, tables, weights, key, call, call.key.first_sample + b)
            .run(row.data(), y.row(b));
    }
}

}  // namespace mho

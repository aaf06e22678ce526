// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/adapt/lightning.h"

#include <algorithm>
#include <cmath>

#include "mho/adapt/clip_remap.h"
#include "mho/adapt/input_range.h"
#include "mho/kernels/product.h"
#include "mho/kernels/rows.h"
#include "mho/tile/grid.h"

namespace mho {
namespace {

// Extremes of inputs before any were seen, and what is still taken for them.
constexpr float kNoExtreme = 1e-5f;
constexpr float kUnseen = 1.1e-5f;

TileKey piece_key(TileKey key, size_t piece) {
    return {key.value ^ (piece * 0x9E3779B97F4A7C15u)};
}

float round_to(float value, float step) {
    return step > 0 ? std::nearbyint(value / step) * step : value;
}

// Largest |w| of every row, or of all rows.
std::vector<float> largest_weights(ConstFloatView w, bool per_channel) {
    std::vector<float> largest(w.rows);
    for (size_t i = 0; i < w.rows; i++) {
        largest[i] = row_abs_max(w.row(i), w.cols);
    }
    if (!per_channel && !largest.empty()) {
        const float all = *std::max_element(largest.begin(), largest.end());
        std::fill(largest.begin(), largest.end(), all);
    }
    return largest;
}

bool clips_per_channel(const LightningLayer& l) {
    return l.clip == LightningClip::kLayerGaussianPerChannel ||
           l.clip == LightningClip::kLearnedPerChannel;
}

void require(bool fits, const char* what) {
    if (!fits) {
        throw InputError(std::string("lightning layer: ") + what);
    }
}

InputRangeConfig range_config(const LightningLayer& l) {
    InputRangeConfig c;
    c.init_batches = l.init_batches;
    c.init_std_factor = l.init_std_factor;
    c.decay = l.range_decay;
    c.min_share_inside = l.min_share_inside;
    return c;
}

void update_range(const LightningLayer& l, ConstFloatView x, size_t piece, LightningState& state) {
    if (l.range == LightningRange::kLearned) {
        InputMoments moments;
        moments.add(x);
        initialize_input_range(
            range_config(l), moments, state.ranges[piece], state.batches_seen[piece]);
        return;
    }
    if (l.range != LightningRange::kFast || x.rows == 0 ||
        state.batches_seen[piece] >= static_cast<uint64_t>(l.init_batches)) {
        return;
    }
    float low = x(0, 0);
    float high = low;
    for (size_t r = 0; r < x.rows; r++) {
        const auto [least, most] = std::minmax_element(x.row(r), x.row(r) + x.cols);
        low = std::min(low, *least);
        high = std::max(high, *most);
    }
    const auto past = static_cast<float>(l.fast_momentum);
    float& x_min = state.x_min[piece];
    float& x_max = state.x_max[piece];
    if (x_min > -kUnseen && x_max < kUnseen) {
        // Nothing seen yet: the first batch counts in full. It is added to the small numbers that
        // stand for nothing, as in aihwkit-lightning.
        x_min += low;
        x_max += high;
    } else {
        x_min = past < 0 ? std::min(x_min, low) : past * x_min + (1.0f - past) * low;
        x_max = past < 0 ? std::max(x_max, high) : past * x_max + (1.0f - past) * high;
    }
    state.ranges[piece] = std::max(std::abs(x_min), std::abs(x_max));
    state.batches_seen[piece]++;
}

// Clipped, rounded and (in training) noisy weights of one piece.
Matrix<float> effective_weights(const LightningLayer& l,
                                ConstFloatView w,
                                const float* clip,
                                const LightningCall& call,
                                TileKey key) {
    Matrix<float> out(w.rows, w.cols);
    const bool rounding = l.weight_rounding != LightningScope::kNone && l.weight_steps > 0;
    std::vector<float> full_scale;
    if (rounding) {
        const bool per_channel = l.weight_rounding == LightningScope::kPerChannel;
        full_scale = largest_weights(w, per_channel);
        if (clip != nullptr) {
            full_scale.assign(clip, clip + w.rows);
            if (!per_channel) {
                std::fill(
                    full_scale.begin(), full_scale.end(), *std::max_element(clip, clip + w.rows));
            }
        }
    }
    const auto half_steps = static_cast<float>(l.weight_steps / 2.0);
    for (size_t i = 0; i < w.rows; i++) {
        for (size_t j = 0; j < w.cols; j++) {
            float v = w(i, j);
            if (rounding) {
                const float step = full_scale[i] / half_steps;
                v = step > 0 ? std::nearbyint(std::clamp(v / step, -half_steps, half_steps)) * step
                             : 0.0f;
            } else if (clip != nullptr) {
                v = std::clamp(v, -clip[i], clip[i]);
            }
            out(i, j) = v;
        }
    }
    if (call.training && l.weight_noise > 0 && l.weight_noise_scope != LightningScope::kNone) {
        const std::vector<float> largest =
            largest_weights(w, l.weight_noise_scope == LightningScope::kPerChannel);
        std::vector<float> xi(w.rows * w.cols);
        fill_normal(key, Stream::kWeightModifier, call.step, 0, xi);
        for (size_t i = 0; i < w.rows; i++) {
            const float sigma = static_cast<float>(l.weight_noise) * largest[i];
            for (size_t j = 0; j < w.cols; j++) {
                out(i, j) += sigma * xi[i * w.cols + j];
            }
        }
    }
    return out;
}

// Output noise and conversion of one piece, in place.
struct OutputStep {
    std::vector<float> noise;  // standard deviation per output, without the range; empty = off
    std::vector<float> bound;  // per output, without the range; empty = off
    double steps = 0;

    void run(float* y, size_t outputs, float range, const float* xi, uint8_t* cut) const {
        for (size_t i = 0; i < outputs; i++) {
            float v = y[i];
            if (!noise.empty()) {
                v += noise[i] * range * xi[i];
            }
            if (!bound.empty()) {
                const float b = bound[i] * range;
                if (steps > 0) {
                    v = round_to(v, 2.0f * b / static_cast<float>(steps));
                }
                if (cut != nullptr) {
                    cut[i] = std::abs(v) > b ? 1 : 0;
                }
                v = std::clamp(v, -b, b);
            }
            y[i] = v;
        }
    }
};

OutputStep output_step(const LightningLayer& l, ConstFloatView w, size_t pieces, bool training) {
    OutputStep step;
    step.steps = l.output_steps;
    if (training && l.output_noise > 0 && l.output_noise_scope != LightningScope::kNone) {
        step.noise = largest_weights(w, l.output_noise_scope == LightningScope::kPerChannel);
        const double scale = l.output_noise / std::sqrt(static_cast<double>(pieces));
        for (float& v : step.noise) {
            v *= static_cast<float>(scale);
        }
    }
    if (l.output_bound > 0) {
        step.bound = largest_weights(w, clips_per_channel(l));
        for (float& v : step.bound) {
            v *= static_cast<float>(l.output_bound);
        }
    }
    return step;
}

}  // namespace

void LightningLayer::check(const std::string& path, std::vector<Problem>& problems) const {
    if (input_steps > 0 && range == LightningRange::kNone) {
        problems.push_back(
            {join_path(path, "input_steps"),
             "rounding needs an input range: choose `range` learned, dynamic or fast"});
    }
    if (output_steps > 0 && (range == LightningRange::kNone || output_bound <= 0)) {
        problems.push_back(
            {join_path(path, "output_steps"),
             "rounding of outputs needs an input range and an output_bound above 0"});
    }
    if (fast_momentum < 0 && fast_momentum != -1) {
        problems.push_back(
            {join_path(path, "fast_momentum"), "must be 0 to 1, or -1 for running extremes"});
    }
}

LightningState lightning_state(const LightningLayer& layer, ConstFloatView w) {
    require(w.rows > 0 && w.cols > 0, "needs at least one output and one input");
    require_finite(w, "weights of a layer");
    const std::vector<size_t> offsets = split_axis(w.cols, layer.max_inputs);
    const size_t pieces = offsets.size() - 1;
    LightningState state;
    state.ranges.assign(pieces, static_cast<float>(layer.initial_range));
    state.batches_seen.assign(pieces, 0);
    state.x_min.assign(pieces, -kNoExtreme);
    state.x_max.assign(pieces, kNoExtreme);
    if (layer.clip == LightningClip::kLearnedPerChannel) {
        state.clip = Matrix<float>(pieces, w.rows);
        for (size_t s = 0; s < pieces; s++) {
            const std::vector<float> largest =
                largest_weights(w.column_block(offsets[s], offsets[s + 1] - offsets[s]), true);
            std::copy(largest.begin(), largest.end(), state.clip.row(s));
        }
    }
    return state;
}

void lightning_forward(const LightningLayer& layer,
                       ConstFloatView w,
                       std::span<const float> bias,
                       ConstFloatView x,
                       FloatView y,
                       LightningState& state,
                       const LightningCall& call,
                       LightningRecord* record) {
    require(w.rows > 0 && w.cols > 0, "needs at least one output and one input");
    require(x.cols == w.cols && y.cols == w.rows && x.rows == y.rows,
            "inputs must be [rows, inputs] and outputs [rows, outputs]");
    require(bias.empty() || bias.size() == w.rows, "the bias must have one entry per output");
    const std::vector<size_t> offsets = split_axis(w.cols, layer.max_inputs);
    const size_t pieces = offsets.size() - 1;
    const bool learned_clip = layer.clip == LightningClip::kLearnedPerChannel;
    require(state.ranges.size() == pieces && state.batches_seen.size() == pieces &&
                (!learned_clip || (state.clip.rows == pieces && state.clip.cols == w.rows)),
            "the state must be that of lightning_state()");
    require_finite(x, "lightning inputs");
    require_finite(w, "lightning weights");
    require_finite({bias.data(), 1, bias.size()}, "lightning bias");

    const size_t rows = x.rows;
    const size_t outputs = w.rows;
    if (record != nullptr) {
        *record = {};
        record->offsets = offsets;
        record->inputs = Matrix<float>(rows, w.cols);
        record->weights = Matrix<float>(outputs, w.cols);
        record->output_cut.assign(pieces * rows * outputs, 0);
    }
    for (size_t r = 0; r < rows; r++) {
        bias.empty() ? void(std::fill_n(y.row(r), outputs, 0.0f))
                     : void(std::copy_n(bias.data(), outputs, y.row(r)));
    }
    ProductScratch scratch;
    PackedMatrix packed;
    const size_t stride = PackedMatrix::row_stride(outputs);
    AlignedFloats sums(rows * stride);
    std::vector<float> xi(outputs);
    for (size_t s = 0; s < pieces; s++) {
        const size_t first = offsets[s];
        const size_t width = offsets[s + 1] - first;
        const ConstFloatView part = x.column_block(first, width);
        const ConstFloatView w_part = w.column_block(first, width);
        if (call.training) {
            update_range(layer, part, s, state);
        }
        const bool fixed_range =
            layer.range == LightningRange::kLearned || layer.range == LightningRange::kFast;
        Matrix<float> v(rows, width);
        std::vector<float> ranges(rows, fixed_range ? state.ranges[s] : 1.0f);
        for (size_t r = 0; r < rows; r++) {
            if (layer.range == LightningRange::kDynamic) {
                ranges[r] = row_abs_max(part.row(r), width);
            }
            const float step = layer.input_steps > 0
                                   ? 2.0f * ranges[r] / static_cast<float>(layer.input_steps)
                                   : 0.0f;
            for (size_t j = 0; j < width; j++) {
                const float value =
                    fixed_range ? std::clamp(part(r, j), -ranges[r], ranges[r]) : part(r, j);
                v(r, j) = round_to(value, step);
            }
        }
        const TileKey key = piece_key(call.key, s);
        const Matrix<float> effective =
            effective_weights(layer, w_part, learned_clip ? state.clip.row(s) : nullptr, call, key);
        packed.pack(effective.view());
        multiply(packed,
                 ProductSet::kPlain,
                 v.view(),
                 nullptr,
                 {sums.data(), nullptr, nullptr, nullptr, stride},
                 scratch);
        const OutputStep out = output_step(layer, w_part, pieces, call.training);
        for (size_t r = 0; r < rows; r++) {
            if (!out.noise.empty()) {
                fill_normal(
                    key, Stream::kOutputNoise, call.step, (call.first_sample + r) * outputs, xi);
            }
            uint8_t* cut =
                record != nullptr ? record->output_cut.data() + (s * rows + r) * outputs : nullptr;
            float* sum = sums.data() + r * stride;
            out.run(sum, outputs, ranges[r], xi.data(), cut);
            for (size_t i = 0; i < outputs; i++) {
                y(r, i) += sum[i];
            }
        }
        if (record != nullptr) {
            if (fixed_range) {
                record->ranges.push_back(state.ranges[s]);
            }
            for (size_t r = 0; r < rows; r++) {
                std::copy_n(v.row(r), width, record->inputs.row(r) + first);
            }
            for (size_t i = 0; i < outputs; i++) {
                std::copy_n(effective.row(i), width, record->weights.row(i) + first);
            }
        }
    }
}

namespace {

// Gradient of the learned clip of one piece (Esser et al., arXiv 1902.08153): d w'/d c is +-1
// beyond the clip and, with rounding, the rounding error in full scales inside.
void clip_gradient(const LightningLayer& l,
                   ConstFloatView w,
                   ConstFloatView dw,
                   const float* clip,
                   float* gradient) {
    const bool rounding = l.weight_rounding != LightningScope::kNone && l.weight_steps > 0;
    const double half_steps = l.weight_steps / 2.0;
    const auto n = static_cast<double>(w.rows * w.cols);
    const double scale = rounding ? 2.0 * std::sqrt(half_steps / n) : 1.0 / std::sqrt(n);
    for (size_t i = 0; i < w.rows; i++) {
        double sum = 0;
        for (size_t j = 0; j < w.cols; j++) {
            const double v = w(i, j);
            const double c = clip[i];
            double slope = 0;
            if (std::abs(v) >= c) {
                slope = v < 0 ? -1.0 : 1.0;
            } else if (rounding) {
                const double code = v / c * half_steps;
                slope = (std::nearbyint(code) - code) / half_steps;
            }
            sum += slope * dw(i, j);
        }
        gradient[i] = static_cast<float>(sum * scale);
    }
}

// d clamp(x, -range, range) / d range of an ordinary clamp.
float clamp_gradient(ConstFloatView x, ConstFloatView dx, float range) {
    double sum = 0;
    for (size_t r = 0; r < x.rows; r++) {
        for (size_t j = 0; j < x.cols; j++) {
            sum += x(r, j) > range ? dx(r, j) : x(r, j) < -range ? -dx(r, j) : 0.0f;
        }
    }
    return static_cast<float>(sum);
}

}  // namespace

LightningGradients lightning_backward(const LightningLayer& layer,
                                      ConstFloatView w,
                                      ConstFloatView x,
                                      ConstFloatView upstream,
                                      const LightningState& state,
                                      const LightningRecord& record) {
    const size_t rows = x.rows;
    const size_t outputs = w.rows;
    require(!record.offsets.empty() && record.inputs.rows == rows && record.inputs.cols == w.cols &&
                record.weights.rows == outputs && x.cols == w.cols && upstream.rows == rows &&
                upstream.cols == outputs,
            "backward needs the inputs, weights and record of one forward pass");
    require_finite(upstream, "lightning errors");
    const bool learned_clip = layer.clip == LightningClip::kLearnedPerChannel;
    LightningGradients g;
    g.inputs = Matrix<float>(rows, w.cols);
    g.weights = Matrix<float>(outputs, w.cols);
    g.bias.assign(outputs, 0.0f);
    for (size_t r = 0; r < rows; r++) {
        for (size_t i = 0; i < outputs; i++) {
            g.bias[i] += upstream(r, i);
        }
    }
    if (learned_clip) {
        g.clip = Matrix<float>(state.clip.rows, state.clip.cols);
    }
    Matrix<float> error(rows, outputs);
    for (size_t s = 0; s + 1 < record.offsets.size(); s++) {
        const size_t first = record.offsets[s];
        const size_t width = record.offsets[s + 1] - first;
        for (size_t r = 0; r < rows; r++) {
            const uint8_t* cut = record.output_cut.data() + (s * rows + r) * outputs;
            for (size_t i = 0; i < outputs; i++) {
                error(r, i) = cut[i] ? 0.0f : upstream(r, i);
            }
        }
        for (size_t r = 0; r < rows; r++) {
            float* dx = g.inputs.row(r) + first;
            for (size_t i = 0; i < outputs; i++) {
                const float u = error(r, i);
                const float* weight = record.weights.row(i) + first;
                const float* v = record.inputs.row(r) + first;
                float* dw = g.weights.row(i) + first;
                for (size_t j = 0; j < width; j++) {
                    dx[j] += u * weight[j];
                    dw[j] += u * v[j];
                }
            }
        }
        const ConstFloatView part = x.column_block(first, width);
        const ConstFloatView w_part = w.column_block(first, width);
        const FloatView dw_part = g.weights.view().column_block(first, width);
        if (learned_clip) {
            const float* clip = state.clip.row(s);
            clip_gradient(layer, w_part, dw_part, clip, g.clip.row(s));
            for (size_t i = 0; i < outputs; i++) {
                for (size_t j = 0; j < width; j++) {
                    dw_part(i, j) = std::abs(w_part(i, j)) > clip[i] ? 0.0f : dw_part(i, j);
                }
            }
        }
        if (layer.range != LightningRange::kLearned && layer.range != LightningRange::kFast) {
            continue;
        }
        const float range = record.ranges[s];
        const FloatView dx_part = g.inputs.view().column_block(first, width);
        if (layer.learn_range && layer.range == LightningRange::kFast) {
            g.ranges.push_back(clamp_gradient(part, dx_part, range));
        } else if (layer.learn_range) {
            InputRangeSums sums;
            sums.add(part, dx_part, range);
            g.ranges.push_back(
                static_cast<float>(input_range_gradient(range_config(layer), sums, range)));
        }
        for (size_t r = 0; r < rows; r++) {
            for (size_t j = 0; j < width; j++) {
                dx_part(r, j) = std::abs(part(r, j)) > range ? 0.0f : dx_part(r, j);
            }
        }
    }
    return g;
}

void lightning_clip_weights(const LightningLayer& layer, FloatView w) {
    const WeightClip clip{ClipKind::kLayerGaussian, 0.0, layer.clip_sigma};
    if (layer.clip == LightningClip::kLayerGaussian) {
        clip_weights(clip, w);
    } else if (layer.clip == LightningClip::kLayerGaussianPerChannel) {
        for (size_t i = 0; i < w.rows; i++) {
            clip_weights(clip, w.row_block(i, 1));
        }
    }
}

}  // namespace mho

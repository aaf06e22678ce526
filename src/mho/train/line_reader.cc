// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/train/line_reader.h"

#include <algorithm>
#include <cmath>

#include "mho/kernels/transpose.h"
#include "mho/util/error.h"

namespace mho {
namespace {

// Reads per step of the streams: elements of a step stay below their limit for lines of 2^17.
constexpr unsigned kReadBits = 20;

}  // namespace

ReadKey LineReader::read_key(uint64_t number) {
    return {number >> kReadBits, number & ((uint64_t{1} << kReadBits) - 1)};
}

size_t LineReader::run_length(uint64_t number, size_t count) {
    const uint64_t left = (uint64_t{1} << kReadBits) - read_key(number).first_sample;
    return static_cast<size_t>(std::min<uint64_t>(left, count));
}

LineReader::LineReader(const MvmConfig& config, size_t rows, size_t cols, bool columns, TileKey key)
    : outputs_(columns ? rows : cols),
      inputs_(columns ? cols : rows),
      columns_(columns),
      key_(columns ? key : backward_key(key)),
      mvm_(config, outputs_, inputs_, key_) {
    const MvmConfig& c = config;
    if (c.perfect) {
        return;
    }
    if (c.noise_management.kind != NoiseManagementKind::kNone ||
        c.bound_management.kind != BoundManagementKind::kNone) {
        throw ConfigError("transfer_read",
                          "a read of one line has neither noise nor bound management");
    }
    needs_matrix_ = c.dac.noise_std > 0 || c.mode != MvmMode::kOnePass;
    squares_ = c.weight_noise.kind == WeightNoiseKind::kPcmRead && c.weight_noise.std > 0;
    ir_drop_ = c.ir_drop.strength > 0;
    input_stage_.step = converter_step(c.dac.bound, c.dac.steps);
    input_stage_.bound = static_cast<float>(c.dac.bound);
    OutputStage& o = output_stage_;
    o.ir_strength = static_cast<float>(c.ir_drop.strength);
    o.ir_scale = static_cast<float>(static_cast<double>(inputs_) / c.ir_drop.wire_to_g_max);
    o.has_offset = c.voltage_offset.std > 0 || c.series_resistance.factor > 0;
    o.has_reference = c.voltage_offset.reference_weight != 0;
    o.series_factor = static_cast<float>(c.series_resistance.factor);
    o.series_max = static_cast<float>(std::min(c.series_resistance.max_total, 3.4e38));
    o.weight_noise_std = static_cast<float>(c.weight_noise.std);
    o.negative_factor = static_cast<float>(1.0 - c.adc.asymmetry);
    o.output_noise_std = static_cast<float>(c.output_noise.std);
    o.step = converter_step(c.adc.bound, c.adc.steps);
    o.bound = static_cast<float>(c.adc.bound);
    o.rescale = static_cast<float>(c.output_scale);
    const auto pointer = [](const std::vector<float>& v) { return v.empty() ? nullptr : v.data(); };
    o.line_offset = pointer(mvm_.tables().voltage_offset);
    o.nonlinearity = pointer(mvm_.tables().nonlinearity);
    o.nonlinearity_gain = mvm_.tables().nonlinearity_gain;
    o.output_noise_line = pointer(mvm_.tables().output_noise_std);
}

void LineReader::read(std::span<const uint32_t> lines, FloatView values, uint64_t number) {
    if (needs_matrix_) {
        throw InputError("reads with noise on every input line need the whole matrix");
    }
    if (values.rows != lines.size() || values.cols != outputs_) {
        throw InputError("a read returns one row of numbers per line");
    }
    for (size_t first = 0; first < lines.size();) {
        const size_t count = run_length(number + first, lines.size() - first);
        read_run(
            lines.subspan(first, count), values.row_block(first, count), read_key(number + first));
        first += count;
    }
}

void LineReader::read_run(std::span<const uint32_t> lines, FloatView values, ReadKey key) {
    const MvmConfig& c = mvm_.config();
    if (c.perfect) {
        const auto factor = static_cast<float>(c.output_scale);
        for (size_t k = 0; factor != 1.0f && k < lines.size(); k++) {
            for (float& v : values.row_span(k)) {
                v *= factor;
            }
        }
        return;
    }
    const size_t n = outputs_;
    const uint64_t step = mvm_detail::inner_step(key.step, 0, 0);
    const auto draw = [&](auto fill, Stream stream, std::vector<float>& to) -> const float* {
        to.resize(lines.size() * n);
        fill(key_, stream, step, key.first_sample * n, to);
        return to.data();
    };
    OutputStage out = output_stage_;
    const float* weight_noise = nullptr;
    if (c.weight_noise.kind != WeightNoiseKind::kNone && c.weight_noise.std > 0) {
        weight_noise = draw(fill_normal, Stream::kWeightNoise, weight_noise_);
    }
    const float* output_noise = nullptr;
    if (c.output_noise.std > 0) {
        output_noise = draw(fill_normal, Stream::kOutputNoise, output_noise_);
    }
    const float* uniforms = nullptr;
    if (c.adc.stochastic_rounding && out.step > 0) {
        uniforms = draw(fill_uniform, Stream::kAdcRounding, uniforms_);
    }
    position_.resize(n);
    absolute_.resize(n);
    square_.resize(n);
    for (size_t k = 0; k < lines.size(); k++) {
        const float one = 1.0f;
        float v = 0;
        InputStage in = input_stage_;
        float offset = 0;
        if (c.dac.stochastic_rounding && in.step > 0) {
            fill_uniform(key_,
                         Stream::kDacRounding,
                         step,
                         (key.first_sample + k) * inputs_ + lines[k],
                         std::span<float>(&offset, 1));
            in.rounding_offset = &offset;
        }
        input_row(&one, 1, in, &v);
        float* w = values.row(k);
        if (ir_drop_) {
            const auto q = static_cast<float>(ir_drop_position(lines[k], inputs_));
            for (size_t i = 0; i < n; i++) {
                position_[i] = w[i] * (v * q);
                absolute_[i] = std::abs(w[i]) * v;
            }
            out.position = position_.data();
            out.absolute = absolute_.data();
        }
        if (squares_) {
            for (size_t i = 0; i < n; i++) {
                square_[i] = std::abs(w[i]) * (v * v);
            }
            out.squares = square_.data();
        }
        if (out.has_reference) {
            out.reference = static_cast<float>(-c.voltage_offset.reference_weight) * v;
        }
        out.common_root = v;
        for (size_t i = 0; i < n; i++) {
            w[i] *= v;
        }
        out.weight_noise = weight_noise != nullptr ? weight_noise + k * n : nullptr;
        out.output_noise = output_noise != nullptr ? output_noise + k * n : nullptr;
        out.rounding_offset = uniforms != nullptr ? uniforms + k * n : nullptr;
        output_row(w, w, n, out, nullptr);
    }
}

void LineReader::read_matrix(ConstFloatView weights,
                             std::span<const uint32_t> lines,
                             FloatView values,
                             uint64_t number) {
    const size_t rows = columns_ ? outputs_ : inputs_;
    const size_t cols = columns_ ? inputs_ : outputs_;
    bool fits = weights.rows == rows && weights.cols == cols && values.rows == lines.size() &&
                values.cols == outputs_;
    for (const uint32_t line : lines) {
        fits = fits && line < inputs_;
    }
    if (!fits) {
        throw InputError("a read of lines needs the matrix of the reader, lines below " +
                         std::to_string(inputs_) + " and one row of values for each");
    }
    if (!needs_matrix_) {
        bool neighbours = columns_ && !lines.empty();
        for (size_t k = 0; k + 1 < lines.size(); k++) {
            neighbours = neighbours && lines[k + 1] == lines[k] + 1;
        }
        if (neighbours) {
            transpose(weights.column_block(lines[0], lines.size()), values);
        }
        for (size_t k = 0; k < lines.size() && !neighbours; k++) {
            float* to = values.row(k);
            for (size_t i = 0; i < outputs_; i++) {
                to[i] = columns_ ? weights(i, lines[k]) : weights(lines[k], i);
            }
        }
        read(lines, values, number);
        return;
    }
    columns_ ? packed_.pack(weights) : packed_.pack_transposed(weights);
    if (mvm_.config().read_asymmetry_spread > 0) {
        Matrix<float> turned(outputs_, inputs_);
        for (size_t i = 0; i < outputs_; i++) {
            for (size_t j = 0; j < inputs_; j++) {
                turned(i, j) = columns_ ? weights(i, j) : weights(j, i);
            }
        }
        mvm_.set_asymmetric_weights(turned.view());
    }
    Matrix<float> x(1, inputs_);
    for (size_t k = 0; k < lines.size(); k++) {
        x(0, lines[k]) = 1.0f;
        MvmCall call;
        call.key = read_key(number + k);
        call.backward = !columns_;
        mvm_.run(packed_, x.view(), values.row_block(k, 1), call, scratch_);
        x(0, lines[k]) = 0.0f;
    }
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/tile/mvm.h"

#include <algorithm>
#include <cmath>

#include "mho/util/error.h"

namespace mho {
namespace {

constexpr size_t kChunkRows = 64;  // rows per pass: weights and sums of a chunk stay in cache

const float* offset(const float* all, size_t by) {
    return all != nullptr ? all + by : nullptr;
}

// Fills `to`, [rows][width], with the draws of each row. Rows that follow each other in the batch,
// in the first round all of them, are one call: a narrow row alone would throw away most of the
// block of 512 numbers that it touches.
template <class Rows>
const float* draw_rows(void (*fill)(TileKey, Stream, uint64_t, uint64_t, std::span<float>),
                       TileKey key,
                       Stream stream,
                       uint64_t step,
                       uint64_t first_sample,
                       const Rows& rows,
                       size_t width,
                       AlignedFloats& to) {
    to.resize(rows.size() * width);
    for (size_t p = 0; p < rows.size();) {
        size_t end = p + 1;
        while (end < rows.size() && rows[end]->index == rows[end - 1]->index + 1) {
            end++;
        }
        fill(key,
             stream,
             step,
             (first_sample + rows[p]->index) * width,
             {to.data() + p * width, (end - p) * width});
        p = end;
    }
    return to.data();
}

// The same for rows that all follow each other.
auto draw_block(TileKey key, uint64_t step, uint64_t first_sample, size_t rows) {
    return [=](auto fill, Stream stream, size_t width, AlignedFloats& to) -> const float* {
        to.resize(rows * width);
        fill(key, stream, step, first_sample * width, std::span<float>(to.data(), rows * width));
        return to.data();
    };
}

}  // namespace

struct Mvm::InputDraws {
    const float* noise = nullptr;
    const float* rounding = nullptr;
};

struct Mvm::OutputDraws {
    const float* weight_noise = nullptr;
    const float* output_noise = nullptr;
    const float* rounding = nullptr;
};

// `draw(fill, stream, width, to)` fills `to` with the numbers of the rows of this pass.
template <class Draw>
Mvm::InputDraws Mvm::draw_inputs(const Draw& draw, MvmScratch& scratch) const {
    InputDraws draws;
    if (input_stage_.noise_std > 0) {
        draws.noise = draw(fill_normal, Stream::kInputNoise, inputs_, scratch.noise);
    }
    if (config_.dac.stochastic_rounding && input_stage_.step > 0) {
        draws.rounding = draw(fill_uniform, Stream::kDacRounding, inputs_, scratch.uniforms);
    }
    return draws;
}

template <class Draw>
Mvm::OutputDraws Mvm::draw_outputs(const Draw& draw,
                                   bool array,
                                   bool finish,
                                   MvmScratch& scratch) const {
    OutputDraws draws;
    if (array && config_.weight_noise.kind != WeightNoiseKind::kNone &&
        config_.weight_noise.std > 0) {
        draws.weight_noise = draw(fill_normal, Stream::kWeightNoise, outputs_, scratch.noise);
    }
    if (finish && config_.output_noise.std > 0) {
        draws.output_noise = draw(fill_normal, Stream::kOutputNoise, outputs_, scratch.noise2);
    }
    if (finish && config_.adc.stochastic_rounding && output_stage_.step > 0) {
        draws.rounding = draw(fill_uniform, Stream::kAdcRounding, outputs_, scratch.uniforms);
    }
    return draws;
}

InputStage Mvm::input_stage(const InputDraws& draws, size_t row, float scale, float range) const {
    InputStage stage = input_stage_;
    stage.range_scale = range;
    stage.scale = scale;
    stage.noise = offset(draws.noise, row * inputs_);
    stage.rounding_offset = offset(draws.rounding, row * inputs_);
    return stage;
}

OutputStage Mvm::output_stage(const OutputDraws& draws,
                              const ProductSums& sums,
                              size_t row,
                              float scale) const {
    OutputStage stage = output_stage_;
    stage.rescale = static_cast<float>(config_.output_scale) * (1.0f / scale);
    stage.position = offset(sums.position, row * sums.stride);
    stage.absolute = offset(sums.absolute, row * sums.stride);
    stage.squares = offset(sums.squares, row * sums.stride);
    stage.weight_noise = offset(draws.weight_noise, row * outputs_);
    stage.output_noise = offset(draws.output_noise, row * outputs_);
    stage.rounding_offset = offset(draws.rounding, row * outputs_);
    return stage;
}

// What the loop of bound management remembers of one input vector.
struct Mvm::Row {
    size_t index = 0;        // row of the batch
    float alpha = 1.0f;      // noise-management factor
    float scale = 1.0f;      // factor on the inputs of this round
    float reduction = 1.0f;  // factor of bound management, 1, 2, 4, ...
    unsigned round = 0;
    bool zero = false;      // nothing to compute: the output is zero
    bool exceeded = false;  // another half of this round was cut
    OutputFlags flags;
    float* y = nullptr;
    uint8_t* clipped = nullptr;
};

Mvm::Mvm(const MvmConfig& config, size_t outputs, size_t inputs, TileKey key)
    : config_(config), outputs_(outputs), inputs_(inputs), key_(key) {
    if (outputs == 0 || inputs == 0) {
        throw InputError("a tile needs at least one output and one input, got " +
                         std::to_string(outputs) + " x " + std::to_string(inputs));
    }
    const MvmConfig& c = config_;
    if (c.perfect) {
        return;
    }
    const bool ir = c.ir_drop.strength > 0;
    const bool squares = c.weight_noise.kind == WeightNoiseKind::kPcmRead && c.weight_noise.std > 0;
    set_ = ir ? (squares ? ProductSet::kAll : ProductSet::kIrDrop)
              : (squares ? ProductSet::kSquares : ProductSet::kPlain);
    if (ir) {
        position_weights_.resize(inputs);
        for (size_t j = 0; j < inputs; j++) {
            position_weights_[j] = static_cast<float>(ir_drop_position(j, inputs));
        }
    }
    input_stage_.step = converter_step(c.dac.bound, c.dac.steps);
    input_stage_.bound = static_cast<float>(c.dac.bound);
    input_stage_.noise_std = static_cast<float>(c.dac.noise_std);
    input_stage_.negative_factor = static_cast<float>(1.0 - c.dac.asymmetry);
    OutputStage& o = output_stage_;
    o.ir_strength = static_cast<float>(c.ir_drop.strength);
    o.ir_scale = static_cast<float>(static_cast<double>(inputs) / c.ir_drop.wire_to_g_max);
    o.has_offset = c.voltage_offset.std > 0 || c.series_resistance.factor > 0;
    o.has_reference = c.voltage_offset.reference_weight != 0;
    o.series_factor = static_cast<float>(c.series_resistance.factor);
    o.series_max = static_cast<float>(std::min(c.series_resistance.max_total, 3.4e38));
    o.weight_noise_std = static_cast<float>(c.weight_noise.std);
    o.negative_factor = static_cast<float>(1.0 - c.adc.asymmetry);
    o.output_noise_std = static_cast<float>(c.output_noise.std);
    o.step = converter_step(c.adc.bound, c.adc.steps);
    o.bound = static_cast<float>(c.adc.bound);
    set_tables(draw_mvm_tables(c, outputs, inputs, key));
}

void Mvm::set_tables(MvmTables tables) {
    const auto fits = [](const std::vector<float>& v, size_t n) {
        return v.empty() || v.size() == n;
    };
    if (!fits(tables.output_noise_std, outputs_) || !fits(tables.voltage_offset, outputs_) ||
        !fits(tables.nonlinearity, outputs_) || !fits(tables.read_asymmetry, outputs_ * inputs_)) {
        throw InputError("frozen tables of a tile must have one entry per output line");
    }
    tables_ = std::move(tables);
    const NoiseManagementKind scaling = config_.noise_management.kind;
    uniform_ =
        config_.mode == MvmMode::kOnePass &&
        (scaling == NoiseManagementKind::kNone || scaling == NoiseManagementKind::kConstant) &&
        (config_.weight_noise.kind != WeightNoiseKind::kAdditive ||
         config_.weight_noise.std == 0) &&
        !output_stage_.has_offset && tables_.output_noise_std.empty() &&
        tables_.nonlinearity.empty();
    const auto pointer = [](const std::vector<float>& v) { return v.empty() ? nullptr : v.data(); };
    output_stage_.line_offset = pointer(tables_.voltage_offset);
    output_stage_.nonlinearity = pointer(tables_.nonlinearity);
    output_stage_.nonlinearity_gain = tables_.nonlinearity_gain;
    output_stage_.output_noise_line = pointer(tables_.output_noise_std);
}

void Mvm::set_asymmetric_weights(ConstFloatView weights) {
    if (tables_.read_asymmetry.empty()) {
        return;
    }
    Matrix<float> product(weights.rows, weights.cols);
    for (size_t i = 0; i < weights.rows; i++) {
        for (size_t j = 0; j < weights.cols; j++) {
            product(i, j) = weights(i, j) * tables_.read_asymmetry[i * weights.cols + j];
        }
    }
    asymmetric_.pack(product.view());
}

// Factor of the worst case (aihwkit "np sum"): the largest one-signed input sum times an assumed
// weight must fit into the ADC range.
float Mvm::worst_case_factor(const float* x, float capped) const {
    float positive = 0;
    float negative = 0;
    for (size_t j = 0; j < inputs_; j++) {
        (x[j] > 0 ? positive : negative) += std::abs(x[j]);
    }
    const float bound = config_.adc.bound > 0 ? static_cast<float>(config_.adc.bound) : 1.0f;
    float q = std::max(positive, negative) *
              static_cast<float>(config_.noise_management.assumed_w_max) / bound;
    if (input_stage_.step > 0) {
        q = std::min(q,
                     capped / input_stage_.step *
                         static_cast<float>(config_.bound_management.max_resolution));
    }
    return std::max(capped, q);
}

float Mvm::noise_management_factor(const float* x, RunningAbsMax* running) const {
    const NoiseManagement& nm = config_.noise_management;
    const auto threshold = static_cast<float>(nm.threshold);
    const auto capped = [&](float v) { return threshold > 0 ? std::min(v, threshold) : v; };
    switch (nm.kind) {
        case NoiseManagementKind::kNone:
            return 1.0f;
        case NoiseManagementKind::kAbsMax:
            return capped(row_abs_max(x, inputs_));
        case NoiseManagementKind::kMax:
            return capped(*std::max_element(x, x + inputs_));
        case NoiseManagementKind::kConstant:
            return threshold > 0 ? threshold : 1.0f;
        case NoiseManagementKind::kAverageAbsMax: {
            if (running == nullptr) {
                throw InputError(
                    "noise management `average abs max` needs the running average of the "
                    "caller (MvmCall::running)");
            }
            const float now = row_abs_max(x, inputs_);
            const auto decay = static_cast<float>(nm.decay);
            running->value =
                running->value < 0 ? now : running->value * (1.0f - decay) + decay * now;
            return running->value;
        }
        case NoiseManagementKind::kAbsMaxNpSum:
            return worst_case_factor(x, capped(row_abs_max(x, inputs_)));
    }
    return 1.0f;
}

void Mvm::run(const PackedMatrix& weights,
              ConstFloatView x,
              FloatView y,
              const MvmCall& call,
              MvmScratch& scratch) const {
    if (x.cols != inputs_ || y.cols != outputs_ || x.rows != y.rows ||
        weights.outputs() != outputs_ || weights.inputs() != inputs_) {
        throw InputError("product of a " + std::to_string(outputs_) + " x " +
                         std::to_string(inputs_) + " tile: inputs are [" + std::to_string(x.rows) +
                         ", " + std::to_string(x.cols) + "], outputs [" + std::to_string(y.rows) +
                         ", " + std::to_string(y.cols) + "], weights " +
                         std::to_string(weights.outputs()) + " x " +
                         std::to_string(weights.inputs()));
    }
    if (call.key.step >= 2 * kMaxSteps) {
        throw InputError(
            "the step of a product must be below 2^55, that of a read-out of a tile below 2^56");
    }
    std::vector<Row> rows;
    for (size_t first = 0; first < x.rows; first += kChunkRows) {
        run_chunk(weights, x, y, call, first, rows, scratch);
    }
}

void Mvm::run_chunk(const PackedMatrix& weights,
                    ConstFloatView x,
                    FloatView y,
                    const MvmCall& call,
                    size_t first_row,
                    std::vector<Row>& rows,
                    MvmScratch& scratch) const {
    const size_t count = std::min(kChunkRows, x.rows - first_row);
    const bool ranged = call.range_scale > 0;
    // Scaling rules that look at the values must see them after the input range.
    const bool looks = (config_.noise_management.kind != NoiseManagementKind::kNone &&
                        config_.noise_management.kind != NoiseManagementKind::kConstant) ||
                       config_.bound_management.kind == BoundManagementKind::kIterativeWorstCase;
    ConstFloatView source = x.row_block(first_row, count);
    if (ranged && (looks || config_.perfect)) {
        scratch.ranged.resize(count * inputs_);
        for (size_t r = 0; r < count; r++) {
            range_row(
                source.row(r), inputs_, call.range_scale, scratch.ranged.data() + r * inputs_);
        }
        source = {scratch.ranged.data(), count, inputs_};
    }
    if (config_.perfect) {
        const size_t stride = weights.row_stride();
        scratch.plain.resize(count * stride);
        multiply(weights,
                 ProductSet::kPlain,
                 source,
                 nullptr,
                 {scratch.plain.data(), nullptr, nullptr, nullptr, stride},
                 scratch.product);
        const auto factor = static_cast<float>(config_.output_scale);
        for (size_t r = 0; r < count; r++) {
            const float* from = scratch.plain.data() + r * stride;
            float* to = y.row(first_row + r);
            for (size_t i = 0; i < outputs_; i++) {
                to[i] = from[i] * factor;
            }
        }
        if (call.clipped != nullptr) {
            std::fill_n(call.clipped + first_row * outputs_, count * outputs_, uint8_t{0});
        }
        return;
    }

    const bool managed =
        !call.backward && config_.bound_management.kind != BoundManagementKind::kNone;
    if (uniform_ && !managed) {
        return run_uniform(
            weights, source, y.row_block(first_row, count), call, first_row, scratch);
    }
    const bool scaled = config_.noise_management.kind != NoiseManagementKind::kNone;
    rows.assign(count, {});
    std::vector<Row*> pending;
    for (size_t r = 0; r < count; r++) {
        Row& row = rows[r];
        row.index = first_row + r;
        row.y = y.row(first_row + r);
        row.clipped = call.clipped ? call.clipped + (first_row + r) * outputs_ : nullptr;
        row.alpha = noise_management_factor(source.row(r), call.running);
        // Nothing to amplify: a vector of zeros (or, for `max`, without positive entries).
        row.zero = scaled && !mvm_detail::can_scale(row.alpha) &&
                   (config_.dac.noise_std <= 0 || call.backward);
        if (row.zero) {
            std::fill_n(row.y, outputs_, 0.0f);
            if (row.clipped != nullptr) {
                std::fill_n(row.clipped, outputs_, uint8_t{0});
            }
        } else {
            pending.push_back(&row);
        }
    }

    const auto exceeds = [&](const OutputFlags& flags) {
        const BoundManagement& bm = config_.bound_management;
        if (!bm.test_negative_bound && bm.compatible_test && flags.below && flags.above) {
            return !flags.last_is_below;
        }
        return flags.above || (bm.test_negative_bound && flags.below);
    };
    const float max_reduction =
        input_stage_.step > 0
            ? static_cast<float>(config_.bound_management.max_resolution) / input_stage_.step
            : INFINITY;
    while (!pending.empty()) {
        // The input stage of every row still in the loop; all are in the same round.
        scratch.inputs.resize(pending.size() * inputs_);
        const float range = ranged && !looks ? call.range_scale : 0.0f;
        const uint64_t step = mvm_detail::inner_step(call.key.step, pending[0]->round, 0);
        const auto draw = [&](auto fill, Stream stream, size_t width, AlignedFloats& to) {
            return draw_rows(fill, key_, stream, step, call.key.first_sample, pending, width, to);
        };
        const InputDraws draws = draw_inputs(draw, scratch);
        for (size_t p = 0; p < pending.size(); p++) {
            Row& row = *pending[p];
            if (row.round == 1 &&
                config_.bound_management.kind == BoundManagementKind::kIterativeWorstCase &&
                config_.noise_management.kind != NoiseManagementKind::kAbsMaxNpSum) {
                const float* from = source.row(row.index - first_row);
                const auto threshold = static_cast<float>(config_.noise_management.threshold);
                const float largest = row_abs_max(from, inputs_);
                row.alpha = worst_case_factor(
                    from, threshold > 0 && scaled ? std::min(largest, threshold) : largest);
                row.reduction = 1.0f;
            }
            // Float32, in this order: it decides rounding ties of halved inputs.
            row.scale = scaled && mvm_detail::can_scale(row.alpha) ? 1.0f / row.alpha : 1.0f;
            if (managed) {
                row.scale = row.scale / row.reduction;
            }
            input_row(source.row(row.index - first_row),
                      inputs_,
                      input_stage(draws, p, row.scale, range),
                      scratch.inputs.data() + p * inputs_);
        }
        const ConstFloatView v{scratch.inputs.data(), pending.size(), inputs_};
        if (config_.mode == MvmMode::kOnePass) {
            one_pass(weights, v, pending, call, 0, false, scratch);
        } else {
            // Negative part first, then positive, as two passes through the array.
            Matrix<float> part(v.rows, v.cols);
            Matrix<float> first_half(v.rows, outputs_);
            std::vector<uint8_t> first_exceeded(v.rows, 0);
            std::vector<uint8_t> first_clipped;
            const bool digital = config_.mode == MvmMode::kSeparateDigitalSum;
            for (unsigned half : {1u, 0u}) {
                for (size_t i = 0; i < part.values.size(); i++) {
                    const float value = v.data[i];
                    part.values[i] = (half == 1) == (value < 0) ? value : 0.0f;
                }
                one_pass(half == 1 && !asymmetric_.empty() ? asymmetric_ : weights,
                         part.view(),
                         pending,
                         call,
                         half,
                         !digital,
                         scratch);
                for (size_t p = 0; p < pending.size(); p++) {
                    Row& row = *pending[p];
                    if (half == 1) {
                        std::copy_n(row.y, outputs_, first_half.row(p));
                        first_exceeded[p] = exceeds(row.flags) ? 1 : 0;
                        if (row.clipped != nullptr) {
                            first_clipped.resize(pending.size() * outputs_);
                            std::copy_n(row.clipped, outputs_, first_clipped.data() + p * outputs_);
                        }
                        continue;
                    }
                    for (size_t i = 0; i < outputs_; i++) {
                        row.y[i] += first_half(p, i);
                    }
                    if (digital) {
                        // Each half has met its own ADC, and its own test.
                        row.exceeded = first_exceeded[p] != 0;
                        for (size_t i = 0; row.clipped != nullptr && i < outputs_; i++) {
                            row.clipped[i] |= first_clipped[p * outputs_ + i];
                        }
                    }
                }
            }
            if (!digital) {
                one_pass(weights, {}, pending, call, 0, false, scratch);
            }
        }
        // Who passed?
        std::vector<Row*> again;
        for (Row* row : pending) {
            const BoundManagement& bm = config_.bound_management;
            const bool exceeded = row->exceeded || exceeds(row->flags);
            const bool stop = !managed || !exceeded ||
                              std::floor(row->reduction) > static_cast<float>(bm.max_factor) ||
                              row->reduction > max_reduction;
            if (!stop) {
                row->reduction *= 2.0f;
                row->round++;
                row->exceeded = false;
                again.push_back(row);
            }
        }
        pending = std::move(again);
    }
}

// The chunk as one long row: no rule looks at single vectors and no output line has a number of its
// own. Convolutions have many short rows, whose bookkeeping would cost as much as their product.
void Mvm::run_uniform(const PackedMatrix& weights,
                      ConstFloatView x,
                      FloatView y,
                      const MvmCall& call,
                      size_t first_row,
                      MvmScratch& scratch) const {
    const size_t rows = x.rows;
    const uint64_t step = mvm_detail::inner_step(call.key.step, 0, 0);
    const uint64_t sample = call.key.first_sample + first_row;
    const auto draw = draw_block(key_, step, sample, rows);
    const float scale = config_.noise_management.kind == NoiseManagementKind::kConstant &&
                                config_.noise_management.threshold > 0
                            ? 1.0f / static_cast<float>(config_.noise_management.threshold)
                            : 1.0f;
    const InputDraws in = draw_inputs(draw, scratch);
    scratch.inputs.resize(rows * inputs_);
    const size_t input_rows = x.stride == inputs_ ? 1 : rows;
    for (size_t r = 0; r < input_rows; r++) {
        input_row(x.row(r),
                  input_rows == 1 ? rows * inputs_ : inputs_,
                  input_stage(in, r, scale, call.range_scale),
                  scratch.inputs.data() + r * inputs_);
    }
    const ProductSums sums = sums_of(rows, scratch);
    multiply(weights,
             set_,
             {scratch.inputs.data(), rows, inputs_},
             position_weights_.data(),
             sums,
             scratch.product);
    const OutputDraws out = draw_outputs(draw, true, true, scratch);
    const size_t output_rows = y.stride == outputs_ && sums.stride == outputs_ ? 1 : rows;
    for (size_t r = 0; r < output_rows; r++) {
        output_row(sums.plain + r * sums.stride,
                   y.row(r),
                   output_rows == 1 ? rows * outputs_ : outputs_,
                   output_stage(out, sums, r, scale),
                   call.clipped != nullptr ? call.clipped + (first_row + r) * outputs_ : nullptr);
    }
}

void Mvm::read_out(FloatView y, unsigned pass, const MvmCall& call, MvmScratch& scratch) const {
    if (y.cols != outputs_) {
        throw InputError("a read-out of " + std::to_string(outputs_) + " outputs got rows of " +
                         std::to_string(y.cols));
    }
    if (config_.perfect) {
        return;
    }
    const uint64_t step = mvm_detail::inner_step(call.key.step, pass, 0);
    const auto draw = draw_block(key_, step, call.key.first_sample, y.rows);
    const OutputDraws draws = draw_outputs(draw, false, true, scratch);
    for (size_t r = 0; r < y.rows; r++) {
        finish_row(y.row(r), outputs_, output_stage(draws, {}, r, 1.0f), nullptr);
    }
}

ProductSums Mvm::sums_of(size_t rows, MvmScratch& scratch) const {
    const size_t stride = PackedMatrix::row_stride(outputs_);
    const size_t size = rows * stride;
    scratch.plain.resize(size);
    ProductSums sums{scratch.plain.data(), nullptr, nullptr, nullptr, stride};
    if (set_ == ProductSet::kSquares || set_ == ProductSet::kAll) {
        scratch.squares.resize(size);
        sums.squares = scratch.squares.data();
    }
    if (set_ == ProductSet::kIrDrop || set_ == ProductSet::kAll) {
        scratch.position.resize(size);
        scratch.absolute.resize(size);
        sums.position = scratch.position.data();
        sums.absolute = scratch.absolute.data();
    }
    return sums;
}

void Mvm::one_pass(const PackedMatrix& weights,
                   ConstFloatView v,
                   const std::vector<Row*>& rows,
                   const MvmCall& call,
                   unsigned half,
                   bool array_only,
                   MvmScratch& scratch) const {
    const bool finish_only = v.data == nullptr;
    ProductSums sums;
    if (!finish_only) {
        sums = sums_of(rows.size(), scratch);
        multiply(weights, set_, v, position_weights_.data(), sums, scratch.product);
    }
    const uint64_t step = mvm_detail::inner_step(call.key.step, rows[0]->round, half);
    const auto draw = [&](auto fill, Stream stream, size_t width, AlignedFloats& to) {
        return draw_rows(fill, key_, stream, step, call.key.first_sample, rows, width, to);
    };
    const OutputDraws draws = draw_outputs(draw, !finish_only, !array_only, scratch);
    for (size_t p = 0; p < rows.size(); p++) {
        Row& row = *rows[p];
        OutputStage stage = output_stage(draws, sums, p, row.scale);
        if (finish_only) {
            row.flags = finish_row(row.y, outputs_, stage, row.clipped);
            continue;
        }
        if (stage.has_offset && stage.has_reference) {
            float sum = 0;
            for (size_t j = 0; j < inputs_; j++) {
                sum += v(p, j);
            }
            stage.reference = static_cast<float>(-config_.voltage_offset.reference_weight) * sum;
        }
        if (stage.weight_noise != nullptr && stage.squares == nullptr) {
            double norm = 0;
            for (size_t j = 0; j < inputs_; j++) {
                norm += static_cast<double>(v(p, j)) * v(p, j);
            }
            stage.common_root = static_cast<float>(std::sqrt(norm));
        }
        const float* plain = sums.plain + p * sums.stride;
        if (array_only) {
            array_row(plain, row.y, outputs_, stage);
            row.flags = {};
        } else {
            row.flags = output_row(plain, row.y, outputs_, stage, row.clipped);
        }
    }
}

}  // namespace mho

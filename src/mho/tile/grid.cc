// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/tile/grid.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "mho/util/error.h"
#include "mho/util/shape_text.h"

namespace mho {
std::vector<size_t> split_axis(size_t size, int limit) {
    if (size == 0) {
        throw InputError("a matrix needs at least one row and one column");
    }
    const size_t most = limit > 0 ? static_cast<size_t>(limit) : size;
    const size_t pieces = (size + most - 1) / most;
    std::vector<size_t> offsets(pieces + 1, 0);
    for (size_t i = 0; i < pieces; i++) {
        offsets[i + 1] = offsets[i] + size / pieces + (i < size % pieces ? 1 : 0);
    }
    return offsets;
}

MappedWeights map_weights(const Mapping& mapping, ConstFloatView logical) {
    require_finite(logical, "weights to map");
    const std::vector<size_t> in = split_axis(logical.cols, mapping.max_inputs);
    const std::vector<size_t> out = split_axis(logical.rows, mapping.max_outputs);
    MappedWeights mapped{Matrix<float>(logical.rows, logical.cols),
                         Matrix<float>(in.size() - 1, logical.rows, 1.0f)};
    const auto largest = [&](size_t row, size_t c) {
        float m = 0;
        for (size_t j = in[c]; j < in[c + 1]; j++) {
            m = std::max(m, std::abs(logical(row, j)));
        }
        return m;
    };
    for (size_t c = 0; c + 1 < in.size(); c++) {
        for (size_t r = 0; r + 1 < out.size(); r++) {
            float tile_max = 0;
            for (size_t i = out[r]; i < out[r + 1]; i++) {
                tile_max = std::max(tile_max, largest(i, c));
            }
            for (size_t i = out[r]; i < out[r + 1]; i++) {
                const float m = mapping.per_column ? largest(i, c) : tile_max;
                float scale = 1.0f;
                if (mapping.omega > 0 && m > 0) {
                    scale = m / static_cast<float>(mapping.omega);
                }
                mapped.scales(c, i) = scale;
                for (size_t j = in[c]; j < in[c + 1]; j++) {
                    mapped.weights(i, j) = logical(i, j) / scale;
                }
            }
        }
    }
    return mapped;
}

Matrix<float> logical_weights(const Mapping& mapping, const MappedWeights& mapped) {
    const std::vector<size_t> in = split_axis(mapped.weights.cols, mapping.max_inputs);
    Matrix<float> logical = mapped.weights;
    for (size_t i = 0; i < logical.rows; i++) {
        for (size_t c = 0; c + 1 < in.size(); c++) {
            for (size_t j = in[c]; j < in[c + 1]; j++) {
                logical(i, j) *= mapped.scales(c, i);
            }
        }
    }
    return logical;
}

double mapping_rate_factor(const Mapping& mapping, std::span<const float> scales) {
    if (!mapping.rate_compensation) {
        return 1.0;
    }
    double sum = 0;
    for (const float s : scales) {
        sum += double{s};
    }
    if (scales.empty() || !(sum > 0) || !std::isfinite(sum)) {
        throw InputError("rate compensation needs the scales of a tile, with a mean above 0");
    }
    return static_cast<double>(scales.size()) / sum;
}

TileGrid::TileGrid(const TileConfig& config,
                   size_t outputs,
                   size_t inputs,
                   uint64_t seed,
                   std::string layer_path,
                   uint32_t chip)
    : config_(config),
      outputs_(outputs),
      inputs_(inputs),
      layer_path_(std::move(layer_path)),
      input_offsets_(split_axis(inputs, config.mapping.max_inputs)),
      output_offsets_(split_axis(outputs, config.mapping.max_outputs)),
      scales_(input_pieces(), outputs, 1.0f),
      input_ranges_(input_pieces(), 0.0f) {
    tiles_.reserve(input_pieces() * output_pieces());
    for (size_t r = 0; r < output_pieces(); r++) {
        for (size_t c = 0; c < input_pieces(); c++) {
            tiles_.emplace_back(
                config_,
                output_offsets_[r + 1] - output_offsets_[r],
                input_offsets_[c + 1] - input_offsets_[c],
                make_tile_key(
                    seed, layer_path_, static_cast<uint32_t>(r), static_cast<uint32_t>(c), chip));
        }
    }
}

void TileGrid::set_periphery(const DigitalPeriphery& periphery, bool before_relu) {
    const bool counts = periphery.kind != PeripheryKind::kIdeal;
    if (counts && (config_.forward.adc.bound > 0 || config_.forward.adc.steps > 0)) {
        throw ConfigError("hardware.forward.adc",
                          "a periphery that counts oscillations replaces this converter: set its "
                          "bound and steps to 0");
    }
    periphery_config_ = periphery;
    computes_relu_ = counts && before_relu && periphery.fold_relu && input_pieces() == 1;
    periphery_.clear();
    for (Tile& t : tiles_) {
        // The correction of the columns takes drift along.
        t.use_compensation(!counts);
        if (counts) {
            periphery_.emplace_back(periphery, t.outputs(), t.key());
        }
    }
    output_ranges_.assign(periphery_.size(), 0.0f);
    calibrate_periphery(Calibrate::kAll, 0);
}

Tile& TileGrid::tile(size_t output_piece, size_t input_piece) {
    if (output_piece >= output_pieces() || input_piece >= input_pieces()) {
        throw InputError("layer " + layer_path_ + " has no tile " +
                         shape_text(output_piece, input_piece));
    }
    return tiles_[output_piece * input_pieces() + input_piece];
}

const Tile& TileGrid::tile(size_t output_piece, size_t input_piece) const {
    return const_cast<TileGrid*>(this)->tile(output_piece, input_piece);
}

void TileGrid::set_scales(Matrix<float> scales) {
    if (scales.rows != input_pieces() || scales.cols != outputs_) {
        throw InputError("layer " + layer_path_ + ": scales must be " +
                         shape_text(input_pieces(), outputs_) + ", got " +
                         shape_text(scales.rows, scales.cols));
    }
    require_finite(scales.view(), "scales");
    scales_ = std::move(scales);
    fold_periphery();
}

void TileGrid::set_bias(std::vector<float> bias) {
    if (!bias.empty() && bias.size() != outputs_) {
        throw InputError("layer " + layer_path_ + ": the bias must have " +
                         std::to_string(outputs_) + " entries, got " + std::to_string(bias.size()));
    }
    require_finite({bias.data(), 1, bias.size()}, "bias");
    bias_ = std::move(bias);
    fold_periphery();
}

void TileGrid::set_input_ranges(std::vector<float> ranges) {
    if (ranges.size() != input_pieces()) {
        throw InputError(
            "layer " + layer_path_ + ": there must be one input range per input piece (" +
            std::to_string(input_pieces()) + "), got " + std::to_string(ranges.size()));
    }
    for (const float r : ranges) {
        if (!(r >= 0) || !std::isfinite(r)) {
            throw InputError("layer " + layer_path_ +
                             ": input ranges must be finite and at least 0 " +
                             "(0 = no range), got " + std::to_string(r));
        }
    }
    input_ranges_ = std::move(ranges);
    fold_periphery();
}

void TileGrid::set_output_ranges(std::vector<float> ranges) {
    if (ranges.size() != periphery_.size()) {
        throw InputError("layer " + layer_path_ + ": output ranges need a periphery, and one for " +
                         "each of the " + std::to_string(tiles_.size()) + " tiles, got " +
                         std::to_string(ranges.size()));
    }
    for (const float r : ranges) {
        if (!(r >= 0) || !std::isfinite(r)) {
            throw InputError("layer " + layer_path_ +
                             ": output ranges must be finite and at least 0, got " +
                             std::to_string(r));
        }
    }
    output_ranges_ = std::move(ranges);
    fold_periphery();
}

const ColumnPeriphery* TileGrid::periphery(size_t output_piece, size_t input_piece) const {
    (void)tile(output_piece, input_piece);
    return periphery_.empty() ? nullptr : &periphery_[output_piece * input_pieces() + input_piece];
}

// The digital scale and input range of every column, and in the first piece the bias.
void TileGrid::fold_periphery() {
    for (size_t i = 0; i < periphery_.size(); i++) {
        const size_t c = i % input_pieces();
        const size_t first = output_offsets_[i / input_pieces()];
        const size_t width = tiles_[i].outputs();
        const float gain = input_ranges_[c] > 0 ? input_ranges_[c] : 1.0f;
        std::vector<float> scale(scales_.row(c) + first, scales_.row(c) + first + width);
        for (float& s : scale) {
            s *= gain;
        }
        std::vector<float> shift;
        if (c == 0 && !bias_.empty()) {
            shift.assign(bias_.data() + first, bias_.data() + first + width);
        }
        periphery_[i].fold(scale, shift, output_ranges_[i], computes_relu_);
    }
}

// Random vectors of which half the entries are zero pass through the tile; what they should give is
// the exact product with its target weights.
void TileGrid::calibrate_periphery(Calibrate what, uint64_t step) {
    if (periphery_.empty()) {
        return;
    }
    const auto rows = static_cast<size_t>(periphery_config_.calibration_inputs);
    for (size_t i = 0; i < periphery_.size(); i++) {
        const Tile& t = tiles_[i];
        const TileKey own = make_tile_key(t.key().value, "calibration of counters");
        Matrix<float> x(rows, t.inputs());
        std::vector<float> keep(x.values.size());
        fill_uniform(own, Stream::kInitialWeights, 0, 0, x.values);
        fill_uniform(own, Stream::kInitialWeights, 1, 0, keep);
        for (size_t k = 0; k < keep.size(); k++) {
            x.values[k] = keep[k] < 0.5f ? 0.0f : 2 * x.values[k] - 1;
        }
        const Matrix<float> weights = t.is_programmed() ? t.target() : t.weights();
        PackedMatrix packed;
        packed.pack(weights.view());
        AlignedFloats sums_memory(rows * packed.row_stride());
        ProductSums sums;
        sums.plain = sums_memory.data();
        sums.stride = packed.row_stride();
        MvmScratch scratch;
        multiply(packed, ProductSet::kPlain, x.view(), nullptr, sums, scratch.product);
        Matrix<float> y(rows, t.outputs());
        MvmCall call;
        call.key.step = kMaxSteps - 1 - step;  // far from the steps of callers
        RunningAbsMax running;
        call.running = &running;
        t.apply(x.view(), y.view(), call, scratch);
        Matrix<int32_t> counts(rows, t.outputs());
        periphery_[i].count(y.view(), counts.view());
        const ConstFloatView wanted{sums.plain, rows, t.outputs(), sums.stride};
        if (what == Calibrate::kAll) {
            periphery_[i].calibrate(std::as_const(counts).view(), wanted);
        } else {
            periphery_[i].recalibrate_slope(std::as_const(counts).view(), wanted);
        }
    }
    fold_periphery();
}

namespace {

// Calls f(tile, view of the weights of the tile).
template <class Grid, class View, class F>
void each_tile(Grid& grid, View weights, F&& f) {
    for (size_t r = 0; r < grid.output_pieces(); r++) {
        for (size_t c = 0; c < grid.input_pieces(); c++) {
            f(grid.tile(r, c), grid.part(weights, r, c));
        }
    }
}

void require_shape(const TileGrid& grid, ConstFloatView weights) {
    if (weights.rows != grid.outputs() || weights.cols != grid.inputs()) {
        throw InputError("layer " + grid.layer_path() + ": tile weights must be " +
                         shape_text(grid.outputs(), grid.inputs()) + ", got " +
                         shape_text(weights.rows, weights.cols));
    }
}

}  // namespace

void TileGrid::set_weights(ConstFloatView weights) {
    require_shape(*this, weights);
    each_tile(*this, weights, [](Tile& t, ConstFloatView w) { t.set_weights(w); });
    calibrate_periphery(Calibrate::kAll, 0);
}

void TileGrid::program(ConstFloatView weights,
                       uint64_t programming,
                       ConductanceSwitches switches,
                       const Programmer* programmer) {
    require_shape(*this, weights);
    each_tile(*this, weights, [&](Tile& t, ConstFloatView w) {
        if (programmer != nullptr) {
            programmer->program(t, w, programming, switches);
        } else {
            t.program(w, programming, switches);
        }
    });
    calibrate_periphery(Calibrate::kAll, programming);
}

void TileGrid::advance_to(double t_s, uint64_t read_step) {
    for (Tile& t : tiles_) {
        t.advance_to(t_s, read_step);
    }
    calibrate_periphery(Calibrate::kSlope, (uint64_t{1} << 53) + read_step);
}

void TileGrid::prepare_backward() {
    for (Tile& t : tiles_) {
        t.prepare_backward();
    }
}

void TileGrid::use_compensation(bool on) {
    if (!periphery_.empty()) {
        if (!on) {
            for (ColumnPeriphery& p : periphery_) {
                p.forget_drift();
            }
            fold_periphery();
        } else if (tiles_[0].is_programmed() && tiles_[0].time_s() > 0) {
            calibrate_periphery(Calibrate::kSlope, uint64_t{1} << 53);
        }
        return;
    }
    for (Tile& t : tiles_) {
        t.use_compensation(on);
    }
}

Matrix<float> TileGrid::weights() const {
    Matrix<float> all(outputs_, inputs_);
    each_tile(*this, all.view(), [](const Tile& t, FloatView to) {
        const Matrix<float> w = t.weights();
        for (size_t i = 0; i < w.rows; i++) {
            std::copy_n(w.row(i), w.cols, to.row(i));
        }
    });
    return all;
}

void TileGrid::copy_column(size_t input_piece, size_t input, float* to) const {
    for (size_t r = 0; r < output_pieces(); r++) {
        tile(r, input_piece).copy_column(input, to + output_offsets_[r]);
    }
}

void TileGrid::apply(
    ConstFloatView x, FloatView y, ReadKey key, Scratch& scratch, ForwardRecord* record) const {
    if (x.cols != inputs_ || y.cols != outputs_ || x.rows != y.rows) {
        throw InputError("layer " + layer_path_ + ": inputs must be [rows, " +
                         std::to_string(inputs_) + "] and outputs [rows, " +
                         std::to_string(outputs_) + "], got " + shape_text(x.rows, x.cols) +
                         " and " + shape_text(y.rows, y.cols));
    }
    const size_t rows = x.rows;
    if (record != nullptr) {
        record->clipped.resize(record->keep_clipped ? input_pieces() * rows * outputs_ : 0);
        record->tile_sums.resize(record->keep_sums ? input_pieces() * rows * outputs_ : 0);
    }
    for (size_t b = 0; b < rows; b++) {
        if (bias_.empty() || !periphery_.empty()) {
            std::fill_n(y.row(b), outputs_, 0.0f);
        } else {
            std::copy_n(bias_.data(), outputs_, y.row(b));
        }
    }
    scratch.running.resize(std::max(scratch.running.size(), tiles_.size()));
    for (size_t c = 0; c < input_pieces(); c++) {
        const ConstFloatView part =
            x.column_block(input_offsets_[c], input_offsets_[c + 1] - input_offsets_[c]);
        const float range = input_ranges_[c];
        for (size_t r = 0; r < output_pieces(); r++) {
            const Tile& t = tile(r, c);
            const size_t first = output_offsets_[r];
            const size_t width = t.outputs();
            MvmCall call;
            call.key = key;
            call.range_scale = range > 0 ? 1.0f / range : 0.0f;
            call.running = &scratch.running[r * input_pieces() + c];
            const bool whole_rows = width == outputs_;
            if (record != nullptr && record->keep_clipped) {
                // A tile as wide as the layer writes where the record wants it.
                scratch.clipped.resize(whole_rows ? 0 : rows * width);
                call.clipped = whole_rows ? record->clipped.data() + c * rows * outputs_
                                          : scratch.clipped.data();
            }
            scratch.partial.resize(rows * width);
            const FloatView partial{scratch.partial.data(), rows, width};
            t.apply(part, partial, call, scratch.mvm);
            if (!periphery_.empty()) {
                add_corrected(r, c, partial, y, record, scratch);
                continue;
            }
            const float gain = range > 0 ? range : 1.0f;
            for (size_t b = 0; b < rows; b++) {
                const float* from = partial.row(b);
                const float* scale = scales_.row(c) + first;
                float* to = y.row(b) + first;
                const size_t at = (c * rows + b) * outputs_ + first;
                if (record != nullptr && record->keep_sums) {
                    for (size_t i = 0; i < width; i++) {
                        record->tile_sums[at + i] = from[i] * gain;
                    }
                }
                if (call.clipped != nullptr && !whole_rows) {
                    std::copy_n(
                        scratch.clipped.data() + b * width, width, record->clipped.data() + at);
                }
                for (size_t i = 0; i < width; i++) {
                    to[i] += from[i] * gain * scale[i];
                }
            }
        }
    }
}

// Counts of a tile through their correction, which holds scale, range and bias, onto the outputs.
void TileGrid::add_corrected(size_t r,
                             size_t c,
                             FloatView partial,
                             FloatView y,
                             ForwardRecord* record,
                             Scratch& scratch) const {
    periphery_[r * input_pieces() + c].run(partial, scratch.counts);
    const size_t first = output_offsets_[r];
    const float* scale = scales_.row(c) + first;
    for (size_t b = 0; b < y.rows; b++) {
        const float* from = partial.row(b);
        float* to = y.row(b) + first;
        const size_t at = (c * y.rows + b) * outputs_ + first;
        for (size_t i = 0; i < partial.cols; i++) {
            to[i] += from[i];
            if (record != nullptr && record->keep_sums) {
                record->tile_sums[at + i] = scale[i] > 0 ? from[i] / scale[i] : 0.0f;
            }
            if (record != nullptr && record->keep_clipped) {
                record->clipped[at + i] = 0;
            }
        }
    }
}

void TileGrid::apply_transposed(ConstFloatView errors,
                                FloatView gradient,
                                ReadKey key,
                                Scratch& scratch,
                                const ForwardRecord* record) const {
    if (errors.cols != outputs_ || gradient.cols != inputs_ || errors.rows != gradient.rows) {
        throw InputError("layer " + layer_path_ + ": errors must be [rows, " +
                         std::to_string(outputs_) + "] and gradients [rows, " +
                         std::to_string(inputs_) + "]");
    }
    const size_t rows = errors.rows;
    Matrix<float> scaled(rows, outputs_);
    std::vector<float> sum;
    for (size_t c = 0; c < input_pieces(); c++) {
        const size_t width = input_offsets_[c + 1] - input_offsets_[c];
        for (size_t b = 0; b < rows; b++) {
            const uint8_t* clipped =
                record != nullptr ? record->clipped.data() + (c * rows + b) * outputs_ : nullptr;
            for (size_t i = 0; i < outputs_; i++) {
                const bool cut = clipped != nullptr && clipped[i] != 0;
                scaled(b, i) = cut ? 0.0f : errors(b, i) * scales_(c, i);
            }
        }
        const FloatView to = gradient.column_block(input_offsets_[c], width);
        for (size_t r = 0; r < output_pieces(); r++) {
            const Tile& t = tile(r, c);
            const ConstFloatView d{
                scaled.values.data() + output_offsets_[r], rows, t.outputs(), outputs_};
            MvmCall call;
            call.key = key;
            call.backward = true;
            if (r == 0) {
                t.apply_transposed(d, to, call, scratch.mvm);
                continue;
            }
            sum.resize(rows * width);
            const FloatView more{sum.data(), rows, width};
            t.apply_transposed(d, more, call, scratch.mvm);
            for (size_t b = 0; b < rows; b++) {
                for (size_t j = 0; j < width; j++) {
                    to(b, j) += more(b, j);
                }
            }
        }
    }
}

size_t TileGrid::bytes() const {
    size_t total = (scales_.values.size() + bias_.size() + input_ranges_.size()) * sizeof(float);
    for (const Tile& t : tiles_) {
        total += t.bytes();
    }
    return total;
}

}  // namespace mho

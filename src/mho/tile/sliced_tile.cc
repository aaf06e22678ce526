// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/tile/sliced_tile.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "mho/util/error.h"

namespace mho {
namespace {

constexpr size_t kRows = 64;  // input vectors that pass through all stages together

CellStates cell_states(const CellConfig& cell) {
    return {cell.g_min(), cell.bits};
}

// Bits of the digit of one pass; 0 where inputs have no digits.
int pass_bits(const CrossbarInput& input) {
    if (input.coding != InputCoding::kSignMagnitude) {
        return 0;
    }
    const int size = input.bits - (input.is_signed ? 1 : 0);
    return input.slice_bits > 0 ? std::min(input.slice_bits, size) : size;
}

AdcRange symmetric(double high, bool is_signed) {
    return {is_signed ? -high : 0.0, high};
}

}  // namespace

int input_top(const CrossbarInput& input) {
    return input.coding == InputCoding::kSignMagnitude
               ? (1 << (input.bits - (input.is_signed ? 1 : 0))) - 1
               : 0;
}

std::vector<InputPass> input_passes(const CrossbarInput& input) {
    const int top = input_top(input);
    if (top == 0 || input.slice_bits == 0) {
        return {{0, top == 0 ? 1.0 : top, 1.0}};
    }
    const int size = input.bits - (input.is_signed ? 1 : 0);
    const int width = pass_bits(input);
    const double largest = std::exp2(width) - 1;
    std::vector<InputPass> passes;
    for (int shift = 0; shift < size; shift += width) {
        passes.push_back({shift, largest, std::exp2(shift) * largest / top});
    }
    return passes;
}

int32_t input_code(const CrossbarInput& input, float v) {
    const auto top = static_cast<float>(input_top(input));
    return static_cast<int32_t>(std::nearbyint(v * top));
}

float input_level(const CrossbarInput& input, float v) {
    if (input.coding == InputCoding::kAnalog) {
        return v;
    }
    if (input.coding == InputCoding::kUniform) {
        const auto steps = static_cast<float>((1 << input.bits) - 1);
        return input.is_signed ? std::nearbyint((v + 1) * 0.5f * steps) / steps * 2 - 1
                               : std::nearbyint(v * steps) / steps;
    }
    return static_cast<float>(input_code(input, v)) / static_cast<float>(input_top(input));
}

SlicedTile::SlicedTile(
    const Crossbar& config, const StuckCells& stuck, size_t outputs, size_t inputs, TileKey key)
    : config_(config),
      stuck_(stuck),
      cell_(config.cell),
      outputs_(outputs),
      inputs_(inputs),
      key_(key),
      bits_(bits_per_slice(config.weights)),
      passes_(input_passes(config.input)) {
    std::vector<Problem> problems;
    config.input.check("crossbar.input", problems);
    config.check("crossbar", problems);
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
    if (!config.cell.stuck_map.empty()) {
        stuck_map_ = read_stuck_map(config.cell.stuck_map);
    }
    lay_out();
    write_exactly(Matrix<float>(outputs, inputs).view());
}

void SlicedTile::lay_out() {
    const WeightSlicing& w = config_.weights;
    const bool has_unit = !pairs() && w.correction == OffsetCorrection::kUnitColumn;
    const bool is_apart = pairs() && (!w.subtract_before_adc || config_.column_limit > 0);
    const bool is_signed = config_.input.is_signed || (pairs() && w.subtract_before_adc);
    for (size_t s = 0; s < bits_.size(); s++) {
        for (int side = 0; side < (is_apart ? 2 : 1); side++) {
            Block b;
            b.slice = s;
            b.sign = side == 0 ? 1.0 : -1.0;
            b.first = width_;
            b.width = outputs_ + (has_unit ? 1 : 0);
            b.is_subtracted = side == 1 && w.subtract_before_adc;
            width_ += b.width;
            blocks_.push_back(b);
            // Every converter of the chip has its own errors: the key names slice and side.
            const TileKey adc_key = make_tile_key(
                key_.value, "crossbar/adc", static_cast<uint32_t>(s), static_cast<uint32_t>(side));
            banks_.emplace_back(
                b.is_subtracted ? AdcModel{} : config_.adc, b.width, is_signed, adc_key);
        }
    }
    for (size_t s = 0; s < bits_.size(); s++) {
        ranges_.push_back(adc_range(s));
    }
}

AdcRange SlicedTile::adc_range(size_t slice) const {
    if (slice >= bits_.size() || banks_.empty()) {
        throw InputError("the tile has no converter of slice " + std::to_string(slice));
    }
    const WeightSlicing& w = config_.weights;
    const bool is_signed = banks_.at(0).is_signed();
    const int width = pass_bits(config_.input);
    const CrossbarAdcRange& rule = config_.adc_range;
    if (rule.rule == AdcRangeRule::kGranular) {
        const int digit = bits_.at(slice) > 0 ? bits_[slice] : config_.cell.bits;
        const double step =
            (1 - config_.cell.g_min()) / (std::exp2(digit) - 1) / (std::exp2(width) - 1);
        return range_of_step(config_.adc, step, is_signed);
    }
    if (rule.rule == AdcRangeRule::kCalibrated && !rule.limits.empty()) {
        return symmetric(rule.limits[std::min(slice, rule.limits.size() - 1)], is_signed);
    }
    const auto cells = static_cast<double>(inputs_);
    if (bits_.at(slice) == 0 || w.coding != WeightCoding::kOffset) {
        return symmetric(cells, is_signed);
    }
    // Steps fall on multiples of the smallest current (CrossSim's rule for offset slices).
    const double codes = std::exp2(std::max(bits_of(config_.adc), 1));
    double high = std::exp2(std::round(std::log2(cells)));
    high *= std::exp2(bits_[slice]) / (std::exp2(bits_[slice]) - 1);
    high *= (codes - (is_signed ? 2 : 1)) / codes;
    if (width > 0) {
        high *= std::exp2(width) / (std::exp2(width) - 1);
    }
    return symmetric(high, is_signed);
}

size_t SlicedTile::devices() const {
    return bits_.size() * (pairs() ? 2 : 1);
}

void SlicedTile::fit(ConstFloatView weights) {
    if (weights.rows != outputs_ || weights.cols != inputs_) {
        throw InputError("tile weights must be [" + std::to_string(outputs_) + ", " +
                         std::to_string(inputs_) + "], got [" + std::to_string(weights.rows) +
                         ", " + std::to_string(weights.cols) + "]");
    }
    states_ = to_states(config_.weights, cell_states(config_.cell), weights);
    now_.clear();
    unit_now_.clear();
    for (const StateSlice& s : states_.slices) {
        now_.push_back(s.plus);
        if (pairs()) {
            now_.push_back(s.minus);
        }
        unit_now_.push_back(s.unit);
    }
}

void SlicedTile::write_exactly(ConstFloatView weights) {
    fit(weights);
    refresh();
}

void SlicedTile::write(ConstFloatView weights,
                       double t_s,
                       CellSwitches switches,
                       uint64_t programming) {
    fit(weights);
    const uint64_t cells = outputs_ * inputs_;
    for (size_t d = 0; d < now_.size(); d++) {
        std::vector<float>& g = now_[d].values;
        cell_.write(g, t_s, switches, key_, programming, d * cells, g);
        apply_stuck_cells(stuck_, config_.cell.g_min(), 1.0, key_, d * cells, g);
        if (stuck_map_) {
            stuck_map_->apply(d, outputs_, inputs_, key_, g.data());
        }
    }
    for (size_t s = 0; s < unit_now_.size(); s++) {
        cell_.write(unit_now_[s],
                    t_s,
                    switches,
                    key_,
                    programming,
                    now_.size() * cells + s * inputs_,
                    unit_now_[s]);
    }
    refresh();
}

void SlicedTile::refresh() {
    const bool has_variance = cell_.has_read_noise();
    const bool has_iv = cell_.has_state_dependent_iv();
    rows_ = Matrix<float>(width_, inputs_);
    variance_ = Matrix<float>(has_variance ? width_ : 0, inputs_);
    second_ = Matrix<float>(has_iv ? width_ : 0, inputs_);
    third_ = Matrix<float>(has_iv ? width_ : 0, inputs_);
    const auto add = [&](const Block& b, size_t device, double sign) {
        for (size_t i = 0; i < b.width; i++) {
            for (size_t j = 0; j < inputs_; j++) {
                const double g =
                    i < outputs_ ? double{now_[device](i, j)} : double{unit_now_[b.slice][j]};
                if (has_variance) {
                    const double std = cell_.read_std(g);
                    variance_(b.first + i, j) += static_cast<float>(std * std);
                }
                if (has_iv) {
                    second_(b.first + i, j) += static_cast<float>(sign * cell_.second(g));
                    third_(b.first + i, j) += static_cast<float>(sign * cell_.third(g));
                }
            }
        }
    };
    for (const Block& b : blocks_) {
        const bool is_negative = b.sign < 0;
        Matrix<float> g = behind_wires(b.slice, is_negative);
        const bool is_joint = pairs() && blocks_.size() == bits_.size();
        if (is_joint && !config_.weights.interleaved) {
            const Matrix<float> minus = behind_wires(b.slice, true);
            for (size_t k = 0; k < g.values.size(); k++) {
                g.values[k] -= minus.values[k];
            }
        }
        std::copy(g.values.begin(), g.values.end(), rows_.row(b.first));
        if (has_variance || has_iv) {
            add(b, pairs() ? 2 * b.slice + (is_negative ? 1 : 0) : b.slice, 1.0);
            if (is_joint) {
                add(b, 2 * b.slice + 1, -1.0);
            }
        }
    }
    build_circuits();
    if (circuits_.empty()) {
        packed_.pack(rows_.view());
    } else {
        // What is solved vector by vector takes no part in the product.
        Matrix<float> linear = rows_;
        for (const Circuit& c : circuits_) {
            for (size_t i = c.first; i < c.first + c.width; i++) {
                std::fill_n(linear.row(i), inputs_, 0.0f);
                if (has_iv) {
                    std::fill_n(second_.row(i), inputs_, 0.0f);
                    std::fill_n(third_.row(i), inputs_, 0.0f);
                }
            }
        }
        packed_.pack(linear.view());
    }
    if (has_variance) {
        packed_variance_.pack(variance_.view());
    }
    if (has_iv) {
        packed_second_.pack(second_.view());
        packed_third_.pack(third_.view());
    }
}

void SlicedTile::pass_voltages(const UnitInputs& inputs,
                               size_t pass,
                               const MvmCall& call,
                               FloatView to) const {
    const CrossbarInput& input = config_.input;
    const bool has_digits = input.coding == InputCoding::kSignMagnitude && input.slice_bits > 0;
    const InputPass& p = passes_[pass];
    const auto top = static_cast<float>(input_top(input));
    const int32_t mask = static_cast<int32_t>(p.divisor);
    const auto inverse = static_cast<float>(1.0 / p.divisor);
    std::vector<float> noise(input.relative_noise > 0 ? inputs_ : 0);
    for (size_t r = 0; r < to.rows; r++) {
        const float* v = inputs.v.row(r);
        float* out = to.row(r);
        if (has_digits) {
            for (size_t j = 0; j < inputs_; j++) {
                const auto code = static_cast<int32_t>(std::nearbyint(v[j] * top));
                const int32_t size = code < 0 ? -code : code;
                const auto digit = static_cast<float>((size >> p.shift) & mask);
                out[j] = (code < 0 ? -digit : digit) * inverse;
            }
        } else if (input.coding == InputCoding::kSignMagnitude) {
            const float step = 1.0f / top;
            for (size_t j = 0; j < inputs_; j++) {
                out[j] = std::nearbyint(v[j] * top) * step;
            }
        } else {
            for (size_t j = 0; j < inputs_; j++) {
                out[j] = input_level(input, v[j]);
            }
        }
        if (!noise.empty()) {
            const uint64_t row = (call.key.first_sample + r) * passes_.size() + pass;
            fill_normal(key_, Stream::kInputNoise, call.key.step, row * inputs_, noise);
            const auto std = static_cast<float>(input.relative_noise);
            for (size_t j = 0; j < inputs_; j++) {
                out[j] += out[j] * std * noise[j];
            }
        }
    }
}

void SlicedTile::currents(ConstFloatView voltages,
                          size_t pass,
                          const MvmCall& call,
                          FloatView to,
                          MvmScratch& scratch) const {
    const size_t rows = voltages.rows;
    Matrix<float> shaped;
    ConstFloatView v = voltages;
    const auto transformed = [&](const auto& f) {
        Matrix<float> m(rows, inputs_);
        for (size_t r = 0; r < rows; r++) {
            for (size_t j = 0; j < inputs_; j++) {
                m(r, j) = f(voltages(r, j));
            }
        }
        return m;
    };
    const auto product = [&](const PackedMatrix& w, ConstFloatView x, float* out, size_t stride) {
        multiply(w,
                 ProductSet::kPlain,
                 x,
                 nullptr,
                 {out, nullptr, nullptr, nullptr, stride},
                 scratch.product);
    };
    if (cell_.has_shape()) {
        shaped = transformed([&](float x) { return static_cast<float>(cell_.shape(double{x})); });
        v = shaped.view();
    }
    product(packed_, v, to.data, to.stride);
    const size_t stride = to.stride;
    if (second_.rows > 0) {
        scratch.position.resize(rows * stride);
        for (const bool is_third : {false, true}) {
            const Matrix<float> power =
                transformed([&](float x) { return is_third ? x * x * x : x * std::abs(x); });
            product(is_third ? packed_third_ : packed_second_,
                    power.view(),
                    scratch.position.data(),
                    stride);
            for (size_t r = 0; r < rows; r++) {
                for (size_t c = 0; c < width_; c++) {
                    to(r, c) += scratch.position.data()[r * stride + c];
                }
            }
        }
    }
    if (!circuits_.empty()) {
        std::vector<double> sums(width_);
        std::vector<double> one(inputs_);
        for (size_t r = 0; r < rows; r++) {
            std::copy_n(voltages.row(r), inputs_, one.begin());
            std::fill(sums.begin(), sums.end(), 0.0);
            add_circuit_currents(one, sums);
            for (size_t c = 0; c < width_; c++) {
                to(r, c) += static_cast<float>(sums[c]);
            }
        }
    }
    if (variance_.rows > 0) {
        scratch.squares.resize(rows * stride);
        const Matrix<float> power = transformed([](float x) { return x * x; });
        product(packed_variance_, power.view(), scratch.squares.data(), stride);
        std::vector<float> noise(width_);
        for (size_t r = 0; r < rows; r++) {
            const uint64_t row = (call.key.first_sample + r) * passes_.size() + pass;
            fill_normal(key_, Stream::kWeightNoise, call.key.step, row * width_, noise);
            for (size_t c = 0; c < width_; c++) {
                to(r, c) +=
                    std::sqrt(std::max(scratch.squares.data()[r * stride + c], 0.0f)) * noise[c];
            }
        }
    }
    limit_and_subtract(to);
}

void SlicedTile::limit_and_subtract(FloatView all) const {
    const auto limit = static_cast<float>(config_.column_limit);
    for (size_t r = 0; r < all.rows && limit > 0; r++) {
        float* row = all.row(r);
        for (size_t c = 0; c < width_; c++) {
            row[c] = std::min(std::max(row[c], -limit), limit);
        }
    }
    for (size_t b = 1; b < blocks_.size(); b++) {
        if (!blocks_[b].is_subtracted) {
            continue;
        }
        for (size_t r = 0; r < all.rows; r++) {
            float* to = all.row(r) + blocks_[b - 1].first;
            const float* from = all.row(r) + blocks_[b].first;
            for (size_t i = 0; i < blocks_[b].width; i++) {
                to[i] -= from[i];
            }
        }
    }
}

void SlicedTile::convert(FloatView all, size_t pass, const MvmCall& call) const {
    const bool draws = needs_rounding_draws(config_.adc);
    std::vector<float> uniforms(draws ? width_ : 0);
    for (size_t r = 0; r < all.rows; r++) {
        if (draws) {
            const uint64_t row = (call.key.first_sample + r) * passes_.size() + pass;
            fill_uniform(key_, Stream::kAdcRounding, call.key.step, row * width_, uniforms);
        }
        for (size_t b = 0; b < blocks_.size(); b++) {
            const Block& block = blocks_[b];
            if (!block.is_subtracted) {
                banks_[b].convert_row({all.row(r) + block.first, block.width},
                                      ranges_[block.slice],
                                      draws ? uniforms.data() + block.first : nullptr);
            }
        }
    }
}

void SlicedTile::apply(ConstFloatView x,
                       FloatView y,
                       const MvmCall& call,
                       MvmScratch& scratch) const {
    if (x.cols != inputs_ || y.cols != outputs_ || y.rows != x.rows) {
        throw InputError("a tile of " + std::to_string(outputs_) + " x " + std::to_string(inputs_) +
                         " cells got " + std::to_string(x.rows) + " vectors of " +
                         std::to_string(x.cols) + " for " + std::to_string(y.rows) + " of " +
                         std::to_string(y.cols));
    }
    const bool is_analog =
        config_.input.accumulation == Accumulation::kAnalog && passes_.size() > 1;
    const size_t stride = PackedMatrix::row_stride(width_);
    Matrix<float> charge(is_analog ? std::min(kRows, x.rows) : 0, stride);
    for (size_t first = 0; first < x.rows; first += kRows) {
        const size_t rows = std::min(kRows, x.rows - first);
        MvmCall part = call;
        part.key.first_sample += first;
        const UnitInputs inputs =
            unit_inputs(x.row_block(first, rows), call.range_scale, lowest_input());
        const FloatView to = y.row_block(first, rows);
        for (size_t r = 0; r < rows; r++) {
            float sum = 0;
            if (states_.input_gain != 0) {
                for (size_t j = 0; j < inputs_; j++) {
                    sum += input_level(config_.input, inputs.v(r, j));
                }
            }
            std::fill_n(to.row(r),
                        outputs_,
                        static_cast<float>(states_.input_gain) * sum * inputs.scale[r]);
        }
        scratch.inputs.resize(rows * inputs_);
        scratch.plain.resize(rows * stride);
        const FloatView voltages{scratch.inputs.data(), rows, inputs_};
        const FloatView flow{scratch.plain.data(), rows, width_, stride};
        // Adds the numbers of all blocks to the outputs.
        const auto add_up = [&](FloatView numbers, double pass_gain) {
            for (size_t r = 0; r < rows; r++) {
                float* out = to.row(r);
                for (const Block& b : blocks_) {
                    if (b.is_subtracted) {
                        continue;
                    }
                    const auto gain =
                        static_cast<float>(b.sign * pass_gain * states_.slices[b.slice].gain) *
                        inputs.scale[r];
                    const float* from = numbers.row(r) + b.first;
                    const float unit = b.width > outputs_ ? from[outputs_] : 0.0f;
                    for (size_t i = 0; i < outputs_; i++) {
                        out[i] += gain * (from[i] - unit);
                    }
                }
            }
        };
        if (is_analog) {
            std::fill(charge.values.begin(), charge.values.end(), 0.0f);
        }
        for (size_t p = 0; p < passes_.size(); p++) {
            pass_voltages(inputs, p, part, voltages);
            currents(voltages, p, part, flow, scratch);
            if (!is_analog) {
                convert(flow, p, part);
                add_up(flow, passes_[p].gain);
                continue;
            }
            const auto share = static_cast<float>(1 / (passes_[p].divisor + 1));
            for (size_t r = 0; r < rows; r++) {
                for (size_t c = 0; c < width_; c++) {
                    charge(r, c) = (charge(r, c) + flow(r, c)) * share;
                }
            }
        }
        if (is_analog) {
            // The largest charge is that of one pass at full input.
            const InputPass& last = passes_.back();
            const auto full = static_cast<float>(last.divisor);
            for (float& q : charge.values) {
                q *= full;
            }
            const FloatView held{charge.values.data(), rows, width_, stride};
            convert(held, 0, part);
            add_up(held, last.gain * (last.divisor + 1) / last.divisor);
        }
    }
}

void SlicedTile::observe_currents(
    ConstFloatView x,
    const MvmCall& call,
    MvmScratch& scratch,
    const std::function<void(size_t slice, ConstFloatView currents)>& see) const {
    if (x.cols != inputs_) {
        throw InputError("a tile of " + std::to_string(inputs_) + " inputs got vectors of " +
                         std::to_string(x.cols));
    }
    const size_t stride = PackedMatrix::row_stride(width_);
    for (size_t first = 0; first < x.rows; first += kRows) {
        const size_t rows = std::min(kRows, x.rows - first);
        MvmCall part = call;
        part.key.first_sample += first;
        const UnitInputs inputs =
            unit_inputs(x.row_block(first, rows), call.range_scale, lowest_input());
        scratch.inputs.resize(rows * inputs_);
        scratch.plain.resize(rows * stride);
        const FloatView voltages{scratch.inputs.data(), rows, inputs_};
        const FloatView flow{scratch.plain.data(), rows, width_, stride};
        for (size_t p = 0; p < passes_.size(); p++) {
            pass_voltages(inputs, p, part, voltages);
            currents(voltages, p, part, flow, scratch);
            for (const Block& b : blocks_) {
                if (!b.is_subtracted) {
                    see(b.slice, flow.column_block(b.first, b.width));
                }
            }
        }
    }
}

Matrix<float> SlicedTile::weights() const {
    Matrix<float> w(outputs_, inputs_);
    for (size_t i = 0; i < outputs_; i++) {
        for (size_t j = 0; j < inputs_; j++) {
            double sum = states_.input_gain;
            for (const Block& b : blocks_) {
                const double unit = b.width > outputs_ ? double{rows_(b.first + outputs_, j)} : 0.0;
                sum +=
                    b.sign * states_.slices[b.slice].gain * (double{rows_(b.first + i, j)} - unit);
            }
            w(i, j) = static_cast<float>(sum);
        }
    }
    return w;
}

std::vector<Matrix<float>> SlicedTile::conductances_us() const {
    std::vector<Matrix<float>> all = now_;
    for (Matrix<float>& m : all) {
        for (float& g : m.values) {
            g *= static_cast<float>(config_.cell.g_max_us);
        }
    }
    return all;
}

void SlicedTile::set_conductances_us(const std::vector<Matrix<float>>& given) {
    if (given.size() != devices()) {
        throw InputError("the tile has " + std::to_string(devices()) +
                         " devices per weight, got conductances of " +
                         std::to_string(given.size()));
    }
    for (const Matrix<float>& m : given) {
        if (m.rows != outputs_ || m.cols != inputs_) {
            throw InputError("conductances must be [" + std::to_string(outputs_) + ", " +
                             std::to_string(inputs_) + "], got [" + std::to_string(m.rows) + ", " +
                             std::to_string(m.cols) + "]");
        }
        require_finite(m.view(), "conductances");
    }
    now_ = given;
    for (Matrix<float>& m : now_) {
        for (float& g : m.values) {
            g /= static_cast<float>(config_.cell.g_max_us);
        }
    }
    refresh();
}

size_t SlicedTile::bytes() const {
    size_t floats = rows_.values.size() + second_.values.size() + third_.values.size() +
                    variance_.values.size();
    for (const Matrix<float>& m : now_) {
        floats += 2 * m.values.size();
    }
    size_t total = floats * sizeof(float) + packed_.bytes() + packed_second_.bytes() +
                   packed_third_.bytes() + packed_variance_.bytes();
    for (const AdcBank& bank : banks_) {
        total += bank.bytes();
    }
    return total;
}

}  // namespace mho

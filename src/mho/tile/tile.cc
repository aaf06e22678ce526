// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/tile/tile.h"

#include <algorithm>
#include <cmath>

#include "mho/kernels/transpose.h"
#include "mho/util/error.h"

namespace mho {
namespace {

// Steps of the read-outs lie above those of callers, so a read-out never shares noise with a
// product.
constexpr uint64_t kReadoutBit = kMaxSteps;
constexpr uint64_t kBaselineBit = uint64_t{1} << 54;
constexpr double kSmallestReadout = 1e-4;  // aihwkit: guards against an empty tile

ConductanceScales scales_of(ConductanceSwitches s) {
    return {s.programming ? 1.0 : 0.0, s.drift ? 1.0 : 0.0, s.read ? 1.0 : 0.0};
}

}  // namespace

Tile::Tile(const TileConfig& config, size_t outputs, size_t inputs, TileKey key)
    : config_(config),
      outputs_(outputs),
      inputs_(inputs),
      key_(key),
      forward_(config.forward, outputs, inputs, key),
      backward_(config.backward, inputs, outputs, backward_key(key)) {
    require_valid(config.converter);
    require_g_max(config.conductance, mho::g_max_us(config.converter));
    if (config.crossbar.enabled) {
        crossbar_.emplace(config.crossbar, config.stuck_cells, outputs, inputs, key);
    }
    pack(Matrix<float>(outputs, inputs).view());
}

void Tile::pack(ConstFloatView weights) {
    pack_from([&](size_t first, size_t count) { return weights.row_block(first, count); });
}

void Tile::pack_from(const RowSource& source) {
    packed_.resize(outputs_, inputs_);
    packed_transposed_.reset();
    for (size_t p = 0; p < packed_.panels(); p++) {
        const size_t first = p * PackedMatrix::kPanel;
        const size_t count = std::min(PackedMatrix::kPanel, outputs_ - first);
        const ConstFloatView rows = source(first, count);
        if (rows.rows != count || rows.cols != inputs_) {
            throw InputError("tile weights: a source must give the rows that it is asked for");
        }
        if (!packed_.pack_panel(p, rows)) {
            packed_.pack(Matrix<float>(outputs_, inputs_).view());
            pack_asymmetric();
            require_finite(rows, "tile weights");
        }
    }
    pack_asymmetric();
}

void Tile::pack_asymmetric() {
    if (!forward_.tables().read_asymmetry.empty()) {
        forward_.set_asymmetric_weights(weights().view());
    }
    if (!backward_.tables().read_asymmetry.empty()) {
        const Matrix<float> w = weights();
        Matrix<float> transposed(inputs_, outputs_);
        transpose(w.view(), transposed.view());
        backward_.set_asymmetric_weights(transposed.view());
    }
}

void Tile::set_weights(ConstFloatView weights) {
    require_shape(weights);
    set_weights_from([&](size_t first, size_t count) { return weights.row_block(first, count); });
}

void Tile::set_weights_from(const RowSource& source) {
    programmed_ = false;
    target_ = {};
    time_s_ = 0;
    read_ = false;
    baseline_.clear();
    compensation_.clear();
    measured_us_.clear();
    programmed_us_.clear();
    pack_from(source);
    if (crossbar_) {
        crossbar_->write_exactly(weights().view());
    }
    if (config_.time_ir_drop.enabled) {
        refresh_timed(to_conductances(config_.converter, weights().view()));
    }
}

void Tile::refresh_timed(const Conductances& present) {
    if (config_.time_ir_drop.enabled) {
        timed_.emplace(config_.time_ir_drop, config_.converter, present, "hardware.time_ir_drop");
    }
}

size_t Tile::devices() const {
    return crossbar_ ? crossbar_->devices() : slice_count(config_.converter);
}

double Tile::g_max_us() const {
    return crossbar_ ? config_.crossbar.cell.g_max_us : mho::g_max_us(config_.converter);
}

double Tile::g_min_us() const {
    return crossbar_ ? config_.crossbar.cell.g_min() * config_.crossbar.cell.g_max_us
                     : mho::g_min_us(config_.converter);
}

void Tile::evaluate_and_pack() {
    if (crossbar_) {
        crossbar_->write(target_.view(),
                         time_s_,
                         {.programming = switches_.programming, .drift = switches_.drift},
                         programming_);
        pack(crossbar_->weights().view());
        return;
    }
    Matrix<float> now(outputs_, inputs_);
    Conductances present;
    evaluate_weights(now, config_.time_ir_drop.enabled ? &present : nullptr);
    pack(now.view());
    refresh_timed(present);
}

void Tile::require_shape(ConstFloatView weights) const {
    if (weights.rows != outputs_ || weights.cols != inputs_) {
        throw InputError("tile weights must be [" + std::to_string(outputs_) + ", " +
                         std::to_string(inputs_) + "], got [" + std::to_string(weights.rows) +
                         ", " + std::to_string(weights.cols) + "]");
    }
}

void Tile::program(ConstFloatView target, uint64_t programming, ConductanceSwitches switches) {
    require_shape(target);
    require_finite(target, "tile weights");
    if (target_.values.empty()) {
        target_ = Matrix<float>(outputs_, inputs_);
    }
    for (size_t i = 0; i < outputs_; i++) {
        std::copy_n(target.row(i), inputs_, target_.row(i));
    }
    time_s_ = 0;
    read_ = false;
    baseline_.clear();
    compensation_.clear();
    measured_us_.clear();
    programmed_us_.clear();
    programmed_ = true;
    programming_ = programming;
    read_step_ = 0;
    switches_ = switches;
    evaluate_and_pack();
    measure_baseline();
}

void Tile::measure_baseline() {
    if (config_.user_compensation != nullptr) {
        baseline_ = user_readout(kBaselineBit | programming_);
        compensation_ = {1.0f};
        return;
    }
    if (config_.drift_compensation == DriftCompensationKind::kGlobalExactReference) {
        double sum = 0;
        for (const float w : target_.values) {
            sum += std::abs(w);
        }
        baseline_ = {std::max(sum / static_cast<double>(target_.values.size()), kSmallestReadout)};
    } else if (config_.drift_compensation != DriftCompensationKind::kNone) {
        baseline_ = readout(kBaselineBit | programming_);
    }
    compensation_.assign(baseline_.size(), 1.0f);
}

void Tile::advance_to(double t_s, uint64_t read_step) {
    if (!programmed_) {
        throw InputError("advance_to needs a programmed tile: call program() first");
    }
    if (!(t_s >= 0) || !std::isfinite(t_s)) {
        throw InputError("time since programming must be finite and at least 0 s, got " +
                         std::to_string(t_s));
    }
    if (read_step >= kBaselineBit) {
        throw InputError("the read step must be below 2^54");
    }
    time_s_ = t_s;
    read_ = true;
    read_step_ = read_step;
    measured_us_.clear();
    evaluate_and_pack();
    measure_compensation();
}

void Tile::measure_compensation() {
    if (config_.user_compensation != nullptr) {
        const std::vector<double> present = user_readout(read_step_);
        const std::vector<double> factors = config_.user_compensation->factors(baseline_, present);
        if (factors.size() != 1 && factors.size() != outputs_) {
            throw InputError("a drift compensation must give one factor or one per output (" +
                             std::to_string(outputs_) + "), got " + std::to_string(factors.size()));
        }
        compensation_.assign(factors.begin(), factors.end());
        require_finite({compensation_.data(), 1, compensation_.size()},
                       "factors of the drift compensation");
        return;
    }
    if (!baseline_.empty()) {
        const std::vector<double> present = readout(read_step_);
        for (size_t i = 0; i < baseline_.size(); i++) {
            compensation_[i] = static_cast<float>(baseline_[i] / present[i]);
        }
    }
}

void Tile::set_conductances_us(const std::vector<Matrix<float>>& slices) {
    if (!programmed_) {
        throw InputError("measured conductances need a programmed tile: call program() first");
    }
    require_slices(slices);
    if (crossbar_) {
        crossbar_->set_conductances_us(slices);
        measured_us_ = slices;
        pack(crossbar_->weights().view());
        measure_compensation();
        return;
    }
    Matrix<float> now(outputs_, inputs_);
    Conductances simulated;
    evaluate_weights(now, &simulated);
    to_weights(config_.converter, slices, simulated.scale, now.view());
    require_finite(now.view(), "weights of the conductances");
    measured_us_ = slices;
    pack(now.view());
    simulated.slices = slices;
    refresh_timed(simulated);
    measure_compensation();
}

void Tile::set_programmed_us(const std::vector<Matrix<float>>& slices) {
    if (!programmed_ || config_.renormalise_programmed || crossbar_) {
        throw InputError(
            "programmed conductances need a tile after program(), without "
            "renormalise_programmed and not made of circuits (set_conductances_us)");
    }
    require_slices(slices);
    programmed_us_ = slices;
    measured_us_.clear();
    time_s_ = 0;
    read_ = false;
    read_step_ = 0;
    evaluate_and_pack();
    measure_baseline();
}

void Tile::require_slices(const std::vector<Matrix<float>>& slices) const {
    const size_t wanted = devices();
    if (slices.size() != wanted) {
        throw InputError("the tile has " + std::to_string(wanted) +
                         " slices of conductances, got " + std::to_string(slices.size()));
    }
    for (const Matrix<float>& slice : slices) {
        if (slice.rows != outputs_ || slice.cols != inputs_) {
            throw InputError("conductances must be [" + std::to_string(outputs_) + ", " +
                             std::to_string(inputs_) + "], got [" + std::to_string(slice.rows) +
                             ", " + std::to_string(slice.cols) + "]");
        }
        require_finite(slice.view(), "conductances");
    }
}

// Programming noise and drift coefficients are drawn again from the key each time.
void Tile::evaluate_weights(Matrix<float>& weights, Conductances* conductances) const {
    const ConductanceModel model = scaled(config_.conductance, scales_of(switches_));
    const double g_max = mho::g_max_us(config_.converter);
    const uint64_t cells = target_.values.size();
    Conductances cell = to_conductances(config_.converter, target_.view());
    if (!programmed_us_.empty()) {
        // The cells' drift coefficients are those of their targets.
        std::vector<float> nu(cells);
        for (size_t s = 0; s < cell.slices.size(); s++) {
            const std::vector<float> wanted = cell.slices[s].values;
            std::vector<float>& g = cell.slices[s].values;
            mho::program(model, g_max, wanted, g, nu, key_, programming_, s * cells);
            g = programmed_us_[s].values;
            if (read_) {
                at_time(model, g_max, wanted, g, nu, time_s_, g, key_, read_step_, s * cells);
            }
        }
    } else if (!read_ || config_.renormalise_programmed) {
        std::vector<Matrix<float>> nu(cell.slices.size());
        std::vector<Matrix<float>> targets;
        for (size_t s = 0; s < cell.slices.size(); s++) {
            std::vector<float>& g = cell.slices[s].values;
            if (config_.renormalise_programmed) {
                targets.push_back(cell.slices[s]);
            }
            nu[s] = Matrix<float>(outputs_, inputs_);
            mho::program(model, g_max, g, g, nu[s].values, key_, programming_, s * cells);
        }
        if (read_) {
            // The programmed weights are mapped a second time, which puts the noisy maximum at the
            // largest conductance and moves all of a weight to one side of its pair.
            to_weights(config_.converter, cell, weights.view());
            cell = to_conductances(config_.converter, weights.view());
            for (size_t s = 0; s < cell.slices.size(); s++) {
                std::vector<float>& g = cell.slices[s].values;
                at_time(model,
                        g_max,
                        targets[s].values,
                        g,
                        nu[s].values,
                        time_s_,
                        g,
                        key_,
                        read_step_,
                        s * cells);
            }
        }
    } else {
        for (size_t s = 0; s < cell.slices.size(); s++) {
            std::vector<float>& g = cell.slices[s].values;
            program_and_read(
                model, g_max, g, time_s_, g, key_, programming_, read_step_, s * cells);
        }
    }
    for (size_t s = 0; s < cell.slices.size(); s++) {
        apply_stuck_cells(config_.stuck_cells,
                          mho::g_min_us(config_.converter),
                          g_max,
                          key_,
                          s * cells,
                          cell.slices[s].values);
    }
    to_weights(config_.converter, cell, weights.view());
    if (conductances != nullptr) {
        *conductances = std::move(cell);
    }
}

// Calls f(row, output) with the outputs for unit vector `row`.
template <class F>
void Tile::each_unit_response(uint64_t step, F&& f) const {
    constexpr size_t kRows = 64;
    MvmScratch scratch;
    RunningAbsMax running;
    Matrix<float> y(kRows, outputs_);
    for (size_t first = 0; first < inputs_; first += kRows) {
        const size_t count = std::min(kRows, inputs_ - first);
        Matrix<float> unit(count, inputs_);
        for (size_t r = 0; r < count; r++) {
            unit(r, first + r) = 1.0f;
        }
        MvmCall call;
        call.key = {kReadoutBit | step, first};
        call.running = &running;
        product(unit.view(), y.view().row_block(0, count), call, scratch);
        for (size_t r = 0; r < count; r++) {
            f(first + r, y.row(r));
        }
    }
}

std::vector<double> Tile::user_readout(uint64_t step) const {
    Matrix<float> outputs(inputs_, outputs_);
    each_unit_response(
        step, [&](size_t row, const float* y) { std::copy_n(y, outputs_, outputs.row(row)); });
    std::vector<double> read = config_.user_compensation->read(outputs.view());
    if (!std::all_of(read.begin(), read.end(), [](double v) { return std::isfinite(v); })) {
        throw InputError("the read-out of a drift compensation must be finite");
    }
    return read;
}

std::vector<double> Tile::readout(uint64_t step) const {
    if (config_.user_compensation != nullptr) {
        return user_readout(step);
    }
    const bool per_column = config_.drift_compensation == DriftCompensationKind::kPerColumn;
    std::vector<double> sums(outputs_, 0.0);
    each_unit_response(step, [&](size_t, const float* y) {
        for (size_t i = 0; i < outputs_; i++) {
            sums[i] += std::abs(y[i]);
        }
    });
    const auto n = static_cast<double>(inputs_);
    if (per_column) {
        for (double& s : sums) {
            s = std::max(s / n, kSmallestReadout);
        }
        return sums;
    }
    double total = 0;
    for (const double s : sums) {
        total += s;
    }
    return {std::max(total / (n * static_cast<double>(outputs_)), kSmallestReadout)};
}

void Tile::apply(ConstFloatView x, FloatView y, const MvmCall& call, MvmScratch& scratch) const {
    for (size_t r = 0; r < x.rows; r++) {
        if (!std::isfinite(row_abs_max(x.row(r), x.cols))) {
            require_finite(x, "tile inputs");
        }
    }
    if (call.key.step >= kMaxSteps) {
        throw InputError("the step of a product must be below 2^55");
    }
    product(x, y, call, scratch);
    if (!use_compensation_ || compensation_.empty()) {
        return;
    }
    const bool one = compensation_.size() == 1;
    for (size_t r = 0; r < y.rows; r++) {
        float* row = y.row(r);
        for (size_t i = 0; i < outputs_; i++) {
            row[i] *= compensation_[one ? 0 : i];
        }
    }
}

// The array as the configuration has it, without the drift compensation.
void Tile::product(ConstFloatView x, FloatView y, const MvmCall& call, MvmScratch& scratch) const {
    if (!crossbar_ && !timed_) {
        forward_.run(packed_, x, y, call, scratch);
        return;
    }
    if (call.clipped != nullptr) {
        std::fill_n(call.clipped, x.rows * outputs_, uint8_t{0});
    }
    if (crossbar_) {
        crossbar_->apply(x, y, call, scratch);
        return;
    }
    const UnitInputs inputs = unit_inputs(x, call.range_scale);
    timed_->apply(inputs.v.view(), y, [&](unsigned pass, FloatView sums) {
        forward_.read_out(sums, pass, call, scratch);
    });
    for (size_t r = 0; r < y.rows; r++) {
        for (size_t i = 0; i < outputs_; i++) {
            y.row(r)[i] *= inputs.scale[r];
        }
    }
}

void Tile::prepare_backward() {
    if (!packed_transposed_) {
        packed_transposed_.emplace();
        packed_transposed_->pack_transposed(weights().view());
    }
}

void Tile::apply_transposed(ConstFloatView d,
                            FloatView g,
                            const MvmCall& call,
                            MvmScratch& scratch) const {
    require_finite(d, "tile errors");
    PackedMatrix packed_here;
    if (!packed_transposed_) {
        packed_here.pack_transposed(weights().view());
    }
    MvmCall backward = call;
    backward.backward = true;
    backward_.run(packed_transposed_ ? *packed_transposed_ : packed_here, d, g, backward, scratch);
}

Matrix<float> Tile::weights() const {
    Matrix<float> w(outputs_, inputs_);
    for (size_t p = 0; p < packed_.panels(); p++) {
        const float* panel = packed_.panel(p);
        const size_t first = p * PackedMatrix::kPanel;
        const size_t count = std::min(PackedMatrix::kPanel, outputs_ - first);
        transpose({panel, inputs_, count, PackedMatrix::kPanel}, w.view().row_block(first, count));
    }
    return w;
}

std::vector<Matrix<float>> Tile::conductances_us() const {
    if (crossbar_) {
        return crossbar_->conductances_us();
    }
    if (!programmed_) {
        return to_conductances(config_.converter, weights().view()).slices;
    }
    if (!measured_us_.empty()) {
        return measured_us_;
    }
    Matrix<float> unused(outputs_, inputs_);
    Conductances present;
    evaluate_weights(unused, &present);
    return std::move(present.slices);
}

size_t Tile::bytes() const {
    const auto size = [](const std::vector<float>& v) { return v.size() * sizeof(float); };
    const auto tables = [&](const MvmTables& t) {
        return size(t.output_noise_std) + size(t.voltage_offset) + size(t.nonlinearity) +
               2 * size(t.read_asymmetry);
    };
    size_t measured = 0;
    for (const Matrix<float>& slice : measured_us_) {
        measured += size(slice.values);
    }
    for (const Matrix<float>& slice : programmed_us_) {
        measured += size(slice.values);
    }
    return measured + (crossbar_ ? crossbar_->bytes() : 0) + (timed_ ? timed_->bytes() : 0) +
           size(target_.values) + packed_.bytes() +
           (packed_transposed_ ? packed_transposed_->bytes() : 0) + tables(forward_.tables()) +
           tables(backward_.tables()) + size(compensation_) + baseline_.size() * sizeof(double);
}

Tile::State Tile::state() const {
    return {programmed_ ? target_ : weights(),
            programmed_,
            programming_,
            read_step_,
            time_s_,
            read_,
            switches_,
            use_compensation_,
            measured_us_,
            programmed_us_};
}

void Tile::restore(const State& state) {
    if (state.programmed) {
        program(state.target.view(), state.programming, state.switches);
        if (!state.programmed_us.empty()) {
            set_programmed_us(state.programmed_us);
        }
        if (state.read || state.time_s > 0) {
            advance_to(state.time_s, state.read_step);
        }
        if (!state.measured_us.empty()) {
            set_conductances_us(state.measured_us);
        }
    } else {
        set_weights(state.target.view());
    }
    use_compensation_ = state.use_compensation;
}

}  // namespace mho

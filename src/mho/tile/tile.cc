// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/tile/tile.h"

#include <algorithm>
#include <cmath>

#include "mho/util/error.h"

namespace mho {
namespace {

// Steps of the read-outs lie above those of callers, so a read-out never shares noise with a product.
constexpr uint64_t kReadoutBit = uint64_t{1} << 55;
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
      backward_(config.backward, inputs, outputs, backward_key(key)),
      target_(outputs, inputs) {
    require_valid(config.converter);
    require_g_max(config.conductance, g_max_us(config.converter));
    pack(target_.view());
}

void Tile::pack(ConstFloatView weights) {
    packed_.pack(weights);
    packed_transposed_.reset();
    forward_.set_asymmetric_weights(weights);
    if (!backward_.tables().read_asymmetry.empty()) {
        Matrix<float> transposed(inputs_, outputs_);
        for (size_t i = 0; i < outputs_; i++) {
            for (size_t j = 0; j < inputs_; j++) {
                transposed(j, i) = weights(i, j);
            }
        }
        backward_.set_asymmetric_weights(transposed.view());
    }
}

void Tile::set_weights(ConstFloatView weights) {
    if (weights.rows != outputs_ || weights.cols != inputs_) {
        throw InputError("tile weights must be [" + std::to_string(outputs_) + ", " +
                         std::to_string(inputs_) + "], got [" + std::to_string(weights.rows) + ", " +
                         std::to_string(weights.cols) + "]");
    }
    require_finite(weights, "tile weights");
    for (size_t i = 0; i < outputs_; i++) {
        std::copy_n(weights.row(i), inputs_, target_.row(i));
    }
    programmed_ = false;
    time_s_ = 0;
    baseline_.clear();
    compensation_.clear();
    pack(weights);
}

void Tile::program(ConstFloatView target, uint64_t programming, ConductanceSwitches switches) {
    set_weights(target);
    programmed_ = true;
    programming_ = programming;
    read_step_ = 0;
    switches_ = switches;
    Matrix<float> now(outputs_, inputs_);
    evaluate_weights(now, nullptr);
    pack(now.view());
    if (config_.drift_compensation == DriftCompensationKind::kGlobalExactReference) {
        double sum = 0;
        for (const float w : target_.values) {
            sum += std::abs(w);
        }
        baseline_ = {std::max(sum / static_cast<double>(target_.values.size()), kSmallestReadout)};
    } else if (config_.drift_compensation != DriftCompensationKind::kNone) {
        baseline_ = readout(kBaselineBit | programming);
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
    read_step_ = read_step;
    Matrix<float> now(outputs_, inputs_);
    evaluate_weights(now, nullptr);
    pack(now.view());
    if (!baseline_.empty()) {
        const std::vector<double> present = readout(read_step);
        for (size_t i = 0; i < baseline_.size(); i++) {
            compensation_[i] = static_cast<float>(baseline_[i] / present[i]);
        }
    }
}

// Programming noise and drift coefficients are drawn again from the key each time.
void Tile::evaluate_weights(Matrix<float>& weights,
                            std::vector<Matrix<float>>* conductances) const {
    const ConductanceModel model = scaled(config_.conductance, scales_of(switches_));
    const double g_max = g_max_us(config_.converter);
    const uint64_t cells = target_.values.size();
    Conductances cell = to_conductances(config_.converter, target_.view());
    if (time_s_ <= 0 || config_.renormalise_programmed) {
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
        if (time_s_ > 0) {
            // The programmed weights are mapped a second time, which puts the noisy maximum at the
            // largest conductance and moves all of a weight to one side of its pair.
            to_weights(config_.converter, cell, weights.view());
            cell = to_conductances(config_.converter, weights.view());
            for (size_t s = 0; s < cell.slices.size(); s++) {
                std::vector<float>& g = cell.slices[s].values;
                at_time(model, g_max, targets[s].values, g, nu[s].values, time_s_, g, key_,
                        read_step_, s * cells);
            }
        }
    } else {
        for (size_t s = 0; s < cell.slices.size(); s++) {
            std::vector<float>& g = cell.slices[s].values;
            program_and_read(
                model, g_max, g, time_s_, g, key_, programming_, read_step_, s * cells);
        }
    }
    to_weights(config_.converter, cell, weights.view());
    if (conductances != nullptr) {
        *conductances = std::move(cell.slices);
    }
}

std::vector<double> Tile::readout(uint64_t step) const {
    const bool per_column = config_.drift_compensation == DriftCompensationKind::kPerColumn;
    std::vector<double> sums(outputs_, 0.0);
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
        forward_.run(packed_, unit.view(), y.view().row_block(0, count), call, scratch);
        for (size_t r = 0; r < count; r++) {
            for (size_t i = 0; i < outputs_; i++) {
                sums[i] += std::abs(y(r, i));
            }
        }
    }
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
    require_finite(x, "tile inputs");
    if (call.key.step >= kReadoutBit) {
        throw InputError("the step of a product must be below 2^55");
    }
    forward_.run(packed_, x, y, call, scratch);
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
        for (size_t j = 0; j < inputs_; j++) {
            for (size_t i = 0; i < count; i++) {
                w(first + i, j) = panel[j * PackedMatrix::kPanel + i];
            }
        }
    }
    return w;
}

std::vector<Matrix<float>> Tile::conductances_us() const {
    if (!programmed_) {
        return to_conductances(config_.converter, target_.view()).slices;
    }
    Matrix<float> unused(outputs_, inputs_);
    std::vector<Matrix<float>> slices;
    evaluate_weights(unused, &slices);
    return slices;
}

size_t Tile::bytes() const {
    const auto size = [](const std::vector<float>& v) { return v.size() * sizeof(float); };
    const auto tables = [&](const MvmTables& t) {
        return size(t.output_noise_std) + size(t.voltage_offset) + size(t.nonlinearity) +
               2 * size(t.read_asymmetry);
    };
    return size(target_.values) + packed_.bytes() +
           (packed_transposed_ ? packed_transposed_->bytes() : 0) + tables(forward_.tables()) +
           tables(backward_.tables()) + size(compensation_) + baseline_.size() * sizeof(double);
}

Tile::State Tile::state() const {
    return {target_, programmed_, programming_, read_step_, time_s_, switches_, use_compensation_};
}

void Tile::restore(const State& state) {
    if (state.programmed) {
        program(state.target.view(), state.programming, state.switches);
        if (state.time_s > 0) {
            advance_to(state.time_s, state.read_step);
        }
    } else {
        set_weights(state.target.view());
    }
    use_compensation_ = state.use_compensation;
}

}  // namespace mho

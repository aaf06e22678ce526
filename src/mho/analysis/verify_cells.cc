// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "mho/analysis/verify_cells_internal.h"

namespace mho {
namespace {

// Far above what any granularity needs: every probability exceeds 1.
constexpr double kCertainRate = 1000.0;
constexpr float kAboveBound = 1e-6f;  // beyond rounding

PulseUpdate one_pulse_update() {
    PulseUpdate u;
    u.desired_length = 1;
    u.length_management = false;
    u.update_management = false;
    return u;
}

}  // namespace

RecordDevice read_record_device(const JsonNode& record, TranslationNotes& notes) {
    const JsonNode device = record.at("config").at("device");
    if (is_unit_cell(device)) {
        return read_learner_device(device, one_pulse_update(), notes);
    }
    return read_pulsed_device(device, notes);
}

bool shares_draws(const RecordDevice& device) {
    return std::holds_alternative<LearnerConfig>(device);
}

RecordCells::RecordCells(const RecordDevice& device, size_t rows, size_t cols, TileKey key) {
    if (const auto* single = std::get_if<PulsedDevice>(&device)) {
        array_.emplace(*single, rows, cols, key);
    } else {
        learner_ = make_learner(std::get<LearnerConfig>(device), rows, cols, key);
    }
}

ConstFloatView RecordCells::weights() const {
    return array_ ? array_->weights() : learner_->weights();
}

const PulsedArray& RecordCells::array() const {
    return array_ ? *array_ : learner_->device(0);
}

void RecordCells::set(ConstFloatView weights) {
    array_ ? array_->set_weights(weights, step_++) : learner_->set_weights(weights, step_++);
    fresh_ = true;
}

// In the original the power law of a cell whose device value was set above its upper bound, as the
// reference allows, is one of a negative number: the first pulse up sends it to the lower bound. No
// device does this, so it belongs to the record, not to the model.
void RecordCells::lose_cells_above_bounds(const Matrix<float>& before) {
    const Matrix<float> reference = array_->table("reference");
    const Matrix<float> high = array_->table("max_bound");
    const Matrix<float> low = array_->table("min_bound");
    Matrix<float> w(before.rows, before.cols);
    bool any = false;
    for (size_t r = 0; r < w.rows; r++) {
        for (size_t c = 0; c < w.cols; c++) {
            const bool lost = before(r, c) + reference(r, c) > high(r, c) * (1.0f + kAboveBound);
            w(r, c) = lost ? low(r, c) - reference(r, c) : array_->weights()(r, c);
            any = any || lost;
        }
    }
    if (any) {
        array_->set_weights_unclipped(w.view());
    }
}

void RecordCells::pulse(bool up) {
    if (array_) {
        const auto* powers = std::get_if<PowStepReference>(&array_->device());
        const bool may_lose = up && fresh_ && powers != nullptr &&
                              (powers->subtract_symmetry_point || powers->reference_mean != 0 ||
                               powers->reference_std != 0);
        fresh_ = false;
        if (!may_lose) {
            array_->pulse_all(up, step_++);
            return;
        }
        Matrix<float> before(array_->rows(), array_->cols());
        for (size_t r = 0; r < before.rows; r++) {
            std::copy_n(array_->weights().row(r), before.cols, before.row(r));
        }
        array_->pulse_all(up, step_++);
        lose_cells_above_bounds(before);
        return;
    }
    const Matrix<float> x(1, learner_->cols(), 1.0F);
    const Matrix<float> d(1, learner_->rows(), up ? -1.0F : 1.0F);
    UpdateCall call;
    call.rate = kCertainRate;
    call.key.step = step_++;
    learner_->update(x.view(), d.view(), call);
}

void RecordCells::decay() {
    array_ ? array_->decay(1.0, step_++) : learner_->end_of_batch(step_++);
}

void RecordCells::diffuse() {
    array_ ? array_->diffuse(step_++) : learner_->end_of_batch(step_++);
}

void RecordCells::reset(double probability) {
    const size_t cols = weights().cols;
    array_ ? array_->reset_columns(0, cols, probability, step_++)
           : learner_->reset_columns(0, cols, probability, step_++);
}

void RecordCells::drift(double delta_ms) {
    array_ ? array_->drift(delta_ms, step_++) : learner_->drift(delta_ms, step_++);
}

Matrix<float> rows_of(const std::vector<float>& starts, size_t cols) {
    Matrix<float> w(starts.size(), cols);
    for (size_t r = 0; r < starts.size(); r++) {
        std::fill_n(w.row(r), cols, starts[r]);
    }
    return w;
}

RecordedTiles recorded_tiles(const JsonNode& stats) {
    const size_t n = repetitions(stats);
    RecordedTiles t;
    if (stats.has_value("tiles")) {
        t.tiles = static_cast<size_t>(stats.at("tiles").integer(1, kMaxRepetitions));
    }
    if (t.tiles > n) {
        stats.at("tiles").fail("there are more tiles than samples");
    }
    t.cells_per_tile = (n + t.tiles - 1) / t.tiles;
    return t;
}

void append_cells(std::vector<std::vector<float>>& columns,
                  ConstFloatView weights,
                  const Matrix<float>* before) {
    columns.resize(weights.rows);
    for (size_t r = 0; r < weights.rows; r++) {
        for (size_t c = 0; c < weights.cols; c++) {
            columns[r].push_back(weights(r, c) - (before != nullptr ? (*before)(r, c) : 0.0F));
        }
    }
}

Samples samples_of(const std::vector<std::vector<float>>& columns) {
    Samples s(columns.empty() ? 0 : columns.front().size(), columns.size());
    for (size_t i = 0; i < columns.size(); i++) {
        for (size_t r = 0; r < s.rows; r++) {
            s(r, i) = columns[i][r];
        }
    }
    return s;
}

}  // namespace mho

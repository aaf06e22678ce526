// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/train/learner.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "mho/train/learner_rules.h"
#include "mho/util/error.h"
#include "mho/util/finite.h"

namespace mho {
namespace {

constexpr size_t kMostLines = size_t{1} << 17;  // numbers of a read stay apart: line_reader.h
constexpr size_t kMostCells = size_t{1} << 32;
constexpr size_t kMostSamples = 512;  // of one pass over the devices
constexpr size_t kMostTrainWords = size_t{1} << 23;

// A table's name and the number of its device.
struct TableName {
    std::string name;
    size_t device = 0;
};

}  // namespace

TileKey device_key(TileKey learner, size_t k) {
    return {learner.value ^ (k * 0xD1B54A32D192ED03u)};
}

void combine(std::span<const PulsedArray> arrays,
             std::span<const double> gammas,
             FloatView visible) {
    for (size_t r = 0; r < visible.rows; r++) {
        float* to = visible.row(r);
        std::fill_n(to, visible.cols, 0.0f);
        for (size_t k = 0; k < arrays.size(); k++) {
            const auto gamma = static_cast<float>(gammas[k]);
            if (gamma == 0) {
                continue;
            }
            const float* from = arrays[k].weights().row(r);
            for (size_t c = 0; c < visible.cols; c++) {
                to[c] += gamma * from[c];
            }
        }
    }
}

MvmConfig line_read_without_management(const MvmConfig& config,
                                       const char* what,
                                       std::vector<std::string>& notes) {
    MvmConfig read = config;
    if (read.perfect) {
        return read;
    }
    if (read.noise_management.kind != NoiseManagementKind::kNone) {
        notes.push_back(
            fmt::format("{}: noise management is off, one line is read at a time", what));
        read.noise_management.kind = NoiseManagementKind::kNone;
    }
    if (read.bound_management.kind != BoundManagementKind::kNone) {
        notes.push_back(
            fmt::format("{}: bound management is off, one line is read at a time", what));
        read.bound_management.kind = BoundManagementKind::kNone;
    }
    return read;
}

namespace {

// Options that the devices, or other options, leave without effect.
void note_idle_options(const PulseUpdate& update,
                       const std::vector<PulsedDevice>& devices,
                       std::vector<std::string>& notes) {
    const auto adds_up = [](const PulsedDevice& d) {
        return std::holds_alternative<ConstantStep>(d) || std::holds_alternative<LinearStep>(d) ||
               std::holds_alternative<SoftBounds>(d) ||
               std::holds_alternative<SoftBoundsReference>(d) ||
               std::holds_alternative<SoftBoundsPmax>(d);
    };
    const bool trains =
        update.type == PulseType::kStochastic || update.type == PulseType::kStochasticCompressed;
    if (update.law == PulseLaw::kBatch &&
        (!trains || !std::all_of(devices.begin(), devices.end(), adds_up))) {
        notes.emplace_back(
            "update.law: `batch` is for stochastic trains on constant and linear steps; where it "
            "does "
            "not apply `sample` is taken");
    }
    if (update.statistics_only && !trains) {
        notes.push_back(
            fmt::format("update.statistics_only: binomial counts take the place of type `{}`",
                        enum_name(update.type)));
    }
}

}  // namespace

uint64_t period_in_vectors(double every, bool in_batches, size_t batch) {
    const double vectors =
        in_batches ? std::ceil(every * static_cast<double>(batch)) : std::nearbyint(every);
    return vectors > 0 ? static_cast<uint64_t>(std::min(vectors, 9e18)) : 0;
}

Learner::Learner(LearnerConfig config, size_t rows, size_t cols, TileKey key)
    : config_(std::move(config)), rows_(rows), cols_(cols), key_(key) {
    require_valid(config_);
    if (rows == 0 || cols == 0 || rows > kMostLines || cols > kMostLines ||
        rows > kMostCells / cols) {
        throw InputError(
            fmt::format("a learner needs 1 to {} outputs and inputs and at most {} weights, got {} "
                        "x {}",
                        kMostLines,
                        kMostCells,
                        rows,
                        cols));
    }
    const std::vector<PulsedDevice> devices = learner_devices(config_);
    arrays_.reserve(devices.size());
    for (size_t k = 0; k < devices.size(); k++) {
        arrays_.emplace_back(devices[k], rows, cols, device_key(key, k));
    }
    activity_.resize(devices.size());
    for (const PulsedDevice& d : devices) {
        if (common_parameters(d).drift.nu != 0) {
            notes_.emplace_back("device.drift acts when time is let pass, not between updates");
            break;
        }
    }
    std::visit(
        [&](const auto& c) {
            if constexpr (requires { c.update.law; }) {
                note_idle_options(c.update, devices, notes_);
            }
        },
        config_);
}

void Learner::set_weights(ConstFloatView weights, uint64_t step) {
    if (weights.rows != rows_ || weights.cols != cols_) {
        throw InputError(fmt::format("weights must be [{}, {}] like the learner, got [{}, {}]",
                                     rows_,
                                     cols_,
                                     weights.rows,
                                     weights.cols));
    }
    require_finite(weights, "weights");
    write(weights, step);
    devices_changed();
}

void Learner::update(ConstFloatView inputs, ConstFloatView errors, const UpdateCall& call) {
    if (inputs.cols != cols_ || errors.cols != rows_ || inputs.rows != errors.rows) {
        throw InputError(
            fmt::format("an update of {} x {} weights takes inputs [n, {}] and errors [n, {}], got "
                        "[{}, {}] and [{}, {}]",
                        rows_,
                        cols_,
                        cols_,
                        rows_,
                        inputs.rows,
                        inputs.cols,
                        errors.rows,
                        errors.cols));
    }
    require_finite(inputs, "inputs of an update");
    require_finite(errors, "errors of an update");
    if (!std::isfinite(call.rate)) {
        throw InputError("the learning rate of an update must be finite");
    }
    if (call.rate == 0 || inputs.rows == 0) {
        return;
    }
    const size_t words =
        (static_cast<size_t>(learner_update(config_).desired_length) + 31) / 32 * (rows_ + cols_);
    const size_t most = std::clamp(kMostTrainWords / words, size_t{1}, kMostSamples);
    UpdateCall part = call;
    part.batch_size = call.batch_size > 0 ? call.batch_size : inputs.rows;
    for (size_t first = 0; first < inputs.rows; first += most) {
        const size_t count = std::min(most, inputs.rows - first);
        part.key.first_sample = call.key.first_sample + first;
        learn(inputs.row_block(first, count), errors.row_block(first, count), part);
    }
    devices_changed();
}

void Learner::end_of_batch(uint64_t step) {
    bool changed = false;
    for (PulsedArray& a : arrays_) {
        if (a.diffuses()) {
            a.diffuse(step);
            changed = true;
        }
        if (a.decays()) {
            a.decay(1.0, step);
            changed = true;
        }
    }
    if (changed) {
        devices_changed();
    }
}

void Learner::drift(double delta_ms, uint64_t step) {
    for (PulsedArray& a : arrays_) {
        a.drift(delta_ms, step);
    }
    devices_changed();
}

void Learner::reset_columns(size_t first, size_t count, double p, uint64_t step) {
    for (PulsedArray& a : arrays_) {
        a.reset_columns(first, count, p, step);
    }
    devices_changed();
}

void Learner::clip(double limit, uint64_t step) {
    for (PulsedArray& a : arrays_) {
        a.clip(limit, step);
    }
    devices_changed();
}

double Learner::granularity() const {
    return arrays_[0].granularity();
}

const PulsedArray& Learner::device(size_t k) const {
    if (k >= arrays_.size()) {
        throw InputError(
            fmt::format("there is no device {}: the learner has {}", k, arrays_.size()));
    }
    return arrays_[k];
}

const PulseActivity& Learner::activity(size_t k) const {
    device(k);
    return activity_[k];
}

void Learner::count_pulses(bool on) {
    for (PulsedArray& a : arrays_) {
        a.count_pulses(on);
    }
}

namespace {

std::string with_suffix(const std::string& name, size_t k, size_t devices) {
    return devices > 1 ? name + "_" + std::to_string(k) : name;
}

// Splits a name into that of a table and its device; false if no device has it.
bool find_table(const std::vector<PulsedArray>& arrays, const std::string& name, TableName& found) {
    for (size_t k = 0; k < arrays.size(); k++) {
        std::vector<std::string> names = arrays[k].table_names();
        names.push_back("hidden_weights");
        for (const std::string& base : names) {
            if (with_suffix(base, k, arrays.size()) == name) {
                found = {base, k};
                return true;
            }
        }
    }
    return false;
}

}  // namespace

std::vector<std::string> Learner::table_names() const {
    std::vector<std::string> names;
    for (size_t k = 0; k < arrays_.size(); k++) {
        for (const std::string& name : arrays_[k].table_names()) {
            names.push_back(with_suffix(name, k, arrays_.size()));
        }
        names.push_back(with_suffix("hidden_weights", k, arrays_.size()));
    }
    for (const auto& [name, matrix] : const_cast<Learner*>(this)->buffers()) {
        names.push_back(name);
    }
    return names;
}

Matrix<float> Learner::table(const std::string& name) const {
    TableName found;
    if (find_table(arrays_, name, found)) {
        const PulsedArray& a = arrays_[found.device];
        if (found.name != "hidden_weights") {
            return a.table(found.name);
        }
        Matrix<float> w(rows_, cols_);
        for (size_t r = 0; r < rows_; r++) {
            std::copy_n(a.hidden_weights().row(r), cols_, w.row(r));
        }
        return w;
    }
    for (const auto& [buffer, matrix] : const_cast<Learner*>(this)->buffers()) {
        if (buffer == name) {
            return *matrix;
        }
    }
    throw InputError("the learner has no table `" + name + "`" + suggestion(name, table_names()));
}

void Learner::set_table(const std::string& name, ConstFloatView values) {
    require_finite(values, name.c_str());
    TableName found;
    if (find_table(arrays_, name, found)) {
        PulsedArray& a = arrays_[found.device];
        found.name == "hidden_weights" ? a.set_weights_unclipped(values)
                                       : a.set_table(found.name, values);
        devices_changed();
        return;
    }
    for (const auto& [buffer, matrix] : buffers()) {
        if (buffer != name) {
            continue;
        }
        if (values.rows != matrix->rows || values.cols != matrix->cols) {
            throw InputError(fmt::format("table `{}` is [{}, {}], got [{}, {}]",
                                         name,
                                         matrix->rows,
                                         matrix->cols,
                                         values.rows,
                                         values.cols));
        }
        for (size_t r = 0; r < values.rows; r++) {
            std::copy_n(values.row(r), values.cols, matrix->row(r));
        }
        devices_changed();
        return;
    }
    throw InputError("the learner has no table `" + name + "`" + suggestion(name, table_names()));
}

LearnerState Learner::state() const {
    LearnerState s;
    for (size_t k = 0; k < arrays_.size(); k++) {
        for (auto& [name, values] : arrays_[k].state()) {
            s.arrays["device_" + std::to_string(k) + "." + name] = values;
        }
    }
    for (size_t k = 0; k < activity_.size(); k++) {
        s.numbers["pulses_" + std::to_string(k)] = activity_[k].pulses;
    }
    auto* self = const_cast<Learner*>(this);
    for (const auto& [name, matrix] : self->buffers()) {
        s.arrays[name] = matrix->values;
    }
    for (const auto& [name, number] : self->counters()) {
        s.numbers[name] = *number;
    }
    for (const auto& [name, number] : self->reals()) {
        s.numbers[name] = std::bit_cast<uint64_t>(*number);
    }
    return s;
}

void Learner::set_state(const LearnerState& state) {
    std::vector<std::map<std::string, std::vector<float>>> devices(arrays_.size());
    std::map<std::string, const std::vector<float>*> own;
    for (const auto& [name, values] : state.arrays) {
        bool of_device = false;
        for (size_t k = 0; k < arrays_.size() && !of_device; k++) {
            const std::string prefix = "device_" + std::to_string(k) + ".";
            if (name.starts_with(prefix)) {
                devices[k][name.substr(prefix.size())] = values;
                of_device = true;
            }
        }
        if (!of_device) {
            own[name] = &values;
        }
    }
    const auto wrong = [](const std::string& what) {
        throw InputError("the saved state of a learner does not fit: " + what);
    };
    const auto matrices = buffers();
    for (const auto& [name, matrix] : matrices) {
        const auto it = own.find(name);
        if (it == own.end() || it->second->size() != matrix->values.size()) {
            wrong("`" + name + "` is missing or of another size");
        }
        require_all_finite(*it->second, ("saved state of a learner: `" + name + "`").c_str());
        own.erase(it);
    }
    if (!own.empty()) {
        wrong("`" + own.begin()->first + "` is unknown");
    }
    auto integers = counters();
    for (size_t k = 0; k < activity_.size(); k++) {
        integers.emplace_back("pulses_" + std::to_string(k), &activity_[k].pulses);
    }
    const auto real_numbers = reals();
    for (const auto& [name, number] : state.numbers) {
        const auto is_named = [&n = name](const auto& entry) { return entry.first == n; };
        if (std::none_of(integers.begin(), integers.end(), is_named) &&
            std::none_of(real_numbers.begin(), real_numbers.end(), is_named)) {
            wrong("`" + name + "` is unknown");
        }
    }
    if (state.numbers.size() != integers.size() + real_numbers.size()) {
        wrong("a counter is missing");
    }
    for (const auto& [name, number] : real_numbers) {
        require_finite_number(std::bit_cast<double>(state.numbers.at(name)),
                              ("saved state of a learner: `" + name + "`").c_str());
    }
    std::vector<PulsedArray> restored = arrays_;
    for (size_t k = 0; k < restored.size(); k++) {
        restored[k].set_state(devices[k]);
    }
    arrays_ = std::move(restored);
    for (const auto& [name, matrix] : matrices) {
        matrix->values = state.arrays.at(name);
    }
    for (const auto& [name, number] : integers) {
        *number = state.numbers.at(name);
    }
    for (const auto& [name, number] : real_numbers) {
        *number = std::bit_cast<double>(state.numbers.at(name));
    }
    devices_changed();
}

std::unique_ptr<Learner> make_learner(const LearnerConfig& config,
                                      size_t rows,
                                      size_t cols,
                                      TileKey key) {
    require_valid(config);
    auto learner = std::visit([&](const auto& c) { return make_rule(c, rows, cols, key); }, config);
    learner->devices_changed();
    return learner;
}

}  // namespace mho

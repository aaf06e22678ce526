// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// PulsedArray: tables by name, and saving and restoring what changes.

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "mho/device/pulsed_array.h"
#include "mho/util/error.h"
#include "mho/util/finite.h"

namespace mho {
namespace {

std::vector<float> as_floats(const std::vector<uint32_t>& words) {
    std::vector<float> f(words.size());
    std::transform(
        words.begin(), words.end(), f.begin(), [](uint32_t w) { return std::bit_cast<float>(w); });
    return f;
}

std::vector<uint32_t> as_words(const std::vector<float>& f) {
    std::vector<uint32_t> words(f.size());
    std::transform(
        f.begin(), f.end(), words.begin(), [](float v) { return std::bit_cast<uint32_t>(v); });
    return words;
}

std::vector<float> as_floats(const std::vector<uint64_t>& words) {
    std::vector<uint32_t> halves;
    halves.reserve(2 * words.size());
    for (const uint64_t w : words) {
        halves.push_back(static_cast<uint32_t>(w));
        halves.push_back(static_cast<uint32_t>(w >> 32));
    }
    return as_floats(halves);
}

}  // namespace

std::vector<PulsedArray::NamedTable> PulsedArray::named_tables() const {
    std::vector<NamedTable> tables = {{"max_bound", &CellTables::max_bound},
                                      {"min_bound", &CellTables::min_bound},
                                      {"dwmin_up", &CellTables::step_up},
                                      {"dwmin_down", &CellTables::step_down},
                                      {"decay_scales", &CellTables::decay},
                                      {"diffusion_rates", &CellTables::diffusion},
                                      {"reset_bias", &CellTables::reset_bias},
                                      {"drift_nu", &CellTables::drift_nu}};
    const std::vector<NamedTable> of_model = {{"slope_up", &CellTables::slope_up},
                                              {"slope_down", &CellTables::slope_down},
                                              {"gamma_up", &CellTables::gamma_up},
                                              {"gamma_down", &CellTables::gamma_down},
                                              {"hidden_up", &CellTables::hidden_up},
                                              {"hidden_down", &CellTables::hidden_down}};
    for (const NamedTable& t : of_model) {
        if (!(tables_.*(t.second)).empty()) {
            tables.push_back(t);
        }
    }
    const auto has_reference = [](const auto& d) { return requires { d.reference_std; }; };
    if (std::visit(has_reference, device_)) {
        tables.emplace_back("reference", &CellTables::reference);
    }
    return tables;
}

float PulsedArray::common_value(const std::string& table) const {
    const PulsedCell& p = common_parameters(device_);
    if (table == "decay_scales") {
        return 1.0f;
    }
    if (table == "reset_bias") {
        return static_cast<float>(p.reset);
    }
    if (table == "drift_nu") {
        return static_cast<float>(p.drift.nu);
    }
    return 0.0f;  // diffusion_rates, reference
}

std::vector<std::string> PulsedArray::table_names() const {
    std::vector<std::string> names;
    for (const NamedTable& t : named_tables()) {
        names.push_back(t.first);
    }
    return names;
}

Matrix<float> PulsedArray::table(const std::string& name) const {
    for (const auto& [known, member] : named_tables()) {
        if (known == name) {
            const CellTable& t = tables_.*member;
            Matrix<float> m(rows_, cols_, common_value(name));
            for (size_t r = 0; r < rows_ && !t.empty(); r++) {
                std::copy_n(t.data() + r * stride_, cols_, m.row(r));
            }
            return m;
        }
    }
    throw InputError(fmt::format("`{}` has no table `{}`; it has: {}",
                                 model_name(device_),
                                 name,
                                 fmt::join(table_names(), ", ")));
}

void PulsedArray::set_table(const std::string& name, ConstFloatView values) {
    for (const auto& [known, member] : named_tables()) {
        if (known == name) {
            require_shape(values, ("table `" + name + "`").c_str());
            CellTable& t = tables_.*member;
            t.assign(rows_ * stride_, 0.0f);
            for (size_t r = 0; r < rows_; r++) {
                std::copy_n(values.row(r), cols_, t.data() + r * stride_);
            }
            derive_scales(device_, tables_);
            form_.exponents_inside = exponents_inside(form_, tables_);
            if (name == "dwmin_up" || name == "dwmin_down") {
                estimate_granularity();
            }
            if (std::find(set_tables_.begin(), set_tables_.end(), name) == set_tables_.end()) {
                set_tables_.push_back(name);
            }
            return;
        }
    }
    table(name);  // throws with the list of names
}

void PulsedArray::estimate_granularity() {
    double sum = 0;
    for_cells([&](size_t i, size_t) {
        sum += 0.5 * (double{tables_.step_up[i]} + double{tables_.step_down[i]});
    });
    const PulsedCell& p = common_parameters(device_);
    const double estimate = sum / static_cast<double>(rows_ * cols_);
    const bool moved = std::abs(estimate / p.dw_min - 1) > 2 * p.dw_min_dtod;
    const double factor = moved && estimate > 0 ? estimate / p.dw_min : 1.0;
    granularity_ = mho::granularity(device_) * factor;
}

std::map<std::string, std::vector<float>> PulsedArray::state() const {
    std::map<std::string, std::vector<float>> state;
    state["weight"] = {weight_.begin(), weight_.end()};
    const auto put = [&](const char* name, std::vector<float> values) {
        if (!values.empty()) {
            state[name] = std::move(values);
        }
    };
    put("hidden", {hidden_.begin(), hidden_.end()});
    put("hidden_state", {hidden_state_.begin(), hidden_state_.end()});
    put("traps", as_floats(traps_));
    put("up_pulses", as_floats(up_pulses_));
    put("down_pulses", as_floats(down_pulses_));
    if (!drift_.empty()) {
        put("drift.time", as_floats(std::vector<uint64_t>{std::bit_cast<uint64_t>(drift_.time)}));
        put("drift.start_time", drift_.start_time);
        put("drift.start_weight", drift_.start_weight);
        put("drift.previous", drift_.previous);
    }
    for (const auto& [name, member] : named_tables()) {
        if (std::find(set_tables_.begin(), set_tables_.end(), name) != set_tables_.end()) {
            state["table." + name] = {(tables_.*member).begin(), (tables_.*member).end()};
        }
    }
    return state;
}

void PulsedArray::set_state(const std::map<std::string, std::vector<float>>& state) {
    std::vector<std::string> used;
    const auto take = [&](const std::string& name, size_t size) -> const std::vector<float>* {
        const auto it = state.find(name);
        if (it == state.end()) {
            return nullptr;
        }
        if (it->second.size() != size) {
            throw InputError(fmt::format(
                "state `{}` must have {} numbers, got {}", name, size, it->second.size()));
        }
        used.push_back(name);
        return &it->second;
    };
    const auto need = [&](const std::string& name, size_t size) -> const std::vector<float>& {
        const std::vector<float>* found = take(name, size);
        if (found == nullptr) {
            throw InputError(fmt::format("state `{}` is missing", name));
        }
        return *found;
    };
    // Of numbers, not of words.
    const auto need_finite = [&](const std::string& name, size_t size) {
        const std::vector<float>& values = need(name, size);
        require_all_finite(values, ("state `" + name + "`").c_str());
        return values;
    };
    const size_t n = rows_ * stride_;
    PulsedArray next = *this;
    const auto take_cells = [&](const std::string& name, StaggeredFloats& to) {
        const std::vector<float> values = need_finite(name, n);
        to.assign(values.begin(), values.end());
    };
    take_cells("weight", next.weight_);
    if (!hidden_.empty()) {
        take_cells("hidden", next.hidden_);
    }
    if (!hidden_state_.empty()) {
        take_cells("hidden_state", next.hidden_state_);
    }
    if (!traps_.empty()) {
        const std::vector<uint32_t> halves = as_words(need("traps", 2 * n));
        for (size_t i = 0; i < n; i++) {
            next.traps_[i] = halves[2 * i] | (uint64_t{halves[2 * i + 1]} << 32);
        }
    }
    next.up_pulses_.clear();
    next.down_pulses_.clear();
    if (const auto* up = take("up_pulses", n)) {
        next.up_pulses_ = as_words(*up);
        next.down_pulses_ = as_words(need("down_pulses", n));
    }
    next.drift_ = {};
    if (const auto* time = take("drift.time", 2)) {
        const std::vector<uint32_t> halves = as_words(*time);
        next.drift_.time = std::bit_cast<double>(halves[0] | (uint64_t{halves[1]} << 32));
        require_not_negative(next.drift_.time, "state `drift.time`");
        next.drift_.start_time = need_finite("drift.start_time", n);
        next.drift_.start_weight = need_finite("drift.start_weight", n);
        next.drift_.previous = need_finite("drift.previous", n);
    }
    for (const auto& [name, member] : named_tables()) {
        if (const auto* values = take("table." + name, n)) {
            next.set_table(name, ConstFloatView(values->data(), rows_, cols_, stride_));
        }
    }
    for (const auto& [name, values] : state) {
        if (std::find(used.begin(), used.end(), name) == used.end()) {
            throw InputError(fmt::format("state `{}` is unknown to this device", name));
        }
    }
    *this = std::move(next);
}

}  // namespace mho

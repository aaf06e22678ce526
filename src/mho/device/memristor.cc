// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/memristor.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "mho/device/constants.h"
#include "mho/util/error.h"
#include "mho/util/finite.h"

namespace mho {
namespace {

constexpr double kMostSolverSteps = 1e7;

struct Range {
    double low;
    double high;
};

Range range_of(const Memristor& model) {
    if (const auto* v = std::get_if<Vteam>(&model)) {
        return {0.0, v->length_m};
    }
    if (const auto* s = std::get_if<StanfordPku>(&model)) {
        return {s->gap_min_m, s->gap_max_m};
    }
    return {0.0, 1.0};
}

void require(bool good, const char* path, const char* message) {
    if (!good) {
        throw ConfigError(path, message);
    }
}

void check(const LinearIonDrift& m) {
    require(m.r_on_ohm > 0 && m.r_off_ohm > m.r_on_ohm, "r_off_ohm", "must be above r_on_ohm > 0");
    require(m.length_m > 0 && m.mobility > 0, "length_m", "and mobility must be above 0");
    require(m.p >= 1 && m.p <= 100, "p", "must be 1 to 100");
}

void check(const Vteam& m) {
    require(m.r_on_ohm > 0 && m.r_off_ohm > m.r_on_ohm, "r_off_ohm", "must be above r_on_ohm > 0");
    require(m.length_m > 0, "length_m", "must be above 0");
    require(m.v_off > 0 && m.v_on < 0, "v_on", "must be below 0, and v_off above");
    require(m.k_off >= 0 && m.k_on <= 0, "k_on", "must not be above 0, nor k_off below");
}

void check(const StanfordPku& m) {
    require(m.gap_min_m >= 0 && m.gap_max_m > m.gap_min_m, "gap_max_m", "must exceed gap_min_m");
    require(
        m.g0_m > 0 && m.oxide_m > 0 && m.v_scale > 0, "g0_m", "lengths and v_scale must be > 0");
    require(m.t0_k > 0, "t0_k", "must be above 0");
}

double current_of(const LinearIonDrift& m, double x, double v) {
    return v / (m.r_on_ohm * x + m.r_off_ohm * (1 - x));
}

double current_of(const Vteam& m, double x, double v) {
    const double place = x / m.length_m;
    return v / (m.r_off_ohm * place + m.r_on_ohm * (1 - place));
}

double current_of(const StanfordPku& m, double gap, double v) {
    return m.i0_a * std::exp(-gap / m.g0_m) * std::sinh(v / m.v_scale);
}

double window_at(Window window, double x, double current, int p, double j = 1.0) {
    switch (window) {
        case Window::kJoglekar:
            return 1 - std::pow(2 * x - 1, 2 * p);
        case Window::kBiolek:
            return 1 - std::pow(x - (current < 0 ? 1.0 : 0.0), 2 * p);
        case Window::kProdromakis:
            return j * (1 - std::pow((x - 0.5) * (x - 0.5) + 0.75, p));
        case Window::kNone:
            break;
    }
    return 1.0;
}

double speed_of(const LinearIonDrift& m, double x, double v) {
    if (std::abs(v) < m.threshold_v) {
        return 0.0;
    }
    const double i = current_of(m, x, v);
    return m.mobility * m.r_on_ohm / (m.length_m * m.length_m) * i * window_at(m.window, x, i, m.p);
}

double speed_of(const Vteam& m, double, double v) {
    if (v > m.v_off) {
        return m.k_off * std::pow(v / m.v_off - 1, m.alpha_off);
    }
    return v < m.v_on ? m.k_on * std::pow(v / m.v_on - 1, m.alpha_on) : 0.0;
}

double speed_of(const StanfordPku& m, double gap, double v) {
    const double t = m.t0_k + std::abs(v * current_of(m, gap, v)) * m.r_thermal;
    const double nm = gap * 1e9;
    const double gamma = m.gamma0 - m.beta * nm * nm * nm;
    const double kt = kBoltzmannEvPerK * t;
    return -m.v0 * std::exp(-m.activation_ev / kt) *
           std::sinh(gamma * m.hop_m * v / (m.oxide_m * kt));
}

}  // namespace

double window_value(Window window, double x, double current, int p, double j) {
    require_finite_number(x, "window_value: x");
    require_finite_number(current, "window_value: current");
    require_finite_number(j, "window_value: j");
    return window_at(window, x, current, p, j);
}

MemristorCell::MemristorCell(Memristor model, double state)
    : model_(std::move(model)), state_(state) {
    std::visit([](const auto& m) { check(m); }, model_);
    const Range r = range_of(model_);
    if (!(state >= r.low && state <= r.high)) {
        throw InputError("the state of the cell must be " + std::to_string(r.low) + " to " +
                         std::to_string(r.high));
    }
}

double MemristorCell::current(double volt) const {
    require_finite_number(volt, "voltage of a memristor");
    return std::visit([&](const auto& m) { return current_of(m, state_, volt); }, model_);
}

double MemristorCell::conductance_s(double volt) const {
    if (volt == 0) {
        throw InputError("the conductance of a memristor is read at a voltage other than 0");
    }
    return current(volt) / volt;
}

void MemristorCell::advance(double volt, double dt) {
    const Range r = range_of(model_);
    const double speed =
        std::visit([&](const auto& m) { return speed_of(m, state_, volt); }, model_);
    const double next = state_ + speed * dt;
    // A speed beyond all numbers leads to the end of the range.
    state_ = std::isnan(next) ? state_ : std::clamp(next, r.low, r.high);
}

void MemristorCell::apply(double volt, double duration_s, double step_s) {
    if (!std::isfinite(volt) || !(duration_s >= 0) || !std::isfinite(duration_s) || !(step_s > 0) ||
        !std::isfinite(step_s)) {
        throw InputError(
            "voltage, duration and step must be finite, the duration not negative and the "
            "step above 0");
    }
    const double steps = std::ceil(duration_s / step_s);
    if (steps > kMostSolverSteps) {
        throw InputError("more than 10 million steps: choose a longer step");
    }
    const auto count = static_cast<size_t>(steps);
    for (size_t i = 0; i < count; i++) {
        advance(volt, duration_s / steps);
    }
}

std::vector<double> hysteresis(MemristorCell& cell,
                               const std::vector<double>& volts,
                               double step_s) {
    std::vector<double> currents;
    for (const double v : volts) {
        cell.apply(v, step_s, step_s);
        currents.push_back(cell.current(v));
    }
    return currents;
}

ProgrammingResult program_to(MemristorCell& cell,
                             double target_s,
                             double volt,
                             double pulse_s,
                             double tolerance,
                             int max_pulses) {
    require_finite_number(target_s, "target_s");
    require_finite_number(tolerance, "tolerance");
    if (!(target_s > 0) || !(volt > 0) || !(pulse_s > 0) || !(tolerance > 0) || max_pulses < 0) {
        throw InputError("target, voltage, pulse and tolerance of a programming loop must be > 0");
    }
    // Which sign raises the conductance: vteam and the gap model differ.
    const double up = std::holds_alternative<Vteam>(cell.model()) ? -volt : volt;
    ProgrammingResult result;
    for (;; result.pulses++) {
        result.conductance_s = cell.conductance_s();
        result.converged = std::abs(result.conductance_s / target_s - 1) <= tolerance;
        if (result.converged || result.pulses == max_pulses) {
            return result;
        }
        cell.apply(result.conductance_s < target_s ? up : -up, pulse_s, pulse_s / 10);
    }
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/cell.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "mho/device/cell_table.h"
#include "mho/device/read_disturb.h"
#include "mho/device/sonos.h"
#include "mho/util/error.h"
#include "mho/util/finite.h"

namespace mho {
namespace {

constexpr double kSecondsPerDay = 86400.0;

double pcm_joshi_us(double g) {
    return std::max((-0.00178767 * g + 0.07585724) * g + 0.28638599, 0.0);
}

double rram_milo_us(double g) {
    return std::max(4.782321 - 0.009107 * g, 0.0);
}

double rram_wan_us(double g) {
    return std::max(((1.536e-4 * g - 1.167e-2) * g + 0.2374) * g + 1.053, 0.0);
}

// Coefficients of V^2 (A/V^2) and V^3 (A/V^3) of the cells of Milo et al.; measured between 62.5
// and 110 uS, taken as none at 225 uS. G in uS.
double milo_second(double g_us) {
    const double l = std::log10(g_us * 1e-6);
    return ((1.388e-4 * l + 1.541e-3) * l + 5.711e-3) * l + 7.063e-3;
}

double milo_third(double g_us) {
    const double l = std::log10(g_us * 1e-6);
    return (8.871e-5 * l + 6.7919e-4) * l + 1.2968e-3;
}

// log10 R of one resistance state after `x` cycles or seconds.
double wear_shift(const WearLaw& law, const Wear& wear, double x) {
    const double t = std::min(wear.threshold_temperature_k / wear.temperature_k, 1.0);
    const double exponent = law.p1 * wear.cell_nm + law.p2 * t;
    const double threshold = law.p0 * std::exp(exponent);
    if (law.p3 == 0 || !(x > threshold)) {
        return 0.0;
    }
    return law.p3 * exponent * (law.sudden ? 1.0 : std::log10(x / threshold));
}

double dependent(ErrorDependence dependence, double g) {
    switch (dependence) {
        case ErrorDependence::kProportional:
            return g;
        case ErrorDependence::kInverse:
            return g > 0 ? 1 / g : 0.0;
        case ErrorDependence::kIndependent:
            break;
    }
    return 1.0;
}

}  // namespace

std::string_view model_name(const CellModel& model) {
    return std::visit([](const auto& m) { return Schema<std::decay_t<decltype(m)>>::name; }, model);
}

void CellConfig::check(const std::string& path, std::vector<Problem>& problems) const {
    if (on_off_ratio != 0 && on_off_ratio <= 1) {
        problems.push_back(
            {join_path(path, "on_off_ratio"),
             "must be 0 (infinite) or above 1, got " + std::to_string(on_off_ratio)});
        return;
    }
    const auto at_most = [&](double limit, const char* what) {
        if (g_max_us > limit) {
            problems.push_back({join_path(path, "g_max_us"),
                                std::string(what) + " is known up to " + std::to_string(limit) +
                                    " uS, got " + std::to_string(g_max_us)});
        }
    };
    if (std::holds_alternative<PcmJoshiCell>(model)) {
        at_most(25.0, "pcm joshi");
    } else if (std::holds_alternative<RramWanCell>(model)) {
        at_most(39.26, "rram wan");
    } else if (std::holds_alternative<RramMiloCell>(model)) {
        at_most(225.0, "rram milo");
        if (g_min() * g_max_us < 50 - 1e-9) {
            problems.push_back({join_path(path, "on_off_ratio"),
                                "rram milo is known from 50 uS: the smallest conductance, g_max_us "
                                "/ on_off_ratio, must not be below"});
        }
        if (read_voltage_v > 0.5) {
            problems.push_back(
                {join_path(path, "read_voltage_v"), "rram milo is known up to 0.5 V"});
        }
    } else if (std::holds_alternative<CubicCell>(model) && read_voltage_v > 2) {
        problems.push_back({join_path(path, "read_voltage_v"), "cubic holds up to 2 V"});
    }
}

Cell::Cell(const CellConfig& config) : config_(config) {
    if (auto* table = std::get_if<TableCell>(&config_.model)) {
        const std::string iv_file = table->iv_file;
        if (!table->file.empty()) {
            *table = read_cell_table(table->file, *table);
        }
        if (!iv_file.empty()) {
            *table = read_cell_table(iv_file, *table);
        }
        std::vector<Problem> problems;
        table->check("cell", problems);
        if (problems.empty() && table->state_us.back() < config_.g_max_us * (1 - 1e-9)) {
            problems.push_back({"cell.g_max_us",
                                "the table is known up to " +
                                    std::to_string(table->state_us.back()) + " uS, got " +
                                    std::to_string(config_.g_max_us)});
        }
        if (!problems.empty()) {
            throw ConfigError(std::move(problems));
        }
        const auto curve = [&](MonotoneTable& to, const std::vector<double>& values) {
            if (!values.empty()) {
                to = MonotoneTable(table->state_us, values);
            }
        };
        curve(mean_, table->mean_us);
        curve(std_, table->std_us);
        curve(nu_, table->nu);
        curve(nu_std_, table->nu_std);
        curve(read_, table->read_us);
        if (!table->voltage_v.empty()) {
            curve_ = MonotoneTable(table->voltage_v, table->current);
            curve_scale_ = curve_(config_.read_voltage_v);
            if (table->voltage_v.back() < config_.read_voltage_v || !(curve_scale_ > 0)) {
                throw ConfigError("cell.voltage_v",
                                  "the I-V curve must reach the read voltage with a current above "
                                  "0");
            }
        }
    }
    std::vector<Problem> problems;
    config_.check("cell", problems);
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
}

void Cell::require_time(double t_s) const {
    if (!(t_s >= 0) || !std::isfinite(t_s)) {
        throw InputError("time since programming must be finite and at least 0 s");
    }
    if (const auto* sonos = std::get_if<SonosCell>(&config_.model)) {
        require_sonos(sonos->i_max_na, t_s / kSecondsPerDay);
    }
}

double Cell::table_us(const MonotoneTable& table, double g, double fallback) const {
    return table.empty() ? fallback : table(g * config_.g_max_us) / config_.g_max_us;
}

double Cell::mean(double state, double t_s) const {
    double g = state;
    if (const auto* sonos = std::get_if<SonosCell>(&config_.model)) {
        if (t_s > 0) {
            g += sonos_shift_na(state * sonos->i_max_na, t_s / kSecondsPerDay) / sonos->i_max_na;
        }
    } else if (const auto* generic = std::get_if<GenericCell>(&config_.model)) {
        g *= std::pow(std::max(t_s / generic->drift_t0_s, 1.0), -generic->drift_nu);
    } else if (const auto* table = std::get_if<TableCell>(&config_.model)) {
        const double nu = nu_.empty() ? 0.0 : nu_(state * config_.g_max_us);
        g = table_us(mean_, state, state) * std::pow(std::max(t_s / table->drift_t0_s, 1.0), -nu);
    }
    return g;
}

double Cell::programming_std(double state, double t_s) const {
    const double us = state * config_.g_max_us;
    if (std::holds_alternative<PcmJoshiCell>(config_.model)) {
        return pcm_joshi_us(us) / config_.g_max_us;
    }
    if (std::holds_alternative<RramMiloCell>(config_.model)) {
        return rram_milo_us(us) / config_.g_max_us;
    }
    if (std::holds_alternative<RramWanCell>(config_.model)) {
        return rram_wan_us(us) / config_.g_max_us;
    }
    if (const auto* sonos = std::get_if<SonosCell>(&config_.model)) {
        return sonos_std_na(state * sonos->i_max_na, t_s / kSecondsPerDay) / sonos->i_max_na;
    }
    if (const auto* generic = std::get_if<GenericCell>(&config_.model)) {
        const double size = generic->programming * (generic->shape == ErrorShape::kLogNormal
                                                        ? state
                                                        : dependent(generic->dependence, state));
        return generic->shape == ErrorShape::kUniform ? size / std::sqrt(12.0) : size;
    }
    return table_us(std_, state, 0.0);
}

double Cell::read_std(double g) const {
    if (const auto* sonos = std::get_if<SonosCell>(&config_.model)) {
        return sonos_read_std_na(std::max(g, 0.0) * sonos->i_max_na) / sonos->i_max_na;
    }
    if (const auto* generic = std::get_if<GenericCell>(&config_.model)) {
        return generic->read * dependent(generic->dependence, g);
    }
    return table_us(read_, g, 0.0);
}

bool Cell::has_read_noise() const {
    if (!config_.read_noise) {
        return false;
    }
    if (const auto* generic = std::get_if<GenericCell>(&config_.model)) {
        return generic->read > 0;
    }
    return std::holds_alternative<SonosCell>(config_.model) || !read_.empty();
}

bool Cell::has_shape() const {
    return !config_.ohmic && (std::holds_alternative<CubicCell>(config_.model) || !curve_.empty());
}

bool Cell::has_state_dependent_iv() const {
    return !config_.ohmic && std::holds_alternative<RramMiloCell>(config_.model);
}

double Cell::shape(double v) const {
    if (config_.ohmic) {
        return v;
    }
    if (std::holds_alternative<CubicCell>(config_.model)) {
        const double volt = config_.read_voltage_v;
        return v - 0.25 * volt * volt * v * v * v;
    }
    if (curve_.empty()) {
        return v;
    }
    return std::copysign(curve_(std::abs(v) * config_.read_voltage_v) / curve_scale_, v);
}

double Cell::second(double g) const {
    if (!has_state_dependent_iv() || !(g > 0)) {
        return 0.0;
    }
    const double us = std::clamp(g * config_.g_max_us, 50.0, 225.0);
    return milo_second(us) * config_.read_voltage_v / (config_.g_max_us * 1e-6);
}

double Cell::third(double g) const {
    if (!has_state_dependent_iv() || !(g > 0)) {
        return 0.0;
    }
    const double us = std::clamp(g * config_.g_max_us, 50.0, 225.0);
    return milo_third(us) * config_.read_voltage_v * config_.read_voltage_v /
           (config_.g_max_us * 1e-6);
}

double Cell::worn(double g, double t_s) const {
    if (!(g > 0)) {
        return g;
    }
    const auto shift = [&](const Wear& wear, double x) {
        const double low = wear_shift(wear.low_resistance, wear, x);
        const double high = wear_shift(wear.high_resistance, wear, x);
        // The states between share the shifts by their place between the two.
        const double place = std::clamp((g - config_.g_min()) / (1 - config_.g_min()), 0.0, 1.0);
        return place * low + (1 - place) * high;
    };
    return g * std::pow(10.0,
                        -shift(config_.endurance, config_.endurance.amount) -
                            shift(config_.retention, t_s));
}

double Cell::disturbed(double t_s) const {
    return disturbed_state(config_.read_disturb, config_.read_voltage_v, t_s).factor;
}

double Cell::reference(double state, double t_s, double error, double drift) const {
    return law(state, t_s, error, drift, disturbed(t_s));
}

double Cell::law(double state, double t_s, double error, double drift, double disturbed) const {
    double g = mean(state, t_s);
    if (const auto* generic = std::get_if<GenericCell>(&config_.model)) {
        const double fall = std::pow(std::max(t_s / generic->drift_t0_s, 1.0),
                                     -(generic->drift_nu + generic->drift_nu_std * drift));
        const double e = generic->programming * error;
        const double programmed = generic->shape == ErrorShape::kLogNormal
                                      ? state * std::exp(e)
                                      : state + e * dependent(generic->dependence, state);
        g = programmed * fall;
    } else if (const auto* table = std::get_if<TableCell>(&config_.model)) {
        const double us = state * config_.g_max_us;
        const double nu =
            (nu_.empty() ? 0.0 : nu_(us)) + (nu_std_.empty() ? 0.0 : nu_std_(us) * drift);
        g = (table_us(mean_, state, state) + programming_std(state, t_s) * error) *
            std::pow(std::max(t_s / table->drift_t0_s, 1.0), -nu);
    } else {
        g += programming_std(state, t_s) * error;
    }
    g = worn(g, t_s);
    if (config_.read_disturb.enabled && state >= config_.read_disturb.low_resistance) {
        g *= disturbed;
    }
    return config_.clip ? std::clamp(g, config_.g_min(), 1.0) : std::max(g, 0.0);
}

void Cell::write(std::span<const float> states,
                 double t_s,
                 CellSwitches switches,
                 TileKey key,
                 uint64_t programming,
                 uint64_t first,
                 std::span<float> out) const {
    if (states.size() != out.size()) {
        throw InputError("states and conductances must be equally many");
    }
    require_all_finite(states, "states of cells");
    require_time(t_s);
    const double time = switches.drift ? t_s : 0.0;
    const auto* generic = std::get_if<GenericCell>(&config_.model);
    const auto* table = std::get_if<TableCell>(&config_.model);
    const bool uniform = generic != nullptr && generic->shape == ErrorShape::kUniform;
    const bool has_error = switches.programming &&
                           !std::holds_alternative<IdealCell>(config_.model) &&
                           !std::holds_alternative<CubicCell>(config_.model);
    const bool has_spread = time > 0 && ((generic != nullptr && generic->drift_nu_std > 0) ||
                                         (table != nullptr && !nu_std_.empty()));
    std::vector<float> error(has_error ? states.size() : 0);
    std::vector<float> spread(has_spread ? states.size() : 0);
    if (has_error) {
        (uniform ? fill_uniform : fill_normal)(
            key, Stream::kProgramming, programming, first, error);
    }
    if (has_spread) {
        fill_normal(key, Stream::kDriftCoefficient, programming, first, spread);
    }
    const bool plain = config_.endurance.low_resistance.p3 == 0 &&
                       config_.endurance.high_resistance.p3 == 0 &&
                       config_.retention.low_resistance.p3 == 0 &&
                       config_.retention.high_resistance.p3 == 0 && !config_.read_disturb.enabled;
    if (!has_error && !has_spread && plain && !config_.clip && mean_.empty() &&
        (time == 0 || std::holds_alternative<IdealCell>(config_.model))) {
        std::copy(states.begin(), states.end(), out.begin());
        return;
    }
    const double left = disturbed(time);
    for (size_t i = 0; i < states.size(); i++) {
        double e = has_error ? double{error[i]} : 0.0;
        e -= has_error && uniform ? 0.5 : 0.0;
        out[i] = static_cast<float>(
            law(double{states[i]}, time, e, has_spread ? double{spread[i]} : 0.0, left));
    }
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/read_disturb.h"

#include <cmath>
#include <string>

#include "mho/device/constants.h"
#include "mho/util/error.h"
#include "mho/util/finite.h"

namespace mho {
namespace {

constexpr double kMaxRefreshes = 1e7;  // cells are worn out long before

double remaining(double cycles) {
    return 1 - 0.003 * std::pow(cycles, 0.41);
}

}  // namespace

double read_disturb_exponent(double volt, double temperature_k) {
    require_finite_number(volt, "read disturb: voltage");
    require_positive(temperature_k, "read disturb: temperature");
    return 0.0068 * std::exp(0.11 * std::abs(volt) / (kBoltzmannEvPerK * temperature_k));
}

double read_disturb_transition_s(double volt, double cycles, double temperature_k) {
    if (!(cycles >= 0) || !(remaining(cycles) > 0)) {
        throw InputError(
            "read disturb is not defined for cells with " + std::to_string(cycles) +
            " SET/RESET cycles: 0.003 N^0.41 must be below 1 (at most 1.4 million cycles)");
    }
    return 15.5e-9 *
           std::pow(1.43339 * remaining(cycles), 1 / read_disturb_exponent(volt, temperature_k));
}

double read_disturb_factor(double stress_s, double volt, double cycles, double temperature_k) {
    require_not_negative(stress_s, "read disturb: stress");
    const double t = read_disturb_transition_s(volt, cycles, temperature_k);
    return stress_s <= t ? 1.0
                         : std::pow(stress_s / t, -read_disturb_exponent(volt, temperature_k));
}

DisturbedState disturbed_state(const ReadDisturb& config, double volt, double t_s) {
    require_finite_number(volt, "read disturb: voltage");
    require_not_negative(t_s, "read disturb: time");
    DisturbedState state;
    if (!config.enabled) {
        return state;
    }
    double stress = t_s * config.reads_per_s * config.read_time_s;
    double cycles = config.set_reset_cycles;
    const double p = read_disturb_exponent(volt, config.temperature_k);
    // Stress from one refresh to the next.
    const auto period = [&] {
        const double t = read_disturb_transition_s(volt, cycles, config.temperature_k);
        if (config.refresh == RefreshPolicy::kPerCell) {
            return t * std::pow(1 - config.tolerance, -1 / p);
        }
        return config.refresh_reads > 0 ? config.refresh_reads * config.read_time_s : t;
    };
    if (config.refresh != RefreshPolicy::kNone) {
        for (double length = period(); stress > length; length = period()) {
            if (state.refreshes >= kMaxRefreshes) {
                throw InputError(
                    "read disturb: more than 10 million refreshes; refresh less often or read "
                    "less (crossbar.cell.read_disturb)");
            }
            stress -= length;
            state.refreshes++;
            cycles++;
        }
    }
    state.factor = read_disturb_factor(stress, volt, cycles, config.temperature_k);
    return state;
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/train/programming_cost.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "mho/train/learner_rules.h"
#include "mho/util/error.h"
#include "mho/util/finite.h"

namespace mho {
namespace {

double train_ns(const UpdateTimes& t, const PulseUpdate& update) {
    return t.preparation_ns + t.pulse_ns * std::min(t.slots, update.desired_length);
}

// Transfers per vector update, each a read and a write, summed over the levels of a chain.
template <class C>
double transfers_per_vector(const C& c, size_t rows, size_t cols, size_t batch) {
    const auto outputs = static_cast<double>(c.transfer_columns ? rows : cols);
    const auto inputs = static_cast<double>(c.transfer_columns ? cols : rows);
    if constexpr (requires { c.reads_per_transfer; }) {
        double every = c.transfer_every;
        double sum = 0;
        const double reads = std::min<double>(c.reads_per_transfer, inputs);
        for (size_t j = 0; j + 1 < c.devices.size(); j++) {
            const double e = c.transfer_every_levels.empty() ? every : c.transfer_every_levels[j];
            const uint64_t period = period_in_vectors(e, c.transfer_in_batches, batch);
            sum += period > 0 ? reads / static_cast<double>(period) : 0.0;
            every *= outputs / c.reads_per_transfer;
        }
        return sum;
    } else if (c.transfer_every < 0) {
        const double period = number_of_states(c.devices[0]) / inputs * -c.transfer_every;
        return 1.0 / std::max(std::nearbyint(period), 1.0);
    } else {
        const uint64_t period = period_in_vectors(c.transfer_every, c.transfer_in_batches, batch);
        return period > 0 ? 1.0 / static_cast<double>(period) : 0.0;
    }
}

void require_times(const UpdateTimes& t) {
    require_not_negative(t.pulse_ns, "pulse_ns");
    require_not_negative(t.preparation_ns, "preparation_ns");
    require_not_negative(t.read_ns, "read_ns");
}

}  // namespace

double update_time_ns(const UpdateTimes& t) {
    require_times(t);
    return t.preparation_ns + t.pulse_ns * t.slots;
}

double residual_update_time_ns(const UpdateTimes& t) {
    require_times(t);
    return 2 * update_time_ns(t) + t.read_ns;
}

double update_time_ns(
    const LearnerConfig& config, size_t rows, size_t cols, size_t batch, const UpdateTimes& t) {
    require_times(t);
    if (rows == 0 || cols == 0 || batch == 0) {
        throw InputError("the time of an update needs rows, columns and a batch");
    }
    return std::visit(
        [&](const auto& c) -> double {
            using C = std::decay_t<decltype(c)>;
            if constexpr (std::is_same_v<C, MixedPrecision>) {
                const double period = c.transfer_every * static_cast<double>(batch);
                const auto all = static_cast<double>(rows);
                const double written =
                    c.rows_per_transfer > 0 ? std::min<double>(c.rows_per_transfer, all) : all;
                return written * train_ns(t, c.update) / std::max(std::ceil(period), 1.0);
            } else if constexpr (requires { c.transfer_every; }) {
                return train_ns(t, c.update) + transfers_per_vector(c, rows, cols, batch) *
                                                   (t.read_ns + train_ns(t, c.transfer_update));
            } else {
                return train_ns(t, c.update);
            }
        },
        config);
}

double programming_energy_j(const PulsedArray& array, const PulseEnergy& energy) {
    const auto up = array.up_pulses();
    const auto down = array.down_pulses();
    if (up.data == nullptr) {
        throw InputError("pulses were not counted: switch count_pulses on before the updates");
    }
    require_not_negative(energy.up_j, "energy of an up pulse");
    require_not_negative(energy.down_j, "energy of a down pulse");
    double ups = 0;
    double downs = 0;
    for (size_t r = 0; r < up.rows; r++) {
        for (size_t c = 0; c < up.cols; c++) {
            ups += up(r, c);
            downs += down(r, c);
        }
    }
    return ups * energy.up_j + downs * energy.down_j;
}

Endurance endurance(const PulsedArray& array) {
    const auto up = array.up_pulses();
    const auto down = array.down_pulses();
    if (up.data == nullptr) {
        throw InputError("pulses were not counted: switch count_pulses on before the updates");
    }
    Endurance e;
    double sum = 0;
    for (size_t r = 0; r < up.rows; r++) {
        for (size_t c = 0; c < up.cols; c++) {
            const uint64_t pulses = uint64_t{up(r, c)} + down(r, c);
            e.most = std::max(e.most, pulses);
            sum += static_cast<double>(pulses);
        }
    }
    e.mean = sum / (static_cast<double>(up.rows) * static_cast<double>(up.cols));
    return e;
}

}  // namespace mho

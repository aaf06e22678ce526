// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "mho/train/learner_config_json.h"
#include "mho/train/pulse_writer.h"

namespace mho {
namespace {

// The devices of a configuration: those of a list, or copies of a single one.
template <class C>
std::vector<PulsedDevice> devices_of(const C& c) {
    if constexpr (requires { c.devices; }) {
        return c.devices;
    } else {
        return {c.device};
    }
}
std::vector<PulsedDevice> devices_of(const OneSided& c) {
    return {c.device, c.device};
}

void check_devices(const std::vector<PulsedDevice>& devices,
                   size_t least,
                   size_t most,
                   const std::string& path,
                   std::vector<Problem>& problems) {
    if (devices.size() >= least && devices.size() <= most) {
        return;
    }
    const std::string wanted = least == most
                                   ? std::to_string(least)
                                   : std::to_string(least) + " to " + std::to_string(most);
    problems.push_back(
        {join_path(path, "devices"),
         "must be a list of " + wanted + " devices, got " + std::to_string(devices.size())});
}

void check_length(const std::vector<double>& list,
                  size_t wanted,
                  const char* name,
                  const std::string& path,
                  std::vector<Problem>& problems) {
    if (!list.empty() && list.size() != wanted) {
        problems.push_back({join_path(path, name),
                            "must be empty or have " + std::to_string(wanted) + " entries, got " +
                                std::to_string(list.size())});
    }
}

constexpr size_t kMostDevices = 64;

template <class C>
void check_chain(const C& c, const std::string& path, std::vector<Problem>& problems) {
    check_devices(c.devices, 2, kMostDevices, path, problems);
    const size_t n = c.devices.size();
    check_length(c.gammas, n, "gammas", path, problems);
    if (!c.gammas.empty() && c.gammas.size() == n && c.gammas.back() == 0) {
        problems.push_back({join_path(path, "gammas"),
                            "the part of the last device, which holds the weights, must not be 0"});
    }
    check_length(c.transfer_rate_levels, n, "transfer_rate_levels", path, problems);
    if (c.transfer_rate_levels.empty() || c.transfer_rate_levels.size() == n) {
        check_length(c.transfer_every_levels, n, "transfer_every_levels", path, problems);
    }
    if (c.transfer_every < 0) {
        problems.push_back({join_path(path, "transfer_every"),
                            "must be at least 0: only chopped learners choose their own period"});
    }
}

}  // namespace

MvmConfig line_read_mvm() {
    MvmConfig c;
    c.dac.steps = 126;
    c.adc.steps = 510;
    c.adc.bound = 12;
    c.output_noise.std = 0.06;
    c.weight_noise.kind = WeightNoiseKind::kNone;
    c.weight_noise.std = 0;
    c.ir_drop.strength = 0;
    c.noise_management.kind = NoiseManagementKind::kNone;
    c.bound_management.kind = BoundManagementKind::kNone;
    return c;
}

PulseUpdate single_pulse_update() {
    PulseUpdate u;
    u.desired_length = 1;
    u.length_management = false;
    u.update_management = false;
    return u;
}

void VectorCell::check(const std::string& path, std::vector<Problem>& problems) const {
    check_devices(devices, 1, kMostDevices, path, problems);
    check_length(gammas, devices.size(), "gammas", path, problems);
    if (first_device < 0 || static_cast<size_t>(first_device) >= devices.size()) {
        problems.push_back({join_path(path, "first_device"),
                            "must be the number of a device, counted from 0; there are " +
                                std::to_string(devices.size())});
    }
    double sum = gammas.empty() ? 1.0 : 0.0;
    for (const double g : gammas) {
        sum += g;
    }
    if (policy == VectorPolicy::kAll && std::abs(sum) < 1e-9) {
        problems.push_back({join_path(path, "gammas"),
                            "must not sum to 0 under policy `all`: no weight could be written"});
    }
}

void ReferencePair::check(const std::string& path, std::vector<Problem>& problems) const {
    check_devices(devices, 2, 2, path, problems);
    if (gammas.size() != 2 || gammas[0] == 0) {
        problems.push_back(
            {join_path(path, "gammas"), "must be two numbers, the first of them not 0"});
    }
}

void OneSided::check(const std::string& path, std::vector<Problem>& problems) const {
    const NoisyWriteCell* noisy = write_noise_of(device);
    if (refresh_every > 0 && noisy != nullptr && noisy->write_noise_std > 0) {
        problems.push_back({join_path(path, "refresh_every"),
                            "must be 0 for a device with write noise: its single cells cannot be "
                            "reset"});
    }
    if (is_floating_point(update)) {
        problems.push_back({join_path(path, "update.type"),
                            "must be pulses: a one-sided device has no floating-point update"});
    }
}

void MixedPrecision::check(const std::string& path, std::vector<Problem>& problems) const {
    for (const auto& [bins, name] : {std::pair{x_bins, "x_bins"}, std::pair{d_bins, "d_bins"}}) {
        if (bins == 1) {
            problems.push_back({join_path(path, name),
                                "must be 0 (not quantised) or at least 2: one level is no number"});
        }
    }
}

void TransferSettings::check(const std::string&, std::vector<Problem>&) const {}

void TikiTaka::check(const std::string& path, std::vector<Problem>& problems) const {
    check_chain(*this, path, problems);
    if (reset_probability > 0 && !transfer_columns) {
        problems.push_back({join_path(path, "reset_probability"),
                            "must be 0 where transfers read rows: only columns can be reset"});
    }
    if (self_transfer && transfer_every_levels.empty()) {
        problems.push_back({join_path(path, "self_transfer"),
                            "needs transfer_every_levels: the last entry is its period"});
    }
}

void BufferedTikiTaka::check(const std::string& path, std::vector<Problem>& problems) const {
    check_chain(*this, path, problems);
}

void ChoppedSettings::check(const std::string& path, std::vector<Problem>& problems) const {
    check_devices(devices, 2, 2, path, problems);
    if (auto_scale && !(auto_momentum > 0 && auto_momentum < 1)) {
        problems.push_back({join_path(path, "auto_momentum"),
                            "must lie between 0 and 1, both excluded, under auto_scale"});
    }
    if (auto_granularity > 0 && transfer_every == 0) {
        problems.push_back(
            {join_path(path, "auto_granularity"), "needs transfers: transfer_every must not be 0"});
    }
}

void Agad::check(const std::string& path, std::vector<Problem>& problems) const {
    ChoppedSettings::check(path, problems);
    if (input_chop_probability <= 0) {
        problems.push_back({join_path(path, "input_chop_probability"),
                            "must be above 0: the reference is taken at every flip"});
    }
}

void ResidualLearning::check(const std::string& path, std::vector<Problem>& problems) const {
    check_devices(devices, 2, 2, path, problems);
    if (transfer_every < 0) {
        problems.push_back({join_path(path, "transfer_every"),
                            "must be at least 0: only chopped learners choose their own period"});
    }
}

std::string_view learner_name(const LearnerConfig& config) {
    return std::visit(
        [](const auto& c) -> std::string_view { return Schema<std::decay_t<decltype(c)>>::name; },
        config);
}

std::vector<PulsedDevice> learner_devices(const LearnerConfig& config) {
    return std::visit([](const auto& c) { return devices_of(c); }, config);
}

const PulseUpdate& learner_update(const LearnerConfig& config) {
    return std::visit([](const auto& c) -> const PulseUpdate& { return c.update; }, config);
}

PulseUpdate& learner_update(LearnerConfig& config) {
    return std::visit([](auto& c) -> PulseUpdate& { return c.update; }, config);
}

void require_valid(const LearnerConfig& config, const std::string& path) {
    Problems problems = validate(config, path);
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
    for (const PulsedDevice& d : learner_devices(config)) {
        require_valid(d, join_path(path, "device"));
    }
}

LearnerConfig learner_from_json(const std::string& text, const std::string& path) {
    LearnerConfig config;
    Problems problems;
    from_json(parse_json(text, path), config, path, {}, problems);
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
    return config;
}

std::string learner_to_json(const LearnerConfig& config) {
    return to_json(config).dump(2);
}

}  // namespace mho

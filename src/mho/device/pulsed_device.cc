// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/pulsed_device.h"

#include <fmt/format.h>

#include <cmath>

#include "mho/device/constants.h"
#include "mho/device/pulsed_device_json.h"

namespace mho {
namespace {

void require_nodes(const std::string& path,
                   const char* name,
                   const std::vector<double>& nodes,
                   Problems& problems) {
    if (nodes.empty() || nodes.size() > kMostNodes) {
        problems.push_back(
            {join_path(path, name),
             fmt::format("must hold 1 to {} numbers, got {}", kMostNodes, nodes.size())});
    }
}

void require_same_size(const std::string& path,
                       const char* name,
                       const std::vector<double>& nodes,
                       size_t expected,
                       const char* other,
                       Problems& problems) {
    if (nodes.size() != expected) {
        problems.push_back(
            {join_path(path, name),
             fmt::format(
                 "must have as many numbers as {} ({}), got {}", other, expected, nodes.size())});
    }
}

template <class S>
void check_reversed(const S& s, const std::string& path, Problems& problems) {
    if ((s.reverse_up || s.reverse_down) && !s.multiplicative_noise) {
        problems.push_back({join_path(path, "multiplicative_noise"),
                            "must be true where a direction is reversed"});
    }
}

}  // namespace

void PulsedCell::check(const std::string& path, Problems& problems) const {
    if (pink_diffusion > 0 && diffusion > 0) {
        problems.push_back({join_path(path, "pink_diffusion"),
                            "cannot be combined with `diffusion`: choose white or 1/f diffusion"});
    }
}

void LinearStep::check(const std::string& path, Problems& problems) const {
    PulsedCell::check(path, problems);
    check_reversed(*this, path, problems);
}

void SoftBounds::check(const std::string& path, Problems& problems) const {
    PulsedCell::check(path, problems);
    check_reversed(*this, path, problems);
}

void SoftBoundsPmax::check(const std::string& path, Problems& problems) const {
    SoftBounds::check(path, problems);
    if (!(range_max > range_min)) {
        problems.push_back(
            {join_path(path, "range_max"),
             fmt::format("must exceed range_min = {}, got {}", range_min, range_max)});
        return;
    }
    const SoftBoundsPmax derived = std::get<SoftBoundsPmax>(with_derived_parameters(*this));
    if (derived.w_max < 0 || derived.w_min > 0) {
        problems.push_back(
            {join_path(path, "range_min"),
             fmt::format(
                 "the soft bounds {} and {} must enclose 0", derived.w_min, derived.w_max)});
    }
}

void PiecewiseStep::check(const std::string& path, Problems& problems) const {
    PulsedCell::check(path, problems);
    require_nodes(path, "piecewise_up", piecewise_up, problems);
    require_same_size(
        path, "piecewise_down", piecewise_down, piecewise_up.size(), "piecewise_up", problems);
}

void MeasuredStep::check(const std::string& path, Problems& problems) const {
    PulsedCell::check(path, problems);
    require_nodes(path, "mean_up", mean_up, problems);
    require_same_size(path, "mean_down", mean_down, mean_up.size(), "mean_up", problems);
    require_same_size(path, "std_up", std_up, mean_up.size(), "mean_up", problems);
    require_same_size(path, "std_down", std_down, mean_up.size(), "mean_up", problems);
}

void UserStep::check(const std::string& path, Problems& problems) const {
    PulsedCell::check(path, problems);
    if (law == nullptr) {
        problems.push_back(
            {join_path(path, "law"), "a user's law cannot be read from a file: set `law` in code"});
    }
}

std::string_view model_name(const PulsedDevice& device) {
    return std::visit([](const auto& d) { return Schema<std::decay_t<decltype(d)>>::name; },
                      device);
}

const PulsedCell& common_parameters(const PulsedDevice& device) {
    return std::visit([](const auto& d) -> const PulsedCell& { return d; }, device);
}

PulsedCell& common_parameters(PulsedDevice& device) {
    return std::visit([](auto& d) -> PulsedCell& { return d; }, device);
}

const NoisyWriteCell* write_noise_of(const PulsedDevice& device) {
    return std::visit(
        [](const auto& d) -> const NoisyWriteCell* {
            if constexpr (std::is_base_of_v<NoisyWriteCell, std::decay_t<decltype(d)>>) {
                return &d;
            } else {
                return nullptr;
            }
        },
        device);
}

void require_valid(const PulsedDevice& device, const std::string& path) {
    Problems problems = validate(device, path);
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
}

// The curve of the documentation: up pulses follow w += alpha (B + range_min - w), down pulses
// w -= alpha (w - range_max + B). In terms of the tables, with the step at weight 0:
// step_up = alpha w_max and step_down = -alpha w_min with w_max = range_min + B,
// w_min = range_max - B. The step of SoftBounds is gain dw_min (1 + b), so the mean of both becomes
// dw_min and their relative difference the (symmetric) asymmetry.
PulsedDevice with_derived_parameters(PulsedDevice device) {
    if (auto* p = std::get_if<SoftBoundsPmax>(&device)) {
        const double width = (p->range_max - p->range_min) / -std::expm1(-p->p_max * p->alpha);
        p->w_max = p->range_min + width;
        if (p->compatible_parameters) {
            p->w_min = p->range_min;
            p->dw_min = width * p->alpha;
            p->up_down = 1.0 + 2.0 * p->range_min / width;
            p->asymmetry_law = AsymmetryLaw::kOneSided;
        } else {
            p->w_min = p->range_max - width;
            const double up = p->alpha * p->w_max;
            const double down = -p->alpha * p->w_min;
            p->dw_min = 0.5 * (up + down);
            p->up_down = 0.5 * (up - down) / p->dw_min;
            p->asymmetry_law = AsymmetryLaw::kSymmetric;
        }
    }
    return device;
}

double granularity(const PulsedDevice& device) {
    const PulsedDevice derived = with_derived_parameters(device);
    const double dw = common_parameters(derived).dw_min;
    if (const auto* e = std::get_if<ExpStep>(&derived)) {
        const double down = std::max(1.0 - e->a_down * std::exp(-e->gamma_down * e->b), 0.0);
        const double up = std::max(1.0 - e->a_up * std::exp(e->gamma_up * e->b), 0.0);
        return dw * (e->granularity_from_down ? down : 0.5 * (up + down));
    }
    if (const auto* p = std::get_if<PowStep>(&derived)) {
        return dw * std::pow(0.5, p->pow_gamma);
    }
    if (const auto* p = std::get_if<PowStepReference>(&derived)) {
        return dw * std::pow(0.5, p->pow_gamma);
    }
    if (const auto* p = std::get_if<PiecewiseStep>(&derived)) {
        return dw * p->piecewise_up[p->piecewise_up.size() / 2];
    }
    if (const auto* m = std::get_if<MeasuredStep>(&derived)) {
        const size_t middle = m->mean_up.size() / 2;
        return 0.5 * dw * (std::abs(m->mean_up[middle]) + std::abs(m->mean_down[middle]));
    }
    return dw;
}

double number_of_states(const PulsedDevice& device) {
    const PulsedDevice derived = with_derived_parameters(device);
    const PulsedCell& c = common_parameters(derived);
    return (c.w_max - c.w_min) / granularity(derived);
}

}  // namespace mho

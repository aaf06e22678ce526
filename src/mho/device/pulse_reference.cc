// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/pulse_reference.h"

#include <algorithm>
#include <cmath>

namespace mho {
namespace {

struct Response {
    const CellParameters& c;
    double u;  // device value
    bool up;

    double step() const { return up ? c.step_up : c.step_down; }
    double range() const { return c.max_bound - c.min_bound; }
    // sigma times the step, as it is or at weight 0.
    ReferencePulse with_noise(const PulsedCell& p, double change, bool multiplicative) const {
        return {up ? change : -change, p.dw_min_std * (multiplicative ? change : step())};
    }
    template <class S>
    ReferencePulse linear(const S& s) const {
        const double slope = up ? c.slope_up : c.slope_down;
        return with_noise(s, slope * u + step(), s.multiplicative_noise);
    }
    double interpolate(const std::vector<double>& nodes) const {
        if (nodes.size() == 1 || range() <= 0) {
            return nodes[0];
        }
        const auto n = static_cast<double>(nodes.size() - 1);
        const double q = std::clamp((u - c.min_bound) / range() * n, 0.0, n);
        const double i = std::min(std::floor(q), n - 1);
        const auto k = static_cast<size_t>(i);
        return nodes[k] + (q - i) * (nodes[k + 1] - nodes[k]);
    }

    ReferencePulse operator()(const ConstantStep& s) const { return with_noise(s, step(), true); }
    ReferencePulse operator()(const LinearStep& s) const { return linear(s); }
    ReferencePulse operator()(const SoftBounds& s) const { return linear(s); }
    ReferencePulse operator()(const SoftBoundsReference& s) const { return linear(s); }
    ReferencePulse operator()(const ExpStep& s) const {
        if (range() <= 0) {
            return {};
        }
        const double z = 2 * u / range() * s.a + s.b;
        const double y =
            up ? 1 - s.a_up * std::exp(s.gamma_up * z) : 1 - s.a_down * std::exp(-s.gamma_down * z);
        const double change = std::max(y, 0.0) * step();
        const double noise =
            s.dw_min_std * (change + s.dw_min_std_add + s.dw_min_std_slope * std::abs(u));
        return {up ? change : -change, noise};
    }
    ReferencePulse power(const PulsedCell& p) const {
        if (range() <= 0) {
            return {};
        }
        const double distance = up ? c.max_bound - u : u - c.min_bound;
        const double y =
            std::pow(std::max(distance / range(), 0.0), up ? c.gamma_up : c.gamma_down);
        return with_noise(p, step() * y, true);
    }
    ReferencePulse operator()(const PowStep& s) const { return power(s); }
    ReferencePulse operator()(const PowStepReference& s) const { return power(s); }
    ReferencePulse operator()(const PiecewiseStep& s) const {
        return with_noise(s, step() * interpolate(up ? s.piecewise_up : s.piecewise_down), true);
    }
    // 1 - w / bound of the direction.
    double rest() const { return std::max(1 - u / (up ? c.max_bound : c.min_bound), 0.0); }
    ReferencePulse operator()(const PowerResponse& s) const {
        return with_noise(s, step() * std::pow(rest(), s.gamma), false);
    }
    ReferencePulse operator()(const ExponentialResponse& s) const {
        return with_noise(s, step() * std::expm1(s.gamma * rest()) / std::expm1(s.gamma), false);
    }
    ReferencePulse operator()(const MeasuredStep& s) const {
        const double change = step() * interpolate(up ? s.mean_up : s.mean_down);
        return {up ? change : -change, step() * interpolate(up ? s.std_up : s.std_down)};
    }
    ReferencePulse operator()(const HiddenStep&) const { return {}; }
    ReferencePulse operator()(const UserStep&) const { return {}; }
};

}  // namespace

ReferencePulse reference_pulse(const PulsedDevice& device,
                               const CellParameters& cell,
                               double w,
                               bool up) {
    return std::visit(Response{cell, w + cell.reference, up}, device);
}

double reference_after_pulse(
    const PulsedDevice& device, const CellParameters& cell, double w, bool up, double normal) {
    const ReferencePulse p = reference_pulse(device, cell, w, up);
    // The noise of a down pulse is subtracted with the step.
    const double u = w + cell.reference + p.mean + (up ? p.noise : -p.noise) * normal;
    return std::clamp(u, cell.min_bound, cell.max_bound) - cell.reference;
}

}  // namespace mho

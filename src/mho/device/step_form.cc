// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/step_form.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace mho {
namespace {

// A single node becomes two equal ones.
std::vector<float> nodes_of(const std::vector<double>& values) {
    std::vector<float> nodes(values.begin(), values.end());
    if (nodes.size() == 1) {
        nodes.push_back(nodes[0]);
    }
    return nodes;
}

float largest_difference(const std::vector<float>& up, const std::vector<float>& down) {
    float d = 0;
    for (size_t i = 1; i < up.size(); i++) {
        d = std::max({d, std::abs(up[i] - up[i - 1]), std::abs(down[i] - down[i - 1])});
    }
    return d;
}

void join_nodes(const std::vector<float>& up,
                const std::vector<float>& down,
                size_t stride,
                std::vector<float>& values,
                std::vector<float>& differences) {
    values.assign(2 * stride, 0.0f);
    differences.assign(2 * stride, 0.0f);
    for (const auto& [nodes, first] : {std::pair(&up, size_t{0}), std::pair(&down, stride)}) {
        for (size_t i = 0; i < nodes->size(); i++) {
            values[first + i] = (*nodes)[i];
            differences[first + i] = i + 1 < nodes->size() ? (*nodes)[i + 1] - (*nodes)[i] : 0.0f;
        }
    }
}

// a exp(z + start) with a > 0 is exp(z + start + ln a): one multiplication less per pulse.
float into_exponent(double a, double& start) {
    if (a <= 0) {
        return static_cast<float>(a);
    }
    start += std::log(a);
    return 1.0f;
}

struct Former {
    StepForm& f;
    float sigma;

    void relative() const { f.noise_of_mean = sigma; }
    void linear(bool multiplicative) const {
        f.kind = StepKind::kLinear;
        (multiplicative ? f.noise_of_mean : f.noise_of_step) = sigma;
    }
    void operator()(const ConstantStep&) const { relative(); }
    void operator()(const LinearStep& s) const { linear(s.multiplicative_noise); }
    void operator()(const SoftBounds& s) const { linear(s.multiplicative_noise); }
    void operator()(const SoftBoundsReference& s) const { linear(s.multiplicative_noise); }
    void operator()(const ExpStep& s) const {
        f.kind = StepKind::kExponential;
        double start_up = s.gamma_up * s.b;
        double start_down = -s.gamma_down * s.b;
        f.amplitude_up = into_exponent(s.a_up, start_up);
        f.amplitude_down = into_exponent(s.a_down, start_down);
        f.start_up = static_cast<float>(start_up / std::numbers::ln2);
        f.start_down = static_cast<float>(start_down / std::numbers::ln2);
        relative();
        f.noise_add = sigma * static_cast<float>(s.dw_min_std_add);
        f.noise_slope = sigma * static_cast<float>(s.dw_min_std_slope);
    }
    void operator()(const PowStep&) const {
        f.kind = StepKind::kPower;
        relative();
    }
    void operator()(const PowStepReference&) const {
        f.kind = StepKind::kPower;
        relative();
    }
    void operator()(const PiecewiseStep& s) const {
        f.kind = StepKind::kPiecewise;
        f.nodes_up = nodes_of(s.piecewise_up);
        f.nodes_down = nodes_of(s.piecewise_down);
        relative();
    }
    void operator()(const PowerResponse&) const {
        f.kind = StepKind::kPower;
        f.noise_of_step = sigma;
    }
    void operator()(const ExponentialResponse& s) const {
        f.kind = StepKind::kExponentialResponse;
        f.curvature = static_cast<float>(s.gamma);
        f.inverse_norm = static_cast<float>(1.0 / std::expm1(s.gamma));
        f.noise_of_step = sigma;
    }
    void operator()(const MeasuredStep& s) const {
        f.kind = StepKind::kPiecewise;
        f.nodes_up = nodes_of(s.mean_up);
        f.nodes_down = nodes_of(s.mean_down);
        f.spread_up = nodes_of(s.std_up);
        f.spread_down = nodes_of(s.std_down);
    }
    void operator()(const HiddenStep& s) const {
        f.kind = StepKind::kHidden;
        f.hidden_noise = static_cast<float>(s.hidden_dw_min_std);
        relative();
    }
    void operator()(const UserStep& s) const {
        f.kind = StepKind::kUser;
        f.law = s.law.get();
    }
};

}  // namespace

StepForm step_form(const PulsedDevice& device) {
    StepForm f;
    const PulsedCell& common = common_parameters(device);
    std::visit(Former{f, static_cast<float>(common.dw_min_std)}, device);
    f.largest_difference = largest_difference(f.nodes_up, f.nodes_down);
    if (f.kind == StepKind::kPiecewise) {
        f.node_stride = std::max<size_t>(f.nodes_up.size(), 16);
        join_nodes(f.nodes_up, f.nodes_down, f.node_stride, f.node_values, f.node_differences);
        join_nodes(
            f.spread_up, f.spread_down, f.node_stride, f.spread_values, f.spread_differences);
    }
    f.relative_noise =
        f.noise_of_step == 0 && f.noise_add == 0 && f.noise_slope == 0 && f.spread_up.empty();
    if (const NoisyWriteCell* noisy = write_noise_of(device)) {
        f.write_noise = static_cast<float>(noisy->write_noise_std * common.dw_min);
    }
    return f;
}

bool exponents_inside(const StepForm& form, const CellTables& tables) {
    constexpr float kMost = 40.0f;
    if (form.kind != StepKind::kExponential) {
        return false;
    }
    const float start = std::max(std::abs(form.start_up), std::abs(form.start_down));
    bool inside = true;
    for (size_t i = 0; i < tables.scale_up.size(); i++) {
        const float scale = std::max(std::abs(tables.scale_up[i]), std::abs(tables.scale_down[i]));
        const float state = std::max(std::abs(tables.min_bound[i]), std::abs(tables.max_bound[i]));
        inside = inside && scale * state + start <= kMost;
    }
    return inside;
}

}  // namespace mho

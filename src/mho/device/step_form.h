// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_STEP_FORM_H
#define MHO_DEVICE_STEP_FORM_H

// The step models brought to one form for the kernels. With u = weight + reference, s the step and
// t the scale of the direction, one pulse up adds
//
//     step  = s y(u)  (+ k u for linear steps)
//     noise = (noise_of_mean |step| + noise_of_step s + noise_add + noise_slope |u|) xi
//
// Internal to device.

#include <array>
#include <vector>

#include "mho/device/cell_tables.h"

namespace mho {

enum class StepKind {
    kConstant,             // y = 1
    kLinear,               // step = s + k u
    kExponential,          // y = max(1 - A exp(gamma (t u + b)), 0), as powers of two
    kPower,                // y = (t distance)^gamma of the cell
    kExponentialResponse,  // y = (exp(gamma t distance) - 1) / (exp(gamma) - 1)
    kPiecewise,            // y and the noise interpolated between nodes
    kHidden,               // state machines and laws of the user: one cell at a time
    kUser,
};

inline constexpr float kLn2 = 0.693147181f;

struct StepForm {
    StepKind kind = StepKind::kConstant;
    float noise_of_mean = 0;
    float noise_of_step = 0;
    float noise_add = 0;
    float noise_slope = 0;
    bool relative_noise = false;  // the noise is a share of the mean step, nothing else

    // kExponential: A and gamma b / ln 2; the tables of scales hold gamma t / ln 2, gamma with the
    // sign of its direction.
    float amplitude_up = 0;
    float amplitude_down = 0;
    float start_up = 0;
    float start_down = 0;
    bool exponents_inside = false;  // of all cells: see exponents_inside

    float curvature = 0;  // kExponentialResponse
    float inverse_norm = 0;

    std::vector<float> nodes_up;  // kPiecewise; spreads empty = noise of the mean
    std::vector<float> nodes_down;
    std::vector<float> spread_up;
    std::vector<float> spread_down;
    float largest_difference = 0;  // between neighbouring nodes
    // The same for the kernels: up, and from node_stride on down; differences to the next node.
    size_t node_stride = 0;
    std::vector<float> node_values;
    std::vector<float> node_differences;
    std::vector<float> spread_values;
    std::vector<float> spread_differences;

    float hidden_noise = 0;  // kHidden: relative spread of the hidden step
    const StepLaw* law = nullptr;

    float write_noise = 0;  // standard deviation of the visible weight around the hidden one
};

StepForm step_form(const PulsedDevice& device);

/// Whether the exponents of exponential steps stay within a third of the range of exp2 between the
/// bounds of all cells, so that kernels need not clamp them.
bool exponents_inside(const StepForm& form, const CellTables& tables);

}  // namespace mho

#endif  // MHO_DEVICE_STEP_FORM_H

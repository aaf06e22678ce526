// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ARRAY_CONVERTER_H
#define MHO_ARRAY_CONVERTER_H

// From weights (no unit) to the conductances (uS) of the devices that hold them, and back.
//
// With k = uS per weight, w_uS = k w and slices g_1, g_2, ... of one weight:
//
//     single pair    k = (g_max - g_min) / max|w|;  g+- = clip(+-w_uS, 0, g_max - g_min) + g_min
//     n pair         k = sum f (g_max - g_min) / max|w|; pairs filled one after the other
//     custom pair    k = max|W_table| / max|w|;  g+-  interpolated in tables over w_uS
//     single device  k = (g_max - g_min) / (w_max - w_min);  g = (w - w_min) k + g_min
//     fusion         per row: k = g_max / max|w|;  g = |w_uS|, the sign kept aside
//     differential   per row or tile: k = g_max / max|w|;  g = w_uS with its sign
//
// Back: w = sum over slices of factor (g - offset) / k + w_offset, where factor is +-f; `fusion`
// differs (see there). The scale k is found once, when weights are programmed, and kept: a noisy
// maximum must not rescale the weights that it belongs to.

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "mho/array/converter_config.h"
#include "mho/util/matrix.h"

namespace mho {

/// How the conductances of one tile relate to its weights.
struct ConductanceScale {
    std::vector<double> us_per_weight;  // one number, or one per row of the tile
    double weight_offset = 0.0;         // single device: the smallest weight
    /// Fusion only: the weights that were converted; they give the signs and the regression.
    Matrix<float> original;

    double of_row(size_t row) const {
        return us_per_weight.size() == 1 ? us_per_weight[0] : us_per_weight[row];
    }
};

/// The devices of one tile: `slices[s](row, column)` in uS, in the order g+, g-, g+ of the next
/// pair.
struct Conductances {
    std::vector<Matrix<float>> slices;
    ConductanceScale scale;
};

/// The name that a configuration file gives the converter: "single pair", ...
std::string_view converter_name(const Converter& converter);
/// Number of devices per weight.
size_t slice_count(const Converter& converter);
/// Largest and smallest conductance of a device; `differential` reports -g_max as its smallest.
double g_max_us(const Converter& converter);
double g_min_us(const Converter& converter);
/// Factor of every slice in the sum that gives the weight: +f or -f. For `fusion` it is 1 (times
/// the sign of the weight); a user's converter gives its own.
std::vector<double> slice_factors(const Converter& converter);

/// Throws ConfigError when the parameters are not usable (the checks of a configuration file).
void require_valid(const Converter& converter);

/// The scale that fits the weights (as large as the conductance range allows). Weights `[out, in]`,
/// finite; an all-zero matrix gets the scale of the weight 1e-7.
ConductanceScale fit_scale(const Converter& converter, ConstFloatView weights);

/// Converts with the fitting scale. To find the law of tools that convert *noisy* weights again
/// with a new scale at every time step, call this with the noisy weights.
Conductances to_conductances(const Converter& converter, ConstFloatView weights);
/// Converts with a given scale, for example that of the first programming; what exceeds the range
/// of the devices is clipped.
Conductances to_conductances(const Converter& converter,
                             ConstFloatView weights,
                             const ConductanceScale& scale);

/// Weights of (noisy) conductances. `out` has the shape of the slices.
void to_weights(const Converter& converter, const Conductances& conductances, FloatView out);
void to_weights(const Converter& converter,
                std::span<const Matrix<float>> slices,
                const ConductanceScale& scale,
                FloatView out);

/// One weight in double precision: its slices, and back. Not for a user's converter; the way back
/// of `fusion` needs the whole row: reference_fusion_row.
std::vector<double> reference_slices(const Converter& converter,
                                     double weight,
                                     double us_per_weight,
                                     double weight_offset);
double reference_weight(const Converter& converter,
                        std::span<const double> slices_us,
                        double us_per_weight,
                        double weight_offset);
/// A row of `fusion` back to weights: signed conductances times the slope of the least-squares line
/// original = slope g + intercept.
std::vector<double> reference_fusion_row(std::span<const double> g_us,
                                         std::span<const double> original);

}  // namespace mho

#endif  // MHO_ARRAY_CONVERTER_H

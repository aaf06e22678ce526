// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ARRAY_NONIDEALITIES_H
#define MHO_ARRAY_NONIDEALITIES_H

// What a crossbar does to the product y = W v between the input and the output converters, as
// statistical laws of the whole product. Formulas: docs/models/mvm.md.

#include <array>
#include <string>
#include <vector>

#include "mho/util/error.h"
#include "mho/util/reflect.h"

namespace mho {

/// Read noise of the weights, referred to the output: the exact law of independent Gaussian noise
/// on every cell and read.
enum class WeightNoiseKind {
    kNone,
    kAdditive,  // std w_noise on every weight: y += w_noise |v| xi
    kPcmRead,   // std w_noise sqrt|w|:         y += w_noise sqrt(sum |w| v^2) xi
};

template <>
struct EnumNames<WeightNoiseKind> {
    static constexpr std::array<std::pair<WeightNoiseKind, std::string_view>, 3> names = {
        {{WeightNoiseKind::kNone, "none"},
         {WeightNoiseKind::kAdditive, "additive"},
         {WeightNoiseKind::kPcmRead, "pcm read"}}};
};

struct WeightNoise {
    WeightNoiseKind kind = WeightNoiseKind::kPcmRead;
    double std = 0.0175;  // in units of the largest weight
};

/// Voltage drop along the bit lines, in closed form for all outputs at once.
struct IrDrop {
    double strength = 1.0;                     // 1 = physical, 0 = off
    double wire_to_g_max = 1.0 / 0.35 / 5e-6;  // conductance of a wire segment over g_max
};

/// Offset voltage of the read-out, a fixed number per output line.
struct VoltageOffset {
    double std = 0.0;
    double reference_weight = -1.0;  // weight whose conductance is zero; 0 = no reference term
    bool compatible_law = false;     // the peer's law: half the offsets 0, half a full normal
};

struct SeriesResistance {
    double factor = 0.0;        // resistance relative to the output line
    double max_total = 3.4e38;  // cap of factor * |y|
};

/// Saturating read-out y / (1 + strength / bound |y|), with a spread over output lines.
struct NonLinearity {
    double strength = 0.0;           // 1 would halve the output at the ADC bound
    double spread = 0.0;             // relative standard deviation over output lines
    double slope_calibration = 0.0;  // fraction of the bound at which the average slope is 1
};

struct OutputNoise {
    double std = 0.04;    // output units, before the ADC
    double spread = 0.0;  // relative standard deviation over output lines, fixed per tile
};

template <>
struct Schema<WeightNoise> {
    static constexpr std::string_view name = "WeightNoise";
    static void fields(auto&& visit) {
        visit(field("kind",
                    &WeightNoise::kind,
                    {.meaning = "law of the read noise of the weights",
                     .source = "arXiv 2302.08469, methods"}));
        visit(
            field("std",
                  &WeightNoise::std,
                  {.unit = "w_max",
                   .min = 0,
                   .max = 1e3,
                   .meaning =
                       "standard deviation of the noise of one weight (times sqrt|w| for pcm read)",
                   .source = "arXiv 2302.08469, methods: 0.0175"}));
    }
};

template <>
struct Schema<IrDrop> {
    static constexpr std::string_view name = "IrDrop";
    static void fields(auto&& visit) {
        visit(field(
            "strength",
            &IrDrop::strength,
            {.unit = "1",
             .min = 0,
             .max = 1e3,
             .meaning = "factor of the voltage drop along the output lines; 1 = physical, 0 = off",
             .source = "arXiv 2302.08469, methods"}));
        visit(field("wire_to_g_max",
                    &IrDrop::wire_to_g_max,
                    {.unit = "1",
                     .min = 1e-6,
                     .max = 1e30,
                     .meaning = "conductance of one wire segment over the largest cell conductance",
                     .source = "arXiv 2302.08469: 0.35 Ohm, 5 uS"}));
    }
};

template <>
struct Schema<VoltageOffset> {
    static constexpr std::string_view name = "VoltageOffset";
    static void fields(auto&& visit) {
        visit(field(
            "std",
            &VoltageOffset::std,
            {.unit = "1",
             .min = 0,
             .max = 1e3,
             .meaning = "spread of the fixed offset of each output line; offset = max(std xi, 0)",
             .source = "aihwkit v_offset_std"}));
        visit(field(
            "reference_weight",
            &VoltageOffset::reference_weight,
            {.unit = "w_max",
             .min = -1e3,
             .max = 0,
             .meaning = "weight of zero conductance in the offset term; 0 = without that term",
             .source = "aihwkit v_offset_w_min"}));
        visit(
            field("compatible_law",
                  &VoltageOffset::compatible_law,
                  {.meaning = "draw as aihwkit does: half of the offsets 0, half a full normal of "
                              "either sign",
                   .source = "aihwkit 1.2.0, measured"}));
    }
};

template <>
struct Schema<SeriesResistance> {
    static constexpr std::string_view name = "SeriesResistance";
    static void fields(auto&& visit) {
        visit(field("factor",
                    &SeriesResistance::factor,
                    {.unit = "1",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "series resistance of the read-out: y / (1 + factor |y|)",
                     .source = "aihwkit r_series"}));
        visit(field("max_total",
                    &SeriesResistance::max_total,
                    {.unit = "1",
                     .min = 0,
                     .max = 3.5e38,
                     .meaning = "upper limit of factor |y|",
                     .source = "aihwkit r_series_max_total"}));
    }
};

template <>
struct Schema<NonLinearity> {
    static constexpr std::string_view name = "NonLinearity";
    static void fields(auto&& visit) {
        visit(field(
            "strength",
            &NonLinearity::strength,
            {.unit = "1",
             .min = 0,
             .max = 1e3,
             .meaning = "S-shape of the output, y / (1 + n |y|) with n = strength / adc.bound",
             .source = "arXiv 2302.08469, methods; aihwkit out_nonlinearity"}));
        visit(field("spread",
                    &NonLinearity::spread,
                    {.unit = "1",
                     .min = 0,
                     .max = 10,
                     .meaning = "relative standard deviation of n over output lines",
                     .source = "aihwkit out_nonlinearity_std"}));
        visit(field("slope_calibration",
                    &NonLinearity::slope_calibration,
                    {.unit = "adc.bound",
                     .min = 0,
                     .max = 1,
                     .meaning = "output (fraction of the bound) at which the average slope is "
                                "calibrated to 1; 0 = none",
                     .source = "aihwkit slope_calibration"}));
    }
};

template <>
struct Schema<OutputNoise> {
    static constexpr std::string_view name = "OutputNoise";
    static void fields(auto&& visit) {
        visit(
            field("std",
                  &OutputNoise::std,
                  {.unit = "1",
                   .min = 0,
                   .max = 1e6,
                   .meaning = "standard deviation of Gaussian noise on each output before the ADC",
                   .source = "arXiv 2302.08469, methods: 0.04"}));
        visit(field("spread",
                    &OutputNoise::spread,
                    {.unit = "1",
                     .min = 0,
                     .max = 10,
                     .meaning = "relative spread of that standard deviation over output lines",
                     .source = "aihwkit out_noise_std"}));
    }
};

// The formulas in double, one function each.

/// Position weight of input j of n: 0 next to the read-out, towards 1 at the far end.
double ir_drop_position(size_t j, size_t n);

/// Output after IR drop, from y = sum w v, b = sum w v q and s = sum |w||v| over n inputs.
double ir_drop_output(const IrDrop& ir, double y, double b, double s, size_t n);

/// Output after voltage offset and series resistance; `input_sum` = sum v.
double offset_output(const VoltageOffset& offset,
                     const SeriesResistance& series,
                     double line_offset,
                     double y,
                     double input_sum);

/// The calibration factor f of the S-shape (1 without slope calibration).
double nonlinearity_gain(const NonLinearity& n, double mean_n, double series_factor, double bound);

}  // namespace mho

#endif  // MHO_ARRAY_NONIDEALITIES_H

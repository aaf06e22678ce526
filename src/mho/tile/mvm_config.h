// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TILE_MVM_CONFIG_H
#define MHO_TILE_MVM_CONFIG_H

#include <array>
#include <string>
#include <vector>

#include "mho/array/nonidealities.h"
#include "mho/convert/uniform.h"
#include "mho/util/reflect.h"

namespace mho {

/// How signed inputs pass through the array.
enum class MvmMode {
    kOnePass,             // positive and negative inputs at once
    kSeparate,            // two passes, added before the ADC
    kSeparateDigitalSum,  // two passes with an ADC conversion each, added digitally
};

/// Digital scaling of each input vector before the DAC.
enum class NoiseManagementKind {
    kNone,
    kAbsMax,         // by max |x|, at most the threshold
    kMax,            // by max x (signed); an input without positive entries gives zeros
    kConstant,       // by the threshold
    kAverageAbsMax,  // by a running average of max |x|
    kAbsMaxNpSum,    // by the larger of max |x| and the worst-case output of assumed weights
};

/// Repetition with smaller inputs while an output exceeds the ADC bound.
enum class BoundManagementKind {
    kNone,
    kIterative,           // halve the inputs each round
    kIterativeWorstCase,  // the second round uses the worst-case scale, then halve
};

template <>
struct EnumNames<MvmMode> {
    static constexpr std::array<std::pair<MvmMode, std::string_view>, 3> names = {
        {{MvmMode::kOnePass, "one pass"},
         {MvmMode::kSeparate, "separate polarities"},
         {MvmMode::kSeparateDigitalSum, "separate polarities, digital sum"}}};
};

template <>
struct EnumNames<NoiseManagementKind> {
    static constexpr std::array<std::pair<NoiseManagementKind, std::string_view>, 6> names = {
        {{NoiseManagementKind::kNone, "none"},
         {NoiseManagementKind::kAbsMax, "abs max"},
         {NoiseManagementKind::kMax, "max"},
         {NoiseManagementKind::kConstant, "constant"},
         {NoiseManagementKind::kAverageAbsMax, "average abs max"},
         {NoiseManagementKind::kAbsMaxNpSum, "abs max np sum"}}};
};

template <>
struct EnumNames<BoundManagementKind> {
    static constexpr std::array<std::pair<BoundManagementKind, std::string_view>, 3> names = {
        {{BoundManagementKind::kNone, "none"},
         {BoundManagementKind::kIterative, "iterative"},
         {BoundManagementKind::kIterativeWorstCase, "iterative worst case"}}};
};

struct NoiseManagement {
    NoiseManagementKind kind = NoiseManagementKind::kConstant;
    double threshold = 1.0;
    double assumed_w_max = 0.6;
    double decay = 1e-3;
};

struct BoundManagement {
    BoundManagementKind kind = BoundManagementKind::kNone;
    double max_factor = 1000.0;
    double max_resolution = 0.25;
    bool test_negative_bound = true;
    bool compatible_test = false;  // aihwkit's order of tests when the negative bound is not tested
};

/// One analog matrix-vector product, from digital inputs to digital outputs. The defaults are the
/// standard AIMC model of Rasch et al. (arXiv 2302.08469).
struct MvmConfig {
    bool perfect = false;  // exact product, only output_scale remains
    MvmMode mode = MvmMode::kOnePass;
    Dac dac;
    Adc adc;
    OutputNoise output_noise;
    WeightNoise weight_noise;
    IrDrop ir_drop;
    NonLinearity output_nonlinearity;
    VoltageOffset voltage_offset;
    SeriesResistance series_resistance;
    double read_asymmetry_spread = 0.0;
    NoiseManagement noise_management;
    BoundManagement bound_management;
    double output_scale = 1.0;
    void check(const std::string& path, std::vector<Problem>& problems) const;
};

/// A product without any imperfection.
inline MvmConfig perfect_mvm() {
    MvmConfig c;
    c.perfect = true;
    return c;
}

template <>
struct Schema<NoiseManagement> {
    static constexpr std::string_view name = "NoiseManagement";
    static void fields(auto&& visit) {
        visit(field(
            "kind",
            &NoiseManagement::kind,
            {.meaning =
                 "rule for the digital factor that scales each input vector into the DAC range",
             .source = "aihwkit noise_management; arXiv 2307.09357"}));
        visit(
            field("threshold",
                  &NoiseManagement::threshold,
                  {.unit = "1",
                   .min = 0,
                   .max = 1e30,
                   .meaning =
                       "cap of the factor (abs max, max; 0 = none) or the factor itself (constant)",
                   .source = "aihwkit nm_thres"}));
        visit(field("assumed_w_max",
                    &NoiseManagement::assumed_w_max,
                    {.unit = "w_max",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "weight assumed by the worst-case estimate of `abs max np sum`",
                     .source = "aihwkit nm_assumed_wmax"}));
        visit(field("decay",
                    &NoiseManagement::decay,
                    {.unit = "1",
                     .min = 0,
                     .max = 1,
                     .meaning = "rate of the running average of `average abs max`",
                     .source = "aihwkit nm_decay"}));
    }
};

template <>
struct Schema<BoundManagement> {
    static constexpr std::string_view name = "BoundManagement";
    static void fields(auto&& visit) {
        visit(field("kind",
                    &BoundManagement::kind,
                    {.meaning = "what happens when an output exceeds the ADC bound",
                     .source = "aihwkit bound_management; arXiv 2307.09357"}));
        visit(field("max_factor",
                    &BoundManagement::max_factor,
                    {.unit = "1",
                     .min = 0,
                     .max = 1e9,
                     .meaning = "stop when the input reduction exceeds this",
                     .source = "aihwkit max_bm_factor"}));
        visit(field("max_resolution",
                    &BoundManagement::max_resolution,
                    {.unit = "1",
                     .min = 0,
                     .max = 1e9,
                     .meaning = "stop when the reduction exceeds this over the DAC step",
                     .source = "aihwkit max_bm_res"}));
        visit(field(
            "test_negative_bound",
            &BoundManagement::test_negative_bound,
            {.meaning = "whether falling below the negative bound also triggers another round",
             .source = "aihwkit bm_test_negative_bound"}));
        visit(field(
            "compatible_test",
            &BoundManagement::compatible_test,
            {.meaning = "aihwkit's order of tests: a later negative clip marks the round as passed",
             .source = "aihwkit 1.2.0, measured"}));
    }
};

template <>
struct Schema<MvmConfig> {
    static constexpr std::string_view name = "Mvm";
    static void fields(auto&& visit) {
        visit(field("perfect",
                    &MvmConfig::perfect,
                    {.meaning = "exact product without any imperfection; only output_scale remains",
                     .source = "-"}));
        visit(field(
            "mode",
            &MvmConfig::mode,
            {.meaning = "how signed inputs pass through the array", .source = "aihwkit mv_type"}));
        visit(field(
            "dac", &MvmConfig::dac, {.meaning = "input converter", .source = "arXiv 2302.08469"}));
        visit(field(
            "adc", &MvmConfig::adc, {.meaning = "output converter", .source = "arXiv 2302.08469"}));
        visit(field("output_noise",
                    &MvmConfig::output_noise,
                    {.meaning = "noise before the ADC", .source = "arXiv 2302.08469"}));
        visit(field("weight_noise",
                    &MvmConfig::weight_noise,
                    {.meaning = "read noise of the weights", .source = "arXiv 2302.08469"}));
        visit(field("ir_drop",
                    &MvmConfig::ir_drop,
                    {.meaning = "voltage drop along the lines", .source = "arXiv 2302.08469"}));
        visit(field("output_nonlinearity",
                    &MvmConfig::output_nonlinearity,
                    {.meaning = "S-shaped read-out", .source = "arXiv 2302.08469"}));
        visit(field("voltage_offset",
                    &MvmConfig::voltage_offset,
                    {.meaning = "fixed offset of each output line", .source = "aihwkit"}));
        visit(field("series_resistance",
                    &MvmConfig::series_resistance,
                    {.meaning = "series resistance of the read-out", .source = "aihwkit"}));
        visit(
            field("read_asymmetry_spread",
                  &MvmConfig::read_asymmetry_spread,
                  {.unit = "1",
                   .min = 0,
                   .max = 10,
                   .meaning = "spread of a fixed factor of each cell seen by negative inputs only "
                              "(separate polarities)",
                   .source = "aihwkit w_read_asymmetry_dtod"}));
        visit(field("noise_management",
                    &MvmConfig::noise_management,
                    {.meaning = "digital input scaling", .source = "aihwkit"}));
        visit(field("bound_management",
                    &MvmConfig::bound_management,
                    {.meaning = "repetition on overflow", .source = "aihwkit"}));
        visit(field("output_scale",
                    &MvmConfig::output_scale,
                    {.unit = "1",
                     .min = -1e9,
                     .max = 1e9,
                     .meaning = "digital factor on the result",
                     .source = "aihwkit out_scale"}));
    }
};

}  // namespace mho

#endif  // MHO_TILE_MVM_CONFIG_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TILE_CROSSBAR_CONFIG_H
#define MHO_TILE_CROSSBAR_CONFIG_H

// A tile as circuits instead of the error terms of `forward`: weights in bit slices of cells,
// inputs in passes, wires, a converter per column. Formulas: docs/models/crossbar.md.

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mho/array/weight_slices.h"
#include "mho/array/wires.h"
#include "mho/convert/adc_bank.h"
#include "mho/device/cell_config.h"
#include "mho/util/reflect.h"

namespace mho {

enum class InputCoding {
    kAnalog,         // as it is
    kUniform,        // 2^bits levels over the range, both ends among them
    kSignMagnitude,  // 2^bits - 1 levels, zero among them (unsigned: 2^bits)
};
enum class Accumulation { kDigital, kAnalog };
enum class AdcRangeRule { kMax, kGranular, kCalibrated };

template <>
struct EnumNames<InputCoding> {
    static constexpr std::array<std::pair<InputCoding, std::string_view>, 3> names = {
        {{InputCoding::kAnalog, "analog"},
         {InputCoding::kUniform, "uniform"},
         {InputCoding::kSignMagnitude, "sign magnitude"}}};
};
template <>
struct EnumNames<Accumulation> {
    static constexpr std::array<std::pair<Accumulation, std::string_view>, 2> names = {
        {{Accumulation::kDigital, "digital"}, {Accumulation::kAnalog, "analog"}}};
};
template <>
struct EnumNames<AdcRangeRule> {
    static constexpr std::array<std::pair<AdcRangeRule, std::string_view>, 3> names = {
        {{AdcRangeRule::kMax, "max"},
         {AdcRangeRule::kGranular, "granular"},
         {AdcRangeRule::kCalibrated, "calibrated"}}};
};

/// Inputs of a crossbar: x in [-1, 1] (by the input range of the layer, else every vector by its
/// own largest) as voltages, in one pass or digit by digit.
struct CrossbarInput {
    InputCoding coding = InputCoding::kSignMagnitude;
    int bits = 8;
    bool is_signed = true;
    int slice_bits = 0;  // digits of so many bits, least significant first; 0 = one pass
    Accumulation accumulation = Accumulation::kDigital;
    double relative_noise = 0.0;
    void check(const std::string& path, std::vector<Problem>& problems) const;
};

/// Limits of the output converters, in currents of one fully-on cell.
struct CrossbarAdcRange {
    AdcRangeRule rule = AdcRangeRule::kMax;
    double quantile = 0.9999;
    std::vector<double> limits;  // calibrated: one per slice; until there are any: max
};

enum class WireMode {
    kExact,            // the circuit
    kDmr,              // dual mean resistance
    kColumnRecursion,  // all open cells of a supply line at one voltage
};
template <>
struct EnumNames<WireMode> {
    static constexpr std::array<std::pair<WireMode, std::string_view>, 3> names = {
        {{WireMode::kExact, "exact"},
         {WireMode::kDmr, "dmr"},
         {WireMode::kColumnRecursion, "column recursion"}}};
};

/// Resistances of the lines in units of 1 / g_max; the circuit is that of array/wires.h: drivers
/// before the first column, ground after the last row. Interleaved pairs have two lines a row (or a
/// column of supply lines).
struct CrossbarWires {
    WireTopology topology = WireTopology::kInputLine;
    WireMode mode = WireMode::kExact;
    double row_resistance = 0.0;     // per segment of a word line
    double column_resistance = 0.0;  // per segment of a bit line
    double driver_resistance = 0.0;
    double sense_resistance = 0.0;
    std::vector<int> ideal_slices;  // slices (0 = least significant) without resistance
    bool acts() const {
        return row_resistance > 0 || column_resistance > 0 || driver_resistance > 0 ||
               sense_resistance > 0;
    }
};

struct Crossbar {
    bool enabled = false;
    WeightSlicing weights;
    CellConfig cell;
    CrossbarInput input;
    CrossbarWires wires;
    double column_limit = 0.0;  // largest current of a column; 0 = none
    AdcModel adc;
    CrossbarAdcRange adc_range;
    void check(const std::string& path, std::vector<Problem>& problems) const;
};

template <>
struct Schema<CrossbarInput> {
    static constexpr std::string_view name = "CrossbarInput";
    static void fields(auto&& visit) {
        using C = CrossbarInput;
        visit(field("coding", &C::coding, {.meaning = "levels of the input converter"}));
        visit(field("bits",
                    &C::bits,
                    {.unit = "bits",
                     .min = 1,
                     .max = 16,
                     .meaning = "resolution, the sign included if there is one"}));
        visit(field("is_signed",
                    &C::is_signed,
                    {.meaning = "inputs have a sign; unsigned ones are cut at zero (after a ReLU "
                                "nothing is lost and a bit is won)"}));
        visit(field("slice_bits",
                    &C::slice_bits,
                    {.unit = "bits",
                     .min = 0,
                     .max = 16,
                     .meaning = "inputs are applied digit by digit, least significant first, in "
                                "passes of so many bits; 0 = all at once",
                     .source = "Shafiee et al. (ISAAC), ISCA 2016"}));
        visit(field("accumulation",
                    &C::accumulation,
                    {.meaning = "passes are converted one by one and added digitally, or added as "
                                "charge and converted once"}));
        visit(field("relative_noise",
                    &C::relative_noise,
                    {.unit = "1",
                     .min = 0,
                     .max = 1,
                     .meaning = "standard deviation of a voltage over the voltage, fresh each time",
                     .source = "MemIntelli"}));
    }
};

template <>
struct Schema<CrossbarAdcRange> {
    static constexpr std::string_view name = "CrossbarAdcRange";
    static void fields(auto&& visit) {
        using C = CrossbarAdcRange;
        visit(field("rule",
                    &C::rule,
                    {.meaning = "max: what all cells together can give; granular: a step is the "
                                "smallest difference of currents; calibrated: by `limits`",
                     .source = "CrossSim 3.2"}));
        visit(field("quantile",
                    &C::quantile,
                    {.unit = "1",
                     .min = 0.5,
                     .max = 1,
                     .meaning = "calibration: share of the currents of a calibration set that stay "
                                "inside"}));
        visit(
            field("limits",
                  &C::limits,
                  {.unit = "g_max",
                   .min = 1e-9,
                   .max = 1e9,
                   .meaning = "largest current per slice, set by calibration; until then `max`"}));
    }
};

template <>
struct Schema<CrossbarWires> {
    static constexpr std::string_view name = "CrossbarWires";
    static void fields(auto&& visit) {
        using C = CrossbarWires;
        visit(field(
            "topology",
            &C::topology,
            {.meaning = "where the current of a cell comes from: `input line` or `supply line`, "
                        "which the input gates (pairs follow from weights.interleaved)",
             .source = "CrossSim 3.2 gate_input"}));
        visit(
            field("mode",
                  &C::mode,
                  {.meaning = "exact circuit, or a closed form for small drops: dmr (input line), "
                              "column recursion (supply line)",
                   .source = "array/wires_fast.h"}));
        visit(field("row_resistance",
                    &C::row_resistance,
                    {.unit = "1/g_max",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "word line, from cell to cell",
                     .source = "CrossSim 3.2 Rp_row"}));
        visit(field("column_resistance",
                    &C::column_resistance,
                    {.unit = "1/g_max",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "bit line, from cell to cell",
                     .source = "CrossSim 3.2 Rp_col"}));
        visit(field("driver_resistance",
                    &C::driver_resistance,
                    {.unit = "1/g_max", .min = 0, .max = 1e6, .meaning = "driver of a word line"}));
        visit(
            field("sense_resistance",
                  &C::sense_resistance,
                  {.unit = "1/g_max", .min = 0, .max = 1e6, .meaning = "read-out of a bit line"}));
        visit(field("ideal_slices",
                    &C::ideal_slices,
                    {.unit = "slice",
                     .min = 0,
                     .max = 23,
                     .meaning = "slices (0 = least significant) whose wires have no resistance"}));
    }
};

template <>
struct Schema<Crossbar> {
    static constexpr std::string_view name = "Crossbar";
    static void fields(auto&& visit) {
        using C = Crossbar;
        visit(
            field("enabled",
                  &C::enabled,
                  {.meaning = "this takes the place of `forward`, `converter` and `conductance`"}));
        visit(field("weights", &C::weights, {.meaning = "weights to states of cells"}));
        visit(field("cell", &C::cell, {.meaning = "what a cell does"}));
        visit(field("input", &C::input, {.meaning = "inputs to voltages"}));
        visit(field("wires", &C::wires, {.meaning = "resistance of the lines"}));
        visit(field("column_limit",
                    &C::column_limit,
                    {.unit = "g_max",
                     .min = 0,
                     .max = 1e9,
                     .meaning = "current at which a column saturates, in currents of one fully-on "
                                "cell; 0 = never"}));
        visit(field("adc", &C::adc, {.meaning = "output converters"}));
        visit(field("adc_range", &C::adc_range, {.meaning = "their limits"}));
    }
};

}  // namespace mho

#endif  // MHO_TILE_CROSSBAR_CONFIG_H

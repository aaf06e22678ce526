// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_CELL_CONFIG_H
#define MHO_DEVICE_CELL_CONFIG_H

// Parameters of the cells of a bit-sliced crossbar. The laws: device/cell.h and
// docs/models/cells.md.

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "mho/util/error.h"
#include "mho/util/reflect.h"

namespace mho {

enum class ErrorShape { kNormal, kUniform, kLogNormal };
enum class ErrorDependence { kIndependent, kProportional, kInverse };

template <>
struct EnumNames<ErrorShape> {
    static constexpr std::array<std::pair<ErrorShape, std::string_view>, 3> names = {
        {{ErrorShape::kNormal, "normal"},
         {ErrorShape::kUniform, "uniform"},
         {ErrorShape::kLogNormal, "log-normal"}}};
};
template <>
struct EnumNames<ErrorDependence> {
    static constexpr std::array<std::pair<ErrorDependence, std::string_view>, 3> names = {
        {{ErrorDependence::kIndependent, "independent"},
         {ErrorDependence::kProportional, "proportional"},
         {ErrorDependence::kInverse, "inverse"}}};
};

/// No error.
struct IdealCell {};

/// g + e, g (1 + e) or g + e / g with e normal of standard deviation `programming` or uniform of
/// that width; log-normal: g exp(e). The read noise is normal.
struct GenericCell {
    ErrorShape shape = ErrorShape::kNormal;
    ErrorDependence dependence = ErrorDependence::kIndependent;
    double programming = 0.01;
    double read = 0.0;
    double drift_nu = 0.0;
    double drift_nu_std = 0.0;
    double drift_t0_s = 1.0;
};

/// Phase-change memory, Joshi et al. 2020, up to 25 uS.
struct PcmJoshiCell {};
/// Filamentary oxide, Milo et al. 2021, 50 to 225 uS.
struct RramMiloCell {};
/// Filamentary oxide of the NeuRRAM chip, Wan et al. 2022, up to 39.26 uS.
struct RramWanCell {};
/// Charge trap transistors in 40 nm, Agrawal et al. 2022; currents up to 3200 nA, drift up to 1800
/// nA and five days.
struct SonosCell {
    double i_max_na = 1600.0;
};

/// A didactic cell without errors: I = G (V - V^3 / 4) up to 2 V.
struct CubicCell {};

/// A measured cell: columns over its state, all of one length, states ascending.
struct TableCell {
    std::string file;               // CSV or JSON instead of the lists
    std::string iv_file;            // CSV of the I-V curve alone
    std::vector<double> state_us;   // what it is programmed to
    std::vector<double> mean_us;    // what it is then; empty = the state
    std::vector<double> std_us;     // spread of programming; empty = none
    std::vector<double> nu;         // drift exponent; empty = none
    std::vector<double> nu_std;     // its spread over cells
    std::vector<double> read_us;    // standard deviation of a reading
    std::vector<double> voltage_v;  // I-V curve, from 0 up to the read voltage or beyond
    std::vector<double> current;    // in any unit; odd in the voltage
    double drift_t0_s = 1.0;
    void check(const std::string& path, std::vector<Problem>& problems) const;
};

using CellModel = std::variant<IdealCell,
                               GenericCell,
                               PcmJoshiCell,
                               RramMiloCell,
                               RramWanCell,
                               SonosCell,
                               CubicCell,
                               TableCell>;

/// Loss of state by many readings of low-resistance cells, and what is done against it.
enum class RefreshPolicy { kNone, kAll, kPerCell };
template <>
struct EnumNames<RefreshPolicy> {
    static constexpr std::array<std::pair<RefreshPolicy, std::string_view>, 3> names = {
        {{RefreshPolicy::kNone, "none"},
         {RefreshPolicy::kAll, "all"},
         {RefreshPolicy::kPerCell, "per cell"}}};
};

struct ReadDisturb {
    bool enabled = false;
    double read_time_s = 1e-8;    // of one reading
    double reads_per_s = 1e6;     // of each cell
    double set_reset_cycles = 0;  // before the first reading
    double temperature_k = 300.0;
    double low_resistance = 0.5;  // states from here on are disturbed
    RefreshPolicy refresh = RefreshPolicy::kNone;
    double refresh_reads = 0;  // `all`: readings between two refreshes; 0 = at the transition time
    double tolerance = 0.1;    // `per cell`: loss at which a cell is refreshed
};

/// Change of log10 R of one resistance state beyond a threshold of cycles or seconds.
struct WearLaw {
    double p0 = 1e6;
    double p1 = 0.0;
    double p2 = 0.0;
    double p3 = 0.0;  // 0 = no change
    bool sudden = false;
};

/// Endurance or retention of metal-oxide cells.
struct Wear {
    double amount = 0.0;  // endurance: cycles; retention: unused, the time since programming counts
    double cell_nm = 10.0;
    double temperature_k = 300.0;
    double threshold_temperature_k = 298.0;
    WearLaw low_resistance;
    WearLaw high_resistance;
};

/// The cells of a crossbar.
struct CellConfig {
    CellModel model;
    double g_max_us = 100.0;
    double on_off_ratio = 0.0;  // 0 = infinite
    int bits = 0;               // 2^bits states, 0 = any
    double read_voltage_v = 0.2;
    bool clip = false;
    bool ohmic = false;      // leave out the I-V curve of the model
    bool read_noise = true;  // of the model acts
    std::string stuck_map;   // CSV of defective cells, see device/stuck_map.h
    ReadDisturb read_disturb;
    Wear endurance;
    Wear retention;

    double g_min() const { return on_off_ratio > 0 ? 1 / on_off_ratio : 0.0; }
    void check(const std::string& path, std::vector<Problem>& problems) const;
};

template <>
struct Schema<IdealCell> {
    static constexpr std::string_view name = "ideal";
    static void fields(auto&& /*visit*/) {}
};
template <>
struct Schema<PcmJoshiCell> {
    static constexpr std::string_view name = "pcm joshi";
    static void fields(auto&& /*visit*/) {}
};
template <>
struct Schema<RramMiloCell> {
    static constexpr std::string_view name = "rram milo";
    static void fields(auto&& /*visit*/) {}
};
template <>
struct Schema<RramWanCell> {
    static constexpr std::string_view name = "rram wan";
    static void fields(auto&& /*visit*/) {}
};
template <>
struct Schema<CubicCell> {
    static constexpr std::string_view name = "cubic";
    static void fields(auto&& /*visit*/) {}
};
template <>
struct Schema<SonosCell> {
    static constexpr std::string_view name = "sonos";
    static void fields(auto&& visit) {
        visit(field("i_max_na",
                    &SonosCell::i_max_na,
                    {.unit = "nA",
                     .min = 1,
                     .max = 3200,
                     .meaning = "current of the fully-on cell; drift is known up to "
                                "1800 nA",
                     .source = "Agrawal et al., IEDM 2022"}));
    }
};
template <>
struct Schema<GenericCell> {
    static constexpr std::string_view name = "generic";
    static void fields(auto&& visit) {
        using C = GenericCell;
        visit(field("shape", &C::shape, {.meaning = "distribution of the programming error"}));
        visit(field("dependence",
                    &C::dependence,
                    {.meaning = "how the error depends on the state g: not, times g, over g",
                     .source = "CrossSim 3.2"}));
        visit(
            field("programming",
                  &C::programming,
                  {.unit = "g_max",
                   .min = 0,
                   .max = 10,
                   .meaning = "standard deviation (normal, log-normal) or full width (uniform) of "
                              "the programming error"}));
        visit(field("read",
                    &C::read,
                    {.unit = "g_max",
                     .min = 0,
                     .max = 10,
                     .meaning = "standard deviation of a reading, with the same dependence"}));
        visit(field("drift_nu",
                    &C::drift_nu,
                    {.unit = "1",
                     .min = -1,
                     .max = 1,
                     .meaning = "g falls as (t / t0)^-nu",
                     .source = "Ielmini et al., TED 54, 308 (2007)"}));
        visit(field("drift_nu_std",
                    &C::drift_nu_std,
                    {.unit = "1", .min = 0, .max = 1, .meaning = "spread of nu over cells"}));
        visit(field("drift_t0_s",
                    &C::drift_t0_s,
                    {.unit = "s", .min = 1e-9, .max = 1e9, .meaning = "when drift begins"}));
    }
};
template <>
struct Schema<TableCell> {
    static constexpr std::string_view name = "table";
    static void fields(auto&& visit) {
        using C = TableCell;
        constexpr FieldInfo us{.unit = "uS", .min = 0, .max = 1e6};
        auto us_field = [us](
                            std::string_view name, std::vector<double> C::* m, std::string_view t) {
            FieldInfo info = us;
            info.meaning = t;
            return field(name, m, info);
        };
        visit(field("file",
                    &C::file,
                    {.meaning = "CSV or JSON file with these columns, relative to the run file"}));
        visit(field(
            "iv_file",
            &C::iv_file,
            {.meaning = "CSV file with the columns voltage_v,current, relative to the run file"}));
        visit(us_field("state_us", &C::state_us, "states that can be programmed, ascending"));
        visit(
            us_field("mean_us", &C::mean_us, "mean conductance after programming; empty = state"));
        visit(us_field("std_us", &C::std_us, "spread after programming; empty = none"));
        visit(field("nu",
                    &C::nu,
                    {.unit = "1", .min = -1, .max = 1, .meaning = "drift exponent of each state"}));
        visit(field(
            "nu_std",
            &C::nu_std,
            {.unit = "1", .min = 0, .max = 1, .meaning = "spread of the exponent over cells"}));
        visit(us_field("read_us", &C::read_us, "standard deviation of a reading"));
        visit(field("voltage_v",
                    &C::voltage_v,
                    {.unit = "V",
                     .min = 0,
                     .max = 100,
                     .meaning = "voltages of the I-V curve, ascending from 0"}));
        visit(field("current",
                    &C::current,
                    {.unit = "1",
                     .min = 0,
                     .max = 1e12,
                     .meaning = "currents at these voltages, in any unit; the curve is odd"}));
        visit(field("drift_t0_s",
                    &C::drift_t0_s,
                    {.unit = "s", .min = 1e-9, .max = 1e9, .meaning = "when drift begins"}));
    }
};
template <>
struct Schema<ReadDisturb> {
    static constexpr std::string_view name = "ReadDisturb";
    static void fields(auto&& visit) {
        using C = ReadDisturb;
        visit(field("enabled",
                    &C::enabled,
                    {.meaning = "low-resistance cells decay under reading",
                     .source = "analog-cim-sim (github.com/rpelke/analog-cim-sim)"}));
        visit(field("read_time_s",
                    &C::read_time_s,
                    {.unit = "s", .min = 0, .max = 1, .meaning = "duration of one reading"}));
        visit(field("reads_per_s",
                    &C::reads_per_s,
                    {.unit = "1/s", .min = 0, .max = 1e12, .meaning = "readings of each cell"}));
        visit(field("set_reset_cycles",
                    &C::set_reset_cycles,
                    {.unit = "cycles",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "SET/RESET cycles that a cell has behind it"}));
        visit(field("temperature_k",
                    &C::temperature_k,
                    {.unit = "K", .min = 200, .max = 500, .meaning = "temperature of the cell"}));
        visit(field("low_resistance",
                    &C::low_resistance,
                    {.unit = "g_max",
                     .min = 0,
                     .max = 1,
                     .meaning = "states from here on count as low resistance"}));
        visit(
            field("refresh",
                  &C::refresh,
                  {.meaning = "all cells after a number of readings, or each one when it has lost "
                              "too much"}));
        visit(field("refresh_reads",
                    &C::refresh_reads,
                    {.unit = "reads",
                     .min = 0,
                     .max = 1e18,
                     .meaning = "readings between refreshes of all cells; 0 = when decay begins"}));
        visit(field("tolerance",
                    &C::tolerance,
                    {.unit = "1",
                     .min = 1e-6,
                     .max = 0.99,
                     .meaning = "share that a cell may lose before it is refreshed"}));
    }
};
template <>
struct Schema<WearLaw> {
    static constexpr std::string_view name = "WearLaw";
    static void fields(auto&& visit) {
        using C = WearLaw;
        visit(field("p0",
                    &C::p0,
                    {.unit = "cycles or s",
                     .min = 1e-9,
                     .max = 1e30,
                     .meaning = "threshold is p0 exp(p1 cell_nm + p2 T_c), T_c = min(T_th / T, 1)",
                     .source = "Lammie et al., MemTorch, arXiv 2004.10971"}));
        visit(field("p1", &C::p1, {.unit = "1/nm", .min = -100, .max = 100, .meaning = "see p0"}));
        visit(field("p2", &C::p2, {.unit = "1", .min = -100, .max = 100, .meaning = "see p0"}));
        visit(field("p3",
                    &C::p3,
                    {.unit = "1",
                     .min = -100,
                     .max = 100,
                     .meaning = "log10 R moves by p3 (p1 cell_nm + p2 T_c) per decade beyond the "
                                "threshold; 0 = not at all"}));
        visit(field("sudden",
                    &C::sudden,
                    {.meaning = "the change of one decade comes at the threshold, at once"}));
    }
};
template <>
struct Schema<Wear> {
    static constexpr std::string_view name = "Wear";
    static void fields(auto&& visit) {
        using C = Wear;
        visit(field("amount",
                    &C::amount,
                    {.unit = "cycles",
                     .min = 0,
                     .max = 1e18,
                     .meaning = "endurance: cycles behind the cell; retention takes the time since "
                                "programming"}));
        visit(field("cell_nm",
                    &C::cell_nm,
                    {.unit = "nm", .min = 1, .max = 1e5, .meaning = "size of the cell"}));
        visit(field("temperature_k",
                    &C::temperature_k,
                    {.unit = "K", .min = 1, .max = 1000, .meaning = "temperature of the cell"}));
        visit(field("threshold_temperature_k",
                    &C::threshold_temperature_k,
                    {.unit = "K", .min = 1, .max = 1000, .meaning = "T_th"}));
        visit(field("low_resistance", &C::low_resistance, {.meaning = "law of the on state"}));
        visit(field("high_resistance", &C::high_resistance, {.meaning = "law of the off state"}));
    }
};
template <>
struct Schema<CellConfig> {
    static constexpr std::string_view name = "CellConfig";
    static void fields(auto&& visit) {
        using C = CellConfig;
        visit(field("model", &C::model, {.meaning = "programming error, drift, read noise, I-V"}));
        visit(field("g_max_us",
                    &C::g_max_us,
                    {.unit = "uS",
                     .min = 1e-6,
                     .max = 1e6,
                     .meaning = "conductance of a cell that is "
                                "fully on"}));
        visit(field("on_off_ratio",
                    &C::on_off_ratio,
                    {.unit = "1",
                     .min = 0,
                     .max = 1e12,
                     .meaning = "largest over smallest conductance; 0 = infinite"}));
        visit(field("bits",
                    &C::bits,
                    {.unit = "bits",
                     .min = 0,
                     .max = 16,
                     .meaning = "2^bits equidistant states; 0 = any conductance"}));
        visit(field("read_voltage_v",
                    &C::read_voltage_v,
                    {.unit = "V", .min = 1e-3, .max = 10, .meaning = "voltage of an input of 1"}));
        visit(
            field("clip",
                  &C::clip,
                  {.meaning = "cut conductances with errors to the range of the cell; else only at "
                              "zero"}));
        visit(field(
            "ohmic",
            &C::ohmic,
            {.meaning = "take the current as linear in the voltage, whatever the model's I-V"}));
        visit(
            field("read_noise", &C::read_noise, {.meaning = "the model's noise of readings acts"}));
        visit(field("stuck_map",
                    &C::stuck_map,
                    {.meaning = "CSV of defective cells (slice, row, column, state) of every tile, "
                                "relative to the run file"}));
        visit(field("read_disturb", &C::read_disturb, {.meaning = "decay by reading"}));
        visit(field("endurance", &C::endurance, {.meaning = "wear by SET/RESET cycles"}));
        visit(field("retention", &C::retention, {.meaning = "loss of states with time"}));
    }
};

}  // namespace mho

#endif  // MHO_DEVICE_CELL_CONFIG_H

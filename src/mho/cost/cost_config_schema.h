// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_COST_COST_CONFIG_SCHEMA_H
#define MHO_COST_COST_CONFIG_SCHEMA_H

// Reflection of the section `cost`. Included by cost_config.cc only, as the JSON of a large
// configuration takes long to compile.

#include <array>
#include <string_view>
#include <utility>

#include "mho/cost/cost_config.h"
#include "mho/cost/technology.h"
#include "mho/util/reflect.h"

namespace mho {

namespace cost::schema {

inline constexpr std::string_view kNeurosim = "NeuroSim V1.4 defaults";
inline constexpr std::string_view kAladdin = "Aladdin (ISCA 2014), 40 nm";
inline constexpr std::string_view kIsaac = "ISAAC (ISCA 2016), 32 nm, as in hwcomponents-library";
inline constexpr std::string_view kWu = "arXiv 2502.06309, time model";

/// Energies, areas, times: not negative, and no number that a sum could lose itself in.
constexpr FieldInfo amount(std::string_view unit,
                           std::string_view meaning,
                           std::string_view source = "") {
    return {.unit = unit, .min = 0, .max = 1e12, .meaning = meaning, .source = source};
}
constexpr FieldInfo positive(std::string_view unit,
                             std::string_view meaning,
                             std::string_view source = "") {
    return {.unit = unit, .min = 1e-9, .max = 1e12, .meaning = meaning, .source = source};
}
constexpr FieldInfo node(std::string_view meaning, std::string_view source) {
    return {.unit = "nm",
            .min = kSmallestNode_nm,
            .max = kLargestNode_nm,
            .meaning = meaning,
            .source = source};
}
constexpr FieldInfo lines(std::string_view unit,
                          double min,
                          std::string_view meaning,
                          std::string_view source = "") {
    return {.unit = unit, .min = min, .max = 1048576, .meaning = meaning, .source = source};
}

}  // namespace cost::schema

template <>
struct EnumNames<cost::InputEncoding> {
    static constexpr std::array<std::pair<cost::InputEncoding, std::string_view>, 3> names = {
        {{cost::InputEncoding::kPulseWidth, "pulse width"},
         {cost::InputEncoding::kVoltage, "voltage"},
         {cost::InputEncoding::kBitSerial, "bit serial"}}};
};
template <>
struct EnumNames<cost::ScheduleMode> {
    static constexpr std::array<std::pair<cost::ScheduleMode, std::string_view>, 3> names = {
        {{cost::ScheduleMode::kSequential, "sequential"},
         {cost::ScheduleMode::kPipeline, "pipeline"},
         {cost::ScheduleMode::kLinePipeline, "line pipeline"}}};
};
template <>
struct EnumNames<cost::Duplication> {
    static constexpr std::array<std::pair<cost::Duplication, std::string_view>, 2> names = {
        {{cost::Duplication::kNone, "none"}, {cost::Duplication::kBalanced, "balanced"}}};
};
template <>
struct EnumNames<cost::TileSharing> {
    static constexpr std::array<std::pair<cost::TileSharing, std::string_view>, 2> names = {
        {{cost::TileSharing::kNone, "none"}, {cost::TileSharing::kFirstFit, "first fit"}}};
};
template <>
struct EnumNames<cost::ActivitySource> {
    static constexpr std::array<std::pair<cost::ActivitySource, std::string_view>, 2> names = {
        {{cost::ActivitySource::kMeasured, "measured"},
         {cost::ActivitySource::kAverage, "average"}}};
};

template <>
struct Schema<cost::Technology> {
    static constexpr std::string_view name = "Technology";
    static void fields(auto&& visit) {
        using C = cost::Technology;
        visit(field("node_nm",
                    &C::node_nm,
                    cost::schema::node("process; what is published for another one is scaled to it",
                                       "NeuroSim V1.4: 22 nm")));
        visit(field("supply_v",
                    &C::supply_v,
                    {.unit = "V",
                     .min = 0,
                     .max = 5,
                     .meaning = "supply voltage; 0 = nominal of the node",
                     .source = "NeuroSim V1.4, table of supply voltages"}));
        visit(field("temperature_k",
                    &C::temperature_k,
                    {.unit = "K",
                     .min = 200,
                     .max = 500,
                     .meaning = "temperature of the chip",
                     .source = cost::schema::kNeurosim}));
    }
};

template <>
struct Schema<cost::ComponentTile> {
    static constexpr std::string_view name = "components";
    static void fields(auto&& /*visit*/) {}
};
template <>
struct Schema<cost::MeasuredTile> {
    static constexpr std::string_view name = "measured";
    static void fields(auto&& visit) {
        using C = cost::MeasuredTile;
        namespace s = cost::schema;
        constexpr std::string_view source =
            "HERMES 64-core chip (Nature Electronics 2023): 9.76 TOPS/W, 130 ns";
        visit(field("rows", &C::rows, s::lines("rows", 1, "inputs of the tile", source)));
        visit(field("columns", &C::columns, s::lines("columns", 1, "outputs of the tile", source)));
        visit(field("energy_nj",
                    &C::energy_nj,
                    s::amount("nJ",
                              "energy of one matrix-vector product of the whole tile, converters "
                              "included",
                              source)));
        visit(field("latency_ns",
                    &C::latency_ns,
                    s::positive("ns", "time of one matrix-vector product", source)));
        visit(field(
            "area_mm2", &C::area_mm2, s::amount("mm2", "area of the tile; 0 = not known", source)));
    }
};

template <>
struct Schema<cost::ArrayCost> {
    static constexpr std::string_view name = "Array";
    static void fields(auto&& visit) {
        using C = cost::ArrayCost;
        namespace s = cost::schema;
        visit(field("rows",
                    &C::rows,
                    s::lines("rows",
                             1,
                             "rows of a tile where the hardware sets no limit",
                             "arXiv 2302.08469: 512")));
        visit(field("columns",
                    &C::columns,
                    s::lines("columns",
                             1,
                             "weights per row of a tile where the hardware sets no limit",
                             "arXiv 2302.08469: 512")));
        visit(field("input_encoding",
                    &C::input_encoding,
                    {.meaning = "how the size of an input reaches the cells",
                     .source = "pulse width: HERMES (JSSC 2022)"}));
        visit(
            field("accumulate_bits",
                  &C::accumulate_bits,
                  {.meaning = "bit serial: the reads of all bits are added before one conversion, "
                              "instead of a conversion each",
                   .source = "NeuRRAM (Nature 2022)"}));
        visit(field("read_voltage_v",
                    &C::read_voltage_v,
                    {.unit = "V",
                     .min = 0,
                     .max = 10,
                     .meaning = "voltage on a driven row",
                     .source = "NeuroSim V1.4: 0.55 V at 22 nm"}));
        visit(field("read_time_ns",
                    &C::read_time_ns,
                    s::positive("ns",
                                "length of a read: of the largest input, or of each bit",
                                "HERMES (JSSC 2022): 128 ns")));
        visit(field(
            "cell_width_f",
            &C::cell_width_f,
            s::positive("F", "width of a device with its selector", "NeuroSim: 1T1R 4 F x 12 F")));
        visit(field(
            "cell_height_f",
            &C::cell_height_f,
            s::positive("F", "height of a device with its selector", "NeuroSim: 1T1R 4 F x 12 F")));
        visit(field("wire_ff_per_um",
                    &C::wire_ff_per_um,
                    s::amount("fF/um", "capacitance of a line", "NeuroSim: 0.2 fF/um")));
        visit(field("row_driver_um2",
                    &C::row_driver_um2,
                    s::amount("um2", "area of the driver of a row", "0: left out")));
        visit(field(
            "columns_per_adc",
            &C::columns_per_adc,
            s::lines("columns", 1, "outputs that take turns at one ADC", cost::schema::kNeurosim)));
        visit(field("sample_and_hold",
                    &C::sample_and_hold,
                    {.meaning = "the next read runs while the last one is converted",
                     .source = "ISAAC (ISCA 2016)"}));
    }
};

template <>
struct Schema<cost::AdcPoint> {
    static constexpr std::string_view name = "AdcPoint";
    static void fields(auto&& visit) {
        using C = cost::AdcPoint;
        namespace s = cost::schema;
        visit(
            field("bits", &C::bits, {.unit = "bit", .min = 1, .max = 32, .meaning = "resolution"}));
        visit(field("energy_pj", &C::energy_pj, s::amount("pJ", "energy of a conversion")));
        visit(field("latency_ns", &C::latency_ns, s::amount("ns", "time of a conversion")));
        visit(field("area_um2", &C::area_um2, s::amount("um2", "area of a converter")));
    }
};
template <>
struct Schema<cost::MurmannAdc> {
    static constexpr std::string_view name = "murmann";
    static void fields(auto&& visit) {
        visit(field("rate_hz",
                    &cost::MurmannAdc::rate_hz,
                    {.unit = "Hz",
                     .min = 1e3,
                     .max = 1e12,
                     .meaning = "conversions per second of one converter",
                     .source = "a choice: 8 columns at one ADC take 80 ns"}));
    }
};
template <>
struct Schema<cost::NeurosimSarAdc> {
    static constexpr std::string_view name = "neurosim sar";
    static void fields(auto&& visit) {
        visit(field(
            "transistor_f2",
            &cost::NeurosimSarAdc::transistor_f2,
            cost::schema::positive("F2",
                                   "area of a unit transistor in squares of the node",
                                   "a quarter of a NAND2 of ZigZag-IMC: 0.614 um2 at 28 nm")));
    }
};
template <>
struct Schema<cost::ZigzagAdc> {
    static constexpr std::string_view name = "zigzag";
    static void fields(auto&& /*visit*/) {}
};
template <>
struct Schema<cost::TableAdc> {
    static constexpr std::string_view name = "table";
    static void fields(auto&& visit) {
        using C = cost::TableAdc;
        visit(field("node_nm",
                    &C::node_nm,
                    cost::schema::node("process of the table", cost::schema::kIsaac)));
        visit(field("points",
                    &C::points,
                    {.meaning = "converters; the smallest one with enough bits is taken; empty = "
                                "those of ISAAC",
                     .source = cost::schema::kIsaac}));
    }
};
template <>
struct Schema<cost::DacPoint> {
    static constexpr std::string_view name = "DacPoint";
    static void fields(auto&& visit) {
        using C = cost::DacPoint;
        namespace s = cost::schema;
        visit(
            field("bits", &C::bits, {.unit = "bit", .min = 1, .max = 32, .meaning = "resolution"}));
        visit(field("energy_pj", &C::energy_pj, s::amount("pJ", "energy of a conversion")));
        visit(field("power_uw", &C::power_uw, s::amount("uW", "power while the line is driven")));
        visit(field("area_um2", &C::area_um2, s::amount("um2", "area of a converter")));
    }
};
template <>
struct Schema<cost::ZigzagDac> {
    static constexpr std::string_view name = "zigzag";
    static void fields(auto&& /*visit*/) {}
};
template <>
struct Schema<cost::TableDac> {
    static constexpr std::string_view name = "table";
    static void fields(auto&& visit) {
        using C = cost::TableDac;
        visit(field("node_nm",
                    &C::node_nm,
                    cost::schema::node("process of the table", cost::schema::kIsaac)));
        visit(field("points",
                    &C::points,
                    {.meaning = "converters; the smallest one with enough bits is taken; empty = "
                                "that of ISAAC",
                     .source = cost::schema::kIsaac}));
    }
};

template <>
struct Schema<cost::DigitalCost> {
    static constexpr std::string_view name = "Digital";
    static void fields(auto&& visit) {
        using C = cost::DigitalCost;
        namespace s = cost::schema;
        visit(field("node_nm",
                    &C::node_nm,
                    s::node("process of adder, multiplier and comparator", s::kAladdin)));
        visit(field("bits",
                    &C::bits,
                    {.unit = "bit",
                     .min = 1,
                     .max = 64,
                     .meaning = "width of words; adders scale with it, multipliers with its square",
                     .source = "16: ISAAC (ISCA 2016)"}));
        visit(field(
            "adder_pj", &C::adder_pj, s::amount("pJ", "one addition of 32 bit", s::kAladdin)));
        visit(field("adder_um2", &C::adder_um2, s::amount("um2", "32-bit adder", s::kAladdin)));
        visit(field("multiplier_pj",
                    &C::multiplier_pj,
                    s::amount("pJ", "one product of 32 x 32 bit", s::kAladdin)));
        visit(field("multiplier_um2",
                    &C::multiplier_um2,
                    s::amount("um2", "32 x 32 bit multiplier", s::kAladdin)));
        visit(field("comparator_pj",
                    &C::comparator_pj,
                    s::amount("pJ", "one comparison of 32 bit", s::kAladdin)));
        visit(field("shift_add_node_nm",
                    &C::shift_add_node_nm,
                    s::node("process of shift-and-add", s::kIsaac)));
        visit(field("shift_add_pj",
                    &C::shift_add_pj,
                    s::amount("pJ", "shift and add of one conversion to a 16-bit sum", s::kIsaac)));
        visit(field("shift_add_um2",
                    &C::shift_add_um2,
                    s::amount("um2", "shift-and-add unit, one per ADC", s::kIsaac)));
        visit(field("clock_ghz",
                    &C::clock_ghz,
                    s::positive("GHz", "clock of digital arithmetic", cost::schema::kNeurosim)));
        visit(field("lanes",
                    &C::lanes,
                    s::lines("operations",
                             1,
                             "digital operations per clock of one layer",
                             "a choice: the ADCs of a tile of 512 columns, 8 to an ADC")));
    }
};

template <>
struct Schema<cost::MemoryCost> {
    static constexpr std::string_view name = "Memory";
    static void fields(auto&& visit) {
        using C = cost::MemoryCost;
        namespace s = cost::schema;
        constexpr std::string_view source =
            "ISAAC eDRAM (ISCA 2016), 32 nm: 20.45 pJ per 256 bit, 83000 um2 per 64 KiB";
        visit(field("node_nm", &C::node_nm, s::node("process of the buffers", source)));
        visit(field("pj_per_bit", &C::pj_per_bit, s::amount("pJ", "read or write a bit", source)));
        visit(field("um2_per_bit", &C::um2_per_bit, s::amount("um2", "area of a bit", source)));
        visit(
            field("reuse_inputs",
                  &C::reuse_inputs,
                  {.meaning = "an input number is read once per sample; else once for every kernel "
                              "position that it belongs to",
                   .source = "NeuroSim V1.4, mapping of kernel positions"}));
    }
};
template <>
struct Schema<cost::CommunicationCost> {
    static constexpr std::string_view name = "Communication";
    static void fields(auto&& visit) {
        using C = cost::CommunicationCost;
        namespace s = cost::schema;
        constexpr std::string_view source =
            "ISAAC router (ISCA 2016), 32 nm: 20.74 pJ per 256 bit, 150000 um2 for 4 tiles";
        visit(field("node_nm", &C::node_nm, s::node("process of the routers", source)));
        visit(field("pj_per_bit_hop",
                    &C::pj_per_bit_hop,
                    s::amount("pJ", "a bit to the next tile", source)));
        visit(field("hops",
                    &C::hops,
                    s::amount("hops",
                              "tiles that a number passes; 0 = 2/3 of the side of a square of all "
                              "tiles",
                              "mean distance on a square mesh")));
        visit(
            field("um2_per_tile", &C::um2_per_tile, s::amount("um2", "routers of a tile", source)));
        visit(field("width_bits",
                    &C::width_bits,
                    s::lines("bit", 1, "bits that a tile sends per clock", source)));
        visit(
            field("clock_ghz", &C::clock_ghz, s::positive("GHz", "clock of the routers", source)));
    }
};
template <>
struct Schema<cost::StaticCost> {
    static constexpr std::string_view name = "StaticPower";
    static void fields(auto&& visit) {
        using C = cost::StaticCost;
        namespace s = cost::schema;
        visit(field("mw_per_tile",
                    &C::mw_per_tile,
                    s::amount("mW", "power of a tile that computes nothing", "0: left out")));
        visit(field("mw_per_chip",
                    &C::mw_per_chip,
                    s::amount("mW", "power of the rest of the chip", "0: left out")));
    }
};
template <>
struct Schema<cost::LayoutCost> {
    static constexpr std::string_view name = "Layout";
    static void fields(auto&& visit) {
        using C = cost::LayoutCost;
        namespace s = cost::schema;
        constexpr std::string_view source =
            "1: no correction (NeuroSim finds 1.22, 1.44 and 1.4 against a 40 nm RRAM macro)";
        visit(field("energy_factor",
                    &C::energy_factor,
                    s::positive("1", "energy after layout over that of the components", source)));
        visit(field("area_factor",
                    &C::area_factor,
                    s::positive("1", "area after layout over that of the components", source)));
        visit(field(
            "sensing_factor",
            &C::sensing_factor,
            s::positive("1", "time of a conversion on silicon over that of the model", source)));
    }
};

template <>
struct Schema<cost::ScheduleConfig> {
    static constexpr std::string_view name = "Schedule";
    static void fields(auto&& visit) {
        using C = cost::ScheduleConfig;
        namespace s = cost::schema;
        visit(field("mode", &C::mode, {.meaning = "which layers work at the same time"}));
        visit(field("duplication",
                    &C::duplication,
                    {.meaning = "copies of slow layers on tiles that are left over",
                     .source = "ISAAC (ISCA 2016), balanced pipeline"}));
        visit(field("sharing",
                    &C::sharing,
                    {.meaning = "whether pieces of several layers take turns on one tile",
                     .source = "IBM 3D-CiM-LLM-Inference-Simulator: greedy placement in order"}));
        visit(field(
            "tiles", &C::tiles, s::lines("tiles", 0, "tiles of the chip; 0 = as many as needed")));
        visit(field("samples",
                    &C::samples,
                    {.unit = "samples",
                     .min = 2,
                     .max = 1000,
                     .meaning = "samples in a row that the schedule follows"}));
    }
};
template <>
struct Schema<cost::ActivityConfig> {
    static constexpr std::string_view name = "Activity";
    static void fields(auto&& visit) {
        using C = cost::ActivityConfig;
        visit(field("source",
                    &C::source,
                    {.meaning = "inputs and conductances: those of test samples on the simulated "
                                "chip, or two averages"}));
        visit(field(
            "samples",
            &C::samples,
            {.unit = "samples", .min = 1, .max = 1e6, .meaning = "test samples that are run"}));
        visit(field("time_s",
                    &C::time_s,
                    {.unit = "s",
                     .min = 0,
                     .max = 1e12,
                     .meaning = "seconds since programming, of the conductances"}));
        visit(field("mean_input",
                    &C::mean_input,
                    {.unit = "1",
                     .min = 0,
                     .max = 1,
                     .meaning = "average: size of an input over the full scale",
                     .source = "an assumption"}));
        visit(field("mean_conductance",
                    &C::mean_conductance,
                    {.unit = "1",
                     .min = 0,
                     .max = 1,
                     .meaning = "average: conductance of a device over the largest",
                     .source = "an assumption"}));
    }
};
template <>
struct Schema<cost::UpdateCost> {
    static constexpr std::string_view name = "Update";
    static void fields(auto&& visit) {
        using C = cost::UpdateCost;
        namespace s = cost::schema;
        visit(field("pulse_ns", &C::pulse_ns, s::amount("ns", "a slot of a pulse train", s::kWu)));
        visit(field("preparation_ns",
                    &C::preparation_ns,
                    s::amount("ns", "time before the train of an update", s::kWu)));
        visit(field(
            "read_ns",
            &C::read_ns,
            s::amount("ns", "a forward, a backward pass, or the read of a transfer", s::kWu)));
        visit(field("slots", &C::slots, s::lines("slots", 1, "longest train", s::kWu)));
        visit(field("pulse_pj",
                    &C::pulse_pj,
                    s::amount("pJ", "energy of one pulse of one cell", "0: left out")));
        visit(field("pulses_per_cell",
                    &C::pulses_per_cell,
                    s::amount("pulses",
                              "pulses of a cell in the update of a vector, on average",
                              "a choice: the sparse end of the benchmark of updates")));
    }
};

template <>
struct Schema<cost::CostConfig> {
    static constexpr std::string_view name = "Cost";
    static void fields(auto&& visit) {
        using C = cost::CostConfig;
        visit(field("technology", &C::technology, {.meaning = "process"}));
        visit(field("tile", &C::tile, {.meaning = "array from its components, or as published"}));
        visit(field("array", &C::array, {.meaning = "cells and lines"}));
        visit(field("adc", &C::adc, {.meaning = "model of the output converters"}));
        visit(field("dac", &C::dac, {.meaning = "model of the input converters"}));
        visit(field("digital", &C::digital, {.meaning = "arithmetic beside the tiles"}));
        visit(field("memory", &C::memory, {.meaning = "buffers of activations"}));
        visit(field("communication", &C::communication, {.meaning = "from tile to tile"}));
        visit(field("static_power", &C::static_power, {.meaning = "power that always flows"}));
        visit(field("layout", &C::layout, {.meaning = "what layout adds"}));
        visit(field("schedule", &C::schedule, {.meaning = "layers on tiles over time"}));
        visit(field("activity", &C::activity, {.meaning = "inputs and conductances"}));
        visit(field("update", &C::update, {.meaning = "training in memory"}));
    }
};

}  // namespace mho

#endif  // MHO_COST_COST_CONFIG_SCHEMA_H

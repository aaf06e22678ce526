// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_COST_COST_CONFIG_SCHEMA_H
#define MHO_COST_COST_CONFIG_SCHEMA_H

// Reflection of the section `cost`. Included by cost_config.cc only, as the JSON of a large
// configuration takes long to compile.

#include <array>
#include <string_view>
#include <tuple>
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
    static auto fields() {
        using C = cost::Technology;
        return std::tuple{
            field("node_nm",
                  &C::node_nm,
                  cost::schema::node("process; what is published for another one is scaled to it",
                                     "NeuroSim V1.4: 22 nm")),
            field("supply_v",
                  &C::supply_v,
                  {.unit = "V",
                   .min = 0,
                   .max = 5,
                   .meaning = "supply voltage; 0 = nominal of the node",
                   .source = "NeuroSim V1.4, table of supply voltages"}),
            field("temperature_k",
                  &C::temperature_k,
                  {.unit = "K",
                   .min = 200,
                   .max = 500,
                   .meaning = "temperature of the chip",
                   .source = cost::schema::kNeurosim})};
    }
};

template <>
struct Schema<cost::ComponentTile> {
    static constexpr std::string_view name = "components";
    static auto fields() { return std::tuple{}; }
};
template <>
struct Schema<cost::MeasuredTile> {
    static constexpr std::string_view name = "measured";
    static auto fields() {
        using C = cost::MeasuredTile;
        namespace s = cost::schema;
        constexpr std::string_view source =
            "HERMES 64-core chip (Nature Electronics 2023): 9.76 TOPS/W, 130 ns";
        return std::tuple{
            field("rows", &C::rows, s::lines("rows", 1, "inputs of the tile", source)),
            field("columns", &C::columns, s::lines("columns", 1, "outputs of the tile", source)),
            field("energy_nj",
                  &C::energy_nj,
                  s::amount("nJ",
                            "energy of one matrix-vector product of the whole tile, converters "
                            "included",
                            source)),
            field("latency_ns",
                  &C::latency_ns,
                  s::positive("ns", "time of one matrix-vector product", source)),
            field("area_mm2",
                  &C::area_mm2,
                  s::amount("mm2", "area of the tile; 0 = not known", source))};
    }
};

template <>
struct Schema<cost::ArrayCost> {
    static constexpr std::string_view name = "Array";
    static auto fields() {
        using C = cost::ArrayCost;
        namespace s = cost::schema;
        return std::tuple{
            field("rows",
                  &C::rows,
                  s::lines("rows",
                           1,
                           "rows of a tile where the hardware sets no limit",
                           "arXiv 2302.08469: 512")),
            field("columns",
                  &C::columns,
                  s::lines("columns",
                           1,
                           "weights per row of a tile where the hardware sets no limit",
                           "arXiv 2302.08469: 512")),
            field("input_encoding",
                  &C::input_encoding,
                  {.meaning = "how the size of an input reaches the cells",
                   .source = "pulse width: HERMES (JSSC 2022)"}),
            field("accumulate_bits",
                  &C::accumulate_bits,
                  {.meaning = "bit serial: the reads of all bits are added before one conversion, "
                              "instead of a conversion each",
                   .source = "NeuRRAM (Nature 2022)"}),
            field("read_voltage_v",
                  &C::read_voltage_v,
                  {.unit = "V",
                   .min = 0,
                   .max = 10,
                   .meaning = "voltage on a driven row",
                   .source = "NeuroSim V1.4: 0.55 V at 22 nm"}),
            field("read_time_ns",
                  &C::read_time_ns,
                  s::positive("ns",
                              "length of a read: of the largest input, or of each bit",
                              "HERMES (JSSC 2022): 128 ns")),
            field("cell_width_f",
                  &C::cell_width_f,
                  s::positive(
                      "F", "width of a device with its selector", "NeuroSim: 1T1R 4 F x 12 F")),
            field("cell_height_f",
                  &C::cell_height_f,
                  s::positive(
                      "F", "height of a device with its selector", "NeuroSim: 1T1R 4 F x 12 F")),
            field("wire_ff_per_um",
                  &C::wire_ff_per_um,
                  s::amount("fF/um", "capacitance of a line", "NeuroSim: 0.2 fF/um")),
            field("row_driver_um2",
                  &C::row_driver_um2,
                  s::amount("um2", "area of the driver of a row", "0: left out")),
            field("columns_per_adc",
                  &C::columns_per_adc,
                  s::lines(
                      "columns", 1, "outputs that take turns at one ADC", cost::schema::kNeurosim)),
            field("sample_and_hold",
                  &C::sample_and_hold,
                  {.meaning = "the next read runs while the last one is converted",
                   .source = "ISAAC (ISCA 2016)"})};
    }
};

template <>
struct Schema<cost::AdcPoint> {
    static constexpr std::string_view name = "AdcPoint";
    static auto fields() {
        using C = cost::AdcPoint;
        namespace s = cost::schema;
        return std::tuple{
            field("bits", &C::bits, {.unit = "bit", .min = 1, .max = 32, .meaning = "resolution"}),
            field("energy_pj", &C::energy_pj, s::amount("pJ", "energy of a conversion")),
            field("latency_ns", &C::latency_ns, s::amount("ns", "time of a conversion")),
            field("area_um2", &C::area_um2, s::amount("um2", "area of a converter"))};
    }
};
template <>
struct Schema<cost::MurmannAdc> {
    static constexpr std::string_view name = "murmann";
    static auto fields() {
        return std::tuple{field("rate_hz",
                                &cost::MurmannAdc::rate_hz,
                                {.unit = "Hz",
                                 .min = 1e3,
                                 .max = 1e12,
                                 .meaning = "conversions per second of one converter",
                                 .source = "a choice: 8 columns at one ADC take 80 ns"})};
    }
};
template <>
struct Schema<cost::NeurosimSarAdc> {
    static constexpr std::string_view name = "neurosim sar";
    static auto fields() {
        return std::tuple{field(
            "transistor_f2",
            &cost::NeurosimSarAdc::transistor_f2,
            cost::schema::positive("F2",
                                   "area of a unit transistor in squares of the node",
                                   "a quarter of a NAND2 of ZigZag-IMC: 0.614 um2 at 28 nm"))};
    }
};
template <>
struct Schema<cost::ZigzagAdc> {
    static constexpr std::string_view name = "zigzag";
    static auto fields() { return std::tuple{}; }
};
template <>
struct Schema<cost::TableAdc> {
    static constexpr std::string_view name = "table";
    static auto fields() {
        using C = cost::TableAdc;
        return std::tuple{
            field("node_nm",
                  &C::node_nm,
                  cost::schema::node("process of the table", cost::schema::kIsaac)),
            field("points",
                  &C::points,
                  {.meaning = "converters; the smallest one with enough bits is taken; empty = "
                              "those of ISAAC",
                   .source = cost::schema::kIsaac})};
    }
};
template <>
struct Schema<cost::DacPoint> {
    static constexpr std::string_view name = "DacPoint";
    static auto fields() {
        using C = cost::DacPoint;
        namespace s = cost::schema;
        return std::tuple{
            field("bits", &C::bits, {.unit = "bit", .min = 1, .max = 32, .meaning = "resolution"}),
            field("energy_pj", &C::energy_pj, s::amount("pJ", "energy of a conversion")),
            field("power_uw", &C::power_uw, s::amount("uW", "power while the line is driven")),
            field("area_um2", &C::area_um2, s::amount("um2", "area of a converter"))};
    }
};
template <>
struct Schema<cost::ZigzagDac> {
    static constexpr std::string_view name = "zigzag";
    static auto fields() { return std::tuple{}; }
};
template <>
struct Schema<cost::TableDac> {
    static constexpr std::string_view name = "table";
    static auto fields() {
        using C = cost::TableDac;
        return std::tuple{
            field("node_nm",
                  &C::node_nm,
                  cost::schema::node("process of the table", cost::schema::kIsaac)),
            field("points",
                  &C::points,
                  {.meaning = "converters; the smallest one with enough bits is taken; empty = "
                              "that of ISAAC",
                   .source = cost::schema::kIsaac})};
    }
};

template <>
struct Schema<cost::DigitalCost> {
    static constexpr std::string_view name = "Digital";
    static auto fields() {
        using C = cost::DigitalCost;
        namespace s = cost::schema;
        return std::tuple{
            field("node_nm",
                  &C::node_nm,
                  s::node("process of adder, multiplier and comparator", s::kAladdin)),
            field("bits",
                  &C::bits,
                  {.unit = "bit",
                   .min = 1,
                   .max = 64,
                   .meaning = "width of words; adders scale with it, multipliers with its square",
                   .source = "16: ISAAC (ISCA 2016)"}),
            field("adder_pj", &C::adder_pj, s::amount("pJ", "one addition of 32 bit", s::kAladdin)),
            field("adder_um2", &C::adder_um2, s::amount("um2", "32-bit adder", s::kAladdin)),
            field("multiplier_pj",
                  &C::multiplier_pj,
                  s::amount("pJ", "one product of 32 x 32 bit", s::kAladdin)),
            field("multiplier_um2",
                  &C::multiplier_um2,
                  s::amount("um2", "32 x 32 bit multiplier", s::kAladdin)),
            field("comparator_pj",
                  &C::comparator_pj,
                  s::amount("pJ", "one comparison of 32 bit", s::kAladdin)),
            field("shift_add_node_nm",
                  &C::shift_add_node_nm,
                  s::node("process of shift-and-add", s::kIsaac)),
            field("shift_add_pj",
                  &C::shift_add_pj,
                  s::amount("pJ", "shift and add of one conversion to a 16-bit sum", s::kIsaac)),
            field("shift_add_um2",
                  &C::shift_add_um2,
                  s::amount("um2", "shift-and-add unit, one per ADC", s::kIsaac)),
            field("clock_ghz",
                  &C::clock_ghz,
                  s::positive("GHz", "clock of digital arithmetic", cost::schema::kNeurosim)),
            field("lanes",
                  &C::lanes,
                  s::lines("operations",
                           1,
                           "digital operations per clock of one layer",
                           "a choice: the ADCs of a tile of 512 columns, 8 to an ADC"))};
    }
};

template <>
struct Schema<cost::MemoryCost> {
    static constexpr std::string_view name = "Memory";
    static auto fields() {
        using C = cost::MemoryCost;
        namespace s = cost::schema;
        constexpr std::string_view source =
            "ISAAC eDRAM (ISCA 2016), 32 nm: 20.45 pJ per 256 bit, 83000 um2 per 64 KiB";
        return std::tuple{
            field("node_nm", &C::node_nm, s::node("process of the buffers", source)),
            field("pj_per_bit", &C::pj_per_bit, s::amount("pJ", "read or write a bit", source)),
            field("um2_per_bit", &C::um2_per_bit, s::amount("um2", "area of a bit", source)),
            field("reuse_inputs",
                  &C::reuse_inputs,
                  {.meaning = "an input number is read once per sample; else once for every kernel "
                              "position that it belongs to",
                   .source = "NeuroSim V1.4, mapping of kernel positions"})};
    }
};
template <>
struct Schema<cost::CommunicationCost> {
    static constexpr std::string_view name = "Communication";
    static auto fields() {
        using C = cost::CommunicationCost;
        namespace s = cost::schema;
        constexpr std::string_view source =
            "ISAAC router (ISCA 2016), 32 nm: 20.74 pJ per 256 bit, 150000 um2 for 4 tiles";
        return std::tuple{
            field("node_nm", &C::node_nm, s::node("process of the routers", source)),
            field("pj_per_bit_hop",
                  &C::pj_per_bit_hop,
                  s::amount("pJ", "a bit to the next tile", source)),
            field("hops",
                  &C::hops,
                  s::amount("hops",
                            "tiles that a number passes; 0 = 2/3 of the side of a square of all "
                            "tiles",
                            "mean distance on a square mesh")),
            field("um2_per_tile", &C::um2_per_tile, s::amount("um2", "routers of a tile", source)),
            field("width_bits",
                  &C::width_bits,
                  s::lines("bit", 1, "bits that a tile sends per clock", source)),
            field("clock_ghz", &C::clock_ghz, s::positive("GHz", "clock of the routers", source))};
    }
};
template <>
struct Schema<cost::StaticCost> {
    static constexpr std::string_view name = "StaticPower";
    static auto fields() {
        using C = cost::StaticCost;
        namespace s = cost::schema;
        return std::tuple{
            field("mw_per_tile",
                  &C::mw_per_tile,
                  s::amount("mW", "power of a tile that computes nothing", "0: left out")),
            field("mw_per_chip",
                  &C::mw_per_chip,
                  s::amount("mW", "power of the rest of the chip", "0: left out"))};
    }
};
template <>
struct Schema<cost::LayoutCost> {
    static constexpr std::string_view name = "Layout";
    static auto fields() {
        using C = cost::LayoutCost;
        namespace s = cost::schema;
        constexpr std::string_view source =
            "1: no correction (NeuroSim finds 1.22, 1.44 and 1.4 against a 40 nm RRAM macro)";
        return std::tuple{
            field("energy_factor",
                  &C::energy_factor,
                  s::positive("1", "energy after layout over that of the components", source)),
            field("area_factor",
                  &C::area_factor,
                  s::positive("1", "area after layout over that of the components", source)),
            field("sensing_factor",
                  &C::sensing_factor,
                  s::positive(
                      "1", "time of a conversion on silicon over that of the model", source))};
    }
};

template <>
struct Schema<cost::ScheduleConfig> {
    static constexpr std::string_view name = "Schedule";
    static auto fields() {
        using C = cost::ScheduleConfig;
        namespace s = cost::schema;
        return std::tuple{
            field("mode", &C::mode, {.meaning = "which layers work at the same time"}),
            field("duplication",
                  &C::duplication,
                  {.meaning = "copies of slow layers on tiles that are left over",
                   .source = "ISAAC (ISCA 2016), balanced pipeline"}),
            field("sharing",
                  &C::sharing,
                  {.meaning = "whether pieces of several layers take turns on one tile",
                   .source = "IBM 3D-CiM-LLM-Inference-Simulator: greedy placement in order"}),
            field("tiles",
                  &C::tiles,
                  s::lines("tiles", 0, "tiles of the chip; 0 = as many as needed")),
            field("samples",
                  &C::samples,
                  {.unit = "samples",
                   .min = 2,
                   .max = 1000,
                   .meaning = "samples in a row that the schedule follows"})};
    }
};
template <>
struct Schema<cost::ActivityConfig> {
    static constexpr std::string_view name = "Activity";
    static auto fields() {
        using C = cost::ActivityConfig;
        return std::tuple{
            field("source",
                  &C::source,
                  {.meaning = "inputs and conductances: those of test samples on the simulated "
                              "chip, or two averages"}),
            field(
                "samples",
                &C::samples,
                {.unit = "samples", .min = 1, .max = 1e6, .meaning = "test samples that are run"}),
            field("time_s",
                  &C::time_s,
                  {.unit = "s",
                   .min = 0,
                   .max = 1e12,
                   .meaning = "seconds since programming, of the conductances"}),
            field("mean_input",
                  &C::mean_input,
                  {.unit = "1",
                   .min = 0,
                   .max = 1,
                   .meaning = "average: size of an input over the full scale",
                   .source = "an assumption"}),
            field("mean_conductance",
                  &C::mean_conductance,
                  {.unit = "1",
                   .min = 0,
                   .max = 1,
                   .meaning = "average: conductance of a device over the largest",
                   .source = "an assumption"})};
    }
};
template <>
struct Schema<cost::UpdateCost> {
    static constexpr std::string_view name = "Update";
    static auto fields() {
        using C = cost::UpdateCost;
        namespace s = cost::schema;
        return std::tuple{
            field("pulse_ns", &C::pulse_ns, s::amount("ns", "a slot of a pulse train", s::kWu)),
            field("preparation_ns",
                  &C::preparation_ns,
                  s::amount("ns", "time before the train of an update", s::kWu)),
            field("read_ns",
                  &C::read_ns,
                  s::amount("ns", "a forward, a backward pass, or the read of a transfer", s::kWu)),
            field("slots", &C::slots, s::lines("slots", 1, "longest train", s::kWu)),
            field("pulse_pj",
                  &C::pulse_pj,
                  s::amount("pJ", "energy of one pulse of one cell", "0: left out")),
            field("pulses_per_cell",
                  &C::pulses_per_cell,
                  s::amount("pulses",
                            "pulses of a cell in the update of a vector, on average",
                            "a choice: the sparse end of the benchmark of updates"))};
    }
};

template <>
struct Schema<cost::CostConfig> {
    static constexpr std::string_view name = "Cost";
    static auto fields() {
        using C = cost::CostConfig;
        return std::tuple{
            field("technology", &C::technology, {.meaning = "process"}),
            field("tile", &C::tile, {.meaning = "array from its components, or as published"}),
            field("array", &C::array, {.meaning = "cells and lines"}),
            field("adc", &C::adc, {.meaning = "model of the output converters"}),
            field("dac", &C::dac, {.meaning = "model of the input converters"}),
            field("digital", &C::digital, {.meaning = "arithmetic beside the tiles"}),
            field("memory", &C::memory, {.meaning = "buffers of activations"}),
            field("communication", &C::communication, {.meaning = "from tile to tile"}),
            field("static_power", &C::static_power, {.meaning = "power that always flows"}),
            field("layout", &C::layout, {.meaning = "what layout adds"}),
            field("schedule", &C::schedule, {.meaning = "layers on tiles over time"}),
            field("activity", &C::activity, {.meaning = "inputs and conductances"}),
            field("update", &C::update, {.meaning = "training in memory"})};
    }
};

}  // namespace mho

#endif  // MHO_COST_COST_CONFIG_SCHEMA_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cost/layer_cost.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "mho/cost/technology.h"
#include "mho/util/error.h"

namespace mho::cost {
namespace {

constexpr const char* kScaling = "Stillmaker and Baas, Integration 58 (2017)";
constexpr const char* kCounted = "counted in the simulation";
constexpr const char* kShape = "shape of the layer and its hardware";
constexpr double kPjPerFj = 1e-3;
constexpr double kWordBits = 32;  // of the published adder, multiplier and comparator
constexpr double kShiftAddBits = 16;

// A parameter of the configuration with its source.
Node parameter(const CostSpec& spec,
               const std::string& path,
               double number,
               const std::string& unit) {
    return value("cost." + path, number, unit, spec.source(path));
}

// A published energy or area at the node of the chip.
Node at_node(const CostSpec& spec,
             const std::string& name,
             const std::string& path,
             double published,
             const std::string& unit,
             double from_nm,
             double width_factor = 1.0) {
    const Technology& t = spec.config.technology;
    const bool is_area = unit == "um2";
    const double factor = is_area ? area_scaling(from_nm, t.node_nm)
                                  : energy_scaling(from_nm, t.node_nm, spec.config.supply_v());
    std::vector<Node> parts = {parameter(spec, path, published, unit)};
    std::string formula = number(published);
    if (width_factor != 1.0) {
        parts.push_back(value("width", width_factor, "1", spec.source("digital.bits")));
        formula += " x " + number(width_factor);
    }
    if (factor != 1.0) {
        parts.push_back({"scaling",
                         factor,
                         "1",
                         fmt::format("from {} nm to {} nm", number(from_nm), number(t.node_nm)),
                         kScaling,
                         {}});
        formula += " x " + number(factor);
    }
    return {name, published * width_factor * factor, unit, formula, "", std::move(parts)};
}

struct DigitalUnits {
    Node sum, product, comparison, sum_area, product_area;
};

DigitalUnits digital_units(const CostSpec& spec) {
    const DigitalCost& d = spec.config.digital;
    const double width = d.bits / kWordBits;
    return {
        at_node(spec, "a sum", "digital.adder_pj", d.adder_pj, "pJ", d.node_nm, width),
        at_node(spec,
                "a product",
                "digital.multiplier_pj",
                d.multiplier_pj,
                "pJ",
                d.node_nm,
                width * width),
        at_node(
            spec, "a comparison", "digital.comparator_pj", d.comparator_pj, "pJ", d.node_nm, width),
        at_node(spec, "an adder", "digital.adder_um2", d.adder_um2, "um2", d.node_nm, width),
        at_node(spec,
                "a multiplier",
                "digital.multiplier_um2",
                d.multiplier_um2,
                "um2",
                d.node_nm,
                width * width)};
}

// count x price, with the price as a part.
Node times(const std::string& name, double count, const std::string& what, Node price) {
    const double total = count * price.value;
    const std::string unit = price.unit;
    const std::string formula =
        fmt::format("{} {} x {} {}", number(count), what, number(price.value), unit);
    return {name, total, unit, formula, kShape, {std::move(price)}};
}

Node arithmetic(const std::string& name, const DigitalWork& work, const DigitalUnits& units) {
    return sum(name,
               "pJ",
               {times("products", work.products, "products", units.product),
                times("sums", work.sums, "sums", units.sum),
                times("comparisons", work.comparisons, "comparisons", units.comparison)});
}

Node buffer_energy(const CostSpec& spec, double numbers_in, double numbers_out, double bits) {
    const MemoryCost& m = spec.config.memory;
    return times(
        "buffers",
        (numbers_in + numbers_out) * bits,
        fmt::format("bits ({} numbers read, {} written)", number(numbers_in), number(numbers_out)),
        at_node(spec, "a bit", "memory.pj_per_bit", m.pj_per_bit, "pJ", m.node_nm));
}

Node buffer_area(const CostSpec& spec, const std::string& name, double bits) {
    const MemoryCost& m = spec.config.memory;
    return times(
        name,
        bits,
        "bits",
        at_node(spec, "a bit of buffer", "memory.um2_per_bit", m.um2_per_bit, "um2", m.node_nm));
}

Node lanes_area(const CostSpec& spec, const DigitalUnits& units) {
    const double lanes = spec.config.digital.lanes;
    return sum("digital lanes",
               "um2",
               {times("adders", lanes, "lanes", units.sum_area),
                times("multipliers", lanes, "lanes", units.product_area)});
}

// How the sizes of inputs count: as the array encodes them, but a digit of a crossbar's pass is
// driven at once, so its size is a width where inputs come bit by bit.
InputEncoding counted_encoding(const LayerMapping& m, const ArrayCost& array) {
    const bool digits = m.counts_passes && array.input_encoding == InputEncoding::kBitSerial;
    return digits ? InputEncoding::kPulseWidth : array.input_encoding;
}

// All of a layer: sums of its groups.
struct Counts {
    InputEncoding encoding = InputEncoding::kPulseWidth;
    double averaged_us = 0;  // the same if sizes and conductances had nothing to do with each other
    double driven_us = 0;    // sum over lines and vectors of size x conductance
    double line_reads = 0;   // lines that were driven
    double lines = 0;        // lines x vectors
    double vectors = 0;      // of one group
};

// (mean size) x (sum of all conductances): how tools with average operands estimate it.
double averaged_conductance_us(const Activity& lines,
                               const std::vector<double>& conductance_us,
                               InputEncoding encoding) {
    if (conductance_us.empty()) {
        return 0;
    }
    const double all = std::accumulate(conductance_us.begin(), conductance_us.end(), 0.0);
    const std::vector<double> same(conductance_us.size(),
                                   all / static_cast<double>(conductance_us.size()));
    return driven_conductance_us(lines, same, encoding);
}

Counts count(const LayerWork& work, InputEncoding encoding) {
    Counts c;
    c.encoding = encoding;
    const LayerActivity& a = *work.activity;
    if (a.lines.size() != work.mapping.groups || a.conductance_us.size() != work.mapping.groups) {
        throw InputError("activity of layer " + work.name + " has " +
                         std::to_string(a.lines.size()) + " groups, the layer " +
                         std::to_string(work.mapping.groups));
    }
    for (size_t g = 0; g < a.lines.size(); g++) {
        const Activity& lines = a.lines[g];
        c.driven_us += driven_conductance_us(lines, a.conductance_us[g], encoding);
        c.averaged_us += averaged_conductance_us(lines, a.conductance_us[g], encoding);
        const auto& driven = encoding == InputEncoding::kBitSerial ? lines.bits : lines.driven;
        c.line_reads +=
            static_cast<double>(std::accumulate(driven.begin(), driven.end(), uint64_t{0}));
        c.lines += static_cast<double>(lines.vectors) * static_cast<double>(lines.lines());
        c.vectors = std::max(c.vectors, static_cast<double>(lines.vectors));
    }
    for (double* total : {&c.driven_us, &c.averaged_us, &c.line_reads, &c.lines, &c.vectors}) {
        *total /= work.samples;
    }
    return c;
}

const char* encoding_sum(InputEncoding encoding) {
    switch (encoding) {
        case InputEncoding::kPulseWidth:
            return "sum over lines of (sum |x|) x (sum G)";
        case InputEncoding::kVoltage:
            return "sum over lines of (sum x^2) x (sum G)";
        case InputEncoding::kBitSerial:
            return "sum over lines of (set bits) x (sum G)";
    }
    return "";
}

// From driven rows to one ADC: the inverse of what a column conducts on average.
double column_resistance_ohm(const Counts& c, const LayerMapping& m) {
    constexpr double kSiemensPerUs = 1e-6;
    constexpr double kOpenOhm = 1e12;  // nothing driven: no load
    const double columns = static_cast<double>(m.groups * m.columns * m.input_pieces);
    const double siemens =
        c.vectors > 0 ? c.driven_us * kSiemensPerUs / (c.vectors * columns) : 0.0;
    return siemens > 0 ? std::min(1 / siemens, kOpenOhm) : kOpenOhm;
}

struct ArrayNodes {
    Node energy, read_ns, area;
};

ArrayNodes measured_array(const LayerWork& work, const CostSpec& spec, const MeasuredTile& tile) {
    const LayerMapping& m = work.mapping;
    constexpr double kPjPerNj = 1e3;
    constexpr double kUm2PerMm2 = 1e6;
    const auto tiles = static_cast<double>(m.tiles());
    Node product = parameter(spec, "tile.energy_nj", tile.energy_nj, "nJ");
    ArrayNodes n;
    n.energy = {"products of whole tiles",
                work.vectors * tiles * tile.energy_nj * kPjPerNj,
                "pJ",
                fmt::format("{} vectors x {} tiles x {} nJ",
                            number(work.vectors),
                            number(tiles),
                            number(tile.energy_nj)),
                kShape,
                {std::move(product)}};
    n.read_ns = {"product of a tile",
                 tile.latency_ns,
                 "ns",
                 "as published",
                 spec.source("tile.latency_ns"),
                 {}};
    n.area = times("tiles",
                   tiles,
                   "tiles",
                   {"a tile",
                    tile.area_mm2 * kUm2PerMm2,
                    "um2",
                    fmt::format("{} mm2", number(tile.area_mm2)),
                    spec.source("tile.area_mm2"),
                    {}});
    return n;
}

ConverterPlace place_of(const CostSpec& spec, const LayerMapping& m, const Counts& c) {
    ConverterPlace p;
    p.rows = static_cast<double>(m.tile_rows);
    p.column_resistance_ohm = column_resistance_ohm(c, m);
    p.node_nm = spec.config.technology.node_nm;
    p.supply_v = spec.config.supply_v();
    p.temperature_k = spec.config.technology.temperature_k;
    p.driven_ns = spec.config.array.read_time_ns;
    return p;
}

void add_warnings(const LayerWork& work,
                  const std::vector<std::string>& from,
                  std::vector<std::string>& to) {
    for (const std::string& w : from) {
        to.push_back(work.name + ": " + w);
    }
}

// A parameter of the cost configuration, or what the hardware of the layer has in its place.
Node or_simulated(const CostSpec& spec,
                  const std::string& path,
                  double number,
                  const std::string& unit,
                  const std::string& simulated) {
    return simulated.empty() ? parameter(spec, path, number, unit)
                             : value(path.substr(path.find('.') + 1), number, unit, simulated);
}

Node cells_energy(const CostSpec& spec, const LayerMapping& m, const Counts& c) {
    const ArrayCost& a = spec.config.array;
    const double v = m.read_voltage_v.value_or(a.read_voltage_v);
    // uS x V^2 x ns = fJ.
    const double energy = c.driven_us * v * v * a.read_time_ns * kPjPerFj;
    return {"cells",
            energy,
            "pJ",
            fmt::format(
                "({} V)^2 x {} ns x {} uS", number(v), number(a.read_time_ns), number(c.driven_us)),
            "Joule heat of the cells, V^2 G t",
            {or_simulated(spec, "array.read_voltage_v", v, "V", m.read_voltage_source),
             parameter(spec, "array.read_time_ns", a.read_time_ns, "ns"),
             {"driven conductance", c.driven_us, "uS", encoding_sum(c.encoding), kCounted, {}},
             {"driven conductance by averages, for comparison",
              c.averaged_us,
              "uS",
              "the same with the mean conductance at every line",
              kCounted,
              {}}}};
}

// A word line across a tile, charged once for every driven line and read.
Node word_lines(const CostSpec& spec, const LayerMapping& m, const Counts& c) {
    const ArrayCost& a = spec.config.array;
    const double v = spec.config.supply_v();
    const double length_um = static_cast<double>(m.tile_columns * m.devices_per_weight) *
                             a.cell_width_f * spec.config.technology.node_nm * 1e-3;
    const double line_pj = length_um * a.wire_ff_per_um * v * v * kPjPerFj;
    Node line{
        "a word line",
        line_pj,
        "pJ",
        fmt::format(
            "{} um x {} fF/um x ({} V)^2", number(length_um), number(a.wire_ff_per_um), number(v)),
        "C V^2",
        {parameter(spec, "array.wire_ff_per_um", a.wire_ff_per_um, "fF/um"),
         parameter(spec, "array.cell_width_f", a.cell_width_f, "F")}};
    Node node = times("word lines",
                      c.line_reads * static_cast<double>(m.output_pieces),
                      "driven lines",
                      std::move(line));
    node.source = kCounted;
    return node;
}

ArrayNodes component_array(const LayerWork& work,
                           const CostSpec& spec,
                           const Counts& c,
                           std::vector<std::string>& warnings) {
    const LayerMapping& m = work.mapping;
    const CostConfig& config = spec.config;
    const ArrayCost& a = config.array;
    ConverterPlace place = place_of(spec, m, c);
    place.bits = m.adc_bits;
    const ConverterCost adc = adc_cost(
        config.adc,
        place,
        spec.source(std::holds_alternative<MurmannAdc>(config.adc)       ? "adc.rate_hz"
                    : std::holds_alternative<NeurosimSarAdc>(config.adc) ? "adc.transistor_f2"
                                                                         : "adc.points"));
    place.bits = m.dac_bits;
    const ConverterCost dac = dac_cost(config.dac, place, spec.source("dac.points"));
    add_warnings(work, adc.warnings, warnings);
    add_warnings(work, dac.warnings, warnings);

    const auto reads = static_cast<double>(m.reads);
    const double conversions = work.vectors * static_cast<double>(m.groups * m.columns) *
                               static_cast<double>(m.input_pieces * m.conversions);
    const double inputs = c.lines * static_cast<double>(m.output_pieces) * reads;
    const DigitalCost& d = config.digital;
    Node shift_add = at_node(spec,
                             "shift and add",
                             "digital.shift_add_pj",
                             d.shift_add_pj,
                             "pJ",
                             d.shift_add_node_nm,
                             d.bits / kShiftAddBits);
    const double shifts =
        conversions * (1 - 1 / static_cast<double>(m.conversions));  // to the first
    ArrayNodes n;
    n.energy = sum("array",
                   "pJ",
                   {cells_energy(spec, m, c),
                    word_lines(spec, m, c),
                    times("DACs", inputs, "line reads", dac.energy),
                    times("ADCs", conversions, "conversions", adc.energy),
                    times("shift and add", shifts, "further conversions", std::move(shift_add))});

    const double turns = static_cast<double>(m.turns() * m.conversions);
    const double converting = turns * adc.latency.value * config.layout.sensing_factor;
    const double reading = reads * a.read_time_ns;
    Node read{"reads",
              reading,
              "ns",
              fmt::format("{} reads x {} ns", number(reads), number(a.read_time_ns)),
              kShape,
              {parameter(spec, "array.read_time_ns", a.read_time_ns, "ns")}};
    Node convert{"conversions",
                 converting,
                 "ns",
                 fmt::format("{} turns x {} ns x {}",
                             number(turns),
                             number(adc.latency.value),
                             number(config.layout.sensing_factor)),
                 kShape,
                 {adc.latency,
                  or_simulated(spec,
                               "array.columns_per_adc",
                               static_cast<double>(m.columns_per_adc),
                               "1",
                               m.columns_per_adc_source),
                  parameter(spec, "layout.sensing_factor", config.layout.sensing_factor, "1")}};
    n.read_ns = {"a vector on the tiles",
                 a.sample_and_hold ? std::max(reading, converting) : reading + converting,
                 "ns",
                 a.sample_and_hold ? "the longer of the parts (sample and hold)" : kSum,
                 a.sample_and_hold ? spec.source("array.sample_and_hold") : "",
                 {std::move(read), std::move(convert)}};

    const double f_um = config.technology.node_nm * 1e-3;
    const double cell_um2 = a.cell_width_f * a.cell_height_f * f_um * f_um;
    const auto rows = static_cast<double>(m.tile_rows);
    const auto adcs = static_cast<double>(m.adcs_per_tile());
    Node tile = sum("a tile",
                    "um2",
                    {times("devices",
                           rows * static_cast<double>(m.tile_columns * m.devices_per_weight),
                           "devices",
                           {"a device",
                            cell_um2,
                            "um2",
                            fmt::format("{} F x {} F at {} nm",
                                        number(a.cell_width_f),
                                        number(a.cell_height_f),
                                        number(config.technology.node_nm)),
                            spec.source("array.cell_width_f"),
                            {}}),
                     times("row drivers",
                           rows,
                           "rows",
                           parameter(spec, "array.row_driver_um2", a.row_driver_um2, "um2")),
                     times("DACs", rows, "rows", dac.area),
                     times("ADCs", adcs, "ADCs", adc.area),
                     times("shift and add",
                           adcs,
                           "ADCs",
                           at_node(spec,
                                   "a shift-and-add unit",
                                   "digital.shift_add_um2",
                                   d.shift_add_um2,
                                   "um2",
                                   d.shift_add_node_nm)),
                     at_node(spec,
                             "routers",
                             "communication.um2_per_tile",
                             config.communication.um2_per_tile,
                             "um2",
                             config.communication.node_nm)});
    n.area = times("tiles", static_cast<double>(m.tiles()), "tiles", std::move(tile));
    return n;
}

// Time of all vectors: stages behind each other work on different vectors, unless each vector
// needs the result of the last.
Node total_time(const LayerWork& work, const CostSpec& spec, Node analog) {
    const LayerMapping& m = work.mapping;
    const DigitalCost& d = spec.config.digital;
    const CommunicationCost& com = spec.config.communication;
    const double outputs = work.output_numbers / work.vectors;
    const double operations =
        static_cast<double>(m.groups * m.columns) * static_cast<double>(2 * m.input_pieces) +
        work.around.operations() / work.vectors;
    const double per_ns = d.lanes * d.clock_ghz;
    Node digital{"digital side of a vector",
                 operations / per_ns,
                 "ns",
                 fmt::format("{} operations / ({} lanes x {} GHz)",
                             number(operations),
                             d.lanes,
                             number(d.clock_ghz)),
                 kShape,
                 {parameter(spec, "digital.lanes", d.lanes, "1"),
                  parameter(spec, "digital.clock_ghz", d.clock_ghz, "GHz")}};
    const double bits = outputs * m.input_bits;
    Node sending{
        "sending a vector",
        bits / (com.width_bits * com.clock_ghz),
        "ns",
        fmt::format(
            "{} bit / ({} bit x {} GHz)", number(bits), com.width_bits, number(com.clock_ghz)),
        kShape,
        {parameter(spec, "communication.width_bits", com.width_bits, "bit"),
         parameter(spec, "communication.clock_ghz", com.clock_ghz, "GHz")}};
    const double once = analog.value + digital.value + sending.value;
    const double slowest = std::max({analog.value, digital.value, sending.value});
    Node node;
    node.name = work.name;
    node.unit = "ns";
    node.source = kShape;
    if (work.recurrent) {
        node.value = work.vectors * once;
        node.formula = fmt::format(
            "{} vectors, each after the last x {} ns", number(work.vectors), number(once));
    } else {
        node.value = (work.vectors - 1) * slowest + once;
        node.formula = fmt::format("({} vectors - 1) x {} ns (slowest part) + {} ns (all parts)",
                                   number(work.vectors),
                                   number(slowest),
                                   number(once));
    }
    node.parts = {std::move(analog), std::move(digital), std::move(sending)};
    return node;
}

}  // namespace

double driven_conductance_us(const Activity& lines,
                             const std::vector<double>& conductance_us,
                             InputEncoding encoding) {
    if (lines.lines() != conductance_us.size()) {
        throw InputError("activity of " + std::to_string(lines.lines()) +
                         " lines, conductances of " + std::to_string(conductance_us.size()));
    }
    const auto full = static_cast<double>(std::max<uint32_t>(lines.full_scale, 1));
    double total = 0;
    for (size_t i = 0; i < conductance_us.size(); i++) {
        switch (encoding) {
            case InputEncoding::kPulseWidth:
                total += static_cast<double>(lines.codes[i]) / full * conductance_us[i];
                break;
            case InputEncoding::kVoltage:
                total += static_cast<double>(lines.squares[i]) / (full * full) * conductance_us[i];
                break;
            case InputEncoding::kBitSerial:
                total += static_cast<double>(lines.bits[i]) * conductance_us[i];
                break;
        }
    }
    return total;
}

LayerNodes cost_on_tiles(const LayerWork& work,
                         const CostSpec& spec,
                         double hops,
                         std::vector<std::string>& warnings) {
    const CostConfig& config = spec.config;
    const LayerMapping& m = work.mapping;
    const Counts c = count(work, counted_encoding(m, config.array));
    const auto* measured = std::get_if<MeasuredTile>(&config.tile);
    ArrayNodes array = measured != nullptr ? measured_array(work, spec, *measured)
                                           : component_array(work, spec, c, warnings);
    const DigitalUnits units = digital_units(spec);
    const double outputs = work.vectors * static_cast<double>(m.groups * m.columns);
    // One scale for every output of a tile, then the pieces and the bias are added.
    const auto pieces = static_cast<double>(m.input_pieces);
    DigitalWork periphery = {outputs * pieces, outputs * (pieces - 1 + (work.bias ? 1 : 0)), 0};
    const double read_numbers = config.memory.reuse_inputs
                                    ? work.input_numbers
                                    : work.vectors * static_cast<double>(m.groups * m.rows);
    const double bits = work.output_numbers * m.input_bits;
    const CommunicationCost& com = config.communication;
    Node hop = at_node(spec,
                       "a bit and hop",
                       "communication.pj_per_bit_hop",
                       com.pj_per_bit_hop,
                       "pJ",
                       com.node_nm);
    Node sending = times("communication", bits * hops, "bit hops", std::move(hop));
    sending.parts.push_back(value("hops", hops, "1", spec.source("communication.hops")));

    LayerNodes n;
    n.energy = sum(work.name,
                   "pJ",
                   {std::move(array.energy),
                    arithmetic("scales, pieces and bias", periphery, units),
                    arithmetic("around the matrix", work.around, units),
                    buffer_energy(spec, read_numbers, work.output_numbers, m.input_bits),
                    std::move(sending)});
    n.latency = total_time(work, spec, std::move(array.read_ns));
    const double copies_of_input = config.schedule.mode == ScheduleMode::kSequential ? 1 : 2;
    n.area = sum(
        work.name,
        "um2",
        {std::move(array.area),
         lanes_area(spec, units),
         buffer_area(spec, "input buffer", copies_of_input * work.input_numbers * m.input_bits)});
    return n;
}

LayerNodes cost_digital(const std::string& name,
                        const DigitalWork& work,
                        double input_numbers,
                        double output_numbers,
                        double weights,
                        const CostSpec& spec) {
    const DigitalCost& d = spec.config.digital;
    const DigitalUnits units = digital_units(spec);
    const double bits = d.bits;
    LayerNodes n;
    n.energy = sum(name,
                   "pJ",
                   {arithmetic("arithmetic", work, units),
                    buffer_energy(spec, input_numbers + weights, output_numbers, bits)});
    const double per_ns = d.lanes * d.clock_ghz;
    n.latency = {name,
                 work.operations() / per_ns,
                 "ns",
                 fmt::format("{} operations / ({} lanes x {} GHz)",
                             number(work.operations()),
                             d.lanes,
                             number(d.clock_ghz)),
                 kShape,
                 {parameter(spec, "digital.lanes", d.lanes, "1"),
                  parameter(spec, "digital.clock_ghz", d.clock_ghz, "GHz")}};
    n.area = sum(name,
                 "um2",
                 {buffer_area(spec, "input buffer", input_numbers * bits),
                  buffer_area(spec, "weights", weights * bits)});
    return n;
}

Node digital_unit_area(const CostSpec& spec) {
    Node area = lanes_area(spec, digital_units(spec));
    area.name = "digital unit";
    return area;
}

}  // namespace mho::cost

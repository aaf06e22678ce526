// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_COST_COST_CONFIG_H
#define MHO_COST_COST_CONFIG_H

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "mho/cost/converter_models.h"
#include "mho/util/error.h"

namespace mho::cost {

struct Technology {
    double node_nm = 22.0;
    double supply_v = 0.0;  // 0 = nominal of the node
    double temperature_k = 300.0;
};

/// The array built from components: cells, lines, converters.
struct ComponentTile {};
/// The array as a whole, as published: one matrix-vector product of a tile.
struct MeasuredTile {
    int rows = 256;
    int columns = 256;
    double energy_nj = 13.4;
    double latency_ns = 130.0;
    double area_mm2 = 0.0;  // 0 = not known
};
using TileModel = std::variant<ComponentTile, MeasuredTile>;

/// How the size of an input reaches a cell.
enum class InputEncoding {
    kPulseWidth,  // full read voltage for a time in proportion to |x|
    kVoltage,     // a voltage in proportion to |x| for the whole read
    kBitSerial,   // one read per bit of |x|, at the full voltage for the lines whose bit is set
};

struct ArrayCost {
    int rows = 512;  // of a tile where the hardware sets no limit
    int columns = 512;
    InputEncoding input_encoding = InputEncoding::kPulseWidth;
    bool accumulate_bits = false;  // bit serial: all bits on a capacitor, one conversion
    double read_voltage_v = 0.55;
    double read_time_ns = 128.0;  // of the largest input; of every bit when bit serial
    double cell_width_f = 12.0;
    double cell_height_f = 4.0;
    double wire_ff_per_um = 0.2;
    double row_driver_um2 = 0.0;
    int columns_per_adc = 8;
    bool sample_and_hold = true;  // the next read runs while the last one is converted
};

/// Digital arithmetic beside the tiles.
struct DigitalCost {
    double node_nm = 40.0;
    int bits = 16;           // width of words
    double adder_pj = 0.21;  // 32 bit
    double adder_um2 = 278.0;
    double multiplier_pj = 12.7;  // 32 x 32 bit
    double multiplier_um2 = 6350.0;
    double comparator_pj = 0.029;  // 32 bit
    double shift_add_node_nm = 32.0;
    double shift_add_pj = 0.021;
    double shift_add_um2 = 60.0;
    double clock_ghz = 1.0;
    int lanes = 64;  // operations per clock and layer
};

/// Activation buffers.
struct MemoryCost {
    double node_nm = 32.0;
    double pj_per_bit = 20.45 / 256;
    double um2_per_bit = 83000.0 / (256 * 2048);
    bool reuse_inputs = true;  // a number is read once, not once per position of the kernel
};

/// Moving activations from tile to tile.
struct CommunicationCost {
    double node_nm = 32.0;
    double pj_per_bit_hop = 20.74 / 256;
    double hops = 0.0;  // 0 = 2/3 of the side of a square of all tiles
    double um2_per_tile = 37500.0;
    int width_bits = 256;
    double clock_ghz = 1.0;
};

/// Power that flows whether or not anything is computed.
struct StaticCost {
    double mw_per_tile = 0.0;
    double mw_per_chip = 0.0;
};

/// What layout and control add to the sum of the components.
struct LayoutCost {
    double energy_factor = 1.0;
    double area_factor = 1.0;
    double sensing_factor = 1.0;
};

enum class ScheduleMode {
    kSequential,    // one sample in the chip, layer by layer
    kPipeline,      // every layer works on its own sample
    kLinePipeline,  // and a layer starts as soon as the lines that its kernel needs are there
};
enum class Duplication {
    kNone,
    kBalanced,  // copies of the slowest layers until the tiles are used up
};
enum class TileSharing {
    kNone,      // every piece of a matrix has a tile of its own
    kFirstFit,  // small pieces share a tile and take turns
};

struct ScheduleConfig {
    ScheduleMode mode = ScheduleMode::kPipeline;
    Duplication duplication = Duplication::kNone;
    TileSharing sharing = TileSharing::kNone;
    int tiles = 0;    // of the chip; 0 = as many as needed
    int samples = 8;  // that the schedule follows
};

/// Where the activity of the lines comes from.
enum class ActivitySource {
    kMeasured,  // inputs of test samples, conductances of the simulated chip
    kAverage,   // the two averages below for every line and cell
};
struct ActivityConfig {
    ActivitySource source = ActivitySource::kMeasured;
    int samples = 16;
    double time_s = 0.0;  // since programming, of the conductances
    double mean_input = 0.25;
    double mean_conductance = 0.25;
};

/// Training in memory (train/programming_cost).
struct UpdateCost {
    double pulse_ns = 5.0;
    double preparation_ns = 5.9;
    double read_ns = 40.0;
    int slots = 32;
    double pulse_pj = 0.0;
    double pulses_per_cell = 0.6;  // of a vector, on average
};

/// Everything that the cost of a network depends on beside its hardware.
struct CostConfig {
    Technology technology;
    TileModel tile;
    ArrayCost array;
    AdcModel adc;
    DacModel dac;
    DigitalCost digital;
    MemoryCost memory;
    CommunicationCost communication;
    StaticCost static_power;
    LayoutCost layout;
    ScheduleConfig schedule;
    ActivityConfig activity;
    UpdateCost update;

    double supply_v() const;
};

/// A configuration and where each of its numbers is from.
struct CostSpec {
    std::string preset;  // "" = the defaults
    bool given = false;  // by a run file; else nothing is written back to it
    CostConfig config;
    std::map<std::string, std::string> sources;  // "array.read_voltage_v" -> text

    /// Source of a parameter: the run file, the preset, or the default's.
    const std::string& source(const std::string& path) const;
};

/// Reads {"preset": NAME, ... parameters ...}: presets/cost/NAME.json first, the other keys on top.
/// Problems are reported below `path`.
CostSpec cost_from_json(const std::string& text, const std::string& path = "cost");
/// The complete configuration, every default written out, without the sources.
std::string cost_to_json(const CostSpec& spec);

}  // namespace mho::cost

#endif  // MHO_COST_COST_CONFIG_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cost/layer_mapping.h"

#include <algorithm>
#include <cmath>

#include "mho/array/weight_slices.h"
#include "mho/convert/adc_bank.h"
#include "mho/tile/grid.h"
#include "mho/tile/sliced_tile.h"
#include "mho/util/finite.h"

namespace mho::cost {
namespace {

constexpr int kAssumedBits = 8;
constexpr int kMostBits = 32;

// Tiles along an axis: the pieces of the hardware, each on as many tiles as it needs.
size_t tiles_along(size_t size, int limit, size_t tile) {
    const std::vector<size_t> offsets = split_axis(size, limit);
    size_t count = 0;
    for (size_t i = 0; i + 1 < offsets.size(); i++) {
        count += (offsets[i + 1] - offsets[i] + tile - 1) / tile;
    }
    return count;
}

int bits_or_assumed(double steps, const char* what, std::vector<std::string>& warnings) {
    if (steps > 0) {
        return std::min(converter_bits(steps), kMostBits);
    }
    warnings.push_back(std::string("the hardware has no ") + what +
                       " (steps 0): " + std::to_string(kAssumedBits) + " bit are taken");
    return kAssumedBits;
}

bool has_groups(const mho::AdcModel& model) {
    return std::visit([](const auto& a) { return requires { a.group_size; }; }, model);
}

// Bit slices side by side, inputs in passes: every slice of every pass has a conversion, unless the
// passes are added as charge.
void map_crossbar(const Crossbar& crossbar, const ArrayCost& array, LayerMapping& m) {
    const size_t slices = bits_per_slice(crossbar.weights).size();
    const bool pairs = crossbar.weights.coding == WeightCoding::kBalanced;
    const bool apart = pairs && !crossbar.weights.subtract_before_adc;
    const size_t passes = input_passes(crossbar.input).size();
    m.devices_per_weight = slices * (pairs ? 2 : 1);  // unit columns are left out
    m.reads = passes;
    m.conversions = slices * (apart ? 2 : 1) *
                    (crossbar.input.accumulation == Accumulation::kDigital ? passes : 1);
    m.input_bits = crossbar.input.bits;
    const int digit = passes > 1 ? crossbar.input.slice_bits : crossbar.input.bits;
    m.dac_bits = array.input_encoding == InputEncoding::kVoltage ? digit : 1;
    m.adc_bits = bits_of(crossbar.adc);
    m.counts_passes = true;
    m.g_max_us = crossbar.cell.g_max_us;
    m.read_voltage_v = crossbar.cell.read_voltage_v;
    m.read_voltage_source = "hardware.crossbar.cell.read_voltage_v, as simulated";
    // The columns of a ramp have a comparator each; of other converters the group shares one.
    const bool ramp = std::holds_alternative<RampAdc>(crossbar.adc);
    if (has_groups(crossbar.adc) && !ramp) {
        m.columns_per_adc = group_size_of(crossbar.adc);
        m.columns_per_adc_source = "hardware.crossbar.adc.group_size, as simulated";
    }
}

}  // namespace

size_t LayerMapping::turns() const {
    const size_t outputs = (columns + output_pieces - 1) / output_pieces;
    return std::min(columns_per_adc, outputs);
}

double LayerMapping::utilisation() const {
    return static_cast<double>(groups * rows * columns) /
           (static_cast<double>(tiles()) * static_cast<double>(tile_rows * tile_columns));
}

int converter_bits(double steps) {
    require_positive(steps, "steps of a converter");
    // 2^b - 2 steps, or 2^b - 1, are b bits.
    return std::max(1, static_cast<int>(std::ceil(std::log2(steps + 1))));
}

LayerMapping map_layer(const Hardware& hardware,
                       size_t groups,
                       size_t rows,
                       size_t columns,
                       const CostConfig& config,
                       std::vector<std::string>& warnings) {
    if (groups == 0 || rows == 0 || columns == 0) {
        throw InputError("a layer on tiles needs groups, rows and columns");
    }
    LayerMapping m;
    m.groups = groups;
    m.rows = rows;
    m.columns = columns;
    const Mapping& cut = hardware.mapping;
    const auto or_default = [](int limit, int standard) {
        return static_cast<size_t>(limit > 0 ? limit : standard);
    };
    m.tile_rows = or_default(cut.max_inputs, config.array.rows);
    m.tile_columns = or_default(cut.max_outputs, config.array.columns);
    if (const auto* measured = std::get_if<MeasuredTile>(&config.tile)) {
        m.tile_rows = static_cast<size_t>(measured->rows);
        m.tile_columns = static_cast<size_t>(measured->columns);
    }
    m.input_pieces = tiles_along(rows, cut.max_inputs, m.tile_rows);
    m.output_pieces = tiles_along(columns, cut.max_outputs, m.tile_columns);
    m.devices_per_weight = slice_count(hardware.converter);
    m.g_max_us = mho::g_max_us(hardware.converter);
    m.columns_per_adc = static_cast<size_t>(config.array.columns_per_adc);
    if (hardware.crossbar.enabled) {
        map_crossbar(hardware.crossbar, config.array, m);
        if (m.adc_bits <= 0) {
            m.adc_bits = bits_or_assumed(0.0, "output converter", warnings);
        }
        return m;
    }
    m.input_bits = bits_or_assumed(hardware.forward.dac.steps, "input converter", warnings);
    m.adc_bits = bits_or_assumed(hardware.forward.adc.steps, "output converter", warnings);
    const bool signs_apart = hardware.forward.mode != MvmMode::kOnePass;
    m.reads = signs_apart ? 2 : 1;
    m.conversions = hardware.forward.mode == MvmMode::kSeparateDigitalSum ? 2 : 1;
    m.dac_bits = config.array.input_encoding == InputEncoding::kVoltage ? m.input_bits : 1;
    if (config.array.input_encoding == InputEncoding::kBitSerial) {
        // The sign is not a read of its own: it selects the polarity of the pulse.
        const auto bits = static_cast<size_t>(std::max(m.input_bits - 1, 1));
        m.reads *= bits;
        m.conversions *= config.array.accumulate_bits ? 1 : bits;
    }
    return m;
}

}  // namespace mho::cost

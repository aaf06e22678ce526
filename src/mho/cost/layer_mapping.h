// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_COST_LAYER_MAPPING_H
#define MHO_COST_LAYER_MAPPING_H

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "mho/cost/cost_config.h"
#include "mho/net/hardware.h"

namespace mho::cost {

/// How the matrix of a layer lies on tiles and how often they work for one input vector: all that
/// cost needs of a layer's hardware. Filled from it by map_layer, or by hand.
struct LayerMapping {
    size_t groups = 1;
    size_t rows = 1;     // inputs of a group
    size_t columns = 1;  // outputs of a group
    size_t tile_rows = 1;
    size_t tile_columns = 1;  // weights side by side in a tile
    size_t input_pieces = 1;  // tiles one below the other
    size_t output_pieces = 1;
    size_t devices_per_weight = 2;
    size_t reads = 1;        // of the array for a vector
    size_t conversions = 1;  // of every output of a tile for a vector
    int dac_bits = 1;        // that the converter of a line sees in a read
    int input_bits = 8;      // of a number in a buffer
    int adc_bits = 8;
    bool counts_passes = false;  // the activity holds every pass as a vector of its own digits
    size_t columns_per_adc = 8;
    double g_max_us = 25.0;
    std::string columns_per_adc_source = {};    // if not the cost configuration
    std::optional<double> read_voltage_v = {};  // if not that of the cost configuration
    std::string read_voltage_source = {};

    size_t tiles() const { return groups * input_pieces * output_pieces; }
    size_t adcs_per_tile() const { return (tile_columns + columns_per_adc - 1) / columns_per_adc; }
    /// Outputs of a tile that one ADC converts one after the other: no more than there are.
    size_t turns() const;
    /// Used share of the cells of its tiles.
    double utilisation() const;
};

/// The mapping of a `columns` x `rows` matrix (per group). Adds to `warnings` what had to be
/// assumed.
LayerMapping map_layer(const Hardware& hardware,
                       size_t groups,
                       size_t rows,
                       size_t columns,
                       const CostConfig& config,
                       std::vector<std::string>& warnings);

/// Bits of a converter with `steps` over its range: 254 -> 8.
int converter_bits(double steps);

}  // namespace mho::cost

#endif  // MHO_COST_LAYER_MAPPING_H

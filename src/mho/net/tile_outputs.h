// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NET_TILE_OUTPUTS_H
#define MHO_NET_TILE_OUTPUTS_H

// What the columns of the tiles of a network give for sample inputs, exactly; and what is set from
// it after training: ranges of a fixed-point periphery, conductance ranges of columns.

#include <map>
#include <string>
#include <vector>

#include "mho/net/executor.h"
#include "mho/net/network.h"

namespace mho {

/// Sums over all rows that a group of an analog layer has multiplied; tile units (inputs over their
/// range, cut to +-1, times tile weights). Each [input pieces, outputs].
struct ColumnOutputs {
    Matrix<double> sum;
    Matrix<double> squares;
    Matrix<double> largest;  // of |output|
    Matrix<double> highest;  // of output and 0
    double rows = 0;

    double mean(size_t piece, size_t output) const { return sum(piece, output) / rows; }
    double std(size_t piece, size_t output) const;
};

/// layer -> its groups.
using TileOutputs = std::map<std::string, std::vector<ColumnOutputs>>;

/// The exact network runs on `pixels` [samples, features]; recurrent layers see their own exact
/// states.
TileOutputs observe_tile_outputs(const Network& network, ConstFloatView pixels);

/// Sets the output ranges of every tile with a counting periphery: the largest result over its
/// columns (scale and bias included; of those above 0 where a ReLU is folded in), times `margin`.
void set_output_ranges(Executor& executor, const TileOutputs& outputs, double margin = 1.0);

/// Whether a layer has a counting periphery, whose results need a range.
bool needs_output_ranges(const Network& network);

/// The same as parameters NAME.output_range [groups * tiles] of the network, which executors use
/// and files keep: of every layer with a counting periphery, from samples `pixels` [samples,
/// features].
void calibrate_output_ranges(Network& network, ConstFloatView pixels, double margin = 1.0);

/// Post-training conductance ranges (arXiv 2401.09859, step 2): every column's weights are rescaled
/// so that |mean| + deviations * std of its output meets the ADC bound, at most to the largest
/// conductance; its digital scale takes the inverse. The exact network stays the same. Layers
/// without an ADC bound are rescaled to the largest conductance.
void calibrate_column_ranges(Network& network, ConstFloatView pixels, double deviations);

}  // namespace mho

#endif  // MHO_NET_TILE_OUTPUTS_H

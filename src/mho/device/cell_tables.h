// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_CELL_TABLES_H
#define MHO_DEVICE_CELL_TABLES_H

// The parameters of every cell of a pulsed array, drawn once from the spreads of its device.
// Internal to device: PulsedArray lends them by name.

#include <cstddef>
#include <string>
#include <vector>

#include "mho/device/pulsed_device.h"
#include "mho/random/stream.h"
#include "mho/util/staggered.h"

namespace mho {

using CellTable = StaggeredFloats;  // [rows][stride], or empty where the model has none

struct CellTables {
    size_t rows = 0;
    size_t cols = 0;
    size_t stride = 0;  // cols, rounded up to 16; cells of the padding cannot move

    CellTable min_bound;
    CellTable max_bound;
    CellTable step_up;
    CellTable step_down;

    CellTable slope_up;  // linear models: k_up, k_down with their sign
    CellTable slope_down;
    CellTable gamma_up;  // power steps: exponents
    CellTable gamma_down;
    CellTable reference;  // device value = weight + reference
    CellTable hidden_up;  // hidden step: steps of the hidden state
    CellTable hidden_down;

    CellTable decay;       // empty: 1
    CellTable diffusion;   // empty: 0
    CellTable reset_bias;  // empty: the nominal value
    CellTable drift_nu;    // empty: the nominal value

    // Derived for the kernels: the factors that turn a distance into the argument of a response.
    CellTable scale_up;
    CellTable scale_down;

    float& at(CellTable& table, size_t r, size_t c) const { return table[r * stride + c]; }
    float at(const CellTable& table, size_t r, size_t c) const { return table[r * stride + c]; }
};

/// Draws the tables of `device` (derived parameters included, checked before).
CellTables draw_cell_tables(const PulsedDevice& device, size_t rows, size_t cols, TileKey key);

/// Recomputes what is derived: slopes are tables of their own and stay.
void derive_scales(const PulsedDevice& device, CellTables& tables);

}  // namespace mho

#endif  // MHO_DEVICE_CELL_TABLES_H

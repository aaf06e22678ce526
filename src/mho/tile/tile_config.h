// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TILE_TILE_CONFIG_H
#define MHO_TILE_TILE_CONFIG_H

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "mho/array/converter.h"
#include "mho/device/conductance.h"
#include "mho/tile/compensation_law.h"
#include "mho/tile/crossbar_config.h"
#include "mho/tile/mvm_config.h"
#include "mho/tile/stuck_cells.h"
#include "mho/tile/time_ir_drop.h"

namespace mho {

/// Which digital factors learn in hardware-aware training.
enum class LearnedScales { kNone, kPerTile, kPerColumn };

/// How a weight matrix is laid out on tiles.
struct Mapping {
    double omega = 1.0;      // largest tile weight after scaling; 0 = weights as they are
    bool per_column = true;  // one scale per output, else one per tile
    int max_inputs = 512;    // rows of a tile; 0 = unlimited
    int max_outputs = 0;     // columns of a tile; 0 = unlimited
    LearnedScales learn_scales = LearnedScales::kPerColumn;
    bool analog_bias = false;  // the bias is a further row of the array, driven by an input of 1
    bool rate_compensation = false;  // pulsed updates: see mapping_rate_factor()
};

/// Digital correction of drift by one factor, measured by reading unit vectors.
enum class DriftCompensationKind {
    kNone,
    kGlobal,                // mean |output| of the programmed tile over the present mean
    kGlobalExactReference,  // the same with the exact product as baseline
    kPerColumn,             // one factor per output
};

template <>
struct EnumNames<LearnedScales> {
    static constexpr std::array<std::pair<LearnedScales, std::string_view>, 3> names = {
        {{LearnedScales::kNone, "none"},
         {LearnedScales::kPerTile, "per tile"},
         {LearnedScales::kPerColumn, "per column"}}};
};

template <>
struct EnumNames<DriftCompensationKind> {
    static constexpr std::array<std::pair<DriftCompensationKind, std::string_view>, 4> names = {
        {{DriftCompensationKind::kNone, "none"},
         {DriftCompensationKind::kGlobal, "global"},
         {DriftCompensationKind::kGlobalExactReference, "global, exact reference"},
         {DriftCompensationKind::kPerColumn, "per column"}}};
};

/// One tile of analog hardware. The defaults are the standard AIMC model (arXiv 2302.08469).
struct TileConfig {
    Mapping mapping;
    MvmConfig forward;
    MvmConfig backward = perfect_mvm();
    Converter converter;
    ConductanceModel conductance;
    DriftCompensationKind drift_compensation = DriftCompensationKind::kGlobal;
    // aihwkit converts programmed weights a second time, with a scale from their noisy maximum.
    bool renormalise_programmed = false;
    StuckCells stuck_cells;
    Crossbar crossbar;        // circuits instead of `forward`, `converter` and `conductance`
    TimeIrDrop time_ir_drop;  // pulse widths behind wires instead of the product of `forward`
    // A law of the user's own; it replaces `drift_compensation`. Set in code only, as it cannot be
    // read from a configuration file.
    std::shared_ptr<const CompensationLaw> user_compensation;

    bool compensates() const {
        return user_compensation != nullptr || drift_compensation != DriftCompensationKind::kNone;
    }
};

template <>
struct Schema<Mapping> {
    static constexpr std::string_view name = "Mapping";
    static void fields(auto&& visit) {
        visit(field("omega",
                    &Mapping::omega,
                    {.unit = "w_max",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "largest tile weight after digital scaling; 0 = weights are mapped "
                                "as they are",
                     .source = "arXiv 2302.08469; aihwkit weight_scaling_omega"}));
        visit(field("per_column",
                    &Mapping::per_column,
                    {.meaning = "one digital scale per output column instead of one per tile",
                     .source = "arXiv 2302.08469; aihwkit weight_scaling_columnwise"}));
        visit(field("max_inputs",
                    &Mapping::max_inputs,
                    {.unit = "rows",
                     .min = 0,
                     .max = 1048576,
                     .meaning = "largest number of inputs of a tile; larger layers are cut into "
                                "equal pieces; 0 = unlimited",
                     .source = "arXiv 2302.08469: 512"}));
        visit(field("max_outputs",
                    &Mapping::max_outputs,
                    {.unit = "columns",
                     .min = 0,
                     .max = 1048576,
                     .meaning = "largest number of outputs of a tile; 0 = unlimited",
                     .source = "aihwkit max_output_size"}));
        visit(field("learn_scales",
                    &Mapping::learn_scales,
                    {.meaning = "digital output scales that are trained",
                     .source = "arXiv 2302.08469; aihwkit learn_out_scaling"}));
        visit(field("analog_bias",
                    &Mapping::analog_bias,
                    {.meaning = "the bias of a layer is one more row of its array, driven by a "
                                "constant input of 1, instead of a digital sum",
                     .source = "aihwkit digital_bias = False"}));
        visit(field(
            "rate_compensation",
            &Mapping::rate_compensation,
            {.meaning = "pulsed updates: errors are divided, and the learning rate of the tile "
                        "multiplied, by 1 / mean scale, so that pulse trains keep their usual "
                        "length; updates that are not pulsed do not change",
             .source = "aihwkit weight_scaling_lr_compensation"}));
    }
};

}  // namespace mho

#endif  // MHO_TILE_TILE_CONFIG_H

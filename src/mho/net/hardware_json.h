// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NET_HARDWARE_JSON_H
#define MHO_NET_HARDWARE_JSON_H

// Reflection of Hardware, for hardware.cc, presets.cc and `mho explain`. Internal: it exposes
// nlohmann/json.

#include <string>

#include "mho/net/hardware.h"
#include "mho/tile/crossbar_json.h"
#include "mho/tile/mvm_config_json.h"
#include "mho/util/json.h"

namespace mho {

/// One flat list: a reader of a configuration file need not know what a tile is and what training
/// adds to it.
template <>
struct Schema<Hardware> {
    static constexpr std::string_view name = "Hardware";
    static void fields(auto&& visit) {
        using H = Hardware;
        visit(field<H, Mapping>(
            "mapping",
            &H::mapping,
            {.meaning = "how a weight matrix is laid out on tiles", .source = "arXiv 2302.08469"}));
        visit(field<H, MvmConfig>(
            "forward",
            &H::forward,
            {.meaning = "the analog product of inference and of the forward pass",
             .source = "arXiv 2302.08469"}));
        visit(field<H, MvmConfig>("backward",
                                  &H::backward,
                                  {.meaning = "the analog product with the transpose, of training",
                                   .source = "arXiv 2307.09357"}));
        visit(field<H, Converter>(
            "converter",
            &H::converter,
            {.meaning = "how a weight becomes conductances", .source = "arXiv 2307.09357"}));
        visit(field<H, ConductanceModel>(
            "conductance",
            &H::conductance,
            {.meaning = "programming noise, drift and 1/f noise of a cell",
             .source = "arXiv 2302.08469"}));
        visit(field<H, DriftCompensationKind>(
            "drift_compensation",
            &H::drift_compensation,
            {.meaning = "digital factor that undoes the mean drift, from a reading of unit vectors",
             .source = "Joshi et al., Nat. Commun. 11, 2473 (2020)"}));
        visit(field<H, bool>(
            "renormalise_programmed",
            &H::renormalise_programmed,
            {.meaning = "convert programmed weights a second time, with a scale from "
                        "their noisy maximum, as aihwkit does",
             .source = "aihwkit 1.2.0"}));
        visit(field<H, StuckCells>(
            "stuck_cells",
            &H::stuck_cells,
            {.meaning = "defective cells of a programmed tile", .source = "arXiv 2302.08469"}));
        visit(field<H, Crossbar>("crossbar",
                                 &H::crossbar,
                                 {.meaning = "a tile as circuits: bit slices, wires, converters",
                                  .source = "CrossSim 3.2"}));
        visit(field<H, TimeIrDrop>(
            "time_ir_drop",
            &H::time_ir_drop,
            {.meaning = "inputs as pulse widths: IR drop that changes while a product is read",
             .source = "aihwkit 1.2.0"}));
        visit(field<H, DigitalPeriphery>(
            "periphery",
            &H::periphery,
            {.meaning = "counters behind the columns and their digital correction",
             .source = "arXiv 2402.07549"}));
        visit(field<H, ProgrammingConfig>(
            "programming",
            &H::programming,
            {.meaning = "how the cells of a chip are brought to their targets",
             .source = "arXiv 2305.16647"}));
        visit(field<H, InputRangeConfig>(
            "input_range",
            &H::input_range,
            {.meaning = "cut and scale of the inputs of each tile", .source = "arXiv 2302.08469"}));
        visit(field<H, WeightModifier>(
            "modifier",
            &H::modifier,
            {.meaning = "weight noise of hardware-aware training", .source = "arXiv 2302.08469"}));
        visit(field<H, WeightClip>("clip",
                                   &H::clip,
                                   {.meaning = "cut of the weights after each training step",
                                    .source = "arXiv 2302.08469"}));
        visit(field<H, WeightRemap>(
            "remap",
            &H::remap,
            {.meaning = "stretch of the weights to the full range while training",
             .source = "arXiv 2302.08469"}));
        visit(field<H, GradientConfig>(
            "gradient",
            &H::gradient,
            {.meaning = "straight-through gradients of hardware-aware training",
             .source = "arXiv 2302.08469"}));
    }
};

/// Reads one hardware object: a "preset" first, then the other keys on top of it (on top of
/// `hardware` where there is no preset). Keys in `also_known` are the caller's.
void read_hardware(const Json& j,
                   Hardware& hardware,
                   const std::string& path,
                   Problems& problems,
                   std::vector<std::string> also_known = {});

MHO_JSON_STRUCT_TEMPLATES(extern, Hardware);

}  // namespace mho

#endif  // MHO_NET_HARDWARE_JSON_H

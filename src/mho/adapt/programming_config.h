// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ADAPT_PROGRAMMING_CONFIG_H
#define MHO_ADAPT_PROGRAMMING_CONFIG_H

#include <array>
#include <string_view>
#include <utility>

#include "mho/util/reflect.h"

namespace mho {

enum class ProgrammingKind {
    kSingleShot,          // one draw of the conductance model
    kVerify,              // each cell is read alone and pulsed until it lies within a margin
    kGradient,            // gradient descent on the error of products: GDP
    kVerifyThenGradient,  // a few rounds of verify first
    kOptimisedMap,        // single shot, on a map from weights to pairs that suits the noise: WPO
    kClosedLoop,          // pulses of one size, up or down, from the errors of unit vectors
};

template <>
struct EnumNames<ProgrammingKind> {
    static constexpr std::array<std::pair<ProgrammingKind, std::string_view>, 6> names = {
        {{ProgrammingKind::kSingleShot, "single shot"},
         {ProgrammingKind::kVerify, "program and verify"},
         {ProgrammingKind::kGradient, "gradient descent"},
         {ProgrammingKind::kVerifyThenGradient, "verify then gradient descent"},
         {ProgrammingKind::kOptimisedMap, "optimised map"},
         {ProgrammingKind::kClosedLoop, "closed loop"}}};
};

/// How cells are brought to their targets. Shares of g_max refer to the largest target weight of
/// the tile.
struct ProgrammingConfig {
    ProgrammingKind kind = ProgrammingKind::kSingleShot;
    // The cell under a pulse.
    double pulse_noise = 0.03;
    double pulse_gain_spread = 0.3;
    double read_noise = 0.01;
    // Program and verify.
    int verify_rounds = 15;
    double verify_margin = 0.04;
    double verify_pulse = 0.8;
    int cell_read_steps = 0;
    // Gradient descent.
    int iterations = 150;
    int batch = 128;
    double rate = 0.5;
    double rate_decay = 20.0;
    double threshold = 0.03;
    double column_gain_spread = 0.0;
    // Closed loop.
    double pulse_step = 0.002;
    double tolerance = 0.01;
    // Optimised map.
    int generations = 60;
    int population = 40;
    int pairs = 1;
};

template <>
struct Schema<ProgrammingConfig> {
    static constexpr std::string_view name = "Programming";
    static void fields(auto&& visit) {
        using C = ProgrammingConfig;
        visit(field("kind",
                    &C::kind,
                    {.meaning = "how cells are brought to their targets",
                     .source = "arXiv 2305.16647; Mackin et al., Nat. Commun. 13, 3765 (2022)"}));
        visit(
            field("pulse_noise",
                  &C::pulse_noise,
                  {.unit = "g_max",
                   .min = 0,
                   .max = 1,
                   .meaning = "standard deviation that each programming pulse adds to its cell"}));
        visit(field("pulse_gain_spread",
                    &C::pulse_gain_spread,
                    {.unit = "1",
                     .min = 0,
                     .max = 3,
                     .meaning = "each cell answers a pulse with a factor of its own: standard "
                                "deviation of its logarithm"}));
        visit(field("read_noise",
                    &C::read_noise,
                    {.unit = "g_max",
                     .min = 0,
                     .max = 1,
                     .meaning = "noise of every cell in each reading while programming"}));
        visit(
            field("verify_rounds",
                  &C::verify_rounds,
                  {.unit = "rounds",
                   .min = 0,
                   .max = 10000,
                   .meaning = "rounds of reading all cells and pulsing those outside the margin"}));
        visit(field("verify_margin",
                    &C::verify_margin,
                    {.unit = "g_max",
                     .min = 0,
                     .max = 1,
                     .meaning = "cells read this close to their target are left alone"}));
        visit(field("verify_pulse",
                    &C::verify_pulse,
                    {.unit = "1",
                     .min = 0,
                     .max = 10,
                     .meaning = "share of the error that the next pulse asks for"}));
        visit(
            field("cell_read_steps",
                  &C::cell_read_steps,
                  {.unit = "steps",
                   .min = 0,
                   .max = 1e6,
                   .meaning = "0: a cell is read through converters and noise of the tile; else by "
                              "a converter of its own with this many steps over +-g_max and no "
                              "other noise than that of the cell"}));
        visit(field("iterations",
                    &C::iterations,
                    {.unit = "iterations",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "batches of random inputs of gradient descent, or rounds of the "
                                "closed loop",
                     .source = "arXiv 2305.16647"}));
        visit(field("batch",
                    &C::batch,
                    {.unit = "vectors",
                     .min = 2,
                     .max = 65536,
                     .meaning = "random input vectors of one gradient"}));
        visit(field("rate",
                    &C::rate,
                    {.unit = "1",
                     .min = 0,
                     .max = 100,
                     .meaning = "step of gradient descent, or rate of the closed loop"}));
        visit(field(
            "rate_decay",
            &C::rate_decay,
            {.unit = "iterations",
             .min = 0,
             .max = 1e9,
             .meaning = "the step in iteration i is rate / (1 + i / rate_decay); 0 = constant"}));
        visit(field("threshold",
                    &C::threshold,
                    {.unit = "g_max",
                     .min = 0,
                     .max = 1,
                     .meaning = "smaller changes are not worth the noise of a pulse"}));
        visit(field(
            "column_gain_spread",
            &C::column_gain_spread,
            {.unit = "1",
             .min = 0,
             .max = 0.9,
             .meaning = "gain error of each column's converter that cell readings suffer from "
                        "and gradient descent calibrates away (standard deviation)"}));
        visit(field("pulse_step",
                    &C::pulse_step,
                    {.unit = "g_max",
                     .min = 1e-9,
                     .max = 1,
                     .meaning = "change by one pulse of the closed loop"}));
        visit(field(
            "tolerance",
            &C::tolerance,
            {.unit = "1",
             .min = 0,
             .max = 1,
             .meaning = "the closed loop stops when mean |error| falls below this share of the "
                        "largest target output",
             .source = "aihwkit program_weights: 0.01"}));
        visit(field("generations",
                    &C::generations,
                    {.unit = "generations",
                     .min = 1,
                     .max = 100000,
                     .meaning = "of the differential evolution",
                     .source = "Mackin et al. 2022: 200"}));
        visit(field("population",
                    &C::population,
                    {.unit = "members",
                     .min = 5,
                     .max = 10000,
                     .meaning = "of the differential evolution",
                     .source = "Mackin et al. 2022: 100"}));
        visit(field("pairs",
                    &C::pairs,
                    {.unit = "pairs",
                     .min = 1,
                     .max = 2,
                     .meaning = "of devices that hold a weight in the optimised map",
                     .source = "Mackin et al. 2022: 2"}));
    }
};

}  // namespace mho

#endif  // MHO_ADAPT_PROGRAMMING_CONFIG_H

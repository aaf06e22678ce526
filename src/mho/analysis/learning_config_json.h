// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_LEARNING_CONFIG_JSON_H
#define MHO_ANALYSIS_LEARNING_CONFIG_JSON_H

// Reflection of LearningConfig. Internal: it exposes nlohmann/json.

#include "mho/analysis/learning_config.h"
#include "mho/train/learner_config_json.h"
#include "mho/util/json.h"

namespace mho {

template <>
struct Schema<RateFactor> {
    static constexpr std::string_view name = "RateFactor";
    static void fields(auto&& visit) {
        using R = RateFactor;
        visit(field("match", &R::match, {.meaning = "layers whose name matches (`*`, `?`)"}));
        visit(field("tile_row",
                    &R::tile_row,
                    {.min = -1, .max = 1e6, .meaning = "tile along the outputs; -1 = all"}));
        visit(field("tile_column",
                    &R::tile_column,
                    {.min = -1, .max = 1e6, .meaning = "tile along the inputs; -1 = all"}));
        visit(field("factor",
                    &R::factor,
                    {.unit = "1",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "on the learning rate; 0 = these tiles do not learn"}));
    }
};

template <>
struct Schema<LearningRule> {
    static constexpr std::string_view name = "LearningRule";
    static void fields(auto&& visit) {
        using R = LearningRule;
        visit(field("name", &R::name, {.meaning = "name in tables; empty = that of the learner"}));
        visit(
            field("learner", &R::learner, {.meaning = "how devices learn, on every analog layer"}));
        visit(field("learning_rate",
                    &R::learning_rate,
                    {.unit = "1",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "learning rate of this rule; 0 = that of learning.training"}));
        visit(field("rate_factors",
                    &R::rate_factors,
                    {.meaning = "learning rates by layer and tile: a list of factors"}));
        visit(field(
            "count_pulses",
            &R::count_pulses,
            {.meaning = "count the pulses of every device: the results say how worn they are"}));
        visit(field(
            "pulse_up_j",
            &R::pulse_up_j,
            {.unit = "J",
             .min = 0,
             .max = 1,
             .meaning = "energy of a pulse up; with count_pulses the results say what all took"}));
        visit(field("pulse_down_j",
                    &R::pulse_down_j,
                    {.unit = "J", .min = 0, .max = 1, .meaning = "energy of a pulse down"}));
    }
};

template <>
struct Schema<LearningConfig> {
    static constexpr std::string_view name = "Learning";
    static void fields(auto&& visit) {
        using L = LearningConfig;
        visit(field("rules",
                    &L::rules,
                    {.meaning = "training in memory: the network is trained once with each rule"}));
        visit(field("training",
                    &L::training,
                    {.meaning = "the training; its optimiser serves what is digital (biases)"}));
        visit(field("digital",
                    &L::digital,
                    {.meaning = "train the digital network in the same way, for comparison"}));
    }
};

/// Lines of the parameter reference; devices and settings of updates that all rules share appear
/// once.
void describe_learning(std::vector<ParameterDoc>& docs);

}  // namespace mho

#endif  // MHO_ANALYSIS_LEARNING_CONFIG_JSON_H

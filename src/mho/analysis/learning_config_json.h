// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_LEARNING_CONFIG_JSON_H
#define MHO_ANALYSIS_LEARNING_CONFIG_JSON_H

// Reflection of LearningConfig. Internal: it exposes nlohmann/json.

#include "mho/analysis/learning_config.h"
#include "mho/util/json.h"

namespace mho {

template <>
struct Schema<LearningRule> {
    static constexpr std::string_view name = "LearningRule";
    static auto fields() {
        using R = LearningRule;
        return std::tuple{
            field("name", &R::name, {.meaning = "name in tables; empty = that of the learner"}),
            field("learner", &R::learner, {.meaning = "how devices learn, on every analog layer"}),
            field("learning_rate",
                  &R::learning_rate,
                  {.unit = "1",
                   .min = 0,
                   .max = 1e6,
                   .meaning = "learning rate of this rule; 0 = that of learning.training"})};
    }
};

template <>
struct Schema<LearningConfig> {
    static constexpr std::string_view name = "Learning";
    static auto fields() {
        using L = LearningConfig;
        return std::tuple{
            field("rules",
                  &L::rules,
                  {.meaning = "training in memory: the network is trained once with each rule"}),
            field("training",
                  &L::training,
                  {.meaning = "the training; its optimiser serves what is digital (biases)"}),
            field("digital",
                  &L::digital,
                  {.meaning = "train the digital network in the same way, for comparison"})};
    }
};

/// Lines of the parameter reference; devices and settings of updates that all rules share appear
/// once.
void describe_learning(std::vector<ParameterDoc>& docs);

}  // namespace mho

#endif  // MHO_ANALYSIS_LEARNING_CONFIG_JSON_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_LEARNING_CONFIG_H
#define MHO_ANALYSIS_LEARNING_CONFIG_H

#include <string>
#include <vector>

#include "mho/analysis/train_config.h"
#include "mho/train/learner.h"

namespace mho {

/// One learner that a run trains its network with.
/// A factor on the learning rate of some layers, or of some of their tiles.
struct RateFactor {
    std::string match = "*";  // names of layers
    int tile_row = -1;        // along the outputs; -1: all
    int tile_column = -1;
    double factor = 1.0;
};

struct LearningRule {
    std::string name;  // "" = that of the learner
    LearnerConfig learner;
    double learning_rate = 0.0;            // 0 = that of the training
    std::vector<RateFactor> rate_factors;  // later ones win
    bool count_pulses = false;             // of every device, for its endurance
    double pulse_up_j = 0.0;               // energy of a pulse, when they are counted
    double pulse_down_j = 0.0;

    std::string label() const { return name.empty() ? std::string(learner_name(learner)) : name; }
};

/// Training inside the array: the same network from the same start, once per rule.
struct LearningConfig {
    std::vector<LearningRule> rules;  // empty = the run does not train in memory
    TrainConfig training = default_training();
    bool digital = true;

    static TrainConfig default_training() {
        TrainConfig t;
        t.batch = 16;
        t.optimizer = OptimizerKind::kSgd;
        t.learning_rate = 0.1;
        t.momentum = 0.0;
        return t;
    }
    void check(const std::string& path, std::vector<Problem>& problems) const;
};

/// Reads the section `learning` of a run file.
LearningConfig learning_from_json(const std::string& text, const std::string& path = "learning");
std::string learning_to_json(const LearningConfig& config);

}  // namespace mho

#endif  // MHO_ANALYSIS_LEARNING_CONFIG_H

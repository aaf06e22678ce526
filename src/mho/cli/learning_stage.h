// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_CLI_LEARNING_STAGE_H
#define MHO_CLI_LEARNING_STAGE_H

#include <atomic>
#include <functional>
#include <iosfwd>
#include <string>

#include "mho/analysis/data.h"
#include "mho/analysis/evaluate.h"
#include "mho/analysis/run_file.h"

namespace mho {

/// What training in memory needs from the command around it.
struct LearningStage {
    std::string folder;  // holds the checkpoints, learning.json and learning.html
    ProgressHooks hooks;
    const std::atomic<bool>* stop = nullptr;
    std::function<void(const std::string& json)> event;  // a line of the run's events
};

/// Trains the network of a run once per rule (and digitally), tests it after every epoch, and
/// writes table and curves. Rows that are finished are taken from learning.json, one that was
/// interrupted goes on from its last checkpoint with the same bits. Throws Interrupted when `stop`
/// is set.
void learn_in_memory(const RunFile& run,
                     const Data& data,
                     const LearningStage& stage,
                     std::ostream& out);

/// Names of the files that a fresh run removes.
std::vector<std::string> learning_files(const RunFile& run);

}  // namespace mho

#endif  // MHO_CLI_LEARNING_STAGE_H

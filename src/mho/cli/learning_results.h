// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_CLI_LEARNING_RESULTS_H
#define MHO_CLI_LEARNING_RESULTS_H

// What a training in memory has found: learning.json, its table and its page. Free of torch.

#include <cstddef>
#include <string>
#include <vector>

#include "mho/analysis/run_file.h"
#include "mho/report/table.h"

namespace mho {

/// What the pulses did to one device of the learners, over all layers.
struct LearningWear {
    double most = 0;  // pulses of the most pulsed cell
    double mean = 0;
    double energy_j = 0;
};

/// One line of the table: digital, or a rule.
struct LearningRow {
    std::string name;
    std::string learner;
    double learning_rate = 0;
    const LearningRule* rule = nullptr;  // of the run; digital: none
    std::vector<double> loss;            // per epoch, in training mode
    std::vector<double> test_accuracy;   // per epoch, share of the labels
    std::vector<double> pulses;          // per epoch: per weight of the first device, so far
    std::vector<LearningWear> wear;      // per device, where pulses are counted
    std::vector<std::string> notes;
    bool finished = false;
};

/// The rows of a run before anything is trained. They point into `run`.
std::vector<LearningRow> learning_rows(const RunFile& run);

std::string learning_results_to_json(const std::vector<LearningRow>& rows);

/// Fills the rows that the text of a learning.json knows by place and name; others stay as they
/// are. Throws IoError naming `origin` for a text that is none.
void read_learning_results(const std::string& json,
                           const std::string& origin,
                           std::vector<LearningRow>& rows);

Table learning_table(const RunFile& run, const std::vector<LearningRow>& rows, size_t test_images);
/// The page learning.html.
std::string learning_page(const RunFile& run,
                          const std::vector<LearningRow>& rows,
                          size_t test_images);

}  // namespace mho

#endif  // MHO_CLI_LEARNING_RESULTS_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NN_OPTIMIZER_H
#define MHO_NN_OPTIMIZER_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "mho/analysis/train_config.h"

namespace mho {

/// The optimisers of the trainer, by PyTorch's formulas, in one pass over each parameter. Their
/// whole state is plain numbers, so that a checkpoint continues bit for bit. Any torch::optim
/// optimiser works with the layers as well; the trainer has its own for the checkpoint's sake.
class Optimizer {
  public:
    struct Slot {
        std::string name;
        float* values = nullptr;
        size_t size = 0;
        bool decays = true;         // weight decay acts on it
        std::vector<float> first;   // momentum, first moment
        std::vector<float> second;  // second moment
    };

    Optimizer(const TrainConfig& config, std::vector<Slot> slots);

    /// One step; gradients[i] belongs to slot i and may be null (the slot stays, as in PyTorch).
    void step(const std::vector<const float*>& gradients, double learning_rate);

    uint64_t steps() const { return steps_; }
    void set_steps(uint64_t steps) { steps_ = steps; }
    std::vector<Slot>& slots() { return slots_; }
    const std::vector<Slot>& slots() const { return slots_; }

  private:
    OptimizerKind kind_;
    double momentum_;
    double weight_decay_;
    uint64_t steps_ = 0;
    std::vector<Slot> slots_;
};

/// Factor on the learning rate at step `step` (0, 1, ...) of a run.
double schedule_factor(const Schedule& schedule,
                       uint64_t step,
                       uint64_t steps_per_epoch,
                       uint64_t epochs);

/// The configuration as JSON text: a checkpoint must be continued with the one that it was made
/// with.
std::string train_config_text(const TrainConfig& config);

/// train_config_text() of what an earlier version wrote. Throws ConfigError or InputError.
std::string train_config_rewritten(const std::string& text);

/// Throws ConfigError for values outside their ranges.
void validate_train_config(const TrainConfig& config);

}  // namespace mho

#endif  // MHO_NN_OPTIMIZER_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NN_TRAINER_H
#define MHO_NN_TRAINER_H

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "mho/analysis/train_config.h"
#include "mho/io/image_data.h"
#include "mho/io/safetensors.h"
#include "mho/nn/graph_network.h"
#include "mho/nn/optimizer.h"

namespace mho {

/// Trains a network on labelled pictures, or on sequences with a label for every position (then
/// `data` has a multiple of `count` labels, and a row of logits belongs to each). Everything random
/// (order, augmentation, noise of the tiles) is keyed by (seed, epoch or step): with the same
/// number of torch threads the same configuration gives the same bits, and so does a run that was
/// saved, loaded and continued. Order: sgd, adam or adamw step, then clipping and remapping of the
/// tiles. Weight decay spares input ranges and learned scales. With TrainConfig::parameters =
/// kInputRanges nothing else moves. Recurrent networks train on one thread.
class Trainer {
  public:
    struct Progress {
        int epoch = 0;     // from 0
        size_t batch = 0;  // finished batches of the epoch
        size_t batches = 0;
        double loss = 0;        // mean over the epoch so far
        double batch_loss = 0;  // of this batch
    };
    struct EpochResult {
        int epoch = 0;
        double loss = 0;           // mean over the labels, in training mode
        double accuracy = 0;       // share of the labels, in training mode
        double learning_rate = 0;  // of the last step
    };

    /// Keeps a reference to `data`. Throws ConfigError for a wrong configuration, InputError when
    /// pictures do not fit the network or labels its outputs.
    Trainer(GraphNetwork network,
            const LabelledImages& data,
            const TrainConfig& config,
            uint64_t seed);

    /// The network whose outputs are distilled (TrainConfig::distillation > 0 needs one).
    void set_teacher(GraphNetwork teacher);

    std::function<void(const Progress&)> on_batch;
    std::function<void(const EpochResult&)> on_epoch;

    /// Runs to the end of the configured epochs. Looks at `stop` after every batch; returns false
    /// if it was set (save() then continues at exactly that step), true at the end. Throws Error
    /// when the loss is not finite any more.
    bool run(const std::atomic<bool>* stop = nullptr);

    /// Complete state: parameters, moments, counters.
    SafeTensors checkpoint() const;
    /// Throws InputError when the state belongs to another network, configuration, seed or number
    /// of samples.
    void restore(const SafeTensors& state);
    void save(const std::string& path) const;
    void load(const std::string& path);

    uint64_t step() const { return step_; }
    uint64_t steps_per_epoch() const { return batches_; }
    bool finished() const;
    const std::vector<EpochResult>& history() const { return history_; }
    GraphNetwork& network() { return network_; }

  private:
    void freeze_all_but_ranges();
    void start_epoch();
    void one_batch();
    std::vector<std::pair<std::string, torch::Tensor>> tensors() const;

    GraphNetwork network_;
    GraphNetwork teacher_{nullptr};
    const LabelledImages& data_;
    TrainConfig config_;
    uint64_t seed_;
    size_t labels_ = 1;  // of a sample
    size_t batches_ = 0;
    std::vector<torch::Tensor> parameters_;
    std::unique_ptr<Optimizer> optimizer_;
    std::vector<uint32_t> order_;
    uint64_t order_epoch_ = UINT64_MAX;
    uint64_t step_ = 0;
    double loss_sum_ = 0;    // of the present epoch
    double batch_loss_ = 0;  // of the last batch
    uint64_t correct_ = 0;
    uint64_t seen_ = 0;
    double last_rate_ = 0;
    std::vector<EpochResult> history_;
};

}  // namespace mho

#endif  // MHO_NN_TRAINER_H

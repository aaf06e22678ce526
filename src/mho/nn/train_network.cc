// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/nn/train_network.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include <algorithm>

#include "mho/analysis/evaluate.h"
#include "mho/nn/batch_norm.h"
#include "mho/nn/test_accuracy.h"
#include "mho/nn/threads.h"
#include "mho/nn/trainer.h"
#include "mho/util/error.h"

namespace mho {
namespace {

void run_or_throw(Trainer& trainer, const std::atomic<bool>* stop) {
    if (!trainer.run(stop)) {
        throw Interrupted("the training was interrupted");
    }
}

}  // namespace

Network train_network(const Network& start,
                      const LabelledImages& data,
                      const TrainConfig& config,
                      uint64_t seed,
                      const std::atomic<bool>* stop,
                      const NormRule& rule) {
    const TrainingThreads one(1, 1);
    const NormTrainingGuard norms({rule});
    Trainer trainer(GraphNetwork(start, seed), data, config, seed);
    run_or_throw(trainer, stop);
    return trainer.network()->export_network();
}

std::vector<double> train_in_memory(const Network& start,
                                    const LearnerConfig& learner,
                                    const LabelledImages& data,
                                    const LabelledImages& test,
                                    const TrainConfig& config,
                                    uint64_t seed,
                                    const std::atomic<bool>* stop) {
    const TrainingThreads one(1, 1);
    GraphNetwork network(start, seed);
    network->learn_in_memory(learner);
    Trainer trainer(network, data, config, seed);
    std::vector<double> accuracies;
    trainer.on_epoch = [&](const Trainer::EpochResult&) {
        accuracies.push_back(test_accuracy(trainer.network(), test, trainer.step()));
    };
    run_or_throw(trainer, stop);
    return accuracies;
}

Network with_recalibrated_norms(const Network& network,
                                const LabelledImages& images,
                                size_t batch,
                                const NormRule& rule) {
    if (images.count == 0 || batch < 2) {
        throw InputError("recalibration of batch norms needs images, and batches of at least 2");
    }
    const TrainingThreads one(1, 1);
    const at::NoGradGuard no_grad;
    GraphNetwork running(network);
    const size_t features = running->input_features();
    running->train();
    size_t seen = 0;
    while (seen < images.count) {
        // A last batch of one image has no spread.
        const size_t rest = images.count - seen;
        const size_t count = rest <= batch + 1 ? rest : batch;
        at::Tensor pixels =
            at::empty({static_cast<int64_t>(count), static_cast<int64_t>(features)});
        std::copy_n(images.pixels.begin() + static_cast<std::ptrdiff_t>(seen * features),
                    count * features,
                    pixels.data_ptr<float>());
        seen += count;
        // Every image counts alike in the end.
        const NormTrainingGuard norms(
            {rule, static_cast<double>(count) / static_cast<double>(seen)});
        running->forward(pixels);
    }
    return running->export_network();
}

}  // namespace mho

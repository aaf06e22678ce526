// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NN_TRAIN_NETWORK_H
#define MHO_NN_TRAIN_NETWORK_H

// Training in one call, for programs that do not want to see LibTorch: this header needs only the
// core. One torch thread, so that the result depends on nothing but the arguments.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "mho/analysis/train_config.h"
#include "mho/io/image_data.h"
#include "mho/net/network.h"
#include "mho/net/normalization.h"
#include "mho/train/learner.h"

namespace mho {

/// The network after training (nn/trainer.h); with analog layers the training is hardware-aware.
/// Batch norms divide by what `rule` says.
/// Throws Interrupted once `stop` is set, and what Trainer throws.
Network train_network(const Network& start,
                      const LabelledImages& data,
                      const TrainConfig& config,
                      uint64_t seed,
                      const std::atomic<bool>* stop = nullptr,
                      const NormRule& rule = {});

/// Accuracy on `test` after every epoch of training in memory: all layers of `start`, which must be
/// analog, learn by pulses with `learner`, and are read through their tiles.
std::vector<double> train_in_memory(const Network& start,
                                    const LearnerConfig& learner,
                                    const LabelledImages& data,
                                    const LabelledImages& test,
                                    const TrainConfig& config,
                                    uint64_t seed,
                                    const std::atomic<bool>* stop = nullptr);

/// Adaptive batch-norm statistics (AdaBS: Joshi et al., Nat. Commun. 11, 2473 (2020), arXiv
/// 1906.03138): the running statistics of all batch norms are replaced by those of `images` passed
/// through the network as it is, with the noise of its weights, in batches of `batch`; every image
/// counts alike. Scales are those of `rule`. Throws InputError for no images or a batch below 2.
Network with_recalibrated_norms(const Network& network,
                                const LabelledImages& images,
                                size_t batch,
                                const NormRule& rule = {});

}  // namespace mho

#endif  // MHO_NN_TRAIN_NETWORK_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NN_BATCH_NORM_H
#define MHO_NN_BATCH_NORM_H

#include <ATen/core/Tensor.h>

#include "mho/net/graph.h"
#include "mho/net/normalization.h"

namespace mho {

/// How batch norms run in training mode.
struct NormTraining {
    NormRule rule;
    double momentum = 0.1;  // weight of a batch in the running statistics
};

/// The networks that run on this thread while the guard lives train their batch norms so; guards
/// nest. In the manner of torch's own guards (at::NoGradGuard): a mode of a pass is no parameter of
/// a network.
class NormTrainingGuard {
  public:
    explicit NormTrainingGuard(const NormTraining& training);
    NormTrainingGuard(const NormTrainingGuard&) = delete;
    NormTrainingGuard& operator=(const NormTrainingGuard&) = delete;
    ~NormTrainingGuard();
    /// What holds on this thread now; {} without a guard.
    static const NormTraining& now();

  private:
    NormTraining before_;
};

/// y = weight (x - mean) / s + bias per channel, with mean and scale s of the batch [samples,
/// channels, ...]: s = sqrt(mean square + epsilon) for l2, batch_scale() + epsilon (see
/// net/normalization.h) for the others; gradients flow through mean and scale. The running
/// statistics (no gradients) move by the momentum:
///   running_mean <- (1 - momentum) running_mean + momentum mean
///   running_var  <- l2: the same with the unbiased variance, as in PyTorch; others: the square of
///                   (1 - momentum) sqrt(running_var) + momentum s
at::Tensor batch_norm_training(const BatchNormOp& op,
                               const NormTraining& training,
                               const at::Tensor& input,
                               const at::Tensor& weight,
                               const at::Tensor& bias,
                               at::Tensor running_mean,
                               at::Tensor running_var);

}  // namespace mho

#endif  // MHO_NN_BATCH_NORM_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NN_FAKE_QUANTIZE_H
#define MHO_NN_FAKE_QUANTIZE_H

// Quantisation-aware training of the digital baseline (adapt/quantizer.h).

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <vector>

#include "mho/adapt/quantizer.h"
#include "mho/net/graph.h"

namespace mho {

/// Where a quantiser takes its grid from.
enum class QuantState {
    kEstimate,       // every batch updates the range
    kEstimateTrain,  // batches in training mode do
    kFixed,          // the present grid
    kLearn,          // step and zero point are parameters
};

/// Moves numbers to a grid, with straight-through gradients. `per_channel`: one grid for each entry
/// of the first axis. In state kLearn the logarithm of the step learns (it stays positive), and for
/// asymmetric grids the zero point, rounded when used; the gradient of a step is divided by
/// sqrt(count * largest code), as LSQ advises (Esser et al., arXiv 1902.08153, section 2.2).
class FakeQuantizeImpl : public torch::nn::Module {
  public:
    /// Throws ConfigError.
    explicit FakeQuantizeImpl(const QuantizerConfig& config,
                              QuantState state = QuantState::kEstimateTrain);
    torch::Tensor forward(const torch::Tensor& x);

    QuantState state() const { return state_; }
    /// Throws InputError for kFixed and kLearn before any batch was seen. From kLearn the learned
    /// grids are kept.
    void set_state(QuantState state);
    /// The grids in use, one per channel or one for all; none before the first batch.
    std::vector<QuantGrid> grids() const;

    torch::Tensor log_step;    // [grids]; parameters that learn in state kLearn
    torch::Tensor zero_point;  // [grids]

  private:
    void estimate(const torch::Tensor& x);

    QuantizerConfig config_;
    QuantState state_;
    std::vector<RangeEstimator> estimators_;
    std::vector<QuantGrid> grids_;  // integers and, outside of kLearn, steps
};
TORCH_MODULE(FakeQuantize);

/// y = quantised weight times quantised input, plus the exact bias.
class QuantLinearImpl : public torch::nn::Module {
  public:
    QuantLinearImpl(const LinearOp& op,
                    const QuantizerConfig& weights,
                    const QuantizerConfig& activations);
    torch::Tensor forward(const torch::Tensor& x);
    void set_state(QuantState state);

    torch::Tensor weight;  // [out, in]
    torch::Tensor bias;    // [out], undefined without bias
    FakeQuantize weight_quantizer{nullptr};
    FakeQuantize input_quantizer{nullptr};
};
TORCH_MODULE(QuantLinear);

/// The same for images.
class QuantConv2dImpl : public torch::nn::Module {
  public:
    QuantConv2dImpl(const Conv2dOp& op,
                    const QuantizerConfig& weights,
                    const QuantizerConfig& activations);
    torch::Tensor forward(const torch::Tensor& x);
    void set_state(QuantState state);

    torch::Tensor weight;  // [out, in / groups, height, width]
    torch::Tensor bias;
    FakeQuantize weight_quantizer{nullptr};
    FakeQuantize input_quantizer{nullptr};

  private:
    Conv2dOp op_;
};
TORCH_MODULE(QuantConv2d);

}  // namespace mho

#endif  // MHO_NN_FAKE_QUANTIZE_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NN_ANALOG_LAYERS_H
#define MHO_NN_ANALOG_LAYERS_H

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "mho/io/tensor.h"
#include "mho/net/graph.h"
#include "mho/net/hardware.h"
#include "mho/train/learner.h"

namespace mho {

class AnalogEngine;
class LayerLearning;
struct LayerGeometry;

/// What all analog layers share: parameters, keys of the noise, and the steps around an optimiser
/// step.
///
/// Forward: tiles with everything that their configuration says. Backward: straight through
/// rounding and noise; where the input range cuts an input or an ADC an output, the gradient is
/// zero (GradientConfig). Let V = scale * tile_weight: the gradient given to `tile_weight` is dL/dV
/// / scale, so that V moves as if it were trained directly. The range learns by its own rule
/// (adapt/input_range.h), whose result is the gradient of `input_range`: any optimiser steps it.
///
/// Noise belongs to (seed, path, step, sample): the owner of the training loop calls set_step()
/// before each step, and a repeated pass repeats its noise. A layer that is called twice in one
/// step sees equal noise in both calls.
class AnalogLayerImpl : public torch::nn::Module {
  public:
    // Parameters. [groups * out, in per group, unrolled as channel, row, column], in units of the
    // tile. With mapping.analog_bias there is one more input, the last, which is always 1.
    torch::Tensor tile_weight;
    torch::Tensor learned_scale;  // [pieces, groups * out]; learns only if the mapping says so
    torch::Tensor bias;           // [groups * out], undefined without bias or with an analog one
    torch::Tensor input_range;    // [groups * pieces]; 0 where ranges are disabled
    // Buffer: mapping scale [pieces, groups * out].
    torch::Tensor scale;

    const Hardware& hardware() const;
    const std::string& path() const { return path_; }
    uint64_t seed() const { return seed_; }

    /// Optimiser step that the noise of the next passes belongs to, below kMaxSteps = 2^55
    /// (divided by the positions of a recurrence).
    void set_step(uint64_t step) { set_step(step, step); }
    /// The same, with a step of its own for the modified weights: equal steps draw equal noise.
    void set_step(uint64_t read_step, uint64_t weight_step) {
        step_ = read_step;
        weight_step_ = weight_step;
    }
    /// Number of the first sample of the next batch.
    void set_first_sample(uint64_t sample) { first_sample_ = sample; }
    /// The next pass is one of `positions` of this step, each with noise of its own: what a
    /// recurrence does. Rules of the input range that act once a step act by 1 / positions. Layers
    /// start with (0, 1).
    void set_position(uint64_t position, uint64_t positions);

    /// From now on the tile weights are those of training devices, written once and changed only by
    /// pulses: learn() takes the place of the optimiser for `tile_weight`, and post_step() neither
    /// clips nor remaps.
    void learn_in_memory(const LearnerConfig& config);
    bool learns_in_memory() const { return learning_ != nullptr; }
    /// The vector updates of all backward passes since the last call, as step `step`.
    void learn(double rate, uint64_t step);
    /// A factor on the learning rate of some tiles (LayerLearning::set_rate_factor).
    size_t set_rate_factor(double factor, int tile_row = -1, int tile_column = -1);
    /// Begins to count the pulses of every device, for endurance() of train/programming_cost.h.
    void count_pulses();
    /// The learners of all tiles: [group][output piece][input piece]; empty without learning.
    std::vector<const Learner*> learners() const;
    /// State of the learners; restoring it sets the tile weights, too.
    std::vector<LearnerState> learner_states() const;
    void set_learner_states(const std::vector<LearnerState>& states);

    /// After an optimiser step: clips, then remaps every tile (which folds the learned scale into
    /// the mapping scale), and keeps input ranges positive. Tile weights without a gradient stay.
    void post_step();

    /// Takes logical weights [groups * out, in per group ...] (any shape with that many numbers)
    /// and a bias (empty = zeros), and maps them to tiles. Learned scales become 1.
    void set_weights(const Tensor& weight, const Tensor& bias_values);
    /// Logical weights [groups * out, in per group], without an analog bias.
    Tensor logical_weights() const;
    /// The bias, digital or analog; empty without one.
    Tensor logical_bias() const;
    /// Whether the last row of inputs of the tiles is the bias.
    bool has_analog_bias() const { return analog_bias_; }

    /// What Network stores of the layer: tile_weight, scale (mapping times learned), bias,
    /// input_range.
    struct State {
        Tensor tile_weight, scale, bias, input_range;
    };
    State state() const;
    void set_state(const State& state);

    /// Batches that have set each input range so far: [groups * pieces].
    std::vector<uint64_t>& range_batches() { return range_batches_; }

    /// To be called after parameters were written through raw pointers: torch does not notice such
    /// a change.
    void forget_loaded() { loaded_ = {}; }

    virtual torch::Tensor forward(const torch::Tensor& input) = 0;

  protected:
    AnalogLayerImpl(const Hardware& hardware,
                    size_t groups,
                    size_t outputs,
                    size_t inputs,
                    bool bias,
                    std::string path,
                    uint64_t seed);
    ~AnalogLayerImpl() override;
    /// `input` contiguous as the geometry says; returns rows [samples * positions, groups * out]. A
    /// sample of a linear geometry is one of `rows_per_sample` rows of a sample of the network.
    torch::Tensor run(const torch::Tensor& input,
                      const LayerGeometry& geometry,
                      uint64_t rows_per_sample = 1);
    /// Whether this pass has to set an input range.
    bool ranges_start() const;
    /// One batch of the initialisation of the ranges.
    void start_ranges(const torch::Tensor& input, const LayerGeometry& geometry);
    /// run() leaves the initialisation of the ranges to the layer.
    bool starts_ranges_itself_ = false;
    /// Rows [..., in] with the constant input of an analog bias behind them, if there is one.
    torch::Tensor with_constant(const torch::Tensor& rows) const;
    std::shared_ptr<AnalogEngine> engine_;

  private:
    torch::Tensor weights_of_this_step();
    void show_learned_weights();

    std::shared_ptr<LayerLearning> learning_;  // null: the optimiser trains the tile weights

    Matrix<float> logical_matrix() const;

    std::string path_;
    bool analog_bias_ = false;
    uint64_t seed_ = 0;
    uint64_t step_ = 0;
    uint64_t weight_step_ = 0;
    uint64_t first_sample_ = 0;
    uint64_t position_ = 0;
    uint64_t positions_ = 1;
    std::vector<uint64_t> range_batches_;
    // Weights of the last pass, and what they belong to.
    struct Loaded {
        torch::Tensor weights;
        bool modified = false;
        uint64_t step = 0;
        uint32_t version = 0;
    } loaded_;
    torch::Tensor modified_;  // memory of modified weights
};

/// y = analog(x) for x [..., in]. Rows of one sample, as in [samples, positions, in], have noise of
/// their own: row number sample * positions + position.
class AnalogLinearImpl : public AnalogLayerImpl {
  public:
    AnalogLinearImpl(const LinearOp& op,
                     const Hardware& hardware,
                     std::string path = "linear",
                     uint64_t seed = 0);
    torch::Tensor forward(const torch::Tensor& input) override;
    const LinearOp& op() const { return op_; }

  private:
    LinearOp op_;
};
TORCH_MODULE(AnalogLinear);

/// Convolution of images [samples, channels, height, width]; one tile grid per group. The output
/// has channels last in memory.
class AnalogConv2dImpl : public AnalogLayerImpl {
  public:
    AnalogConv2dImpl(const Conv2dOp& op,
                     const Hardware& hardware,
                     std::string path = "conv",
                     uint64_t seed = 0);
    torch::Tensor forward(const torch::Tensor& input) override;
    const Conv2dOp& op() const { return op_; }

  private:
    torch::Tensor unrolled_forward(const torch::Tensor& input, const LayerGeometry& images);
    Conv2dOp op_;
};
TORCH_MODULE(AnalogConv2d);

}  // namespace mho

#endif  // MHO_NN_ANALOG_LAYERS_H

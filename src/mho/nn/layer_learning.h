// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NN_LAYER_LEARNING_H
#define MHO_NN_LAYER_LEARNING_H

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "mho/nn/analog_engine.h"
#include "mho/train/learner.h"

namespace mho {

/// In-memory learning of one analog layer: every tile has a learner, whose visible weights are the
/// tile's. Backward passes leave inputs and errors here; a step of the optimiser gives them to the
/// learners as one sequence of vector updates, in the order of positions, samples and patches.
///
/// With y = learned scale * mapping scale * tile(x), the tile weight moves by rate * learned scale
/// / mapping scale * dL/dy x: the logical weight moves as if trained directly. Inputs are cut to
/// the input range.
class LayerLearning {
  public:
    LayerLearning(const LearnerConfig& config,
                  const AnalogEngine& engine,
                  uint64_t seed,
                  const std::string& path);

    /// Keeps what one pass contributes. `order`: place of the pass within the step.
    void collect(const LayerGeometry& geometry,
                 const at::Tensor& input,
                 size_t samples,
                 const at::Tensor& errors,
                 const LayerScales& scales,
                 uint64_t order);
    /// Forgets passes that no step followed.
    void forget() { passes_.clear(); }

    /// Writes tile weights [groups * outputs, inputs] to the devices.
    void write(ConstFloatView tile_weights, uint64_t step);
    /// Updates all learners with the kept passes, ends the batch and forgets them.
    void learn(double rate, uint64_t step, size_t threads);
    /// What a forward pass sees now.
    void read(FloatView tile_weights) const;

    /// Multiplies the learning rate of some tiles (negative row or column: all of them); 0: they do
    /// not learn. Returns how many tiles that are.
    size_t set_rate_factor(double factor, int tile_row = -1, int tile_column = -1);

    /// Begins to count the pulses of every device.
    void count_pulses();

    /// Learners of all tiles: [group][output piece][input piece].
    const std::vector<std::unique_ptr<Learner>>& learners() const { return learners_; }

  private:
    struct Pass {
        LayerGeometry geometry;
        at::Tensor input;
        size_t samples = 0;
        at::Tensor errors;
        LayerScales scales;
        uint64_t order = 0;
    };
    struct Tile {
        size_t group = 0;
        size_t row = 0;  // of the layer's tile weights
        size_t rows = 0;
        size_t col = 0;
        size_t cols = 0;
        size_t piece = 0;  // of the inputs
        size_t output_piece = 0;
        double rate_factor = 1.0;
    };
    void learn_rows(const Pass& pass,
                    size_t group,
                    ConstFloatView inputs,
                    size_t first_row,
                    uint64_t row_number,
                    const UpdateCall& call);

    Mapping mapping_;
    std::vector<Tile> tiles_;
    std::vector<std::unique_ptr<Learner>> learners_;
    std::vector<Pass> passes_;
    std::vector<float> padded_, unrolled_, errors_, inputs_;
};

}  // namespace mho

#endif  // MHO_NN_LAYER_LEARNING_H

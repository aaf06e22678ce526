// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NN_ANALOG_ENGINE_H
#define MHO_NN_ANALOG_ENGINE_H

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "mho/adapt/input_range.h"
#include "mho/net/hardware.h"
#include "mho/nn/patches.h"
#include "mho/tile/grid.h"

namespace mho {

/// What an analog layer multiplies: rows of features (linear), or patches of images (convolution).
/// Outputs are rows [samples * positions, groups * outputs]: images come out with channels last.
struct LayerGeometry {
    bool is_convolution = false;
    size_t groups = 1;
    size_t inputs = 1;           // of one group, unrolled
    size_t outputs = 1;          // of one group
    PatchGeometry patch;         // convolution only
    bool channels_last = false;  // order of the inputs in memory; convolution only

    size_t positions() const { return is_convolution ? patch.positions() : 1; }
    size_t total_outputs() const { return groups * outputs; }
    size_t sample_size() const {
        return is_convolution ? groups * patch.channels * patch.height * patch.width : inputs;
    }
};

/// The digital numbers around the tiles of a layer, all groups together.
struct LayerScales {
    Matrix<float> mapping;      // [pieces, groups * outputs]
    Matrix<float> learned;      // the same shape
    std::vector<float> ranges;  // [groups * pieces], 0 = no range
};

/// What a forward pass leaves for its backward pass.
struct ForwardTrace {
    LayerGeometry geometry;
    LayerScales scales;
    ReadKey key;
    double share = 1;                              // of what the layer does in one optimiser step
    std::vector<TileGrid::ForwardRecord> records;  // [group][chunk]
};

/// Which gradients a backward pass must produce, and the results.
struct BackwardResult {
    float* inputs = nullptr;    // like the inputs, null = not wanted
    bool wants_weights = true;  // learners take inputs and errors instead
    at::Tensor weights;         // [groups * outputs, inputs] of the tile weights
    Matrix<float> learned;      // [pieces, groups * outputs]
    std::vector<float> bias;
    std::vector<float> ranges;  // [groups * pieces]
};

/// Runs the tiles of one layer over a batch, in blocks that stay in the second-level cache: patches
/// are unrolled block by block, in the backward pass once more. Neither the cut nor any
/// random number depends on the number of threads (layer_threads()), and sums over the blocks are
/// taken in a fixed order: outputs and gradients have the same bits for any number.
class AnalogEngine {
  public:
    AnalogEngine(const Hardware& hardware,
                 size_t groups,
                 size_t outputs,
                 size_t inputs,
                 uint64_t seed,
                 const std::string& path);
    ~AnalogEngine();
    AnalogEngine(const AnalogEngine&) = delete;
    AnalogEngine& operator=(const AnalogEngine&) = delete;

    size_t pieces() const { return grids_[0].input_pieces(); }
    size_t groups() const { return grids_.size(); }
    const Hardware& hardware() const { return hardware_; }
    const TileGrid& grid(size_t group) const { return grids_[group]; }

    /// Takes tile weights [groups * outputs, inputs].
    void load_weights(ConstFloatView weights);
    /// Draws the modified weights of training step `step` (adapt/modifier.h) from tile weights, and
    /// takes them.
    void load_modified(ConstFloatView weights, FloatView modified, uint64_t step);
    void load_scales(const LayerScales& scales, const std::vector<float>& bias);

    /// Spread of the inputs of every piece, unrolled: [groups * pieces].
    std::vector<InputMoments> input_moments(const LayerGeometry& geometry,
                                            const float* x,
                                            size_t samples) const;

    /// y [samples * positions, groups * outputs]. With `trace` (geometry, scales and key are set
    /// here) for training.
    void forward(const LayerGeometry& geometry,
                 const float* x,
                 size_t samples,
                 float* y,
                 ReadKey key,
                 ForwardTrace* trace);

    /// `weights`: those that the forward pass used. `errors` like y.
    void backward(const ForwardTrace& trace,
                  const float* x,
                  size_t samples,
                  const at::Tensor& weights,
                  const float* errors,
                  BackwardResult& result);

  private:
    struct Worker;
    struct Sums;
    struct Chunk;
    bool needs_transposed_products(const float* input_gradient) const;
    void backward_item(const ForwardTrace& trace,
                       size_t item,
                       const float* x,
                       size_t samples,
                       const at::Tensor& weights,
                       const float* errors,
                       Worker& worker,
                       Sums& sums,
                       float* input_gradient) const;
    void scale_errors(const ForwardTrace& trace, const Chunk& k, Worker& w, Sums& sums) const;

    Hardware hardware_;
    std::vector<TileGrid> grids_;
    const float* modified_ = nullptr;  // whose weights the tiles hold, if load_modified() was last
    std::vector<TileGrid::Scratch> scratch_;        // one per thread
    std::vector<std::unique_ptr<Worker>> workers_;  // one per thread
};

}  // namespace mho

#endif  // MHO_NN_ANALOG_ENGINE_H

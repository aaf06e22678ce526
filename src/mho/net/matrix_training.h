// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NET_MATRIX_TRAINING_H
#define MHO_NET_MATRIX_TRAINING_H

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "mho/adapt/input_range.h"
#include "mho/net/hardware.h"
#include "mho/tile/grid.h"

namespace mho {

/// What a backward pass sums up besides the two products: one entry per group and piece of the
/// inputs, or per output.
struct MatrixSums {
    std::vector<InputRangeSums> ranges;  // [groups * pieces]
    std::vector<uint64_t> clipped;       // [groups * pieces]: outputs that the ADC cut
    Matrix<double> learned;              // [pieces, groups * outputs]
    std::vector<double> bias;            // [groups * outputs]
    std::vector<uint8_t> outside;        // [groups * pieces]: some input lies outside the range
    std::vector<uint8_t> wants_product;  // [groups * pieces]: end_backward() needs the gradient
};

/// Scales of mapping and training [pieces, groups * outputs] and input ranges [groups * pieces] of
/// a pass; they may change before its backward pass.
struct LayerScales {
    Matrix<float> mapping, learned;
    std::vector<float> ranges;
};

/// Hardware-aware training of one layer for a front that multiplies by itself (Python, with any
/// version of torch): analog forward passes, and of the backward pass everything but the two exact
/// products. With the weights W that the forward pass used, [groups * outputs, inputs of a group],
/// a pass over the rows of a batch is
///
///     forward(x, y)                            keeps where ADCs cut, and the sums of the tiles
///     begin_backward(e)                        gives e_x and e_w for every piece p of the inputs
///     gradient of x, columns of p = e_x W_p    the caller's product
///     gradient of W_p = e_w^T x_p              the caller's product, x cut to the range
///     end_backward(x, gradient of x)           masks the latter, adds up the range's gradient
///
/// The rules are those of docs/design.md (Training); the LibTorch front (nn/analog_engine.h) does
/// the same block by block. Rows are samples times positions; groups lie side by side in rows of x
/// and y.
class MatrixTraining {
  public:
    MatrixTraining(const Hardware& hardware,
                   size_t groups,
                   size_t outputs,
                   size_t inputs,
                   uint64_t seed,
                   const std::string& path,
                   uint32_t chip = 0);
    // Memory of the passes is not copied; a copy would be another layer anyway.
    MatrixTraining(const MatrixTraining&) = delete;
    MatrixTraining& operator=(const MatrixTraining&) = delete;

    const Hardware& hardware() const { return hardware_; }
    size_t groups() const { return grids_.size(); }
    size_t outputs() const { return grids_[0].outputs(); }  // of one group
    size_t inputs() const { return grids_[0].inputs(); }
    size_t pieces() const { return grids_[0].input_pieces(); }
    TileGrid& grid(size_t group) {
        modified_ = nullptr;  // the caller may change it
        return grids_[group];
    }
    const TileGrid& grid(size_t group) const { return grids_[group]; }
    /// Whether the product with the transpose is an exact one, which the caller makes.
    bool exact_backward() const;

    /// Takes tile weights [groups * outputs, inputs].
    void load_weights(ConstFloatView weights);
    /// Draws the modified weights of training step `step` (adapt/modifier.h), and takes them.
    void load_modified(ConstFloatView weights, FloatView modified, uint64_t step);
    /// Programs the tiles (TileGrid::program).
    void program(ConstFloatView weights, uint64_t programming, ConductanceSwitches switches = {});
    void advance_to(double t_s, uint64_t read_step);
    void use_compensation(bool on);
    /// Present weights [groups * outputs, inputs].
    Matrix<float> weights() const;
    /// Scales [pieces, groups * outputs]: those of the mapping and learned ones; ranges [groups *
    /// pieces], 0 = none; bias [groups * outputs] or empty.
    void load_scales(ConstFloatView mapping,
                     ConstFloatView learned,
                     std::span<const float> ranges,
                     std::span<const float> bias);

    /// What begin_backward() needs of the last scales that were loaded.
    const LayerScales& scales() const { return scales_; }

    /// Spread of the inputs of every piece [groups * pieces], for the initialisation of ranges.
    std::vector<InputMoments> input_moments(ConstFloatView x) const;

    /// x [rows, groups * inputs] -> y [rows, groups * outputs]. `clipped` and `sums` [pieces,
    /// rows, groups * outputs], or null where the backward pass does not need them
    /// (keeps_clipped(), keeps_sums()).
    void forward(ConstFloatView x,
                 FloatView y,
                 ReadKey key,
                 size_t threads,
                 uint8_t* clipped = nullptr,
                 float* sums = nullptr);
    bool keeps_clipped() const;
    bool keeps_sums() const;

    /// `errors` [rows, groups * outputs] of a pass. Writes e_w [pieces, rows, groups * outputs],
    /// and e_x of the same shape where `for_inputs` is not null. Without `wants_inputs` only the
    /// gradients of few inputs outside their range may be needed: they are computed here, from
    /// `weights`; `wants_product` says where the caller must make the product all the same.
    MatrixSums begin_backward(ConstFloatView errors,
                              ConstFloatView x,
                              ConstFloatView weights,
                              const uint8_t* clipped,
                              const float* sums,
                              bool wants_inputs,
                              float* for_weights,
                              float* for_inputs) const;
    /// The inputs of a piece cut to its range, [rows, groups * inputs] (only columns of pieces with
    /// `outside` set are cut, the others copied).
    void cut_inputs(ConstFloatView x, FloatView to) const;
    /// Product with the transpose on the tiles, where that is not exact.
    void transposed(ConstFloatView errors,
                    FloatView gradient,
                    ReadKey key,
                    const uint8_t* clipped) const;
    /// Adds what the ranges need of the gradient of the inputs (pieces with `wants_product`), then
    /// sets it to zero where inputs are cut.
    void end_backward(ConstFloatView x, FloatView gradient, MatrixSums& sums) const;
    /// Gradients of the ranges [groups * pieces] and of the learned scales [pieces, groups *
    /// outputs] of a pass over `rows` rows. `share`: of what a layer does in one step, for
    /// recurrences.
    std::vector<float> range_gradient(const MatrixSums& sums, size_t rows, double share) const;
    Matrix<float> learned_gradient(const MatrixSums& sums) const;

    /// After an optimiser step: clips, remaps (which folds the learned scale into that of the
    /// mapping), keeps ranges positive.
    void post_step(FloatView weights,
                   FloatView mapping,
                   FloatView learned,
                   std::span<float> ranges) const;

    size_t bytes() const;

  private:
    Hardware hardware_;
    std::vector<TileGrid> grids_;
    const float* modified_ = nullptr;  // whose weights the tiles hold, if load_modified() was last
    LayerScales scales_;
    std::vector<TileGrid::Scratch> scratch_;
    std::vector<TileGrid::ForwardRecord> records_;
};

}  // namespace mho

#endif  // MHO_NET_MATRIX_TRAINING_H

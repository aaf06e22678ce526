// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TILE_GRID_H
#define MHO_TILE_GRID_H

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "mho/tile/column_periphery.h"
#include "mho/tile/tile.h"

namespace mho {

/// Where the pieces of an axis begin: n = ceil(size / limit) pieces as equal as possible, the first
/// ones longer; limit 0 = one piece. Returns n + 1 offsets.
std::vector<size_t> split_axis(size_t size, int limit);

/// Digital scales and tile weights of a logical matrix.
struct MappedWeights {
    Matrix<float> weights;  // [out, in], in units of the largest weight of the tile or column
    Matrix<float> scales;   // [input pieces, out]
};

/// Maps logical weights `[out, in]`: per piece of inputs (and per output piece for per-tile
/// scales) the scale is max|w| / omega (1 where all weights are zero).
MappedWeights map_weights(const Mapping& mapping, ConstFloatView logical);

/// Logical weights: tile weight times scale.
Matrix<float> logical_weights(const Mapping& mapping, const MappedWeights& mapped);

/// What `rate_compensation` multiplies the learning rate of a tile by, and divides its errors by
/// beside the scale: 1 / mean of the tile's scales, 1 where the option is off. The product of the
/// two, and so every update that is not cut into pulses, stays the same. Throws InputError for no
/// scales.
double mapping_rate_factor(const Mapping& mapping, std::span<const float> scales);

/// A layer's matrix cut into tiles, with its digital periphery:
///   y[o] = sum_c scale[c][o] * range[c] * compensation * tile_{r(o), c}(clamp(x_c / range[c])) +
///   bias[o]
/// over the input pieces c. All sums and scales are digital (float32, in the order of c).
class TileGrid {
  public:
    /// `layer_path` and `chip` enter the random keys of the tiles.
    TileGrid(const TileConfig& config,
             size_t outputs,
             size_t inputs,
             uint64_t seed,
             std::string layer_path,
             uint32_t chip = 0);

    size_t outputs() const { return outputs_; }
    size_t inputs() const { return inputs_; }
    size_t input_pieces() const { return input_offsets_.size() - 1; }
    size_t output_pieces() const { return output_offsets_.size() - 1; }
    const std::vector<size_t>& input_offsets() const { return input_offsets_; }
    const std::vector<size_t>& output_offsets() const { return output_offsets_; }
    Tile& tile(size_t output_piece, size_t input_piece);
    const Tile& tile(size_t output_piece, size_t input_piece) const;
    /// What a tile holds of a matrix `[out, in]`.
    template <class View>
    View part(View all, size_t output_piece, size_t input_piece) const {
        const size_t row = output_offsets_[output_piece];
        const size_t col = input_offsets_[input_piece];
        return all.row_block(row, output_offsets_[output_piece + 1] - row)
            .column_block(col, input_offsets_[input_piece + 1] - col);
    }
    const TileConfig& config() const { return config_; }
    const std::string& layer_path() const { return layer_path_; }

    /// scales `[input pieces, out]`; bias `[out]` or empty; one input range per input piece (0 =
    /// none).
    void set_scales(Matrix<float> scales);
    void set_bias(std::vector<float> bias);
    void set_input_ranges(std::vector<float> ranges);
    const Matrix<float>& scales() const { return scales_; }
    const std::vector<float>& bias() const { return bias_; }
    const std::vector<float>& input_ranges() const { return input_ranges_; }

    /// Counters and their digital correction behind every column in place of forward.adc, which
    /// must be off; `ideal` takes them away. The correction is calibrated when weights are set or
    /// programmed, and its slopes when time advances. Throws ConfigError where the converter is on.
    /// `before_relu`: all that reads the layer is a ReLU.
    void set_periphery(const DigitalPeriphery& periphery, bool before_relu = false);
    /// Whether outputs have gone through that ReLU: periphery.fold_relu, and the inputs fit one
    /// tile. The results of several tiles are summed first.
    bool computes_relu() const { return computes_relu_; }
    /// Largest result of each tile that a fixed-point periphery must represent, logical units,
    /// [output pieces * input pieces]; 0 = what full scale of the counters gives.
    void set_output_ranges(std::vector<float> ranges);
    /// The periphery of a tile; nothing where it is ideal.
    const ColumnPeriphery* periphery(size_t output_piece, size_t input_piece) const;

    /// Exact tile weights `[out, in]` (training).
    void set_weights(ConstFloatView weights);
    /// Programs tile weights `[out, in]` on every tile, in one shot or by a programmer.
    void program(ConstFloatView weights,
                 uint64_t programming = 0,
                 ConductanceSwitches switches = {},
                 const Programmer* programmer = nullptr);
    void advance_to(double t_s, uint64_t read_step = 0);
    void use_compensation(bool on);
    /// See Tile::prepare_backward.
    void prepare_backward();
    /// Present tile weights `[out, in]`.
    Matrix<float> weights() const;
    /// The present tile weights of one input of a piece, `[out]`.
    void copy_column(size_t input_piece, size_t input, float* to) const;

    struct Scratch {
        MvmScratch mvm;
        AlignedFloats partial;
        std::vector<uint8_t> clipped;
        std::vector<RunningAbsMax> running;
        std::vector<int32_t> counts;
    };

    /// What a training forward keeps for its backward pass.
    struct ForwardRecord {
        bool keep_clipped = true;  // which of the two are wanted
        bool keep_sums = true;
        std::vector<uint8_t> clipped;  // [input pieces][rows][out]: where an ADC cut
        std::vector<float>
            tile_sums;  // [input pieces][rows][out]: range * compensation * tile output
    };

    /// x `[rows, in]` -> y `[rows, out]`. `record` may be null.
    void apply(ConstFloatView x,
               FloatView y,
               ReadKey key,
               Scratch& scratch,
               ForwardRecord* record = nullptr) const;

    /// Input gradient `[rows, in]` of errors `[rows, out]`: scale, transposed product; entries of
    /// `record->clipped` are masked. Without the input mask (nn/ applies that).
    void apply_transposed(ConstFloatView errors,
                          FloatView gradient,
                          ReadKey key,
                          Scratch& scratch,
                          const ForwardRecord* record = nullptr) const;

    size_t bytes() const;

  private:
    TileConfig config_;
    size_t outputs_;
    size_t inputs_;
    std::string layer_path_;
    std::vector<size_t> input_offsets_;
    std::vector<size_t> output_offsets_;
    std::vector<Tile> tiles_;  // [output piece][input piece]
    Matrix<float> scales_;
    std::vector<float> bias_;
    std::vector<float> input_ranges_;

    // Counters and their correction, one per tile; empty when the periphery is ideal.
    enum class Calibrate { kAll, kSlope };
    void calibrate_periphery(Calibrate what, uint64_t step);
    void fold_periphery();
    void add_corrected(size_t r,
                       size_t c,
                       FloatView partial,
                       FloatView y,
                       ForwardRecord* record,
                       Scratch& scratch) const;
    DigitalPeriphery periphery_config_;
    std::vector<ColumnPeriphery> periphery_;  // [output piece][input piece]
    std::vector<float> output_ranges_;
    bool computes_relu_ = false;
};

}  // namespace mho

#endif  // MHO_TILE_GRID_H

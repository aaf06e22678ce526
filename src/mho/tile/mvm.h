// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TILE_MVM_H
#define MHO_TILE_MVM_H

#include <cstdint>
#include <limits>
#include <vector>

#include "mho/kernels/product.h"
#include "mho/kernels/rows.h"
#include "mho/random/stream.h"
#include "mho/tile/mvm_config.h"
#include "mho/util/matrix.h"

namespace mho {

/// Numbers drawn once per tile and direction from `MvmConfig`: what a chip is born with.
struct MvmTables {
    std::vector<float> output_noise_std;  // per output; empty when the spread is 0
    std::vector<float> voltage_offset;    // per output; empty when off
    std::vector<float> nonlinearity;      // per output; empty when off
    float nonlinearity_gain = 1.0f;
    std::vector<float> read_asymmetry;  // [out, in] factors; empty when off
};

/// Draws the tables of a tile with `key` (already the key of the direction).
MvmTables draw_mvm_tables(const MvmConfig& config, size_t outputs, size_t inputs, TileKey key);

/// The key that the backward direction of a tile draws with.
TileKey backward_key(TileKey key);

/// Memory of one thread, kept between calls.
struct MvmScratch {
    ProductScratch product;
    AlignedFloats inputs, plain, position, squares, absolute, noise, noise2, uniforms, ranged;
};

/// State of `average abs max`; the caller owns it, negative = no value yet.
struct RunningAbsMax {
    float value = -1.0f;
};

/// Options of one call.
struct MvmCall {
    ReadKey key;
    float range_scale = 0.0f;          // 1 / input range: inputs are scaled and cut to +-1; 0 = off
    uint8_t* clipped = nullptr;        // [rows, outputs]: 1 where the ADC cut in the last round
    RunningAbsMax* running = nullptr;  // needed by `average abs max`
    bool backward = false;             // the transposed pass: no bound management
};

/// A prepared analog product of one tile and direction. Immutable: calls from many threads at once
/// are fine, each with its own scratch.
class Mvm {
  public:
    /// `key` must already be that of the direction (see backward_key).
    Mvm(const MvmConfig& config, size_t outputs, size_t inputs, TileKey key);

    /// y = analog W x for the rows of x `[rows, inputs]`, into y `[rows, outputs]`. The noise of
    /// row r is that of sample key.first_sample + r, whatever else is in the batch. Inputs must be
    /// finite (callers check at the door).
    void run(const PackedMatrix& weights,
             ConstFloatView x,
             FloatView y,
             const MvmCall& call,
             MvmScratch& scratch) const;

    /// Output noise and converter alone, in place, for sums y `[rows, outputs]` that came another
    /// way; `pass` (below 16) numbers several read-outs of one vector.
    void read_out(FloatView y, unsigned pass, const MvmCall& call, MvmScratch& scratch) const;

    /// For `separate polarities` with read asymmetry: must be called when the weights change, with
    /// the weights `[out, in]` of this direction.
    void set_asymmetric_weights(ConstFloatView weights);

    const MvmConfig& config() const { return config_; }
    const MvmTables& tables() const { return tables_; }
    /// Replaces the frozen tables (sizes must match).
    void set_tables(MvmTables tables);
    size_t outputs() const { return outputs_; }
    size_t inputs() const { return inputs_; }

  private:
    struct Row;
    void run_chunk(const PackedMatrix& weights,
                   ConstFloatView x,
                   FloatView y,
                   const MvmCall& call,
                   size_t first_row,
                   std::vector<Row>& rows,
                   MvmScratch& scratch) const;
    void one_pass(const PackedMatrix& weights,
                  ConstFloatView v,
                  const std::vector<Row*>& rows,
                  const MvmCall& call,
                  unsigned half,
                  bool array_only,
                  MvmScratch& scratch) const;
    void run_uniform(const PackedMatrix& weights,
                     ConstFloatView x,
                     FloatView y,
                     const MvmCall& call,
                     size_t first_row,
                     MvmScratch& scratch) const;
    ProductSums sums_of(size_t rows, MvmScratch& scratch) const;
    // The random numbers of a pass, [rows][width]; null where the configuration asks for none.
    struct InputDraws;
    struct OutputDraws;
    template <class Draw>
    InputDraws draw_inputs(const Draw& draw, MvmScratch& scratch) const;
    template <class Draw>
    OutputDraws draw_outputs(const Draw& draw, bool array, bool finish, MvmScratch& scratch) const;
    InputStage input_stage(const InputDraws& draws, size_t row, float scale, float range) const;
    OutputStage output_stage(const OutputDraws& draws,
                             const ProductSums& sums,
                             size_t row,
                             float scale) const;
    float worst_case_factor(const float* x, float capped_abs_max) const;
    float noise_management_factor(const float* x, RunningAbsMax* running) const;

    MvmConfig config_;
    size_t outputs_;
    size_t inputs_;
    TileKey key_;
    MvmTables tables_;
    PackedMatrix asymmetric_;
    std::vector<float> position_weights_;
    ProductSet set_ = ProductSet::kPlain;
    bool uniform_ = false;  // every row of a chunk is treated alike
    InputStage input_stage_;
    OutputStage output_stage_;
};

/// Serial double-precision reference of the whole product, written to be read beside
/// docs/models/mvm.md. Converter codes of the input are decided in float32, as the law demands;
/// everything after that is double. The noise is that of the kernel (same key and elements).
/// `weights` `[out, in]`.
void reference_mvm(const MvmConfig& config,
                   const MvmTables& tables,
                   ConstFloatView weights,
                   ConstFloatView x,
                   MatrixView<double> y,
                   TileKey key,
                   const MvmCall& call);

namespace mvm_detail {
/// Whether inputs can be divided by a noise-management factor. Below the normal numbers its inverse
/// overflows: such a vector counts as zero.
inline bool can_scale(float factor) {
    return factor >= std::numeric_limits<float>::min();
}

/// Step of the streams in round `round` and polarity `half`: rounds of bound management redraw all
/// noise. Bit kStepBits itself marks the read-outs of a tile.
inline uint64_t inner_step(uint64_t step, unsigned round, unsigned half) {
    return step ^ (uint64_t{round} << (kStepBits + 2)) ^ (uint64_t{half} << (kStepBits + 1));
}
}  // namespace mvm_detail

}  // namespace mho

#endif  // MHO_TILE_MVM_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TRAIN_LINE_READER_H
#define MHO_TRAIN_LINE_READER_H

// Reading single lines of an array: the product of a one-hot vector, of which only one line of
// weights has a part. The result has the bits of Mvm::run on the one-hot vector with the same key,
// at the price of the line.

#include <cstdint>
#include <span>
#include <vector>

#include "mho/tile/mvm.h"

namespace mho {

class LineReader {
  public:
    /// Lines are columns of weights [rows, cols] (a forward read) or rows (a backward one). Noise
    /// and bound management must be off in `config`: ConfigError.
    LineReader(const MvmConfig& config, size_t rows, size_t cols, bool columns, TileKey key);

    /// Whether a read needs all weights, because noise of the input converter reaches every line or
    /// polarities are read apart. Then only read_matrix works.
    bool needs_matrix() const { return needs_matrix_; }
    /// Numbers in a line: rows if columns are read.
    size_t outputs() const { return outputs_; }
    /// How many lines there are.
    size_t lines() const { return inputs_; }

    /// values[k], the weights of line lines[k], become what read number `number` + k returns. Reads
    /// are named by their number.
    void read(std::span<const uint32_t> lines, FloatView values, uint64_t number);
    /// The same of weights [rows, cols]: values[k] gets read `number` + k of line lines[k].
    void read_matrix(ConstFloatView weights,
                     std::span<const uint32_t> lines,
                     FloatView values,
                     uint64_t number);

    /// The product that a read is.
    const Mvm& mvm() const { return mvm_; }
    /// The key that names read `number`.
    static ReadKey read_key(uint64_t number);
    /// How many of `count` reads from `number` on have consecutive samples of one step.
    static size_t run_length(uint64_t number, size_t count);

  private:
    void read_run(std::span<const uint32_t> lines, FloatView values, ReadKey key);

    size_t outputs_;
    size_t inputs_;
    bool columns_;
    TileKey key_;
    Mvm mvm_;
    bool needs_matrix_ = false;
    bool squares_ = false;
    bool ir_drop_ = false;
    InputStage input_stage_;
    OutputStage output_stage_;
    std::vector<float> position_, absolute_, square_, weight_noise_, output_noise_, uniforms_;
    MvmScratch scratch_;
    PackedMatrix packed_;
};

}  // namespace mho

#endif  // MHO_TRAIN_LINE_READER_H

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NN_SEQUENCE_FUNCTIONS_H
#define MHO_NN_SEQUENCE_FUNCTIONS_H

#include <ATen/core/Tensor.h>

#include <functional>

#include "mho/net/graph.h"
#include "mho/random/stream.h"

namespace mho {

// Digital operations of sequence models with gradients. Their forward passes are those of net/
// (sequence_ops.h, digital_ops.h), so that a trained network gives the bits that the executor
// gives: analog converters would turn a difference in the last place into a whole step. float32
// throughout.

/// relu, tanh, sigmoid, gelu.
at::Tensor activation(Activation kind, const at::Tensor& input);

/// Layer norm over the last axis.
at::Tensor layer_norm_rows(const LayerNormOp& op,
                           const at::Tensor& input,
                           const at::Tensor& weight,
                           const at::Tensor& bias);

/// Queries, keys and values [samples, positions, features].
at::Tensor attention(const SelfAttentionOp& op,
                     const at::Tensor& queries,
                     const at::Tensor& keys,
                     const at::Tensor& values);

/// State of a recurrence, [samples, hidden]; `cell` belongs to lstm only.
struct RecurrentState {
    at::Tensor hidden;
    at::Tensor cell;
};
RecurrentState zero_state(const RecurrentOp& op, int64_t samples);

/// One step: inputs of the gates `x` and products of the hidden state `u`, both [samples, gates *
/// hidden].
RecurrentState recurrent_cell(const RecurrentOp& op,
                              const at::Tensor& x,
                              const at::Tensor& u,
                              const RecurrentState& state);

/// Product of the matrix of the recurrence at a position with the hidden state [samples, hidden],
/// or with input and hidden state [samples, inputs + hidden].
using HiddenProduct = std::function<at::Tensor(const at::Tensor& hidden, int64_t position)>;

/// A whole sequence: inputs of the gates [samples, positions, gates * hidden] (or the inputs
/// themselves, where the operation takes them) to hidden states
/// [samples, positions, hidden], from the given state, which becomes the last one.
at::Tensor recurrence(const RecurrentOp& op,
                      const at::Tensor& x,
                      const HiddenProduct& product,
                      RecurrentState& state);

/// Zeros with probability `rate`, the others times 1 / (1 - rate). The mask belongs to (key, step,
/// first_sample + row).
at::Tensor dropout(
    double rate, const at::Tensor& input, TileKey key, uint64_t step, uint64_t first_sample);

/// Rows of `table` for symbols [samples, positions] of whole numbers in float. Throws InputError
/// for others.
at::Tensor embedding_rows(const EmbeddingOp& op,
                          const at::Tensor& table,
                          const at::Tensor& symbols);

}  // namespace mho

#endif  // MHO_NN_SEQUENCE_FUNCTIONS_H

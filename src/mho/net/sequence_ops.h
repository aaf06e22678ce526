// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NET_SEQUENCE_OPS_H
#define MHO_NET_SEQUENCE_OPS_H

// The digital operations of sequence models, on one sample at a time, float32. Training (nn/) calls
// the same functions, so that both give the same bits. Sequences are [positions, features].

#include <cstddef>
#include <vector>

#include "mho/net/graph.h"

namespace mho {

/// Rows of `table` [vocabulary, features] for `positions` symbols. Throws InputError for a symbol
/// that is no whole number from 0 to vocabulary - 1.
void embed(
    const EmbeddingOp& op, const float* table, const float* symbols, size_t positions, float* to);

/// Layer norm of one vector; `to` may be `from`. Sums in double. `mean` and `inverse_std` may be
/// null.
void layer_norm(const LayerNormOp& op,
                const float* weight,
                const float* bias,
                const float* from,
                float* to,
                float* mean = nullptr,
                float* inverse_std = nullptr);

/// One step of one sequence. `x` [gates * hidden]: input of the gates; `u` likewise: product of the
/// hidden state, with its bias. `gates` receives the activated gates. `cell` (lstm only) and
/// `hidden` are the state, before and after.
void recurrent_step(const RecurrentOp& op,
                    const float* x,
                    const float* u,
                    float* gates,
                    float* cell,
                    float* hidden);

/// Memory of attend().
struct AttentionScratch {
    std::vector<float> keys;     // of one head, transposed
    std::vector<float> weights;  // one row of the softmax
};

/// Attention of one sample. `weights` (may be null) receives the softmax, [heads, positions,
/// positions], zeros where a causal position does not look.
void attend(const SelfAttentionOp& op,
            size_t positions,
            const float* queries,
            const float* keys,
            const float* values,
            float* to,
            AttentionScratch& scratch,
            float* weights = nullptr);

}  // namespace mho

#endif  // MHO_NET_SEQUENCE_OPS_H

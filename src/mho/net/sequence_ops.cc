// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/sequence_ops.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "mho/net/digital_ops.h"
#include "mho/util/error.h"
#include "mho/util/scalar_math.h"

namespace mho {

void embed(
    const EmbeddingOp& op, const float* table, const float* symbols, size_t positions, float* to) {
    const auto features = static_cast<size_t>(op.features);
    for (size_t p = 0; p < positions; p++) {
        const float symbol = symbols[p];
        if (!(symbol >= 0.0f && symbol < static_cast<float>(op.vocabulary)) ||
            symbol != std::floor(symbol)) {
            throw InputError(
                fmt::format("symbol {} at position {}: an embedding of {} symbols takes whole "
                            "numbers from 0 to {}",
                            symbol,
                            p,
                            op.vocabulary,
                            op.vocabulary - 1));
        }
        std::copy_n(table + static_cast<size_t>(symbol) * features, features, to + p * features);
    }
}

void layer_norm(const LayerNormOp& op,
                const float* weight,
                const float* bias,
                const float* from,
                float* to,
                float* mean,
                float* inverse_std) {
    const auto n = static_cast<size_t>(op.features);
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += double{from[i]};
    }
    const double m = sum / static_cast<double>(n);
    double squares = 0;
    for (size_t i = 0; i < n; i++) {
        const double d = double{from[i]} - m;
        squares += d * d;
    }
    const auto centre = static_cast<float>(m);
    const auto inverse =
        static_cast<float>(1.0 / std::sqrt(squares / static_cast<double>(n) + op.epsilon));
    for (size_t i = 0; i < n; i++) {
        to[i] = (from[i] - centre) * inverse * weight[i] + bias[i];
    }
    if (mean != nullptr) {
        *mean = centre;
    }
    if (inverse_std != nullptr) {
        *inverse_std = inverse;
    }
}

void recurrent_step(const RecurrentOp& op,
                    const float* x,
                    const float* u,
                    float* gates,
                    float* cell,
                    float* hidden) {
    const auto n = static_cast<size_t>(op.hidden);
    switch (op.kind) {
        case RecurrentKind::kRnn:
            for (size_t i = 0; i < n; i++) {
                gates[i] = x[i] + u[i];
            }
            activate(Activation::kTanh, gates, n, gates);
            std::copy_n(gates, n, hidden);
            return;
        case RecurrentKind::kLstm: {
            for (size_t i = 0; i < 4 * n; i++) {
                gates[i] = x[i] + u[i];
            }
            activate(Activation::kSigmoid, gates, 2 * n, gates);
            activate(Activation::kTanh, gates + 2 * n, n, gates + 2 * n);
            activate(Activation::kSigmoid, gates + 3 * n, n, gates + 3 * n);
            for (size_t i = 0; i < n; i++) {
                cell[i] = gates[n + i] * cell[i] + gates[i] * gates[2 * n + i];
            }
            activate(Activation::kTanh, cell, n, hidden);
            for (size_t i = 0; i < n; i++) {
                hidden[i] *= gates[3 * n + i];
            }
            return;
        }
        case RecurrentKind::kGru:
            for (size_t i = 0; i < 2 * n; i++) {
                gates[i] = x[i] + u[i];
            }
            activate(Activation::kSigmoid, gates, 2 * n, gates);
            for (size_t i = 0; i < n; i++) {
                gates[2 * n + i] = x[2 * n + i] + gates[i] * u[2 * n + i];
            }
            activate(Activation::kTanh, gates + 2 * n, n, gates + 2 * n);
            for (size_t i = 0; i < n; i++) {
                const float z = gates[n + i];
                hidden[i] = (1.0f - z) * gates[2 * n + i] + z * hidden[i];
            }
            return;
    }
}

void attend(const SelfAttentionOp& op,
            size_t positions,
            const float* queries,
            const float* keys,
            const float* values,
            float* to,
            AttentionScratch& scratch,
            float* weights) {
    const auto features = static_cast<size_t>(op.features);
    const auto heads = static_cast<size_t>(op.heads);
    const size_t size = features / heads;
    const float scale = 1.0f / std::sqrt(static_cast<float>(size));
    scratch.keys.resize(size * positions);
    scratch.weights.resize(positions);
    float* transposed = scratch.keys.data();
    float* row = scratch.weights.data();
    for (size_t h = 0; h < heads; h++) {
        const size_t offset = h * size;
        for (size_t p = 0; p < positions; p++) {
            for (size_t i = 0; i < size; i++) {
                transposed[i * positions + p] = keys[p * features + offset + i];
            }
        }
        for (size_t p = 0; p < positions; p++) {
            const size_t seen = op.causal ? p + 1 : positions;
            std::fill_n(row, seen, 0.0f);
            for (size_t i = 0; i < size; i++) {
                const float q = queries[p * features + offset + i] * scale;
                const float* line = transposed + i * positions;
                for (size_t k = 0; k < seen; k++) {
                    row[k] += q * line[k];
                }
            }
            const float largest = *std::max_element(row, row + seen);
            for (size_t k = 0; k < seen; k++) {
                row[k] = scalar_math::exp(row[k] - largest);
            }
            double sum = 0;
            for (size_t k = 0; k < seen; k++) {
                sum += double{row[k]};
            }
            const auto share = static_cast<float>(1.0 / sum);
            float* out = to + p * features + offset;
            std::fill_n(out, size, 0.0f);
            for (size_t k = 0; k < seen; k++) {
                row[k] *= share;
                const float w = row[k];
                const float* value = values + k * features + offset;
                for (size_t i = 0; i < size; i++) {
                    out[i] += w * value[i];
                }
            }
            if (weights != nullptr) {
                float* kept = weights + (h * positions + p) * positions;
                std::copy_n(row, seen, kept);
                std::fill_n(kept + seen, positions - seen, 0.0f);
            }
        }
    }
}

}  // namespace mho

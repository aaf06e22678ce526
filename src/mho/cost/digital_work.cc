// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cost/digital_work.h"

#include <type_traits>

#include "mho/net/graph_internal.h"
#include "mho/net/plan.h"

namespace mho::cost {
namespace {

constexpr DigitalWork kFunction = {1, 1, 0};

DigitalWork times(const DigitalWork& w, double n) {
    return {w.products * n, w.sums * n, w.comparisons * n};
}

DigitalWork plus(const DigitalWork& a, const DigitalWork& b) {
    return {a.products + b.products, a.sums + b.sums, a.comparisons + b.comparisons};
}

// Per hidden number and position, without the matrix: the equations of RecurrentOp.
DigitalWork gates(RecurrentKind kind) {
    switch (kind) {
        case RecurrentKind::kRnn:
            return plus({0, 1, 0}, kFunction);
        case RecurrentKind::kLstm:  // four x + u; f c + i g; o tanh(c); five functions
            return plus({3, 5, 0}, times(kFunction, 5));
        case RecurrentKind::kGru:  // x + u three times; r u; 1 - z; two products, a sum
            return plus({3, 5, 0}, times(kFunction, 3));
    }
    return {};
}

}  // namespace

DigitalWork digital_work(const Op& op,
                         const std::vector<Shape>& inputs,
                         const Shape& output,
                         bool matrix_on_tiles) {
    const auto out = static_cast<double>(feature_count(output));
    const auto in = static_cast<double>(inputs.empty() ? 0 : feature_count(inputs[0]));
    DigitalWork work;
    const MatrixLayout layout = matrix_layout(op);
    if (layout.groups > 0 && !matrix_on_tiles) {
        const double products =
            static_cast<double>(layout.weights()) * static_cast<double>(positions_of(output));
        work = {products, products, 0};  // the first sum of each output starts from the bias
    }
    const DigitalWork around = std::visit(
        [&](const auto& o) -> DigitalWork {
            using O = std::decay_t<decltype(o)>;
            if constexpr (std::is_same_v<O, BatchNormOp>) {
                return {out, out, 0};
            } else if constexpr (std::is_same_v<O, ActivationOp>) {
                return o.kind == Activation::kRelu ? DigitalWork{0, 0, out} : times(kFunction, out);
            } else if constexpr (std::is_same_v<O, Pool2dOp>) {
                const double window = o.kernel[0] * o.kernel[1];
                return o.average ? DigitalWork{out, out * (window - 1), 0}
                                 : DigitalWork{0, 0, out * (window - 1)};
            } else if constexpr (std::is_same_v<O, GlobalAveragePoolOp>) {
                return {out, in - out, 0};
            } else if constexpr (std::is_same_v<O, AddOp>) {
                return {0, out * (static_cast<double>(inputs.size()) - 1), 0};
            } else if constexpr (std::is_same_v<O, PositionalEmbeddingOp>) {
                return {0, out, 0};
            } else if constexpr (std::is_same_v<O, LayerNormOp>) {
                // Mean, square, mean of squares, then scale and shift.
                return {2 * out, 3 * out, 0};
            } else if constexpr (std::is_same_v<O, RecurrentOp>) {
                return times(gates(o.kind), out);
            } else if constexpr (std::is_same_v<O, SelfAttentionOp>) {
                const auto positions = static_cast<double>(positions_of(output));
                const double pairs =
                    o.causal ? positions * (positions + 1) / 2 : positions * positions;
                const double features = o.features;
                // Queries on keys and weights on values; exp, sum and quotient of the softmax.
                return plus({2 * pairs * features, 2 * pairs * features, 0},
                            times(plus(kFunction, {1, 1, 0}), pairs * o.heads));
            } else {
                return {};
            }
        },
        op);
    return plus(work, around);
}

}  // namespace mho::cost

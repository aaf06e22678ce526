// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/nn/sequence_functions.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/gelu_backward.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/native_layer_norm_backward.h>
#include <ATen/ops/sigmoid_backward.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tanh_backward.h>
#include <ATen/ops/threshold_backward.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

#include "mho/net/digital_ops.h"
#include "mho/net/sequence_ops.h"
#include "mho/nn/sizes.h"
#include "mho/util/error.h"

namespace mho {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

class ActivationFunction : public torch::autograd::Function<ActivationFunction> {
  public:
    static at::Tensor forward(AutogradContext* ctx, const at::Tensor& input, int64_t kind) {
        const at::Tensor x = input.contiguous();
        at::Tensor y = at::empty_like(x);
        const float* from = x.data_ptr<float>();
        float* to = y.data_ptr<float>();
        at::parallel_for(0, x.numel(), 16384, [&](int64_t begin, int64_t end) {
            activate(static_cast<Activation>(kind), from + begin, size_of(end - begin), to + begin);
        });
        ctx->save_for_backward({x, y});
        ctx->saved_data["kind"] = kind;
        return y;
    }
    static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
        const auto saved = ctx->get_saved_variables();
        at::Tensor g;
        switch (static_cast<Activation>(ctx->saved_data["kind"].toInt())) {
            case Activation::kRelu:
                g = at::threshold_backward(gradients[0], saved[1], 0);
                break;
            case Activation::kTanh:
                g = at::tanh_backward(gradients[0], saved[1]);
                break;
            case Activation::kSigmoid:
                g = at::sigmoid_backward(gradients[0], saved[1]);
                break;
            case Activation::kGelu:
                g = at::gelu_backward(gradients[0], saved[0]);
                break;
        }
        return {g, at::Tensor()};
    }
};

class LayerNormFunction : public torch::autograd::Function<LayerNormFunction> {
  public:
    static at::Tensor forward(AutogradContext* ctx,
                              const at::Tensor& input,
                              const at::Tensor& weight,
                              const at::Tensor& bias,
                              const LayerNormOp& op) {
        const at::Tensor x = input.contiguous();
        at::Tensor y = at::empty_like(x);
        std::vector<int64_t> shape = x.sizes().vec();
        shape.back() = 1;
        at::Tensor mean = at::empty(shape);
        at::Tensor inverse = at::empty(shape);
        at::parallel_for(0, mean.numel(), 64, [&](int64_t begin, int64_t end) {
            for (int64_t r = begin; r < end; r++) {
                layer_norm(op,
                           weight.data_ptr<float>(),
                           bias.data_ptr<float>(),
                           x.data_ptr<float>() + r * op.features,
                           y.data_ptr<float>() + r * op.features,
                           mean.data_ptr<float>() + r,
                           inverse.data_ptr<float>() + r);
            }
        });
        ctx->save_for_backward({x, mean, inverse, weight, bias});
        return y;
    }
    static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
        const auto saved = ctx->get_saved_variables();
        const auto [x, weight, bias] = at::native_layer_norm_backward(gradients[0].contiguous(),
                                                                      saved[0],
                                                                      {saved[0].size(-1)},
                                                                      saved[1],
                                                                      saved[2],
                                                                      saved[3],
                                                                      saved[4],
                                                                      {true, true, true});
        return {x, weight, bias, at::Tensor()};
    }
};

// [samples, positions, features] as [samples, heads, positions, features / heads].
at::Tensor by_head(const at::Tensor& t, int64_t heads) {
    return t.view({t.size(0), t.size(1), heads, t.size(2) / heads}).transpose(1, 2);
}

at::Tensor from_heads(const at::Tensor& t) {
    return t.transpose(1, 2).flatten(2);
}

class AttentionFunction : public torch::autograd::Function<AttentionFunction> {
  public:
    static at::Tensor forward(AutogradContext* ctx,
                              const at::Tensor& queries,
                              const at::Tensor& keys,
                              const at::Tensor& values,
                              const SelfAttentionOp& op) {
        const at::Tensor q = queries.contiguous();
        const at::Tensor k = keys.contiguous();
        const at::Tensor v = values.contiguous();
        const int64_t positions = q.size(1);
        const int64_t size = positions * q.size(2);
        const int64_t weights_size = op.heads * positions * positions;
        at::Tensor y = at::empty_like(q);
        at::Tensor weights = at::empty({q.size(0), op.heads, positions, positions});
        at::parallel_for(0, q.size(0), 1, [&](int64_t begin, int64_t end) {
            AttentionScratch scratch;
            for (int64_t s = begin; s < end; s++) {
                attend(op,
                       size_of(positions),
                       q.data_ptr<float>() + s * size,
                       k.data_ptr<float>() + s * size,
                       v.data_ptr<float>() + s * size,
                       y.data_ptr<float>() + s * size,
                       scratch,
                       weights.data_ptr<float>() + s * weights_size);
            }
        });
        ctx->save_for_backward({q, k, v, weights});
        return y;
    }
    static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
        const auto saved = ctx->get_saved_variables();
        const at::Tensor& weights = saved[3];
        const int64_t heads = weights.size(1);
        const at::Tensor q = by_head(saved[0], heads);
        const at::Tensor k = by_head(saved[1], heads);
        const at::Tensor v = by_head(saved[2], heads);
        const at::Tensor g = by_head(gradients[0].contiguous(), heads);
        const at::Tensor dw = at::matmul(g, v.transpose(2, 3));
        const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(3)));
        const at::Tensor ds = weights * (dw - (dw * weights).sum(-1, true)) * scale;
        return {from_heads(at::matmul(ds, k)),
                from_heads(at::matmul(ds.transpose(2, 3), q)),
                from_heads(at::matmul(weights.transpose(2, 3), g)),
                at::Tensor()};
    }
};

// Gradients of recurrent_step of one sample; `u`, `h`, `c` are what it was called with, `gates` and
// `c_new` what it left. `dc` and `dh` are the gradients of the new state, and receive those of the
// old one.
struct CellGradient {
    size_t n;
    const float *u, *gates, *h, *c, *c_new;
    float *dh, *dc, *dx, *du;

    void rnn() const {
        for (size_t i = 0; i < n; i++) {
            dx[i] = du[i] = dh[i] * (1 - gates[i] * gates[i]);
            dh[i] = 0;
        }
    }
    void lstm(std::vector<float>& tanh_c) const {
        tanh_c.resize(n);
        activate(Activation::kTanh, c_new, n, tanh_c.data());
        for (size_t i = 0; i < n; i++) {
            const float in = gates[i];
            const float keep = gates[n + i];
            const float fresh = gates[2 * n + i];
            const float out = gates[3 * n + i];
            const float d = dc[i] + dh[i] * out * (1 - tanh_c[i] * tanh_c[i]);
            dx[i] = d * fresh * in * (1 - in);
            dx[n + i] = d * c[i] * keep * (1 - keep);
            dx[2 * n + i] = d * in * (1 - fresh * fresh);
            dx[3 * n + i] = dh[i] * tanh_c[i] * out * (1 - out);
            dc[i] = d * keep;
            dh[i] = 0;
        }
        std::copy_n(dx, 4 * n, du);
    }
    void gru() const {
        for (size_t i = 0; i < n; i++) {
            const float reset = gates[i];
            const float update = gates[n + i];
            const float fresh = gates[2 * n + i];
            const float d = dh[i] * (1 - update) * (1 - fresh * fresh);
            dx[2 * n + i] = d;
            du[2 * n + i] = d * reset;
            dx[i] = du[i] = d * u[2 * n + i] * reset * (1 - reset);
            dx[n + i] = du[n + i] = dh[i] * (h[i] - fresh) * update * (1 - update);
            dh[i] *= update;
        }
    }
};

class CellFunction : public torch::autograd::Function<CellFunction> {
  public:
    static variable_list forward(AutogradContext* ctx,
                                 const at::Tensor& input,
                                 const at::Tensor& product,
                                 const at::Tensor& hidden,
                                 const at::Tensor& cell,
                                 const RecurrentOp& op) {
        const at::Tensor x = input.contiguous();
        const at::Tensor u = product.contiguous();
        const int64_t samples = x.size(0);
        const int64_t width = x.size(1);
        at::Tensor h = hidden.contiguous().clone();
        at::Tensor c = cell.contiguous().clone();
        at::Tensor gates = at::empty_like(x);
        for (int64_t s = 0; s < samples; s++) {
            recurrent_step(op,
                           x.data_ptr<float>() + s * width,
                           u.data_ptr<float>() + s * width,
                           gates.data_ptr<float>() + s * width,
                           c.numel() > 0 ? c.data_ptr<float>() + s * op.hidden : nullptr,
                           h.data_ptr<float>() + s * op.hidden);
        }
        ctx->save_for_backward({u, gates, hidden.contiguous(), cell.contiguous(), c});
        ctx->saved_data["kind"] = static_cast<int64_t>(op.kind);
        return {h, c};
    }
    static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
        const auto saved = ctx->get_saved_variables();
        const auto kind = static_cast<RecurrentKind>(ctx->saved_data["kind"].toInt());
        const int64_t hidden = saved[2].size(1);
        const int64_t width = saved[0].size(1);
        at::Tensor dh =
            gradients[0].defined() ? gradients[0].contiguous().clone() : at::zeros_like(saved[2]);
        at::Tensor dc =
            gradients[1].defined() ? gradients[1].contiguous().clone() : at::zeros_like(saved[3]);
        at::Tensor dx = at::empty_like(saved[0]);
        at::Tensor du = at::empty_like(saved[0]);
        std::vector<float> scratch;
        for (int64_t s = 0; s < dh.size(0); s++) {
            const auto wide = [&](const at::Tensor& t) { return t.data_ptr<float>() + s * width; };
            const auto narrow = [&](const at::Tensor& t) {
                return t.numel() > 0 ? t.data_ptr<float>() + s * hidden : nullptr;
            };
            const CellGradient g{size_of(hidden),
                                 wide(saved[0]),
                                 wide(saved[1]),
                                 narrow(saved[2]),
                                 narrow(saved[3]),
                                 narrow(saved[4]),
                                 narrow(dh),
                                 narrow(dc),
                                 wide(dx),
                                 wide(du)};
            switch (kind) {
                case RecurrentKind::kRnn:
                    g.rnn();
                    break;
                case RecurrentKind::kLstm:
                    g.lstm(scratch);
                    break;
                case RecurrentKind::kGru:
                    g.gru();
                    break;
            }
        }
        return {dx, du, dh, dc, at::Tensor()};
    }
};

void check_width(const at::Tensor& t, int64_t dimensions, int64_t width, const char* what) {
    if (t.dim() != dimensions || t.size(-1) != width || t.scalar_type() != at::kFloat) {
        throw InputError(std::string(what) + " must be float32 with " + std::to_string(dimensions) +
                         " axes, the last of size " + std::to_string(width));
    }
}

}  // namespace

at::Tensor activation(Activation kind, const at::Tensor& input) {
    return ActivationFunction::apply(input, static_cast<int64_t>(kind));
}

at::Tensor layer_norm_rows(const LayerNormOp& op,
                           const at::Tensor& input,
                           const at::Tensor& weight,
                           const at::Tensor& bias) {
    check_width(input, input.dim(), op.features, "the inputs of a layer norm");
    return LayerNormFunction::apply(input, weight, bias, op);
}

at::Tensor attention(const SelfAttentionOp& op,
                     const at::Tensor& queries,
                     const at::Tensor& keys,
                     const at::Tensor& values) {
    if (op.heads < 1 || op.features < 1 || op.features % op.heads != 0) {
        throw InputError("attention: heads = " + std::to_string(op.heads) +
                         " must divide features = " + std::to_string(op.features));
    }
    for (const at::Tensor* t : {&queries, &keys, &values}) {
        check_width(*t, 3, op.features, "queries, keys and values");
        if (t->sizes() != queries.sizes()) {
            throw InputError("queries, keys and values must have equal shapes");
        }
    }
    return AttentionFunction::apply(queries, keys, values, op);
}

RecurrentState zero_state(const RecurrentOp& op, int64_t samples) {
    const int64_t cells = op.kind == RecurrentKind::kLstm ? samples : 0;
    return {at::zeros({samples, op.hidden}), at::zeros({cells, op.hidden})};
}

RecurrentState recurrent_cell(const RecurrentOp& op,
                              const at::Tensor& x,
                              const at::Tensor& u,
                              const RecurrentState& state) {
    const int64_t width = int64_t{op.gates()} * op.hidden;
    check_width(x, 2, width, "the inputs of the gates");
    check_width(u, 2, width, "the products of the hidden state");
    check_width(state.hidden, 2, op.hidden, "the hidden state");
    const bool lstm = op.kind == RecurrentKind::kLstm;
    if (u.size(0) != x.size(0) || state.hidden.size(0) != x.size(0) ||
        (lstm && (!state.cell.defined() || state.cell.sizes() != state.hidden.sizes()))) {
        throw InputError("a recurrent cell needs inputs and states of the same number of samples");
    }
    const at::Tensor cell = lstm ? state.cell : at::zeros({0, op.hidden});
    const variable_list next = CellFunction::apply(x, u, state.hidden, cell, op);
    return {next[0], next[1]};
}

at::Tensor recurrence(const RecurrentOp& op,
                      const at::Tensor& x,
                      const HiddenProduct& product,
                      RecurrentState& state) {
    const int64_t gates = int64_t{op.gates()} * op.hidden;
    check_width(x, 3, op.inputs > 0 ? op.inputs : gates, "the inputs of a recurrence");
    std::vector<at::Tensor> outputs;
    int64_t position = 0;
    const at::Tensor nothing = op.inputs > 0 ? at::zeros({x.size(0), gates}) : at::Tensor();
    for (const at::Tensor& at_position : x.unbind(1)) {
        if (op.inputs > 0) {
            const at::Tensor seen = at::cat({at_position, state.hidden}, 1);
            state = recurrent_cell(op, nothing, product(seen, position++), state);
        } else {
            state = recurrent_cell(op, at_position, product(state.hidden, position++), state);
        }
        outputs.push_back(state.hidden);
    }
    return at::stack(outputs, 1);
}

at::Tensor dropout(
    double rate, const at::Tensor& input, TileKey key, uint64_t step, uint64_t first_sample) {
    if (!(rate >= 0 && rate < 1)) {
        throw InputError("dropout: the rate must be at least 0 and below 1, got " +
                         std::to_string(rate));
    }
    if (rate == 0 || input.numel() == 0) {
        return input;
    }
    at::Tensor mask = at::empty(input.sizes(), at::kFloat);
    const auto width = size_of(input.numel() / input.size(0));
    const std::span<float> values(mask.data_ptr<float>(), size_of(mask.numel()));
    fill_uniform(key, Stream::kDropout, step, first_sample * width, values);
    const auto limit = static_cast<float>(rate);
    const auto kept = static_cast<float>(1.0 / (1.0 - rate));
    for (float& v : values) {
        v = v < limit ? 0.0f : kept;
    }
    return input * mask;
}

at::Tensor embedding_rows(const EmbeddingOp& op,
                          const at::Tensor& table,
                          const at::Tensor& symbols) {
    const at::Tensor s = symbols.contiguous();
    at::Tensor index = at::empty(s.sizes(), at::kLong);
    for (int64_t i = 0; i < s.numel(); i++) {
        const float v = s.data_ptr<float>()[i];
        if (!(v >= 0 && v < static_cast<float>(op.vocabulary)) || v != std::floor(v)) {
            throw InputError("an embedding of " + std::to_string(op.vocabulary) +
                             " symbols takes whole numbers from 0 to " +
                             std::to_string(op.vocabulary - 1) + ", got " + std::to_string(v));
        }
        index.data_ptr<int64_t>()[i] = static_cast<int64_t>(v);
    }
    return at::embedding(table, index);
}

}  // namespace mho

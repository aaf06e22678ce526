// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "mho/net/executor_impl.h"

namespace mho {

// Position by position: every product takes the hidden states of all samples of the block at once.
void Executor::Impl::run_recurrent(const Layer& layer,
                                   size_t s,
                                   Activations& activations,
                                   size_t first,
                                   size_t count,
                                   ReadKey key,
                                   ExecutorScratch& scratch,
                                   const Observer& observer) const {
    const BufferPlan::Step& step = plan.steps[s];
    const Prepared& part = prepared[s];
    const auto& op = std::get<RecurrentOp>(layer.op);
    const auto positions = static_cast<size_t>(step.output[0]);
    const auto hidden = static_cast<size_t>(op.hidden);
    const size_t gates = static_cast<size_t>(op.gates()) * hidden;
    const auto taken = static_cast<size_t>(op.inputs);
    const size_t features = taken > 0 ? taken : gates;
    const float* inputs =
        activations.buffers[step.sources[0]].data() + first * positions * features;
    float* outputs = activations.buffers[step.target].data() + first * positions * hidden;
    // What the matrix sees of a sample: its input where one matrix takes both, the hidden state,
    // and the 1 of an analog bias.
    const size_t width = taken + hidden + (part.constant_input ? 1 : 0);
    scratch.state.resize(count * (width + hidden) + 2 * gates);
    std::fill_n(scratch.state.data(), scratch.state.size(), 0.0f);
    float* seen = scratch.state.data();
    float* cells = seen + count * width;
    float* gate = cells + count * hidden;
    const float* nothing = gate + gates;
    for (size_t i = 0; part.constant_input && i < count; i++) {
        seen[i * width + width - 1] = 1.0f;
    }
    const ConstFloatView state{seen, count, width};
    const size_t stride = part.grids != nullptr ? gates : part.weights[0].row_stride();
    scratch.products.resize(count * stride);
    float* products = scratch.products.data();
    for (size_t p = 0; p < positions; p++) {
        for (size_t i = 0; taken > 0 && i < count; i++) {
            std::copy_n(inputs + (i * positions + p) * taken, taken, seen + i * width);
        }
        if (part.grids != nullptr) {
            if (observer) {
                observer(layer.name, 0, state);
            }
            // Each position is another read of the tiles, as RecurrentOp says.
            part.grids->front().apply(state,
                                      {products, count, gates},
                                      {key.step * positions + p, key.first_sample + first},
                                      scratch.grid);
        } else {
            ProductSums sums;
            sums.plain = products;
            sums.stride = stride;
            multiply(part.weights[0], ProductSet::kPlain, state, nullptr, sums, scratch.product);
            for (size_t i = 0; i < count && !part.bias.empty(); i++) {
                accumulate(part.bias.data(), gates, products + i * stride);
            }
        }
        for (size_t i = 0; i < count; i++) {
            float* h = seen + i * width + taken;
            recurrent_step(op,
                           taken > 0 ? nothing : inputs + (i * positions + p) * gates,
                           products + i * stride,
                           gate,
                           cells + i * hidden,
                           h);
            std::copy_n(h, hidden, outputs + (i * positions + p) * hidden);
        }
    }
}

}  // namespace mho

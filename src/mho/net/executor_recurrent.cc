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
    const float* inputs = activations.buffers[step.sources[0]].data() + first * positions * gates;
    float* outputs = activations.buffers[step.target].data() + first * positions * hidden;
    scratch.state.resize(2 * count * hidden + gates);
    std::fill_n(scratch.state.data(), 2 * count * hidden, 0.0f);
    float* h = scratch.state.data();
    float* cells = h + count * hidden;
    float* gate = cells + count * hidden;
    const ConstFloatView state{h, count, hidden};
    const size_t stride = part.grids != nullptr ? gates : (gates + 15) / 16 * 16;
    scratch.products.resize(count * stride);
    float* products = scratch.products.data();
    for (size_t p = 0; p < positions; p++) {
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
            recurrent_step(op,
                           inputs + (i * positions + p) * gates,
                           products + i * stride,
                           gate,
                           cells + i * hidden,
                           h + i * hidden);
            std::copy_n(h + i * hidden, hidden, outputs + (i * positions + p) * hidden);
        }
    }
}

}  // namespace mho

// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NET_PLAN_H
#define MHO_NET_PLAN_H

#include <cstddef>
#include <vector>

#include "mho/net/graph.h"

namespace mho {

/// Where the activations of every layer live. A buffer is given back when the last layer that reads
/// it has run; flattening moves nothing, and element-wise layers work in place when nobody else
/// needs their input.
struct BufferPlan {
    struct Step {
        size_t layer = 0;
        std::vector<size_t> sources;  // buffers read, in the order of the layer's inputs
        size_t target = 0;            // buffer written; may be sources[0]
        std::vector<size_t> widths;   // last axis of each input
        Shape input;                  // shape of the first input
        Shape output;
    };
    std::vector<Step> steps;
    std::vector<size_t> buffer_features;  // numbers per sample of each buffer
    size_t input_buffer = 0;
    size_t output_buffer = 0;

    size_t features_per_sample() const;
};

/// Layers that only hand their numbers on, perhaps under another shape.
bool is_view(const Op& op);

/// Numbers per sample of a shape.
size_t feature_count(const Shape& shape);

BufferPlan plan_buffers(const Graph& graph);

}  // namespace mho

#endif  // MHO_NET_PLAN_H

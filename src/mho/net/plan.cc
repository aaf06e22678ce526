// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/plan.h"

#include <algorithm>
#include <numeric>

namespace mho {
namespace {

bool is_elementwise(const Op& op) {
    return std::holds_alternative<ActivationOp>(op) || std::holds_alternative<BatchNormOp>(op) ||
           std::holds_alternative<AddOp>(op) || std::holds_alternative<LayerNormOp>(op) ||
           std::holds_alternative<PositionalEmbeddingOp>(op);
}

// Buffers with the number of readers that have not run yet.
class Pool {
  public:
    explicit Pool(std::vector<size_t>& features) : features_(features) {}

    size_t take(size_t features, size_t readers) {
        // The largest free buffer: growing it wastes least.
        size_t best = features_.size();
        for (size_t i = 0; i < features_.size(); i++) {
            if (readers_[i] == 0 && (best == features_.size() || features_[i] > features_[best])) {
                best = i;
            }
        }
        if (best == features_.size()) {
            features_.push_back(0);
            readers_.push_back(0);
        }
        features_[best] = std::max(features_[best], features);
        readers_[best] = readers;
        return best;
    }

    size_t readers(size_t buffer) const { return readers_[buffer]; }
    void add_readers(size_t buffer, size_t count) { readers_[buffer] += count; }
    void release(size_t buffer) { readers_[buffer]--; }

  private:
    std::vector<size_t>& features_;
    std::vector<size_t> readers_;
};

}  // namespace

bool is_view(const Op& op) {
    return std::holds_alternative<FlattenOp>(op) || std::holds_alternative<SequenceOp>(op) ||
           std::holds_alternative<VolumeOp>(op) || std::holds_alternative<DropoutOp>(op);
}

size_t feature_count(const Shape& shape) {
    return std::accumulate(shape.begin(), shape.end(), size_t{1}, [](size_t n, int extent) {
        return n * static_cast<size_t>(extent);
    });
}

size_t BufferPlan::features_per_sample() const {
    return std::accumulate(buffer_features.begin(), buffer_features.end(), size_t{0});
}

BufferPlan plan_buffers(const Graph& graph) {
    const std::vector<Shape> shapes = infer_shapes(graph);
    const std::vector<std::vector<int>> inputs = resolve_inputs(graph);
    const size_t count = graph.layers.size();
    // Entry 0 is the network's input, entry i + 1 the output of layer i.
    std::vector<size_t> uses(count + 1, 0);
    uses[count] = 1;  // the caller reads the output
    for (const std::vector<int>& each : inputs) {
        for (const int source : each) {
            uses[static_cast<size_t>(source + 1)]++;
        }
    }
    const Shape image(graph.input.shape.begin(), graph.input.shape.end());
    BufferPlan plan;
    Pool pool(plan.buffer_features);
    std::vector<size_t> buffer_of(count + 1, 0);
    buffer_of[0] = plan.input_buffer = pool.take(feature_count(image), uses[0]);
    for (size_t i = 0; i < count; i++) {
        const Op& op = graph.layers[i].op;
        BufferPlan::Step step;
        step.layer = i;
        for (const int source : inputs[i]) {
            step.sources.push_back(buffer_of[static_cast<size_t>(source + 1)]);
            const Shape& from = source < 0 ? image : shapes[static_cast<size_t>(source)];
            step.widths.push_back(static_cast<size_t>(from.back()));
        }
        step.input = inputs[i][0] < 0 ? image : shapes[static_cast<size_t>(inputs[i][0])];
        step.output = shapes[i];
        const size_t first = step.sources[0];
        if (is_view(op) || (is_elementwise(op) && pool.readers(first) == 1)) {
            step.target = first;
            pool.add_readers(first, uses[i + 1]);
        } else {
            // Before the sources are released: a product cannot overwrite what it reads.
            step.target = pool.take(feature_count(shapes[i]), uses[i + 1]);
        }
        for (const size_t source : step.sources) {
            pool.release(source);
        }
        buffer_of[i + 1] = step.target;
        plan.steps.push_back(std::move(step));
    }
    plan.output_buffer = buffer_of[count];
    return plan;
}

}  // namespace mho

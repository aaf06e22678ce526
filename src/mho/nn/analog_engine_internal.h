// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NN_ANALOG_ENGINE_INTERNAL_H
#define MHO_NN_ANALOG_ENGINE_INTERNAL_H

// How the engine cuts a batch and unrolls inputs; shared by its forward and backward passes.

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "mho/adapt/outside_gradients.h"
#include "mho/kernels/gradient_products.h"
#include "mho/kernels/outside.h"
#include "mho/nn/analog_engine.h"
#include "mho/nn/patches.h"
#include "mho/nn/threads.h"
#include "mho/util/threads.h"

namespace mho {

inline constexpr size_t kLeastRows = 64;      // of a block
inline constexpr size_t kLeastVectors = 128;  // of a block where a sample is one row
inline constexpr size_t kMostRows = 256;
inline constexpr size_t kFewestItems = 8;      // where they have the least rows
inline constexpr size_t kBlockFloats = 96000;  // unrolled inputs of a block

// How a batch is cut: an item is a range of samples that one thread takes; its chunks are ranges of
// rows (positions of its samples). An item of several samples has a single chunk. The cut does not
// know the number of threads: sums over a batch have the same bits for any.
struct Chunking {
    size_t samples_per_item = 1;
    size_t items = 0;
    size_t chunk_rows = 0;
    size_t chunks_per_item = 1;

    Chunking(const LayerGeometry& g, size_t samples) {
        const size_t positions = g.positions();
        // The gradients of a dense layer are large beside its errors: to sum two halves of a batch
        // costs a tenth of a step.
        const size_t least = positions == 1 ? kLeastVectors : kLeastRows / positions;
        samples_per_item = std::clamp<size_t>((samples + kFewestItems - 1) / kFewestItems,
                                              std::max<size_t>(1, least),
                                              std::max<size_t>(1, kMostRows / positions));
        items = (samples + samples_per_item - 1) / samples_per_item;
        chunk_rows = samples_per_item * positions;
        if (samples_per_item == 1) {
            const size_t fitting =
                std::max(kLeastRows, kBlockFloats / std::max<size_t>(1, g.inputs));
            chunks_per_item = (positions + fitting - 1) / fitting;
            chunk_rows = (positions + chunks_per_item - 1) / chunks_per_item;
        }
    }
};

// The unrolled inputs of one item and group, chunk by chunk.
class ItemRows {
  public:
    void start(const LayerGeometry& g, const float* x, size_t first, size_t samples, size_t group) {
        geometry_ = &g;
        samples_ = samples;
        if (!g.is_convolution) {
            rows_ = x + first * g.inputs;
            return;
        }
        const size_t size = g.patch.padded_size();
        const std::array<size_t, 4> frame = {
            g.patch.height, g.patch.width, g.patch.padding[0], g.patch.padding[1]};
        if (padded_.size() != samples * size || frame_ != frame) {
            // The border stays zero from sample to sample.
            padded_.assign(samples * size, 0.0f);
            frame_ = frame;
        }
        for (size_t s = 0; s < samples; s++) {
            pad_sample(g.patch,
                       layout(g, group),
                       x + (first + s) * g.sample_size(),
                       padded_.data() + s * size);
        }
    }
    static SampleLayout layout(const LayerGeometry& g, size_t group) {
        return {g.channels_last, g.groups * g.patch.channels, group * g.patch.channels};
    }
    // For a convolution: cuts the samples themselves to the range, before they are unrolled;
    // whether any number of them lies outside (is not |x| < range).
    bool cut(float range) {
        outside_.resize(padded_.size());
        outside_.resize(find_outside(padded_.data(), padded_.size(), range, outside_.data()));
        uncut_.resize(outside_.size());
        for (size_t i = 0; i < outside_.size(); i++) {
            float& v = padded_[outside_[i]];
            uncut_[i] = v;
            v = std::min(std::max(v, -range), range);
        }
        return !outside_.empty();
    }
    // After cut(): clears the gradients of the padded samples where a number was beyond the range.
    void clear_cut(float range, float* padded_gradient) const {
        for (size_t i = 0; i < outside_.size(); i++) {
            if (std::fabs(uncut_[i]) > range) {
                padded_gradient[outside_[i]] = 0.0f;
            }
        }
    }
    // Rows [first, first + count) of the item.
    ConstFloatView rows(size_t first, size_t count) {
        const LayerGeometry& g = *geometry_;
        if (!g.is_convolution) {
            return {rows_ + first * g.inputs, count, g.inputs};
        }
        const FloatView to = room(count);
        if (samples_ == 1) {
            gather_patches(g.patch, padded_.data(), first, count, to.data);
        } else {
            for (size_t s = 0; s < samples_; s++) {
                gather_patches(g.patch,
                               padded_.data() + s * g.patch.padded_size(),
                               0,
                               g.positions(),
                               to.data + s * g.positions() * g.inputs);
            }
        }
        return to;
    }
    // Room for rows of one's own; that of the last rows() of a convolution.
    FloatView room(size_t count) {
        const LayerGeometry& g = *geometry_;
        const size_t need = count * g.inputs + PatchGeometry::kSlack;
        if (unrolled_.size() < need) {
            unrolled_.resize(need);
        }
        return {unrolled_.data(), count, g.inputs};
    }

  private:
    const LayerGeometry* geometry_ = nullptr;
    size_t samples_ = 0;
    const float* rows_ = nullptr;
    std::array<size_t, 4> frame_ = {};  // where the border lies
    std::vector<float> padded_;
    std::vector<uint32_t> outside_;  // numbers of padded_ outside the range, and their values
    std::vector<float> uncut_;
    std::vector<float> unrolled_;
};

template <class F>
void over_items(size_t items, bool serial, const F& f) {
    if (serial) {
        for (size_t i = 0; i < items; i++) {
            f(i, 0);
        }
        return;
    }
    parallel_for(layer_threads(), items, f);
}

// Memory of one thread in the backward pass, kept from pass to pass.
struct AnalogEngine::Worker {
    ItemRows rows;
    std::vector<float> errors;           // masked, times the scales: for the inputs
    std::vector<float> weight_errors;    // masked, times what the weight gradient needs
    std::vector<float> gradient;         // [rows, inputs]
    std::vector<float> padded_gradient;  // of a convolution's samples
    std::vector<float> learned, bias;    // of one chunk
    std::vector<float> scale, weight_scale;
    std::vector<uint32_t> outside;  // elements of the inputs outside the range
    OutsideRoom outside_room;
    GradientRoom gradient_room;
    TileGrid::Scratch scratch;
};

}  // namespace mho

#endif  // MHO_NN_ANALOG_ENGINE_INTERNAL_H
